// What OCPI backends are asked and told beside receipts: lists of tokens and tariffs on a schedule, single cards while a
// driver waits, and what happens at the station, where they want it.
import { join } from "node:path";
import type { Config } from "../../../config/schema.js";
import type { Clock } from "../../../drivers/driver.js";
import { evseUidOf } from "../../core/cdr/cdr.js";
import { type CdrCopies, copyFor, withPerson } from "../../core/cdr/cdr-copies.js";
import type { Book } from "../../ledger/book/book.js";
import type { Disk } from "../../ledger/store/disk.js";
import { Table } from "../../ledger/store/table.js";
import { personOf, type ShownDisclosures } from "../../receipts/disclosures.js";
import type { AgentEvent } from "../../station/events.js";
import type { StationRemoteControl } from "../../station/remote/station-remote-control.js";
import type { Faults } from "../../sync/faults.js";
import { FetchMark } from "../../sync/ocpi/fetch-mark.js";
import { OcpiCheck } from "../../sync/ocpi/ocpi-check.js";
import { OcpiLive } from "../../sync/ocpi/ocpi-live.js";
import { nothingPulled, OcpiPull, type PullState, parsePullState } from "../../sync/ocpi/ocpi-pull.js";
import type { OnlineCheck, StationFeed } from "../../sync/station-port.js";
import type { PushedTariffs } from "../../tariffs/pushed-tariffs.js";

export type OcpiScheduleParts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly pushedTariffs: PushedTariffs;
  readonly remoteControl: () => StationRemoteControl;
  readonly faults: () => Faults;
  /** In [0, 1): jitter of schedules and back-offs. */
  readonly random: () => number;
  readonly emit: (event: AgentEvent) => void;
  readonly die: (error: unknown) => void;
};

const pullFile = (uplink: string): string => `pulled-${uplink}.json`;

/** A pull for each backend that has something to fetch. Throws Failure table/damaged, disk/failed, config/invalid. */
export function openOcpiPulls(parts: OcpiScheduleParts): OcpiPull[] {
  const { config, clock, disk } = parts;
  return config.uplinks.flatMap((uplink) => {
    if (uplink.kind !== "ocpi" || (uplink.tokensUrl === undefined && uplink.tariffsUrl === undefined)) return [];
    const { name } = uplink;
    const table = Table.open<PullState>(disk, join(config.state, pullFile(name)), parsePullState, nothingPulled);
    const raised = new Map<string, string>();
    return new OcpiPull({
      config: uplink,
      from: config.station,
      clock,
      random: parts.random,
      mark: new FetchMark(disk, join(config.state, `fetching-${name}`)),
      store: { read: () => table.data, write: (state) => void table.update(() => state) },
      tariffs: {
        own: () => parts.pushedTariffs.of(name),
        replace: (tariffs) => parts.remoteControl().replaceTariffs(tariffs, name),
      },
      fault: (code, words) => {
        if (raised.get(code) === words) return;
        const device = `lists of ${name}`;
        parts.faults().clear(device, code);
        raised.delete(code);
        if (words === undefined) return;
        raised.set(code, words);
        parts.faults().raise(device, code, words, clock.now().at);
      },
      note: (words) => parts.emit({ type: "note", at: clock.now().at, text: `lists of ${name}: ${words}` }),
      die: parts.die,
    });
  });
}

/** The backends that can be asked about a card over OCPI. Throws Failure config/invalid. */
export function openOcpiChecks({ config, clock }: Pick<OcpiScheduleParts, "config" | "clock">): OnlineCheck[] {
  return config.uplinks.flatMap((uplink) => {
    if (uplink.kind !== "ocpi" || uplink.tokensUrl === undefined) return [];
    const { station, connectors } = config;
    const evseUid = (id: number): string | undefined => {
      const connector = connectors.find((one) => one.id === id);
      return connector === undefined ? undefined : evseUidOf(station, connector);
    };
    return new OcpiCheck({
      config: uplink,
      tokensUrl: uplink.tokensUrl,
      from: config.station,
      clock,
      locationId: station.location.id,
      evseUid,
      timeoutMs: config.authorisation.onlineTimeout,
    });
  });
}

export type OcpiLiveTies = Pick<OcpiScheduleParts, "config" | "clock" | "random" | "emit" | "die"> & {
  readonly book: Pick<Book, "get">;
  readonly disclosures: ShownDisclosures;
  readonly feed: () => StationFeed;
};

/** The backends that are told what happens while it happens. Throws Failure config/invalid. */
export function openOcpiLive({ config, clock, random, book, disclosures, feed, emit, die }: OcpiLiveTies): OcpiLive[] {
  const { station, connectors } = config;
  const { countryCode, partyId, location } = station;
  const places = connectors.map((connector) => ({
    connector: connector.id,
    countryCode,
    partyId,
    locationId: location.id,
    evseUid: evseUidOf(station, connector),
  }));
  return config.uplinks.flatMap((uplink) => {
    if (uplink.kind !== "ocpi" || (uplink.sessionsUrl === undefined && uplink.locationsUrl === undefined)) return [];
    return new OcpiLive({
      config: uplink,
      from: station,
      places,
      clock,
      random,
      feed,
      cdrOf: (receipt) => {
        const entry = book.get(receipt);
        const copy = entry?.cdr == null ? null : copyFor(entry.cdr as CdrCopies, uplink);
        if (entry === undefined || copy === null || copy.park !== undefined) return undefined;
        return JSON.parse(withPerson(copy.body, personOf(entry, disclosures))) as unknown;
      },
      note: (words) => emit({ type: "note", at: clock.now().at, text: `uplink ${uplink.name}: ${words}` }),
      die,
    });
  });
}

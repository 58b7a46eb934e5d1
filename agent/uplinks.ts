// The uplinks of a station: an outbox each over the one receipt book, with its cursor in a table of its own, and its faults raised and cleared.
import { join } from "node:path";
import type { Config } from "../config/schema.js";
import type { OcppUplinkConfig, UplinkConfig } from "../config/uplink.js";
import type { Clock } from "../drivers/driver.js";
import { copyFor, type CdrCopies } from "./core/cdr-copies.js";
import type { Faults } from "./faults.js";
import type { Book } from "./ledger/book.js";
import type { Disk } from "./ledger/disk.js";
import { Table } from "./ledger/table.js";
import type { News } from "./news.js";
import type { BookEntry } from "./ledger/page.js";
import type { OnlineCheck, RemoteDesk, StationFeed } from "./remote.js";
import { OcpiUplink } from "./sync/ocpi-uplink.js";
import { OcppUplink } from "./sync/ocpp/ocpp-uplink.js";
import { soldIn } from "./sync/ocpp/sold.js";
import { noTransactions, parseTransactions, type TransactionsState } from "./sync/ocpp/transactions-state.js";
import { emptyOutbox, parseOutboxState, type OutboxItem, type OutboxState } from "./sync/outbox-state.js";
import { Outbox, type OutboxStatus } from "./sync/outbox.js";
import { tunnelsOf } from "./sync/tunnel.js";
import type { Uplink } from "./sync/uplink.js";

export type UplinkParts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly book: Book;
  readonly random: () => number;
  /** The signed checkpoint over all receipts, "" where there is none. */
  readonly checkpoint: () => string;
  readonly version: string;
  readonly faults: () => Faults | undefined;
  /** What backends may look at and ask, once there is a station. */
  readonly feed: () => StationFeed | undefined;
  readonly desk: () => RemoteDesk | undefined;
  /** Told of each backend that can be asked about a card. */
  readonly canBeAsked: (check: OnlineCheck) => void;
  readonly tell: (news: News) => void;
  readonly changed: () => void;
  readonly die: (error: unknown) => void;
};

/** Opens the outbox of each configured uplink. Throws Failure table/damaged, disk/failed. */
export function openOutboxes(parts: UplinkParts): Outbox[] {
  return parts.config.uplinks.map((uplink) => openOutbox(uplink, parts));
}

function openOutbox(config: UplinkConfig, parts: UplinkParts): Outbox {
  const { clock, book } = parts;
  const path = join(parts.config.state, `uplink-${config.name}.json`);
  const table = Table.open<{ state: OutboxState }>(parts.disk, path, (value) => ({ state: parseOutboxState((value as { state: unknown }).state) }), { state: emptyOutbox }, { steps: true });
  const watch = new UplinkWatch(config.name, parts, table.data.state.lastAck?.number ?? 0, table.data.state.lastAck?.atMs ?? 0);
  return new Outbox({
    uplink: openUplink(config, parts),
    items: {
      last: () => book.count(),
      get: (number) => {
        const entry = book.get(number);
        return entry === undefined ? null : itemOf(entry, config);
      },
    },
    store: { read: () => table.data.state, write: (state) => void table.update(() => ({ state })) },
    clock,
    random: parts.random,
    backoff: config.backoff,
    onChange: (status) => watch.look(status),
    onFailure: parts.die,
  });
}

/** What an uplink sends of a receipt; null = nothing. */
function itemOf(entry: BookEntry, config: UplinkConfig): OutboxItem | null {
  const { number, cdrId: id, cdr, jws } = entry;
  if (cdr === null) return null;
  const copies = cdr as CdrCopies;
  if (config.kind === "ocpi") {
    const copy = copyFor(copies, config);
    return copy === null ? null : { number, id, ...copy };
  }
  // The receipt itself: all that OCPP is told is made from it, so that it reads the same after any restart.
  if (entry.kind !== "sale" || soldIn(jws) === undefined) return null;
  return { number, id, body: jws, ...(copies.timeUnknown ? { park: "clock" } : {}) };
}

function openUplink(config: UplinkConfig, parts: UplinkParts): Uplink {
  const { station } = parts.config;
  if (config.kind === "ocpi") return new OcpiUplink(config, { countryCode: station.countryCode, partyId: station.partyId }, parts.checkpoint);
  const uplink = openOcpp(config, parts);
  parts.canBeAsked(uplink);
  return uplink;
}

function openOcpp(config: OcppUplinkConfig, parts: UplinkParts): OcppUplink {
  const { station, connectors, state } = parts.config;
  const path = join(state, `ocpp-${config.name}.json`);
  const table = Table.open<{ state: TransactionsState }>(parts.disk, path, (value) => ({ state: parseTransactions((value as { state: unknown }).state) }), { state: noTransactions });
  return new OcppUplink({
    config,
    agent: () => tunnelsOf(config),
    identity: config.identity ?? station.id,
    party: { countryCode: station.countryCode, partyId: station.partyId },
    version: parts.version,
    connectors: connectors.map(({ id }) => id),
    clock: parts.clock,
    random: parts.random,
    store: { read: () => table.data.state, write: (next) => void table.update(() => ({ state: next })) },
    feed: parts.feed,
    handlers: () => ({}),
    tariffKnown: (id) => parts.desk()?.tariffs().some(({ tariff, by }) => by === config.name && tariff.id === id) ?? false,
    takeTariff: () => undefined,
    deauthorise: (session, status) => void parts.desk()?.stop(session, `${config.name} (the card is ${status})`),
    note: (text) => parts.tell({ news: "note", at: parts.clock.now().at, text: `uplink ${config.name}: ${text}` }),
    die: parts.die,
  });
}

/** Turns the statuses of one uplink into news and faults, each once. */
class UplinkWatch {
  #reachability = "untried";
  #fault: OutboxStatus["fault"];

  constructor(
    readonly name: string,
    readonly parts: Pick<UplinkParts, "clock" | "faults" | "tell" | "changed">,
    private acknowledged: number,
    private acknowledgedAt: number,
  ) {}

  look(status: OutboxStatus): void {
    const { clock, tell, changed } = this.parts;
    const { at } = clock.now();
    const { lastAck, reachability, words = "" } = status;
    if (reachability !== this.#reachability && reachability !== "untried") {
      this.#reachability = reachability;
      tell({ news: "uplink", at, uplink: this.name, state: reachability, detail: words });
    }
    if (lastAck !== undefined && (lastAck.number !== this.acknowledged || lastAck.atMs !== this.acknowledgedAt)) {
      [this.acknowledged, this.acknowledgedAt] = [lastAck.number, lastAck.atMs];
      tell({ news: "uploaded", at, uplink: this.name, number: lastAck.number });
    }
    if (status.fault !== this.#fault) {
      const device = `uplink ${this.name}`;
      this.parts.faults()?.clear(device);
      this.#fault = status.fault;
      if (status.fault !== undefined) this.parts.faults()?.raise(device, status.fault, words, at);
    }
    changed();
  }
}

// The uplinks of a station: an outbox each over the one receipt book, with its cursor in a table of its own, and its faults raised and cleared.
import { join } from "node:path";
import type { Config } from "../config/schema.js";
import type { OcpiUplinkConfig } from "../config/uplink.js";
import type { Clock } from "../drivers/driver.js";
import { copyFor, type CdrCopies } from "./core/cdr-copies.js";
import type { Faults } from "./faults.js";
import type { Book } from "./ledger/book.js";
import type { Disk } from "./ledger/disk.js";
import { Table } from "./ledger/table.js";
import type { News } from "./news.js";
import { OcpiUplink } from "./sync/ocpi-uplink.js";
import { emptyOutbox, parseOutboxState, type OutboxState } from "./sync/outbox-state.js";
import { Outbox, type OutboxStatus } from "./sync/outbox.js";

export type UplinkParts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly book: Book;
  readonly random: () => number;
  /** The signed checkpoint over all receipts, "" where there is none. */
  readonly checkpoint: () => string;
  readonly faults: () => Faults | undefined;
  readonly tell: (news: News) => void;
  readonly changed: () => void;
  readonly die: (error: unknown) => void;
};

/** Opens the outbox of each configured uplink. Throws Failure table/damaged, disk/failed. */
export function openOutboxes(parts: UplinkParts): Outbox[] {
  return parts.config.uplinks.flatMap((uplink) => (uplink.kind === "ocpi" ? [openOutbox(uplink, parts)] : []));
}

function openOutbox(uplink: OcpiUplinkConfig, parts: UplinkParts): Outbox {
  const { config, clock, book } = parts;
  const path = join(config.state, `uplink-${uplink.name}.json`);
  const table = Table.open<{ state: OutboxState }>(parts.disk, path, (value) => ({ state: parseOutboxState((value as { state: unknown }).state) }), { state: emptyOutbox });
  const watch = new UplinkWatch(uplink.name, parts, table.data.state.lastAck?.number ?? 0, table.data.state.lastAck?.atMs ?? 0);
  return new Outbox({
    uplink: new OcpiUplink(uplink, { countryCode: config.station.countryCode, partyId: config.station.partyId }, parts.checkpoint),
    items: {
      last: () => book.count(),
      get: (number) => {
        const entry = book.get(number);
        const copy = entry?.cdr === undefined || entry.cdr === null ? null : copyFor(entry.cdr as CdrCopies, uplink);
        return entry === undefined || copy === null ? null : { number, id: entry.cdrId, ...copy };
      },
    },
    store: { read: () => table.data.state, write: (state) => void table.update(() => ({ state })) },
    clock,
    random: parts.random,
    backoff: uplink.backoff,
    onChange: (status) => watch.look(status),
    onFailure: parts.die,
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

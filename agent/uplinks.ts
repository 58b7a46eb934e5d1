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
import type { CardLists, OnlineCheck, RemoteDesk, StationFeed } from "./remote.js";
import { OcpiUplink } from "./sync/ocpi-uplink.js";
import { answersOf } from "./sync/ocpp/answers.js";
import type { FrontDesk } from "./sync/ocpp/front-desk.js";
import type { OcppLink } from "./sync/ocpp/link.js";
import { OcppUplink } from "./sync/ocpp/ocpp-uplink.js";
import { Settings } from "./sync/ocpp/settings.js";
import { soldIn } from "./sync/ocpp/sold.js";
import { takeDriverTariff } from "./sync/ocpp/tariff-answers.js";
import { noTransactions, parseTransactionsTable, type TransactionsState } from "./sync/ocpp/transactions-state.js";
import { emptyOutbox, parseOutboxTable, type OutboxItem, type OutboxState } from "./sync/outbox-state.js";
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
  readonly lists: CardLists;
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
  const table = Table.open<{ readonly state: OutboxState }>(parts.disk, path, parseOutboxTable, { state: emptyOutbox }, { steps: true });
  const watch = new UplinkWatch(config.name, parts, table.data.state.lastAck?.number ?? 0, table.data.state.lastAck?.atMs ?? 0);
  const waits = (sessionId: string | undefined): boolean => (sessionId === undefined ? outbox.status().waiting > 0 : receiptWaits(sessionId, book, outbox));
  const outbox: Outbox = new Outbox({
    uplink: openUplink(config, parts, waits),
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
  return outbox;
}

/** Whoever asks about a session asks soon after it. */
const newestLookedAt = 200;

/** A receipt of the session is on its way and not acknowledged. */
function receiptWaits(sessionId: string, book: Book, outbox: Outbox): boolean {
  for (let number = book.count(); number > Math.max(0, book.count() - newestLookedAt); number -= 1)
    if (book.get(number)?.sessionId === sessionId) return outbox.stateOf(number) !== "acked";
  return false;
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

function openUplink(config: UplinkConfig, parts: UplinkParts, waits: FrontDesk["waits"]): Uplink {
  const { station } = parts.config;
  if (config.kind === "ocpi") return new OcpiUplink(config, { countryCode: station.countryCode, partyId: station.partyId }, parts.checkpoint);
  const uplink = openOcpp(config, parts, waits);
  parts.canBeAsked(uplink);
  return uplink;
}

function openOcpp(config: OcppUplinkConfig, parts: UplinkParts, waits: FrontDesk["waits"]): OcppUplink {
  const { station, connectors, state } = parts.config;
  const { clock, disk, feed, desk } = parts;
  const path = join(state, `ocpp-${config.name}.json`);
  const table = Table.open<{ readonly state: TransactionsState }>(disk, path, parseTransactionsTable, { state: noTransactions });
  const settings = Settings.open(disk, state, config.name);
  const note = (text: string): void => parts.tell({ news: "note", at: clock.now().at, text: `uplink ${config.name}: ${text}` });
  const front = (link: OcppLink): FrontDesk | undefined => {
    const [seen, remote] = [feed(), desk()];
    if (seen === undefined || remote === undefined) return undefined;
    return { link, config: parts.config, uplink: config, version: parts.version, remote, cards: parts.lists, feed: seen, settings, now: () => clock.now().at, waits, note };
  };
  const uplink: OcppUplink = new OcppUplink({
    config,
    identity: config.identity ?? station.id,
    party: { countryCode: station.countryCode, partyId: station.partyId },
    version: parts.version,
    connectors: connectors.map(({ id }) => id),
    clock,
    random: parts.random,
    store: { read: () => table.data.state, write: (next) => void table.update(() => ({ state: next })) },
    feed,
    handlers: (link, dialect) => {
      settings.apply(link);
      const at = front(link);
      return at === undefined ? {} : answersOf(at, dialect);
    },
    tariffKnown: (id) => desk()?.tariffs().some(({ tariff, by }) => by === config.name && tariff.id === id) ?? false,
    takeTariff: (tariff) => {
      const at = front(uplink);
      return at === undefined || !settings.tariffs ? { wanted: false } : { wanted: true, id: takeDriverTariff(at, tariff) };
    },
    deauthorise: (session, status) => void desk()?.stop(session, `${config.name}: the card is ${status}`, "DeAuthorized"),
    agent: () => tunnelsOf(config),
    note,
    die: parts.die,
  });
  return uplink;
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

// From which journal entry on the open sessions still need it: what housekeeping must not put into the archive.
// A session can be brought back only from the plug that it began with, or from the card or remote start that waited for that plug; the orders
// of a backend from the entry that last said all of them, or from the first one where none does.
import { anyConnector } from "./core/standing.js";
import { emptyTill, step, type Event, type Layout, type Till } from "./core/till.js";

export class NeededEntries {
  readonly #ofConnector = new Map<number, number>();
  readonly #ofReader = new Map<string, number>();
  readonly #ofRemoteStart = new Map<number, number>();
  #ofOrders = 0;

  /** `history` = the journal as it was read at the start. */
  constructor(
    readonly layout: Layout,
    history: readonly { readonly seq: number; readonly event: Event }[],
  ) {
    let till = emptyTill(layout);
    for (const { seq, event } of history) {
      this.saw(seq, event, till);
      till = step(till, event, layout);
    }
  }

  /** An entry was written; `before` = the till that it found. */
  saw(seq: number, event: Event, before: Till): void {
    if (event.type === "CardWaits") this.#ofReader.set(event.reader, seq);
    if (event.type === "RemoteStartWaits") this.#ofRemoteStart.set(event.connector ?? anyConnector, seq);
    if (event.type === "OrdersStand" || ((event.type === "Reserved" || event.type === "OperativeSet") && !ordersStand(before))) this.#ofOrders = seq;
    if (event.type !== "PlugChanged" || !event.plugged || before.sessions.get(event.connector)?.state !== "available") return;
    const reader = this.layout.connectors.find(({ id }) => id === event.connector)?.reader ?? "";
    const cause = [
      ...(before.waiting.has(reader) ? [this.#ofReader.get(reader) ?? 0] : []),
      ...[event.connector, anyConnector].flatMap((key) => (before.awaited.has(key) ? [this.#ofRemoteStart.get(key) ?? 0] : [])),
      // Whether what waited might start here hung on the orders of that moment.
      ...(ordersStand(before) ? [this.#ofOrders] : []),
    ];
    this.#ofConnector.set(event.connector, Math.min(seq, ...cause));
  }

  /** The first entry that `till` needs; `next` where it needs none. 0 = all, where an entry's place is not known. */
  first(till: Till, next: number): number {
    const sessions = [...till.sessions].flatMap(([id, { state }]) => (state === "available" || state === "finishing" ? [] : [this.#ofConnector.get(id) ?? 0]));
    const waiting = [...till.waiting.keys()].map((reader) => this.#ofReader.get(reader) ?? 0);
    const awaited = [...till.awaited.keys()].map((key) => this.#ofRemoteStart.get(key) ?? 0);
    return Math.min(next, ...sessions, ...waiting, ...awaited, ...(ordersStand(till) ? [this.#ofOrders] : []));
  }
}

/** Whether orders of a backend stand that a restart must find again. */
export const ordersStand = ({ standing }: Till): boolean => standing.reservations.size > 0 || standing.inoperative.size > 0;

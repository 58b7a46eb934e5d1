// From which journal entry on the open sessions still need it: what housekeeping must not put into the archive.
// A session can be brought back only from the plug that it began with, or from the card that waited for that plug.
import { emptyTill, step, type Event, type Layout, type Till } from "./core/till.js";

export class NeededEntries {
  readonly #ofConnector = new Map<number, number>();
  readonly #ofReader = new Map<string, number>();

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
    if (event.type !== "PlugChanged" || !event.plugged || before.sessions.get(event.connector)?.state !== "available") return;
    const reader = this.layout.connectors.find(({ id }) => id === event.connector)?.reader ?? "";
    this.#ofConnector.set(event.connector, before.waiting.has(reader) ? (this.#ofReader.get(reader) ?? 0) : seq);
  }

  /** The first entry that `till` needs; `next` where it needs none. 0 = all, where an entry's place is not known. */
  first(till: Till, next: number): number {
    const sessions = [...till.sessions].flatMap(([id, { state }]) => (state === "available" || state === "finishing" ? [] : [this.#ofConnector.get(id) ?? 0]));
    const waiting = [...till.waiting.keys()].map((reader) => this.#ofReader.get(reader) ?? 0);
    return Math.min(next, ...sessions, ...waiting);
  }
}

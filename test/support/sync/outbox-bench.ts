// What an outbox needs, one inch above the disk and the line: a book of receipts, a store that logs its writes, an
// uplink by script.
import { Outbox, type OutboxParts } from "../../../agent/sync/outbox.js";
import {
  type OutboxItem,
  type OutboxItems,
  type OutboxState,
  type OutboxStore,
  parseOutboxState,
} from "../../../agent/sync/outbox-state.js";
import type { OutboxStatus } from "../../../agent/sync/outbox-status.js";
import type { Outcome, Uplink, UplinkItem } from "../../../agent/sync/uplink.js";
import { HandClock } from "../time/hand-clock.js";

/** Receipts 1…n; number 1 is the start receipt and has nothing to send. */
export class Book implements OutboxItems {
  readonly parked = new Map<number, string>();
  /** Those of them for which the fault is ours. */
  readonly wrong = new Set<number>();
  reads = 0;
  constructor(public count: number) {}
  last(): number {
    return this.count;
  }
  get(number: number): OutboxItem | null {
    this.reads += 1;
    if (number < 2 || number > this.count) return null;
    const park = this.parked.get(number);
    const item = { number, id: `cdr-${number}`, body: `{"id":"cdr-${number}"}` };
    if (park === undefined) return item;
    return this.wrong.has(number) ? { ...item, park, wrong: park } : { ...item, park };
  }
}

/** Keeps what was written as text, as a disk would. */
export class Store implements OutboxStore {
  writes = 0;
  text: string | null = null;
  /** Called before a write; a throw is a write that failed. */
  before: () => void = () => {};
  read(): OutboxState | null {
    return this.text === null ? null : parseOutboxState(JSON.parse(this.text));
  }
  write(state: OutboxState): void {
    this.before();
    this.writes += 1;
    this.text = JSON.stringify(state);
  }
}

export const accepted: Outcome = { kind: "accepted" };
export const unsure: Outcome = { kind: "unsure" };
export const away: Outcome = { kind: "retry", countsAsAttempt: false };
export const failed: Outcome = { kind: "retry", countsAsAttempt: true };
export const refused: Outcome = { kind: "refused", reason: "HTTP 400" };

/** Answers by script, then by `then`. */
export class ScriptedUplink implements Uplink {
  readonly name = "office";
  readonly sent: number[] = [];
  flying = 0;
  most = 0;
  answer: (item: UplinkItem, signal: AbortSignal) => Outcome | Promise<Outcome>;
  constructor(script: readonly Outcome[] = [], then: Outcome = accepted) {
    const left = [...script];
    this.answer = () => left.shift() ?? then;
  }
  async send(item: UplinkItem, signal: AbortSignal): Promise<Outcome> {
    this.sent.push(Number(item.id.slice(4)));
    this.flying += 1;
    this.most = Math.max(this.most, this.flying);
    await Promise.resolve();
    const outcome = await this.answer(item, signal);
    this.flying -= 1;
    return outcome;
  }
}

export type Bench = {
  outbox: Outbox;
  uplink: ScriptedUplink;
  book: Book;
  store: Store;
  clock: HandClock;
  statuses: OutboxStatus[];
  failures: unknown[];
};

export function bench(
  parts: Partial<Pick<Bench, "uplink" | "book" | "store" | "clock">> & Partial<Pick<OutboxParts, "random">> = {},
): Bench {
  const {
    uplink = new ScriptedUplink(),
    book = new Book(4),
    store = new Store(),
    clock = new HandClock(),
    random = () => 0.5,
  } = parts;
  const statuses: OutboxStatus[] = [];
  const failures: unknown[] = [];
  const outbox = new Outbox({
    uplink,
    items: book,
    store,
    clock,
    random,
    backoff: { first: 1_000, most: 60_000 },
    onChange: (status) => statuses.push(status),
    onFailure: (error) => failures.push(error),
  });
  return { outbox, uplink, book, store, clock, statuses, failures };
}

/** Lets everything that is ready run; nothing in these benches waits for real time. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

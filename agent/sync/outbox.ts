// The outbox of one uplink: receipts go out in the order of their numbers, one at a time, and none is dropped however
// long the line is down. It writes before it sends and writes the acknowledgement before the next send, so a crash
// anywhere leads to the same copy again or to nothing.
import type { Clock } from "../../drivers/driver.js";
import { Failure } from "../core/failure.js";
import {
  afterFailure,
  believed,
  doubtAfterAnswer,
  doubtKept,
  isFailure,
  noDoubt,
  type OutboxDoubt,
  passedOver,
  type Unanswered,
} from "./outbox-doubt.js";
import { OutboxQueue } from "./outbox-queue.js";
import { OutboxRest } from "./outbox-rest.js";
import {
  askedAgain,
  type ItemState,
  markAcknowledged,
  markAside,
  markLeft,
  markParked,
  markUnanswered,
  type OutboxItem,
  type OutboxItems,
  type OutboxState,
  type OutboxStore,
} from "./outbox-state.js";
import {
  crowdedWords,
  type OutboxFault,
  type OutboxStatus,
  type Reachability,
  type ReachabilityReport,
  reachabilityBy,
  refusedWords,
  reportAfter,
} from "./outbox-status.js";
import type { BackoffLimits } from "./transport/backoff.js";
import type { Outcome, Uplink } from "./uplink.js";

export type OutboxParts = {
  readonly uplink: Uplink;
  readonly items: OutboxItems;
  readonly store: OutboxStore;
  readonly clock: Clock;
  /** In [0, 1): the jitter. */
  readonly random: () => number;
  readonly backoff: BackoffLimits;
  readonly onChange?: (status: OutboxStatus) => void;
  /** The state could not be written: nothing more is sent. */
  readonly onFailure: (error: unknown) => void;
};

/**
 * So many refusals in a row look like a setting, not like receipts: from there on each waits for the back-off, so that
 * a person can see it.
 */
const refusalsInARow = 10;
/**
 * So many wait for a person at most. The list is written with each change: past this the rest stays in the receipt
 * book, in order, unsent.
 */
export const mostParked = 1_000;
const byHand = "set aside by hand (sync park)";

type Answer = Extract<Outcome, { kind: "accepted" | "refused" }>;

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #stop = new AbortController();
  readonly #queue: OutboxQueue;
  #running: Promise<void> | undefined;
  #sending: number | undefined;
  #refusals = 0;
  #doubt: OutboxDoubt = noDoubt;
  readonly #rest: OutboxRest;
  #reach: ReachabilityReport;

  /** Throws what the store throws when the state cannot be read. */
  constructor(parts: OutboxParts) {
    this.#parts = parts;
    const { uplink, items, store, clock, random, backoff } = parts;
    this.#rest = new OutboxRest({ clock, random, backoff, over: () => void this.due() });
    this.#queue = new OutboxQueue({ name: uplink.name, items, store });
    this.#reach = { reachability: "untried", sinceMs: clock.now().at };
  }

  /** The station runs: an uplink whose line is always open opens it, then what waits is sent. */
  begin(): void {
    this.#parts.uplink.begin?.({
      // What is in doubt keeps back nobody.
      waiting: () => this.#queue.hasOthers,
      reached: (reachability, words, fault) => {
        if (this.#stop.signal.aborted) return;
        this.#reached(reachability, reachability === "online" ? undefined : words, fault);
        if (reachability === "online") this.#goOn();
        else this.#tell();
      },
      ready: () => this.#goOn(),
    });
    this.kick();
  }

  /** The line stands: a back-off was for one that did not, unless what waits was what it was lost at. */
  #goOn(): void {
    if (this.#stop.signal.aborted) return;
    if (this.#running === undefined && (this.#doubt.suspects.length === 0 || this.#queue.hasOthers)) this.#rest.end();
    this.kick();
  }

  /** A session was settled: its first try, unless a back-off is running. */
  kick(): void {
    this.#tell();
    this.due();
  }

  /**
   * Starts sending if something waits and no back-off is running; says whether it did. This is all that a schedule may
   * ask.
   */
  due(): boolean {
    if (this.#stop.signal.aborted || this.#running !== undefined) return false;
    if (this.#queue.waiting === 0 || this.#rest.holds(this.#queue.hasOthers)) return false;
    this.#start();
    return true;
  }

  /** By hand: sends now, whatever the back-off says; resolves when all is sent or something holds. */
  async now(): Promise<OutboxStatus> {
    if (!this.#stop.signal.aborted) this.#parts.uplink.hurry?.();
    if (this.#running === undefined && !this.#stop.signal.aborted) {
      // A person has seen it and wants all of it tried.
      this.#refusals = Number.NEGATIVE_INFINITY;
      this.#start();
    }
    await this.#running;
    this.#refusals = Math.max(0, this.#refusals);
    return this.status();
  }

  /**
   * Puts parked items back in line, in one write; answers with the numbers of those that were parked. What is kept back
   * for a fault of ours goes by its own number alone: whoever says "all" has not looked at it.
   */
  resend(wanted: number | "all"): number[] {
    const { state } = this.#queue;
    const numbers = state.parked
      .filter((item) => !item.again && (wanted === "all" ? item.wrong !== true : item.number === wanted))
      .map(({ number }) => number);
    if (numbers.length === 0 || this.#stop.signal.aborted) return [];
    this.#decided(askedAgain(state, numbers));
    this.due();
    return numbers;
  }

  /** A person has seen a parked item and leaves it unsent; says whether it was one. */
  leave(number: number): boolean {
    const { state } = this.#queue;
    if (this.#stop.signal.aborted || !state.parked.some((item) => item.number === number && !item.again)) return false;
    this.#decided(markLeft(state, number));
    return true;
  }

  /**
   * A person sets a waiting receipt aside, so that those behind it go on; says whether it waited. One whose turn has not
   * come is parked in its turn. One that is on its way just now is parked too, and no longer if it is acknowledged.
   */
  park(number: number): boolean {
    const { state } = this.#queue;
    if (this.#stop.signal.aborted || state.parked.length >= mostParked) return false;
    const item = this.#queue.waitingItem(number);
    if (item === undefined) return false;
    this.#decided(
      number > state.cursor ? markAside(state, number) : markParked(state, item, byHand, this.#parts.clock.now().at),
    );
    this.due();
    return true;
  }

  /** By hand: written before it is told. */
  #decided(state: OutboxState): void {
    this.#queue.change(state);
    try {
      this.#queue.save();
    } catch (error) {
      this.#fail(error);
    }
    this.#tell();
  }

  /**
   * What this backend has not acknowledged: every receipt after `after`, and `besides` of those up to it; parked ones
   * are among them.
   */
  unacknowledged(): { readonly after: number; readonly besides: readonly number[] } {
    const { cursor, open, parked } = this.#queue.state;
    return { after: cursor, besides: [...open, ...parked].map(({ number }) => number) };
  }

  stateOf(number: number): ItemState {
    return this.#queue.stateOf(number);
  }

  status(): OutboxStatus {
    const { lastAck, parked } = this.#queue.state;
    const oddities = this.#parts.uplink.oddities?.() ?? [];
    const leftOut = this.#parts.uplink.leftOut?.() ?? [];
    return {
      uplink: this.#parts.uplink.name,
      ...this.#reach,
      ...(oddities.length === 0 ? {} : { oddities }),
      ...(leftOut.length === 0 ? {} : { leftOut }),
      ...(this.#parts.uplink.line === undefined ? {} : { line: this.#parts.uplink.line() }),
      waiting: this.#queue.waiting,
      ...(this.#sending === undefined ? {} : { sending: this.#sending }),
      parked: parked.filter((item) => !item.again),
      ...(lastAck === null ? {} : { lastAck }),
      ...(this.#rest.untilMs === undefined ? {} : { nextTryMs: this.#rest.untilMs }),
    };
  }

  /**
   * Ends what is in flight (it stays "sending" on disk, so it is sent again) and sends no more. Waits for nothing
   * outside.
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#rest.end();
    await this.#running;
    this.#parts.uplink.close?.();
  }

  #start(): void {
    this.#rest.end();
    this.#running = this.#drain()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running = undefined;
        this.#tell();
        // A settlement between the last look and here would otherwise wait for the schedule.
        if (!this.#rest.isRunning) this.due();
      });
  }

  async #drain(): Promise<void> {
    for (let isFirst = true; ; isFirst = false) {
      let item: OutboxItem | undefined;
      try {
        item = this.#next(isFirst);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return this.#unreadable(error);
      }
      if (item === undefined) break;
      const { state } = this.#queue;
      if (state.parked.length >= mostParked && item.number > state.cursor) return this.#crowded();
      const kept = state.aside.includes(item.number) ? byHand : item.park;
      if (kept !== undefined && !this.#queue.isFirstInLine(item.number)) {
        this.#park(item, kept);
        continue;
      }
      // Somebody has set it aside meanwhile.
      const { proof, suspects } = this.#doubt;
      if (proof !== undefined && suspects[0]?.item.number !== item.number) this.#doubt = noDoubt;
      this.#take(item);
      const outcome = believed(await this.#send(item), this.#queue.attemptsOn(item.number) + 1);
      if (this.#stop.signal.aborted) return;
      this.#sending = undefined;
      if (outcome.kind === "accepted" || outcome.kind === "refused") {
        this.#answered(item, outcome);
        this.#doubt = doubtAfterAnswer(this.#doubt, item.number);
        if (this.#refusals >= refusalsInARow) return this.#pace();
        continue;
      }
      this.#queue.change(
        markUnanswered(this.#queue.state, item.number, {
          unsure: outcome.kind === "unsure",
          counts: isFailure(outcome),
        }),
      );
      const after = afterFailure(this.#doubt, item, outcome, this.#queue.attemptsOn(item.number));
      if (after.kind === "hold") return this.#hold(outcome);
      if (after.kind === "park") this.#park(item, after.reason);
      this.#doubt = after.kind === "park" ? noDoubt : after.doubt;
    }
    this.#queue.save();
    const last = this.#doubt.suspects.at(-1);
    if (last !== undefined) this.#hold(last.outcome);
  }

  /** The next to send. Where nothing else waits, those that were passed over are tried again. */
  #next(isFirst: boolean): OutboxItem | undefined {
    const item = this.#queue.next(passedOver(this.#doubt));
    if (item !== undefined || !isFirst) return item;
    this.#doubt = noDoubt;
    return this.#queue.next([]);
  }

  #park(item: OutboxItem, reason: string): void {
    this.#queue.change(markParked(this.#queue.state, item, reason, this.#parts.clock.now().at));
  }

  #answered(item: OutboxItem, outcome: Answer): void {
    const { at } = this.#parts.clock.now();
    this.#queue.change(
      outcome.kind === "accepted"
        ? markAcknowledged(this.#queue.state, item, at)
        : markParked(this.#queue.state, item, outcome.reason, at),
    );
    this.#refusals = outcome.kind === "accepted" ? 0 : this.#refusals + 1;
    if (this.#refusals < refusalsInARow) this.#rest.forgetFailures();
    this.#reached("online");
  }

  #take({ number }: OutboxItem): void {
    this.#queue.take(number);
    this.#sending = number;
    this.#tell();
  }

  async #send(item: OutboxItem): Promise<Outcome> {
    const { uplink, clock } = this.#parts;
    const { signal } = this.#stop;
    const sent = new Promise<Outcome>((resolve, reject) => {
      const onStop = (): void => resolve({ kind: "unsure" });
      signal.addEventListener("abort", onStop, { once: true });
      void uplink
        .send({ id: item.id, body: item.body }, signal)
        .catch((error: unknown): Outcome => {
          // Trouble with a name heals; a defect of ours is told as one.
          if (!(error instanceof Failure)) throw error;
          return { kind: "unsure", words: `the uplink failed: ${error.message}` };
        })
        .then(resolve, reject)
        .finally(() => signal.removeEventListener("abort", onStop));
    });
    return await clock.busy(sent);
  }

  /** Nothing goes out until the back-off is over, by the clock that was handed in. */
  #hold(outcome: Unanswered): void {
    this.#queue.save();
    this.#wait(outcome.kind === "retry" ? outcome.afterMs : undefined);
    this.#reached(reachabilityBy(outcome.fault), outcome.words, outcome.fault);
  }

  /** The receipt book cannot be read just now. Order is kept, so all wait; no sale hangs on it. */
  #unreadable({ message }: Failure): void {
    this.#queue.save();
    this.#wait();
    this.#reached("offline", `the next receipt cannot be read from the receipt book: ${message}`, "book/damaged");
  }

  /** One refusal after another: on with the next, but not before the back-off. */
  #pace(): void {
    this.#queue.save();
    this.#wait();
    this.#reached("online", refusedWords(this.#refusals));
  }

  /** Too many are kept back: whatever is wrong, a person must look before there are more. */
  #crowded(): void {
    this.#queue.save();
    this.#wait();
    this.#reached("unsure", crowdedWords(mostParked), "uplink/unsure");
  }

  #wait(askedMs?: number): void {
    this.#doubt = doubtKept(this.#doubt);
    this.#rest.begin(!this.#queue.hasOthers, askedMs);
  }

  #reached(reachability: Reachability, words?: string, fault?: OutboxFault): void {
    this.#reach = reportAfter(this.#reach, this.#parts.clock.now().at, reachability, words, fault);
  }

  #fail(error: unknown): void {
    this.#stop.abort();
    this.#rest.end();
    this.#sending = undefined;
    this.#parts.onFailure(error);
  }

  #tell(): void {
    this.#parts.onChange?.(this.status());
  }
}

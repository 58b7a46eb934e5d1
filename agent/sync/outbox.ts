// The outbox of one uplink: receipts go out in the order of their numbers, one at a time, and none is dropped however
// long the line is down. It writes before it sends and writes the acknowledgement before the next send, so a crash
// anywhere leads to the same copy again or to nothing.
import type { Clock, EpochMs } from "../../drivers/driver.js";
import { Failure } from "../core/failure.js";
import { attemptsBeforeDoubt, believed, isFailure, noDoubt, poisonReason, type Unanswered } from "./outbox-doubt.js";
import { OutboxQueue } from "./outbox-queue.js";
import {
  askedAgain,
  type ItemState,
  markAcknowledged,
  markAside,
  markLeft,
  markParked,
  markUnanswered,
  mostInDoubt,
  type OutboxItem,
  type OutboxItems,
  type OutboxState,
  type OutboxStore,
} from "./outbox-state.js";
import {
  type OutboxFault,
  type OutboxStatus,
  type Reachability,
  type ReachabilityReport,
  reachabilityBy,
} from "./outbox-status.js";
import { type BackoffLimits, backoffMs } from "./transport/backoff.js";
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
  #failures = 0;
  #refusals = 0;
  #wake: { readonly monoMs: number; readonly atMs: EpochMs; readonly cancel: () => void } | undefined;
  #reach: ReachabilityReport;

  /** Throws what the store throws when the state cannot be read. */
  constructor(parts: OutboxParts) {
    this.#parts = parts;
    const { uplink, items, store } = parts;
    this.#queue = new OutboxQueue({ name: uplink.name, items, store });
    this.#reach = { reachability: "untried", sinceMs: parts.clock.now().at };
  }

  /** The station runs: an uplink whose line is always open opens it, then what waits is sent. */
  begin(): void {
    this.#parts.uplink.begin?.({
      waiting: () => this.status().waiting > 0,
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

  /** The line stands: a back-off was for one that did not. */
  #goOn(): void {
    if (this.#stop.signal.aborted) return;
    if (this.#running === undefined) this.#calm();
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
    if (this.#wake !== undefined && this.#parts.clock.now().monoMs < this.#wake.monoMs) return false;
    if (this.#queue.waiting === 0) return false;
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
      ...(this.#wake === undefined ? {} : { nextTryMs: this.#wake.atMs }),
    };
  }

  /**
   * Ends what is in flight (it stays "sending" on disk, so it is sent again) and sends no more. Waits for nothing
   * outside.
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#calm();
    await this.#running;
    this.#parts.uplink.close?.();
  }

  #start(): void {
    this.#calm();
    this.#running = this.#drain()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running = undefined;
        this.#tell();
        // A settlement between the last look and here would otherwise wait for the schedule.
        if (this.#wake === undefined) this.due();
      });
  }

  async #drain(): Promise<void> {
    let doubt = noDoubt;
    for (;;) {
      let item: OutboxItem | undefined;
      try {
        item = this.#queue.next(doubt.proof === undefined ? doubt.suspects.map((one) => one.item.number) : []);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return this.#unreadable(error);
      }
      if (item === undefined) break;
      const { state } = this.#queue;
      if (state.parked.length >= mostParked && item.number > state.cursor) return this.#crowded();
      const kept = state.aside.includes(item.number) ? byHand : item.park;
      if (kept !== undefined && !this.#queue.isFirstInLine(item.number)) {
        this.#queue.change(markParked(state, item, kept, this.#parts.clock.now().at));
        continue;
      }
      // Somebody has set it aside meanwhile.
      if (doubt.proof !== undefined && doubt.suspects[0]?.item.number !== item.number) doubt = noDoubt;
      this.#take(item);
      const outcome = believed(await this.#send(item), this.#queue.attemptsOn(item.number) + 1);
      if (this.#stop.signal.aborted) return;
      this.#sending = undefined;
      if (outcome.kind === "accepted" || outcome.kind === "refused") {
        this.#answered(item, outcome);
        // The backend is well: the first in doubt has its last try now, and nothing between.
        const inDoubt = doubt.suspects.some((one) => one.item.number === item.number);
        doubt = doubt.suspects.length === 0 || inDoubt ? noDoubt : { ...doubt, proof: item.number };
        if (this.#refusals >= refusalsInARow) return this.#pace();
        continue;
      }
      this.#queue.change(
        markUnanswered(this.#queue.state, item.number, {
          unsure: outcome.kind === "unsure",
          counts: isFailure(outcome),
        }),
      );
      if (isFailure(outcome) && doubt.proof !== undefined) {
        const reason = poisonReason(outcome, doubt.proof);
        this.#queue.change(markParked(this.#queue.state, item, reason, this.#parts.clock.now().at));
        doubt = noDoubt;
        continue;
      }
      const attempts = this.#queue.attemptsOn(item.number);
      if (!isFailure(outcome) || attempts < attemptsBeforeDoubt || doubt.suspects.length >= mostInDoubt)
        return this.#hold(outcome);
      doubt = { suspects: [...doubt.suspects, { item, outcome }] };
    }
    this.#queue.save();
    const last = doubt.suspects.at(-1);
    if (last !== undefined) this.#hold(last.outcome);
  }

  #answered(item: OutboxItem, outcome: Answer): void {
    const { at } = this.#parts.clock.now();
    this.#queue.change(
      outcome.kind === "accepted"
        ? markAcknowledged(this.#queue.state, item, at)
        : markParked(this.#queue.state, item, outcome.reason, at),
    );
    this.#refusals = outcome.kind === "accepted" ? 0 : this.#refusals + 1;
    if (this.#refusals < refusalsInARow) this.#failures = 0;
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
    this.#reached(
      "online",
      `the last ${this.#refusals} receipts were all refused and parked: look at the reasons, it may be a setting`,
    );
  }

  /** Too many are kept back: whatever is wrong, a person must look before there are more. */
  #crowded(): void {
    this.#queue.save();
    this.#wait();
    this.#reached(
      "unsure",
      `${mostParked} receipts are parked, and nothing new is sent until they are fewer: ` +
        "look at their reasons, mend the cause, and send them again (chargetill sync resend)",
      "uplink/unsure",
    );
  }

  #wait(askedMs?: number): void {
    this.#failures += 1;
    const { clock, random, backoff } = this.#parts;
    const waitMs = backoffMs(this.#failures, backoff, random(), askedMs);
    const { at, monoMs } = clock.now();
    const cancel = clock.at(monoMs + waitMs, () => {
      this.#wake = undefined;
      this.due();
    });
    this.#wake = { monoMs: monoMs + waitMs, atMs: at + waitMs, cancel };
  }

  #calm(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
  }

  #reached(reachability: Reachability, words?: string, fault?: OutboxFault): void {
    const sinceMs = reachability === this.#reach.reachability ? this.#reach.sinceMs : this.#parts.clock.now().at;
    this.#reach = {
      reachability,
      sinceMs,
      ...(words === undefined ? {} : { words }),
      ...(fault === undefined ? {} : { fault }),
    };
  }

  #fail(error: unknown): void {
    this.#stop.abort();
    this.#calm();
    this.#sending = undefined;
    this.#parts.onFailure(error);
  }

  #tell(): void {
    this.#parts.onChange?.(this.status());
  }
}

// A connector's contactor at work: what it was told, what its auxiliary contact says of that a moment later and at every
// look from then on, and its test by hand. Opening waits for nothing. A pin that fails in use ends the process: whoever
// controls the contactor decides that, by the `guard` it hands in.

import type { Clock, Contactor, PlugSensor } from "../../../drivers/driver.js";
import { type ContactorTest, contactsFollowed, testContactor } from "../../../drivers/gpio/contactor-test.js";
import type { FaultCode } from "../../core/fault-table.js";

/** What the control of a contactor needs of its connector. */
export type ContactorControlContext = {
  /** The connector, for the sentences. */
  readonly name: string;
  readonly clock: Clock;
  /** How long the auxiliary contact may take to follow, ms. */
  readonly settleMs: number;
  /** The auxiliary contact's pin, for the sentences. */
  readonly feedbackPin: string;
  raise(code: FaultCode, message: string): void;
  /** A test by hand has shown that the contacts follow: no fault of theirs stands any more. */
  mended(): void;
  /** It is told to be closed and is not, or nobody can tell; `why` in words. */
  notClosing(why: string): void;
  /** Runs `work`; what a pin throws in it is told to whoever can end the process. */
  guard(work: () => void): void;
};

/**
 * When a look samples the auxiliary contact, ms from its begin. The gaps share no factor, so that a contact that
 * chatters evenly shows both its levels.
 */
const samplesAtMs = [0, 3, 10, 21, 40] as const;
/** So many samples that contradict what the contactor was told are no spike on the wire. */
const leastContradictions = 2;
/** A look that found a contradiction is repeated once, so much later, before anything is made of it. */
const lookAgainMs = 250;

/** What one look at the auxiliary contact found, beside what the contactor was told. */
type FeedbackLook = "follows" | "contradicts" | "changes";

export class ContactorControl {
  #contactor: Contactor | undefined;
  #closed = false;
  /** The contacts have followed what they were told last. */
  #hasFollowed = false;
  #testing = false;
  #cancelLook: (() => void) | undefined;

  constructor(private readonly context: ContactorControlContext) {}

  /** Takes over a contactor that was just opened, and opens it once more by hand. */
  take(contactor: Contactor): void {
    this.#contactor = contactor;
    this.drive(false, true);
  }

  /** Drives the coil; after a change the auxiliary contact is asked whether the main contacts followed. */
  drive(closed: boolean, look = this.#closed !== closed): void {
    const contactor = this.#contactor;
    if (contactor === undefined) return;
    contactor.set(closed);
    this.#closed = closed;
    if (!look) return;
    this.#hasFollowed = false;
    this.#cancelLook?.();
    this.#at(this.context.settleMs, () => this.#sample([], false));
  }

  /**
   * A look at the contacts, with every reading: those that weld while nobody charges must be known before a driver
   * comes, and those that drop out while one charges are no car that asks for nothing.
   */
  look(): void {
    if (this.#cancelLook === undefined && !this.#testing) this.#sample([], false);
  }

  /** Told to be open, and not in the hands of a test. */
  get rests(): boolean {
    return !this.#closed && !this.#testing;
  }

  /** What the auxiliary contact says; undefined where none is wired or no pin is open. */
  feedback(): boolean | undefined {
    return this.#contactor?.feedback();
  }

  /**
   * Closes the contactor for `ms` with nobody there; who drives it meanwhile takes it over. Answers with a reason where
   * it may not be. `occupied` = what keeps the connector from being free.
   */
  async test(plug: PlugSensor, ms: number, occupied: string | undefined): Promise<ContactorTest | string> {
    const contactor = this.#contactor;
    if (contactor === undefined) return "its pins are not open yet";
    const busy = this.#testing ? "being tested" : occupied;
    if (busy !== undefined) return `${this.context.name} is not free (${busy}): test it when no car is there`;
    this.#testing = true;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    try {
      const tested = await testContactor({ contactor, plug }, this.context.clock, {
        ms,
        settleMs: this.context.settleMs,
        stillOurs: () => !this.#closed,
      });
      if (typeof tested !== "string" && contactsFollowed(tested)) this.context.mended();
      return tested;
    } finally {
      this.#testing = false;
    }
  }

  /** Looks no more; the contactor itself is closed by whoever opened its pins. */
  letGo(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#contactor = undefined;
  }

  #at(ms: number, work: () => void): void {
    const { clock, guard } = this.context;
    this.#cancelLook = clock.at(clock.now().monoMs + ms, () => {
      this.#cancelLook = undefined;
      guard(work);
    });
  }

  /** Takes the next sample of a look after those that it `has`; its last one is judged. */
  #sample(has: readonly boolean[], isSecondLook: boolean): void {
    const feedback = this.#contactor?.feedback();
    if (feedback === undefined) return;
    const samples = [...has, feedback];
    const nextAtMs = samplesAtMs[samples.length];
    if (nextAtMs === undefined) return this.#judge(this.#found(samples), isSecondLook);
    this.#at(nextAtMs - (samplesAtMs[has.length] ?? 0), () => this.#sample(samples, isSecondLook));
  }

  #found(samples: readonly boolean[]): FeedbackLook {
    const contradictions = samples.filter((sample) => sample !== this.#closed).length;
    if (contradictions < leastContradictions) return "follows";
    return contradictions === samples.length ? "contradicts" : "changes";
  }

  #judge(found: FeedbackLook, isSecondLook: boolean): void {
    if (found === "follows") {
      this.#hasFollowed = true;
      return;
    }
    if (!isSecondLook) return this.#at(lookAgainMs, () => this.#sample([], true));
    const { feedbackPin, raise, notClosing } = this.context;
    const told = this.#closed ? "closed" : "open";
    const changes = `the contactor is told to be ${told} and its feedback (${feedbackPin}) says open and closed by turns`;
    if (!this.#closed)
      return raise(
        "contactor/welded",
        found === "changes"
          ? `${changes}: check the auxiliary contact and its wire`
          : `the contactor was told to open and its feedback (${feedbackPin}) says closed: switch off the supply, then replace it`,
      );
    const droppedOut = `the contactor dropped out: it is told to be closed and its feedback (${feedbackPin}) says open`;
    const notClosed = `the contactor was told to close and its feedback (${feedbackPin}) says open`;
    if (found === "changes") {
      raise("contactor/not-closing", `${changes}: check coil, auxiliary contact and wiring`);
      return notClosing("the contactor does not hold: its feedback says open and closed by turns");
    }
    raise("contactor/not-closing", `${this.#hasFollowed ? droppedOut : notClosed}: check coil and wiring`);
    notClosing(this.#hasFollowed ? "the contactor dropped out" : "the contactor did not close");
  }
}

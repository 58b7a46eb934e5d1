// A connector's contactor at work: what it was told, what its auxiliary contact says of that a moment later, and its
// test by hand. Opening waits for nothing. A pin that fails in use ends the process: whoever controls the contactor decides
// that, by the `guard` it hands in.

import type { Clock, Contactor, PlugSensor } from "../../../drivers/driver.js";
import { type ContactorTest, testContactor } from "../../../drivers/gpio/contactor-test.js";
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
  /** The contacts follow: no fault of theirs stands any more. */
  clear(): void;
  /** It was told to close and did not. */
  notClosing(): void;
  /** Runs `work`; what a pin throws in it is told to whoever can end the process. */
  guard(work: () => void): void;
};

export class ContactorControl {
  #contactor: Contactor | undefined;
  #closed = false;
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
    const { clock, settleMs } = this.context;
    this.#cancelLook?.();
    this.#cancelLook = clock.at(clock.now().monoMs + settleMs, () => {
      this.#cancelLook = undefined;
      this.context.guard(() => this.#judge(contactor.feedback()));
    });
  }

  /** A look between sessions: contacts that weld while nobody charges must be known before a driver comes. */
  look(): void {
    if (this.#cancelLook === undefined && !this.#testing) this.#judge(this.#contactor?.feedback());
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
    try {
      return await testContactor({ contactor, plug }, this.context.clock, {
        ms,
        settleMs: this.context.settleMs,
        stillOurs: () => !this.#closed,
      });
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

  #judge(feedback: boolean | undefined): void {
    const { feedbackPin } = this.context;
    if (feedback === undefined || feedback === this.#closed) return this.context.clear();
    if (this.#closed) {
      this.context.raise(
        "contactor/not-closing",
        `the contactor was told to close and its feedback (${feedbackPin}) says open: check coil and wiring`,
      );
      this.context.notClosing();
    } else {
      this.context.raise(
        "contactor/welded",
        `the contactor was told to open and its feedback (${feedbackPin}) says closed: switch off the supply, then replace it`,
      );
    }
  }
}

// The pins of one connector, opened together and let go of together: plug, button and lamp here, the contactor in the
// hands of its control. The lamp says what the session says, but for the answer to a tap or a press, which is shown for a while.
import { type Clock, type Contactor, DeviceError, type Indication, type Pins } from "../../../drivers/driver.js";

export type ConnectorPinsParts = {
  /** Throws DeviceError. */
  readonly open: () => Promise<Pins>;
  readonly clock: Clock;
  readonly answerShownMs: number;
  /** What the lamp should say now. */
  readonly indication: () => Indication;
  /** Runs `work`; what a pin throws in it is told to whoever can end the process. */
  readonly guard: (work: () => void) => void;
};

/** What the pins say now. */
export type SensedPins = { readonly plugged: boolean; readonly button: boolean | undefined };

export class ConnectorPins {
  readonly #parts: ConnectorPinsParts;
  #pins: Pins | undefined;
  #endAnswer: (() => void) | undefined;

  constructor(parts: ConnectorPinsParts) {
    this.#parts = parts;
  }

  /** Throws DeviceError. */
  async open(): Promise<Contactor> {
    this.#pins = await this.#parts.open();
    this.#endAnswer?.();
    this.#endAnswer = undefined;
    return this.#pins.contactor;
  }

  /** Undefined while the pins are not open; a button, where none is wired. */
  get plug(): Pins["plug"] | undefined {
    return this.#pins?.plug;
  }

  get button(): Pins["button"] {
    return this.#pins?.button;
  }

  /** Undefined while the pins are not open. */
  sensed(): SensedPins | undefined {
    const pins = this.#pins;
    return pins === undefined ? undefined : { plugged: pins.plug.plugged(), button: pins.button?.down() };
  }

  /** The lamp again, unless it shows an answer. */
  relight(): void {
    if (this.#endAnswer === undefined) this.#show(this.#parts.indication());
  }

  /** Answers a tap or a press for a while, then shows what the session says again. */
  answer(indication: "refused" | "confirm-stop"): void {
    this.#endAnswer?.();
    this.#show(indication);
    const { clock, answerShownMs } = this.#parts;
    this.#endAnswer = clock.at(clock.now().monoMs + answerShownMs, () => {
      this.#endAnswer = undefined;
      this.#show(this.#parts.indication());
    });
  }

  /** Lets go of all of them, the lamp off. A pin that fails keeps none of the others from being let go of. */
  close(): void {
    this.#endAnswer?.();
    const pins = this.#pins;
    this.#pins = undefined;
    const lettingGo = [
      () => pins?.indicator.show("off"),
      () => pins?.button?.close(),
      () => pins?.plug.close(),
      () => pins?.indicator.close(),
      () => pins?.contactor.close(),
    ];
    for (const letGo of lettingGo) {
      try {
        letGo();
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
      }
    }
  }

  #show(indication: Indication): void {
    this.#parts.guard(() => this.#pins?.indicator.show(indication));
  }
}

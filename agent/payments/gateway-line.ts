// Keeps one gateway open: what is lost is opened again and again, its trouble is a fault of its own, and nothing else of
// the station waits for it.
import { type Clock, DeviceError, sleep } from "../../drivers/driver.js";
import type { PaymentGateway, PaymentTap } from "../../drivers/payment-gateway.js";
import type { Faults } from "../sync/faults.js";

export type GatewayLineParts = {
  readonly clock: Clock;
  /** Under which its faults stand, such as "terminal". */
  readonly device: string;
  readonly open: () => Promise<PaymentGateway>;
  readonly faults: Pick<Faults, "raiseError" | "clear">;
  readonly tapped: (tap: PaymentTap) => void;
  /** It can be reached, again: what waited for it may go on. */
  readonly back: () => Promise<void>;
  readonly die: (error: unknown) => void;
};

const retryMs = 5_000;

export class GatewayLine {
  readonly #parts: GatewayLineParts;
  readonly #abort = new AbortController();
  #gateway: PaymentGateway | undefined;

  constructor(parts: GatewayLineParts) {
    this.#parts = parts;
  }

  /** The gateway while it can be reached. */
  get gateway(): PaymentGateway | undefined {
    return this.#gateway;
  }

  /** Runs until closed. */
  async run(): Promise<void> {
    const { clock, device, open, faults, die } = this.#parts;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      let gateway: PaymentGateway | undefined;
      try {
        gateway = await open();
        if (signal.aborted) break;
        this.#gateway = gateway;
        faults.clear(device, "terminal/");
        void this.#parts.back().catch(die);
        await this.#taps(gateway, signal);
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof DeviceError)) return die(error);
        faults.raiseError(device, error, clock.now().at);
      } finally {
        this.#gateway = undefined;
        await gateway?.close();
      }
      await sleep(clock, retryMs, signal);
    }
  }

  /** Lets go of the gateway; a step that is under way settles as unsure. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#gateway?.close();
  }

  /** Until the terminal is lost; a gateway without one stays open until the end. */
  async #taps(gateway: PaymentGateway, signal: AbortSignal): Promise<void> {
    if (gateway.taps === undefined) return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    for await (const tap of gateway.taps(signal)) this.#parts.tapped(tap);
  }
}

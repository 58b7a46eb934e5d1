// The terminal of a station, for all who use it: the station sells through it, a technician looks at it or tests it. One
// connection at a time: while a technician tests, nothing is sold.
import type { TerminalConfig } from "../../config/parts/terminal-schema.js";
import { type Clock, DeviceError } from "../driver.js";
import type { PaymentGateway } from "../payment-gateway.js";
import { openTerminal } from "./open-terminal.js";
import type { OnFrame, TerminalEndpoint } from "./terminal-line.js";
import type { ZvtTerminal } from "./zvt-terminal.js";

export type TerminalAccessParts = {
  readonly config: TerminalConfig;
  readonly clock: Clock;
  readonly onFrame: OnFrame;
  /** In place of the config's address: the bench. */
  readonly endpoint?: TerminalEndpoint | undefined;
  /** Whether this terminal has booked its test with this dialect. */
  readonly isProven: (terminalId: string, dialect: TerminalConfig["dialect"]) => boolean;
};

const beingTested = (): DeviceError =>
  new DeviceError("terminal/not-ready", "the terminal: a technician is testing it");

export class TerminalAccess {
  readonly #parts: TerminalAccessParts;
  #selling: ZvtTerminal | undefined;
  #lent: ZvtTerminal | undefined;
  #isLent = false;

  constructor(parts: TerminalAccessParts) {
    this.#parts = parts;
  }

  get config(): TerminalConfig {
    return this.#parts.config;
  }

  /** Opens it to sell. Rejects with DeviceError terminal/lost, terminal/changed, terminal/not-ready, terminal/unproven. */
  async open(cardKey: Uint8Array): Promise<PaymentGateway> {
    const { config, isProven } = this.#parts;
    if (this.#isLent) throw beingTested();
    const opened = await openTerminal(config, { ...this.#opening(), cardKey, isProven });
    if (this.#isLent) {
      await opened.close();
      throw beingTested();
    }
    this.#selling = opened;
    return opened;
  }

  /** Asks the terminal that sells, or, where none is open, one that is opened for it, whatever its id. */
  async ask<T>(work: (terminal: ZvtTerminal) => Promise<T>): Promise<T> {
    if (this.#isLent) throw beingTested();
    const selling = this.#selling;
    if (selling !== undefined && !selling.isClosed) return work(selling);
    const opened = await openTerminal(this.#parts.config, { ...this.#opening(), anyId: true });
    try {
      return await work(opened);
    } finally {
      await opened.close();
    }
  }

  /** Takes it from the station for a test. Rejects as `open` does, but for terminal/unproven. */
  async lend<T>(work: (terminal: ZvtTerminal) => Promise<T>): Promise<T> {
    if (this.#isLent) throw new DeviceError("terminal/not-ready", "the terminal: a test is under way");
    this.#isLent = true;
    try {
      await this.#selling?.close();
      const opened = await openTerminal(this.#parts.config, this.#opening());
      this.#lent = opened;
      try {
        return await work(opened);
      } finally {
        await opened.close();
      }
    } finally {
      this.#lent = undefined;
      this.#isLent = false;
    }
  }

  /** Lets go of it; a test that is under way fails. */
  async close(): Promise<void> {
    await this.#selling?.close();
    await this.#lent?.close();
  }

  #opening(): Parameters<typeof openTerminal>[1] {
    const { clock, onFrame, endpoint } = this.#parts;
    return { clock, onFrame, ...(endpoint === undefined ? {} : { endpoint }) };
  }
}

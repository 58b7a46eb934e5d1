// The way to the terminal: connected when it is needed, registered once after each connect, one command at a time. It
// belongs to one terminal by its id: another one at the same address is a fault, and takes no money.
import { type Clock, DeviceError } from "../driver.js";
import { type Exchange, exchange } from "./exchange.js";
import { refusalOf } from "./refusals.js";
import { type OnFrame, type TerminalEndpoint, TerminalLine } from "./terminal-line.js";
import { registrationFrame } from "./zvt/commands.js";
import type { CardHasher } from "./zvt/fields.js";

export type ConnectionParts = {
  readonly endpoint: TerminalEndpoint;
  readonly clock: Clock;
  readonly password: string;
  /** By its number of ISO 4217, four digits. */
  readonly currency: string;
  /** The id that it must have; undefined = it is only asked for. */
  readonly terminalId: string | undefined;
  readonly hash: CardHasher;
  readonly onFrame: OnFrame;
};

/** The command did not go out: surely nothing was done. */
export type NotSent = { readonly kind: "not-sent"; readonly error: DeviceError };

export class TerminalConnection {
  readonly #parts: ConnectionParts;
  #line: TerminalLine | undefined;
  #terminalId: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #isReading = false;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  /** For words: where it is looked for. */
  get name(): string {
    const { host, port } = this.#parts.endpoint;
    return `terminal ${host}:${port}`;
  }

  /** What it said at its last registration. */
  get terminalId(): string | undefined {
    return this.#terminalId;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Runs a command when those before it are over. `stopAfterMs`: of a wait for a card, which ends for every command that
   * comes after it.
   */
  run(command: Uint8Array, stopAfterMs?: number): Promise<Exchange | NotSent> {
    if (this.#isReading) this.#line?.interrupt();
    const mine = this.#turn.then(() => this.#runNow(command, stopAfterMs));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Lets go of the connection; the next command makes a new one. */
  drop(why: string): void {
    this.#line?.close(why);
  }

  close(): void {
    this.#isClosed = true;
    this.drop("closed by the station");
  }

  async #runNow(command: Uint8Array, stopAfterMs: number | undefined): Promise<Exchange | NotSent> {
    const { clock, hash } = this.#parts;
    let line: TerminalLine;
    try {
      line = await clock.busy(this.#registered());
    } catch (error) {
      if (error instanceof DeviceError) return { kind: "not-sent", error };
      throw error;
    }
    this.#isReading = stopAfterMs !== undefined;
    try {
      return await exchange(command, { line, clock, hash, ...(stopAfterMs === undefined ? {} : { stopAfterMs }) });
    } finally {
      this.#isReading = false;
    }
  }

  /** The connection that stands, or a new one, registered. Rejects with DeviceError. */
  async #registered(): Promise<TerminalLine> {
    const { endpoint, clock, onFrame } = this.#parts;
    if (this.#isClosed) throw new DeviceError("terminal/lost", `${this.name}: closed by the station`);
    if (this.#line?.broken === undefined && this.#line !== undefined) return this.#line;
    const line = await TerminalLine.connect(endpoint, clock, onFrame);
    this.#line = line;
    try {
      await this.#register(line);
    } catch (error) {
      line.close("not registered");
      throw error;
    }
    if (this.#isClosed) line.close("closed by the station");
    return line;
  }

  async #register(line: TerminalLine): Promise<void> {
    const { clock, hash, password, currency, terminalId } = this.#parts;
    const answer = await exchange(registrationFrame(password, currency), { line, clock, hash });
    if (answer.kind === "broken")
      throw new DeviceError(
        "terminal/lost",
        `${this.name} does not answer (${answer.why}); check that it speaks ZVT on this port`,
      );
    if (answer.kind === "refused")
      throw new DeviceError(
        "terminal/not-ready",
        `${this.name} refuses to be registered: ${refusalOf(answer.code).message}; check its password`,
      );
    const told = answer.completion.fields;
    this.#terminalId = told.terminalId;
    if (told.currency !== undefined && told.currency !== currency)
      throw new DeviceError(
        "terminal/not-ready",
        `${this.name} works in currency ${told.currency}, not in ${currency}; correct terminal.currency`,
      );
    if (terminalId !== undefined && told.terminalId !== terminalId)
      throw new DeviceError(
        "terminal/changed",
        `${this.name} is ${told.terminalId ?? "a terminal without an id"}, and the config names ${terminalId}; ` +
          "put the right terminal back, or commission this one",
      );
  }
}

// An open serial port with the library's client over it, until it is lost: it is never opened again, since the client
// does not recover; a new link takes its place.
import modbus from "modbus-serial";
import type { SerialPortConfig } from "../../config/schema.js";
import { type Clock, DeviceError } from "../driver.js";
import { openFailureWords } from "./port/serial-port.js";
import type { AskRegisters, RegisterAnswer } from "./register-requests.js";
import { type OnBytes, RtuLine, type SerialBinding, serialStream } from "./rtu-line.js";

export type PortLinkParts = {
  readonly port: SerialPortConfig;
  readonly clock: Clock;
  /** In place of the machine's serial ports: the bench. */
  readonly binding: SerialBinding | undefined;
  readonly onBytes: OnBytes | undefined;
  /** The port is gone, other than by `drop`. */
  readonly onLost: (link: PortLink, why: DeviceError) => void;
};

type Client = InstanceType<(typeof modbus)["default"]>;

export class PortLink {
  readonly #parts: PortLinkParts;
  readonly #line: RtuLine;
  readonly #client: Client;
  #lost: DeviceError | undefined;
  /** Ends the request that is in flight. */
  #giveUp: (error: DeviceError) => void = () => undefined;

  private constructor(parts: PortLinkParts) {
    const { port, binding, onBytes } = parts;
    this.#parts = parts;
    this.#line = new RtuLine(serialStream(port, binding), onBytes);
    this.#client = new modbus.default(this.#line);
    const lost = (cause?: unknown): void => {
      const words = `${port.path} is gone: was the adapter unplugged?`;
      if (this.#lost === undefined) parts.onLost(this, new DeviceError("port/lost", words, { cause }));
    };
    // Listeners of our own, because the library relays these events only while it is open, and an unheard `error` ends
    // the process.
    this.#line.on("error", lost);
    this.#line.on("close", () => lost());
    this.#client.on("error", () => undefined);
  }

  /** Rejects with a DeviceError port/missing. */
  static async open(parts: PortLinkParts): Promise<PortLink> {
    const link = new PortLink(parts);
    await new Promise<void>((resolve, reject) => {
      link.#client.open((error: Error | null) => {
        if (error === null || error === undefined) return resolve();
        const { path } = parts.port;
        const words = `${path} cannot be opened (${error.message}): ${openFailureWords(path, error.message)}`;
        reject(new DeviceError("port/missing", words, { cause: error }));
      });
    });
    return link;
  }

  get isUsable(): boolean {
    return this.#lost === undefined && this.#line.isOpen;
  }

  get strayBytes(): number {
    return this.#line.strayBytes;
  }

  /** The request has failed: answers how many bytes came in answer to it, and whatever comes now belongs to nobody. */
  abandon(): number {
    const { heardBytes } = this.#line;
    this.#line.forget();
    return heardBytes;
  }

  /** What came meanwhile is thrown away. */
  flush(): Promise<void> {
    return this.#line.flush();
  }

  /** One request in flight. Rejects with what the library rejects with, or with why the link was dropped. */
  async ask(ask: AskRegisters, timeoutMs: number): Promise<RegisterAnswer> {
    try {
      return await this.#transact(ask, timeoutMs);
    } finally {
      this.#giveUp = () => undefined;
    }
  }

  /** Gives the link up; resolves when the port is closed. */
  drop(why: DeviceError): Promise<void> {
    this.#lost ??= why;
    this.#giveUp(this.#lost);
    // Stops the library's timers; the port closes behind it.
    this.#client.destroy(() => undefined);
    return this.#line.closed();
  }

  #transact(ask: AskRegisters, timeoutMs: number): Promise<RegisterAnswer> {
    const { clock, binding } = this.#parts;
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      let state: "waiting" | "given up" | "settled" = "waiting";
      this.#client.setTimeout(timeoutMs);
      // The callback form names the unit with each request; setID would be state that the next caller inherits.
      const settle = (error: unknown, result?: { buffer: Buffer }): void => {
        const givenUp = state === "given up";
        state = "settled";
        if (givenUp) return reject({ errno: "ETIMEDOUT" });
        if (error || result === undefined) return reject(error);
        const { function: code, address, words } = ask;
        resolve({ function: code, address, words, bytes: Buffer.from(result.buffer), moment: clock.now() });
      };
      if (ask.function === 3) this.#client.writeFC3(ask.unit, ask.address, ask.words, settle);
      else this.#client.writeFC4(ask.unit, ask.address, ask.words, settle);
      void binding?.idle?.().then(() => {
        if (state !== "waiting" || this.#lost !== undefined) return;
        state = "given up";
        this.#line.giveUp();
      });
    });
  }
}

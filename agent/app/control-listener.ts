// Keeps the control socket open. Without it the station works as well as with it, but cannot be asked, so it is tried
// again each minute. Where the state folder takes no socket a spare one elsewhere stands in.
import { DeviceError } from "../../drivers/driver.js";
import type { ControlAnswer, ControlRequest } from "../control/control-socket.js";
import { ControlSocket, spareSocketPath } from "../control/control-socket.js";
import { Failure } from "../core/failure.js";

export type ControlListenerParts = {
  /** Where the socket belongs. */
  readonly path: string;
  /** Without the state folder's lock its socket may be another agent's. */
  readonly isLocked: () => boolean;
  readonly answer: (request: ControlRequest) => Promise<ControlAnswer>;
  /** The socket could not be opened where it belongs. */
  readonly failed: (error: Failure) => void;
  /** A request met a defect of ours, or a disk that failed. */
  readonly die: (error: unknown) => void;
};

export class ControlListener {
  readonly #parts: ControlListenerParts;
  #server: ControlSocket | undefined;
  #opening = false;
  #closed = false;

  constructor(parts: ControlListenerParts) {
    this.#parts = parts;
  }

  /** Opens the socket where that is still to be done; asked again each minute. */
  async open(): Promise<void> {
    const { path, isLocked } = this.#parts;
    if (this.#closed || this.#opening || this.#server?.path === path) return;
    this.#opening = true;
    const opened =
      (isLocked() ? await this.#listen(path) : undefined) ??
      (this.#server === undefined ? await this.#listen(spareSocketPath(path)) : undefined);
    this.#opening = false;
    if (opened === undefined) return;
    const before = this.#server;
    this.#server = opened;
    await before?.close();
    if (this.#closed) await opened.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#server?.close();
  }

  async #listen(path: string): Promise<ControlSocket | undefined> {
    try {
      return await ControlSocket.open(path, this.#parts.answer, (error) => {
        // What a person may not do or a device does not do is an answer; anything else ends the process.
        const isDisk = error instanceof Failure && error.code.startsWith("disk/");
        const isAnswer = error instanceof DeviceError || (error instanceof Failure && !isDisk);
        if (!isAnswer) this.#parts.die(error);
      });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // Where nobody made the folder of the spare one, there is none.
      if (path === this.#parts.path) this.#parts.failed(error);
      return undefined;
    }
  }
}

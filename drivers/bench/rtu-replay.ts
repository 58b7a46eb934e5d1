// Plays a recorded line back to the real driver: whatever is asked, what came in the field comes again, in the same
// pieces. It ends where the driver asks something else than it asked then: from there on the recording proves nothing.
import type { SerialBinding } from "../meter/rtu-line.js";
import { RtuPort } from "./rtu-port.js";

/**
 * One entry of a recording: a request that went out, a piece of what came in, the end of our patience, or of the port.
 */
export type RecordedBytes = { readonly direction: "out" | "in" | "given up" | "lost"; readonly bytes: Uint8Array };

export class RtuReplay {
  readonly #recorded: readonly RecordedBytes[];
  #next = 0;
  #strayed: string | undefined;
  #port: RtuPort | undefined;

  readonly binding: SerialBinding = {
    instant: true,
    list: () => Promise.resolve([]),
    open: (options) => {
      this.#port = new RtuPort(options, (request) => this.#onRequest(request));
      return Promise.resolve(this.#port);
    },
    idle: () => this.#port?.idle() ?? Promise.resolve(),
  };

  constructor(recorded: readonly RecordedBytes[]) {
    this.#recorded = recorded;
  }

  /** Whether all of the recording was played. */
  get ended(): boolean {
    return this.#next >= this.#recorded.length;
  }

  /** Where the driver left the recording, in words; undefined while it follows. */
  get strayed(): string | undefined {
    return this.#strayed;
  }

  #onRequest(request: Buffer): void {
    if (this.#strayed !== undefined) return;
    const expected = this.#recorded[this.#next];
    if (expected?.direction !== "out" || !request.equals(expected.bytes)) {
      const then = expected === undefined ? "nothing" : Buffer.from(expected.bytes).toString("hex");
      this.#strayed = `entry ${this.#next + 1}: asked ${request.toString("hex")}, in the recording ${then}`;
      return;
    }
    this.#next += 1;
    // What came after the request was given up met nobody then, and must not come in time now.
    let givenUp = false;
    for (
      let entry = this.#recorded[this.#next];
      entry !== undefined && entry.direction !== "out";
      entry = this.#recorded[this.#next]
    ) {
      if (entry.direction === "given up") givenUp = true;
      else if (entry.direction === "lost") this.#port?.break();
      else if (!givenUp) this.#port?.send(Buffer.from(entry.bytes));
      this.#next += 1;
    }
  }
}

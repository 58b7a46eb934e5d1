// One TCP connection to the terminal: frames out, frames in. A connection on which anything went wrong is closed and
// never used again, so that no late answer is taken for the answer to the next command.
import { connect, type Socket } from "node:net";
import { type Clock, DeviceError, type MonoMs } from "../driver.js";
import { longestZvtFrame, splitFrames, type ZvtFrame } from "./zvt/frame.js";

export type TerminalEndpoint = { readonly host: string; readonly port: number };

/** Hears each frame, by its way; for a trace, which masks it. */
export type OnFrame = (way: "out" | "in", frame: ZvtFrame) => void;

/** Nothing more comes on this connection, or nothing came in time. */
export class LineBroken extends Error {
  override readonly name = "LineBroken";
}

const connectWithinMs = 5_000;
/** TCP asks a silent terminal so often whether it is there. */
const keepAliveAfterMs = 10_000;
/** Whole frames that wait to be read: a terminal says one, and waits for our word. */
const mostWaiting = 64;

export class TerminalLine {
  readonly #socket: Socket;
  #pending: Uint8Array = new Uint8Array(0);
  #frames: ZvtFrame[] = [];
  #wake: () => void = () => undefined;
  #broken: string | undefined;
  #isInterrupted = false;

  private constructor(
    socket: Socket,
    private readonly clock: Clock,
    private readonly onFrame: OnFrame,
  ) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveAfterMs);
    socket.on("data", (chunk) => this.#arrived(chunk));
    socket.on("error", (error) => this.#break(error.message));
    socket.on("close", () => this.#break("the terminal closed the connection"));
  }

  /** Connects within 5 s. Rejects with DeviceError terminal/lost. */
  static async connect(endpoint: TerminalEndpoint, clock: Clock, onFrame: OnFrame): Promise<TerminalLine> {
    const name = `terminal ${endpoint.host}:${endpoint.port}`;
    const socket = connect({ host: endpoint.host, port: endpoint.port });
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => {
        cancel();
        socket.destroy();
        reject(
          new DeviceError("terminal/lost", `${name} cannot be reached (${why}); check its power, cable and address`),
        );
      };
      const cancel = clock.at(clock.now().monoMs + connectWithinMs, () => fail("no answer"));
      socket.once("error", (error) => fail(error.message));
      socket.once("connect", () => {
        cancel();
        resolve();
      });
    });
    return new TerminalLine(socket, clock, onFrame);
  }

  /** Why nothing more comes; undefined = the connection stands. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /** Sends a frame's bytes; on a broken connection nothing goes out. */
  send(bytes: Uint8Array): void {
    if (this.#broken !== undefined) return;
    for (const frame of splitFrames(bytes).frames) this.onFrame("out", frame);
    this.#socket.write(bytes);
  }

  /** The next frame, until then (monotonic). Rejects with LineBroken, and then the connection is closed. */
  async next(untilMonoMs: MonoMs, waitsFor: string): Promise<ZvtFrame> {
    const frame = await this.#waited(untilMonoMs, false);
    if (frame !== undefined) return frame;
    this.#break(`no ${waitsFor} in time`);
    throw new LineBroken(this.#broken);
  }

  /** Ends a `nextOrNothing` that waits, or else the next one, without a frame. */
  interrupt(): void {
    this.#isInterrupted = true;
    this.#wake();
  }

  /** The next frame, or undefined when the time is over or it was interrupted. Rejects with LineBroken. */
  async nextOrNothing(untilMonoMs: MonoMs): Promise<ZvtFrame | undefined> {
    try {
      return await this.#waited(untilMonoMs, true);
    } finally {
      this.#isInterrupted = false;
    }
  }

  /** Only a wait for a card may be interrupted: an acknowledgement that is under way comes all the same. */
  async #waited(untilMonoMs: MonoMs, mayEnd: boolean): Promise<ZvtFrame | undefined> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#broken !== undefined) throw new LineBroken(this.#broken);
      if (this.clock.now().monoMs >= untilMonoMs || (mayEnd && this.#isInterrupted)) return undefined;
      await new Promise<void>((resolve) => {
        const cancel = this.clock.at(untilMonoMs, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
  }

  /** A new command begins: answers the frames that came and were not asked for. */
  begin(): readonly ZvtFrame[] {
    this.#isInterrupted = false;
    return this.#frames.splice(0);
  }

  close(why = "closed by the station"): void {
    this.#break(why);
  }

  #arrived(chunk: Uint8Array): void {
    const { frames, rest } = splitFrames(Buffer.concat([this.#pending, chunk]));
    this.#pending = rest;
    for (const frame of frames) this.onFrame("in", frame);
    this.#frames.push(...frames);
    if (rest.length > longestZvtFrame || this.#frames.length > mostWaiting)
      this.#break("it sends what nobody asked for");
    this.#wake();
  }

  #break(why: string): void {
    this.#broken ??= why;
    this.#socket.destroy();
    this.#wake();
  }
}

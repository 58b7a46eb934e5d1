// The bench's terminal from the side of whoever starts it: a process of its own, told what happens to it.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BenchTerminalLook, TerminalOrder } from "./terminal-process.js";
import type { TerminalOptions } from "./terminal-simulator.js";

const program = fileURLToPath(new URL("./terminal-process.js", import.meta.url));

export class BenchTerminal {
  readonly #asked = new Map<number, (value: unknown) => void>();
  #count = 0;

  private constructor(
    private readonly child: ChildProcess,
    /** Where it listens on 127.0.0.1. */
    readonly port: number,
  ) {
    child.on("message", ({ id, value }: { id: number; value: unknown }) => {
      this.#asked.get(id)?.(value);
      this.#asked.delete(id);
    });
    // Whoever waits for it waits no longer.
    child.once("exit", () => {
      for (const resolve of this.#asked.values()) resolve(null);
    });
  }

  /** Starts it; rejects where it ends before it listens. */
  static async start(options: TerminalOptions = {}): Promise<BenchTerminal> {
    const child = fork(program, [JSON.stringify(options)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const port = await new Promise<number>((resolve, reject) => {
      child.once("message", (message: { port: number }) => resolve(message.port));
      child.once("exit", (code) => reject(new Error(`the bench's terminal ended with ${code}`)));
      child.once("error", reject);
    });
    return new BenchTerminal(child, port);
  }

  /** Tells it what happens; resolves when it has: a card that is shown, when the station has taken it. */
  tell(order: TerminalOrder): Promise<unknown> {
    this.#count += 1;
    const id = this.#count;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.child.send({ id, order });
    });
  }

  async look(): Promise<BenchTerminalLook> {
    return (await this.tell({ do: "look" })) as BenchTerminalLook;
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.disconnect();
    await ended;
  }
}

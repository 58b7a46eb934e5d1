// Runs chargetill as its user would: the built command, in a process of its own, bounded in time. Where it is not the
// process that a test is about, cli/command-here.ts does the same in a tenth of the time.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { limitProcess } from "./time/time-limit.js";

const cli = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "agent", "cli.js");
/** Of time in which a processor was free for it. */
const limitMs = 60_000;

export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
};

/** A fresh folder of the test's own. */
export const freshFolder = (): string => mkdtempSync(join(tmpdir(), "chargetill-test-"));

/** A running command: its output so far, a promise of its end, and of a line that it prints. */
export class RunningCommand {
  out = "";
  isOver = false;
  err = "";
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #lookers: (() => void)[] = [];

  /** `through` = a command that becomes this one. */
  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}, through: readonly string[] = []) {
    const [program = process.execPath, ...words] = [...through, process.execPath, cli, ...args];
    this.#child = spawn(program, words, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", ...env },
    });
    const stopWatching = limitProcess(this.#child.pid ?? -1, limitMs, (why) => {
      this.err += `${args.join(" ")}: ${why}\n`;
      this.#child.kill("SIGKILL");
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => this.#heard((this.out += chunk.toString())));
    this.#child.stderr?.on("data", (chunk: Buffer) => this.#heard((this.err += chunk.toString())));
    this.ended = new Promise((resolve) =>
      this.#child.on("close", (code, signal) => {
        stopWatching();
        this.isOver = true;
        this.#heard();
        resolve({ code, signal, out: this.out, err: this.err });
      }),
    );
  }

  /** Resolves when the output matches; rejects when the command ends without it. */
  async until(pattern: RegExp): Promise<void> {
    let over = false;
    void this.ended.then(() => (over = true));
    while (!pattern.test(this.out + this.err)) {
      if (over) throw new Error(`ended without ${String(pattern)}:\n${this.out}\n${this.err}`);
      await new Promise<void>((resolve) => {
        this.#lookers.push(resolve);
        void this.ended.then(() => resolve());
      });
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  type(text: string): void {
    this.#child.stdin?.end(text);
  }

  #heard(_?: string): void {
    for (const look of this.#lookers.splice(0)) look();
  }
}

/** Runs a command to its end, in a process of its own. */
export async function chargetillProcess(...args: readonly string[]): Promise<Ended> {
  const running = new RunningCommand(args);
  running.type("");
  return await running.ended;
}

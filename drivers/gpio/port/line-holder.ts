// The line holder (pins/lines.c) as a child process: it holds the lines of a chip for us, and when we end, in whatever
// way, it drives each output to the level that was named for that. Asked and answered at once, since a contactor that
// opens waits for nothing: the answer lies in a file in memory, and how long it is waited for has a bound.
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getSystemErrorMap } from "node:util";

/** It answers within some tens of microseconds; on a machine that is busy, when it is its turn. */
const answerTries = 1_000;
const tryEveryMs = 1;
const longestAnswer = 64;

/** The holder is gone, or does not answer. */
class HolderGone extends Error {
  override readonly name = "HolderGone";
}

export class LineHolder {
  readonly #child: ChildProcess;
  readonly #requests: Socket;
  readonly #answers: number;
  readonly #waiting = new Int32Array(new SharedArrayBuffer(4));
  #asked = 0;
  #ended: string | undefined;
  /** What has come of a line on its stdout, without its end. */
  #words = "";

  /** `edge` hears of a line whose level has changed; `died`, that the holder ended though nobody let it go. */
  constructor(program: string, edge: (line: number) => void, died: (why: string) => void) {
    const path = join(process.env["RUNTIME_DIRECTORY"] ?? tmpdir(), `lines-${randomUUID()}`);
    this.#answers = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    this.#child = spawn(program, ["lines"], { stdio: ["pipe", "pipe", "inherit", this.#answers] });
    // It ends when we do; we do not wait for it.
    this.#child.unref();
    // Node makes them sockets, and its types do not say so.
    this.#requests = this.#child.stdin as Socket;
    const edges = this.#child.stdout as Socket;
    for (const stream of [this.#requests, edges]) stream.unref();
    edges.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.#words + text).split("\n");
      this.#words = lines.pop() ?? "";
      for (const line of lines) edge(Number(line.slice("edge ".length)));
    });
    // A request to one that is gone is answered by its silence.
    this.#requests.on("error", () => undefined);
    const gone = (why: string): void => {
      if (this.#ended !== undefined) return;
      this.#ended = why;
      died(why);
    };
    this.#child.on("error", (error) => gone(`chargetill-pins cannot be started: ${error.message}`));
    this.#child.on("exit", (code, signal) => gone(`chargetill-pins, which holds the pins, ended (${signal ?? code})`));
  }

  /** Asks, and answers the value. Throws the system's error, with its code, or HolderGone. */
  ask(request: string): number {
    this.#asked += 1;
    if (this.#ended === undefined) this.#requests.write(`${this.#asked} ${request}\n`);
    for (let tries = 0; this.#ended === undefined && tries < answerTries; tries += 1) {
      const answer = this.#answer();
      if (answer !== undefined) {
        const [, how, value] = answer;
        if (how === "ok") return Number(value);
        const [code, words] = getSystemErrorMap().get(-Number(value)) ?? [`errno ${value}`, "unknown"];
        throw Object.assign(new Error(`${code}: ${words}, ${request}`), { code });
      }
      Atomics.wait(this.#waiting, 0, 0, tries === 0 ? 0 : tryEveryMs);
    }
    throw new HolderGone(this.#ended ?? "chargetill-pins, which holds the pins, does not answer");
  }

  /** Lets it go: it opens every contactor and ends. Resolves when it has. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#ended = "the pins were let go of";
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.ref();
    this.#requests.end();
    await ended;
    closeSync(this.#answers);
  }

  #answer(): readonly string[] | undefined {
    const buffer = Buffer.alloc(longestAnswer);
    const text = buffer.toString("latin1", 0, readSync(this.#answers, buffer, 0, buffer.length, 0));
    const words = text.split("\n", 1)[0]?.split(" ") ?? [];
    return words.length === 4 && Number(words[0]) === this.#asked && words[3] === words[0] ? words : undefined;
  }
}

// Runs chargetill's commands in the process of the test, from the words to the exit code, through the same parser and
// the same handling of errors. A process of its own loads Node and the program anew, which takes far longer than what
// most commands do. What is here taken from the command is the edge of its process: its three streams, its arguments,
// its exit. Signals, kills, other users and limits need a real process: command.ts.
import { dirname, join } from "node:path";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { runWords } from "../../../agent/cli.js";
import type { Ended } from "../command.js";

const cli = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "agent", "cli.js");

/** What `process.exit` throws here: the command ends, the test goes on. */
class Exited extends Error {}

/** Keeps what is written to it. */
class KeptStream extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** One at a time: they share the process. */
let last: Promise<unknown> = Promise.resolve();

/** Runs a command to its end, with nothing on stdin. */
export const chargetill = (...args: readonly string[]): Promise<Ended> => chargetillGiven("", ...args);

/** Runs a command to its end, with a text on stdin. */
export function chargetillGiven(input: string, ...args: readonly string[]): Promise<Ended> {
  const mine = last.then(() => run(input, args));
  last = mine.catch(() => undefined);
  return mine;
}

async function run(input: string, args: readonly string[]): Promise<Ended> {
  const [out, err] = [new KeptStream(), new KeptStream()];
  const { argv, exitCode } = process;
  const was = Object.getOwnPropertyDescriptors(process);
  const signals = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name) => ({ name, had: process.listeners(name) }));
  for (const [name, value] of Object.entries({
    stdout: out,
    stderr: err,
    stdin: Readable.from(input === "" ? [] : [Buffer.from(input)]),
  }))
    Object.defineProperty(process, name, { configurable: true, enumerable: true, value });
  process.argv = [process.execPath, cli, ...args];
  process.exitCode = undefined;
  process.exit = (code) => {
    process.exitCode = code ?? process.exitCode;
    throw new Exited();
  };
  try {
    await runWords(args);
  } catch (error) {
    // A program that nobody foresaw the end of dies with its stack, and 1.
    if (!(error instanceof Exited)) {
      err.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 1;
    }
  } finally {
    for (const name of ["stdout", "stderr", "stdin", "exit"] as const) Object.defineProperty(process, name, was[name]);
  }
  const code = Number(process.exitCode ?? 0);
  process.argv = argv;
  process.exitCode = exitCode;
  for (const { name, had } of signals)
    for (const listener of process.listeners(name)) if (!had.includes(listener)) process.off(name, listener);
  return { code, signal: null, out: out.text, err: err.text };
}

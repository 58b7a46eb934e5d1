// A GPIO chip of the kernel's character device for a program that this process starts: chip-emulator.c under it, and the
// wires in a file.
import { closeSync, openSync, readSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compilePins } from "../../../../drivers/gpio/port/pins-program.js";
import { freshFolder } from "../../../support/command.js";

const source = fileURLToPath(new URL("../../../../../test/drivers/gpio/port/chip-emulator.c", import.meta.url));
/** As chip-emulator.c lays them out. */
const bytesPerLine = 4;
const logAt = 64 * bytesPerLine;
const mostDriven = 4_096;
const seenWithinMs = 10_000;
const holdersAt = logAt + 4 + mostDriven * 2;
const fileBytes = holdersAt + 64 * 4;

export class ChipBoard {
  readonly #file: number;
  readonly #env: ReadonlyMap<string, string>;
  readonly #taken = new Map<number, number>();

  /** With its wires in a file at `path`, and the emulator compiled, unless there is one. */
  constructor(label: string, path = join(freshFolder(), "board"), compiled?: string) {
    const library = compiled ?? `${path}.so`;
    if (compiled === undefined) compilePins(source, library, ["-shared", "-fPIC"]);
    writeFileSync(path, Buffer.alloc(fileBytes));
    this.#file = openSync(path, "r+");
    this.#env = new Map([
      ["LD_PRELOAD", library],
      ["EMULATED_CHIP", path],
      ["EMULATED_LABEL", label],
    ]);
  }

  /** What a program needs in its environment to see the chip. */
  get environment(): ReadonlyMap<string, string> {
    return this.#env;
  }

  /** What this process starts from now on sees the chip. */
  install(): void {
    for (const [name, value] of this.#env) process.env[name] = value;
  }

  remove(): void {
    for (const name of this.#env.keys()) delete process.env[name];
    closeSync(this.#file);
  }

  /** Resolves when a process that sees the chip has met the level: it looks each millisecond. */
  async drive(line: number, high: boolean): Promise<void> {
    writeSync(this.#file, Buffer.from([high ? 1 : 0]), 0, 1, line * bytesPerLine);
    const deadline = performance.now() + seenWithinMs;
    const seen = Buffer.alloc(1);
    do {
      await new Promise(setImmediate);
      readSync(this.#file, seen, 0, 1, line * bytesPerLine + 3);
    } while (seen[0] !== (high ? 2 : 1) && performance.now() < deadline);
  }

  /** Another driver has the line, or has no more. */
  hold(line: number, held: boolean): void {
    writeSync(this.#file, Buffer.from([held ? 1 : 0]), 0, 1, line * bytesPerLine + 2);
  }

  /** The levels that the line was driven to since the last asking. */
  takeLevels(line: number): boolean[] {
    const { driven, log } = this.#driven();
    const levels: boolean[] = [];
    for (let index = this.#taken.get(line) ?? 0; index < driven; index += 1)
      if (log[index * 2] === line) levels.push(log[index * 2 + 1] === 1);
    this.#taken.set(line, driven);
    return levels;
  }

  #driven(): { readonly driven: number; readonly log: Buffer } {
    const bytes = Buffer.alloc(holdersAt - logAt);
    readSync(this.#file, bytes, 0, bytes.length, logAt);
    return { driven: bytes.readUInt32LE(0), log: bytes.subarray(4) };
  }
}

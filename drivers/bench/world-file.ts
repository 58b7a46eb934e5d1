// Keeps the bench's world in a file beside the agent's state, so that it outlives a killed agent.
// Two slots are written in turn: a write cut short by a kill leaves the other slot whole. No fsync: a kill is not a
// power cut.
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

const slotBytes = 256 * 1024;

/** Where a bench keeps its world: a file, or whatever a test that lives longer than the agent hands in. */
export type WorldKeeper<T> = { saved(): T | null; save(state: T): void; close(): void };

export class WorldFile<T> implements WorldKeeper<T> {
  readonly #fd: number;
  #turn = 0;
  readonly #saved: T | null = null;

  constructor(path: string) {
    this.#fd = openSync(path, "a+", 0o600);
    closeSync(this.#fd);
    const bytes = readFileSync(path);
    const slots = [0, 1].flatMap((slot) => {
      const text = bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes).toString("utf8");
      const [head, body, tail] = text.split("\n", 3);
      return head !== undefined && head !== "" && head === tail && body !== undefined
        ? [{ turn: Number(head), body }]
        : [];
    });
    const newest = slots.sort((a, b) => b.turn - a.turn)[0];
    if (newest !== undefined) [this.#turn, this.#saved] = [newest.turn, JSON.parse(newest.body) as T];
    this.#fd = openSync(path, "r+");
  }

  /** What was saved last; null on a fresh file. */
  saved(): T | null {
    return this.#saved;
  }

  save(state: T): void {
    this.#turn += 1;
    const bytes = Buffer.from(`${this.#turn}\n${JSON.stringify(state)}\n${this.#turn}\n`);
    if (bytes.length > slotBytes) throw new Error("the bench's world has outgrown its file");
    try {
      writeSync(this.#fd, bytes, 0, bytes.length, (this.#turn % 2) * slotBytes);
    } catch {
      // A bench on a full disk goes on in memory: what is tried there is the agent, and a real street has no file.
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

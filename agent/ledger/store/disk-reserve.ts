// Room that is kept for the end of a session that runs: files that hold nothing and are given up when the disk is full,
// so that a sale that was begun can be settled though somebody else's log took the last byte or the last inode.
import { randomBytes } from "node:crypto";
import { type Disk, unfinishedSuffix } from "./disk.js";

/**
 * Names that are kept beside the one with the bytes, an inode each: to settle makes a temporary name, and may begin a
 * page of the book and a segment of the journal.
 */
const spareNames = 3;

export class DiskReserve {
  constructor(
    private readonly disk: Disk,
    private readonly path: string,
    readonly bytes: number,
  ) {}

  /** True when the room is there. Throws disk/failed. */
  get stands(): boolean {
    return (this.disk.size(this.path) ?? 0) >= this.bytes && this.#spares.every((path) => this.disk.size(path) === 0);
  }

  get #spares(): readonly string[] {
    return Array.from({ length: spareNames }, (_, index) => `${this.path}.${index + 1}`);
  }

  /**
   * Takes the room when it is not there; a session may start only when this does not throw. Throws disk/full,
   * disk/failed.
   */
  take(): void {
    // Random bytes: a file system that compresses would keep no room for zeros.
    if ((this.disk.size(this.path) ?? 0) < this.bytes) this.disk.replace(this.path, randomBytes(this.bytes));
    for (const path of this.#spares) if (this.disk.size(path) !== 0) this.disk.replace(path, new Uint8Array());
  }

  /**
   * Gives the room up, after a disk/full, for what must still be written, also what a cut left of it. True when there
   * was some to give. Throws disk/failed.
   */
  spend(): boolean {
    const names = [this.path, ...this.#spares];
    const held = [...names, ...names.map((path) => path + unfinishedSuffix)].filter(
      (path) => this.disk.size(path) !== undefined,
    );
    for (const path of held) this.disk.remove(path);
    return held.length > 0;
  }
}

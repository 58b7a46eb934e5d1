// Room that is kept for the end of a session that runs: a file that holds nothing and is given up when the disk is
// full, so that a sale that was begun can be settled though somebody else's log took the last byte.
import { randomBytes } from "node:crypto";
import { type Disk, unfinished } from "./disk.js";

export class Reserve {
  constructor(
    private readonly disk: Disk,
    private readonly path: string,
    readonly bytes: number,
  ) {}

  /** True when the room is there. Throws disk/failed. */
  get stands(): boolean {
    return (this.disk.size(this.path) ?? 0) >= this.bytes;
  }

  /**
   * Takes the room when it is not there; a session may start only when this does not throw. Throws disk/full,
   * disk/failed.
   */
  take(): void {
    // Random bytes: a file system that compresses would keep no room for zeros.
    if (!this.stands) this.disk.replace(this.path, randomBytes(this.bytes));
  }

  /**
   * Gives the room up, after a disk/full, for what must still be written, also what a cut left of it. True when there
   * was some to give. Throws disk/failed.
   */
  spend(): boolean {
    const held = [this.path, this.path + unfinished].filter((path) => (this.disk.size(path) ?? 0) > 0);
    for (const path of held) this.disk.remove(path);
    return held.length > 0;
  }
}

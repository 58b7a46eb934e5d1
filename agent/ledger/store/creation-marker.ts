// The mark beside a store that says: it was made once. Without it an empty place means the first run; with it, that
// something was lost. It is set after the store was made, so that a power cut between the two is a first run that goes
// on.
import type { Disk } from "./disk.js";

export class CreationMarker {
  readonly #path: string;

  /** `store` is the path of the file or folder that the mark stands beside. */
  constructor(
    private readonly disk: Disk,
    store: string,
  ) {
    this.#path = `${store}.made`;
  }

  /** Only its name counts: a mark with damaged content still says that something was here. */
  get stands(): boolean {
    return this.disk.read(this.#path) !== undefined;
  }

  /** Durable when it returns. Throws disk/failed or disk/full. */
  set(): void {
    this.disk.replace(
      this.#path,
      Buffer.from("The store beside this file was made once. If it is missing it was lost: do not remove this mark.\n"),
    );
  }
}

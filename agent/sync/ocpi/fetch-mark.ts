// A mark that stands while a list is fetched. A list that ends the process would end it at every start, and sell
// nothing: where the mark is found, the last fetch was the last thing that a process did.
import { Failure } from "../../core/failure.js";
import type { Disk } from "../../ledger/store/disk.js";

/** More in a row are not told apart. */
const mostDeaths = 99;

export class FetchMark {
  #deaths: number;

  constructor(
    private readonly disk: Disk,
    private readonly path: string,
  ) {
    this.#deaths = this.#found();
  }

  /** Processes in a row that ended while they fetched. */
  deaths(): number {
    return this.#deaths;
  }

  /** Before a fetch. A disk that does not take the mark keeps nobody from fetching. */
  set(): void {
    const next = Math.min(mostDeaths, this.#deaths + 1);
    this.#onDisk(() => this.disk.leave(this.path, Buffer.from(String(next))));
  }

  /** The fetch came to an end. */
  clear(): void {
    this.#deaths = 0;
    this.#onDisk(() => this.disk.remove(this.path));
  }

  #found(): number {
    let bytes: Buffer | undefined;
    this.#onDisk(() => (bytes = this.disk.read(this.path)));
    if (bytes === undefined) return 0;
    const text = bytes.toString("latin1");
    // A power cut may have left any part of it.
    return /^[1-9]\d?$/.test(text) ? Number(text) : 1;
  }

  #onDisk(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }
}

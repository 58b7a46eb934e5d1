// The highest receipt number that was given, kept in a folder outside the state folder: a backup of the state that is
// brought back knows nothing of the receipts made since, and this does. The state folder remembers which mark was its
// own, so that one that is gone is told from one that was never made.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { Failure } from "../core/failure.js";
import type { Disk } from "../ledger/store/disk.js";
import type { Table } from "../ledger/store/table.js";

/** In the state folder: the mark that it had. */
export const knownMarkFile = "number-mark.json";
export type KnownMark = { readonly id: string | null };
export const parseKnownMark = (value: unknown): KnownMark => z.object({ id: z.string().nullable() }).parse(value);

const markFile = "receipt-number.json";
const markShape = z.object({ station: z.string(), id: z.string(), highest: z.int().min(0) });
type Mark = Readonly<z.infer<typeof markShape>>;

export type NumberMarkParts = {
  readonly disk: Disk;
  /** Absolute; undefined = none is kept. */
  readonly folder: string | undefined;
  readonly station: string;
  readonly known: Pick<Table<KnownMark>, "data" | "update">;
};

export class NumberMark {
  readonly #parts: NumberMarkParts;
  readonly #path: string;
  #mark: Mark | undefined;
  #lost: string | undefined;

  /** Throws Failure config/invalid where the mark is another station's, disk/failed. */
  constructor(parts: NumberMarkParts) {
    this.#parts = parts;
    this.#path = join(parts.folder ?? "/", markFile);
    if (parts.folder === undefined) return;
    parts.disk.makeFolder(parts.folder);
    this.#mark = readMark(parts.disk, this.#path);
    const { id } = parts.known.data;
    if (this.#mark !== undefined && this.#mark.station !== parts.station)
      throw new Failure(
        "config/invalid",
        `${this.#path} is the number mark of station ${this.#mark.station}: give each station a folder of its own (numberMark)`,
      );
    if (this.#mark === undefined && id !== null)
      this.#lost =
        `the number mark ${this.#path} is gone, so this station was restored from a backup, and nobody here knows which ` +
        "receipt numbers were given since";
    if (this.#mark !== undefined && id !== this.#mark.id) this.#remember(this.#mark.id);
  }

  /** The highest number known; 0 = none. */
  get highest(): number {
    return this.#mark?.highest ?? 0;
  }

  /** Why the highest number is not known, if so. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** A receipt of this number exists. It lasts when this returns. Throws disk/failed, disk/full. */
  raise(number: number): void {
    if (this.#parts.folder === undefined || this.#lost !== undefined || (this.#mark?.highest ?? -1) >= number) return;
    this.#write(number);
  }

  /** A person has said which number was the last one: it is known again, whatever the mark said. */
  named(number: number): void {
    this.#lost = undefined;
    if (this.#parts.folder !== undefined) this.#write(number);
  }

  #write(number: number): void {
    const mark = { station: this.#parts.station, id: this.#mark?.id ?? randomUUID(), highest: number };
    this.#parts.disk.replace(this.#path, Buffer.from(`${JSON.stringify(mark)}\n`));
    if (this.#mark === undefined) this.#remember(mark.id);
    this.#mark = mark;
  }

  #remember(id: string): void {
    this.#parts.known.update((before) => (before.id === id ? before : { id }));
  }
}

/** One that cannot be read is as good as gone. */
function readMark(disk: Disk, path: string): Mark | undefined {
  const bytes = disk.read(path);
  if (bytes === undefined) return undefined;
  try {
    return markShape.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    return undefined;
  }
}

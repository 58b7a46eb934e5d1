// A small lowdb table (tokens, tariffs, cursors): one value in one checked file, whole after every power cut.
// "First run" and "file lost" are told apart by a mark beside it, so that a lost table never comes back as an empty
// one.
import { dirname } from "node:path";
import { LowSync } from "lowdb";
import { CheckedFile } from "./checked-file.js";
import { CreationMarker } from "./creation-marker.js";
import type { Disk } from "./disk.js";

/**
 * `steps` = the table is small and changes often: a change is added to its file, which is made anew only now and then.
 */
export type TableOptions = { readonly steps?: boolean };

export class Table<T> {
  readonly #db: LowSync<T>;

  private constructor(
    db: LowSync<T>,
    private readonly parse: (value: unknown) => T,
  ) {
    this.#db = db;
  }

  /**
   * Opens the table in the file `path`, or makes it with `first` on the very first run. `parse` names the shape of what
   * was read and throws where it does not fit. Throws table/damaged, disk/failed, disk/full.
   */
  static open<T>(
    disk: Disk,
    path: string,
    parse: (value: unknown) => T,
    first: T,
    { steps = false }: TableOptions = {},
  ): Table<T> {
    const file = new CheckedFile(disk, path, parse, "table/damaged", steps);
    const db = new LowSync<T>(file, first);
    const marker = new CreationMarker(disk, path);
    // What a killed run renamed and did not fsync is about to be relied on.
    disk.makeFolder(dirname(path));
    disk.syncFolder(dirname(path));
    const marked = marker.stands;
    if (marked || disk.read(path)) {
      db.read();
      // Nor may a step be relied on that a killed run did not fsync; one whose fdatasync failed no later one would
      // bring to the disk.
      if (file.grown) db.write();
    } else db.write();
    if (!marked) marker.set();
    return new Table(db, parse);
  }

  /**
   * A look without a hand: reads the table that a running agent owns and writes nothing. Before the first run that is
   * `first`; without it, and for a table that was lost, throws table/damaged.
   */
  static view<T>(
    disk: Disk,
    path: string,
    parse: (value: unknown) => T,
    first?: T,
    { steps = false }: TableOptions = {},
  ): T {
    if (first !== undefined && !new CreationMarker(disk, path).stands && !disk.read(path)) return first;
    return new CheckedFile(disk, path, parse, "table/damaged", steps).read();
  }

  /** As `view`, in the shape of a table, for who shares code with those that write: an update is refused. */
  static shown<T>(disk: Disk, path: string, parse: (value: unknown) => T, first: T): Pick<Table<T>, "data" | "update"> {
    return {
      data: Table.view(disk, path, parse, first),
      update: () => {
        throw new Error(`${path} was opened for looking only`);
      },
    };
  }

  get data(): Readonly<T> {
    return this.#db.data;
  }

  /**
   * Puts `change(data)` in the place of the data; it lasts when this returns. The same object back means no change and
   * no write. When it throws, the old value stays in force here, and either of the two stands on the disk.
   */
  update(change: (data: Readonly<T>) => T): Readonly<T> {
    const before = this.#db.data;
    const after = change(before);
    if (after === before) return before;
    this.#db.data = this.parse(after);
    try {
      this.#db.write();
    } catch (cause) {
      this.#db.data = before;
      throw cause;
    }
    return this.#db.data;
  }
}

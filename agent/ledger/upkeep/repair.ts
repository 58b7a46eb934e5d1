// What can be done about a damaged store: a finding says what is wrong and what would be done; nothing is touched
// before `repair` is called. Damaged files are set aside, never thrown away: they are evidence, and somebody may read
// more out of them than we can.
import { basename, dirname, join } from "node:path";
import { Failure } from "../../core/failure.js";
import type { Disk } from "../store/disk.js";
import { Table, type TableOptions } from "../store/table.js";

export type RepairFinding = {
  /** The file or folder that is damaged. */
  readonly path: string;
  /** What is wrong, as the start says it. */
  readonly problem: string;
  /** What `repair` would do, in a sentence; where it is undefined, what a person has to do. */
  readonly remedy: string;
  readonly repair?: () => void;
};

/** Runs `read` and answers its complaint about damage; other failures (a disk that cannot be read) are thrown on. */
export function complaintOf(read: () => void): string | undefined {
  try {
    read();
    return undefined;
  } catch (cause) {
    if (cause instanceof Failure && cause.code.endsWith("/damaged"))
      return cause.message.split("; nothing is sold")[0]?.split(": nothing is sold")[0] ?? cause.message;
    throw cause;
  }
}

/**
 * Copies a file into the folder damaged/ beside it, under a name that is free, and answers where. The file itself stays
 * for the caller to replace.
 */
export function setAside(disk: Disk, path: string): string | undefined {
  const bytes = disk.read(path);
  if (!bytes) return undefined;
  const folder = join(dirname(path), "damaged");
  disk.makeFolder(folder);
  const taken = new Set(disk.list(folder));
  let copy = 1;
  while (taken.has(`${basename(path)}.${copy}`)) copy += 1;
  const aside = join(folder, `${basename(path)}.${copy}`);
  disk.replace(aside, bytes);
  return aside;
}

/**
 * Looks at a table; a damaged one begins anew with `first`, or with what `rebuilt` finds elsewhere. Of one that is
 * `personal` the remedy says that nobody forgets what is set aside. Writes nothing. Throws disk/failed.
 */
export function inspectTable<T>(
  disk: Disk,
  path: string,
  parse: (value: unknown) => T,
  first: T,
  options: TableOptions & { readonly personal?: boolean } = {},
  rebuilt?: () => T,
): RepairFinding[] {
  const again = rebuilt === undefined ? "starts the table again, empty" : "makes the table again from the journal";
  const problem = complaintOf(() => void Table.view(disk, path, parse, first, options));
  if (problem === undefined) return [];
  const aside = `sets the file aside in ${join(dirname(path), "damaged")} and ${again}`;
  const forgets =
    options.personal === true ? "; it may name people and no term ends there: read it, then delete it" : "";
  return [
    {
      path,
      problem,
      remedy: disk.size(path) === undefined ? again : `${aside}${forgets}`,
      repair: () => {
        setAside(disk, path);
        disk.remove(path);
        disk.remove(`${path}.made`);
        Table.open(disk, path, parse, rebuilt?.() ?? first, options);
      },
    },
  ];
}

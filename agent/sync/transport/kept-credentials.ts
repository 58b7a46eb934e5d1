// The credentials that a backend has set itself, in a table of their own, whole after every power cut. A new one goes
// to the front and is not trusted before a line was opened with it: the last that worked stays behind it, so that a
// wrong one, or one that only one side kept, never costs the line. What is kept here appears in no message.
import { join } from "node:path";
import { z } from "zod";
import type { Disk } from "../../ledger/store/disk.js";
import { Table } from "../../ledger/store/table.js";

/** A new one in its spellings, and one that worked. */
const mostPasswords = 3;

const password = z.strictObject({
  text: z.string().min(1).max(64),
  /** `hex` = the text is the hexadecimal spelling of the bytes that are sent. */
  spelling: z.enum(["plain", "hex"]),
  /** A line was opened with it. */
  worked: z.boolean(),
});
export type KeptPassword = z.infer<typeof password>;

const shape = z.strictObject({ passwords: z.array(password).max(mostPasswords) });
type Kept = z.infer<typeof shape>;

const nothingKept: Kept = { passwords: [] };

/** The name of the table in the state folder. */
export const credentialsTable = (uplink: string): string => `credentials-${uplink}.json`;

/** Names what was read; throws where it does not fit. */
export const parseCredentials = (value: unknown): Kept => shape.parse(value);

export class KeptCredentials {
  constructor(private readonly store: { read(): Kept; write(kept: Kept): void }) {}

  /** Throws Failure table/damaged, disk/failed, disk/full. */
  static open(disk: Disk, folder: string, uplink: string): KeptCredentials {
    const table = Table.open<Kept>(disk, join(folder, credentialsTable(uplink)), parseCredentials, nothingKept);
    return new KeptCredentials({ read: () => table.data, write: (kept) => void table.update(() => kept) });
  }

  /** In the order in which they are to be tried. */
  get passwords(): readonly KeptPassword[] {
    return this.store.read().passwords;
  }

  /** Lasts when it returns. More than one spelling where nobody says which of them the backend means. */
  setPassword(text: string, spellings: readonly KeptPassword["spelling"][]): void {
    const kept = this.store.read();
    const fresh = spellings.map((spelling): KeptPassword => ({ text, spelling, worked: false }));
    this.store.write({ ...kept, passwords: [...fresh, ...lastThatWorked(kept.passwords, text)] });
  }

  /** A line was opened with it: it is the first to be tried from now on. */
  passwordWorked(one: KeptPassword): void {
    const kept = this.store.read();
    if (kept.passwords[0] === one && one.worked) return;
    const others = kept.passwords.filter((other) => other !== one);
    this.store.write({ ...kept, passwords: [{ ...one, worked: true }, ...others] });
  }
}

/** Two that were set one after the other, before a line was opened with either, must not push out the one that works. */
function lastThatWorked(passwords: readonly KeptPassword[], fresh: string): readonly KeptPassword[] {
  const older = passwords.filter(({ text }) => text !== fresh);
  return (older.some(({ worked }) => worked) ? older.filter(({ worked }) => worked) : older).slice(0, 1);
}

/** The bytes that are sent. */
export const passwordBytes = ({ text, spelling }: KeptPassword): Buffer =>
  Buffer.from(text, spelling === "hex" ? "hex" : "utf8");

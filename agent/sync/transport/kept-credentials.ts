// The credentials that a backend has set itself, in a table of their own, whole after every power cut. A new one goes
// to the front and is not trusted before a line was opened with it: the last that worked stays behind it, so that a
// wrong one, or one that only one side kept, never costs the line. What is kept here appears in no message.
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Disk } from "../../ledger/store/disk.js";
import { Table } from "../../ledger/store/table.js";

/** A new one in its spellings, and one that worked. */
const mostPasswords = 3;
/** A new one, and one that worked. */
const mostCertificates = 2;
/** Roots of a backend: one in force and its successors. */
export const mostRoots = 10;

const password = z.strictObject({
  text: z.string().min(1).max(64),
  /** `hex` = the text is the hexadecimal spelling of the bytes that are sent. */
  spelling: z.enum(["plain", "hex"]),
  /** A line was opened with it. */
  worked: z.boolean(),
});
export type KeptPassword = z.infer<typeof password>;

const certificate = z.strictObject({ key: z.string(), chain: z.string(), worked: z.boolean() });
/** The station's certificate: key and chain as PEM, the leaf first. */
export type KeptCertificate = z.infer<typeof certificate>;

/**
 * The client certificate in place of the password (security profile 3): offered under the number of a slot, wanted with
 * the next line, and in force since a line was opened so.
 */
const upgrade = z.strictObject({ slot: z.int().min(0), state: z.enum(["offered", "wanted", "worked"]) });
export type ProfileUpgrade = z.infer<typeof upgrade>;

/** What a line was opened with, of what is kept here. */
export type ShownCredentials = {
  readonly password?: KeptPassword | undefined;
  readonly certificate?: KeptCertificate | undefined;
  /** No password was shown, neither one of these nor that of the config. */
  readonly withoutPassword?: boolean;
};

const shape = z.strictObject({
  passwords: z.array(password).max(mostPasswords),
  certificates: z.array(certificate).max(mostCertificates),
  /** The key for which a certificate was asked, as PEM. */
  askedKey: z.string().nullable(),
  /** The authorities by which the backend may be known, beside those of the config; each as PEM. */
  roots: z.array(z.string()).max(mostRoots),
  upgrade: upgrade.nullable(),
});
export type Credentials = z.infer<typeof shape>;

export const noCredentials: Credentials = { passwords: [], certificates: [], askedKey: null, roots: [], upgrade: null };

/** The name of the table in the state folder. */
export const credentialsTable = (uplink: string): string => `credentials-${uplink}.json`;

/** Names what was read; throws where it does not fit. What an earlier version did not keep is empty. */
export const parseCredentials = (value: unknown): Credentials =>
  shape.parse(typeof value === "object" && value !== null ? { ...noCredentials, ...value } : value);

export class KeptCredentials {
  constructor(private readonly store: { read(): Credentials; write(kept: Credentials): void }) {}

  /** Throws Failure table/damaged, disk/failed, disk/full. */
  static open(disk: Disk, folder: string, uplink: string): KeptCredentials {
    const table = Table.open<Credentials>(
      disk,
      join(folder, credentialsTable(uplink)),
      parseCredentials,
      noCredentials,
    );
    return new KeptCredentials({ read: () => table.data, write: (kept) => void table.update(() => kept) });
  }

  /** In the order in which they are to be tried. */
  get passwords(): readonly KeptPassword[] {
    return this.store.read().passwords;
  }

  /** In the order in which they are to be tried. */
  get certificates(): readonly KeptCertificate[] {
    return this.store.read().certificates;
  }

  get askedKey(): string | null {
    return this.store.read().askedKey;
  }

  get roots(): readonly string[] {
    return this.store.read().roots;
  }

  get upgrade(): ProfileUpgrade | null {
    return this.store.read().upgrade;
  }

  /** Lasts when it returns. More than one spelling where nobody says which of them the backend means. */
  setPassword(text: string, spellings: readonly KeptPassword["spelling"][]): void {
    const fresh = spellings.map((spelling): KeptPassword => ({ text, spelling, worked: false }));
    const older = this.passwords.filter((one) => one.text !== text);
    this.#change({ passwords: [...fresh, ...lastThatWorked(older)] });
  }

  /** A line was opened with these: they are the first to be tried from now on. Writes where that is new. */
  worked({ password, certificate, withoutPassword = false }: ShownCredentials): void {
    const kept = this.store.read();
    const upgrade = upgradeAfter(kept.upgrade, withoutPassword);
    const passwords = asFirst(kept.passwords, password);
    const certificates = asFirst(kept.certificates, certificate);
    if (passwords !== kept.passwords || certificates !== kept.certificates || upgrade !== kept.upgrade)
      this.#change({ passwords, certificates, upgrade });
  }

  /** The key for which a certificate is about to be asked. Lasts when it returns. */
  askFor(askedKey: string): void {
    this.#change({ askedKey });
  }

  /** The certificate of the key that was asked for. Lasts when it returns, and nothing is asked for any more. */
  setCertificate(key: string, chain: string): void {
    const fresh: KeptCertificate = { key, chain, worked: false };
    this.#change({ certificates: [fresh, ...lastThatWorked(this.certificates)], askedKey: null });
  }

  /** It is refused, while another was taken: forgotten, unless a line was once opened with it. */
  certificateRefused(one: KeptCertificate): void {
    const certificates = this.store.read().certificates.filter(({ worked, chain }) => worked || chain !== one.chain);
    if (certificates.length < this.certificates.length) this.#change({ certificates });
  }

  /** Lasts when it returns. */
  setRoots(roots: readonly string[]): void {
    this.#change({ roots: [...roots] });
  }

  /** Lasts when it returns. */
  setUpgrade(upgrade: ProfileUpgrade): void {
    this.#change({ upgrade });
  }

  #change(changes: Partial<Credentials>): void {
    this.store.write({ ...this.store.read(), ...changes });
  }
}

/** Two that were set one after the other, before a line was opened with either, must not push out the one that works. */
function lastThatWorked<One extends { readonly worked: boolean }>(older: readonly One[]): readonly One[] {
  return (older.some(({ worked }) => worked) ? older.filter(({ worked }) => worked) : older).slice(0, 1);
}

/** One that was tried and not taken is no more; one that worked stays, though a password may be asked for besides. */
function upgradeAfter(upgrade: ProfileUpgrade | null, withoutPassword: boolean): ProfileUpgrade | null {
  if (upgrade?.state !== "wanted") return upgrade;
  return withoutPassword ? { ...upgrade, state: "worked" } : null;
}

/** The same list where nothing changes. */
function asFirst<One extends { readonly worked: boolean }>(all: One[], one: One | undefined): One[] {
  if (one === undefined) return all;
  const isSame = (other: One): boolean => isDeepStrictEqual({ ...other, worked: true }, { ...one, worked: true });
  const [first] = all;
  if (first?.worked === true && isSame(first)) return all;
  return [{ ...one, worked: true }, ...all.filter((other) => !isSame(other))];
}

/** The bytes that are sent. */
export const passwordBytes = ({ text, spelling }: KeptPassword): Buffer =>
  Buffer.from(text, spelling === "hex" ? "hex" : "utf8");

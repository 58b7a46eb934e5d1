// The secret link of each session, from its start to its receipt and for some weeks after: 128 bits that follow from the
// session's id and a key of this table, so that a session costs no write when it begins, and one when its receipt is
// there. The key leaves the station nowhere.
import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "../../config/schema.js";
import { Failure } from "../core/failure.js";
import { payloadOf } from "../core/receipt/receipt-payload.js";
import type { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";

export const sessionLinksFile = "session-links.json";

/** More than a busy station settles in a month; the oldest go first. */
const mostLinks = 5_000;

const schema = z.strictObject({
  key: z.string().regex(/^[0-9a-f]{64}$/, "expected 32 bytes in hex"),
  links: z
    .array(z.strictObject({ link: z.string().length(22), receipt: z.int().min(1), untilMs: z.number() }))
    .max(mostLinks),
});
type Links = z.infer<typeof schema>;

/** Names the shape of the file. Throws an Error that names the field where it does not fit. */
export function parseSessionLinks(value: unknown): Links {
  const read = schema.safeParse(value);
  if (!read.success) throw new Error(`the links of sessions cannot be read: ${z.prettifyError(read.error)}`);
  return read.data;
}

/** A first table: a key of its own, and no link. */
export const noSessionLinks = (): Links => ({ key: randomBytes(32).toString("hex"), links: [] });

export type LinkedSession = { readonly sessionId: string; readonly receipt: number; readonly untilMs: number };

export class SessionLinks {
  readonly #table: Table<Links>;

  private constructor(table: Table<Links>) {
    this.#table = table;
  }

  /** Throws Failure table/damaged, disk/failed, disk/full. */
  static open(disk: Disk, folder: string): SessionLinks {
    return new SessionLinks(Table.open(disk, join(folder, sessionLinksFile), parseSessionLinks, noSessionLinks()));
  }

  /** The link of a session, the same at each call and after a restart. */
  linkOf(sessionId: string): string {
    const mac = createHmac("sha256", Buffer.from(this.#table.data.key, "hex")).update(`session link\0${sessionId}`);
    return mac.digest().subarray(0, 16).toString("base64url");
  }

  /** The receipt that a link leads to, if it has one and is not over. */
  receiptOf(link: string, atMs: number): number | undefined {
    return this.#table.data.links.find((row) => row.link === link && row.untilMs > atMs)?.receipt;
  }

  /** The highest receipt number that has a link; 0 = none has. */
  newest(): number {
    return this.#table.data.links.reduce((most, { receipt }) => Math.max(most, receipt), 0);
  }

  /**
   * The session has a receipt; its link leads there until `untilMs`, or longer where it does already: a printed link
   * keeps its time. Links that are over go. Throws disk/failed.
   */
  lead(sessionId: string, receipt: number, { atMs, untilMs }: { atMs: number; untilMs: number }): string {
    this.leadAll([{ sessionId, receipt, untilMs }], atMs);
    return this.linkOf(sessionId);
  }

  /** The same for several sessions in one write; none where all of them are over. Throws disk/failed. */
  leadAll(receipts: readonly LinkedSession[], atMs: number): void {
    const added = receipts
      .filter(({ untilMs }) => untilMs > atMs)
      .map(({ sessionId, receipt, untilMs }) => ({ link: this.linkOf(sessionId), receipt, untilMs }));
    if (added.length === 0) return;
    const links = new Map(this.#table.data.links.filter((row) => row.untilMs > atMs).map((row) => [row.link, row]));
    for (const row of added) {
      const untilMs = Math.max(row.untilMs, links.get(row.link)?.untilMs ?? 0);
      // What was led last goes last.
      links.delete(row.link);
      links.set(row.link, { ...row, untilMs });
    }
    this.#table.update((before) => ({ ...before, links: [...links.values()].slice(-mostLinks) }));
  }
}

/** The address of the driver's page, to put a path behind. */
export const pageAddress = ({ address }: Pick<NonNullable<Config["page"]>, "address">): string =>
  address.replace(/\/$/, "");

/**
 * Where the receipt of a sale is found on the driver's page, to print on it; undefined where the config has no page, or
 * one that a driver opens at the station alone. A table that is damaged costs the address and never the receipt: the page
 * tells of it.
 */
export function printedAddress(
  disk: Disk,
  { page, state }: Pick<Config, "page" | "state">,
): (jws: string) => string | undefined {
  let links: SessionLinks | undefined;
  return (jws) => {
    const payload = page?.reach === "proxy" ? payloadOf(jws) : undefined;
    if (page === undefined || payload?.kind !== "sale") return undefined;
    try {
      links ??= SessionLinks.open(disk, state);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return undefined;
    }
    return `${pageAddress(page)}/r/${links.linkOf(payload.sale.sessionId)}`;
  };
}

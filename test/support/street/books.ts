// The auditor: what must hold of a street's books when all is settled, whatever happened before. Throws with the first
// thing that does not.
import assert from "node:assert/strict";
import { type CdrCopies, withPerson } from "../../../agent/core/cdr/cdr-copies.js";
import { milliWhOfKwh } from "../../../agent/core/number/energy-text.js";
import type { SalePayload } from "../../../agent/core/receipt/receipt-payload.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { verifyEvidence } from "../../../agent/core/verify/verify.js";
import { bookFormat, bookNote } from "../../../agent/core/verify/verify-book.js";
import { Book } from "../../../agent/ledger/book/book.js";
import type { BookEntry } from "../../../agent/ledger/book/book-page.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { isForgotten, personOf, type ShownDisclosures, viewDisclosures } from "../../../agent/receipts/disclosures.js";
import { pinsOf, verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { type Street, stateFolder } from "./street.js";

/** The meters of the demo's config show whole watt-hours; what is below is not billed yet, and not lost. */
const demoStepMilliWh = 1_000;
const tools = verifyTools();

export type Audit = {
  readonly entries: readonly BookEntry[];
  readonly sales: readonly SalePayload[];
  /** mWh that the meters counted, in whole Wh, and mWh on receipts. */
  readonly countedMilliWh: number;
  readonly billedMilliWh: number;
};

export type AuditOptions = {
  /** The steps of the street's meters, where they are not the demo's. */
  readonly stepMilliWh?: number;
  /** mWh that may have flowed and that nobody may be billed for, with every fault's reason at hand; default none. */
  readonly unbilledAtMost?: number;
  /** mWh that flowed and are on no receipt, where somebody has kept count: no more and no less. */
  readonly unbilled?: number;
  /** False = leave the signatures, which cost a millisecond each, to another time. */
  readonly prove?: boolean;
};

/** Proves the books of a street in which all sessions are over and all is sent. */
export function audit(street: Street, options: AuditOptions = {}): Audit {
  const files = street.files.copy();
  const disk = new Disk(files);
  const book = Book.open(disk, `${stateFolder}/book`);
  book.verifyAll();
  const entries = [...book.entries()];
  const sales = entries.flatMap(({ jws }) => {
    const payload = payloadOf(jws);
    return payload?.kind === "sale" ? [payload] : [];
  });
  if (options.prove !== false) auditProofs(street, files, entries);
  auditFiles(files);
  auditSessions(street, entries);
  auditBackend(street, entries, viewDisclosures(disk, stateFolder));
  const energy = auditEnergy(street, sales, options);
  return { entries, sales, ...energy };
}

/** Every receipt, the chain, the running totals and the pagination, as anyone may check them with the station's key. */
function auditProofs(street: Street, files: Street["files"], entries: readonly BookEntry[]): void {
  const pins = pinsOf(["station.pub.pem"], () => files.peek(`${stateFolder}/station.pub.pem`).toString("utf8"));
  const receipts = entries.map(({ jws }) => jws);
  const text = JSON.stringify({
    format: bookFormat,
    note: bookNote,
    station: street.loaded.config.station.id,
    receipts,
    disclosures: receipts.map(() => []),
    checkpoint: "",
  });
  const handedOut = files
    .allFiles()
    .filter((path) => path.startsWith(`${stateFolder}/receipts/`) && path.endsWith(".json"));
  const files_ = handedOut.map((path) => ({ name: path, text: files.peek(path).toString("utf8") }));
  const findings = verifyEvidence([{ name: "the book", text }, ...files_], pins, tools);
  const faults = findings.flatMap(({ subject, checks }) =>
    checks
      .filter(({ verdict }) => verdict === "fails" || verdict === "unproven")
      .map(({ name, detail }) => `${subject}: ${name}: ${detail}`),
  );
  assert.deepEqual(faults, [], "every receipt proves itself, and the book as a whole");
  const sold = entries
    .filter(({ kind }) => kind === "sale")
    .map(({ number }) => `${stateFolder}/receipts/receipt-${String(number).padStart(6, "0")}`);
  assert.deepEqual(
    files.allFiles().filter((path) => path.startsWith(`${stateFolder}/receipts/`) && !path.endsWith(".new")),
    sold.flatMap((path) => [`${path}.json`, `${path}.txt`]),
    "every receipt lies there for its driver",
  );
}

/** What no one proves by signature: the papers for people, and the marks that tell a lost store from a first run. */
function auditFiles(files: Street["files"]): void {
  const paths = files.allFiles();
  for (const path of paths.filter((name) => name.startsWith(`${stateFolder}/receipts/`) && name.endsWith(".txt")))
    assert.match(files.peek(path).toString("utf8"), /TOTAL[\s\S]*\n$/, `${path} is whole`);
  for (const path of paths.filter((name) => name.endsWith(".made") && !name.endsWith("journal.made")))
    assert.match(files.peek(path).toString("utf8"), /^The store .*\n$/s, `${path} is whole`);
}

/** Each session that anyone saw begin has its one receipt; what was handed out once stands there for ever. */
function auditSessions({ seen }: Street, entries: readonly BookEntry[]): void {
  const sessions = entries.filter(({ kind }) => kind === "sale").map(({ sessionId }) => sessionId);
  assert.equal(new Set(sessions).size, sessions.length, `no session has two receipts: ${sessions.join(" ")}`);
  assert.deepEqual(
    [...seen.began].filter((id) => !sessions.includes(id)),
    [],
    "every session that began has its receipt",
  );
  for (const [number, jws] of seen.receipts)
    assert.equal(entries[number - 1]?.jws, jws, `receipt ${number}, once handed out, stays what it is`);
}

/**
 * At the backend each receipt's CDR is there once after deduplication by id, every copy is the same to the byte, and
 * none came after its acknowledgement was told.
 */
function auditBackend({ backend, seen }: Street, entries: readonly BookEntry[], disclosures: ShownDisclosures): void {
  const expected = entries.flatMap((entry) =>
    entry.kind === "sale"
      ? [
          [
            entry.cdrId,
            withPerson((entry.cdr as CdrCopies).texts["2.3.0"] ?? "", personOf(entry, disclosures)),
          ] as const,
        ]
      : [],
  );
  assert.deepEqual(
    [...backend.cdrs.keys()].sort(),
    expected.map(([id]) => id).sort(),
    "the backend holds what was sold",
  );
  const texts = new Map(expected);
  const lost = new Set(entries.filter((entry) => isForgotten(entry, disclosures)).map(({ cdrId }) => cdrId));
  for (const { id, body } of backend.posts) {
    // Whose a sale was may have been lost with its page since it was sent: the rest is what is kept.
    if (lost.has(id)) assert.deepEqual(withoutToken(body), withoutToken(texts.get(id) ?? ""), `what ${id} says`);
    else assert.equal(body, texts.get(id), `every copy of ${id} is the same to the byte`);
    assert.equal(body, backend.posts.find((post) => post.id === id)?.body, `every copy of ${id} is the same`);
  }
  for (const [number, sent] of seen.acknowledged) {
    const id = entries[number - 1]?.cdrId;
    assert.ok(
      !backend.posts.slice(sent).some((post) => post.id === id),
      `receipt ${number} was sent again after its acknowledgement was told`,
    );
  }
}

/** What the receipts bill is what the meters counted: a meter counts only while its contactor is closed. */
function auditEnergy(
  { before, world }: Street,
  sales: readonly SalePayload[],
  { stepMilliWh = demoStepMilliWh, unbilledAtMost = 0, unbilled }: AuditOptions,
): Pick<Audit, "countedMilliWh" | "billedMilliWh"> {
  const shown = (milliWh: number): number => Math.floor(milliWh / stepMilliWh) * stepMilliWh;
  let countedMilliWh = 0;
  for (const [id, outlet] of Object.entries(world.outlets))
    countedMilliWh += shown(outlet.registerMilliWh) - shown(before.outlets[Number(id)]?.registerMilliWh ?? 0);
  let billedMilliWh = 0;
  for (const { sale, number } of sales) {
    const energy = energyOf(sale);
    assert.ok(energy >= 0, `receipt ${number} bills ${energy} mWh`);
    billedMilliWh += energy;
  }
  if (unbilled !== undefined) {
    assert.equal(
      billedMilliWh + unbilled,
      countedMilliWh,
      "the receipts bill what the meters counted, but for what a mishap hid",
    );
    return { countedMilliWh, billedMilliWh };
  }
  if (unbilledAtMost === 0)
    assert.equal(billedMilliWh, countedMilliWh, "the receipts bill what the meters counted, no more and no less");
  assert.ok(
    billedMilliWh <= countedMilliWh && countedMilliWh - billedMilliWh <= unbilledAtMost,
    `${billedMilliWh} mWh billed of ${countedMilliWh}, at most ${unbilledAtMost} may be missing`,
  );
  return { countedMilliWh, billedMilliWh };
}

function energyOf(sale: SalePayload["sale"]): number {
  const milliWh = milliWhOfKwh(sale.energyKwh);
  if (milliWh === undefined) throw new Error(`${sale.energyKwh} is no energy`);
  return milliWh;
}

function withoutToken(cdr: string): object {
  const { cdr_token: _, ...rest } = JSON.parse(cdr) as { readonly cdr_token?: unknown };
  return rest;
}

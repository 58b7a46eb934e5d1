// The files of the test vectors, by name: what stands in test/verifier/vectors and, in small, in FORMAT.md.

import { creditFormText } from "../../../agent/core/codes/credit-form.js";
import { canonicalText } from "../../../agent/core/json/json-text.js";
import { ocmfXml } from "../../../agent/core/ocmf/ocmf-xml.js";
import type { Issued } from "../../../agent/core/receipt/issuing.js";
import { rotationText } from "../../../agent/core/receipt/receipt.js";
import { receiptFileNote } from "../../../agent/core/receipt/receipt-file.js";
import { type CreditPayload, payloadOf, type SalePayload } from "../../../agent/core/receipt/receipt-payload.js";
import { noTotals, totalsAfter } from "../../../agent/core/receipt/totals.js";
import { parseCheckpoint, verifierKey } from "../../../agent/core/signing/checkpoint.js";
import { leafHash } from "../../../agent/core/signing/merkle.js";
import { signedRecord } from "../../../agent/core/verify/commissioning.js";
import {
  derivedFiles,
  manifestOf,
  namesIn,
  readmeFile,
  recordFiles,
  signedManifest,
} from "../../../agent/core/verify/dispute.js";
import { bookNote } from "../../../agent/core/verify/verify-book.js";
import { genesis, writeLine } from "../../../agent/ledger/journal/journal-line.js";
import { sha256, sha256Hex } from "../../../agent/ledger/store/digest.js";
import { zipped } from "../../../agent/receipts/dispute/zip.js";
import {
  bookFileOf,
  checkpointAt,
  consistencyFileOf,
  proofFileOf,
  receiptFileOf,
} from "../../../agent/receipts/output/exports.js";
import { receiptAt, startMs } from "../sample-receipt.js";
import { firstKey, secondKey, vectorBook, vectorSource } from "./vector-book.js";

export type Vectors = {
  /** Whole files. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Pieces of a line or a few, as FORMAT.md shows them. */
  readonly pieces: ReadonlyMap<string, string>;
};

const saleOf = (issued: Issued): SalePayload => payloadOf(issued.jws) as SalePayload;

/** Makes them all anew. */
export function makeVectors(): Vectors {
  const book = vectorBook();
  const source = vectorSource(book);
  const { checkpoint } = receiptAt(book, book.length);
  const third = saleOf(receiptAt(book, 3));
  const credit = payloadOf(receiptAt(book, 4).jws) as CreditPayload;
  const [page] = /T\d+/.exec(third.sale.ocmf) ?? ["T0"];
  const texts: readonly (readonly [string, string])[] = [
    ["book.json", bookFileOf(source, checkpoint)],
    ["receipt-2.json", receiptFileOf(source, 2, checkpoint)],
    ["receipt-3.json", receiptFileOf(source, 3, checkpoint, true)],
    ["proof-3.txt", proofFileOf(source, 3, checkpoint)],
    ["checkpoint-3.txt", checkpointAt(source, 3, checkpoint)],
    ["checkpoint-10.txt", checkpoint],
    ["consistency-3-10.json", consistencyFileOf(source, checkpointAt(source, 3, checkpoint), checkpoint)],
    ["code-3.txt", third.sale.short],
    ["code-4.txt", credit.credit.short],
    ["record-3.txt", third.sale.ocmf],
    ["record-3.xml", ocmfXml(third.sale.ocmf, Number(page.slice(1)), third.key.spki)],
    ["commissioning.json", commissioning()],
    ["journal.jsonl", journal()],
  ];
  const files = new Map<string, Uint8Array>(texts.map(([name, text]) => [name, Buffer.from(text)]));
  files.set("archive-3.zip", archive(book, texts));
  return { files, pieces: piecesOf(book) };
}

function piecesOf(book: readonly Issued[]): ReadonlyMap<string, string> {
  const start = receiptAt(book, 1);
  const change = payloadOf(receiptAt(book, 6).jws);
  const credit = payloadOf(receiptAt(book, 4).jws) as CreditPayload;
  const note = parseCheckpoint(start.checkpoint);
  const { totals } = receiptAt(book, book.length).chain;
  const takenBack = totalsAfter(totalsAfter(noTotals, saleOf(receiptAt(book, 2))), credit);
  return new Map([
    ["keys", [firstKey, secondKey].map(({ keyId, spkiHex }) => `${spkiHex}\n${keyId}`).join("\n")],
    ["note key", verifierKey("CT-0042", firstKey.spkiHex, sha256)],
    ["start receipt", start.jws],
    ["start payload", payloadText(start.jws)],
    ["disclosure of 1", `${start.disclosures.join("\n")}\n${payloadOf(start.jws)?.commitments.totals ?? ""}`],
    ["digest of 1", sha256Hex(start.jws)],
    ["leaf of 1", leafHash(Buffer.from(start.jws), sha256)],
    ["checkpoint of 1", start.checkpoint.trimEnd()],
    ["root of 1", note?.checkpoint.root ?? ""],
    ["unsigned checkpoint of 7", receiptAt(book, 7).checkpoint.trimEnd()],
    ["note of a receipt file", receiptFileNote],
    ["note of a book", bookNote],
    ["totals of 10", canonicalText(totals)],
    ["totals of 2 and 4 alone", canonicalText(takenBack)],
    ["change of key", JSON.stringify(rotationText("CT-0042", 6, firstKey.keyId, secondKey.keyId))],
    ["next key", change?.kind === "key" ? JSON.stringify(change.next, null, 1) : ""],
    ["code of 3", saleOf(receiptAt(book, 3)).sale.short],
    ["code of 4", credit.credit.short],
    ["text of code 4", creditFormText(credit, credit.key.id)],
    ["record of 3", saleOf(receiptAt(book, 3)).sale.ocmf],
    ["journal", journal().trimEnd()],
  ]);
}

const payloadText = (jws: string): string => Buffer.from(jws.split(".")[1] ?? "", "base64url").toString();

function commissioning(): string {
  return signedRecord(
    {
      format: "chargetill commissioning 1",
      station: "CT-0042",
      version: "0.1.0",
      at: "2026-03-28T12:00:00.000Z",
      by: "A. Technician",
      passed: true,
      findings: [{ check: "meter 1", value: "SN-20190001", verdict: "ok" }],
      contactors: [{ connector: 1, checked: true, passed: true, words: "opens and closes" }],
      meters: [{ connector: 1, checked: true, passed: true, words: "counts the load" }],
    },
    firstKey,
  );
}

function journal(): string {
  const moment = { at: startMs, monoMs: 1_000, boot: "boot-1", trust: "synced" as const };
  const header = writeLine({ segment: 1, firstSeq: 1, prev: genesis });
  const first = writeLine({ seq: 1, batch: [1, 2], moment, prev: header.check, event: { type: "Started" } });
  const event = { type: "PlugChanged", connector: 1, plugged: true };
  const second = writeLine({ seq: 2, batch: [1, 2], moment, prev: first.check, event });
  return header.text + first.text + second.text;
}

/** An archive about receipt 3, whose page and verdict are of no version of the program. */
function archive(book: readonly Issued[], texts: readonly (readonly [string, string])[]): Uint8Array {
  const receipt = receiptAt(book, 3);
  const payload = saleOf(receipt);
  const about = {
    ...manifestOf(payload, receipt.jws, sha256Hex),
    version: "0.0.0",
    language: "en",
    later: {},
    redacted: false,
  } as const;
  const text = (name: string): string => texts.find(([of]) => of === name)?.[1] ?? "";
  const all = [
    readmeFile(about),
    ...derivedFiles(payload),
    ...recordFiles(payload),
    { name: "receipt.html", text: "<!doctype html><title>the page</title>\n" },
    { name: "verify.html", text: "<!doctype html><title>the verifier</title>\n" },
    { name: "verdict.txt", text: "the verdict\n" },
    { name: "verdict.json", text: "[]\n" },
    { name: "proof.txt", text: text("proof-3.txt") },
    { name: "keys.txt", text: `${receiptAt(book, 6).jws}\n` },
    { name: "receipt.json", text: text("receipt-3.json") },
    // Of one session, so without the header of a segment.
    { name: "journal.jsonl", text: text("journal.jsonl").replace(/^.*\n/, "") },
  ];
  const files = namesIn(about).flatMap((name) => all.find((file) => file.name === name) ?? []);
  const listed = files.map((file) => ({ name: file.name, sha256: sha256Hex(file.text) }));
  const manifest = signedManifest({ ...about, files: listed }, secondKey);
  return zipped([manifest, ...files].map((file) => ({ name: file.name, bytes: Buffer.from(file.text) })));
}

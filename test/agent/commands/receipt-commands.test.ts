// The receipts as a person meets them: texts, pages, tables and files, and that each of these files is accepted by the
// verifier.

import type { KeyObject } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { keyCommands, keyText } from "../../../agent/commands/key.js";
import { receiptCommands, renderReceipt } from "../../../agent/commands/receipt.js";
import { issueCredit } from "../../../agent/core/corrections/credit.js";
import { Failure } from "../../../agent/core/failure.js";
import { receiptSheet } from "../../../agent/core/print/receipt-sheet.js";
import { receiptText } from "../../../agent/core/print/receipt-text.js";
import type { Issued } from "../../../agent/core/receipt/issuing.js";
import { issueReceipt } from "../../../agent/core/receipt/receipt.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { exitCode } from "../../../agent/core/verify/check-result.js";
import type { TrustedKeys } from "../../../agent/core/verify/trusted-keys.js";
import { verifyEvidence } from "../../../agent/core/verify/verify.js";
import { languageWords } from "../../../agent/core/words/words.js";
import type { BookEntry } from "../../../agent/ledger/book/book-page.js";
import { sha256 } from "../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../agent/receipts/dispute/findings-text.js";
import { newestCheckpoint, type ReceiptSource } from "../../../agent/receipts/output/exports.js";
import { receiptHtml } from "../../../agent/receipts/output/html.js";
import { codeLines, codeModules } from "../../../agent/receipts/output/qr-code.js";
import { bookRow, csvText, issuedWithin, listText, summaryOf } from "../../../agent/receipts/output/tables.js";
import { type KeyStore, newKey, openSigner, privatePem, signerOf } from "../../../agent/receipts/signing-keys.js";
import { languages } from "../../../config/languages.js";
import { pdfObjects, pdfText } from "../../support/pdf/pdf-text.js";
import {
  brokenSigner,
  chainOf,
  creditOrder,
  littleBook,
  occasion,
  receiptAt,
  settlement,
  signer,
  station,
  tariff,
} from "../../support/sample-receipt.js";

const tools = verifyTools();
const pins: TrustedKeys = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };

function sourceOf(issued: readonly Issued[], kinds: Readonly<Record<number, string>> = {}): ReceiptSource {
  const entries = issued.map(
    ({ jws, ocmf }, at): BookEntry => ({
      number: at + 1,
      sessionId: `session-${at + 1}`,
      cdrId: `cdr-${at + 1}`,
      jws,
      ocmf,
      cdr: ocmf === "" ? null : { id: `cdr-${at + 1}` },
      issuedMs: 0,
      kind: kinds[at + 1] ?? (ocmf === "" ? "start" : "sale"),
      ...concernOf(jws),
    }),
  );
  return {
    count: () => entries.length,
    get: (number) => entries[number - 1],
    entries: (from = 1) => entries.slice(from - 1),
    concerning: (number) => entries.filter(({ concerns }) => concerns === number),
  };
}

function concernOf(jws: string): { readonly concerns?: number } {
  const payload = payloadOf(jws);
  if (payload?.kind === "credit") return { concerns: payload.credit.number };
  return payload?.kind === "sale" && payload.corrects !== undefined ? { concerns: payload.corrects } : {};
}

const books = littleBook(3);
books.push(
  issueCredit(
    occasion,
    receiptAt(books, 3).jws,
    creditOrder('wrong tariff, "really"', "cdr-3-credit"),
    chainOf(books),
    signer,
    sha256,
  ),
);
books.push(issueReceipt(settlement(6, { pagination: 4, sessionId: "session-3" }), chainOf(books), signer, sha256, 3));
const source = sourceOf(books, { 5: "credit" });
const jws = receiptAt(books, 2).jws;

/** Runs a command as the command line would; what it prints, or the word it refuses with. */
async function run(...words: string[]): Promise<{ out: string; saved: ReadonlyMap<string, string> }> {
  let out = "";
  const saved = new Map<string, string>();
  const sources = { receipts: source, language: "en" as const, newest: () => newestCheckpoint(source, signer) };
  const command = receiptCommands(
    () => sources,
    (path, content) => void saved.set(path, Buffer.from(content).toString()),
    (content) => void (out += Buffer.from(content).toString()),
  );
  for (const one of [command, ...command.commands]) one.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync(words, { from: "user" });
  return { out, saved };
}

const files = suite("receipt files");

files("every receipt that is exported holds, the newest too", async () => {
  for (const number of ["1", "2", "5", "6"]) {
    const { out } = await run("export", number);
    const findings = verifyEvidence([{ name: `receipt ${number}`, text: out }], pins, tools);
    assert.is(exitCode(findings), 0, findingsText(findings));
  }
});

files("every receipt has a PDF, and the file that it carries holds", () => {
  const sources = { receipts: source, language: "en" as const, newest: () => newestCheckpoint(source, signer) };
  for (const number of [1, 2, 5, 6]) {
    const pdf = Buffer.from(renderReceipt(sources, number, "pdf", "de", true));
    const carried = [...pdfObjects(pdf).values()].find(({ head }) => head.includes("/Type /EmbeddedFile"));
    const text = carried?.stream?.toString("utf8") ?? "";
    const findings = verifyEvidence([{ name: `receipt-${number}.json`, text }], pins, tools);
    assert.is(exitCode(findings), 0, findingsText(findings));
    assert.ok(pdfText(pdf).includes("KOPIE"));
  }
});

files("the exported book, a proof, a consistency proof and the OCMF forms hold", async () => {
  const forms = await Promise.all([
    run("export", "--format", "book"),
    run("export", "2", "--format", "ocmf-xml"),
    run("export", "2", "--format", "ocmf"),
    run("consistency", "2", "6"),
    run("consistency", "6", "6"),
    run("checkpoint"),
  ]);
  for (const { out } of forms) {
    const findings = verifyEvidence([{ name: "form", text: out }], pins, tools);
    assert.is(exitCode(findings), 0, findingsText(findings));
  }
  const proof = (await run("prove", "2")).out;
  const inJson = JSON.parse((await run("prove", "2", "--json")).out) as { number: number; proof: string };
  // The checkpoint in it is signed anew each time, and no two signatures are the same.
  assert.equal([inJson.number, inJson.proof.split("\n\n")[0]], [2, proof.split("\n\n")[0]]);
  assert.not.match(proof, /04A1B2C3D4E5F6|session/);
  const receipt = { name: "receipt", text: (await run("export", "2")).out };
  const together = verifyEvidence([receipt, { name: "proof", text: proof }], pins, tools);
  assert.is(exitCode(together), 0, findingsText(together));
  assert.match(findingsText(together), /receipt 2 is one of 6 receipts/);
  const other = verifyEvidence(
    [
      { name: "receipt", text: (await run("export", "2")).out },
      { name: "proof", text: proof.replace("index 1", "index 2") },
      { name: "third", text: (await run("export", "3")).out },
    ],
    pins,
    tools,
  );
  assert.is(exitCode(other), 1);
});

files("a file is written only where --out names one", async () => {
  const { out, saved } = await run("export", "2", "--out", "receipt.json");
  assert.is(out, "");
  assert.match(saved.get("receipt.json") ?? "", /^\{\n "format": "chargetill receipt file 1"/);
});

files("a wrong number, format, date or span is refused with a word", async () => {
  const refused = async (...words: string[]): Promise<string> => {
    try {
      await run(...words);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return "";
  };
  assert.match(await refused("show", "7"), /no receipt 7: they are numbered 1 to 6/);
  assert.match(await refused("show", "x"), /receipt number/);
  assert.match(await refused("export", "2", "--format", "pdfx"), /expected one of json, text/);
  assert.match(await refused("export", "--format", "html"), /expected one of csv/);
  assert.match(await refused("export", "1", "--format", "ocmf"), /not a sale/);
  assert.match(await refused("list", "--from", "28.03.2026"), /2026-03-28/);
  assert.match(await refused("consistency", "6", "2"), /older checkpoint/);
});

files.run();

const people = suite("receipts for people");

people("the text fits its width in every language, and never shows a whole UID", () => {
  for (const language of languages) {
    for (const issued of books) {
      const sheet = receiptSheet(issued.jws, sha256, { language });
      const wide = receiptText(sheet, 80, sheet.code === undefined ? [] : codeLines(sheet.code));
      const narrow = receiptText(sheet, 32);
      for (const [text, width] of [
        [wide, 80],
        [narrow, 32],
      ] as const) {
        for (const line of text.split("\n")) assert.ok(line.length <= width, `${language}, ${width}: ${line}`);
        assert.not.match(text, /04A1B2C3D4E5F6|C12345678/);
      }
      assert.not.match(receiptHtml(issued.jws, sha256, { language }), /04A1B2C3D4E5F6|C12345678/);
    }
  }
});

people("a sale's receipt says what the checklist asks for", () => {
  const text = receiptText(receiptSheet(jws, sha256, { language: "en" }), 80);
  const wanted = [
    "RECEIPT 2",
    "Stadtwerke Müllheim",
    "Hauptstraße 1, 12345 Müllheim",
    "DE123456789",
    "+49 800 1234567",
    "Rathaus, Marktplatz 3",
    "DE*ABC*E0001*1",
    "AC up to 11 kW",
    "2026-03-28 22:30:00 +01:00",
    "2026-03-29 00:00:00 +01:00",
    "clock synchronised",
    "Register begin  1234.500 kWh",
    "Register end    1246.845 kWh",
    "serial SN-20190001",
    "12.345 kWh",
    "12.345 kWh x 0.595 EUR/kWh incl. tax",
    "1.19 EUR",
    "TOTAL",
    "8.54 EUR",
    "net 7.17 + tax 1.37",
    "half up, once, at the total",
    "Energy: 0.595 EUR per kWh (incl. 19 % VAT)",
    "standard, 2026-01-01T00:00:00Z",
    settlement(2).tariffDigest,
    "by the driver",
    "Interruptions   none",
    "…E5F6",
    "billed to contract …78-X",
    "session-2",
    "cdr-2",
    signer.publicKey.fingerprint,
    "https://laden.example.org/v",
    "chargetill verify",
    "Complaints",
    "not a calibration-law approval",
    "Not a tax invoice",
    "Loss adjustment none",
  ];
  for (const words of wanted) assert.ok(text.includes(words), `"${words}" is missing`);
});

people("the code's half blocks are the modules of the code, dark on light for paper and turned for a terminal", () => {
  const { code = "" } = receiptSheet(jws, sha256, { language: "en" });
  const { size, isDark } = codeModules(code);
  for (const onPaper of [true, false]) {
    const lines = codeLines(code, onPaper).map((line) => [...line]);
    for (let row = 0; row < size; row += 1)
      for (let column = 0; column < size; column += 1) {
        const block = lines[Math.floor((row + 2) / 2)]?.[column + 2] ?? "";
        const drawn = (row % 2 === 0 ? "▀█" : "▄█").includes(block);
        assert.is(drawn, isDark(row, column) === onPaper, `${row}, ${column}`);
      }
    assert.ok(lines.every((line) => line.length === size + 4));
  }
});

people("amounts and dates are written as each language does", () => {
  const german = receiptText(receiptSheet(jws, sha256, { language: "de" }), 80);
  assert.match(german, "28.03.2026 22:30:00 +01:00");
  assert.match(german, "8,54 EUR");
  assert.match(german, "1234,500 kWh");
  assert.match(receiptText(receiptSheet(jws, sha256, { language: "fr" }), 80), "28/03/2026");
  assert.match(receiptText(receiptSheet(jws, sha256, { language: "nl" }), 80), "28-03-2026");
});

people("no label is cut at 80 columns", () => {
  for (const language of languages)
    for (const issued of books)
      for (const row of receiptSheet(issued.jws, sha256, { language }).sections.flatMap((section) => section.rows))
        if (row.kind === "fact")
          for (const word of row.label.split(" ")) assert.ok(word.length <= 15, `${language}: ${row.label}`);
  assert.ok(languageWords.en.receipt.labels.total.length > 0);
});

people("copies, corrections, credits and unsigned receipts say so", async () => {
  assert.match((await run("show", "2", "--copy")).out, "*** COPY ***");
  assert.match((await run("show", "3")).out, "*** Corrected by receipt 6 ***");
  assert.match((await run("show", "3")).out, "*** Credited by receipt 5 ***");
  assert.match((await run("show", "5")).out, "*** Takes back receipt 3 ***");
  assert.match((await run("show", "6")).out, "*** Corrects receipt 3 ***");
  assert.match((await run("list")).out, /\n 3 {2}sale .*Local; credited by 5, corrected by 6\n/);
  assert.match((await run("export", "3", "--format", "html")).out, "Credited by receipt 5");
  assert.match((await run("show", "6")).out, "*** Corrects receipt 3 ***");
  const credit = (await run("show", "5")).out;
  assert.match(credit, "CREDIT RECEIPT 5");
  assert.match(credit, "-8.54 EUR");
  const unsigned = issueReceipt(settlement(3), chainOf(littleBook(1)), brokenSigner, sha256);
  assert.match(receiptText(receiptSheet(unsigned.jws, sha256, { language: "en" }), 80), "NOT SIGNED");
  assert.is(receiptSheet(unsigned.jws, sha256, { language: "en" }).code, undefined);
});

people("a name from a file cannot steer the terminal, nor break the page", () => {
  const hostile = "\u001b[31m<script>alert(1)</script>\u009b";
  const changed = issueReceipt(
    settlement(3, { stopDetail: hostile, station: { ...station, operator: { ...station.operator, name: hostile } } }),
    chainOf(littleBook(1)),
    signer,
    sha256,
  );
  const sheet = receiptSheet(changed.jws, sha256, { language: "en" });
  assert.not.match(receiptText(sheet, 80), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  assert.not.match(receiptHtml(changed.jws, sha256, { language: "en" }), /<script|[\u001b\u009b]/);
});

people("the page loads nothing from anywhere, and draws the curves of power and cost", () => {
  const page = receiptHtml(jws, sha256, { language: "en" });
  assert.match(page, "default-src 'none'");
  assert.not.match(page, /src=|href="(?!tel:|mailto:)|url\(|@import/);
  assert.is((page.match(/<svg /g) ?? []).length, 2);
  // Power is constant and the cost rises in a straight line: 1.19 of 8.54 at the start.
  assert.match(page, /stroke-dasharray/);
  assert.match(page, "TOTAL");
});

people.run();

const tables = suite("receipts for the books");

tables("the list has a line per receipt", async () => {
  const lines = (await run("list")).out.trimEnd().split("\n");
  assert.is(lines.length, 7);
  assert.match(lines[2] ?? "", /^ 2 {2}sale .*DE\*ABC\*E0001\*1 +12\.345 +8\.54 +EUR +…E5F6 +Local$/);
});

const lost = [...littleBook(1)];
for (const clocks of [{ endTrust: "unsynced" }, { startTrust: "unsynced" }] as const) {
  const sold = { ...clocks, pagination: lost.length, issuedMs: 0, issuedTrust: "unsynced" } as const;
  lost.push(issueReceipt(settlement(lost.length + 1, sold), chainOf(lost), signer, sha256));
}

tables("what was sold under a clock that was not set is of no day in 1970, and missing from no range", () => {
  const ofDay = summaryOf(sourceOf(lost), "day", {}).map(({ group, sales }) => [group, sales]);
  // Of the second the begin is known, of the third nothing.
  assert.equal(ofDay, [
    ["2026-03-29", 1],
    ["2026-03-28", 1],
    ["not known", 1],
  ]);
  const range = { from: "2026-03-28", to: "2026-03-28" };
  assert.equal(
    [...issuedWithin(sourceOf(lost), range)].map(({ number }) => number),
    [1, 3, 4],
  );
  const rows = [...issuedWithin(sourceOf(lost), {})].map((payload) => bookRow(payload, {}));
  assert.equal(
    rows.map(({ issued, start, end }) => [issued !== "", start !== "", end !== ""]),
    [
      [true, false, false],
      [true, true, true],
      [false, true, false],
      [false, false, true],
    ],
  );
  assert.match(listText(rows), /3 +sale +not known/);
});

tables("the summary takes credits off, exactly, and counts the energy of a corrected sale once", async () => {
  const [row] = JSON.parse((await run("summary", "--by", "tariff", "--json")).out) as Record<string, unknown>[];
  // Three sessions of 12.345 kWh; one receipt of 8.54 was taken back, and made anew.
  assert.equal(row, {
    group: "standard",
    currency: "EUR",
    sales: 3,
    credits: 1,
    kwh: "37.035",
    net: "21.51",
    tax: "4.11",
    gross: "25.62",
  });
  assert.match((await run("summary", "--by", "month")).out, /2026-03/);
  assert.match((await run("summary", "--by", "token")).out, /…E5F6/);
});

tables("CSV quotes what needs it, and no cell becomes a formula", () => {
  const row = {
    ...bookRow(
      JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString()) as Parameters<typeof bookRow>[0],
      {},
    ),
    refers: '=HYPERLINK("x")',
    gross: "-8.54",
  };
  const [, line] = csvText([row]).split("\r\n");
  assert.match(line ?? "", /"'=HYPERLINK\(""x""\)"$/);
  assert.match(line ?? "", /,-8\.54,/);
  assert.is(tariff.id, row.tariff);
});

tables("a span of days takes both its ends", async () => {
  assert.is(
    (JSON.parse((await run("list", "--from", "2026-03-29", "--to", "2026-03-29", "--json")).out) as unknown[]).length,
    4,
  );
  assert.is((JSON.parse((await run("list", "--to", "2026-03-28", "--json")).out) as unknown[]).length, 2);
});

tables.run();

const keys = suite("signing keys");

function storeOf(files: Map<string, { text: string; mode: number }>, credentials?: string): KeyStore {
  return {
    folder: "/state",
    credentials,
    read: (path) => {
      const file = files.get(path);
      return file && { bytes: Buffer.from(file.text), mode: file.mode };
    },
    write: (path, text) => void files.set(path, { text, mode: 0o600 }),
  };
}

keys("a key is made at the first start and is the same ever after", () => {
  const files = new Map<string, { text: string; mode: number }>();
  const first = openSigner(storeOf(files), true);
  assert.ok(first.created);
  assert.equal([...files.keys()], ["/state/station.key"]);
  const second = openSigner(storeOf(files), false);
  assert.not.ok(second.created);
  assert.is(second.keyId, first.keyId);
});

keys("a key handed in by systemd comes before the one in the state folder", () => {
  const key = newKey();
  const files = new Map([["/run/credentials/station.key", { text: privatePem(key), mode: 0o440 }]]);
  assert.is(openSigner(storeOf(files, "/run/credentials"), true).keyId, signerOf(key).keyId);
});

keys("a key that others may read, a damaged one, one of another curve, and a lost one are refused with a word", () => {
  const refused = (text: string | undefined, mode: number, mayCreate = true): string => {
    try {
      openSigner(storeOf(new Map(text === undefined ? [] : [["/state/station.key", { text, mode }]])), mayCreate);
    } catch (error) {
      return error instanceof Failure ? `${error.code} ${error.message}` : String(error);
    }
    return "";
  };
  assert.match(refused(privatePem(newKey()), 0o644), /key\/unusable .*mode 644.*chmod 600/);
  assert.match(refused("nonsense", 0o600), /key\/unusable .*PEM/);
  assert.match(refused(undefined, 0, false), /key\/unusable .*missing/);
});

keys(
  "a private half that does not belong to its public half signs nothing that anyone could check, and is refused",
  () => {
    const [mine, other] = [newKey(), newKey()];
    const scalar = (key: KeyObject): Buffer => Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url");
    // Written into the bytes of the file: newer versions of Node make no such key.
    const mixed = mine.export({ type: "pkcs8", format: "der" });
    scalar(other).copy(mixed, mixed.indexOf(scalar(mine)));
    const text = `-----BEGIN PRIVATE KEY-----\n${mixed.toString("base64")}\n-----END PRIVATE KEY-----\n`;
    assert.throws(
      () => openSigner(storeOf(new Map([["/state/station.key", { text, mode: 0o600 }]])), false),
      /do not belong together/,
    );
  },
);

keys("key show gives the public key alone", async () => {
  const text = keyText("CT-0042", signer.publicKey);
  assert.match(text, signer.publicKey.fingerprint);
  assert.match(text, "BEGIN PUBLIC KEY");
  assert.not.match(text, "PRIVATE");
  let out = "";
  await keyCommands(
    () => ({ station: "CT-0042", publicKey: signer.publicKey }),
    (words) => void (out += words),
  ).parseAsync(["show", "hex"], { from: "user" });
  assert.is(out.trim(), signer.spkiHex);
});

keys.run();

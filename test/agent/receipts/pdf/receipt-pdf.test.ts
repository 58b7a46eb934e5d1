// A receipt as PDF: what stands on it, in which letters, and what is attached.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { languageWords } from "../../../../agent/core/words/words.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { receiptPdf } from "../../../../agent/receipts/pdf/receipt-pdf.js";
import { languages } from "../../../../config/languages.js";
import { pdfObjects, pdfText } from "../../../support/pdf/pdf-text.js";
import { chainOf, littleBook, receiptAt, settlement, signer, station } from "../../../support/sample-receipt.js";

const test = suite("a receipt as PDF");
const { jws } = receiptAt(littleBook(1), 2);

/** A sale at an operator of this name. */
const namedReceipt = (name: string): string =>
  issueReceipt(
    settlement(2, { station: { ...station, operator: { ...station.operator, name } } }),
    chainOf(littleBook(0)),
    signer,
    sha256,
  ).jws;

test("says what the page says, in the words of every language", () => {
  for (const language of languages) {
    const text = pdfText(receiptPdf(jws, { language }));
    const { labels, decimalMark, notices } = languageWords[language].receipt;
    for (const words of [labels.total, labels.when, labels.where, labels.checking, `8${decimalMark}54 EUR`])
      assert.ok(text.includes(words), `${language}: ${words} is missing in\n${text}`);
    assert.ok(text.replaceAll("\n", " ").includes((notices[1] ?? "").slice(0, 30)), language);
    assert.ok(text.includes("Stadtwerke Müllheim"), language);
  }
});

test("is the same bytes each time, its table of offsets true", () => {
  const pdf = receiptPdf(jws, { language: "fr" }, { name: "receipt-2.json", text: "{}" });
  assert.ok(receiptPdf(jws, { language: "fr" }, { name: "receipt-2.json", text: "{}" }).equals(pdf));
  assert.match(pdf.subarray(0, 9).toString("latin1"), /^%PDF-1\.7\n/);
  assert.ok(pdfObjects(pdf).size > 20);
});

test("is tagged: language, headings, a table with headers, and words for its drawings", () => {
  const heads = [...pdfObjects(receiptPdf(jws, { language: "de" })).values()].map(({ head }) => head);
  const count = (pattern: RegExp): number => heads.filter((head) => pattern.test(head)).length;
  assert.is(count(/\/Marked true/), 1);
  assert.is(count(/\/Lang \(de\)/), 1);
  assert.is(count(/\/S \/H1\b/), 1);
  assert.is(count(/\/S \/H2\b/), 4);
  assert.is(count(/\/S \/Table\b/), 1);
  assert.ok(count(/\/S \/TH\b/) >= 4);
  assert.is(count(/\/S \/Figure\b/), 2);
  assert.is(count(/\/Alt /), 2);
});

test("carries the receipt file", () => {
  const file = `{"receipt":"${jws}"}\n`;
  const objects = [...pdfObjects(receiptPdf(jws, { language: "en" }, { name: "receipt-2.json", text: file })).values()];
  const attached = objects.filter(({ head }) => head.includes("/Type /EmbeddedFile"));
  assert.equal(
    attached.map(({ stream }) => stream?.toString("utf8")),
    [file],
  );
  assert.ok(objects.some(({ head }) => head.includes("receipt-2.json")));
});

// A name in Greek once stood on the paper as a row of question marks.
test("prints Greek and Cyrillic, and a letter that no font has by its number", () => {
  const text = pdfText(receiptPdf(namedReceipt("Δήμος · Громада · 漢 · Łódź"), { language: "en" }));
  assert.ok(text.includes("Δήμος · Громада · U+6F22 · Łódź"), text);
  assert.not.match(text.replace("QUESTIONS? SOMETHING WRONG?", ""), /\?/);
});

const dejaVu = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
if (existsSync(dejaVu))
  test("prints other scripts in the font of the config, and what neither font has by its number", () => {
    const jws = namedReceipt("ქალაქი 漢");
    assert.match(pdfText(receiptPdf(jws, { language: "en" })), "U+10E5U+10D0");
    assert.match(pdfText(receiptPdf(jws, { language: "en" }, undefined, dejaVu)), "ქალაქი U+6F22");
    // The rest stays in the bundled font.
    assert.match(pdfText(receiptPdf(jws, { language: "en" }, undefined, dejaVu)), "Marktplatz 3");
  });
else console.log("SKIPPED the font of the config: fonts-dejavu-core is not there");

test("a font that cannot be used is named", () => {
  assert.throws(
    () => receiptPdf(jws, { language: "en" }, undefined, "/nowhere/own.ttf"),
    /receiptFont: \/nowhere\/own.ttf/,
  );
  const noFont = fileURLToPath(import.meta.url);
  assert.throws(() => receiptPdf(jws, { language: "en" }, undefined, noFont), /receiptFont: .* cannot be used/);
});

test("embeds its fonts, and loads none by name", () => {
  const heads = [...pdfObjects(receiptPdf(jws, { language: "cs" })).values()].map(({ head }) => head);
  assert.is(heads.filter((head) => head.includes("/FontFile2")).length, 2);
  assert.not.ok(heads.some((head) => /\/Subtype \/Type1\b/.test(head)));
});

test.run();

// The QR code of a receipt as a phone reads it: from the PDF, from the roll of a 58 mm printer, from the screen. Each
// leads to the page that judges it, without a network.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { issueReceipt } from "../../agent/core/receipt/receipt.js";
import { payloadOf } from "../../agent/core/receipt/receipt-payload.js";
import { sha256 } from "../../agent/ledger/store/digest.js";
import { Disk } from "../../agent/ledger/store/disk.js";
import { receiptHtml } from "../../agent/receipts/output/html.js";
import { writeReceiptFiles } from "../../agent/receipts/output/receipt-files.js";
import { receiptPdf } from "../../agent/receipts/pdf/receipt-pdf.js";
import { freshFolder } from "../support/command.js";
import { isInstalled } from "../support/is-installed.js";
import { chainOf, littleBook, settlement, signer, station } from "../support/sample-receipt.js";
import { testStationConfig } from "../support/station/test-station.js";
import { codeInDots, codeInPicture } from "../support/web/read-code.js";
import { hasChromium, withChromium } from "./chromium.js";
import { openVerifier, verifierAddress } from "./verifier-page.js";

const test = suite("the QR code");
// As long as an operator's address may be: the page beside this test is opened under it.
const verifyUrl = "https://check.example.org/verify.html";
const issued = issueReceipt(
  settlement(2, { station: { ...station, verifyUrl } }),
  chainOf(littleBook(0)),
  signer,
  sha256,
);
const payload = payloadOf(issued.jws);
const short = payload?.kind === "sale" ? payload.sale.short : "";
const address = `${verifyUrl}#${short}`;

/** What is read from a picture, one byte of grey a dot. */
function readFrom(grey: Uint8Array, width: number, height: number): string | undefined {
  const colours = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at += 1) colours.fill(grey[at] ?? 255, at * 4, at * 4 + 3);
  return codeInDots(colours, width, height);
}

/** A PGM picture (P5), as pdftoppm writes it. */
function picture(pgm: Buffer): { readonly grey: Uint8Array; readonly width: number; readonly height: number } {
  const [head = "", width, height] = /^P5\n(\d+) (\d+)\n255\n/.exec(pgm.subarray(0, 40).toString("latin1")) ?? [];
  return { grey: pgm.subarray(head.length), width: Number(width), height: Number(height) };
}

test("is read from the roll of a 58 mm printer", () => {
  const device = join(freshFolder(), "lp0");
  writeFileSync(device, "");
  const config = testStationConfig((plain) => ({
    ...plain,
    receiptOutput: { printer: { device, columns: 32 as const } },
  })).config;
  const troubles: string[] = [];
  const signed = { number: 2, jws: issued.jws, ocmf: issued.ocmf } as Parameters<typeof writeReceiptFiles>[2];
  writeReceiptFiles(new Disk(), config, signed, (why) => void troubles.push(why));
  assert.equal(troubles, []);
  const roll = readFileSync(device);
  assert.ok(roll.length < 8_192, `${roll.length} bytes: Linux's usblp takes no more at once`);
  // ESC/POS: GS v 0 m xL xH yL yH, then a bit a dot, 1 = black; m = 3 prints each dot twice as wide and high.
  const at = roll.indexOf(Buffer.of(0x1d, 0x76, 0x30, 3));
  const [bytes, rows] = [roll.readUInt16LE(at + 4), roll.readUInt16LE(at + 6)];
  const [width, height] = [bytes * 8 * 2, rows * 2];
  assert.ok(width <= 384, "48 mm at 8 dots a millimetre");
  const isBlack = (x: number, y: number): boolean =>
    (((roll[at + 8 + y * bytes + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1) === 1;
  const grey = new Uint8Array(width * height);
  for (let dot = 0; dot < grey.length; dot += 1)
    grey[dot] = isBlack((dot % width) >> 1, Math.floor(dot / width) >> 1) ? 0 : 255;
  assert.is(readFrom(grey, width, height), address);
  assert.is(roll.subarray(at + 8 + bytes * rows).toString("latin1"), "\x1ba\x00\n\n\n\x1dVB\x00");
});

if (isInstalled("pdftoppm"))
  test("is read from the printed PDF", () => {
    const folder = freshFolder();
    writeFileSync(join(folder, "receipt.pdf"), receiptPdf(issued.jws, { language: "en" }));
    // Of each page the column in which the code stands: to search a whole one takes seconds.
    const column = ["-x", "840", "-y", "0", "-W", "400", "-H", "1754"];
    const made = spawnSync("pdftoppm", ["-gray", "-r", "150", ...column, join(folder, "receipt.pdf")], {
      maxBuffer: 64 * 1024 * 1024,
    });
    assert.is(made.status, 0, made.stderr.toString());
    // Page upon page in one stream.
    const texts: (string | undefined)[] = [];
    for (let rest = made.stdout; rest.length > 0; ) {
      const { grey, width, height } = picture(rest);
      texts.push(readFrom(grey, width, height));
      rest = rest.subarray(grey.byteOffset - rest.byteOffset + width * height);
    }
    assert.ok(texts.includes(address), JSON.stringify(texts));
  });
else console.log("SKIPPED the QR code of a PDF: pdftoppm (poppler-utils) is not installed");

if (hasChromium())
  test("is read from a phone's screen, and leads to the page that judges it without a network", () =>
    withChromium(async (browser) => {
      const page = await browser.newPage();
      await page.setViewport({ width: 360, height: 740, deviceScaleFactor: 2 });
      await page.setContent(receiptHtml(issued.jws, sha256, { language: "en" }));
      const figure = await page.$("figure svg[shape-rendering]");
      const read = (await codeInPicture(browser, (await figure?.screenshot()) ?? Buffer.of())) ?? "";
      assert.is(read, address);
      const { page: opened, troubles } = await openVerifier(browser, "about:blank");
      await opened.setOfflineMode(true);
      await opened.goto(read.replace(verifyUrl, verifierAddress));
      await opened.waitForSelector('[data-exit="3"]');
      assert.match(await opened.$eval("main", (main) => main.textContent ?? ""), /12\.345 kWh[\s\S]*8\.54 EUR/);
      assert.equal(troubles, []);
    }));
else console.log("SKIPPED the QR code on a screen: Debian's chromium is not installed");

test.run();

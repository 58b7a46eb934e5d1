// A receipt's page in a real browser: axe finds nothing in any language, by day and by night, and at 360 and 320 pixels
// nothing runs over the edge.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { issueCredit } from "../../agent/core/corrections/credit.js";
import { sha256 } from "../../agent/ledger/store/digest.js";
import { receiptHtml } from "../../agent/receipts/output/html.js";
import { languages } from "../../config/languages.js";
import { chainOf, creditOrder, littleBook, occasion, receiptAt, signer } from "../support/sample-receipt.js";
import { axeFindings } from "./axe-findings.js";
import { hasChromium, withChromium } from "./chromium.js";

const test = suite("the page of a receipt");
const isWhole = Number(process.env["CHARGETILL_TIMES"] ?? 1) > 1;

const book = littleBook(1);
const sold = receiptAt(book, 2).jws;
const credit = issueCredit(occasion, sold, creditOrder("wrong tariff", "c"), chainOf(book), signer, sha256).jws;

/** The pages that are looked at: a sale and a credit in each language, or in some of them. */
const pages = (isWhole ? languages : (["de", "pl"] as const)).flatMap((language) => [
  { name: `sale, ${language}`, html: receiptHtml(sold, sha256, { language, later: { creditedBy: 3 } }) },
  { name: `credit, ${language}`, html: receiptHtml(credit, sha256, { language, isCopy: true }) },
]);

if (!hasChromium()) {
  console.log("SKIPPED a receipt's page in a browser: Debian's chromium is not installed");
  test("would be opened in a browser where one is installed", () => undefined);
} else
  test("axe finds nothing, and nothing runs over the edge of a narrow window", () =>
    withChromium(async (browser) => {
      const page = await browser.newPage();
      for (const { name, html } of pages) {
        await page.setContent(html);
        for (const scheme of ["light", "dark"]) {
          await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
          assert.equal(await axeFindings(page), [], `${name}, ${scheme}`);
        }
        for (const width of [360, 320]) {
          await page.setViewport({ width, height: 740 });
          const over = await page.evaluate("document.documentElement.scrollWidth");
          assert.ok(Number(over) <= width, `${name} is ${over} pixels wide in a window of ${width}`);
        }
      }
    }));

test.run();

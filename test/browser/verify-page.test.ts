// verify.html in a real browser, over plain http and from a folder: the same words as the command line.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ownVersion } from "../../agent/control/version.js";
import { verifyTools } from "../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../agent/receipts/dispute/findings-text.js";
import { type GivenFile, verifyGiven } from "../../agent/receipts/dispute/given-evidence.js";
import { evidenceOfEveryKind, sampleCode } from "../support/sale/every-kind.js";
import { spoiltFiles } from "../support/sale/spoilt.js";
import { signer } from "../support/sample-receipt.js";
import { axeFindings } from "./axe-findings.js";
import { hasChromium, withChromium } from "./chromium.js";
import { openVerifier, verifierAddress } from "./verifier-page.js";

const test = suite("verify.html");
const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const spoilt = 8 * Number(process.env["CHARGETILL_TIMES"] ?? 1);
const { fingerprint, pem } = signer.publicKey;

/** What the command line prints of these files. */
function commandLineSays(files: readonly GivenFile[], pinned: boolean): string {
  const pins = pinned
    ? { fingerprints: new Set([fingerprint]), keys: [signer.spkiHex] }
    : { fingerprints: new Set<string>(), keys: [] };
  return findingsText(verifyGiven({ files, pins }, verifyTools(), ownVersion()));
}

/** Serves the page over plain http. */
async function served<T>(work: (origin: string) => Promise<T>): Promise<T> {
  const server: Server = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(readFileSync(new URL(verifierAddress)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work(`http://station.test:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

if (!hasChromium()) {
  console.log("SKIPPED verify.html in a browser: Debian's chromium is not installed");
  test("would be opened in a browser where one is installed", () => undefined);
} else {
  test(`over plain http it says what the command line says, of every kind and of changed bytes (seed ${seed})`, () =>
    served((origin) =>
      withChromium(async (browser) => {
        const { page, troubles, drop } = await openVerifier(browser, `${origin}/verify`);
        assert.is(await page.evaluate("isSecureContext"), false);
        assert.is(await page.evaluate("typeof crypto.subtle"), "undefined");
        const evidence = evidenceOfEveryKind();
        for (const file of evidence)
          assert.is((await drop([file], pem)).text, commandLineSays([file], true), file.name);
        assert.is((await drop(evidence, "")).text, commandLineSays(evidence, false), "all together, without a key");
        const changed = spoiltFiles(evidence, spoilt, seed);
        for (const file of changed)
          assert.is(
            (await drop([file], pem)).text,
            commandLineSays([file], true),
            `${file.name} changed, seed ${seed}`,
          );
        assert.equal(troubles, []);
      }),
    ));

  test("a code opened from a folder, without a network, is judged at once; the compared fingerprint proves it", () =>
    withChromium(async (browser) => {
      const code = sampleCode();
      const { page, troubles } = await openVerifier(browser, `${verifierAddress}#${encodeURIComponent(code)}`);
      const exitNow = async (wanted: number): Promise<string> => {
        await page.waitForSelector(`[data-exit="${wanted}"]`);
        return page.$eval("main", (main) => main.textContent ?? "");
      };
      const first = await exitNow(3);
      for (const words of ["CT-0042", "2026-03-28 22:30:00", "12.345 kWh", "8.54 EUR"]) assert.match(first, words);
      assert.match(first.replaceAll(" ", ""), fingerprint);
      assert.equal(await axeFindings(page), [], "while the key is open");
      await page.click("button");
      await exitNow(0);
      // One digit of the total is another.
      await page.goto(`${verifierAddress}#${code.replace("8.54EUR", "8.55EUR")}`);
      assert.match(await exitNow(1), "Does not hold");
      assert.equal(await axeFindings(page), [], "with what fails");
      await page.setViewport({ width: 320, height: 640 });
      assert.is(await page.evaluate("document.documentElement.scrollWidth"), 320, "nothing runs over the edge");
      assert.equal(troubles, []);
    }));
}

test("is allowed to load nothing and to send nothing", () => {
  const html = readFileSync(new URL(verifierAddress), "utf8");
  const [, policy = ""] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
  const digest = "'sha256-[A-Za-z0-9+/]{43}='";
  assert.match(
    policy,
    new RegExp(`^default-src 'none'; script-src ${digest}; style-src ${digest}; base-uri 'none'; form-action 'none'$`),
  );
});

test.run();

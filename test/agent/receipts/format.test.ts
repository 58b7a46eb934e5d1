// FORMAT.md and the test vectors beside the verifier: made anew they are the same bytes, so that neither can go stale.
// After a change of a format: CHARGETILL_VECTORS=write npm test -- receipts/format

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { exitCode } from "../../../agent/core/verify/check-result.js";
import { verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../agent/receipts/dispute/findings-text.js";
import { verifyGiven } from "../../../agent/receipts/dispute/given-evidence.js";
import { repeatableSignature } from "../../support/vectors/repeatable-signer.js";
import { firstKey } from "../../support/vectors/vector-book.js";
import { makeVectors } from "../../support/vectors/vector-files.js";

const test = suite("the formats, as documented");
const root = join(dirname(fileURLToPath(import.meta.url)), "../../../..");
const folder = join(root, "test/verifier/vectors");
const document = join(root, "agent/receipts/FORMAT.md");
const { files, pieces } = makeVectors();

/** A block of FORMAT.md that is made: the comment names it, the fence behind it holds it. */
const block = /(<!-- vector: ([^>]+) -->\n+```[a-z]*\n)((?:[\s\S]*?\n)??)```/g;

if (process.env["CHARGETILL_VECTORS"] === "write") {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  const text = readFileSync(document, "utf8");
  writeFileSync(
    document,
    text.replace(block, (_, head: string, name: string) => `${head}${pieces.get(name) ?? ""}\n\`\`\``),
  );
}

test("the vectors are what the program makes", () => {
  assert.equal(readdirSync(folder).sort(), [...files.keys()].sort());
  for (const [name, bytes] of files)
    assert.ok(
      Buffer.from(bytes).equals(readFileSync(join(folder, name))),
      `${name}: write the vectors anew (see above)`,
    );
});

test("the document shows each of its vectors as it is", () => {
  const shown = [...readFileSync(document, "utf8").matchAll(block)];
  assert.equal(shown.map(([, , name]) => name).sort(), [...pieces.keys()].sort());
  for (const [, , name = "", text] of shown) assert.is(text, `${pieces.get(name)}\n`, name);
});

test("they hold, each by itself and all together, by the first key alone", () => {
  const given = [...files].filter(([name]) => name !== "journal.jsonl").map(([name, bytes]) => ({ name, bytes }));
  const scanned = Buffer.from(files.get("code-3.txt") ?? []).toString();
  const pins = { fingerprints: new Set([firstKey.fingerprint]), keys: [] };
  const evidence = given.filter(({ name }) => !name.startsWith("code-"));
  const findings = verifyGiven({ files: evidence, scanned, pins }, verifyTools(), "0.1.0");
  assert.is(exitCode(findings), 0, findingsText(findings));
});

test("the vectors' signer gives the signature of RFC 6979, A.2.5", () => {
  const secret = 0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721n;
  assert.is(
    Buffer.from(repeatableSignature(secret, Buffer.from("sample"))).toString("hex"),
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
      "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
  );
});

test.run();

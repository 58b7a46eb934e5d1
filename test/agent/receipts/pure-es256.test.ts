// The verifier without Node, against the one of the command line: same findings, word for word.

import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fingerprintOf } from "../../../agent/core/verify/trusted-keys.js";
import { sha256 } from "../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../agent/receipts/dispute/findings-text.js";
import { type GivenFile, verifyGiven } from "../../../agent/receipts/dispute/given-evidence.js";
import { isP256Key, pureCheck, pureSha256, recoverKeys } from "../../../agent/receipts/dispute/pure-es256.js";
import { checkEs256 } from "../../../agent/receipts/signing-keys.js";
import { evidenceOfEveryKind } from "../../support/sale/every-kind.js";
import { spoiltFiles } from "../../support/sale/spoilt.js";
import { signer } from "../../support/sample-receipt.js";

const test = suite("the verifier without Node");
const nodeTools = verifyTools();
const pureTools = { ...nodeTools, hash: pureSha256, check: pureCheck };
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };
const noPins = { fingerprints: new Set<string>(), keys: [] };
const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);
const evidence = evidenceOfEveryKind();

function assertSameVerdict(files: readonly GivenFile[], what: string, byAll = [pins, noPins]): void {
  for (const by of byAll) {
    const [node, pure] = [nodeTools, pureTools].map((tools) =>
      findingsText(verifyGiven({ files, pins: by }, tools, "0.1.0")),
    );
    assert.is(pure, node, what);
  }
}

test("says the same of every kind of evidence, alone and together", () => {
  for (const file of evidence) assertSameVerdict([file], file.name);
  assertSameVerdict(evidence, "all of it");
});

test(`says the same of evidence with one byte changed (seed ${seed})`, () => {
  let isPinned = false;
  for (const file of spoiltFiles(evidence, evidence.length * times, seed)) {
    assertSameVerdict([file], `${file.name}, seed ${seed}`, [isPinned ? pins : noPins]);
    isPinned = !isPinned;
  }
});

test("finds the key of a signature that names none", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const spkiHex = publicKey.export({ type: "spki", format: "der" }).toString("hex");
  const data = Buffer.from("what was signed");
  const signature = sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const found = recoverKeys(data, signature);
  assert.ok(found.includes(spkiHex));
  for (const key of found)
    assert.ok(checkEs256(key, data, signature, "ieee-p1363"), "each of them could have signed it");
  assert.not.ok(recoverKeys(Buffer.from("something else"), signature).includes(spkiHex));
  assert.equal(recoverKeys(data, new Uint8Array(64)), []);
  assert.equal(recoverKeys(data, new Uint8Array(3)), []);
});

test("takes no key of another curve, of another form, or off the curve", () => {
  const { spkiHex } = signer;
  assert.ok(isP256Key(spkiHex));
  assert.is(fingerprintOf(spkiHex, pureSha256), signer.publicKey.fingerprint);
  assert.not.ok(isP256Key(spkiHex.slice(0, -2)));
  assert.not.ok(isP256Key(`${spkiHex.slice(0, -2)}${spkiHex.endsWith("00") ? "01" : "00"}`));
  const other = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey;
  assert.not.ok(isP256Key(other.export({ type: "spki", format: "der" }).toString("hex")));
  assert.ok(isP256Key(createPublicKey(signer.publicKey.pem).export({ type: "spki", format: "der" }).toString("hex")));
  assert.equal(pureSha256(Buffer.from("abc")), Uint8Array.from(sha256("abc")));
});

test.run();

// Keys as people type or paste them into the page that checks receipts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { newKey, signerOf } from "../../../../agent/receipts/signing-keys.js";
import { keysIn } from "../../../../agent/web/verify/given-keys.js";
import { signer } from "../../../support/sample-receipt.js";

const test = suite("keys that are typed in");
const { fingerprint, pem } = signer.publicKey;
const grouped = fingerprint.replaceAll(/(.{4})(?=.)/g, "$1 ");

test("a fingerprint is taken in any spelling, and vouches for no more than itself", () => {
  for (const text of [fingerprint, `sha256:${fingerprint}`, `SHA256: ${grouped.toUpperCase()}`, `\n ${grouped} \n`])
    assert.equal(keysIn(text, sha256), { fingerprints: new Set([fingerprint]), keys: [] }, text);
});

test("a public key is taken as PEM or hex, several at once", () => {
  for (const text of [pem, signer.spkiHex, signer.spkiHex.toUpperCase(), `the key:\n${pem}\n`])
    assert.equal(keysIn(text, sha256), { fingerprints: new Set([fingerprint]), keys: [signer.spkiHex] });
  const other = signerOf(newKey()).publicKey;
  const both = keysIn(`${pem}${other.pem}`, sha256);
  assert.equal([...(both?.fingerprints ?? [])], [fingerprint, other.fingerprint]);
});

test("what is no key vouches for nothing", () => {
  for (const text of ["", "hello", fingerprint.slice(1), `${signer.spkiHex}00`, pem.replace("MFkw", "MFkx"), "00"])
    assert.is(keysIn(text, sha256), undefined, text);
});

test.run();

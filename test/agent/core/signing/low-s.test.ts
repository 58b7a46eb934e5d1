// One signature, one spelling: nobody without the key can make a second one of a receipt.

import { sign, verify } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { utf8 } from "../../../../agent/core/number/bytes.js";
import { parseJws } from "../../../../agent/core/signing/jws.js";
import { derOfSignature, hasLowS, signatureOfDer, withLowS } from "../../../../agent/core/signing/low-s.js";
import { exitCode } from "../../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { key, littleBook, receiptAt, signer } from "../../../support/sample-receipt.js";

const test = suite("low-s signatures");
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The twin (r, n - s), as anybody can work it out. */
function twinOf(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
  return Buffer.concat([signature.subarray(0, 32), Buffer.from((order - s).toString(16).padStart(64, "0"), "hex")]);
}

test("the station signs with the smaller s, in both encodings, and node accepts it", () => {
  for (let count = 0; count < 40; count += 1) {
    const text = utf8(`text ${count}`);
    const plain = signer.sign(text);
    assert.ok(hasLowS(plain), `signature ${count}`);
    assert.ok(verify("sha256", text, { key, dsaEncoding: "ieee-p1363" }, plain));
    const der = signer.signDer(text);
    assert.ok(hasLowS(signatureOfDer(der) ?? new Uint8Array(0)), `signature ${count}`);
    assert.ok(verify("sha256", text, { key, dsaEncoding: "der" }, der));
  }
});

test("DER as node writes it is read and written byte for byte, and in no other spelling", () => {
  for (let count = 0; count < 40; count += 1) {
    const der = sign("sha256", utf8(`text ${count}`), { key, dsaEncoding: "der" });
    const plain = signatureOfDer(der);
    assert.ok(plain !== undefined);
    assert.equal(Buffer.from(derOfSignature(plain)), der);
    assert.ok(hasLowS(withLowS(plain)));
    assert.is(signatureOfDer(Buffer.concat([der, Buffer.of(0)])), undefined);
    assert.is(signatureOfDer(der.subarray(0, -1)), undefined);
  }
  assert.is(signatureOfDer(new Uint8Array(0)), undefined);
});

test("the twin that anybody can make of an honest receipt is refused", () => {
  const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };
  const { jws, checkpoint } = receiptAt(littleBook(1), 2);
  const [head = "", body = ""] = jws.split(".");
  const twin = twinOf(parseJws(jws)?.signature ?? new Uint8Array(64));
  assert.ok(verify("sha256", utf8(`${head}.${body}`), { key, dsaEncoding: "ieee-p1363" }, twin));
  const forged = `${head}.${body}.${Buffer.from(twin).toString("base64url")}`;
  const exitOf = (text: string): number => exitCode(verifyEvidence([{ name: "file", text }], pins, verifyTools()));
  assert.is(exitOf(jws), 0);
  assert.is(exitOf(forged), 1);
  const line = checkpoint.trimEnd().split(" ").at(-1) ?? "";
  const bytes = Buffer.from(line, "base64");
  const der = derOfSignature(twinOf(signatureOfDer(bytes.subarray(4)) ?? new Uint8Array(64)));
  assert.is(exitOf(checkpoint), 0);
  assert.is(exitOf(checkpoint.replace(line, Buffer.concat([bytes.subarray(0, 4), der]).toString("base64"))), 1);
});

test.run();

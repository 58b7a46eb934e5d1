// What a receipt commits to without telling it: RFC 9901's disclosures, opened, left out, changed.

import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { disclosedBy, disclosuresOf, readDisclosure, withheld } from "../../../../agent/core/disclosure/disclosure.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";

const test = suite("what is withheld");
/** By node's own crypto: SHA-256 over the ASCII of a disclosure, base64url. */
const digest = (text: string): string => createHash("sha256").update(text, "ascii").digest("base64url");
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
let count = 0;
const salt = (): string => Buffer.from(String((count += 1)).padStart(16, "s")).toString("base64url");

const values = { totals: { sales: 3 }, card: "04A1B2C3D4E5F6", contract: "DE-ABC-C12345678-X" };

test("a disclosure is the base64url of salt, name and value, and its digest is what RFC 9901 says", () => {
  // RFC 9901, 4.2.3: the digest of this disclosure of "family_name".
  const ofStandard = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
  assert.is(digest(ofStandard), "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
  const { commitments, disclosures } = withheld({ card: "04A1B2C3" }, () => "c2FsdHNhbHRzYWx0c2FsdA", sha256);
  assert.equal(disclosures, [encoded(["c2FsdHNhbHRzYWx0c2FsdA", "card", "04A1B2C3"])]);
  assert.equal(commitments, { card: digest(disclosures[0] ?? "") });
});

test("every choice of what is told opens exactly that, and the rest stays closed", () => {
  const { commitments, disclosures } = withheld(values, salt, sha256);
  for (let mask = 0; mask < 2 ** disclosures.length; mask += 1) {
    const told = disclosures.filter((_, at) => (mask >> at) & 1);
    const opened = disclosedBy(commitments, told, sha256);
    assert.equal(opened.complaints, []);
    for (const [at, name] of (["totals", "card", "contract"] as const).entries())
      assert.equal(opened.values[name], (mask >> at) & 1 ? values[name] : undefined);
    assert.is(opened.closed.length, disclosures.length - told.length);
  }
});

test("the same card is withheld under another digest each time", () => {
  const twice = [1, 2].map(() => withheld(values, salt, sha256).commitments.card);
  assert.is.not(twice[0], twice[1]);
});

test("what is changed, doubled, of another receipt or no disclosure is named", () => {
  const { commitments, disclosures } = withheld(values, salt, sha256);
  const [, card = ""] = disclosures;
  const other = withheld({ card: "04A1B2C3D4E5F7" }, salt, sha256).disclosures;
  const cases: readonly [readonly string[], RegExp][] = [
    [other, /the disclosed card is not what the receipt commits to/],
    [[card, card], /card is disclosed twice/],
    [[encoded(["x", "card", "1"])], /disclosure 1 cannot be read/],
    [[encoded(["c2FsdHNhbHRzYWx0c2FsdA", "uid", "1"])], /disclosure 1 cannot be read/],
    [[`${card}=`], /disclosure 1 cannot be read/],
    [[`${card.slice(0, -1)}${card.endsWith("A") ? "B" : "A"}`], /disclosure 1|disclosed card/],
    [withheld({ name: "A. Driver" }, salt, sha256).disclosures, /the disclosed name is not what/],
  ];
  for (const [told, expected] of cases)
    assert.match(disclosedBy(commitments, told, sha256).complaints[0] ?? "", expected);
  for (const [at, letter] of [...card].entries()) {
    const flipped = `${card.slice(0, at)}${letter === "A" ? "B" : "A"}${card.slice(at + 1)}`;
    assert.is(disclosedBy(commitments, [flipped], sha256).complaints.length, 1, `letter ${at}`);
  }
});

test("a disclosure has one spelling", () => {
  assert.equal(readDisclosure(encoded(["c2FsdHNhbHRzYWx0c2FsdA", "card", "1"])), { name: "card", value: "1" });
  const spaced = Buffer.from('["c2FsdHNhbHRzYWx0c2FsdA", "card", "1"]').toString("base64url");
  assert.is(readDisclosure(spaced), undefined);
  assert.is(readDisclosure("A".repeat(70_000)), undefined);
  assert.equal(disclosuresOf([encoded(["c2FsdHNhbHRzYWx0c2FsdA", "card", "1"]), "?"], ["totals"]), []);
});

test.run();

// No byte of a proof can be changed unnoticed. Here some of them, everywhere and at each run others;
// npm run soak -- bytes takes all.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { random } from "../../../support/random.js";
import { signedProofs, spoilBytes } from "../../../support/vectors/spoilt-bytes.js";

const test = suite("every byte of a proof");
const seed = Number(process.env["CHARGETILL_SEED"] ?? 17);
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);

/** About so many bytes of each proof; a book and an archive take longer than the rest together. */
const usual = 24;
const slow = new Map([
  ["book.json", 4],
  ["archive-3.zip", 12],
  ["receipt-2.json", 6],
]);

for (const proof of signedProofs())
  test(`flipped, doubled or deleted, a byte of ${proof.name} makes it fail or says the same`, () => {
    const step = Math.max(1, Math.ceil(proof.bytes.length / ((slow.get(proof.name) ?? usual) * times)));
    const { failed, same } = spoilBytes(proof, Math.floor(random(seed)() * step), step);
    assert.ok(failed > same, `${failed} failed, ${same} the same`);
  });

test.run();

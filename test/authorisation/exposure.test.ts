// How long a tap takes behind hundreds of receipts that no backend has acknowledged: each is read once, in slices, whatever it holds.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Exposure } from "../../agent/exposure.js";
import { SalesBook } from "../ocpp/bench.js";
import { settlement } from "../evidence/sale.js";

const test = suite("hundreds of unacknowledged receipts");
const many = 300;

/** Every third sale was allowed by a backend, and counts for nobody. */
function backlog(): { exposure: Exposure; reads: () => number; add: () => void } {
  const book = new SalesBook();
  const [listed, other, asked] = [book.sell(), book.sell({ token: { ...settlement(3).token, uid: "11223344" } }), book.sell({ authMethod: "AUTH_REQUEST" })];
  let [reads, last] = [0, many];
  const exposure = new Exposure({
    limits: { energyKwh: "1000000" },
    book: {
      get: (number) => {
        reads += 1;
        return { jws: book.issued[([listed, other, asked][number % 3] ?? listed) - 1]?.jws ?? "" } as never;
      },
    },
    *unacknowledged() {
      for (let number = 1; number <= last; number += 1) yield number;
    },
    sessions: () => [],
    glance: () => undefined,
  });
  return { exposure, reads: () => reads, add: () => void (last += 1) };
}

test("are read in short slices before anybody waits, each once; a tap then reads only what is new", () => {
  const { exposure, reads, add } = backlog();
  let slices = 1;
  while (exposure.look()) slices += 1;
  assert.is(reads(), many);
  assert.ok(slices >= 15, `${slices} slices`);
  const { uid } = settlement(3).token;
  const first = exposure.left(uid);
  // 12.345 kWh each, a hundred of them on this card: 1 000 000 less 1234.5 kWh.
  assert.equal(first && first.energyKwh, "998765.500");
  add();
  exposure.left(uid);
  exposure.left("another");
  assert.is(reads(), many + 1);
});

test("that were not all read when the first tap comes are read then, and the slices after it find nothing to do", () => {
  const { exposure, reads } = backlog();
  assert.is(exposure.look(), true);
  assert.ok(exposure.left(settlement(3).token.uid));
  assert.is(reads(), many);
  assert.is(exposure.look(), false);
  assert.is(reads(), many);
});

test.run();

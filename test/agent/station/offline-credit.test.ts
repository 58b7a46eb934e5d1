// How long a tap takes behind hundreds of receipts that no backend has acknowledged: each is read once, in slices,
// whatever it holds.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { OfflineCredit } from "../../../agent/station/offline-credit.js";
import { settlement } from "../../support/sample-receipt.js";
import { SalesBook } from "../../support/sync/ocpp-bench.js";

const test = suite("hundreds of unacknowledged receipts");
const many = 300;

/** Every third sale was allowed by a backend, and counts for nobody. */
function backlog(): {
  offlineCredit: OfflineCredit;
  reads: () => number;
  add: () => void;
  acknowledge: (upTo: number, but?: readonly number[]) => void;
} {
  const book = new SalesBook();
  const [listed, other, asked] = [
    book.sell(),
    book.sell({ token: { ...settlement(3).token, uid: "11223344" } }),
    book.sell({ authMethod: "AUTH_REQUEST" }),
  ];
  let [reads, last, after] = [0, many, 0];
  let besides: ReadonlySet<number> = new Set();
  const offlineCredit = new OfflineCredit({
    limits: { energyKwh: "1000000" },
    book: {
      get: (number) => {
        reads += 1;
        return { jws: book.issued[([listed, other, asked][number % 3] ?? listed) - 1]?.jws ?? "" } as never;
      },
    },
    unacknowledged: () => ({ after, besides, last }),
    sessions: () => [],
    liveReading: () => undefined,
  });
  return {
    offlineCredit,
    reads: () => reads,
    add: () => void (last += 1),
    acknowledge: (upTo, but = []) => void ([after, besides] = [upTo, new Set(but)]),
  };
}

test("are read in short slices before anybody waits, each once; a tap then reads only what is new", () => {
  const { offlineCredit, reads, add } = backlog();
  let slices = 1;
  while (offlineCredit.look()) slices += 1;
  assert.is(reads(), many);
  assert.ok(slices >= 15, `${slices} slices`);
  const { uid } = settlement(3).token;
  const first = offlineCredit.left(uid);
  // 12.345 kWh each, a hundred of them on this card: 1 000 000 less 1234.5 kWh.
  assert.equal(first?.energyKwh, "998765.500");
  add();
  offlineCredit.left(uid);
  offlineCredit.left("another");
  assert.is(reads(), many + 1);
});

test("that were not all read when the first tap comes are read then, and the slices after it find nothing to do", () => {
  const { offlineCredit, reads } = backlog();
  assert.is(offlineCredit.look(), true);
  assert.ok(offlineCredit.left(settlement(3).token.uid));
  assert.is(reads(), many);
  assert.is(offlineCredit.look(), false);
  assert.is(reads(), many);
});

test("count no more once they are acknowledged, and go on counting where they are parked", () => {
  const { offlineCredit, reads, acknowledge } = backlog();
  const { uid } = settlement(3).token;
  const kwh = (): unknown => offlineCredit.left(uid)?.energyKwh;
  assert.is(kwh(), "998765.500");
  // Numbers that three divides are this card's: of the first 150, the fifty less two.
  acknowledge(150, [3, 150, 4, 5]);
  assert.is(kwh(), "999358.060");
  acknowledge(150, [150]);
  assert.is(kwh(), "999370.405");
  acknowledge(many);
  assert.is(kwh(), "1000000.000");
  assert.ok(reads() <= many + 2, `${reads()} reads: those of other cards are read once more where they are parked`);
});

test("that were parked or acknowledged before any was read are met as they stand", () => {
  const { offlineCredit, reads, acknowledge } = backlog();
  acknowledge(290, [3, 6]);
  // 3, 6, 291, 294, 297 and 300.
  assert.is(offlineCredit.left(settlement(3).token.uid)?.energyKwh, "999925.930");
  assert.is(reads(), 12);
});

test.run();

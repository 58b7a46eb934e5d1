// What of a receipt is booked on its hold, and how a hold moves: in tables.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Hold, HoldWish } from "../../../../agent/core/payment/hold.js";
import type { HoldEvent } from "../../../../agent/core/payment/hold-event.js";
import { holdFacts } from "../../../../agent/core/payment/hold-facts.js";
import { reduceHolds } from "../../../../agent/core/payment/hold-reducer.js";
import { amountInWords, minorOf, minorText } from "../../../../agent/core/payment/minor-amount.js";
import { payableMinor } from "../../../../agent/core/payment/payable.js";

const test = suite("what is booked");

test("is the total, never above the hold, and nothing without energy", () => {
  const rows: readonly (readonly [gross: string, currency: string, kwh: string, cap: number, booked: number])[] = [
    ["12.34", "EUR", "30.5", 5_000, 1_234],
    ["50.00", "EUR", "99", 5_000, 5_000],
    ["50.01", "EUR", "99", 5_000, 5_000],
    ["0.50", "EUR", "0", 5_000, 0],
    ["0.00", "EUR", "1", 5_000, 0],
    ["1200", "JPY", "10", 3_000, 1_200],
    ["1.234", "KWD", "10", 3_000, 1_234],
  ];
  for (const [gross, currency, energyKwh, cap, booked] of rows)
    assert.is(payableMinor({ gross, currency, energyKwh }, cap), booked, `${gross} ${currency}`);
});

test("amounts are whole minor units of their currency", () => {
  assert.equal([minorOf("50.00", "EUR"), minorOf("50", "JPY"), minorOf("0.005", "EUR")], [5_000, 50, 1]);
  assert.equal([minorText(5, "EUR"), minorText(5, "JPY"), minorText(5, "KWD")], ["0.05", "5", "0.005"]);
  assert.is(amountInWords({ minor: 1_050, currency: "EUR" }), "10.50 EUR");
  assert.throws(() => minorOf("90071992547409.93", "EUR"), /beyond any payment/);
});

const moment = { at: 1, monoMs: 1, boot: "b", trust: "synced" } as const;
const wish: HoldWish = {
  number: 1,
  reference: "S000001ABC",
  gateway: "terminal",
  connector: 1,
  amount: { minor: 5_000, currency: "EUR" },
  openBefore: [],
};
type Step = HoldEvent extends infer E ? (E extends HoldEvent ? Omit<E, "moment"> : never) : never;
const { reference } = wish;
const after = (...steps: readonly Step[]): Hold | undefined =>
  [{ type: "HoldWanted", wish } as Step, ...steps]
    .reduce(
      (holds, step) => reduceHolds(holds, { ...step, moment } as HoldEvent),
      new Map() as ReadonlyMap<string, Hold>,
    )
    .get(reference);
const made: Step = { type: "HoldMade", reference, made: { handle: "0231" } };

test("what lies above a hold is not charged, and the receipt says so", () => {
  const hold = after(made);
  if (hold === undefined) throw new Error("it is held");
  const facts = holdFacts(hold, { gross: "50.12", currency: "EUR", energyKwh: "99" });
  assert.equal([facts.held, facts.waived, facts.state, facts.reference], ["50.00", "0.12", "held", reference]);
  assert.is(holdFacts(hold, { gross: "3.00", currency: "EUR", energyKwh: "1" }).waived, undefined);
});

test("a hold ends once, and nothing that comes later moves it", () => {
  const book: readonly Step[] = [
    { type: "BookWanted", reference, receipt: 2, minor: 100 },
    { type: "Booked", reference, minor: 100 },
  ];
  const release: readonly Step[] = [
    { type: "ReleaseWanted", reference, why: "no session began" },
    { type: "Released", reference },
  ];
  assert.is(after(made, ...release)?.state, "released");
  assert.is(after(made, ...release, ...book)?.state, "released");
  // Without a receipt there is nothing to book.
  assert.is(after(made, ...book)?.state, "held");
  const failed: Step = { type: "HoldFailed", reference, code: "declined", why: "no" };
  assert.is(after(failed, made)?.state, "failed");
  assert.is(after(made, failed)?.state, "held");
});

test("a lower amount than was asked for is the cap, a higher one is not", () => {
  const cap = (heldMinor: number): string | undefined => {
    const hold = after({ type: "HoldMade", reference, made: { handle: "1", heldMinor } });
    return hold === undefined ? undefined : holdFacts(hold, { gross: "1", currency: "EUR", energyKwh: "1" }).held;
  };
  assert.equal([cap(2_000), cap(9_000)], ["20.00", "50.00"]);
});

test.run();

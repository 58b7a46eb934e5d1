// Rounding, and shares that add up to what was rounded.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { moneyText, ratio, ratioOfText, roundHalfUp, sharesOf } from "../../../../agent/core/number/money.js";

const test = suite("money");

test("halves go away from zero, once, at the place that is asked for", () => {
  const cents = (amount: string): bigint => roundHalfUp(ratioOfText(amount), 2);
  assert.is(cents("0.005"), 1n);
  assert.is(cents("0.0049999"), 0n);
  assert.is(cents("-0.005"), -1n);
  assert.is(cents("-0.0049999"), 0n);
  assert.is(cents("2.675"), 268n);
  // A third of a cent, exactly: no double can hold it.
  assert.is(roundHalfUp(ratio(1n, 300n), 2), 0n);
});

test("an amount is shown in the minor unit of its currency (ISO 4217)", () => {
  assert.is(moneyText("8.535275", "EUR"), "8.54");
  assert.is(moneyText("8.5", "EUR"), "8.50");
  assert.is(moneyText("100.5", "JPY"), "101");
  assert.is(moneyText("1.2345", "KWD"), "1.235");
});

test("shares add up to the whole: what rounding leaves over goes to the largest remainders, the first of equals", () => {
  const thirds = [ratio(1n, 1n), ratio(1n, 1n), ratio(1n, 1n)];
  assert.equal(sharesOf(100n, thirds), [34n, 33n, 33n]);
  // 10 by 5, 3 and 2.5: 4.76, 2.857 and 2.38; two cents are left, for .857 and .76.
  assert.equal(sharesOf(10n, [ratio(5n, 1n), ratio(3n, 1n), ratio(5n, 2n)]), [5n, 3n, 2n]);
  assert.equal(sharesOf(7n, [ratio(0n, 1n), ratio(2n, 1n)]), [0n, 7n]);
  assert.equal(sharesOf(7n, [ratio(0n, 1n), ratio(0n, 1n)]), [7n, 0n]);
  assert.equal(sharesOf(-5n, [ratio(1n, 1n), ratio(1n, 1n)]), [-2n, -3n]);
});

test.run();

// The pair of kWh texts, against values worked out by hand.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { kwhDisplay, kwhExact, milliWhOfKwh } from "../../../../agent/core/number/energy-text.js";

const test = suite("kWh as text");

const rows: readonly [milliWh: number, exact: string, display: string, plain: string][] = [
  [0, "0.000", "0.000", "0"],
  [1, "0.000001", "0.000", "0.000001"],
  [999, "0.000999", "0.000", "0.000999"],
  [1_234_500, "1.2345", "1.234", "1.2345"],
  [1_234_999, "1.234999", "1.234", "1.234999"],
  [20_000_000, "20.000", "20.000", "20"],
  [2_500_000, "2.500", "2.500", "2.5"],
  [-1_500, "-0.0015", "-0.001", "-0.0015"],
  [Number.MAX_SAFE_INTEGER, "9007199254.740991", "9007199254.740", "9007199254.740991"],
];
for (const [milliWh, exact, display, plain] of rows)
  test(`${milliWh} mWh is exactly ${exact}, shows ${display} and reads ${plain} in a sentence`, () => {
    assert.is(kwhExact(milliWh), exact);
    assert.is(kwhDisplay(milliWh), display);
    assert.is(kwhExact(milliWh, 0), plain);
  });

test("what is written is read again as the same milliwatt-hours", () => {
  for (const [milliWh, exact, , plain] of rows.slice(0, -1)) {
    assert.is(milliWhOfKwh(exact), milliWh);
    assert.is(milliWhOfKwh(plain), milliWh);
  }
});

test("half a milliwatt-hour is nobody's reading, and no kWh text is guessed at", () => {
  assert.throws(() => kwhExact(0.5), /0\.5 is not a whole number of milliwatt-hours/);
  for (const text of ["", "1,5", "1e3", "1.2345678", "12345678901", ".5", " 1"])
    assert.is(milliWhOfKwh(text), undefined, text);
});

test.run();

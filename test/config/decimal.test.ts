// The one decimal, against values worked out by hand.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  addDecimals,
  compareDecimals,
  decimalOf,
  decimalText,
  negated,
  powerOfTen,
  requiredDecimal,
  writtenDecimal,
} from "../../config/decimal.js";

const test = suite("exact decimals");

test("are printed in plain digits, without an exponent and without trailing zeros", () => {
  const rows: [bigint, number, string][] = [
    [12345678n, -3, "12345.678"],
    [5n, -3, "0.005"],
    [-5n, -1, "-0.5"],
    [23020001n, -5, "230.20001"],
    [7n, 3, "7000"],
    [0n, 5, "0"],
    [1500n, -3, "1.5"],
  ];
  for (const [digits, exponent, expected] of rows) assert.is(decimalText(powerOfTen(digits, exponent)), expected);
});

test("are read from numbers and texts, and drop the zeros that say nothing", () => {
  for (const [value, digits, scale] of [
    [0.39, 39n, 2],
    ["0.390", 39n, 2],
    ["100", 100n, 0],
    [1e21, 10n ** 21n, 0],
    [1.5e-7, 15n, 8],
    ["-0.50", -5n, 1],
  ] as const)
    assert.equal(decimalOf(value), { digits, scale });
});

test("keep their zeros where a receipt wrote them", () =>
  assert.equal(writtenDecimal("1.50"), { digits: 150n, scale: 2 }));

test("are none where the text is not a number, or is longer than any price", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "", "1,5", ".5", "5.", "0x1", "1e99", 5e-324])
    assert.is(decimalOf(value), undefined, String(value));
  assert.throws(() => requiredDecimal("1,5"), /"1,5" is not a decimal number/);
  assert.is(requiredDecimal(5e-324, 400).scale, 324);
});

test("are added and compared exactly, whatever their scales", () => {
  assert.equal(addDecimals(powerOfTen(1n, 3), powerOfTen(5n, -2)), { digits: 100_005n, scale: 2 });
  assert.equal(addDecimals(powerOfTen(1n, 0), negated(powerOfTen(3n, 0))), { digits: -2n, scale: 0 });
  assert.is(compareDecimals(powerOfTen(15n, -1), powerOfTen(150n, -2)), 0);
  assert.ok(compareDecimals(powerOfTen(1n, -1), powerOfTen(9n, -2)) > 0);
});

test.run();

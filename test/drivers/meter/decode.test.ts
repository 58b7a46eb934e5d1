// Bytes to decimals, against values worked out by hand or printed in manuals.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decimalText } from "../../../config/decimal.js";
import type { NumberType } from "../../../config/meter-map.js";
import { crc16 } from "../../../drivers/meter/crc16.js";
import type { Decoded } from "../../../drivers/meter/decode.js";
import { decodeNumber, decodeText, floorToStep, inMilli, shortestFloat32 } from "../../../drivers/meter/decode.js";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const shown = (decoded: Decoded): string => (decoded.kind === "number" ? decimalText(decoded.value) : decoded.why);

const numbers = suite("register words");

const rows: [hex: string, type: NumberType, order: "big" | "little", expected: string][] = [
  // Eastron SDM630 protocol, the example of a reply. It says 230.2 V; that would be ...33, and this is one float
  // further.
  ["43 66 33 34", "f32", "big", "230.20001"],
  ["43 66 33 33", "f32", "big", "230.2"],
  ["33 33 43 66", "f32", "little", "230.2"],
  ["46 40 e6 b6", "f32", "big", "12345.678"],
  ["3a 83 12 6f", "f32", "big", "0.001"],
  ["00 00 00 00", "f32", "big", "0"],
  ["7f c0 00 00", "f32", "big", "not a number (NaN)"],
  ["ff 80 00 00", "f32", "big", "infinite"],
  ["41 32 d6 87 e4 18 93 75", "f64", "big", "1234567.891"],
  ["00 01", "u16", "big", "1"],
  ["ff ff", "i16", "big", "-1"],
  // Carlo Gavazzi, low word first: 65 538 counts.
  ["00 02 00 01", "i32", "little", "65538"],
  ["ff ff ff ff", "u32", "big", "4294967295"],
  // Beyond 2^53, where a float would lose the last counts.
  ["00 20 00 00 00 00 00 01", "u64", "big", "9007199254740993"],
  ["00 01 00 00 00 00 00 20", "u64", "little", "9007199254740993"],
  ["ff ff ff ff ff ff ff fe", "i64", "big", "-2"],
  // Iskra: exponent -4 and 123 456; exponent -2 and -100; exponent +3 and 7.
  ["fc 01 e2 40", "iskra_t5", "big", "12.3456"],
  ["fe ff ff 9c", "iskra_t6", "big", "-1"],
  ["03 00 00 07", "iskra_t5", "big", "7000"],
];
for (const [hex, type, order, expected] of rows)
  numbers(`${hex} as ${type}, ${order} word first, is ${expected}`, () => {
    assert.is(shown(decodeNumber(bytes(hex), type, { wordOrder: order, invalid: [] })), expected);
  });

numbers("the marks for not available are heeded where a map names them, and are values elsewhere", () => {
  const marks = { wordOrder: "big", invalid: ["unsigned-ones", "signed-max"] } as const;
  const told = (hex: string, type: NumberType): string =>
    decodeNumber(bytes(hex), type, { ...marks, invalid: [...marks.invalid] }).kind;
  assert.is(told("ffffffff", "u32"), "unavailable");
  assert.is(told("7fffffff", "i32"), "unavailable");
  assert.is(told("7fffffff", "u32"), "number");
  assert.is(told("80000000", "i32"), "number");
  assert.is(told("ffffffffffffffff", "u64"), "unavailable");
});

numbers("every float32 finds its shortest decimal, and that reads back", () => {
  const view = new DataView(new ArrayBuffer(4));
  let state = 20261122;
  console.log(`seed ${state}`);
  for (let round = 0; round < 20_000; round++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    view.setUint32(0, state);
    const value = view.getFloat32(0);
    if (!Number.isFinite(value)) continue;
    const { digits, scale } = shortestFloat32(value);
    assert.is(Math.fround(Number(`${digits}e-${scale}`)), Object.is(value, -0) ? 0 : value);
    assert.ok(digits.toString().replace("-", "").replace(/0+$/, "").length <= 9);
  }
});
numbers.run();

const steps = suite("decimals to whole steps");

steps("kilowatt-hours become milliwatt-hours exactly, then go down to the step", () => {
  const kwh = { counts: { exponent: 6, unit: "Wh" } } as const;
  const value = inMilli({ digits: 12345678n, scale: 3 }, kwh);
  assert.is(floorToStep(value, 1_000n), 12_345_678_000n);
  assert.is(floorToStep(value, 10_000n), 12_345_670_000n);
  assert.is(floorToStep(inMilli({ digits: 19_999_999n, scale: 7 }, kwh), 1_000n), 1_999_000n);
});
steps.run();

const texts = suite("texts in registers");

texts("two characters a register, one in the low byte, filling at either end", () => {
  assert.is(decodeText(Buffer.from("BSM-WS36A\0\0\0")), "BSM-WS36A");
  assert.is(decodeText(bytes("0042 0052 0031 0032")), "BR12");
  assert.is(decodeText(Buffer.from("  21031234 ")), "21031234");
  assert.is(decodeText(bytes("4f 4b 07 80")), undefined);
});

texts("the checksum is the standard's", () => {
  // Eastron SDM630 protocol: request and reply for the voltage of phase 1.
  assert.is(crc16(bytes("01 04 00 00 00 02")), 0xcb71);
  assert.is(crc16(bytes("01 04 04 43 66 33 34")), 0x381b);
});
texts.run();

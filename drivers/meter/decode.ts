// Register words to exact decimals. Pure: bytes in, value out; a value that is not certain is "unavailable" or an
// error, never a guess.
import { type Decimal, powerOfTen, requiredDecimal, tenTo } from "../../config/decimal.js";
import type { MeterMap, NumberType, Register } from "../../config/meter-map.js";

/** What a register said: a number, or the meter's own "not available". */
export type Decoded =
  | { readonly kind: "number"; readonly value: Decimal }
  | { readonly kind: "unavailable"; readonly why: string };

/** Digits of the longest float64 when it is written out: 5e-324 has 324 decimals. */
const longestFloat = 400;

/**
 * The shortest decimal that reads back as the same float32: what the meter's maker wrote down, not what binary made of
 * it.
 */
export function shortestFloat32(value: number): Decimal {
  for (let digits = 1; digits <= 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return requiredDecimal(text, longestFloat);
  }
  throw new Error(`${value} is not a float32`);
}

/** Registers are big-endian inside; only the order of the words differs from maker to maker. */
function inOrder(bytes: Buffer, wordOrder: MeterMap["wordOrder"]): Buffer {
  if (wordOrder === "big") return bytes;
  const turned = Buffer.alloc(bytes.length);
  for (let at = 0; at < bytes.length; at += 2) bytes.copy(turned, bytes.length - 2 - at, at, at + 2);
  return turned;
}

const bits = (bytes: Buffer): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

function float(value: number, shortest: (value: number) => Decimal): Decoded {
  if (!Number.isFinite(value))
    return { kind: "unavailable", why: Number.isNaN(value) ? "not a number (NaN)" : "infinite" };
  return { kind: "number", value: shortest(value) };
}

function integer(raw: bigint, width: number, signed: boolean, invalid: MeterMap["invalid"]): Decoded {
  const ones = (1n << BigInt(width)) - 1n;
  const most = ones >> 1n;
  const marked =
    (!signed && raw === ones && invalid.includes("unsigned-ones")) ||
    (signed && raw === most && invalid.includes("signed-max")) ||
    (signed && raw === most + 1n && invalid.includes("signed-min"));
  if (marked) return { kind: "unavailable", why: `marked as invalid (0x${raw.toString(16).toUpperCase()})` };
  return { kind: "number", value: { digits: signed ? BigInt.asIntN(width, raw) : raw, scale: 0 } };
}

/** Iskra: one byte of signed decimal exponent, 24 bits of value. */
function iskra(raw: bigint, signed: boolean): Decoded {
  const value = signed ? BigInt.asIntN(24, raw) : BigInt.asUintN(24, raw);
  return { kind: "number", value: powerOfTen(value, Number(BigInt.asIntN(8, raw >> 24n))) };
}

/** The number in a register's bytes, in its own counts. */
export function decodeNumber(bytes: Buffer, type: NumberType, map: Pick<MeterMap, "wordOrder" | "invalid">): Decoded {
  const ordered = inOrder(bytes, map.wordOrder);
  switch (type) {
    case "f32":
      return float(ordered.readFloatBE(0), shortestFloat32);
    case "f64":
      return float(ordered.readDoubleBE(0), (value) => requiredDecimal(value, longestFloat));
    case "iskra_t5":
      return iskra(bits(ordered), false);
    case "iskra_t6":
      return iskra(bits(ordered), true);
    case "u16":
    case "u32":
    case "u64":
      return integer(bits(ordered), ordered.length * 8, false, map.invalid);
    case "i16":
    case "i32":
    case "i64":
      return integer(bits(ordered), ordered.length * 8, true, map.invalid);
    default:
      return type satisfies never;
  }
}

/**
 * The text in a register's bytes: two characters a register, or one in the low byte with the high byte zero (some Carlo
 * Gavazzi). Filling (NUL, blanks at the ends) is taken off; undefined when anything else is no printable ASCII.
 */
export function decodeText(bytes: Buffer): string | undefined {
  const text = bytes.toString("latin1").replaceAll("\0", "").trim();
  return /^[\x20-\x7e]*$/.test(text) ? text : undefined;
}

/** Packed decimal digits, two a byte, as they stand on a label; undefined when a half byte is none. */
export function decodeDigits(bytes: Buffer): string | undefined {
  const text = bytes.toString("hex");
  return /^[0-9]*$/.test(text) ? text : undefined;
}

/**
 * A register's number in thousandths of its unit: milliwatt-hours, milliwatts, milliamperes. `power` is the power of
 * ten that the meter names itself.
 */
export function inMilli(value: Decimal, entry: Pick<Register, "counts">, power = 0): Decimal {
  return powerOfTen(value.digits, (entry.counts?.exponent ?? 3) + power - value.scale);
}

/**
 * Whole units, rounded down to a multiple of `step`. For counters: what is not full has not flowed. The value may not
 * be negative.
 */
export function floorToStep(value: Decimal, step: bigint): bigint {
  const whole = value.digits / tenTo(value.scale);
  return whole - (whole % step);
}

/** The nearest whole unit, for values that are shown and compared but not billed. */
export function nearestStep(value: Decimal): number {
  // Zero is added because a rounded -0.4 is JavaScript's minus zero.
  return Math.round(Number(`${value.digits}e-${value.scale}`)) + 0;
}

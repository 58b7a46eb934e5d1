// What sums and products of binary floats leave behind a decimal: 0.1 + 0.2 is 0.30000000000000004.

import { type Decimal, tenTo } from "../../../config/decimal.js";
import { ratioOf, roundHalfUp } from "./money.js";

/** A price list has no more decimals than these; and noise is less than one unit of that place. */
const keptPlaces = 10;
const noisePlace = 12;

/**
 * The decimal with its places beyond the tenth rounded off, without trailing zeros; undefined where that changes it by
 * 1e-12 or more: then they were meant.
 */
export function withoutFloatNoise({ digits, scale }: Decimal): Decimal | undefined {
  if (scale <= keptPlaces) return { digits, scale };
  let kept = roundHalfUp(ratioOf({ digits, scale }), keptPlaces);
  const change = kept * tenTo(scale - keptPlaces) - digits;
  if ((change < 0n ? -change : change) * tenTo(noisePlace) >= tenTo(scale)) return undefined;
  let places = keptPlaces;
  for (; places > 0 && kept % 10n === 0n; places -= 1) kept /= 10n;
  return { digits: kept, scale: places };
}

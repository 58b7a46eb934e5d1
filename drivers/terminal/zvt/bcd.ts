// Packed decimal digits: two in a byte, the left one first.

/** The digits of `bytes` as text; undefined where a nibble is not a digit. */
export function bcdDigits(bytes: Uint8Array): string | undefined {
  let digits = "";
  for (const byte of bytes) {
    if (byte >> 4 > 9 || (byte & 0xf) > 9) return undefined;
    digits += `${byte >> 4}${byte & 0xf}`;
  }
  return digits;
}

/** `digits` packed into so many bytes, with zeros in front. Throws RangeError for what does not fit or is not a digit. */
export function bcdBytes(digits: string, length: number): number[] {
  if (!/^\d*$/.test(digits) || digits.length > 2 * length)
    throw new RangeError(`${JSON.stringify(digits)} does not fit into ${2 * length} digits`);
  const padded = digits.padStart(2 * length, "0");
  return Array.from({ length }, (_, index) => (Number(padded[2 * index]) << 4) | Number(padded[2 * index + 1]));
}

// CRC-32 as ZIP and PNG use it (ISO 3309, reflected polynomial 0xedb88320), four bytes at a time: archives are verified
// on a Pi too.

const bytewise = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
/** The same with so many zero bytes behind. */
const shifted = (table: Uint32Array): Uint32Array =>
  table.map((value) => (value >>> 8) ^ (bytewise[value & 255] as number));
const second = shifted(bytewise);
const third = shifted(second);
const fourth = shifted(third);

/** The CRC-32 of bytes, as a whole number from 0 on. */
export function crc32(bytes: Uint8Array): number {
  let value = -1;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    value ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    value =
      (fourth[value & 255] as number) ^
      (third[(value >>> 8) & 255] as number) ^
      (second[(value >>> 16) & 255] as number) ^
      (bytewise[value >>> 24] as number);
  }
  for (; at < bytes.length; at += 1)
    value = (value >>> 8) ^ (bytewise[(value ^ (bytes[at] as number)) & 255] as number);
  return ~value >>> 0;
}

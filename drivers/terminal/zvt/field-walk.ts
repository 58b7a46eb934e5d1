// Where the fields of a frame lie: BMPs, each a tag of one byte with a length that only the tag tells, and in BMP 06 a
// container of BER tags and lengths. Reading and masking walk the same way. What cannot be followed ends the walk: of an
// unknown tag nobody knows how long it is.

/**
 * A field's tag (of a nested one: the tags around it too, outermost first), where it begins with its tag, and where its
 * value lies. A container stands before what lies in it.
 */
export type FieldSpan = {
  readonly path: readonly number[];
  readonly at: number;
  readonly from: number;
  readonly to: number;
};
/** `readTo` = how far the bytes could be followed: all of them, or up to the first that could not. */
export type FieldWalk = { readonly spans: readonly FieldSpan[]; readonly readTo: number };

type Length = number | "LL" | "LLL" | "TLV";

/** How long each BMP is: bytes, or told in two or three digits in front (PA00P015, 9). */
const bmpLengths: ReadonlyMap<number, Length> = new Map<number, Length>([
  ...[0x01, 0x02, 0x03, 0x05, 0x19, 0x27, 0x8a, 0x8c, 0xa0, 0xd0, 0xd2, 0xd3, 0xfc].map((tag) => [tag, 1] as const),
  ...[0x0d, 0x0e, 0x17, 0x3a, 0x49, 0x87].map((tag) => [tag, 2] as const),
  ...[0x0b, 0x0c, 0x37, 0x3d, 0x88, 0xaa].map((tag) => [tag, 3] as const),
  [0x29, 4],
  [0xba, 5],
  [0x04, 6],
  [0x3b, 8],
  [0x2a, 15],
  ...[0x22, 0x23, 0x2d, 0x8b, 0xa7, 0xd1].map((tag) => [tag, "LL"] as const),
  ...[0x24, 0x2e, 0x3c, 0x60, 0x92, 0x9a, 0xaf].map((tag) => [tag, "LLL"] as const),
  [0x06, "TLV"],
]);

const constructedBit = 0x20;
/** Containers lie in one another no deeper than this. */
const deepest = 6;

/** All fields of `data` from `start` on. */
export function walkFields(data: Uint8Array, start = 0): FieldWalk {
  const spans: FieldSpan[] = [];
  let at = start;
  while (at < data.length) {
    const tag = data[at] ?? 0;
    const extent = bmpExtent(data, at + 1, bmpLengths.get(tag));
    if (extent === undefined || extent.to > data.length) return { spans, readTo: at };
    spans.push({ path: [tag], at, ...extent });
    if (bmpLengths.get(tag) === "TLV" && !walkTlv(data, extent, [tag], spans)) return { spans, readTo: extent.from };
    at = extent.to;
  }
  return { spans, readTo: at };
}

type Extent = { readonly from: number; readonly to: number };

function bmpExtent(data: Uint8Array, at: number, length: Length | undefined): Extent | undefined {
  if (length === undefined) return undefined;
  if (typeof length === "number") return { from: at, to: at + length };
  if (length === "TLV") return berExtent(data, at);
  const told = spelledLength(data, at, length.length);
  return told === undefined ? undefined : { from: at + length.length, to: at + length.length + told };
}

/** A length in decimal digits, each a byte from F0 to F9; undefined where it is none. */
export function spelledLength(data: Uint8Array, at: number, digits: number): number | undefined {
  let value = 0;
  for (let index = at; index < at + digits; index += 1) {
    const digit = (data[index] ?? 0) - 0xf0;
    if (digit < 0 || digit > 9) return undefined;
    value = 10 * value + digit;
  }
  return value;
}

/** BER: one byte up to 127, else the number of bytes that follow, of which two are enough for any frame. */
function berExtent(data: Uint8Array, at: number): Extent | undefined {
  const first = data[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { from: at + 1, to: at + 1 + first };
  const bytes = first & 0x7f;
  if (bytes < 1 || bytes > 2 || at + bytes >= data.length) return undefined;
  let length = 0;
  for (const byte of data.subarray(at + 1, at + 1 + bytes)) length = 256 * length + byte;
  return { from: at + 1 + bytes, to: at + 1 + bytes + length };
}

/** Adds what lies in a container; false where it could not be followed to its end. */
function walkTlv(data: Uint8Array, { from, to }: Extent, path: readonly number[], spans: FieldSpan[]): boolean {
  let at = from;
  while (at < to) {
    const tag = berTag(data, at);
    const extent = tag === undefined ? undefined : berExtent(data, tag.to);
    if (tag === undefined || extent === undefined || extent.to > to) return false;
    const inner = [...path, tag.value];
    spans.push({ path: inner, at, ...extent });
    if (tag.isConstructed && (inner.length > deepest || !walkTlv(data, extent, inner, spans))) return false;
    at = extent.to;
  }
  return true;
}

/** A tag of one byte, or of two or three where the first one's low bits are all set. */
function berTag(
  data: Uint8Array,
  at: number,
): { readonly value: number; readonly isConstructed: boolean; readonly to: number } | undefined {
  const first = data[at];
  if (first === undefined) return undefined;
  const isConstructed = (first & constructedBit) !== 0;
  if ((first & 0x1f) !== 0x1f) return { value: first, isConstructed, to: at + 1 };
  const second = data[at + 1];
  if (second === undefined) return undefined;
  if (second < 0x80) return { value: (first << 8) | second, isConstructed, to: at + 2 };
  const third = data[at + 2];
  if (third === undefined || third >= 0x80) return undefined;
  return { value: (first << 16) | (second << 8) | third, isConstructed, to: at + 3 };
}

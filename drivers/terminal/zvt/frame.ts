// A ZVT frame as it stands on TCP: class, instruction, length, data; no start, no checksum. A length of FF is followed
// by two more bytes, the low one first (PA00P015, 2.2). Frames come split or joined: a stream is cut, never a packet.

/** `control` = class and instruction in one number: 0x060f. */
export type ZvtFrame = { readonly control: number; readonly data: Uint8Array };

const longMark = 0xff;
/** The longest data that the length can tell. */
const mostData = 0xffff;
/** The longest frame: what a stream may hold back before a frame is whole. */
export const longestZvtFrame = 5 + mostData;

/** A frame's bytes. Throws RangeError for data that no length can tell. */
export function zvtFrameBytes(control: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  if (data.length > mostData) throw new RangeError(`a frame holds at most ${mostData} bytes, not ${data.length}`);
  const head =
    data.length < longMark
      ? [control >> 8, control & 0xff, data.length]
      : [control >> 8, control & 0xff, longMark, data.length & 0xff, data.length >> 8];
  return Uint8Array.from([...head, ...data]);
}

/** The whole frames at the front of `bytes`, and what is left of the next one. */
export function splitFrames(bytes: Uint8Array): { readonly frames: readonly ZvtFrame[]; readonly rest: Uint8Array } {
  const frames: ZvtFrame[] = [];
  let at = 0;
  for (;;) {
    const { start, length } = extentOf(bytes, at);
    if (start + length > bytes.length) return { frames, rest: bytes.slice(at) };
    const control = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    frames.push({ control, data: bytes.slice(start, start + length) });
    at = start + length;
  }
}

/** Where the data of the frame at `at` begins and how long it is; beyond the end where the head is not whole. */
function extentOf(bytes: Uint8Array, at: number): { readonly start: number; readonly length: number } {
  const short = bytes[at + 2];
  if (short === undefined) return { start: at + 3, length: 0 };
  if (short !== longMark) return { start: at + 3, length: short };
  return { start: at + 5, length: (bytes[at + 3] ?? 0) | ((bytes[at + 4] ?? 0) << 8) };
}

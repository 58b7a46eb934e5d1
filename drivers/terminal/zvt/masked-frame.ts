// A frame as a trace may keep it: each field that could tell of a card, its owner or a password holds zeros, at the same
// length, so that a replay reads the same message. Only fields known to be harmless are taken over; what cannot be
// followed is zeros too.
import { walkFields } from "./field-walk.js";
import { type ZvtFrame, zvtFrameBytes } from "./frame.js";
import { control, fieldsStart } from "./messages.js";

/** BMPs that tell of amounts, numbers of the terminal and states alone. */
const harmless: ReadonlySet<number> = new Set([
  0x01, 0x02, 0x03, 0x04, 0x05, 0x0b, 0x0c, 0x0d, 0x19, 0x27, 0x29, 0x2a, 0x37, 0x3b, 0x49, 0x87, 0x88, 0x8a, 0x8b,
  0x8c, 0xa0, 0xaa, 0xba, 0xfc,
]);
/** The same within the container: lists of receipts, kinds and applications of cards, own references, limits. */
const harmlessInside: ReadonlySet<number> = new Set([
  0x08, 0x1b, 0x41, 0x43, 0x1f0b, 0x1f15, 0x1f16, 0x1f40, 0x1f43, 0x1f44, 0x1f4c, 0x1f4d, 0x1f4f, 0x1f50, 0x1f60,
  0x1f62, 0x1f63,
]);
const container = 0x06;
/** Commands that begin with the terminal's password. */
const withPassword: ReadonlySet<number> = new Set([
  control.registration,
  control.statusEnquiry,
  control.repeatReceipt,
  control.endOfDay,
  control.initialisation,
]);
/** The digits of a masked card number: `E` where a digit was. */
const maskedNumbers: ReadonlySet<number> = new Set([0x22]);
const hiddenDigits = 0xee;

/** The same frame without what no trace may hold; see the head of this file. */
export function maskedFrame(frame: ZvtFrame): Uint8Array {
  const { control: kind, data } = frame;
  const masked = new Uint8Array(data.length);
  const start = fieldsStart(frame);
  keepHead(kind, data, start, masked);
  for (const { path, at, from, to } of walkFields(data, start).spans) {
    masked.set(data.subarray(at, from), at);
    const [outer = 0] = path;
    const inner = path.at(-1) ?? 0;
    if (path.length > 1 ? harmlessInside.has(inner) : harmless.has(outer)) masked.set(data.subarray(from, to), from);
    else if (maskedNumbers.has(outer)) masked.fill(hiddenDigits, from, to);
    else if (outer === container) masked.fill(0, from, to);
  }
  return zvtFrameBytes(kind, masked);
}

/** What stands before the fields: codes and states stay, passwords do not. */
function keepHead(kind: number, data: Uint8Array, start: number, masked: Uint8Array): void {
  const from = withPassword.has(kind) ? Math.min(3, start) : 0;
  masked.set(data.subarray(from, start), from);
}

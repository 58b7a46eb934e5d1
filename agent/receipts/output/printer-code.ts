// A QR code as a receipt printer of 58 mm prints it: a raster of dots (ESC/POS, GS v 0), since 32 letters have no room
// for one. The printer doubles the dots, so that a receipt stays under the 8192 bytes that Linux's usblp takes at once.
import { joinedBytes } from "../../core/number/bytes.js";
import { codeMargin, codeModules } from "./qr-code.js";

/** Dots in a line of a 58 mm printer: 48 mm at 8 a millimetre. */
const lineDots = 384;
/** Dots of a module, each printed twice as wide and twice as high: half a millimetre, which any phone reads. */
const moduleDots = 2;
const doubled = 3;

const escapeByte = 0x1b;
const groupByte = 0x1d;
const aligned = (place: 0 | 1): Uint8Array => Uint8Array.of(escapeByte, 0x61, place);

/** The bytes that print a code in the middle of the line; none where it is too large for the paper. */
export function printedCode(text: string): Uint8Array {
  const { size, isDark } = codeModules(text);
  const side = (size + 2 * codeMargin) * moduleDots;
  if (side * 2 > lineDots) return new Uint8Array();
  const lineBytes = Math.ceil(side / 8);
  const raster = new Uint8Array(lineBytes * side);
  for (let y = 0; y < side; y += 1)
    for (let x = 0; x < side; x += 1) {
      if (!isDark(Math.floor(y / moduleDots) - codeMargin, Math.floor(x / moduleDots) - codeMargin)) continue;
      const at = y * lineBytes + (x >> 3);
      raster[at] = (raster[at] ?? 0) | (0x80 >> (x & 7));
    }
  const head = Uint8Array.of(groupByte, 0x76, 0x30, doubled, lineBytes, 0, side & 255, side >> 8);
  return joinedBytes(aligned(1), head, raster, aligned(0));
}

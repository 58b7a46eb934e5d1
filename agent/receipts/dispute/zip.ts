// A ZIP file in its plainest form: stored, not compressed, every date 1980-01-01. The same files give the same bytes,
// and reading accepts exactly what writing makes, so that no byte of a bundle can be changed without notice.
import { joinedBytes, legibleText, sameBytes, utf8 } from "../../core/number/bytes.js";
import { crc32 } from "../../core/number/crc32.js";

export type ZipEntry = { readonly name: string; readonly bytes: Uint8Array };

const localMark = 0x04034b50;
const firstDay = 0x0021;
const utf8Names = 0x0800;
const version = 20;
/** A bundle is small; anything with more is not ours. */
const mostEntries = 100;

/** A header of so many bytes, its fields in little-endian order at their places. */
function header(length: number, fields: readonly (readonly [at: number, bytes: 2 | 4, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(length));
  for (const [at, bytes, value] of fields)
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
  return new Uint8Array(view.buffer);
}

const localHeader = (name: Uint8Array, bytes: Uint8Array): Uint8Array =>
  header(30, [
    [0, 4, localMark],
    [4, 2, version],
    [6, 2, utf8Names],
    [12, 2, firstDay],
    [14, 4, crc32(bytes)],
    [18, 4, bytes.length],
    [22, 4, bytes.length],
    [26, 2, name.length],
  ]);

function centralHeader(local: Uint8Array, offset: number): Uint8Array {
  const central = header(46, [
    [0, 4, 0x02014b50],
    [4, 2, version],
    [42, 4, offset],
  ]);
  // From "version needed" to the lengths both headers hold the same.
  central.set(local.subarray(4), 6);
  return central;
}

/** The archive of these files, in this order. */
export function zipped(entries: readonly ZipEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes } of entries) {
    const nameBytes = utf8(name);
    const local = localHeader(nameBytes, bytes);
    parts.push(local, nameBytes, bytes);
    central.push(centralHeader(local, offset), nameBytes);
    offset += local.length + nameBytes.length + bytes.length;
  }
  const directory = joinedBytes(...central);
  const end = header(22, [
    [0, 4, 0x06054b50],
    [8, 2, entries.length],
    [10, 2, entries.length],
    [12, 4, directory.length],
    [16, 4, offset],
  ]);
  return joinedBytes(...parts, directory, end);
}

/** True where the bytes begin like an archive. */
export const looksZipped = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

/** The files of an archive that `zipped` wrote, or undefined where any byte of it is another. */
export function unzipped(bytes: Uint8Array): readonly ZipEntry[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: ZipEntry[] = [];
  let at = 0;
  while (at + 30 <= bytes.length && view.getUint32(at, true) === localMark && entries.length < mostEntries) {
    const nameEnd = at + 30 + view.getUint16(at + 26, true);
    const end = nameEnd + view.getUint32(at + 18, true);
    if (end > bytes.length) return undefined;
    entries.push({ name: legibleText(bytes.subarray(at + 30, nameEnd)), bytes: bytes.subarray(nameEnd, end) });
    at = end;
  }
  return sameBytes(zipped(entries), bytes) ? entries : undefined;
}

// A ZIP file in its plainest form: stored, not compressed, every date 1980-01-01. The same files give the same bytes,
// and reading accepts exactly what writing makes, so that no byte of a bundle can be changed without notice.
import { crc32 } from "node:zlib";

export type ZipEntry = { readonly name: string; readonly bytes: Uint8Array };

const firstDay = 0x0021;
const utf8Names = 0x0800;
const version = 20;
/** A bundle is small; anything with more is not ours. */
const mostEntries = 100;

function localHeader(name: Buffer, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(version, 4);
  header.writeUInt16LE(utf8Names, 6);
  header.writeUInt16LE(firstDay, 12);
  header.writeUInt32LE(crc32(bytes), 14);
  header.writeUInt32LE(bytes.length, 18);
  header.writeUInt32LE(bytes.length, 22);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

function centralHeader(local: Buffer, name: Buffer, offset: number): Buffer {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(version, 4);
  // From "version needed" to the lengths both headers hold the same.
  local.copy(header, 6, 4, 30);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, name]);
}

/** The archive of these files, in this order. */
export function zipped(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes } of entries) {
    const nameBytes = Buffer.from(name, "utf8");
    const local = localHeader(nameBytes, bytes);
    parts.push(local, Buffer.from(bytes));
    central.push(centralHeader(local, nameBytes, offset));
    offset += local.length + bytes.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}

/** True where the bytes begin like an archive. */
export const looksZipped = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

/** The files of an archive that `zipped` wrote, or undefined where any byte of it is another. */
export function unzipped(bytes: Uint8Array): readonly ZipEntry[] | undefined {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: ZipEntry[] = [];
  let at = 0;
  while (at + 30 <= all.length && all.readUInt32LE(at) === 0x04034b50 && entries.length < mostEntries) {
    const nameEnd = at + 30 + all.readUInt16LE(at + 26);
    const end = nameEnd + all.readUInt32LE(at + 18);
    if (end > all.length) return undefined;
    entries.push({ name: all.toString("utf8", at + 30, nameEnd), bytes: all.subarray(nameEnd, end) });
    at = end;
  }
  return zipped(entries).equals(all) ? entries : undefined;
}

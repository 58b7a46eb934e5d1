// Hands a receipt to the driver without an operator: as a file to check and a text to read, where the config wants them.
import { join } from "node:path";
import type { Config } from "../config/schema.js";
import type { Handout } from "./cash-desk.js";
import { receiptFileText } from "./core/receipt-file.js";
import { receiptSheet } from "./core/receipt-sheet.js";
import { receiptText } from "./core/receipt-text.js";
import { sha256 } from "./keys.js";
import type { BookEntry } from "./ledger/page.js";
import type { Disk } from "./ledger/disk.js";
import { codeLines } from "./qr-code.js";

/** Writes the receipt's files; answers the path of the one to check, "" where the config wants none. Throws disk/failed, disk/full. */
export function handOut(disk: Disk, config: Config, entry: BookEntry, handout: Handout): string {
  if (config.receiptOutput === undefined) return "";
  const folder = join(config.state, config.receiptOutput.folder);
  const path = join(folder, `receipt-${String(entry.number).padStart(6, "0")}`);
  const sheet = receiptSheet(entry.jws, sha256, { language: config.language });
  disk.makeFolder(folder);
  disk.replace(`${path}.txt`, Buffer.from(receiptText(sheet, 80, sheet.code === undefined ? [] : codeLines(sheet.code))));
  disk.replace(`${path}.json`, Buffer.from(receiptFileText({ jws: entry.jws, ...handout }, handout.spkiHex)));
  return `${path}.json`;
}

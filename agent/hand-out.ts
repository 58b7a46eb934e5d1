// Hands a receipt to the driver without an operator: as a file to check and a text to read, where the config wants them.
import { join } from "node:path";
import type { Config } from "../config/schema.js";
import { payloadOf } from "./core/receipt.js";
import { receiptFileText } from "./core/receipt-file.js";
import { receiptSheet } from "./core/receipt-sheet.js";
import { receiptText } from "./core/receipt-text.js";
import type { Signed } from "./core/session.js";
import { sha256 } from "./keys.js";
import type { Disk } from "./ledger/disk.js";
import { codeLines } from "./qr-code.js";

/** Writes the receipt's files; answers the path of the one to check, "" where the config wants none. Throws disk/failed, disk/full. */
export function handOut(disk: Disk, { receiptOutput, state, language }: Config, signed: Signed): string {
  if (receiptOutput === undefined) return "";
  const path = join(state, receiptOutput.folder, `receipt-${String(signed.number).padStart(6, "0")}`);
  const sheet = receiptSheet(signed.jws, sha256, { language });
  disk.replace(`${path}.txt`, Buffer.from(receiptText(sheet, 80, sheet.code === undefined ? [] : codeLines(sheet.code))));
  disk.replace(`${path}.json`, Buffer.from(receiptFileText(signed, payloadOf(signed.jws)?.key.spki ?? "")));
  return `${path}.json`;
}

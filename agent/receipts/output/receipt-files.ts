// Hands a receipt to the driver without an operator: as a file to check and a text to read, and on paper, where the
// config wants them.
import { join } from "node:path";
import type { Config } from "../../../config/schema.js";
import { Failure } from "../../core/failure.js";
import { utf8 } from "../../core/number/bytes.js";
import { receiptSheet } from "../../core/print/receipt-sheet.js";
import { type TextWidth, wrappedLines } from "../../core/print/receipt-text.js";
import { receiptFileText } from "../../core/receipt/receipt-file.js";
import { payloadOf } from "../../core/receipt/receipt-payload.js";
import type { SignedReceipt } from "../../core/session/session.js";
import { sha256 } from "../../ledger/store/digest.js";
import type { Disk } from "../../ledger/store/disk.js";
import { printedCode } from "./printer-code.js";
import { codeLines } from "./qr-code.js";
import { copyPath } from "./receipt-file-retention.js";
import { printedReceipt } from "./terminal-text.js";

/** Paper feed and a cut where the printer has a knife (ESC/POS: GS V 66 0); others ignore it. */
const endOfPaper = "\n\n\n\x1dVB\x00";

/** Where the receipt lies online, for a phone and for whoever types it. */
function onlineLines(address: string, columns: TextWidth): Uint8Array[] {
  const lines = wrappedLines(address, columns).join("\n");
  const code = columns === 32 ? printedCode(address) : utf8(codeLines(address, true).join("\n"));
  return [code, utf8(`\n${lines}\n`)];
}

/**
 * Writes the receipt's files and prints it; answers the path of the file to check, "" where the config wants none.
 * `address` = where the page shows it, which is printed too. Throws disk/failed, disk/full for the files. A printer that
 * fails costs no sale: `complain` hears of it.
 */
export function writeReceiptFiles(
  disk: Disk,
  { receiptOutput, state, language }: Config,
  signed: SignedReceipt & { readonly address?: string | undefined },
  complain: (why: string) => void,
): string {
  if (receiptOutput === undefined) return "";
  const text = (columns: 32 | 80): string => printedReceipt(signed.jws, columns, { language }, true);
  if (receiptOutput.printer !== undefined) {
    const { device, columns } = receiptOutput.printer;
    const code = columns === 32 ? receiptSheet(signed.jws, sha256, { language }).code : undefined;
    const roll = Buffer.concat([
      Buffer.from(text(columns)),
      ...(code === undefined ? [] : [printedCode(code)]),
      ...(signed.address === undefined ? [] : onlineLines(signed.address, columns)),
      Buffer.from(endOfPaper),
    ]);
    try {
      disk.print(device, roll);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      complain(`receipt ${signed.number} was not printed: ${error.message}`);
    }
  }
  if (receiptOutput.folder === undefined) return "";
  const path = copyPath(join(state, receiptOutput.folder), signed.number);
  disk.replace(`${path}.txt`, Buffer.from(text(80)));
  disk.replace(`${path}.json`, Buffer.from(receiptFileText(signed, payloadOf(signed.jws)?.key.spki ?? "")));
  return `${path}.json`;
}

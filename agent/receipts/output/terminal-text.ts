// A receipt as it is printed: 80 columns with the QR code, or the 32 columns of a receipt printer, which
// prints it as dots (printer-code.ts).

import { receiptSheet, type SheetOptions } from "../../core/print/receipt-sheet.js";
import { receiptText, type TextWidth } from "../../core/print/receipt-text.js";
import { sha256 } from "../../ledger/store/digest.js";
import { codeLines } from "./qr-code.js";

/**
 * The text of a stored receipt. `onPaper`: the code dark on light; a terminal most often shows light on dark. Throws
 * ReceiptFault where it is not a receipt of ours.
 */
export function printedReceipt(jws: string, width: TextWidth, options: SheetOptions, onPaper: boolean): string {
  const sheet = receiptSheet(jws, sha256, options);
  return receiptText(sheet, width, width === 32 || sheet.code === undefined ? [] : codeLines(sheet.code, onPaper));
}

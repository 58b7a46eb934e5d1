// A receipt as PDF: the 80-column text on A4 in a font that every reader has, and the QR code as drawn squares. Plain
// PDF 1.4, nothing compressed, no dates: the same receipt gives the same bytes.

import { receiptSheet, type SheetOptions } from "../../core/print/receipt-sheet.js";
import { receiptText } from "../../core/print/receipt-text.js";
import { sha256 } from "../../ledger/store/digest.js";
import { codeModules } from "./qr-code.js";

const page = { width: 595, height: 842, left: 66, top: 56, bottom: 50 };
/** Courier is 0.6 em wide: 80 columns of 9.6 pt are 461 pt. */
const fontSize = 9.6;
const lineHeight = 11.4;
const codeSide = 150;

/** What Windows-1252 holds beyond Latin-1 and a receipt may use. */
const beyondLatin: ReadonlyMap<string, number> = new Map(
  Object.entries({
    "€": 0x80,
    "…": 0x85,
    "–": 0x96,
    "—": 0x97,
    "‘": 0x91,
    "’": 0x92,
    "“": 0x93,
    "”": 0x94,
    Œ: 0x8c,
    œ: 0x9c,
    Š: 0x8a,
    š: 0x9a,
    Ž: 0x8e,
    ž: 0x9e,
    Ÿ: 0x9f,
  }),
);

/** A PDF string of the font's encoding; letters it lacks become a question mark. */
function pdfString(text: string): string {
  let out = "";
  for (const letter of text) {
    const unit = letter.codePointAt(0) ?? 63;
    const code = beyondLatin.get(letter) ?? (unit >= 32 && unit <= 126 ? unit : unit >= 160 && unit <= 255 ? unit : 63);
    const byte = String.fromCharCode(code);
    out += "()\\".includes(byte) ? `\\${byte}` : code > 126 ? `\\${code.toString(8).padStart(3, "0")}` : byte;
  }
  return `(${out})`;
}

type Line = { readonly text: string; readonly bold: boolean };

/** The total stands between two double rules; it and the first line are bold. */
function marked(text: string): Line[] {
  const lines = text.trimEnd().split("\n");
  return lines.map((line, at) => ({ text: line, bold: at === 0 || (lines[at - 1] ?? "").startsWith("====") }));
}

function textOps(lines: readonly Line[]): string {
  const shown = lines.map(({ text, bold }) => `/${bold ? "B" : "F"} ${fontSize} Tf ${pdfString(text)} Tj T*`);
  return `BT ${lineHeight} TL ${page.left} ${page.height - page.top} Td\n${shown.join("\n")}\nET\n`;
}

function codeOps(text: string, bottom: number): string {
  const { size, isDark } = codeModules(text);
  const side = codeSide / size;
  const squares: string[] = [];
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < size; column += 1)
      if (isDark(row, column))
        squares.push(
          `${(page.left + column * side).toFixed(3)} ` +
            `${(bottom + codeSide - (row + 1) * side).toFixed(3)} ${side.toFixed(3)} ` +
            `${side.toFixed(3)} re`,
        );
  return `0 g\n${squares.join("\n")}\nf\n`;
}

/** The pages' drawing operations: text, and the code under it or on a page of its own. */
function contents(lines: readonly Line[], code: string | undefined): string[] {
  const perPage = Math.floor((page.height - page.top - page.bottom) / lineHeight);
  const pages: string[] = [];
  for (let at = 0; at < lines.length; at += perPage) pages.push(textOps(lines.slice(at, at + perPage)));
  if (code === undefined) return pages;
  const used = lines.length % perPage === 0 ? perPage : lines.length % perPage;
  const bottom = page.height - page.top - used * lineHeight - codeSide - lineHeight;
  if (bottom < page.bottom) return [...pages, codeOps(code, page.height - page.top - codeSide)];
  return [...pages.slice(0, -1), `${pages.at(-1) ?? ""}${codeOps(code, bottom)}`];
}

/** The PDF of a stored receipt. Throws ReceiptFault where the text is not a receipt of ours. */
export function receiptPdf(jws: string, options: SheetOptions): Buffer {
  const sheet = receiptSheet(jws, sha256, options);
  const drawn = contents(marked(receiptText(sheet, 80)), sheet.code);
  const font = (name: string): string =>
    `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`;
  const firstPage = 6;
  const objects = [
    `<< /Type /Catalog /Pages 2 0 R /Lang ${pdfString(sheet.language)} >>`,
    `<< /Type /Pages /Count ${drawn.length} /Kids [${drawn.map((_, at) => `${firstPage + 2 * at} 0 R`).join(" ")}] >>`,
    font("Courier"),
    font("Courier-Bold"),
    `<< /Title ${pdfString(`${sheet.title} ${sheet.operator[0] ?? ""}`)} /Producer (chargetill) >>`,
    ...drawn.flatMap((ops, at) => [
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${page.width} ${page.height}] /Resources << ` +
        `/Font << /F 3 0 R /B 4 0 R >> >> /Contents ${firstPage + 2 * at + 1} 0 R >>`,
      `<< /Length ${ops.length} >>\nstream\n${ops}endstream`,
    ]),
  ];
  let text = "%PDF-1.4\n";
  const offsets = objects.map((object, at) => {
    const offset = text.length;
    text += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = text.length;
  text +=
    `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n` +
    `${offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("")}`;
  text += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  return Buffer.from(text, "latin1");
}

// A receipt as PDF for paper and for archives: the design of the page on A4, tagged for a screen reader, the receipt file
// attached. The same receipt gives the same bytes.

import { type CurveDrawing, receiptDrawing } from "../../core/print/curve-drawing.js";
import { receiptSheet, type Sheet, type SheetOptions } from "../../core/print/receipt-sheet.js";
import type { SheetRow, SheetSection } from "../../core/print/sheet-row.js";
import { payloadOf } from "../../core/receipt/receipt-payload.js";
import { parseIsoLocal } from "../../core/time/iso-time.js";
import { languageWords } from "../../core/words/words.js";
import { sha256 } from "../../ledger/store/digest.js";
import { codeModules } from "../output/qr-code.js";
import { PdfCanvas, type PdfElement, paper } from "./pdf-canvas.js";

const soft = "#4a5560";
const line = "#c9d0d6";
const accent = "#0b5f49";
const boxColour = "#eef3f1";
const valueX = paper.left + 112;
const squareSide = 118;
const codeX = paper.right - squareSide;

/** The receipt file that is attached, so that the paper's proof travels with it. */
export type AttachedReceipt = { readonly name: string; readonly text: string };

type Page = { readonly canvas: PdfCanvas; readonly root: PdfElement; readonly sheet: Sheet };

function heading({ canvas, root }: Page, text: string): void {
  canvas.room(60);
  canvas.y += 14;
  canvas.element(root, "H2", () => canvas.write(text, canvas.y, { size: 9, bold: true, colour: soft }));
  canvas.y += 15;
}

function head({ canvas, root, sheet }: Page): void {
  const [name = "", ...operator] = sheet.operator;
  const about = operator.join(" · ");
  canvas.element(root, "P", () => canvas.write(name, canvas.y, { size: 12, bold: true }));
  canvas.y += canvas.heightOf(name, { size: 12, bold: true });
  canvas.element(root, "P", () => canvas.write(about, canvas.y, { size: 8.5, colour: soft }));
  canvas.y += canvas.heightOf(about, { size: 8.5 }) + 10;
  canvas.element(root, "H1", () => canvas.write(sheet.title, canvas.y, { size: 10, bold: true, colour: soft }));
  canvas.y += 19;
  for (const mark of sheet.marks) {
    const style = { size: 10, bold: true, x: paper.left + 8, width: paper.right - paper.left - 16 };
    const height = canvas.heightOf(mark, style) + 10;
    canvas.decorate((doc) =>
      doc
        .lineWidth(1.5)
        .rect(paper.left, canvas.y, paper.right - paper.left, height)
        .stroke(),
    );
    canvas.element(root, "P", () => canvas.write(mark, canvas.y + 5, style));
    canvas.y += height + 6;
  }
}

/** Total, kWh, when, where and how it ended, in a box. */
function glance({ canvas, root, sheet }: Page): void {
  const big = sheet.glance.filter(({ name }) => name === "total" || name === "energy");
  const rows = sheet.glance.filter(({ name }) => name !== "total" && name !== "energy");
  if (big.length === 0) return;
  const label = { size: 8.5, colour: soft, x: paper.left + 16 };
  const value = { size: 10, bold: true, x: paper.left + 90, width: paper.right - paper.left - 104 };
  const heights = rows.map((row) => canvas.heightOf(row.value, value) + 2);
  const height = 62 + heights.reduce((sum, one) => sum + one, 0) + 8;
  const top = canvas.y;
  canvas.decorate((doc) => {
    doc.rect(paper.left, top, paper.right - paper.left, height).fill(boxColour);
    doc.rect(paper.left, top, 5, height).fill(accent);
  });
  const middle = (paper.left + paper.right) / 2 + 20;
  big.forEach((row, at) => {
    const x = at === 0 ? paper.left + 16 : middle;
    const value = { size: at === 0 ? 23 : 18, bold: true, x, width: 230 };
    canvas.element(root, "P", () => canvas.write(row.label, top + 10, { ...label, x, width: 200 }));
    canvas.element(root, "P", () => canvas.write(row.value, top + (at === 0 ? 20 : 25), value));
  });
  canvas.y = top + 62;
  rows.forEach((row, at) => {
    canvas.element(root, "P", () => canvas.write(row.label, canvas.y + 1, { ...label, width: 70 }));
    canvas.element(root, "P", () => canvas.write(row.value, canvas.y, value));
    canvas.y += heights[at] ?? 0;
  });
  canvas.y = top + height + 4;
}

type Cells = {
  readonly left: string;
  readonly right: string;
  readonly strong?: boolean;
  /** A tax: it is part of the total, which stands above it. */
  readonly quiet?: boolean;
  readonly small?: string;
};

/** A row of the bill; its first cell names it. */
function tableRow(
  { canvas }: Page,
  table: PdfElement,
  { left, right, strong = false, small = "", quiet = false }: Cells,
): void {
  const size = strong ? 13 : quiet ? 8.5 : 10;
  const width = paper.right - paper.left - 110;
  const fine = { size: 8.5, colour: soft, width };
  const style = { size, bold: !quiet, width, ...(quiet ? { colour: soft } : {}) };
  const leftHeight = canvas.heightOf(left, style);
  const smallHeight = small === "" ? 0 : canvas.heightOf(small, fine);
  const height = leftHeight + smallHeight + 9;
  canvas.room(height);
  const top = canvas.y;
  const rule = (y: number, weight: number, colour: string): void =>
    canvas.decorate((doc) => doc.lineWidth(weight).moveTo(paper.left, y).lineTo(paper.right, y).stroke(colour));
  if (!quiet) rule(top, strong ? 1.5 : 0.5, strong ? "#000000" : line);
  const row = canvas.element(table, "TR");
  const name = canvas.element(row, "TH", undefined, { scope: "Row" });
  canvas.element(name, "P", () => canvas.write(left, top + 4, style));
  if (small !== "") canvas.element(name, "P", () => canvas.write(small, top + 4 + leftHeight, fine));
  name.end();
  const amount = { size, bold: strong, x: paper.right - 110, width: 110, align: "right" } as const;
  canvas.element(row, "TD", () => canvas.write(right, top + 4, amount));
  row.end();
  canvas.y = top + height;
  if (strong) for (const y of [canvas.y, canvas.y + 2]) rule(y, 0.7, "#000000");
}

function billTable(
  page: Page,
  section: SheetSection,
  labels: { readonly item: string; readonly amount: string },
): void {
  const { canvas, root } = page;
  canvas.room(90);
  canvas.y += 14;
  const table = canvas.element(root, "Table");
  const title = { size: 9, bold: true, colour: soft };
  canvas.element(table, "Caption", () => canvas.write(section.heading, canvas.y, title));
  canvas.y += 16;
  const row = canvas.element(table, "TR");
  const column = { scope: "Column" } as const;
  const name = { size: 8.5, colour: soft };
  canvas.element(row, "TH", () => canvas.write(labels.item, canvas.y, name), column);
  canvas.element(row, "TH", () => canvas.write(labels.amount, canvas.y, { ...name, align: "right" }), column);
  row.end();
  canvas.y += 14;
  for (const one of section.rows) if (one.kind !== "fact") tableRow(page, table, cellsOf(one));
  table.end();
}

function cellsOf(row: Exclude<SheetRow, { kind: "fact" }>): Cells {
  if (row.kind === "sum") return { left: row.label, right: row.amount, strong: row.strong, quiet: !row.strong };
  const small = [row.working, row.exact ?? ""].filter((text) => text !== "").join("; ");
  return { left: [row.what, row.span ?? ""].join("  ").trim(), right: row.amount, small };
}

function curve({ canvas, root, sheet }: Page, drawing: CurveDrawing): void {
  const scale = 0.72;
  canvas.room(drawing.height * scale + 10);
  canvas.y += 12;
  const draw = (): void => {
    const { doc } = canvas;
    doc.save().translate(paper.left, canvas.y).scale(scale);
    doc.fillOpacity(0.16).path(drawing.area).fill(accent).fillOpacity(1);
    doc.lineWidth(0.7).path(drawing.frame).stroke(line);
    for (const d of drawing.power) doc.lineWidth(2).path(d).stroke(accent);
    for (const d of drawing.price) doc.lineWidth(1.5).dash(5, { space: 3 }).path(d).stroke("#14181c").undash();
    for (const { x, y, anchor, text } of drawing.labels)
      canvas.write(text, y - 12, {
        ...{ size: 11, colour: soft, width: 180 },
        ...(anchor === "start" ? { x } : { x: x - 180, align: "right" as const }),
      });
    doc.restore();
  };
  canvas.element(root, "Figure", draw, { alt: canvas.printed(languageWords[sheet.language].receipt.labels.curve) });
  canvas.y += drawing.height * scale;
}

function facts(page: Page, { name, heading: title, rows }: SheetSection): void {
  const { canvas, root, sheet } = page;
  const code = name === "check" ? sheet.code : undefined;
  if (name === "check") {
    canvas.room(code === undefined ? 120 : squareSide + 60);
    canvas.y += 12;
    canvas.decorate((doc) =>
      doc
        .lineWidth(0.7)
        .dash(3, { space: 2 })
        .moveTo(paper.left, canvas.y)
        .lineTo(paper.right, canvas.y)
        .stroke(soft)
        .undash(),
    );
  }
  // A short section keeps together.
  canvas.room(Math.min(rows.length * 14 + 30, 300));
  heading(page, title);
  const codeTop = canvas.y;
  if (code !== undefined) drawCode(page, code);
  const size = { help: 10, check: 7.5, details: 8.5, payment: 9, price: 9 }[name];
  const width = (code === undefined ? paper.right : codeX - 14) - valueX;
  for (const row of rows) {
    if (row.kind !== "fact") continue;
    const value = { size, bold: name === "help", x: valueX, width };
    const label = { size, colour: soft, width: valueX - paper.left - 8 };
    const height = Math.max(canvas.heightOf(row.value, value), canvas.heightOf(row.label, label)) + 1.5;
    canvas.room(height);
    canvas.element(root, "P", () => canvas.write(row.label, canvas.y, label));
    canvas.element(root, "P", () => canvas.write(row.value, canvas.y, value));
    canvas.y += height;
  }
  if (code !== undefined && canvas.y > codeTop) canvas.y = Math.max(canvas.y, codeTop + squareSide);
}

function drawCode({ canvas, root, sheet }: Page, code: string): void {
  const { size, isDark } = codeModules(code);
  const side = squareSide / size;
  const top = canvas.y;
  const draw = (): void => {
    for (let row = 0; row < size; row += 1)
      for (let column = 0; column < size; column += 1)
        if (isDark(row, column)) canvas.doc.rect(codeX + column * side, top + row * side, side, side);
    canvas.doc.fill("#000000");
  };
  canvas.element(root, "Figure", draw, { alt: canvas.printed(languageWords[sheet.language].receipt.labels.code) });
}

/**
 * The PDF of a stored receipt. `otherFont` = the path of a font for scripts that the bundled one lacks. Throws
 * ReceiptFault where the text is not a receipt of ours, Failure config/invalid where that font cannot be used.
 */
export function receiptPdf(jws: string, options: SheetOptions, attached?: AttachedReceipt, otherFont?: string): Buffer {
  const sheet = receiptSheet(jws, sha256, options);
  const { labels } = languageWords[sheet.language].receipt;
  const issued = new Date(parseIsoLocal(payloadOf(jws)?.issuedAt ?? "") ?? 0);
  const canvas = new PdfCanvas(`${sheet.title} · ${sheet.operator[0] ?? ""}`, sheet.language, issued, otherFont);
  const root = canvas.doc.struct("Document");
  canvas.doc.addStructure(root);
  const page: Page = { canvas, root, sheet };
  head(page);
  glance(page);
  const drawing = receiptDrawing(jws, sheet.language);
  for (const section of sheet.sections) {
    if (section.name === "price") billTable(page, section, labels);
    else facts(page, section);
    if (section.name === "price" && drawing !== undefined) curve(page, drawing);
  }
  canvas.y += 12;
  for (const notice of sheet.notices) {
    const height = canvas.heightOf(notice, { size: 7.5 }) + 3;
    canvas.room(height);
    canvas.element(root, "P", () => canvas.write(notice, canvas.y, { size: 7.5, colour: soft }));
    canvas.y += height;
  }
  root.end();
  if (attached !== undefined) {
    const about = { type: "application/json", description: sheet.title, creationDate: issued, modifiedDate: issued };
    canvas.doc.file(Buffer.from(attached.text), { ...about, name: attached.name, relationship: "Source" } as object);
  }
  return canvas.finish();
}

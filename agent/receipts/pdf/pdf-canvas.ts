// A tagged PDF document to write on from top to bottom: A4, Noto Sans embedded as far as its letters are used, nothing
// that differs from one making to the next. pdfkit and the fonts are loaded here, when a PDF is made.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type PDFDocument from "pdfkit";

const require = createRequire(import.meta.url);

/** What of fontkit is used: pdfkit draws with it, but does not say which letters a font lacks. */
type FontReader = {
  create(data: Buffer): { hasGlyphForCodePoint(codePoint: number): boolean };
};
type Fonts = { readonly regular: Buffer; readonly bold: Buffer; readonly has: (codePoint: number) => boolean };

function loadFonts(): Fonts {
  const regular = readFileSync(require.resolve("@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf"));
  const font = (require("fontkit") as FontReader).create(regular);
  return {
    regular,
    bold: readFileSync(require.resolve("@expo-google-fonts/noto-sans/700Bold/NotoSans_700Bold.ttf")),
    has: (codePoint) => font.hasGlyphForCodePoint(codePoint),
  };
}

/** A4 in points. */
export const paper = { width: 595.28, left: 48, right: 547.28, top: 44, bottom: 800 } as const;

type TextStyle = {
  readonly x?: number;
  readonly width?: number;
  readonly size: number;
  readonly bold?: boolean;
  readonly colour?: string;
  readonly align?: "left" | "right";
};

export type PdfElement = PDFKit.PDFStructureElement;
type ElementOptions = { readonly alt?: string; readonly scope?: "Row" | "Column" };

/** The document; `y` is where the next thing is written. */
export class PdfCanvas {
  readonly doc: PDFKit.PDFDocument;
  y: number = paper.top;
  readonly #fonts: Fonts;

  constructor(title: string, language: string, created: Date) {
    const Document = require("pdfkit") as typeof PDFDocument;
    this.#fonts = loadFonts();
    this.doc = new Document({
      size: "A4",
      margin: 0,
      pdfVersion: "1.7",
      tagged: true,
      lang: language,
      displayTitle: true,
      autoFirstPage: true,
      // None at first: one that was opened here would be opened again, and parsed whole, for each line that names it.
      font: null as unknown as string,
      info: { Title: title, Producer: "chargetill", Creator: "chargetill", CreationDate: created, ModDate: created },
    });
    this.doc.registerFont("regular", this.#fonts.regular);
    this.doc.registerFont("bold", this.#fonts.bold);
  }

  /** A new page where less than `height` points are left on this one. */
  room(height: number): void {
    if (this.y + height <= paper.bottom) return;
    this.doc.addPage();
    this.y = paper.top;
  }

  /** A letter that the font lacks is told by its number: a question mark would hide what stands there. */
  printed(text: string): string {
    return Array.from(text, (letter) => {
      const codePoint = letter.codePointAt(0) ?? 0;
      return this.#fonts.has(codePoint) ? letter : `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
    }).join("");
  }

  #styled({ size, bold = false, colour = "#14181c" }: TextStyle): PDFKit.PDFDocument {
    return this.doc
      .font(bold ? "bold" : "regular")
      .fontSize(size)
      .fillColor(colour);
  }

  heightOf(text: string, style: TextStyle): number {
    const { x = paper.left, width = paper.right - x } = style;
    return this.#styled(style).heightOfString(this.printed(text), { width });
  }

  /** Writes at `y` without moving it. */
  write(text: string, y: number, style: TextStyle): void {
    const { x = paper.left, width = paper.right - x, align = "left" } = style;
    this.#styled(style).text(this.printed(text), x, y, { width, align });
  }

  /** An element of the document's structure with what it shows, for who has it read aloud. */
  element(parent: PdfElement, tag: string, draw?: () => void, options: ElementOptions = {}): PdfElement {
    const made = draw === undefined ? this.doc.struct(tag, options) : this.doc.struct(tag, options, draw);
    parent.add(made);
    if (draw !== undefined) made.end();
    return made;
  }

  /** Lines and areas that say nothing. */
  decorate(draw: (doc: PDFKit.PDFDocument) => void): void {
    this.doc.markContent("Artifact", { type: "Layout" });
    draw(this.doc);
    this.doc.endMarkedContent();
  }

  /** The document's bytes. */
  finish(): Buffer {
    this.doc.end();
    const parts: Buffer[] = [];
    for (let part: unknown = this.doc.read(); part instanceof Buffer; part = this.doc.read()) parts.push(part);
    return Buffer.concat(parts);
  }
}

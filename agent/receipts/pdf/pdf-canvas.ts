// A tagged PDF document to write on from top to bottom: A4, Noto Sans embedded as far as its letters are used (and a
// font of the config for other scripts), nothing that differs from one making to the next. pdfkit and the fonts are
// loaded here, when a PDF is made.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type PDFDocument from "pdfkit";
import { Failure } from "../../core/failure.js";

const require = createRequire(import.meta.url);

/** What of fontkit is used: pdfkit draws with it, but does not say which letters a font lacks. */
type FontReader = {
  create(data: Buffer): { hasGlyphForCodePoint(codePoint: number): boolean };
};
type FontFace = { readonly data: Buffer; readonly has: (codePoint: number) => boolean };
type FontName = "regular" | "bold" | "other";

function faceOf(data: Buffer): FontFace {
  const font = (require("fontkit") as FontReader).create(data);
  return { data, has: (codePoint) => font.hasGlyphForCodePoint(codePoint) };
}

const bundled = (name: string): FontFace =>
  faceOf(readFileSync(require.resolve(`@expo-google-fonts/noto-sans/${name}.ttf`)));

/** A font that is named in the config. Throws Failure config/invalid where it cannot be used. */
function otherFace(path: string): FontFace {
  try {
    const face = faceOf(readFileSync(path));
    // A collection holds several fonts, and has no letters of its own.
    face.has(0);
    return face;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("config/invalid", `receiptFont: ${path} cannot be used (a TTF or OTF file): ${why}`, { cause });
  }
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
  readonly #faces: ReadonlyMap<FontName, FontFace>;

  /** `otherFont` = the path of a font for what the bundled ones lack. */
  constructor(title: string, language: string, created: Date, otherFont?: string) {
    const Document = require("pdfkit") as typeof PDFDocument;
    this.#faces = new Map<FontName, FontFace>([
      ["regular", bundled("400Regular/NotoSans_400Regular")],
      ["bold", bundled("700Bold/NotoSans_700Bold")],
      ...(otherFont === undefined ? [] : ([["other", otherFace(otherFont)]] as const)),
    ]);
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
    for (const [name, { data }] of this.#faces) this.doc.registerFont(name, data);
  }

  /** A new page where less than `height` points are left on this one. */
  room(height: number): void {
    if (this.y + height <= paper.bottom) return;
    this.doc.addPage();
    this.y = paper.top;
  }

  /** A letter that the text's font lacks is told by its number: a question mark would hide what stands there. */
  printed(text: string): string {
    const face = this.#faces.get(this.#fontOf(text, false));
    return Array.from(text, (letter) => {
      const codePoint = letter.codePointAt(0) ?? 0;
      return face?.has(codePoint) === true ? letter : `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
    }).join("");
  }

  /** One font for a whole text: the other one where it has more of its letters. */
  #fontOf(text: string, bold: boolean): FontName {
    const lacks = (name: FontName): number =>
      Array.from(text).filter((letter) => this.#faces.get(name)?.has(letter.codePointAt(0) ?? 0) !== true).length;
    return this.#faces.has("other") && lacks("other") < lacks("regular") ? "other" : bold ? "bold" : "regular";
  }

  #styled(text: string, { size, bold = false, colour = "#14181c" }: TextStyle): PDFKit.PDFDocument {
    return this.doc.font(this.#fontOf(text, bold)).fontSize(size).fillColor(colour);
  }

  heightOf(text: string, style: TextStyle): number {
    const { x = paper.left, width = paper.right - x } = style;
    return this.#styled(text, style).heightOfString(this.printed(text), { width });
  }

  /** Writes at `y` without moving it. */
  write(text: string, y: number, style: TextStyle): void {
    const { x = paper.left, width = paper.right - x, align = "left" } = style;
    this.#styled(text, style).text(this.printed(text), x, y, { width, align });
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

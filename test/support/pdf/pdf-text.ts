// Reads a PDF as a viewer would, as far as tests need it: its objects by their true offsets, and the text on its pages by
// the tables with which the fonts tell what their glyphs mean.

import { inflateSync } from "node:zlib";

/** An object of a PDF: its dictionary, and its stream where it has one. */
export type PdfObject = { readonly head: string; readonly stream?: Buffer };

/** The objects of a PDF by number. Throws where the table at its end points anywhere else. */
export function pdfObjects(pdf: Buffer): ReadonlyMap<number, PdfObject> {
  const text = pdf.toString("latin1");
  const table = Number(/startxref\n(\d+)\n%%EOF\n?$/.exec(text)?.[1]);
  const offsets = [...text.slice(table).matchAll(/^(\d{10}) 00000 n/gm)].map(([, offset]) => Number(offset));
  return new Map(
    offsets.map((offset, at) => {
      const begin = `${at + 1} 0 obj\n`;
      if (text.slice(offset, offset + begin.length) !== begin) throw new Error(`no object ${at + 1} at ${offset}`);
      const body = text.slice(offset + begin.length, text.indexOf("\nendobj", offset));
      const cut = body.indexOf("stream\n");
      if (cut < 0) return [at + 1, { head: body }];
      const head = body.slice(0, cut);
      const from = offset + begin.length + cut + "stream\n".length;
      const raw = pdf.subarray(from, from + Number(/\/Length (\d+)/.exec(head)?.[1]));
      return [at + 1, { head, stream: head.includes("FlateDecode") ? inflateSync(raw) : raw }];
    }),
  );
}

const referred = (head: string, name: string): number => Number(new RegExp(`/${name} (\\d+) 0 R`).exec(head)?.[1]);

/** The characters of a font by glyph number, as its ToUnicode table lists them. */
function lettersOf(objects: ReadonlyMap<number, PdfObject>, font: number): string[] {
  const table = objects.get(referred(objects.get(font)?.head ?? "", "ToUnicode"))?.stream?.toString("latin1") ?? "";
  const lists = [...table.matchAll(/\[([^\]]*)\]/g)].flatMap(([, list = ""]) => list.match(/<[^>]*>/g) ?? []);
  return lists.map((entry) =>
    (entry.match(/[0-9a-f]{4}/gi) ?? []).map((unit) => String.fromCharCode(Number.parseInt(unit, 16))).join(""),
  );
}

/** The text on the pages of a PDF, in the order in which it is drawn. */
export function pdfText(pdf: Buffer): string {
  const objects = pdfObjects(pdf);
  const pages = [...objects.values()].filter(({ head }) => /\/Type \/Page\b/.test(head));
  return pages
    .map(({ head }) => {
      const resources = objects.get(referred(head, "Resources"))?.head ?? head;
      const fonts = new Map(
        [...resources.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name = "", at]) => [
          name,
          lettersOf(objects, Number(at)),
        ]),
      );
      const drawn = objects.get(referred(head, "Contents"))?.stream?.toString("latin1") ?? "";
      let letters: string[] = [];
      return [...drawn.matchAll(/\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ/g)]
        .map(([, font, shown = ""]) => {
          if (font !== undefined) letters = fonts.get(font) ?? [];
          const glyphs = (shown.match(/<[^>]*>/g) ?? []).flatMap((run) => run.match(/[0-9a-f]{4}/gi) ?? []);
          return (
            glyphs.map((glyph) => letters[Number.parseInt(glyph, 16)] ?? "?").join("") + (shown === "" ? "" : "\n")
          );
        })
        .join("");
    })
    .join("");
}

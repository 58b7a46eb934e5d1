// A receipt as one self-contained HTML page: readable on a phone, prints on A4, loads nothing, means nothing by colour
// alone.

import { receiptDrawing } from "../../core/print/curve-drawing.js";
import { receiptSheet, type Sheet, type SheetOptions } from "../../core/print/receipt-sheet.js";
import type { SheetSection } from "../../core/print/sheet-row.js";
import type { HashFunction } from "../../core/signing/merkle.js";
import { languageWords } from "../../core/words/words.js";
import { curveSvg } from "./curve-svg.js";
import { receiptStyle } from "./html-style.js";
import { htmlText } from "./html-text.js";
import { codeSvg } from "./qr-code.js";

/** A number to call or an address to write to, as a phone offers it; any other text as it is. */
function reachLink(value: string): string {
  const text = htmlText(value);
  if (/^\+?\d[\d ()/-]{4,24}$/.test(value)) return `<a href="tel:${value.replace(/[^+\d]/g, "")}">${text}</a>`;
  return /^[^\s@]+@[^\s@]+$/.test(value) ? `<a href="mailto:${text}">${text}</a>` : text;
}

function factList({ name, rows }: SheetSection): string {
  const shown = name === "help" ? reachLink : htmlText;
  const facts = rows.flatMap((row) =>
    row.kind === "fact" ? [`<dt>${htmlText(row.label)}</dt><dd>${shown(row.value)}</dd>`] : [],
  );
  return facts.length === 0 ? "" : `<dl class="facts">\n${facts.join("\n")}\n</dl>`;
}

/** Dates with their times, which no line end may part. */
const unbroken = (text: string): string =>
  htmlText(text).replace(/\d[\d./-]{7,9} \d\d:\d\d(?:[+-]\d\d:\d\d)*/g, (time) => `<span class="whole">${time}</span>`);

const small = (text: string | undefined): string =>
  text === undefined || text === "" ? "" : `<small>${htmlText(text)}</small>`;

function priceTable({ heading, rows }: SheetSection, { labels }: { labels: { item: string; amount: string } }): string {
  const lines = rows.flatMap((row) =>
    row.kind === "priced"
      ? [
          `<tr><th scope="row">${htmlText(row.what)}${row.span === undefined ? "" : ` <span>${unbroken(row.span)}</span>`}` +
            `${small(row.working)}${small(row.exact)}</th><td>${htmlText(row.amount)}</td></tr>`,
        ]
      : [],
  );
  const sums = rows.flatMap((row) =>
    row.kind === "sum"
      ? [
          `<tr${row.strong ? ' class="total"' : ""}><th scope="row">${htmlText(row.label)}</th>` +
            `<td>${htmlText(row.amount)}</td></tr>`,
        ]
      : [],
  );
  return [
    `<table>\n<caption>${htmlText(heading)}</caption>`,
    `<thead><tr><th scope="col">${htmlText(labels.item)}</th><th scope="col">${htmlText(labels.amount)}</th></tr></thead>`,
    ...(lines.length === 0 ? [] : [`<tbody>\n${lines.join("\n")}\n</tbody>`]),
    `<tfoot>\n${sums.join("\n")}\n</tfoot>\n</table>`,
  ].join("\n");
}

/** What a driver wants to know at once. */
function glanceList({ glance }: Sheet): string {
  const rows = glance.map(
    ({ name, label, value }) => `<div class="${name}"><dt>${htmlText(label)}</dt><dd>${unbroken(value)}</dd></div>`,
  );
  return rows.length === 0 ? "" : `<dl class="glance">\n${rows.join("\n")}\n</dl>`;
}

/** The curves of a session; "" for any other receipt. */
function curveFigure(jws: string, { language }: SheetOptions): string {
  const drawing = receiptDrawing(jws, language);
  const title = languageWords[language].receipt.labels.curve;
  return drawing === undefined ? "" : `<figure>${curveSvg(drawing, title)}</figure>`;
}

function sectionHtml(section: SheetSection, sheet: Sheet, labels: { item: string; amount: string; code: string }) {
  if (section.name === "price") return priceTable(section, { labels });
  const code =
    section.name === "check" && sheet.code !== undefined
      ? `<figure>${codeSvg(sheet.code, 60, labels.code)}</figure>`
      : "";
  return [
    `<section class="${section.name}">`,
    `<h2>${htmlText(section.heading)}</h2>`,
    ...[factList(section), code].filter((part) => part !== ""),
    "</section>",
  ].join("\n");
}

/**
 * What stands in the main part of a receipt's page, for a page that has a frame of its own; `hash` is SHA-256. Throws
 * ReceiptFault where the text is not a receipt of ours.
 */
export function receiptMain(
  jws: string,
  hash: HashFunction,
  options: SheetOptions,
): { readonly title: string; readonly markup: string } {
  const sheet = receiptSheet(jws, hash, options);
  const { labels } = languageWords[options.language].receipt;
  const [name = "", ...operator] = sheet.operator;
  const curve = curveFigure(jws, options);
  const sections = sheet.sections.flatMap((section) => [
    sectionHtml(section, sheet, labels),
    ...(section.name === "price" ? [curve] : []),
  ]);
  const parts = [
    `<header><p class="name">${htmlText(name)}</p>` +
      `<p>${operator.map(htmlText).join(" · ")}</p><h1>${htmlText(sheet.title)}</h1></header>`,
    ...sheet.marks.map((mark) => `<p class="mark">${htmlText(mark)}</p>`),
    glanceList(sheet),
    ...sections,
    `<div class="notices">${sheet.notices.map((notice) => `<p>${htmlText(notice)}</p>`).join("")}</div>`,
  ];
  return { title: `${sheet.title} · ${name}`, markup: parts.filter((part) => part !== "").join("\n") };
}

/** The page of a stored receipt; `hash` is SHA-256. Throws ReceiptFault where the text is not a receipt of ours. */
export function receiptHtml(jws: string, hash: HashFunction, options: SheetOptions): string {
  const { title, markup } = receiptMain(jws, hash, options);
  return [
    "<!doctype html>",
    `<html lang="${options.language}">`,
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${htmlText(title)}</title>`,
    `<style>${receiptStyle}</style>`,
    "</head>",
    "<body>",
    "<main>",
    markup,
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

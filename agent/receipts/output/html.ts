// A receipt as one self-contained HTML page: readable on a phone, prints on A4, loads nothing, means nothing by colour
// alone.

import { type DecimalMark, localNumber } from "../../core/number/local-number.js";
import { type PowerPoint, powerCurve } from "../../core/print/receipt-curve.js";
import { receiptSheet, type SheetOptions, type SheetRow } from "../../core/print/receipt-sheet.js";
import { payloadOf } from "../../core/receipt/receipt-payload.js";
import { isoLocal, parseIsoLocal } from "../../core/time/iso-time.js";
import { languageWords } from "../../core/words/words.js";
import { sha256 } from "../../ledger/store/digest.js";
import { codeSvg } from "./qr-code.js";

const escapes: ReadonlyMap<string, string> = new Map(
  Object.entries({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }),
);
const html = (text: string): string => text.replace(/[&<>"']/g, (letter) => escapes.get(letter) ?? "");

const style = `
:root{color-scheme:light}
body{font:16px/1.45 system-ui,sans-serif;color:#111;background:#fff;max-width:44rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1rem;margin:1.4rem 0 .3rem;border-bottom:2px solid #111}
header p{margin:0}header .headline{font-size:1.6rem;font-weight:700}
.mark{border:3px double #111;padding:.4rem .6rem;font-weight:700;margin:.6rem 0}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.15rem .9rem;margin:.6rem 0}
dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.25rem 0}
td:last-child,th:last-child{text-align:right;white-space:nowrap;padding-left:1rem}
tbody small{display:block;color:#333}tr.total{border-top:2px solid #111;border-bottom:4px double #111;font-size:1.25rem}
figure{margin:1rem 0}figcaption{font-size:.85rem;overflow-wrap:anywhere}svg{max-width:100%;height:auto}
footer{font-size:.85rem;margin-top:1.2rem;border-top:1px solid #111}
@media (max-width:30rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
@media print{body{font-size:10.5pt;max-width:none;padding:0}h2,figure,tr{break-inside:avoid}@page{margin:15mm}}
`;

function factList(rows: readonly SheetRow[]): string {
  const facts = rows.flatMap((row) =>
    row.kind === "fact" ? [`<dt>${html(row.label)}</dt><dd>${html(row.value)}</dd>`] : [],
  );
  return facts.length === 0 ? "" : `<dl>\n${facts.join("\n")}\n</dl>`;
}

function priceTable(rows: readonly SheetRow[]): string {
  const lines = rows.flatMap((row) => {
    if (row.kind === "priced")
      return [`<tr><td>${html(row.what)}<small>${html(row.working)}</small></td><td>${html(row.amount)}</td></tr>`];
    if (row.kind === "sum")
      return [
        `<tr${row.strong ? ' class="total"' : ""}><th scope="row">${html(row.label)}</th><th>${html(row.amount)}</th></tr>`,
      ];
    return [];
  });
  return lines.length === 0 ? "" : `<table><tbody>\n${lines.join("\n")}\n</tbody></table>`;
}

const width = 640;
const height = 220;
const inset = { left: 46, right: 58, top: 14, bottom: 28 };

/** The curve of power (solid, stepped, left scale) and of the cost so far (dashed, right scale). */
function curveSvg(
  points: readonly PowerPoint[],
  timeZone: string,
  words: { readonly power: string; readonly cost: string; readonly decimalMark: DecimalMark },
): string {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return "";
  const mostPower = Math.max(...points.map((point) => point.powerW), 1);
  const mostCost = Math.max(...points.map((point) => Number(point.cost)), 0.01);
  const x = (atMs: number): string =>
    (inset.left + ((atMs - first.atMs) / (last.atMs - first.atMs)) * (width - inset.left - inset.right)).toFixed(1);
  const y = (share: number): string => (height - inset.bottom - share * (height - inset.top - inset.bottom)).toFixed(1);
  const power = points
    .map((point, at) => `${at === 0 ? "M" : "H"}${x(point.atMs)}${at === 0 ? " " : "V"}${y(point.powerW / mostPower)}`)
    .join("");
  const cost = points
    .map((point, at) => `${at === 0 ? "M" : "L"}${x(point.atMs)} ${y(Number(point.cost) / mostCost)}`)
    .join("");
  const label = (at: string, text: string, anchor: string, row: string): string =>
    `<text x="${at}" y="${row}" text-anchor="${anchor}">${html(text)}</text>`;
  const right = String(width - inset.right);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
      `role="img" aria-label="${html(`${words.power}, ${words.cost}`)}" ` +
      `font-family="system-ui,sans-serif" font-size="12">`,
    `<path d="M${inset.left} ${inset.top}V${height - inset.bottom}H${right}V${inset.top}" fill="none" stroke="#555"/>`,
    `<path d="${power}" fill="none" stroke="#111" stroke-width="2"/>`,
    `<path d="${cost}" fill="none" stroke="#111" stroke-width="2" stroke-dasharray="7 4"/>`,
    label(String(inset.left - 5), localNumber((mostPower / 1000).toFixed(1), words.decimalMark), "end", "20"),
    label(String(inset.left - 5), "0", "end", y(0)),
    label(String(width - inset.right + 5), localNumber(mostCost.toFixed(2), words.decimalMark), "start", "20"),
    label(String(width - inset.right + 5), "0", "start", y(0)),
    label(String(inset.left), isoLocal(first.atMs, timeZone).slice(11, 16), "start", String(height - 8)),
    label(right, isoLocal(last.atMs, timeZone).slice(11, 16), "end", String(height - 8)),
    "</svg>",
  ].join("\n");
}

/** The page of a stored receipt. Throws ReceiptFault where the text is not a receipt of ours. */
export function receiptHtml(jws: string, options: SheetOptions): string {
  const sheet = receiptSheet(jws, sha256, options);
  const payload = payloadOf(jws);
  const words = languageWords[options.language].receipt;
  const [name = "", ...operator] = sheet.operator;
  const sections = sheet.sections.map(({ heading, rows }) =>
    [heading === undefined ? "" : `<h2>${html(heading)}</h2>`, priceTable(rows), factList(rows)]
      .filter((part) => part !== "")
      .join("\n"),
  );
  const captions =
    payload?.kind === "sale"
      ? {
          power: `${words.labels.power} (kW) ━━`,
          cost: `${words.labels.price} (${payload.sale.price.currency}) ╍╍`,
          decimalMark: words.decimalMark,
        }
      : undefined;
  const curve =
    payload?.kind === "sale" && captions !== undefined && parseIsoLocal(payload.sale.start) !== undefined
      ? curveSvg(powerCurve(payload), payload.timeZone, captions)
      : "";
  return [
    "<!doctype html>",
    `<html lang="${sheet.language}">`,
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${html(`${sheet.title} · ${name}`)}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    `<header><p><strong>${html(name)}</strong></p>` +
      `${operator.map((line) => `<p>${html(line)}</p>`).join("")}<h1>${html(sheet.title)}</h1>` +
      `${sheet.headline === undefined ? "" : `<p class="headline">${html(sheet.headline)}</p>`}</header>`,
    ...sheet.marks.map((mark) => `<p class="mark">${html(mark)}</p>`),
    ...sections.slice(0, -1),
    ...(curve === "" || captions === undefined
      ? []
      : [`<figure>${curve}<figcaption>${html(`${captions.power}  ·  ${captions.cost}`)}</figcaption></figure>`]),
    ...sections.slice(-1),
    ...(sheet.code === undefined
      ? []
      : [
          `<figure>${codeSvg(sheet.code, 60)}<figcaption><code>SHA-256 ${sheet.receiptDigest}</code></figcaption></figure>`,
        ]),
    `<footer>${sheet.notices.map((notice) => `<p>${html(notice)}</p>`).join("")}</footer>`,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

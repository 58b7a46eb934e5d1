// The curves of a session as a drawing for a page: power as a stepped area, the price so far as a dashed line. Told apart
// by their form, never by colour alone; the colours are the page's own, light or dark.

import { type DecimalMark, localNumber } from "../../core/number/local-number.js";
import type { PowerPoint } from "../../core/print/receipt-curve.js";
import { isoLocal } from "../../core/time/iso-time.js";
import { htmlText } from "./html-text.js";

/** Narrow, so that its letters can be read on a phone. */
const size = { width: 400, height: 190 };
const inset = { left: 34, right: 40, top: 28, bottom: 24 };
const floor = size.height - inset.bottom;
const right = size.width - inset.right;

export type CurveWords = {
  readonly title: string;
  readonly power: string;
  readonly price: string;
  readonly decimalMark: DecimalMark;
};

const label = (x: number, y: number, anchor: "start" | "end", text: string): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}">${htmlText(text)}</text>`;

/** The drawing, or "" where there is nothing to draw. */
export function curveSvg(points: readonly PowerPoint[], timeZone: string, words: CurveWords): string {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return "";
  const mostPower = Math.max(...points.map((point) => point.powerW), 1);
  const mostCost = Math.max(...points.map((point) => Number(point.cost)), 0.01);
  const x = (atMs: number): string =>
    (inset.left + ((atMs - first.atMs) / (last.atMs - first.atMs)) * (right - inset.left)).toFixed(1);
  const y = (share: number): string => (floor - share * (floor - inset.top)).toFixed(1);
  const power = points
    .map(({ atMs, powerW }, at) => `${at === 0 ? `M${x(atMs)} ` : `H${x(atMs)}V`}${y(powerW / mostPower)}`)
    .join("");
  const price = points
    .map(({ atMs, cost }, at) => `${at === 0 ? "M" : "L"}${x(atMs)} ${y(Number(cost) / mostCost)}`)
    .join("");
  const clock = (atMs: number): string => isoLocal(atMs, timeZone).slice(11, 16);
  const figure = (value: number, decimals: number): string => localNumber(value.toFixed(decimals), words.decimalMark);
  return [
    `<svg class="curve" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" ` +
      `aria-label="${htmlText(words.title)}">`,
    `<path class="area" d="${power}V${floor}H${inset.left}z"/>`,
    `<path class="frame" d="M${inset.left} ${floor}H${right}M${inset.left} ${inset.top}H${right}"/>`,
    `<path class="power" d="${power}"/>`,
    `<path class="cost" d="${price}"/>`,
    `<path class="power" d="M${inset.left} 9h20"/>`,
    label(inset.left + 26, 13, "start", words.power),
    `<path class="cost" d="M${right - 20} 9h20"/>`,
    label(right - 26, 13, "end", words.price),
    label(inset.left - 5, inset.top + 4, "end", figure(mostPower / 1000, 1)),
    label(inset.left - 5, floor + 4, "end", "0"),
    label(right + 5, inset.top + 4, "start", figure(mostCost, 2)),
    label(right + 5, floor + 4, "start", "0"),
    label(inset.left, size.height - 6, "start", clock(first.atMs)),
    label(right, size.height - 6, "end", clock(last.atMs)),
    "</svg>",
  ].join("");
}

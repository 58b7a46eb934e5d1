// The curves of a session as paths and labels, for whatever draws them: power as a stepped area, the price so far as a
// dashed line. Told apart by their form, never by colour alone.

import type { Language } from "../../../config/languages.js";
import { type DecimalMark, localNumber } from "../number/local-number.js";
import { payloadOf } from "../receipt/receipt-payload.js";
import { parseIsoLocal } from "../time/iso-time.js";
import { clockText } from "../time/time.js";
import { languageWords } from "../words/words.js";
import { type PowerPoint, powerCurve } from "./receipt-curve.js";

/** Narrow, so that its letters can be read on a phone. */
const size = { width: 400, height: 190 };
const inset = { left: 34, right: 40, top: 28, bottom: 24 };
const floor = size.height - inset.bottom;
const right = size.width - inset.right;

type CurveWords = { readonly power: string; readonly price: string; readonly decimalMark: DecimalMark };

export type CurveDrawing = {
  readonly width: number;
  readonly height: number;
  /** Paths as SVG writes them. */
  readonly area: string;
  readonly frame: string;
  readonly power: readonly string[];
  readonly price: readonly string[];
  /** `y` is the base line of the letters. */
  readonly labels: readonly {
    readonly x: number;
    readonly y: number;
    readonly anchor: "start" | "end";
    readonly text: string;
  }[];
};

/** Undefined where there is nothing to draw. */
function curveDrawing(points: readonly PowerPoint[], timeZone: string, words: CurveWords): CurveDrawing | undefined {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
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
  const figure = (value: number, decimals: number): string => localNumber(value.toFixed(decimals), words.decimalMark);
  const label = (at: number, base: number, anchor: "start" | "end", text: string) => ({ x: at, y: base, anchor, text });
  return {
    ...size,
    area: `${power}V${floor}H${inset.left}z`,
    frame: `M${inset.left} ${floor}H${right}M${inset.left} ${inset.top}H${right}`,
    power: [power, `M${inset.left} 9h20`],
    price: [price, `M${right - 20} 9h20`],
    labels: [
      label(inset.left + 26, 13, "start", words.power),
      label(right - 26, 13, "end", words.price),
      label(inset.left - 5, inset.top + 4, "end", figure(mostPower / 1000, 1)),
      label(inset.left - 5, floor + 4, "end", "0"),
      label(right + 5, inset.top + 4, "start", figure(mostCost, 2)),
      label(right + 5, floor + 4, "start", "0"),
      label(inset.left, size.height - 6, "start", clockText(timeZone, first.atMs)),
      label(right, size.height - 6, "end", clockText(timeZone, last.atMs)),
    ],
  };
}

/** The curves of a stored receipt; undefined where it is no sale, or its samples cannot be read. */
export function receiptDrawing(jws: string, language: Language): CurveDrawing | undefined {
  const payload = payloadOf(jws);
  if (payload?.kind !== "sale" || parseIsoLocal(payload.sale.start) === undefined) return undefined;
  const { labels, decimalMark } = languageWords[language].receipt;
  return curveDrawing(powerCurve(payload), payload.timeZone, {
    power: `${labels.power} (kW)`,
    price: `${labels.price.slice(0, 1)}${labels.price.slice(1).toLowerCase()} (${payload.sale.price.currency})`,
    decimalMark,
  });
}

// The power of a session so far, as a drawing.

import { html } from "hono/html";
import { clockText } from "../../core/time/time.js";
import { curveSvg } from "../../receipts/output/curve-svg.js";
import type { LivePoint } from "../link/session-curves.js";
import { powerFigure } from "./figures.js";
import { type Html, type PageContext, trusted } from "./layout.js";

const width = 340;
const height = 130;
const [left, right, top, floor] = [2, 338, 20, 108];

/** The curve; nothing where there are not two points to draw between. */
export function liveChart(points: readonly LivePoint[], { view, words, language }: PageContext): Html {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return html``;
  const most = Math.max(1_000, ...points.map(({ powerW }) => powerW));
  const x = (atMs: number): string =>
    (left + ((atMs - first.atMs) / (last.atMs - first.atMs)) * (right - left)).toFixed(1);
  const y = (powerW: number): string => (floor - (Math.max(0, powerW) / most) * (floor - top)).toFixed(1);
  const line = points
    .map(({ atMs, powerW }, index) => (index === 0 ? `M${x(atMs)} ${y(powerW)}` : `H${x(atMs)}V${y(powerW)}`))
    .join("");
  const { timeZone } = view.hello.station;
  const label = (at: number, base: number, anchor: "start" | "end", text: string) => ({ x: at, y: base, anchor, text });
  const drawing = {
    width,
    height,
    area: `${line}V${floor}H${left}z`,
    frame: `M${left} ${floor}H${right}M${left} ${top}H${right}`,
    power: [line],
    price: [],
    labels: [
      label(left, top - 5, "start", powerFigure(most, language)),
      label(left, height - 6, "start", clockText(timeZone, first.atMs)),
      label(right, height - 6, "end", clockText(timeZone, last.atMs)),
    ],
  };
  return html`<figure>${trusted(curveSvg(drawing, words.powerCurve))}</figure>`;
}

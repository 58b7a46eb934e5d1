// The curves of a session as a drawing for a page; the colours are the page's own, light or dark.

import type { CurveDrawing } from "../../core/print/curve-drawing.js";
import { htmlText } from "./html-text.js";

/** The drawing as an SVG element; `title` is what it is, for who cannot see it. */
export function curveSvg({ width, height, area, frame, power, price, labels }: CurveDrawing, title: string): string {
  const path = (kind: string, d: string): string => `<path class="${kind}" d="${d}"/>`;
  return [
    `<svg class="curve" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" ` +
      `aria-label="${htmlText(title)}">`,
    path("area", area),
    path("frame", frame),
    ...power.map((d) => path("power", d)),
    ...price.map((d) => path("cost", d)),
    ...labels.map(
      ({ x, y, anchor, text }) => `<text x="${x}" y="${y}" text-anchor="${anchor}">${htmlText(text)}</text>`,
    ),
    "</svg>",
  ].join("");
}

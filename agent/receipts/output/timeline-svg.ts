// A session's timeline as a picture: power on top, below it a lane for each kind of thing that happened. Black on
// white, marks told apart by their place and their words, never by colour.

import type { PowerPoint } from "../../core/print/receipt-curve.js";
import { clockText } from "../../core/time/time.js";
import { type TimelineItem, timelineLanes } from "../../core/timeline/timeline.js";
import { htmlText } from "./html-text.js";

const width = 900;
const left = 90;
const right = 16;
const curveHeight = 120;
const top = 28;
/** A row of words in a lane, and room around them. */
const rowHeight = 14;
const lanePadding = 10;
/** The mean width of a letter, by which it is judged whether words would meet. */
const letterPx = 6;
const longestMark = 60;

/** The picture; `title` names the session. */
export function timelineSvg(
  items: readonly TimelineItem[],
  points: readonly PowerPoint[],
  timeZone: string,
  title: string,
): string {
  const times = [...items.map(({ atMs }) => atMs), ...points.map(({ atMs }) => atMs)];
  // What is told weeks later stands at the right edge: the session is what is looked at.
  const lastOfSession = Math.max(
    ...points.map(({ atMs }) => atMs),
    ...items.flatMap((one) => (one.from === "kept" ? [] : [one.atMs])),
  );
  const [from, to] = [Math.min(...times), Math.max(lastOfSession, Math.min(...times) + 1)];
  const x = (atMs: number): number => left + ((Math.min(atMs, to) - from) / (to - from)) * (width - left - right);
  const floor = top + curveHeight;
  let y = floor + 16;
  const laneParts: string[] = [];
  for (const lane of timelineLanes) {
    const marks = placed(
      items.filter((item) => item.lane === lane),
      x,
    );
    if (marks.length === 0) continue;
    laneParts.push(laneMarkup(marks, lane, y));
    y += laneHeightOf(marks);
  }
  const height = y + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
      `font-family="sans-serif" font-size="11" role="img" aria-label="${htmlText(title)}">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="8" y="16" font-size="13" font-weight="bold">${htmlText(title)}</text>`,
    powerMarkup(points, x, floor),
    ...laneParts,
    `<text x="${left}" y="${height - 8}">${clockText(timeZone, from)}</text>`,
    `<text x="${width - right}" y="${height - 8}" text-anchor="end">${clockText(timeZone, to)}</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function powerMarkup(points: readonly PowerPoint[], x: (atMs: number) => number, floor: number): string {
  const [first] = points;
  if (first === undefined) return "";
  const most = Math.max(...points.map(({ powerW }) => powerW), 1);
  const y = (powerW: number): string => (floor - (powerW / most) * (curveHeight - 14)).toFixed(1);
  const path = points
    .map(({ atMs, powerW }, at) =>
      at === 0 ? `M${x(atMs).toFixed(1)} ${y(powerW)}` : `H${x(atMs).toFixed(1)}V${y(powerW)}`,
    )
    .join("");
  return [
    `<path d="${path}V${floor}H${x(first.atMs).toFixed(1)}z" fill="#ddd"/>`,
    `<path d="${path}" fill="none" stroke="#000" stroke-width="1.5"/>`,
    `<path d="M${left} ${floor}H${width - right}" stroke="#000"/>`,
    `<text x="${left - 6}" y="${floor - curveHeight + 18}" text-anchor="end">${(most / 1000).toFixed(1)} kW</text>`,
  ].join("\n");
}

/** A mark in its lane: where it stands, and the row of its words. */
type Mark = {
  readonly item: TimelineItem;
  readonly atX: number;
  readonly words: string;
  readonly isLeftward: boolean;
  readonly row: number;
};

/** Each mark's words in the first row where they meet no others. */
function placed(items: readonly TimelineItem[], x: (atMs: number) => number): readonly Mark[] {
  const rows: (readonly [from: number, to: number])[][] = [];
  return items.map((item) => {
    const atX = x(item.atMs);
    const words = item.text.length > longestMark ? `${item.text.slice(0, longestMark - 1)}…` : item.text;
    const length = words.length * letterPx + 12;
    const isLeftward = atX + length > width - right;
    const span = isLeftward ? ([atX - length, atX] as const) : ([atX, atX + length] as const);
    const isFree = (row: (readonly [number, number])[]): boolean =>
      row.every(([from, to]) => span[1] <= from || to <= span[0]);
    const found = rows.findIndex(isFree);
    const row = found < 0 ? rows.length : found;
    rows[row] = [...(rows[row] ?? []), span];
    return { item, atX, words, isLeftward, row };
  });
}

const laneHeightOf = (marks: readonly Mark[]): number =>
  (Math.max(...marks.map(({ row }) => row)) + 1) * rowHeight + lanePadding;

function laneMarkup(marks: readonly Mark[], lane: string, y: number): string {
  const height = laneHeightOf(marks);
  const bars = marks.flatMap(({ item, atX }, at) => {
    if (item.isOn !== true) return [];
    const end = marks.slice(at + 1).find((mark) => mark.item.isOn !== undefined)?.atX ?? width - right;
    return [`<path d="M${atX.toFixed(1)} ${y + height - 4}H${end.toFixed(1)}" stroke="#000" stroke-width="4"/>`];
  });
  const drawn = marks.map(
    ({ item, atX, words, isLeftward, row }) =>
      `<g><title>${htmlText(item.text)}</title>` +
      `<path d="M${atX.toFixed(1)} ${y + 3}V${y + height - 2}" stroke="#000"/>` +
      `<text x="${(atX + (isLeftward ? -4 : 4)).toFixed(1)}" y="${y + 13 + row * rowHeight}"` +
      `${isLeftward ? ' text-anchor="end"' : ""}>${htmlText(words)}</text></g>`,
  );
  return [
    `<path d="M${left} ${y}H${width - right}" stroke="#ccc"/>`,
    `<text x="${left - 6}" y="${y + 14}" text-anchor="end">${lane}</text>`,
    ...bars,
    ...drawn,
  ].join("\n");
}

// A receipt as plain text: 80 columns with room for a QR code, or the 32 columns of a 58 mm receipt printer without one.
import type { Sheet } from "./receipt-sheet.js";
import type { SheetRow } from "./sheet-row.js";

export type TextWidth = 80 | 32;

/** Lines of at most `width` letters; a word that is longer than a line is cut, since a hash has no spaces. */
export function wrappedLines(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    let rest = word;
    if (line !== "" && line.length + 1 + rest.length <= width) {
      line += ` ${rest}`;
      continue;
    }
    if (line !== "") lines.push(line);
    // "sha256:" stands before its digits, which then keep to lines of their own.
    if (rest.length > width && rest.startsWith("sha256:")) {
      lines.push("sha256:");
      rest = rest.slice(7);
    }
    for (; rest.length > width; rest = rest.slice(width)) lines.push(rest.slice(0, width));
    line = rest;
  }
  if (line !== "") lines.push(line);
  return lines;
}

const centred = (text: string, width: number): string =>
  " ".repeat(Math.max(0, Math.floor((width - text.length) / 2))) + text;

/** A text on the left and one at the right edge; on two lines where they would touch. */
function apart(left: string, right: string, width: number): string[] {
  const lines = wrappedLines(left, width);
  const last = lines.at(-1) ?? "";
  if (last.length + 2 + right.length <= width)
    return [...lines.slice(0, -1), last + right.padStart(width - last.length)];
  return [...lines, right.padStart(width)];
}

/** Leaves 64 columns for the value: a SHA-256 fits on one line. */
const labelWidth = 16;

function rowLines(row: SheetRow, width: TextWidth): string[] {
  switch (row.kind) {
    case "fact": {
      if (width === 80) {
        const label = wrappedLines(row.label, labelWidth - 1);
        const value = wrappedLines(row.value, width - labelWidth);
        return Array.from({ length: Math.max(label.length, value.length) }, (_, at) =>
          `${(label[at] ?? "").padEnd(labelWidth)}${value[at] ?? ""}`.trimEnd(),
        );
      }
      const whole = `${row.label}: ${row.value}`;
      return whole.length <= width
        ? [whole]
        : [`${row.label}:`, ...wrappedLines(row.value, width - 1).map((line) => ` ${line}`)];
    }
    case "priced": {
      const what = row.span === undefined ? row.what : `${row.what} ${row.span}`;
      const working = [row.working, ...(row.exact === undefined ? [] : [row.exact])];
      return width === 80
        ? [
            ...apart(what, row.amount, width),
            ...working.flatMap((text) => wrappedLines(text, width - 4)).map((line) => `  ${line}`),
          ]
        : [
            ...wrappedLines(what, width),
            ...working.flatMap((text) => wrappedLines(text, width - 1)).map((line) => ` ${line}`),
            row.amount.padStart(width),
          ];
    }
    case "sum":
      return apart(row.label, row.amount, width);
    default:
      return row satisfies never;
  }
}

/**
 * The receipt as text, each line ended by a newline. `code` are the lines of the QR code, printed on 80 columns only;
 * the roll prints number, total, digest and verify address instead.
 */
export function receiptText(sheet: Sheet, width: TextWidth, code: readonly string[] = []): string {
  const rule = "-".repeat(width);
  const [name = "", ...operator] = sheet.operator;
  const head =
    width === 80
      ? [...apart(name, sheet.title, width), ...operator.flatMap((line) => wrappedLines(line, width))]
      : [
          ...[name, ...operator].flatMap((line) => wrappedLines(line, width)),
          "",
          ...wrappedLines(sheet.title, width).map((line) => centred(line, width)),
        ];
  const marks = sheet.marks.flatMap((mark) => [
    "",
    ...wrappedLines(`*** ${mark} ***`, width).map((line) => centred(line, width)),
  ]);
  const glance = sheet.glance.flatMap(({ label, value }) => rowLines({ kind: "fact", label, value }, width));
  const sections = sheet.sections.flatMap(({ heading, rows }) => [
    rule,
    heading,
    ...rows
      .filter((row) => width === 80 || row.kind !== "fact" || row.onRoll !== false)
      .flatMap((row) =>
        row.kind === "sum" && row.strong
          ? ["=".repeat(width), ...rowLines(row, width), "=".repeat(width)]
          : rowLines(row, width),
      ),
  ]);
  const drawn = width === 80 && code.length > 0 ? ["", ...code.map((line) => centred(line, width).trimEnd())] : [];
  const notices = [rule, ...sheet.notices.flatMap((notice) => wrappedLines(notice, width))];
  const first = glance.length === 0 ? [] : [rule, ...glance];
  return `${[...head, ...marks, ...first, ...sections, ...drawn, ...notices].join("\n")}\n`;
}

// QR codes for a terminal or a printer (half blocks) and for a page (one SVG path). The matrix comes from the qrcode
// package.
import qrcode from "qrcode";
import { htmlText } from "./html-text.js";

/** How much of a code may be spoilt: 7, 15, 25 or 30 percent. */
export type CodeLevel = "L" | "M" | "Q" | "H";

/** The squares of a code: `size` rows of `size`. Throws where the text is too long for a code. */
export function codeModules(
  text: string,
  level: CodeLevel = "L",
): { readonly size: number; isDark(row: number, column: number): boolean } {
  const { modules: matrix } = qrcode.create(text, { errorCorrectionLevel: level });
  return {
    size: matrix.size,
    isDark: (row, column) =>
      row >= 0 && column >= 0 && row < matrix.size && column < matrix.size && matrix.get(row, column) === 1,
  };
}

/**
 * Lines of half blocks with a margin of two modules, drawn light on dark as a terminal shows it: blocks are the light
 * modules, so that the code stays readable on a dark screen. `onPaper` turns them, for ink on white.
 */
export function codeLines(text: string, onPaper = false): string[] {
  const { size, isDark } = codeModules(text);
  const margin = 2;
  const drawn = (row: number, column: number): boolean =>
    isDark(row, column) === onPaper && (onPaper || row < size + margin);
  const lines: string[] = [];
  for (let row = -margin; row < size + margin; row += 2) {
    let line = "";
    for (let column = -margin; column < size + margin; column += 1)
      line += " ▀▄█"[(drawn(row, column) ? 1 : 0) + (drawn(row + 1, column) ? 2 : 0)];
    lines.push(line);
  }
  return lines;
}

/** Modules of white around a code, as the standard asks. */
export const codeMargin = 4;

/** The side of a code in CSS millimetres where each module is so many CSS pixels wide. */
export const codeWidthMillimetres = (text: string, pixels: number, level: CodeLevel): number =>
  ((codeModules(text, level).size + 2 * codeMargin) * pixels * 25.4) / 96;

/**
 * The code as an SVG element of `width` CSS millimetres, dark on white, with the four modules of margin that the
 * standard asks for. `name` is what it is, for who cannot see it.
 */
export function codeSvg(text: string, width: number, name: string, level: CodeLevel = "L"): string {
  const { size, isDark } = codeModules(text, level);
  let path = "";
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < size; column += 1)
      if (isDark(row, column)) path += `M${column + codeMargin} ${row + codeMargin}h1v1h-1z`;
  const side = size + 2 * codeMargin;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" width="${width}mm" ` +
    `height="${width}mm" role="img" aria-label="${htmlText(name)}" ` +
    `shape-rendering="crispEdges"><rect width="${side}" height="${side}" fill="#fff"/><path d="${path}" ` +
    `fill="#000"/></svg>`
  );
}

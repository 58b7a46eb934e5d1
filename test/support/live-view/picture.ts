// The picture of the live view in the README: the demo's own screen at a moment of its scenario, drawn as SVG.
// To draw it anew:  node agent/start.js --build && node dist/test/support/live-view/picture.js
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { demo } from "../../../agent/app/demo.js";
import { freshFolder } from "../command.js";
import { plainText, type Run, runsOf, Screen } from "./screen.js";

/** Where the picture lies: beside the agent, whose screen it is. */
export const pictureFile = fileURLToPath(new URL("../../../../agent/live-view.svg", import.meta.url));
const seed = 7;
/** One car charges at the evening's price; a second driver has plugged in and reads what it will cost. */
const moment = /^18:22:30 +connector 2: a car is plugged in/m;

/** The screen of the demo at that moment, with its escape sequences. */
export async function liveViewLines(): Promise<readonly string[]> {
  const folder = freshFolder();
  let caught: readonly string[] | undefined;
  const screen = new Screen((lines) => {
    // The view is drawn anew below each line that it prints: the bottom line is its last.
    if (caught === undefined && moment.test(lines.join("\n")) && / help /.test(plainText(lines.at(-1) ?? "")))
      caught = [...lines];
  });
  try {
    await demo({ once: true, seed, speed: 0, data: folder, json: false }, screen as unknown as NodeJS.WriteStream);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (caught === undefined) throw new Error("the scenario never came to the moment of the picture");
  return caught.map((line) => line.replace(folder, "/tmp/chargetill"));
}

const size = { cell: 8.4, line: 17, font: 14, margin: 16 };
const ink = { plain: "#e6edf3", dim: "#8b949e", bold: "#ffffff" };
const colours: Readonly<Record<number, string>> = {
  31: "#ff7b72",
  32: "#3fb950",
  33: "#d29922",
  34: "#58a6ff",
  36: "#39c5cf",
};

const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

/** Lines of a terminal as an SVG. Every run is as wide as its characters, whatever font shows it. */
export function svgOf(lines: readonly string[]): string {
  const rows = lines.map(runsOf);
  const columns = Math.max(...lines.map((line) => [...plainText(line)].length));
  const width = Math.ceil(columns * size.cell + 2 * size.margin);
  const height = lines.length * size.line + 2 * size.margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-size="${size.font}"`,
    ` font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" role="img"`,
    ` aria-label="The live view of chargetill: one car charging with its cost, one about to start with its prices">\n`,
    `<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>\n`,
    ...rows.map((runs, row) => `${rowOf(runs, size.margin + row * size.line + size.font)}\n`),
    "</svg>\n",
  ].join("");
}

function rowOf(runs: readonly Run[], y: number): string {
  let column = 0;
  return runs
    .flatMap(({ text, weight, colour }) => {
      const characters = [...text].length;
      const x = (size.margin + column * size.cell).toFixed(1);
      column += characters;
      if (text.trim() === "") return [];
      const fill = colour === undefined ? ink[weight] : (colours[colour] ?? ink[weight]);
      const bold = weight === "bold" ? ' font-weight="bold"' : "";
      const length = (characters * size.cell).toFixed(1);
      return [
        `<text x="${x}" y="${y}" fill="${fill}"${bold} textLength="${length}" xml:space="preserve">${escaped(text)}</text>`,
      ];
    })
    .join("");
}

/** The lines of a picture that `svgOf` drew, as they are read. Spaces between runs are not kept. */
export const textOf = (svg: string): string[] =>
  svg
    .split("\n")
    .filter((line) => line.startsWith("<text"))
    .map((line) =>
      line
        .replace(/<[^>]*>/g, "")
        .replace(/&lt;/g, "<")
        .replace(/&amp;/g, "&"),
    );

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(pictureFile, svgOf(await liveViewLines()));
  process.stderr.write(`${join("agent", "live-view.svg")} is drawn\n`);
  process.exit(0);
}

// What of the production code ran, from the coverage that V8 itself writes (NODE_V8_COVERAGE) for every process that a
// test file starts, mapped to the TypeScript sources. Printed, never judged: a figure to look for holes with.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const folders = ["agent", "drivers", "config"];
/** Files with a smaller share of their branches run are listed with the lines that did not run. */
const fewPercent = 80;
const mostRangesTold = 12;
const nameWidth = 56;

type Range = { readonly startOffset: number; readonly endOffset: number; readonly count: number };
type FunctionCoverage = { readonly ranges: readonly Range[]; readonly isBlockCoverage: boolean };
type ScriptCoverage = { readonly url: string; readonly functions: readonly FunctionCoverage[] };

/** A compiled file: which characters ran in any process so far, and where its functions and branches begin. */
class CoveredFile {
  readonly #ran: Uint8Array;
  readonly #functions = new Map<string, number>();
  readonly #branches = new Map<string, number>();
  wasLoaded = false;

  constructor(
    readonly path: string,
    readonly text: string,
  ) {
    this.#ran = new Uint8Array(text.length);
  }

  /** Adds one process. Ranges nest: the innermost one around a character has its count. */
  add(functions: readonly FunctionCoverage[]): void {
    this.wasLoaded = true;
    const ranges = functions.flatMap((one) => {
      for (const [index, range] of one.ranges.entries()) {
        const among = index === 0 ? this.#functions : one.isBlockCoverage ? this.#branches : undefined;
        among?.set(`${range.startOffset}-${range.endOffset}`, range.startOffset);
      }
      return one.ranges;
    });
    const now = new Uint8Array(this.#ran.length);
    for (const { startOffset, endOffset, count } of ranges.sort(
      (a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset,
    ))
      now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    for (let at = 0; at < now.length; at += 1) if (now[at] === 1) this.#ran[at] = 1;
  }

  figures(): Figures {
    const share = (starts: ReadonlyMap<string, number>): Share => ({
      ran: [...starts.values()].filter((at) => this.#ran[at] === 1).length,
      all: starts.size,
    });
    const lines = this.#codeLines();
    return {
      lines: { ran: lines.filter(({ ran }) => ran).length, all: lines.length },
      branches: share(this.#branches),
      functions: share(this.#functions),
      missing: [...new Set(lines.filter(({ ran }) => !ran).map(({ line }) => line))].sort((a, b) => a - b),
    };
  }

  /** Lines of the compiled file that hold code, with their line in the source. */
  #codeLines(): { readonly line: number; readonly ran: boolean }[] {
    const map = new SourceMap(JSON.parse(readFileSync(`${this.path}.map`, "utf8")));
    let offset = 0;
    return this.text.split("\n").flatMap((text, index) => {
      const start = offset;
      offset += text.length + 1;
      const column = text.search(/\S/);
      // Comments, and lines of brackets alone, are no code.
      if (column < 0 || /^\s*(?:\/\/|\/\*|\*|[)\]}{;,]*$)/.test(text)) return [];
      const entry = map.findEntry(index, column);
      if (!("originalLine" in entry) || entry.generatedLine !== index) return [];
      return [{ line: entry.originalLine + 1, ran: this.#ran[start + column] === 1 }];
    });
  }
}

type Share = { readonly ran: number; readonly all: number };
type Figures = {
  readonly lines: Share;
  readonly branches: Share;
  readonly functions: Share;
  /** Source lines that did not run. */
  readonly missing: readonly number[];
};

/** Gathers the coverage of many processes over the compiled program below `root`. */
export class Coverage {
  readonly #files = new Map<string, CoveredFile>();

  constructor(private readonly root: string) {
    const below = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) return below(path);
        return path.endsWith(".js") ? [path] : [];
      });
    for (const path of folders.flatMap((folder) => below(join(root, folder))))
      this.#files.set(path, new CoveredFile(path, readFileSync(path, "utf8")));
  }

  /** Takes what processes left in a folder, and removes it. */
  takeFrom(folder: string): void {
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder)) {
      // A process that was killed while it wrote leaves half a file.
      const parsed = parseCoverage(readFileSync(join(folder, name), "utf8"));
      for (const { url, functions } of parsed)
        if (url.startsWith("file:")) this.#files.get(fileURLToPath(url))?.add(functions);
    }
    rmSync(folder, { recursive: true, force: true });
  }

  /** A table by folder, and the files with holes. */
  report(): string {
    const path = (file: CoveredFile): string => relative(this.root, file.path).replace(/\.js$/, ".ts");
    const all = [...this.#files.values()];
    const unloaded = all.filter((file) => !file.wasLoaded).map(path);
    const files = all
      .filter((file) => file.wasLoaded)
      .map((file) => ({ path: path(file), figures: file.figures() }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    const groups = new Map<string, Figures[]>();
    for (const { path, figures } of files) {
      const folder = dirname(path);
      groups.set(folder, [...(groups.get(folder) ?? []), figures]);
    }
    const row = (name: string, those: readonly Figures[]): string =>
      name.padEnd(nameWidth) +
      (["lines", "branches", "functions"] as const).map((kind) => percent(those.map((one) => one[kind]))).join("");
    const holes = files
      .filter(({ figures }) => shareOf([figures.branches]) < fewPercent || shareOf([figures.lines]) < fewPercent)
      .sort((a, b) => shareOf([a.figures.branches]) - shareOf([b.figures.branches]));
    return [
      `${" ".repeat(nameWidth)}    lines branches functions`,
      ...[...groups].map(([folder, those]) => row(folder, those)),
      row(
        "all that was loaded",
        files.map(({ figures }) => figures),
      ),
      "",
      ...(unloaded.length > 0 ? [`Not loaded by these tests: ${unloaded.join(", ")}`, ""] : []),
      `Files with less than ${fewPercent} % of their lines or branches run, and the lines that did not:`,
      ...holes.flatMap(({ path, figures }) => [row(path, [figures]), `    ${rangesOf(figures.missing)}`]),
    ].join("\n");
  }
}

function parseCoverage(text: string): readonly ScriptCoverage[] {
  try {
    return (JSON.parse(text) as { readonly result: readonly ScriptCoverage[] }).result;
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Of a hundred; a file without branches has run all of them. */
function shareOf(shares: readonly Share[]): number {
  const all = shares.reduce((sum, share) => sum + share.all, 0);
  return all === 0 ? 100 : (100 * shares.reduce((sum, share) => sum + share.ran, 0)) / all;
}

const percent = (shares: readonly Share[]): string => `${shareOf(shares).toFixed(1)} %`.padStart(9);

/** `3-5, 9`: lines in a row as one range. */
function rangesOf(lines: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const line of lines) {
    const last = ranges.at(-1);
    if (last !== undefined && line <= last[1] + 1) last[1] = line;
    else ranges.push([line, line]);
  }
  const told = ranges.slice(0, mostRangesTold).map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
  return [...told, ...(ranges.length > mostRangesTold ? [`and ${ranges.length - mostRangesTold} more`] : [])].join(
    ", ",
  );
}

// A terminal as far as the live view needs one: lines that are written, taken back by cursor-up and erase, and kept with
// their colours.

/** Stands in for the terminal of the demo. `changed` hears the screen after every write. */
export class Screen {
  readonly isTTY = true;
  readonly columns = 100;
  readonly rows = 50;
  readonly #lines: string[] = [];

  constructor(private readonly changed: (lines: readonly string[]) => void) {}

  write(text: string): boolean {
    const erase = /^\x1b\[(\d+)A\r\x1b\[J/.exec(text);
    if (erase !== null) this.#lines.length -= Number(erase[1]);
    const shown = text.slice(erase?.[0].length ?? 0).replace(/\x1b\[\?25[lh]/g, "");
    if (shown !== "") this.#lines.push(...shown.replace(/\n$/, "").split("\n"));
    this.changed(this.#lines);
    return true;
  }
}

/** Characters of one look: plain, dim or bold, in a colour of the terminal's eight (30 to 37). */
export type Run = { readonly text: string; readonly weight: "plain" | "dim" | "bold"; readonly colour?: number };

/** A line with its escape sequences, as runs of one look. */
export function runsOf(line: string): Run[] {
  const runs: Run[] = [];
  let weight: Run["weight"] = "plain";
  let colour: number | undefined;
  for (const part of line.split(/(\x1b\[\d+m)/)) {
    const code = /^\x1b\[(\d+)m$/.exec(part)?.[1];
    if (code === undefined) {
      if (part !== "") runs.push({ text: part, weight, ...(colour === undefined ? {} : { colour }) });
    } else if (code === "1") weight = "bold";
    else if (code === "2") weight = "dim";
    else if (code === "22") weight = "plain";
    else colour = code === "39" ? undefined : Number(code);
  }
  return runs;
}

/** A line as it is read: without escape sequences. */
export const plainText = (line: string): string =>
  runsOf(line)
    .map(({ text }) => text)
    .join("");

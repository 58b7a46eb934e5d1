// Lines out of a stream of text, bounded: a peer that sends without an end is cut off, not stored.

export class LineReader {
  #text = "";

  /** `longest` = characters of a line; the fault is told once, and then nothing more is read. */
  constructor(
    private readonly longest: number,
    private readonly heard: (line: string) => void,
    private readonly tooLong: () => void,
  ) {}

  /** The next piece as it came. */
  add(chunk: string): void {
    const parts = (this.#text + chunk).split("\n");
    this.#text = parts.pop() ?? "";
    for (const line of parts) {
      if (line.length > this.longest) return this.tooLong();
      this.heard(line);
    }
    if (this.#text.length > this.longest) this.tooLong();
  }
}

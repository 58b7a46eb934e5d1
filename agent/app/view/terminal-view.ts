// The live view in a terminal: what happened scrolls by above, how the station stands is drawn below and drawn over.
// Text first, colour never alone.
import type { WriteStream } from "node:tty";
import type { Snapshot } from "../../station/snapshot.js";
import { flowed } from "./screen-text.js";
import { stationPage } from "./station-screen.js";

const redrawMs = 100;
const widest = 100;
/** A page is read this long, where one screen does not hold the station. */
const redrawsAPage = 50;

/** Where the view is drawn: below what scrolls by, or on a screen of its own that is left as it was found. */
type Place = "below" | "own-screen";

export class TerminalView {
  readonly #out: WriteStream;
  readonly #look: () => Snapshot | string | undefined;
  readonly #place: Place;
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;
  #stale = true;
  #page = 0;
  #pages = 1;
  #redraws = 0;

  /** `look`: the station, a sentence in its place, or nothing yet. */
  constructor(out: WriteStream, look: () => Snapshot | string | undefined, place: Place = "below") {
    this.#out = out;
    this.#look = look;
    this.#place = place;
    this.#out.write(place === "below" ? "\x1b[?25l" : "\x1b[?1049h\x1b[?25l");
    this.#timer = setInterval(() => this.#tick(), redrawMs);
  }

  changed(): void {
    this.#stale = true;
  }

  /** Puts text into the scroll above the view. */
  say(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
    this.#stale = true;
    this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stale = true;
    this.#draw();
    this.#out.write(this.#place === "below" ? "\x1b[?25h" : "\x1b[?25h\x1b[?1049l");
  }

  #tick(): void {
    this.#redraws += 1;
    if (this.#pages > 1 && this.#redraws % redrawsAPage === 0) {
      this.#page += 1;
      this.#stale = true;
    }
    this.#draw();
  }

  #clear(): void {
    if (this.#place === "own-screen") this.#out.write("\x1b[H\x1b[J");
    else if (this.#drawn > 0) this.#out.write(`\x1b[${this.#drawn}A\r\x1b[J`);
    this.#drawn = 0;
  }

  #draw(): void {
    if (!this.#stale) return;
    const seen = this.#look();
    if (seen === undefined) return;
    this.#stale = false;
    const columns = Math.min(this.#out.columns ?? 80, widest);
    // Below the scroll the cursor rests on a line of its own.
    const rows = Math.max(4, (this.#out.rows ?? 24) - (this.#place === "below" ? 1 : 0));
    const { lines, pages } =
      typeof seen === "string"
        ? { lines: flowed([seen], columns), pages: 1 }
        : stationPage(seen, columns, rows, this.#page);
    this.#pages = pages;
    this.#clear();
    this.#out.write(`${lines.join("\n")}${this.#place === "below" ? "\n" : ""}`);
    this.#drawn = lines.length;
  }
}

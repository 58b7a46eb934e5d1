// `chargetill page --console`: the display on a text screen such as tty1, drawn anew whenever the station has news.
import type { WriteStream } from "node:tty";
import { StationLink } from "../link/station-link.js";
import { consoleLines } from "./console-text.js";

const drawEveryMs = 1_000;

export type DrawnDisplay = { readonly ended: Promise<void>; close(): void };

/** Draws until it is closed. */
export function drawDisplay(socket: string, out: WriteStream): DrawnDisplay {
  const link = new StationLink(socket);
  let drawn = "";
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  out.write("\x1b[?25l\x1b[2J");
  const draw = (): void => {
    const view = link.view();
    if (view === undefined) return;
    const text = consoleLines(view, out.columns ?? 80, (out.rows ?? 25) - 1).join("\x1b[K\r\n");
    if (text === drawn) return;
    drawn = text;
    out.write(`\x1b[H${text}\x1b[K\x1b[J`);
  };
  const timer = setInterval(draw, drawEveryMs);
  return {
    ended,
    close: () => {
      clearInterval(timer);
      link.close();
      out.write("\x1b[?25h\r\n");
      end();
    },
  };
}

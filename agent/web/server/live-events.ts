// News for a page that has a script, as server-sent events: at most one a second and client, and only so many clients;
// the others ask for their page again now and then.

import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { processMs } from "../../../drivers/clock.js";
import type { StationLink } from "../link/station-link.js";

const mostStreams = 32;
const everyMs = 1_000;
/** So often something is sent also without news, so that a dead connection is seen. */
const beatMs = 15_000;
/** What is read aloud comes no more often. */
const spokenEveryMs = 15_000;
/** A page asks anew after an hour. */
const longestMs = 3_600_000;

export type News = {
  /** What takes the place of the page's `#live`. */
  readonly markup: string;
  readonly spoken?: string;
};

/** Open streams, counted over all routes of a server. */
export class LiveEvents {
  #open = 0;

  constructor(private readonly link: Pick<StationLink, "listen">) {}

  /** `newsNow` answers undefined where the page is another one by now, and has to be asked for again. */
  stream(context: Context, newsNow: () => Promise<News | undefined>): Response {
    if (this.#open >= mostStreams) return context.text("Too many listeners.\n", 503);
    this.#open += 1;
    return streamSSE(context, async (stream) => {
      let ended = false;
      let wake: () => void = () => undefined;
      const unlisten = this.link.listen(() => wake());
      stream.onAbort(() => {
        ended = true;
        wake();
      });
      const begun = processMs();
      let [sent, spokenAt] = ["", Number.NEGATIVE_INFINITY];
      try {
        while (!ended && processMs() - begun < longestMs) {
          const news = await newsNow();
          if (news === undefined) {
            await stream.writeSSE({ event: "reload", data: "" });
            break;
          }
          if (news.markup !== sent) await stream.writeSSE({ event: "news", data: news.markup });
          else await stream.write(": \n\n");
          sent = news.markup;
          if (news.spoken !== undefined && processMs() - spokenAt >= spokenEveryMs) {
            await stream.writeSSE({ event: "spoken", data: news.spoken });
            spokenAt = processMs();
          }
          await stream.sleep(everyMs);
          if (!ended) await untilWoken(beatMs, (call) => (wake = call));
        }
      } finally {
        this.#open -= 1;
        unlisten();
      }
    });
  }
}

/** Until somebody calls, and no longer. */
function untilWoken(mostMs: number, given: (call: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, mostMs);
    given(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

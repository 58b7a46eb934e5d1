// News for a page that has a script, as server-sent events: at most one a second and client, and only so many clients;
// the others ask for their page again now and then.

import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { processMs } from "../../../drivers/clock.js";
import type { StationLink } from "../link/station-link.js";
import { OpenCount } from "./open-count.js";

const mostStreams = 32;
/** Of one client: a household, or a phone with many tabs. */
const mostStreamsEach = 4;
/** Whoever reads nothing for so long is gone. */
const writeWithinMs = 20_000;
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
  readonly #openOf = new OpenCount(mostStreamsEach);

  /** `clientOf` answers whose streams are counted together; without it nobody's are. */
  constructor(
    private readonly link: Pick<StationLink, "listen">,
    private readonly clientOf: (context: Context) => string | undefined = () => undefined,
  ) {}

  /** `newsNow` answers undefined where the page is another one by now, and has to be asked for again. */
  stream(context: Context, newsNow: () => Promise<News | undefined>): Response {
    // Nobody would read what is streamed as the answer to HEAD, nor end it.
    if (context.req.method === "HEAD") return context.body(null, 200, { "Content-Type": "text/event-stream" });
    const client = this.clientOf(context);
    if (!this.#taken(client)) return context.text("Too many listeners.\n", 503);
    return streamSSE(context, async (stream) => {
      let ended = false;
      let wake: () => void = () => undefined;
      const unlisten = this.link.listen(() => wake());
      stream.onAbort(() => {
        ended = true;
        wake();
      });
      const begun = processMs();
      const send = async (writing: Promise<unknown>): Promise<void> => {
        if (await isInTime(writing, writeWithinMs)) return;
        ended = true;
        stream.abort();
      };
      let [sent, spokenAt] = ["", Number.NEGATIVE_INFINITY];
      try {
        while (!ended && processMs() - begun < longestMs) {
          const news = await newsNow();
          if (news === undefined) {
            await send(stream.writeSSE({ event: "reload", data: "" }));
            break;
          }
          if (news.markup !== sent) await send(stream.writeSSE({ event: "news", data: news.markup }));
          else await send(stream.write(": \n\n"));
          sent = news.markup;
          if (news.spoken !== undefined && processMs() - spokenAt >= spokenEveryMs) {
            await send(stream.writeSSE({ event: "spoken", data: news.spoken }));
            spokenAt = processMs();
          }
          await stream.sleep(everyMs);
          if (!ended) await untilWoken(beatMs, (call) => (wake = call));
        }
      } finally {
        this.#given(client);
        unlisten();
      }
    });
  }

  #taken(client: string | undefined): boolean {
    if (this.#open >= mostStreams || (client !== undefined && !this.#openOf.take(client))) return false;
    this.#open += 1;
    return true;
  }

  #given(client: string | undefined): void {
    this.#open -= 1;
    if (client !== undefined) this.#openOf.give(client);
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

async function isInTime(work: Promise<unknown>, mostMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), mostMs);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

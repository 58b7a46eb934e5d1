// What routes are made from, and the context that their pages are drawn in.
import type { Context, Hono } from "hono";
import { z } from "zod";
import type { PageAnswer } from "../link/frames.js";
import type { StationLink } from "../link/station-link.js";
import type { ClientAddress } from "../server/client-address.js";
import type { LiveEvents } from "../server/live-events.js";
import { scriptAsset, styleAsset } from "../server/page-assets.js";
import type { PageContext } from "../views/layout.js";
import { pageLanguage, pageWords } from "../words/page-language.js";

export type RouteParts = {
  readonly app: Hono;
  readonly link: StationLink;
  readonly clients: () => ClientAddress;
  readonly events: LiveEvents;
};

/** A path that a browser takes for one of this page: after two slashes, also of other kinds, it reads a host's name. */
const ownPath = (path: string): string => `/${path.replace(/^[\s/\\]+/, "")}`;

/** Undefined before the station has spoken for the first time. `by` = whose language it is in. */
export function contextOf(
  context: Context,
  link: StationLink,
  by: "client" | "station" = "client",
): PageContext | undefined {
  const view = link.view();
  if (view === undefined) return undefined;
  const { req } = context;
  const accepted = by === "client" ? req.header("accept-language") : undefined;
  const language = pageLanguage(req.query("lang"), accepted, view.hello.language);
  return {
    view,
    language,
    words: pageWords[language],
    path: ownPath(req.path),
    assets: { style: styleAsset.path, script: scriptAsset.path },
  };
}

/** A field of a form, without what no field of ours holds. */
export async function formField(context: Context, name: string, longest: number): Promise<string> {
  const value = (await context.req.parseBody())[name];
  return typeof value === "string" ? value.trim().slice(0, longest) : "";
}

/** The page in the language that was chosen. */
export const inLanguage = (path: string, { language }: PageContext): string => `${path}?lang=${language}`;

const foundLink = z.object({ link: z.string() });

/** The link in an answer of the station's; undefined where it has found none. */
export function linkIn(answer: PageAnswer): string | undefined {
  return answer.ok ? foundLink.safeParse(answer.value).data?.link : undefined;
}

export const notYet = (context: Context): Response => context.text("The station is only just starting.\n", 503);

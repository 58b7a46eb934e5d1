// The display at the bay: a server of its own that only this machine reaches, since it shows the links of sessions to
// whoever stands before it.
import { Hono } from "hono";
import type { StationLink } from "../link/station-link.js";
import { contextOf, notYet } from "../routes/route-parts.js";
import { LiveEvents } from "../server/live-events.js";
import { assetOf, scriptAsset } from "../server/page-assets.js";
import { contentPolicy } from "../server/page-guard.js";
import type { PageContext } from "../views/layout.js";
import { displayStyle } from "./display-style.js";
import { displayNews, displayPageOf } from "./display-view.js";

const style = assetOf("display", "css", "text/css", displayStyle);

/** The display's routes over a link to the station. */
export function displayApp(link: StationLink): Hono {
  const app = new Hono();
  const events = new LiveEvents(link);
  app.use(async (request, next) => {
    const host = (request.req.header("host") ?? "").replace(/:\d+$/, "");
    // What a browser of another site, or a proxy, sends here names another host or says for whom it asks.
    const isForwarded = request.req.header("x-forwarded-for") ?? request.req.header("forwarded");
    if ((host === "127.0.0.1" || host === "localhost") && isForwarded === undefined) await next();
    else request.res = request.text("The display is for this machine alone.\n", 421);
    request.res.headers.set("Content-Security-Policy", contentPolicy);
    request.res.headers.set("X-Content-Type-Options", "nosniff");
    request.res.headers.set("Referrer-Policy", "no-referrer");
    request.res.headers.set("Cache-Control", "no-store");
  });
  for (const { path, type, body } of [style, scriptAsset])
    app.get(path, (request) => request.body(body, 200, { "Content-Type": type }));
  const context = (request: Parameters<typeof contextOf>[0]): PageContext | undefined => {
    const made = contextOf(request, link, "station");
    return made && { ...made, assets: { style: style.path, script: scriptAsset.path } };
  };
  app.get("/", (request) => request.redirect("/display", 302));
  app.get("/display", (request) => {
    const made = context(request);
    return made === undefined ? notYet(request) : request.html(displayPageOf(made));
  });
  app.get("/display/events", (request) =>
    events.stream(request, async () => {
      const made = context(request);
      return made && { markup: String(await displayNews(made)) };
    }),
  );
  return app;
}

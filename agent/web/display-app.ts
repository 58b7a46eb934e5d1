// The display at the bay: a server of its own that only this machine reaches, since it shows the links of sessions to
// whoever stands before it.
import { Hono } from "hono";
import type { StationLink } from "./link/station-link.js";
import { contextOf, notYet } from "./routes/route-parts.js";
import { styleAsset } from "./server/page-assets.js";
import { contentPolicy } from "./server/page-guard.js";
import { stationPageOf } from "./views/station-view.js";

/** The display's route over a link to the station. */
export function displayApp(link: StationLink): Hono {
  const app = new Hono();
  app.use(async (request, next) => {
    const host = (request.req.header("host") ?? "").replace(/:\d+$/, "");
    if (host === "127.0.0.1" || host === "localhost") await next();
    else request.res = request.text("This address is not known here.\n", 421);
    request.res.headers.set("Content-Security-Policy", contentPolicy);
    request.res.headers.set("Cache-Control", "no-store");
  });
  app.get(styleAsset.path, (request) => request.body(styleAsset.body, 200, { "Content-Type": styleAsset.type }));
  app.get("/display", (request) => {
    const context = contextOf(request, link);
    return context === undefined ? notYet(request) : request.html(stationPageOf(context));
  });
  return app;
}

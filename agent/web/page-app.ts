// The routes of the page that anybody may ask for.
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { StationLink } from "./link/station-link.js";
import { addBayRoutes } from "./routes/bay-routes.js";
import { addDataRoutes } from "./routes/data-routes.js";
import { addReceiptRoutes } from "./routes/receipt-routes.js";
import { contextOf, notYet, type RouteParts } from "./routes/route-parts.js";
import { addVerifyRoutes } from "./routes/verify-routes.js";
import { ClientAddress } from "./server/client-address.js";
import { LiveEvents } from "./server/live-events.js";
import { scriptAsset, styleAsset } from "./server/page-assets.js";
import { allowedHosts, clientOf, pageGuard } from "./server/page-guard.js";
import { RequestRate } from "./server/request-rate.js";
import { messagePageOf } from "./views/message-view.js";

/** The longest form: a complaint with its contact. */
const mostBodyBytes = 8 * 1024;

/** All routes over a link to the station. */
export function pageApp(link: StationLink): Hono {
  const app = new Hono();
  const proxies = { of: "", clients: new ClientAddress([]) };
  const clients = (): ClientAddress => {
    const trusted = link.view()?.hello.page.trustedProxies ?? [];
    if (proxies.of !== trusted.join(" ")) {
      proxies.of = trusted.join(" ");
      proxies.clients = new ClientAddress(trusted);
    }
    return proxies.clients;
  };
  const hosts = (): ReadonlySet<string> => {
    const hello = link.view()?.hello;
    return hello === undefined ? new Set() : allowedHosts(hello);
  };
  app.use(pageGuard({ hosts, clients, rate: new RequestRate() }));
  app.use(bodyLimit({ maxSize: mostBodyBytes, onError: (context) => context.text("The form is too long.\n", 413) }));
  const parts: RouteParts = {
    app,
    link,
    clients,
    events: new LiveEvents(link, (context) => clientOf(context, clients())),
  };
  for (const { path, type, body } of [styleAsset, scriptAsset])
    app.get(path, (context) =>
      context.body(body, 200, { "Content-Type": type, "Cache-Control": "public, max-age=31536000, immutable" }),
    );
  app.get("/robots.txt", (context) => context.text("User-agent: *\nDisallow: /\n"));
  addBayRoutes(parts);
  addReceiptRoutes(parts);
  addDataRoutes(parts);
  addVerifyRoutes(parts);
  app.notFound((request) => {
    const context = contextOf(request, link);
    return context === undefined ? notYet(request) : request.html(messagePageOf(context, context.words.noPage), 404);
  });
  app.onError((error, request) => {
    // Nothing of what went wrong inside is told outside.
    process.stderr.write(`chargetill page: ${request.req.method} failed: ${error.stack ?? error.message}\n`);
    const context = contextOf(request, link);
    return context === undefined
      ? request.text("Failed.\n", 500)
      : request.html(messagePageOf(context, context.words.failed), 500);
  });
  return app;
}

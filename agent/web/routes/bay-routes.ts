// `/` and `/c/N`, with their news, and the door from a bay to one's own session.
import { lastFourPattern, type PushedConnector } from "../link/frames.js";
import { bayNews, bayPageOf } from "../views/bay-view.js";
import type { PageContext } from "../views/layout.js";
import { messagePageOf } from "../views/message-view.js";
import { stationNews, stationPageOf } from "../views/station-view.js";
import { contextOf, formField, inLanguage, linkIn, notYet, type RouteParts } from "./route-parts.js";

const connectorAt = ({ view }: PageContext, text: string): PushedConnector | undefined =>
  /^[1-9]\d?$/.test(text) ? view.state.connectors.find(({ id }) => id === Number(text)) : undefined;

/** Adds them to the app. */
export function addBayRoutes({ app, link, events }: RouteParts): void {
  app.get("/", (request) => {
    const context = contextOf(request, link);
    return context === undefined ? notYet(request) : request.html(stationPageOf(context));
  });

  app.get("/events", (request) => {
    const context = contextOf(request, link);
    if (context === undefined) return notYet(request);
    return events.stream(request, async () => {
      const now = contextOf(request, link);
      return now === undefined ? undefined : { markup: String(await stationNews(now)) };
    });
  });

  app.get("/c/:id", (request) => {
    const context = contextOf(request, link);
    if (context === undefined) return notYet(request);
    const connector = connectorAt(context, request.req.param("id"));
    return connector === undefined
      ? request.html(messagePageOf(context, context.words.noPage), 404)
      : request.html(bayPageOf(context, connector));
  });

  app.get("/c/:id/events", (request) => {
    const context = contextOf(request, link);
    if (context === undefined) return notYet(request);
    if (connectorAt(context, request.req.param("id")) === undefined) return request.notFound();
    const begun = request.req.query("state");
    return events.stream(request, async () => {
      const now = contextOf(request, link);
      const connector = now && connectorAt(now, request.req.param("id"));
      if (now === undefined || connector === undefined || connector.state !== begun) return undefined;
      return { markup: String(await bayNews(now, connector)) };
    });
  });

  app.post("/c/:id", async (request) => {
    const context = contextOf(request, link);
    if (context === undefined) return notYet(request);
    const connector = connectorAt(context, request.req.param("id"));
    if (connector === undefined) return request.html(messagePageOf(context, context.words.noPage), 404);
    const lastFour = (await formField(request, "four", 4)).toUpperCase();
    if (!lastFourPattern.test(lastFour)) return request.html(bayPageOf(context, connector, { why: "unknown" }), 403);
    const answer = await link.ask({ ask: "claim", connector: connector.id, lastFour });
    const found = linkIn(answer);
    if (found !== undefined) return request.redirect(inLanguage(`/r/${found}`, context), 303);
    if (!answer.ok && answer.why === "wait") {
      const minutes = Math.ceil((answer.waitMs ?? 0) / 60_000);
      return request.html(bayPageOf(context, connector, { why: "wait", minutes }), 429);
    }
    return request.html(bayPageOf(context, connector, { why: "unknown" }), 403);
  });
}

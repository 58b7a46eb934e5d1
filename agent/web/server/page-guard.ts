// What every request passes before a route sees it: a client that asks too often, a Host that is not ours (DNS
// rebinding), a form that was sent from another site, a method that nobody has.
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import type { StationHello } from "../link/frames.js";
import type { ClientAddress } from "./client-address.js";
import type { RequestRate } from "./request-rate.js";

/** Nothing loads from elsewhere, and nobody frames the page. */
export const contentPolicy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const headers: readonly (readonly [string, string])[] = [
  ["Content-Security-Policy", contentPolicy],
  ["X-Content-Type-Options", "nosniff"],
  // Not no-referrer: a form would then be sent with the Origin null. No page leads to another site.
  ["Referrer-Policy", "same-origin"],
  ["X-Robots-Tag", "noindex, nofollow"],
  ["Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"],
];

/** The names under which the page may be asked for: its address, and where it listens. */
export function allowedHosts({ page }: Pick<StationHello, "page">): ReadonlySet<string> {
  const { host, port } = page.listen;
  const own = host.includes(":") ? `[${host}]` : host;
  const loopback = host === "127.0.0.1" || host === "::1" ? [`localhost:${port}`] : [];
  return new Set([new URL(page.address).host, `${own}:${port}`, ...loopback].map((name) => name.toLowerCase()));
}

export type GuardParts = {
  readonly hosts: () => ReadonlySet<string>;
  readonly clients: () => ClientAddress;
  readonly rate: RequestRate;
};

/** Who asks, as tries are counted. */
export function clientOf(context: Context, clients: ClientAddress): string {
  return clients.of(getConnInfo(context).remote.address ?? "", context.req.header("x-forwarded-for"));
}

/** Refuses in plain words: whoever gets them is no driver with a phone. */
export function pageGuard({ hosts, clients, rate }: GuardParts): MiddlewareHandler {
  return async (context, next) => {
    const refused = whyRefused(context, hosts(), () => rate.take(clientOf(context, clients())));
    if (refused === undefined) await next();
    else context.res = context.text(refused.text, refused.status);
    // A page of one file brings a policy of its own, which allows less.
    for (const [name, value] of headers) if (!context.res.headers.has(name)) context.res.headers.set(name, value);
    if (!context.res.headers.has("Cache-Control")) context.res.headers.set("Cache-Control", "no-store");
  };
}

type RefusedRequest = { readonly status: 403 | 405 | 421 | 429; readonly text: string };

function whyRefused({ req }: Context, hosts: ReadonlySet<string>, mayAsk: () => boolean): RefusedRequest | undefined {
  if (!mayAsk()) return { status: 429, text: "Too many requests. Try again in a moment.\n" };
  const host = (req.header("host") ?? "").toLowerCase();
  if (!hosts.has(host)) return { status: 421, text: "This address is not known here.\n" };
  if (!["GET", "HEAD", "POST"].includes(req.method)) return { status: 405, text: "This method is not served.\n" };
  if (req.method === "POST" && !isFromHere(req.header("origin"), hosts))
    return { status: 403, text: "This form was not sent from this page.\n" };
  return undefined;
}

/** No cookie and no password stands behind a form; still no other site is to send one in a driver's name. */
function isFromHere(origin: string | undefined, hosts: ReadonlySet<string>): boolean {
  if (origin === undefined || !URL.canParse(origin)) return false;
  const { protocol, host } = new URL(origin);
  return ["http:", "https:"].includes(protocol) && hosts.has(host);
}

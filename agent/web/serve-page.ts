// `chargetill page`: the process that serves the driver's page. It has no key, no device and no state folder; all that it
// knows comes over the socket of the station.
import type { Hono } from "hono";
import { displayApp } from "./display/display-app.js";
import type { StationHello } from "./link/frames.js";
import { StationLink, type StationView } from "./link/station-link.js";
import { pageApp } from "./page-app.js";
import { ClientAddress } from "./server/client-address.js";
import { openPageServer, type PageServer } from "./server/page-server.js";

/** A station whose config has no page any more is not waited for; systemd starts the page when the socket is there. */
const goneMs = 600_000;
const lookEveryMs = 5_000;
/** An address that is taken is tried again as often as we look. */
type Listening = { readonly place: string; readonly server: PageServer };

export type ServedPage = {
  /** Where page and display listen, once the station has said so. */
  readonly ports: () => { readonly page: number | undefined; readonly display: number | undefined };
  /** What the station said last. */
  readonly view: () => StationView | undefined;
  readonly ended: Promise<void>;
  close(): Promise<void>;
};

/** Serves what the station at this socket says, until it is closed or the station stays away. */
export function servePage(socket: string, say: (text: string) => void): ServedPage {
  const link = new StationLink(socket);
  const apps = { page: pageApp(link), display: displayApp(link) };
  const open = new Map<keyof typeof apps, Listening>();
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let working: Promise<void> = Promise.resolve();
  const look = (): void => {
    working = working.then(async () => {
      const hello = link.view()?.hello;
      if (hello !== undefined) await listenAs(hello, apps, open, say);
      if (link.awayMs() > goneMs) end();
    });
  };
  const unlisten = link.listen(() => {
    if (open.size === 0) look();
  });
  const timer = setInterval(look, lookEveryMs);
  return {
    ports: () => ({ page: open.get("page")?.server.port, display: open.get("display")?.server.port }),
    view: () => link.view(),
    ended,
    close: async () => {
      clearInterval(timer);
      unlisten();
      await working;
      await Promise.all([...open.values()].map(({ server }) => server.close()));
      link.close();
      end();
    },
  };
}

/** Listens where the station's config says, also after it was changed. */
async function listenAs(
  { page }: StationHello,
  apps: Readonly<Record<"page" | "display", Hono>>,
  open: Map<"page" | "display", Listening>,
  say: (text: string) => void,
): Promise<void> {
  const wanted = [
    { name: "page", ...page.listen },
    ...(page.display === undefined ? [] : [{ name: "display", host: "127.0.0.1", port: page.display } as const]),
  ] as const;
  for (const { name, host, port } of wanted) {
    const place = `${host} ${port}`;
    if (open.get(name)?.place === place) continue;
    await open.get(name)?.server.close();
    open.delete(name);
    try {
      const server = await openPageServer(apps[name], { host, port }, new ClientAddress(page.trustedProxies));
      open.set(name, { place, server });
      say(`${name} on http://${host.includes(":") ? `[${host}]` : host}:${server.port}/`);
    } catch (error) {
      say(`${name}: ${place} cannot be listened at: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

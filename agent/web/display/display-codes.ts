// The codes at the bay: a phone gets to the page by them, so none stands there that leads nowhere.
import type { StationView } from "../link/station-link.js";

/**
 * A network as a phone's camera joins it. What steers the format is escaped: \ ; , : " (Wi-Fi Alliance, WPA3
 * specification 7.1).
 */
function wifiCode({ name, password }: NonNullable<StationView["hello"]["page"]["wifi"]>): string {
  const plain = (text: string): string => text.replace(/[\\;,:"]/g, "\\$&");
  return password === undefined
    ? `WIFI:T:nopass;S:${plain(name)};;`
    : `WIFI:T:WPA;S:${plain(name)};P:${plain(password)};;`;
}

export type BayCodes = {
  /** The network to join first, where there is one. */
  readonly wifi?: { readonly name: string; readonly code: string };
  readonly page: string;
};

/**
 * The codes for a path of the page; undefined where a phone on mobile data could not open it: on the site's own network
 * when nobody says which that is.
 */
export function codesFor({ hello: { page } }: StationView, path: string): BayCodes | undefined {
  const address = `${page.address}${path}`;
  if (page.wifi !== undefined) return { page: address, wifi: { name: page.wifi.name, code: wifiCode(page.wifi) } };
  return page.reach === "proxy" ? { page: address } : undefined;
}

/** What the code of a bay leads to: a session's own page while there is one, else the bay's. */
export function codePath(connector: StationView["state"]["connectors"][number]): string {
  const link = connector.session?.link ?? connector.finished?.link;
  return link === undefined ? `/c/${connector.id}` : `/r/${link}`;
}

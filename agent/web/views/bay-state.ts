// The state of a bay as a word and a sign. From outside a bay is free, taken, reserved or out of order, and no more.
import { html } from "hono/html";
import type { PushedConnector, PushedSession } from "../link/frames.js";
import type { StationView } from "../link/station-link.js";
import type { PageWords } from "../words/page-words.js";
import type { Html } from "./layout.js";

export type PublicState = "free" | "taken" | "reserved" | "outOfOrder";

/** What anybody may know of a bay. While the station is away nothing is known to be free. */
export function publicState({ state }: PushedConnector, { state: station }: StationView): PublicState {
  if (state === "out-of-order" || (station.closed && state === "free")) return "outOfOrder";
  if (state === "reserved") return "reserved";
  return state === "free" ? "free" : "taken";
}

/** A sign that is told from the others by its form; `own` = a session as its own driver sees it. */
export function signOf(state: PublicState | "own"): Html {
  const { kind, markup } = signs[state];
  return html`<svg class="${kind}" viewBox="0 0 24 24" aria-hidden="true">${markup}</svg>`;
}

const signs: Readonly<Record<PublicState | "own", { readonly kind: string; readonly markup: Html }>> = {
  free: {
    kind: "sign free",
    markup: html`<circle cx="12" cy="12" r="10"/><path d="M7.5 12.5l3 3 6-7"/>`,
  },
  taken: {
    kind: "sign solid",
    markup: html`<circle cx="12" cy="12" r="11"/><path class="cut" stroke-width="3" d="M6.5 12h11"/>`,
  },
  own: {
    kind: "sign solid own",
    markup: html`<circle cx="12" cy="12" r="11"/><path class="cut" stroke-width="2" d="M13 5.5l-5 7.5h4l-1 5.5 5-7.5h-4z"/>`,
  },
  reserved: {
    kind: "sign",
    markup: html`<circle cx="12" cy="12" r="10"/><path d="M12 6v6.5l4 2.5"/>`,
  },
  outOfOrder: {
    kind: "sign",
    markup: html`<path d="M12 2.5l10 18.5H2z"/><path d="M12 9.5v5.5M12 17v1.6"/>`,
  },
};

/** What somebody at the bay may know of it, in words: nothing of a session but that there is one. */
export function bayWords(connector: PushedConnector, view: StationView, { states }: PageWords): string {
  const open = publicState(connector, view);
  switch (connector.state) {
    case "waiting":
    case "checking":
    case "paying":
    case "occupied":
    case "starting":
    case "stopping":
    case "finished":
      return states[connector.state];
    default:
      return states[open];
  }
}

/** What a session does, as its own driver reads it. */
export const activityText = ({ activity }: PushedSession, { states }: PageWords): string =>
  states[activity === "reserved" ? "charging" : activity];

/** The bay to go to instead of this one. */
export const nextFreeBay = (view: StationView, besides: number): PushedConnector | undefined =>
  view.connected
    ? view.state.connectors.find((one) => one.id !== besides && publicState(one, view) === "free")
    : undefined;

// `/`: where this is, which bays are free, and what charging costs.
import { html } from "hono/html";
import { publicState, signOf } from "./bay-state.js";
import { powerFigure, timeFigure } from "./figures.js";
import { framedPage, type Html, type PageContext } from "./layout.js";
import { priceAt, priceList } from "./price-view.js";

/** What of the page changes while somebody looks at it. */
export function stationNews(context: PageContext): Html {
  const { view, words } = context;
  const free = view.state.connectors.filter((one) => publicState(one, view) === "free").length;
  return html`${stationNotices(context)}
<ul class="bays">${view.hello.connectors.map(({ id }) => bayCard(context, id))}</ul>
<p class="unseen">${words.freeOf(free, view.state.connectors.length)}</p>`;
}

/** What is wrong with all of the station, the gravest first. */
export function noticeTexts({ view, words, language }: PageContext): readonly string[] {
  const { state, hello, connected } = view;
  return [
    ...(connected ? [] : [words.asOf(timeFigure(hello.station.timeZone, state.atMs, state.atMs, language))]),
    ...(state.closed ? [words.nothingSold] : []),
    ...(state.trust === "unsynced" ? [words.clockUnset] : []),
  ];
}

/** The same as a page shows it. */
export const stationNotices = (context: PageContext): Html =>
  html`${noticeTexts(context).map((text) => html`<p class="notice">${text}</p>`)}`;

function bayCard({ view, words, language }: PageContext, id: number): Html {
  const facts = view.hello.connectors.find((one) => one.id === id);
  const connector = view.state.connectors.find((one) => one.id === id);
  if (facts === undefined || connector === undefined) return html``;
  const state = publicState(connector, view);
  const { timeZone } = view.hello.station;
  const since =
    state === "outOfOrder"
      ? `, ${words.since(timeFigure(timeZone, connector.sinceMs, view.state.atMs, language))}`
      : "";
  return html`<li><a class="bay" href="/c/${id}?lang=${language}">${signOf(state)}<span class="word">${words.states[state]}</span>
<span class="about">${words.bay(id)}, ${words.upTo(powerFigure(facts.maxPowerW, language))}${since}</span>
<svg class="go" viewBox="0 0 7 12" aria-hidden="true"><path d="M1 1l5 5-5 5"/></svg></a></li>`;
}

/** The whole page. */
export function stationPageOf(context: PageContext): Html {
  const { view, words, language } = context;
  const { location } = view.hello.station;
  const prices = groupsOfPrice(context);
  return framedPage(context, {
    title: `${location.name}, ${location.city}`,
    refreshSeconds: 30,
    events: `/events?lang=${language}`,
    body: html`<h1>${location.name}</h1>
<p class="place">${location.address}, ${location.postalCode} ${location.city}
· <a href="geo:${location.latitude},${location.longitude}">${words.route}</a></p>
<div id="live">${stationNews(context)}</div>
${prices.map(
  ({
    ids,
    list,
  }) => html`<h2>${words.price}${prices.length > 1 ? `: ${ids.map((id) => words.bay(id)).join(", ")}` : ""}</h2>
${list}`,
)}
<p class="row"><a class="button" href="/receipt?lang=${language}">${words.findReceipt}</a></p>`,
  });
}

/** Connectors that sell at one price share its list. */
function groupsOfPrice(context: PageContext): { readonly ids: readonly number[]; readonly list: Html }[] {
  const { view, language } = context;
  const groups = new Map<string, { ids: number[]; list: Html }>();
  for (const { id } of view.hello.connectors) {
    const price = priceAt(view, id, language);
    const key = JSON.stringify(price ?? null);
    const group = groups.get(key) ?? { ids: [], list: priceList(price, context) };
    group.ids.push(id);
    groups.set(key, group);
  }
  return [...groups.values()];
}

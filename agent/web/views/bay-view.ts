// `/c/N`: one bay before and while somebody charges, as anybody may see it, and the door to one's own session.
import { html } from "hono/html";
import type { PushedConnector } from "../link/frames.js";
import { bayWords, nextFreeBay, publicState, signOf } from "./bay-state.js";
import { powerFigure, timeFigure } from "./figures.js";
import { framedPage, type Html, helpline, type PageContext } from "./layout.js";
import { paymentSection } from "./payment-code.js";
import { priceAt, priceList } from "./price-view.js";
import { stationNotices } from "./station-view.js";

/** What of the page changes while somebody looks at it. */
export function bayNews(context: PageContext, connector: PushedConnector): Html {
  const { view, words, language } = context;
  const state = publicState(connector, view);
  const { timeZone, operator } = view.hello.station;
  const since = words.since(timeFigure(timeZone, connector.sinceMs, view.state.atMs, language));
  const other = nextFreeBay(view, connector.id);
  const elsewhere =
    other === undefined
      ? words.noneFree
      : html`<a href="/c/${other.id}?lang=${language}">${words.nextFree(words.bay(other.id))}</a>`;
  return html`${stationNotices(context)}
<p class="state">${signOf(state)}<span>${bayWords(connector, view, words)}
${state === "free" ? "" : html`<small>${since}</small>`}</span></p>
${state === "free" ? html`<p>${words.howToStart}</p>` : ""}
${paymentSection(context, connector)}
${state === "outOfOrder" ? html`<p>${words.help}: ${helpline(operator.helpline)}</p>` : ""}
${state === "free" ? "" : html`<p>${elsewhere}</p>`}`;
}

/** How a try at the door ended, where there was one. */
export type ClaimOutcome = { readonly why: "unknown" } | { readonly why: "wait"; readonly minutes: number };

/** The whole page. */
export function bayPageOf(context: PageContext, connector: PushedConnector, outcome?: ClaimOutcome): Html {
  const { view, words, language } = context;
  const facts = view.hello.connectors.find(({ id }) => id === connector.id);
  const price = priceAt(view, connector.id, language);
  const hasDriver = ["charging", "stopping", "finished"].includes(connector.state);
  return framedPage(context, {
    title: `${words.bay(connector.id)} · ${view.hello.station.location.name}`,
    refreshSeconds: 15,
    events: `/c/${connector.id}/events?lang=${language}&state=${connector.state}`,
    body: html`<h1>${words.bay(connector.id)}</h1>
<p class="place">${facts?.evseId} · ${words.upTo(powerFigure(facts?.maxPowerW ?? 0, language))}
· <a href="/?lang=${language}">${words.allBays}</a></p>
<div id="live">${bayNews(context, connector)}</div>
${hasDriver || outcome !== undefined ? claimForm(context, connector.id, outcome) : ""}
<h2>${words.price}</h2>
${priceList(price, context)}`,
  });
}

function claimForm({ words, language }: PageContext, id: number, outcome: ClaimOutcome | undefined): Html {
  const bad = outcome?.why === "wait" ? words.waitTries(outcome.minutes) : outcome === undefined ? "" : words.wrongCard;
  return html`<form method="post" action="/c/${id}?lang=${language}">
<h2>${words.yours}</h2>
${bad === "" ? "" : html`<p class="bad" role="alert">${bad}</p>`}
<label for="four">${words.lastFour}</label>
<p id="hint">${words.lastFourHint}</p>
<input id="four" name="four" required minlength="4" maxlength="4" pattern="[0-9A-Za-z]{4}" autocomplete="off"
autocapitalize="characters" spellcheck="false" aria-describedby="hint">
<button>${words.show}</button>
</form>`;
}

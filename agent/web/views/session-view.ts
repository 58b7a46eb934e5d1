// `/r/<secret>` while the session runs: its figures for whoever holds its link.
import { html } from "hono/html";
import { dayMs } from "../../core/time/time.js";
import { languageWords } from "../../core/words/words.js";
import type { PushedConnector, PushedSession } from "../link/frames.js";
import type { LivePoint } from "../link/session-curves.js";
import { activityText, signOf } from "./bay-state.js";
import { durationFigure, energyFigure, moneyFigure, powerFigure, timeFigure, unitPriceFigure } from "./figures.js";
import { framedPage, type Html, type PageContext } from "./layout.js";
import { liveChart } from "./live-chart.js";
import { stationNotices } from "./station-view.js";

/** What of the page changes while somebody looks at it. */
export function sessionNews(
  context: PageContext,
  { state }: PushedConnector,
  session: PushedSession,
  points: readonly LivePoint[],
): Html {
  const { words, language } = context;
  const { activity, currency } = session;
  const money = (amount: string): string => moneyFigure(amount, currency, language);
  const figure: Figure = (name, label, value) => html`<div class="${name}"><dt>${label}</dt><dd>${value}</dd></div>`;
  const idle = session.idleFreeMs === undefined ? "" : words.idleFree(durationFigure(session.idleFreeMs));
  return html`${stationNotices(context)}
<p class="state">${signOf("own")}<span>${state === "stopping" ? words.states.stopping : activityText(session, words)}
${idle === "" || state === "stopping" ? "" : html`<small>${idle}</small>`}</span></p>
<dl class="live">
${figure("energy", words.energy, energyFigure(session.energyMilliWh, language))}
${figure("cost", words.costSoFar, money(session.accrued))}
${figure("", words.power, powerFigure(session.powerW, language))}
${figure("", words.duration, durationFigure(session.elapsedMs))}
</dl>
<dl class="prices rest">
${session.ifStopped === session.accrued ? "" : figure("", words.ifStopped, money(session.ifStopped))}
${figure("", words.unitPrice, unitPriceFigure(session.unitPrices, { currency, isIdle: activity === "parking" }, context))}
${nextChangeFigure(context, session, figure)}
${session.leftUnderCap === undefined ? "" : figure("", words.leftUnderCap, money(session.leftUnderCap))}
${session.limits.map(({ at, left }) => figure("", words.endsAt(localText(at, context)), words.left(localText(left, context))))}
</dl>
${liveChart(points, context)}`;
}

type Figure = (name: string, label: string, value: string) => Html;

function nextChangeFigure(context: PageContext, { nextChange, currency }: PushedSession, figure: Figure): Html {
  if (nextChange === undefined) return html``;
  const { view, words, language } = context;
  const time = timeFigure(view.hello.station.timeZone, nextChange.atMs, view.state.atMs, language);
  return figure(
    "",
    words.nextPrice(time),
    unitPriceFigure(nextChange.unitPrices, { currency, isIdle: false }, context),
  );
}

/** A figure with a point in it, as the language writes it. */
const localText = (text: string, { language }: PageContext): string =>
  text.replace(/(?<=\d)\.(?=\d)/g, languageWords[language].price.decimalMark);

/** What to say aloud: less often than the figures change. */
export function sessionSpoken({ words, language }: PageContext, { energyMilliWh, accrued, currency }: PushedSession) {
  const energy = energyFigure(energyMilliWh, language);
  return `${words.energy} ${energy}, ${words.costSoFar} ${moneyFigure(accrued, currency, language)}`;
}

/** The whole page. */
export function sessionPageOf(
  context: PageContext,
  connector: PushedConnector,
  session: PushedSession,
  points: readonly LivePoint[],
  stopRefused = false,
): Html {
  const { view, words, language } = context;
  const { hello } = view;
  const facts = hello.connectors.find(({ id }) => id === connector.id);
  const days = Math.ceil(hello.page.linksMs / dayMs);
  const path = `/r/${session.link}`;
  const stop =
    hello.page.stop && connector.state === "charging"
      ? html`<form class="plain" method="post" action="${path}/stop?lang=${language}"><button>${words.stop}</button></form>`
      : "";
  return framedPage(context, {
    title: `${words.bay(connector.id)} · ${hello.station.location.name}`,
    refreshSeconds: 10,
    events: `${path}/events?lang=${language}&state=${connector.state}`,
    body: html`<h1>${words.bay(connector.id)}</h1>
<p class="place">${hello.station.location.name} · ${facts?.evseId}</p>
<div id="live">${sessionNews(context, connector, session, points)}</div>
<p class="unseen" id="spoken" aria-live="polite"></p>
<p class="stop-how">${facts?.buttonStops === true ? words.howToStopByButton : words.howToStop}</p>
${stopRefused ? html`<p class="notice" role="alert">${words.stopRefused}</p>` : ""}
${stop}
<p class="place keep">${words.keepLink(days)}</p>`,
  });
}

// `/display`: what stands at the bay, for everybody who stands before it. A running session is shown with its figures and
// the code of its link: its driver is the one who stands there.
import { html } from "hono/html";
import { clockText } from "../../core/time/time.js";
import { codeSvg } from "../../receipts/output/qr-code.js";
import type { PushedConnector } from "../link/frames.js";
import { activityText, bayWords, publicState, signOf } from "../views/bay-state.js";
import { durationFigure, energyFigure, moneyFigure, powerFigure, timeFigure } from "../views/figures.js";
import { type Html, type PageContext, trusted } from "../views/layout.js";
import { paymentFigure } from "../views/payment-code.js";
import { priceAt, priceRowTexts } from "../views/price-view.js";
import { noticeTexts } from "../views/station-view.js";
import { usualEnergy } from "../views/usual-cost.js";
import { codePath, codesFor } from "./display-codes.js";

/** Bays on one screen; with more, the screens take turns. */
const mostBays = 4;
const turnMs = 10_000;
const codeMillimetres = 40;
/** Lines of a price that fit. */
const mostPriceRows = 4;

/** The bays of the screen whose turn it is. */
function shownBays({ view }: PageContext): readonly PushedConnector[] {
  const { connectors, atMs } = view.state;
  const screens = Math.max(1, Math.ceil(connectors.length / mostBays));
  const turn = Math.floor(atMs / turnMs) % screens;
  return connectors.slice(turn * mostBays, (turn + 1) * mostBays);
}

/** What changes on the display. */
export function displayNews(context: PageContext): Html {
  const { view, words } = context;
  const bays = shownBays(context);
  const kind = bays.length === 1 ? "one" : bays.length > 2 ? "many" : "two";
  const [notice] = noticeTexts(context);
  const { location, operator, timeZone } = view.hello.station;
  const help = `${words.help} ${operator.helpline} · ${clockText(timeZone, view.state.atMs)}`;
  return html`<header><h1>${location.name}</h1><p>${help}</p></header>
<main class="screen ${kind}">${notice === undefined ? "" : html`<p class="notice">${notice}</p>`}
${bays.map((connector) => baySection(context, connector))}</main>`;
}

function baySection(context: PageContext, connector: PushedConnector): Html {
  const { view, words, language } = context;
  const { session } = connector;
  const state = publicState(connector, view);
  const said =
    connector.state === "charging" && session !== undefined
      ? activityText(session, words)
      : bayWords(connector, view, words);
  const since = words.since(timeFigure(view.hello.station.timeZone, connector.sinceMs, view.state.atMs, language));
  const facts = view.hello.connectors.find(({ id }) => id === connector.id);
  const stop = facts?.buttonStops === true ? words.howToStopByButton : words.howToStop;
  const what = state === "free" ? words.howToStart : connector.state === "charging" ? stop : "";
  const about = state === "outOfOrder" ? `${since}. ${words.help} ${view.hello.station.operator.helpline}` : "";
  return html`<section><h2>${signOf(session === undefined ? state : "own")}<span>${words.bay(connector.id)}
<small>${said}</small></span></h2>
${about === "" ? "" : html`<p>${about}</p>`}
${session === undefined ? priceRows(context, connector.id) : sessionRows(context, connector)}
${what === "" ? "" : html`<p class="how">${what}</p>`}
${state === "outOfOrder" ? "" : bayCodes(context, connector)}</section>`;
}

function priceRows({ view, language, words }: PageContext, id: number): Html {
  const price = priceAt(view, id, language);
  if (price === undefined) return html`<p>${words.nothingSold}</p>`;
  const usual =
    price.usual === undefined ? "" : html`<div><dt>${words.wouldCost(usualEnergy)}</dt><dd>${price.usual}</dd></div>`;
  return html`<dl>${priceRowTexts(price)
    .slice(0, mostPriceRows)
    .map(
      ({ kind, heading, amount, rest }) =>
        html`<div class="${kind === "kwh" && price.isNow ? "first" : ""}"><dt>${heading}</dt><dd>${amount || rest}</dd></div>`,
    )}${usual}</dl>
${price.held === undefined ? "" : html`<p>${price.held}.</p>`}`;
}

function sessionRows({ words, language }: PageContext, { session }: PushedConnector): Html {
  if (session === undefined) return html``;
  const row = (kind: string, label: string, value: string): Html =>
    html`<div class="${kind}"><dt>${label}</dt><dd>${value}</dd></div>`;
  return html`<dl>${row("big", words.energy, energyFigure(session.energyMilliWh, language))}
${row("big", words.costSoFar, moneyFigure(session.accrued, session.currency, language))}
${row("", words.power, powerFigure(session.powerW, language))}
${row("", words.duration, durationFigure(session.elapsedMs))}</dl>`;
}

function bayCodes(context: PageContext, connector: PushedConnector): Html {
  const { view, words } = context;
  // Two codes beside each other are scanned for each other; whoever has paid gets to the receipt from there.
  if (connector.payment !== undefined) return html`<div class="codes">${paymentFigure(context, connector)}</div>`;
  const path = codePath(connector);
  const codes = codesFor(view, path);
  if (codes === undefined) return html``;
  const { wifi, page } = codes;
  const figure = (code: string, text: string): Html =>
    html`<figure>${trusted(codeSvg(code, codeMillimetres, text))}${text}</figure>`;
  return html`<div class="codes">${wifi === undefined ? "" : figure(wifi.code, words.joinWifi(wifi.name))}
${figure(page, path.startsWith("/r/") ? words.scanLive : words.scan)}</div>`;
}

/** The whole screen. */
export function displayPageOf(context: PageContext): Html {
  const { view, language, assets } = context;
  const { location } = view.hello.station;
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<title>${location.name}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets.style}">
<script src="${assets.script}" type="module" data-events="/display/events" id="news"></script>
</head>
<body>
<div id="live" class="screens">${displayNews(context)}</div>
</body>
</html>
`;
}

// The price before the start, in the order that AFIR article 5 sets, and what a usual session would cost now.
import { html } from "hono/html";
import type { Language } from "../../../config/languages.js";
import { explainTariff, type PriceInWords } from "../../core/explain/explain-tariff.js";
import { priceBeforeStart } from "../../core/explain/price-before-start.js";
import { isObject } from "../../core/json/json-reader.js";
import type { Tariff } from "../../core/tariff/tariff.js";
import { parseTariff } from "../../core/tariff/tariff-reader.js";
import { minuteMs } from "../../core/time/time.js";
import { paymentWords } from "../../core/words/payment-words.js";
import type { StationView } from "../link/station-link.js";
import type { Html, PageContext } from "./layout.js";
import { usualCost, usualEnergy } from "./usual-cost.js";

/** Texts of prices that are kept, since they are asked for again and again. */
const mostKept = 512;

/** `held` = what a bank card at the terminal means, where there is one. */
export type BayPrice = {
  readonly lines: readonly PriceInWords[];
  readonly usual: string | undefined;
  /** False while nobody knows the time: each price is told with its hours, and none is the price of now. */
  readonly isNow: boolean;
  readonly held: string | undefined;
};

const parsed = new WeakMap<object, Tariff | undefined>();
const kept = new Map<string, BayPrice>();

/** A tariff as the station pushed it, read once; undefined where it is none. */
function soldTariff(source: unknown): Tariff | undefined {
  if (!isObject(source)) return undefined;
  if (!parsed.has(source)) {
    const read = parseTariff(source);
    parsed.set(source, read.ok ? read.tariff : undefined);
  }
  return parsed.get(source);
}

/** The price at a connector now; undefined where none is known. Worked out once a minute and language. */
export function priceAt(view: StationView, connector: number, language: Language): BayPrice | undefined {
  const index = view.tariffs.findIndex(({ connectors }) => connectors.includes(connector));
  const sold = view.tariffs[index];
  const tariff = soldTariff(sold?.tariff);
  if (tariff === undefined) return undefined;
  const { hello, state } = view;
  const facts = hello.connectors.find(({ id }) => id === connector);
  const minute = Math.floor(state.atMs / minuteMs);
  const limits = JSON.stringify([facts?.limits, facts?.maxPowerW]);
  const key = `${hello.station.id} ${sold?.sinceMs} ${index} ${minute} ${state.trust} ${language} ${limits}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const price = priceOf(view, tariff, facts, language);
  if (kept.size >= mostKept) kept.clear();
  kept.set(key, price);
  return price;
}

function priceOf(
  { hello, state }: StationView,
  tariff: Tariff,
  facts: StationView["hello"]["connectors"][number] | undefined,
  language: Language,
): BayPrice {
  const { timeZone } = hello.station;
  const held = facts?.heldOnCard === undefined ? undefined : paymentWords[language].held(facts.heldOnCard);
  if (state.trust === "unsynced")
    return { lines: explainTariff(tariff, timeZone, language), usual: undefined, held, isNow: false };
  const { energyKwh, cost, time } = facts?.limits ?? {};
  const lines = priceBeforeStart(tariff, state.atMs, timeZone, language, {
    idleGraceMs: hello.idleGraceMs,
    noEnergyMs: hello.noEnergyMs,
    limits: {
      ...(energyKwh === undefined ? {} : { energyKwh }),
      ...(cost === undefined ? {} : { cost }),
      ...(time === undefined ? {} : { time }),
    },
  });
  return {
    lines,
    usual: usualCost(tariff, facts?.maxPowerW ?? 11_000, state.atMs, timeZone, language),
    held,
    isNow: true,
  };
}

const chargeKinds: readonly PriceInWords["kind"][] = ["kwh", "minute", "session", "idle", "reservation"];

type PriceRow = {
  readonly kind: PriceInWords["kind"];
  readonly heading: string;
  readonly about: string;
  readonly amount: string;
  readonly rest: string;
};

/** What is charged, a row each: `Energy: 0.49 EUR per kWh (incl. 19 % VAT); …` in its parts. */
export function priceRowTexts({ lines, isNow }: BayPrice): readonly PriceRow[] {
  return lines
    .filter(({ kind }) => chargeKinds.includes(kind))
    .map(({ kind, text }) => {
      const colon = text.indexOf(": ");
      const [whole, told] = colon < 0 ? ["", text] : [text.slice(0, colon), text.slice(colon + 2)];
      if (!isNow) return { kind, heading: whole, about: "", amount: "", rest: told };
      const [, amount = told, rest = ""] = /^([^(;,]*(?:,\d[^(;,]*)?)(.*)$/.exec(told) ?? [];
      const [, heading = whole, about = ""] = /^([^(]*?)\s*\(([^)]*)\)$/.exec(whole) ?? [];
      const plain = rest.replace(/^[,;]?\s*/, "").replace(/^\(([^()]*)\)/, "$1");
      return { kind, heading, about, amount: amount.trim(), rest: plain };
    });
}

/** The price as a list, what it costs per kWh largest. */
export function priceList(price: BayPrice | undefined, { words }: Pick<PageContext, "words">): Html {
  if (price === undefined) return html`<p class="notice">${words.nothingSold}</p>`;
  const others = price.lines.filter(({ kind }) => !chargeKinds.includes(kind));
  const usual =
    price.usual === undefined
      ? ""
      : html`<p class="would"><span>${words.wouldCost(usualEnergy)}</span> <strong>${price.usual}</strong></p>`;
  return html`<dl class="prices">${priceRowTexts(price).map(priceRow)}</dl>
${usual}
${others.length === 0 ? "" : html`<ul class="more">${others.map(({ text }) => html`<li>${text}</li>`)}</ul>`}
${price.held === undefined ? "" : html`<p>${price.held}.</p>`}`;
}

const small = (text: string): Html | string => (text === "" ? "" : html`<small>${text}</small>`);

function priceRow({ kind, heading, about, amount, rest }: PriceRow): Html {
  return html`<div class="${kind === "kwh" ? "first" : ""}"><dt>${heading}${small(about)}</dt>
<dd>${amount}${small(rest)}</dd></div>`;
}

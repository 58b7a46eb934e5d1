// What a change of the station's state has to tell people: to the log and the live view.
import { masked } from "../core/cdr/token.js";
import { kwhDisplay } from "../core/number/energy-text.js";
import { moneyText } from "../core/number/money.js";
import { livePrice } from "../core/rating/live-price.js";
import type { Sale } from "../core/session/sale.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { StationState } from "../core/station/station-state.js";
import type { AgentEvent } from "./events.js";
import { unitPriceText } from "./snapshot.js";

const activityWords: Readonly<Record<Sale["activity"], string>> = {
  charging: "the car draws power again",
  grace: "the car asks for no power: idle, still free",
  suspended: "the station gives no power: no time is charged",
  parking: "the car asks for no power: idle time counts",
  reserved: "reserved",
};

/** In the order in which a driver lives them. */
export function changeEvents(before: StationState, after: StationState, event: StationEvent): readonly AgentEvent[] {
  const { at } = event.moment;
  const events: AgentEvent[] = [];
  if (event.type === "PlugChanged")
    events.push({ type: "plug", at, connector: event.connector, plugged: event.plugged });
  const connector = "connector" in event ? event.connector : undefined;
  if (typeof connector !== "number") return events;
  const was = before.sessions.get(connector);
  const is = after.sessions.get(connector);
  if (is?.state === "stopping" && was?.state !== "stopping")
    events.push({ type: "stopping", at, connector, reason: is.reason, detail: is.detail });
  if (is?.state !== "charging") return events;
  if (event.type === "SessionBegan") events.push(sessionBegan(at, connector, is.sale));
  if (was?.state !== "charging") return events;
  if (event.type === "MeterRead" && event.atBoundary)
    events.push(...priceChanged(at, connector, was.sale, is.sale, event.reading.energyMilliWh));
  if (is.sale.activity !== was.sale.activity)
    events.push({ type: "activity", at, connector, activity: activityWords[is.sale.activity] });
  return events;
}

function sessionBegan(at: number, connector: number, { opening, rating }: Sale): AgentEvent {
  const { unitPrices, currency } = livePrice(rating);
  return {
    type: "session-began",
    at,
    connector,
    session: opening.id,
    card: masked(opening.acceptance.token.uid),
    price: unitPriceText(unitPrices, currency, false),
    registerKwh: kwhDisplay(opening.begin.energyMilliWh),
  };
}

function priceChanged(at: number, connector: number, was: Sale, is: Sale, registerMilliWh: number): AgentEvent[] {
  const { unitPrices, currency, accrued } = livePrice(is.rating);
  const isParking = is.activity === "parking";
  const price = unitPriceText(unitPrices, currency, isParking);
  if (price === unitPriceText(livePrice(was.rating).unitPrices, currency, isParking)) return [];
  const kwh = kwhDisplay(registerMilliWh - is.opening.begin.energyMilliWh);
  const cost = `${moneyText(accrued.incl, currency)} ${currency}`;
  return [{ type: "price-changed", at, connector, price, kwh, cost }];
}

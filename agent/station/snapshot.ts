// The station as it stands now, as plain data: what `status` answers and the live view draws. Made on demand, never
// kept.

import { fixedText } from "../../config/decimal.js";
import type { Config } from "../../config/schema.js";
import type { Moment } from "../../drivers/driver.js";
import { masked } from "../core/cdr/token.js";
import { kwhDisplay } from "../core/number/energy-text.js";
import { divide, moneyText, ratio, ratioOfText, roundHalfUp } from "../core/number/money.js";
import type { PaymentsLook } from "../core/payment/payments-look.js";
import type { LivePrice, UnitPrices } from "../core/rating/live-price.js";
import { grantedLimits } from "../core/session/limits.js";
import { type LimitAhead, limitsAhead } from "../core/session/limits-ahead.js";
import type { LiveReading } from "../core/session/live-reading.js";
import type { Session } from "../core/session/session.js";
import type { Reservation } from "../core/station/backend-orders.js";
import { clockText, dateText, dayMs, localTime } from "../core/time/time.js";
import type { DiskForecast } from "../ledger/upkeep/disk-forecast.js";
import type { WriteStatistics } from "../ledger/upkeep/write-statistics-log.js";
import type { StationFault } from "../sync/faults.js";
import type { OutboxStatus } from "../sync/outbox-status.js";

export type ConnectorSnapshot = {
  readonly id: number;
  readonly evseId: string;
  readonly maxPowerW: number;
  readonly state: Session["state"] | "waiting-for-plug" | "reserved" | "out-of-order";
  /** Why no session can start here, whatever the state: a car may be plugged in at a connector that is out of order. */
  readonly blocked?: string;
  /** The state in words a driver understands. */
  readonly words: string;
  readonly card?: string;
  readonly energyKwh?: string;
  readonly powerW?: number;
  readonly elapsedMs?: number;
  /** The unit prices in force, incl. tax. */
  readonly unitPrice?: string;
  /** Incl. tax: the cost of what was used, and the bill if it ended now. */
  readonly accrued?: string;
  readonly ifStoppedNow?: string;
  readonly leftUnderCap?: string;
  readonly nextChange?: { readonly atMs: number; readonly unitPrice: string };
  readonly idleForMs?: number;
  /** How long idling is still free. */
  readonly idleFreeMs?: number;
  readonly receipt?: number;
  /**
   * Until when the connector is kept for its card, and what that costs, used or not; or why it is not charged although
   * the tariff prices it.
   */
  readonly reservation?: { readonly untilMs: number; readonly costs?: string; readonly free?: string };
  /** The limits at which the session ends by itself, and what is left until each. */
  readonly endsAt?: readonly LimitAhead[];
  /** Where a phone pays for a start here, by the page of a backend. */
  readonly payment?: { readonly url: string; readonly endsMs: number };
  /** What a driver must see before tapping, in AFIR order. */
  readonly price: readonly string[];
};

export type Snapshot = {
  readonly moment: Moment;
  readonly version: string;
  readonly station: string;
  readonly operator: string;
  readonly helpline: string;
  readonly timeZone: string;
  readonly selling: boolean;
  /** Why nothing is sold, where that is so. */
  readonly closed?: string;
  readonly receipts: number;
  readonly keyId: string;
  readonly offline: boolean;
  readonly uplinks: readonly OutboxStatus[];
  /** What was written to the disk, and how long it will do. */
  readonly writeStatistics?: WriteStatistics;
  readonly diskForecast?: DiskForecast;
  readonly faults: readonly StationFault[];
  /** Money that is held or owed back on the spot; absent where there is none. */
  readonly payments?: PaymentsLook;
  /** The open complaints, the oldest first. */
  readonly complaints: readonly { readonly number: number; readonly receipt: number; readonly dueMs: number }[];
  readonly connectors: readonly ConnectorSnapshot[];
};

/** `0.58 EUR/kWh + 0.10 EUR/min`: the unit prices in words, incl. tax, time per minute as drivers are used to. */
export function unitPriceText(prices: UnitPrices, currency: string, parking: boolean): string {
  const parts: string[] = [];
  if (prices.perKwh !== undefined) parts.push(`${unitPriceDecimals(prices.perKwh.incl)} ${currency}/kWh`);
  if (!parking && prices.perHour !== undefined) parts.push(`${minuteText(prices.perHour.incl)} ${currency}/min`);
  if (parking && prices.idlePerHour !== undefined)
    parts.push(`${minuteText(prices.idlePerHour.incl)} ${currency}/min idle`);
  return parts.length === 0 ? "free" : parts.join(" + ");
}

/** A unit price with two to four decimals, half up. */
function unitPriceDecimals(amount: string, divisor = 1n): string {
  return fixedText(roundHalfUp(divide(ratioOfText(amount), ratio(divisor, 1n)), 4), 4).replace(/0{1,2}$/, "");
}

const minuteText = (perHour: string): string => unitPriceDecimals(perHour, 60n);

export type ConnectorView = {
  readonly session: Session;
  readonly liveReading: LiveReading | undefined;
  readonly lowSinceMs: number | null;
  readonly idleFreeForMs: number;
  readonly noEnergyMs: number;
  readonly cardWaits: string | undefined;
  /** Somebody pays on the page of a backend for a start here. */
  readonly paying?: boolean;
  readonly payment?: ConnectorSnapshot["payment"] | undefined;
  readonly blocked: string | undefined;
  readonly reserved?: Reservation | undefined /** A backend is being asked about a card at its reader. */;
  readonly checking?: boolean /** Its button was pressed: the next card at the reader is for it. */;
  readonly chosen?: boolean;
  readonly price: readonly string[];
};

type Limits = Config["connectors"][number]["limits"];
type ShownState = Pick<ConnectorSnapshot, "state" | "words"> & Partial<ConnectorSnapshot>;

/** One connector as data. */
export function connectorSnapshot(connector: Config["connectors"][number], view: ConnectorView): ConnectorSnapshot {
  const { id, evseId, maxPowerW, button } = connector;
  const blocked = view.blocked === undefined ? {} : { blocked: view.blocked };
  return {
    id,
    evseId,
    maxPowerW,
    price: view.price,
    ...blocked,
    ...(view.payment === undefined ? {} : { payment: view.payment }),
    ...shown(view, connector.limits, button?.does === "stop"),
  };
}

function shown(view: ConnectorView, limits: Limits, buttonStops: boolean): ShownState {
  const { session } = view;
  switch (session.state) {
    case "available":
      return shownFree(view);
    case "occupied":
      return shownPlugged(view);
    case "starting":
      return { state: "starting", words: "checking the meter", card: masked(session.acceptance.token.uid) };
    case "charging":
    case "stopping":
    case "settling":
      return shownRunning(view, session, limits, buttonStops);
    case "finishing":
      return { state: "finishing", words: `finished, ${session.why}: unplug the car`, receipt: session.receiptNumber };
    default:
      return session satisfies never;
  }
}

const payingWords = "somebody is paying by phone: no card starts here meanwhile";

function shownFree({ blocked, cardWaits, checking, reserved, chosen, paying }: ConnectorView): ShownState {
  if (blocked !== undefined) return { state: "out-of-order", words: `out of order: ${blocked}` };
  if (paying === true) return { state: "available", words: payingWords };
  if (cardWaits !== undefined)
    return { state: "waiting-for-plug", words: "card accepted: plug in the car", card: masked(cardWaits) };
  if (checking === true) return { state: "available", words: "checking your card: one moment" };
  if (reserved !== undefined)
    return { state: "reserved", words: "reserved: only its own card starts here", ...shownReservation(reserved) };
  const words =
    chosen === true
      ? "chosen: hold your card to the reader and plug in"
      : "free: plug in and hold your card to the reader";
  return { state: "available", words };
}

const shownReservation = ({ token, untilMs, fee, free }: Reservation): Partial<ConnectorSnapshot> => ({
  card: masked(token.uid),
  reservation: {
    untilMs,
    ...(fee === undefined ? {} : { costs: fee.shown.replaceAll("\n", "; ") }),
    ...(free === undefined ? {} : { free }),
  },
});

/** `reserved until 14:30, costs Reservation: 0.05 EUR/min`; with its date where it is further away than half a day. */
export function reservationText(
  { untilMs, costs, free }: NonNullable<ConnectorSnapshot["reservation"]>,
  timeZone: string,
  nowMs: number,
): string {
  const day = untilMs - nowMs < dayMs / 2 ? "" : `${dateText(localTime(timeZone, untilMs).day)} `;
  const until = `reserved until ${day}${clockText(timeZone, untilMs)}`;
  if (costs !== undefined) return `${until}, costs ${costs}`;
  return free === undefined ? until : `${until}, not charged: ${free}`;
}

function shownPlugged({ blocked, checking, reserved, chosen, paying }: ConnectorView): ShownState {
  if (blocked !== undefined) return { state: "occupied", words: `out of order: ${blocked}` };
  if (paying === true) return { state: "occupied", words: payingWords };
  if (checking === true) return { state: "occupied", words: "checking your card: one moment" };
  if (reserved !== undefined) {
    const words = "car plugged in, reserved: only its own card starts here";
    return { state: "occupied", words, ...shownReservation(reserved) };
  }
  const what = chosen === true ? "chosen" : "car plugged in";
  return { state: "occupied", words: `${what}: hold your card to the reader` };
}

function shownRunning(
  view: ConnectorView,
  { state, sale }: Extract<Session, { state: "charging" | "stopping" | "settling" }>,
  limits: Limits,
  buttonStops: boolean,
): ShownState {
  const { liveReading } = view;
  const words = {
    charging: buttonStops
      ? "charging: hold the same card to the reader or press the button to stop"
      : "charging: hold the same card to the reader to stop",
    grace: "the car asks for no power: idle, still free",
    suspended: "the station gives no power: no time is charged",
    parking: "the car asks for no power: idle time costs",
    reserved: "reserved",
  };
  return {
    state,
    words: state === "charging" ? words[sale.activity] : "stopping: the receipt is being made",
    card: masked(sale.opening.acceptance.token.uid),
    ...(liveReading === undefined ? {} : liveFigures(liveReading, sale.activity === "parking", view)),
    ...(liveReading === undefined || state !== "charging"
      ? {}
      : { endsAt: limitsAhead(liveReading, limits, grantedLimits(sale), view.noEnergyMs) }),
  };
}

function liveFigures(
  liveReading: LiveReading,
  parking: boolean,
  { lowSinceMs, idleFreeForMs }: ConnectorView,
): Partial<ConnectorSnapshot> {
  const idleForMs = lowSinceMs === null ? null : liveReading.sale.samples.sample.atMs - lowSinceMs;
  const { price, energyMilliWh, elapsedMs, reading } = liveReading;
  const money = (amount: string): string => `${moneyText(amount, price.currency)} ${price.currency}`;
  return {
    energyKwh: kwhDisplay(energyMilliWh),
    powerW: reading.powerW,
    elapsedMs,
    unitPrice: unitPriceText(price.unitPrices, price.currency, parking),
    accrued: money(price.accrued.incl),
    ifStoppedNow: money(price.ifStoppedNow.incl),
    ...(price.leftUnderCap === undefined ? {} : { leftUnderCap: money(price.leftUnderCap) }),
    ...(price.nextChange === undefined ? {} : { nextChange: changeText(price.nextChange, price) }),
    ...(idleForMs === null ? {} : { idleForMs }),
    ...(idleForMs === null || idleForMs >= idleFreeForMs ? {} : { idleFreeMs: idleFreeForMs - idleForMs }),
  };
}

function changeText(
  change: NonNullable<LivePrice["nextChange"]>,
  price: LivePrice,
): { atMs: number; unitPrice: string } {
  return { atMs: change.atMs, unitPrice: unitPriceText(change.unitPrices, price.currency, false) };
}

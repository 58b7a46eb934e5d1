// The station as the page may show it: plain figures without a card's number, which the page words in each language.
import { type Config, type ConnectorConfig, connectorFacts } from "../../../config/schema.js";
import type { Moment } from "../../../drivers/driver.js";
import { livePrice, type UnitPrices } from "../../core/rating/live-price.js";
import { grantedLimits } from "../../core/session/limits.js";
import { limitsAhead } from "../../core/session/limits-ahead.js";
import type { SampleList } from "../../core/session/sale.js";
import { available, type Session } from "../../core/session/session.js";
import { reservedFor } from "../../core/station/backend-orders.js";
import { waitingFor } from "../../core/station/station-state.js";
import { heldOnCardAt } from "../../payments/bank-card-words.js";
import { pageAddress } from "../../receipts/session-links.js";
import { evseStatus } from "../../sync/ocpi/ocpi-live-objects.js";
import type { PushedConnector, PushedCurve, PushedSession, StationHello } from "../../web/link/frames.js";
import type { Services } from "../services/services.js";

export type PageConfigured = Config & { readonly page: NonNullable<Config["page"]> };

/** What the page is told first. */
export function helloOf(config: PageConfigured, version: string): StationHello {
  const { station, language, timing, connectors, page, receiptFont } = config;
  const { operator, location } = station;
  const { name, address, email, helpline, complaints } = operator;
  return {
    type: "hello",
    version,
    language,
    ...(receiptFont === undefined ? {} : { receiptFont }),
    page: {
      listen: page.listen,
      reach: page.reach,
      address: pageAddress(page),
      trustedProxies: page.trustedProxies,
      linksMs: page.links,
      stop: page.stop,
      ...(page.wifi === undefined ? {} : { wifi: page.wifi }),
      ...(page.display === undefined ? {} : { display: page.display }),
    },
    station: {
      id: station.id,
      timeZone: station.timeZone,
      countryCode: station.countryCode,
      partyId: station.partyId,
      operator: { name, address, email, helpline, complaints },
      location,
      ...(station.verifyUrl === undefined ? {} : { verifyUrl: station.verifyUrl }),
    },
    idleGraceMs: timing.idleGrace,
    noEnergyMs: timing.noEnergy,
    connectors: connectors.map((connector) => ({
      ...connectorFacts(connector),
      limits: connector.limits,
      buttonStops: connector.button?.does === "stop",
      ...heldOn(config, connector.reader),
    })),
  };
}

function heldOn(config: Config, reader: string): { readonly heldOnCard?: string } {
  const heldOnCard = heldOnCardAt(config, reader);
  return heldOnCard === undefined ? {} : { heldOnCard };
}

/** What a connector's state is made from. */
export type PageStateParts = {
  readonly services: Services;
  readonly moment: Moment;
  readonly blocked: string | undefined;
  readonly linkOf: (sessionId: string) => string;
};

/** One connector; `sinceMs` is filled in by who saw the state before. */
export function connectorStateOf(
  connector: ConnectorConfig,
  config: Config,
  { services, moment, blocked, linkOf }: PageStateParts,
): Omit<PushedConnector, "sinceMs"> {
  const { station } = services;
  const { id, reader } = connector;
  const session = station.session(id) ?? available;
  const state = station.stationState();
  const feed = { faults: () => station.faults.all(), blocked: () => blocked ?? station.feed().blocked(id), state };
  const reserved = reservedFor(state.orders, state.sessions, id, undefined, moment.at);
  const base = { id, status: evseStatus(id, feed, moment.at) };
  switch (session.state) {
    case "available":
    case "occupied":
      if (feed.blocked() !== undefined) return { ...base, state: "out-of-order" };
      if (state.webPayments.has(id)) return { ...base, state: "paying" };
      if (waitingFor(state, id, reader) !== undefined) return { ...base, state: "waiting" };
      if (station.asks(connector)) return { ...base, state: "checking" };
      if (reserved !== undefined) return { ...base, state: "reserved", reservedUntilMs: reserved.untilMs };
      return {
        ...base,
        state: session.state === "available" ? "free" : "occupied",
        ...paymentAt(id, services, moment),
      };
    case "starting":
      return { ...base, state: "starting" };
    case "charging":
    case "stopping":
    case "settling": {
      const live = sessionOf(connector, config, session, { services, linkOf });
      return { ...base, state: session.state === "charging" ? "charging" : "stopping", ...(live && { session: live }) };
    }
    case "finishing": {
      const sessionId = services.book.get(session.receiptNumber)?.sessionId;
      const finished = sessionId && { link: linkOf(sessionId), receipt: session.receiptNumber };
      return { ...base, state: "finished", ...(finished && { finished }) };
    }
    default:
      return session satisfies never;
  }
}

function paymentAt(connector: number, { paymentCode }: Services, moment: Moment): Pick<PushedConnector, "payment"> {
  const code = paymentCode(connector, moment);
  return code === undefined ? {} : { payment: { url: code.url, quality: code.quality } };
}

function sessionOf(
  connector: ConnectorConfig,
  { timing }: Config,
  { sale }: Extract<Session, { state: "charging" | "stopping" | "settling" }>,
  { services, linkOf }: Pick<PageStateParts, "services" | "linkOf">,
): PushedSession | undefined {
  const controller = services.station.connectors.get(connector.id);
  const live = controller?.liveReading();
  const { opening } = sale;
  const price = live?.price ?? livePrice(sale.rating);
  const lowSinceMs = controller?.activity().lowSinceMs ?? null;
  const newestMs = (live?.sale ?? sale).samples.sample.atMs;
  const idleForMs = lowSinceMs === null ? undefined : newestMs - lowSinceMs;
  const freeMs = timing.idleAfter + timing.idleGrace;
  const startMs = opening.begin.moment.at;
  const { nextChange, leftUnderCap } = price;
  return {
    link: linkOf(opening.id),
    startMs,
    activity: sale.activity,
    energyMilliWh: live?.energyMilliWh ?? sale.last.energyMilliWh - opening.begin.energyMilliWh,
    powerW: live?.reading.powerW ?? sale.last.powerW,
    elapsedMs: live?.elapsedMs ?? Math.max(0, newestMs - startMs),
    currency: price.currency,
    accrued: price.accrued.incl,
    ifStopped: price.ifStoppedNow.incl,
    unitPrices: inclTax(price.unitPrices),
    ...(leftUnderCap === undefined ? {} : { leftUnderCap }),
    ...(nextChange && { nextChange: { atMs: nextChange.atMs, unitPrices: inclTax(nextChange.unitPrices) } }),
    ...(idleForMs === undefined ? {} : { idleForMs }),
    ...(idleForMs === undefined || idleForMs >= freeMs ? {} : { idleFreeMs: freeMs - idleForMs }),
    limits: live === undefined ? [] : [...limitsAhead(live, connector.limits, grantedLimits(sale), 0)],
  };
}

const inclTax = ({ perKwh, perHour, idlePerHour }: UnitPrices): PushedSession["unitPrices"] => ({
  ...(perKwh && { perKwh: perKwh.incl }),
  ...(perHour && { perHour: perHour.incl }),
  ...(idlePerHour && { idlePerHour: idlePerHour.incl }),
});

/** Points that a page which comes late is given of a session that runs. */
const mostCurvePoints = 120;

/** Power so far of a session that runs, evenly thinned; the newest point stays. */
export function curveOf(connector: number, session: Session, linkOf: (id: string) => string): PushedCurve | undefined {
  if (session.state !== "charging") return undefined;
  const { samples, opening } = session.sale;
  const points: [number, number][] = [];
  for (let at: SampleList | null = samples; at !== null; at = at.before)
    points.push([at.sample.atMs, at.sample.powerW]);
  const every = Math.ceil(points.length / mostCurvePoints);
  const kept = points.filter((_, index) => index % every === 0);
  return { type: "curve", connector, link: linkOf(opening.id), points: kept.reverse() };
}

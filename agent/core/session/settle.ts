// Makes the settlement of a session that is over: the one bill, from the one engine, with everything that proves it.

import type { ConnectorFacts, StationFacts } from "../../../config/schema.js";
import type { Reading } from "../../../drivers/driver.js";
import type { SessionToken, Settlement, UserIdentity } from "../cdr/settlement.js";
import { kwhExact } from "../number/energy-text.js";
import type { Payable, PaymentFacts } from "../payment-facts.js";
import { type Rating, ratingOf } from "../rating/rating.js";
import { type Sample, stationRules } from "../rating/sample.js";
import { bill, lowerOf, periods } from "../rating/session-bill.js";
import type { Tariff } from "../tariff/tariff.js";
import { type CutTariff, tariffOfSession } from "../tariff/tariff-cut.js";
import { isOnLine, onLine, shiftOf, trustOf } from "../time/time-line.js";
import type { Sale, SampleList } from "./sale.js";
import type { Session } from "./session.js";

export type SettleContext = {
  readonly station: StationFacts;
  readonly connector: ConnectorFacts;
  /** SHA-256 (hex) of a tariff's canonical text. */
  readonly digestOf: (tariff: Tariff) => string;
  readonly softwareVersion: string;
  readonly nameUser: (token: SessionToken, by: Settlement["authMethod"]) => UserIdentity;
  /** What the receipt says of the hold that pays for the session. */
  readonly paymentOf?: (hold: string, payable: Payable) => PaymentFacts | undefined;
};

/** The settlement of a session whose receipt has its number. Pure: asked again, it gives the same. */
export function settlementOf(session: Extract<Session, { state: "settling" }>, context: SettleContext): Settlement {
  const { sale, end, numbered } = session;
  if (numbered === undefined) throw new Error("a settlement needs its receipt number");
  const { opening } = sale;
  const { line } = sale;
  const { samples, price, periods: made, by, shiftMs } = priced(sale, context.digestOf);
  const first = sessionStart(samples);
  const last = samples.at(-1);
  if (first === undefined || last === undefined) throw new Error("a sale has at least its first sample");
  // Readings are dated like the samples made of them: a wall clock that was set during the session puts none before
  // another. One of a later boot under a clock that was set keeps its own time, also where the line has none.
  const placed = (reading: Reading, notBeforeMs: number): Reading => {
    const { moment } = reading;
    if (!isOnLine(line, moment) && moment.trust !== "unsynced") return reading;
    const at = onLine(line, moment, notBeforeMs - shiftMs) + shiftMs;
    return { ...reading, moment: { ...moment, at, trust: trustOf(line, moment) } };
  };
  const { hold } = opening.acceptance;
  const energyKwh = kwhExact(end.energyMilliWh - opening.begin.energyMilliWh);
  const payable: Payable = { gross: price.due.gross, currency: price.currency, energyKwh };
  const payment = hold === undefined ? undefined : context.paymentOf?.(hold, payable);
  return {
    receiptNumber: numbered.number,
    pagination: numbered.pagination,
    sessionId: opening.id,
    cdrId: opening.id,
    station: context.station,
    connector: context.connector,
    token: opening.acceptance.token,
    user: context.nameUser(opening.acceptance.token, opening.acceptance.authMethod),
    ...(payment === undefined ? {} : { payment }),
    authMethod: opening.acceptance.authMethod,
    ...(opening.acceptance.authorizationReference === undefined
      ? {}
      : { authorizationReference: opening.acceptance.authorizationReference }),
    meter: opening.meter,
    ...(opening.registerAccepted === undefined ? {} : { registerAccepted: opening.registerAccepted }),
    begin: placed(opening.begin, first.atMs),
    end: placed(end, end.moment.boot === line.begin.boot ? first.atMs : last.atMs),
    boundaryReadings: sale.boundaryReadings.map((boundary) => placed(boundary, first.atMs)),
    samples,
    startMs: first.atMs,
    startTrust: trustOf(line, line.begin),
    endMs: last.atMs,
    endTrust: trustOf(line, end.moment),
    timeZone: opening.timeZone,
    tariff: by.tariff.source,
    tariffDigest: context.digestOf(by.tariff),
    ...(by.cutFrom === undefined ? {} : { cutFrom: by.cutFrom }),
    shown: { ...opening.shown, atMs: opening.shown.atMs + shiftMs },
    price,
    periods: made,
    stopReason: session.reason,
    stopDetail: session.detail,
    interruptions: sale.interruptions.map(({ fromMs, toMs, why }) => ({
      fromMs: fromMs + shiftMs,
      toMs: toMs === null ? null : toMs + shiftMs,
      why,
    })),
    issuedMs: numbered.issuedMs,
    issuedTrust: numbered.issuedTrust,
    softwareVersion: context.softwareVersion,
  };
}

/** The sample that the session began with, after its reservation if there was one. */
export const sessionStart = (samples: readonly Sample[]): Sample | undefined =>
  samples.find(({ activity }) => activity !== "reserved");

type Priced = Pick<Settlement, "samples" | "price" | "periods"> & { readonly by: CutTariff; readonly shiftMs: number };

/**
 * The session on its time line, with its price. A session that began under an unset clock which was set in the same boot
 * is dated anew by the monotonic clock, `shiftMs` later than it thought, and pays the lower of the full and the reduced
 * price.
 */
function priced({ opening, rating, line, samples: list }: Sale, digestOf: SettleContext["digestOf"]): Priced {
  const { timeZone } = opening;
  const samples = inOrder(list);
  const isSetLater = opening.begin.moment.trust === "unsynced" && line.dated !== undefined;
  if (!isSetLater) {
    const { options } = rating.progress;
    const by = tariffOfSession(opening, timeZone, samples, options.clockTrusted, digestOf);
    const again = by.tariff === opening.tariff ? rating : ratingOf(by.tariff, options, samples);
    return { samples, price: bill(again), periods: periods(again), by, shiftMs: 0 };
  }
  const shiftMs = shiftOf(line);
  const shifted = samples.map((sample) => ({ ...sample, atMs: sample.atMs + shiftMs }));
  const by = tariffOfSession(opening, timeZone, shifted, false, digestOf);
  const { full, reduced } = bothWays(by.tariff, timeZone, shifted);
  return { samples: shifted, ...lowerOf(full, reduced), by, shiftMs };
}

/** A session rated under a good clock and under an unset one. Throws where there is no sample. */
export function bothWays(
  tariff: Tariff,
  timeZone: string,
  samples: readonly Sample[],
): { readonly full: Rating; readonly reduced: Rating } {
  const rated = (clockTrusted: boolean): Rating => ratingOf(tariff, stationRules(timeZone, clockTrusted), samples);
  return { full: rated(true), reduced: rated(false) };
}

function inOrder(list: SampleList): Sample[] {
  const samples: Sample[] = [];
  for (let at: SampleList | null = list; at !== null; at = at.before) samples.push(at.sample);
  return samples.reverse();
}

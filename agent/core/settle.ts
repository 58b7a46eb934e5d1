// Makes the settlement of a session that is over: the one bill, from the one engine, with everything that proves it.
import type { ConnectorFacts, StationFacts } from "../../config/schema.js";
import type { Reading } from "../../drivers/driver.js";
import { bill, periods, type Sample } from "./rating.js";
import { sessionTimeMs, type SampleList, type Session } from "./session.js";
import type { Settlement } from "./settlement.js";
import { chargedPrice } from "./waiver.js";

export type SettleContext = {
  readonly station: StationFacts;
  readonly connector: ConnectorFacts;
  readonly tariffDigest: string;
  readonly softwareVersion: string;
};

/** The settlement of a session whose receipt has its number. Pure: asked again, it gives the same. */
export function settlementOf(session: Extract<Session, { state: "settling" }>, context: SettleContext): Settlement {
  const { sale, end, numbered } = session;
  if (numbered === undefined) throw new Error("a settlement needs its receipt number");
  const { opening } = sale;
  const samples = inOrder(sale.samples);
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) throw new Error("a sale has at least its first sample");
  // Readings are dated like the samples made of them: a wall clock that was set during the session puts none before another.
  const dated = (reading: Reading, notBeforeMs: number): Reading => ({ ...reading, moment: { ...reading.moment, at: sessionTimeMs(opening, reading.moment, notBeforeMs) } });
  return {
    receiptNumber: numbered.number,
    pagination: numbered.pagination,
    sessionId: opening.id,
    cdrId: opening.id,
    station: context.station,
    connector: context.connector,
    token: opening.acceptance.token,
    authMethod: opening.acceptance.authMethod,
    ...(opening.acceptance.authorizationReference === undefined ? {} : { authorizationReference: opening.acceptance.authorizationReference }),
    meter: opening.meter,
    begin: opening.begin,
    end: dated(end, end.moment.boot === opening.begin.moment.boot ? first.atMs : last.atMs),
    borders: sale.borders.map((border) => dated(border, first.atMs)),
    samples,
    startMs: first.atMs,
    endMs: last.atMs,
    timeTrust: weakest(opening.begin.moment.trust, end.moment.trust),
    timeZone: opening.timeZone,
    tariff: opening.tariff.source,
    tariffDigest: context.tariffDigest,
    shown: opening.shown,
    price: chargedPrice(bill(sale.rating), end.energyMilliWh - opening.begin.energyMilliWh),
    periods: periods(sale.rating),
    stopReason: session.reason,
    stopDetail: session.detail,
    interruptions: sale.interruptions,
    issuedMs: numbered.issuedMs,
    softwareVersion: context.softwareVersion,
  };
}

function inOrder(list: SampleList): Sample[] {
  const samples: Sample[] = [];
  for (let at: SampleList | null = list; at !== null; at = at.before) samples.push(at.sample);
  return samples.reverse();
}

const trusts = ["synced", "holdover", "unsynced"] as const;
function weakest(a: (typeof trusts)[number], b: (typeof trusts)[number]): (typeof trusts)[number] {
  return trusts[Math.max(trusts.indexOf(a), trusts.indexOf(b))] ?? "unsynced";
}

// One connector's session, from plug or tap to receipt, as a value. `step` moves it by one fact and does nothing else;
// `wants` says what the world should look like now. Levels, not edges: after a restart the journal is replayed and
// `wants` is asked again.
import type { Indication, MeterIdentity, Moment, Reading } from "../../../drivers/driver.js";
import type { CdrCopies } from "../cdr/cdr-copies.js";
import type { Interruption, SessionToken, StopReason } from "../cdr/settlement.js";
import { advance, beginRating, type Rating } from "../rating/rating.js";
import type { Sample } from "../rating/sample.js";
import type { Activity } from "../tariff/period.js";
import type { Tariff } from "../tariff/tariff.js";

/** An accepted card: whose it is and by what decision. */
export type Acceptance = {
  readonly token: SessionToken;
  readonly group?: string;
  readonly tariff?: string;
  readonly authMethod: "WHITELIST" | "AUTH_REQUEST" | "COMMAND";
  readonly authorizationReference?: string;
  /** The uplink whose word it was; absent = the station's own lists. */
  readonly by?: string;
  /** The session stops at these; `why` says whose limit it is. */
  readonly limits?: { readonly energyKwh?: string; readonly cost?: string; readonly why: string };
};

/** What is fixed when a session begins; the price in force at the start governs to the end. */
export type Opening = {
  readonly id: string;
  readonly acceptance: Acceptance;
  readonly meter: MeterIdentity;
  readonly tariff: Tariff;
  readonly timeZone: string;
  readonly shown: { readonly text: string; readonly atMs: number };
  readonly begin: Reading;
};

/** A session that has begun: opening, the samples its price is made of, and the price so far. */
export type Sale = {
  readonly opening: Opening;
  readonly last: Reading;
  readonly activity: Activity;
  readonly samples: SampleList;
  readonly borders: readonly Reading[];
  readonly rating: Rating;
  readonly interruptions: readonly Interruption[];
};

/** Newest first, so that adding one costs the same at any age of the session. */
export type SampleList = { readonly sample: Sample; readonly before: SampleList | null };

/** The finished bytes of a receipt: journalled before anyone sees them, and never made twice. */
export type Signed = {
  readonly number: number;
  readonly jws: string;
  readonly ocmf: string;
  /** The checkpoint that includes the receipt, and the proof that leads there. */
  readonly checkpoint: string;
  readonly proof: readonly string[];
  readonly cdr: CdrCopies;
};

export type Session =
  | { readonly state: "available" }
  | { readonly state: "occupied"; readonly since: Moment }
  | { readonly state: "starting"; readonly acceptance: Acceptance; readonly since: Moment }
  | { readonly state: "charging"; readonly sale: Sale }
  | {
      readonly state: "stopping";
      readonly sale: Sale;
      readonly since: Moment;
      readonly reason: StopReason;
      readonly detail: string;
      readonly plugged: boolean;
    }
  | {
      readonly state: "settling";
      readonly sale: Sale;
      readonly end: Reading;
      readonly reason: StopReason;
      readonly detail: string;
      readonly plugged: boolean;
      readonly numbered?: { readonly number: number; readonly pagination: number; readonly issuedMs: number };
      readonly signed?: Signed;
    }
  | { readonly state: "finishing"; readonly receiptNumber: number };

/** Something is sold there, or is about to be. */
export const isBusy = ({ state }: Session): boolean =>
  state === "starting" || state === "charging" || state === "stopping" || state === "settling";

/** Facts and decisions that move one connector. Each is journalled before anything acts on it. */
export type SessionEvent =
  | { readonly type: "PlugChanged"; readonly moment: Moment; readonly connector: number; readonly plugged: boolean }
  | {
      readonly type: "CardAccepted";
      readonly moment: Moment;
      readonly connector: number;
      readonly acceptance: Acceptance;
    }
  | { readonly type: "StartFailed"; readonly moment: Moment; readonly connector: number; readonly why: string }
  | { readonly type: "SessionBegan"; readonly moment: Moment; readonly connector: number; readonly opening: Opening }
  | {
      readonly type: "MeterRead";
      readonly moment: Moment;
      readonly connector: number;
      readonly reading: Reading;
      readonly activity: Activity;
      readonly border: boolean;
    }
  | {
      readonly type: "StopRequested";
      readonly moment: Moment;
      readonly connector: number;
      readonly reason: StopReason;
      readonly detail: string;
    }
  | {
      readonly type: "SessionEnded";
      readonly moment: Moment;
      readonly connector: number;
      readonly reading: Reading | null;
      readonly detail: string;
    }
  | {
      readonly type: "ReceiptNumbered";
      readonly moment: Moment;
      readonly connector: number;
      readonly number: number;
      readonly pagination: number;
    }
  | { readonly type: "ReceiptSigned"; readonly moment: Moment; readonly connector: number; readonly signed: Signed }
  | { readonly type: "SessionSettled"; readonly moment: Moment; readonly connector: number; readonly number: number }
  | {
      readonly type: "Restarted";
      readonly moment: Moment;
      readonly connector: number;
      readonly cause: "PowerLoss" | "Reboot";
      readonly downSince: Moment;
    };

export const available: Session = { state: "available" };

/** The connector's next session; the same object when the event has no meaning here. */
export function reduceSession(session: Session, event: SessionEvent): Session {
  switch (session.state) {
    case "available":
      if (event.type === "PlugChanged" && event.plugged) return { state: "occupied", since: event.moment };
      return session;
    case "occupied":
      if (event.type === "PlugChanged" && !event.plugged) return available;
      if (event.type === "CardAccepted")
        return { state: "starting", acceptance: event.acceptance, since: event.moment };
      return session;
    case "starting":
      if (event.type === "PlugChanged" && !event.plugged) return available;
      if (event.type === "StartFailed" || event.type === "Restarted" || event.type === "StopRequested")
        return { state: "occupied", since: event.moment };
      if (event.type === "SessionBegan") return { state: "charging", sale: openSale(event.opening) };
      return session;
    case "charging":
      return charging(session, event);
    case "stopping":
      return stopping(session, event);
    case "settling":
      return settling(session, event);
    case "finishing":
      if (event.type === "PlugChanged" && !event.plugged) return available;
      return session;
    default:
      return session satisfies never;
  }
}

type InState<S extends Session["state"]> = Extract<Session, { state: S }>;

function charging(session: InState<"charging">, event: SessionEvent): Session {
  switch (event.type) {
    case "MeterRead":
      return { ...session, sale: addReading(session.sale, event.reading, event.activity, event.border) };
    case "PlugChanged":
      if (event.plugged) return session;
      return {
        state: "stopping",
        sale: session.sale,
        since: event.moment,
        reason: "EVDisconnected",
        detail: "the cable was pulled",
        plugged: false,
      };
    case "StopRequested":
      return {
        state: "stopping",
        sale: session.sale,
        since: event.moment,
        reason: event.reason,
        detail: event.detail,
        plugged: true,
      };
    case "Restarted":
      return {
        state: "stopping",
        sale: interrupted(session.sale, event),
        since: event.moment,
        reason: event.cause,
        detail: restartDetail(event),
        plugged: true,
      };
    default:
      return session;
  }
}

function stopping(session: InState<"stopping">, event: SessionEvent): Session {
  switch (event.type) {
    case "SessionEnded": {
      const detail = event.detail === "" ? session.detail : `${session.detail}; ${event.detail}`;
      const sale = event.reading === null ? session.sale : ended(session.sale, session.since, event.reading);
      return { state: "settling", sale, end: sale.last, reason: session.reason, detail, plugged: session.plugged };
    }
    case "PlugChanged":
      return session.plugged === event.plugged ? session : { ...session, plugged: event.plugged };
    case "Restarted":
      return { ...session, sale: interrupted(session.sale, event), since: event.moment };
    default:
      return session;
  }
}

function settling(session: InState<"settling">, event: SessionEvent): Session {
  switch (event.type) {
    case "ReceiptNumbered":
      return {
        ...session,
        numbered: { number: event.number, pagination: event.pagination, issuedMs: event.moment.at },
      };
    case "ReceiptSigned":
      return { ...session, signed: event.signed };
    case "SessionSettled":
      return session.plugged ? { state: "finishing", receiptNumber: event.number } : available;
    case "PlugChanged":
      return session.plugged === event.plugged ? session : { ...session, plugged: event.plugged };
    default:
      return session;
  }
}

/**
 * A moment on the session's own time line, epoch ms: the start by the wall clock, from there the monotonic clock, so
 * that a stepped clock bends no duration. After a reboot only the wall clock is left; `notBeforeMs` keeps the line from
 * running backwards then.
 */
export function sessionTimeMs(opening: Opening, moment: Moment, notBeforeMs: number): number {
  const begin = opening.begin.moment;
  return moment.boot === begin.boot ? begin.at + (moment.monoMs - begin.monoMs) : Math.max(moment.at, notBeforeMs);
}

/** The point of the time line that a reading makes, with what holds from there on. */
function sampleOf(opening: Opening, reading: Reading, activity: Activity, notBeforeMs: number): Sample {
  return {
    atMs: sessionTimeMs(opening, reading.moment, notBeforeMs),
    energyMilliWh: reading.energyMilliWh,
    powerW: reading.powerW,
    activity,
    ...(reading.currentMilliA === undefined ? {} : { currentMilliA: reading.currentMilliA }),
  };
}

function openSale(opening: Opening): Sale {
  const first = sampleOf(opening, opening.begin, "charging", opening.begin.moment.at);
  const rating = beginRating(
    opening.tariff,
    { timeZone: opening.timeZone, clockTrusted: opening.begin.moment.trust !== "unsynced" },
    first,
  );
  return {
    opening,
    last: opening.begin,
    activity: "charging",
    samples: { sample: first, before: null },
    borders: [],
    rating,
    interruptions: [],
  };
}

/** The sale after one more reading; also for a glance that is not kept (the live price is the price of such a sale). */
export function addReading(sale: Sale, reading: Reading, activity: Activity, border: boolean): Sale {
  return addSample(
    { ...sale, last: reading, borders: border ? [...sale.borders, reading] : sale.borders },
    sampleOf(sale.opening, reading, activity, newest(sale).atMs),
  );
}

function addSample(sale: Sale, sample: Sample): Sale {
  return {
    ...sale,
    activity: sample.activity,
    samples: { sample, before: sale.samples },
    rating: advance(sale.rating, sample),
  };
}

const newest = (sale: Sale): Sample => sale.samples.sample;

/** From the last thing known until the next reading no time is billed: the station gave no power, or nobody knows. */
function interrupted(sale: Sale, event: Extract<SessionEvent, { type: "Restarted" }>): Sale {
  const why = event.cause === "PowerLoss" ? "power was lost" : "the agent was restarted";
  const begin = sale.opening.begin.moment;
  const fromMs = sessionTimeMs(sale.opening, event.downSince, newest(sale).atMs);
  // Over a reboot only the wall clock tells how long it was. Where that is not set nobody knows: it lasted to the end.
  const isKnown = event.moment.boot === begin.boot || (event.moment.trust !== "unsynced" && begin.trust !== "unsynced");
  const interruption: Interruption = {
    fromMs,
    toMs: isKnown ? sessionTimeMs(sale.opening, event.moment, fromMs) : null,
    why,
  };
  return {
    ...addSample(sale, { ...newest(sale), activity: "suspended" }),
    interruptions: [...sale.interruptions, interruption],
  };
}

/**
 * The sale with its end reading. What flowed unseen flowed right after the last reading, at the power that it saw, and
 * before the stop: it keeps the price of that time, not that of hours later. From then on the station gives no power,
 * so no time is billed while the end is waited for.
 */
function ended(sale: Sale, stopped: Moment, end: Reading): Sale {
  const last = newest(sale);
  const endMs = sessionTimeMs(sale.opening, end.moment, last.atMs);
  const stoppedMs =
    sale.interruptions.length > 0 ? last.atMs : Math.max(last.atMs, sessionTimeMs(sale.opening, stopped, last.atMs));
  const flowedMilliWh = end.energyMilliWh - last.energyMilliWh;
  if (flowedMilliWh > 0 && last.powerW <= 0) return addReading(sale, end, sale.activity, false);
  const neededMs = flowedMilliWh > 0 ? Math.ceil((flowedMilliWh * 3_600) / last.powerW) : 0;
  const flowedMs = Math.max(stoppedMs, last.atMs + neededMs);
  if (endMs <= flowedMs) return addReading(sale, end, sale.activity, false);
  return addReading(
    addSample(sale, { ...last, atMs: flowedMs, energyMilliWh: end.energyMilliWh, activity: "suspended" }),
    end,
    "suspended",
    false,
  );
}

function restartDetail(event: Extract<SessionEvent, { type: "Restarted" }>): string {
  return event.cause === "PowerLoss"
    ? "power was lost during the session"
    : "the station was restarted during the session";
}

/** What the world should look like while a session is in this state. */
export type Wants = {
  readonly contactor: boolean;
  readonly indicator: Indication;
  readonly task: "begin" | "watch" | "end" | "settle" | null;
};

export function wants(session: Session): Wants {
  switch (session.state) {
    case "available":
      return { contactor: false, indicator: "available", task: null };
    case "occupied":
      return { contactor: false, indicator: "waiting-for-card", task: null };
    case "starting":
      return { contactor: false, indicator: "checking", task: "begin" };
    case "charging":
      return {
        contactor: true,
        indicator: session.sale.activity === "charging" ? "charging" : "suspended",
        task: "watch",
      };
    case "stopping":
      return { contactor: false, indicator: "finishing", task: "end" };
    case "settling":
      return { contactor: false, indicator: "finishing", task: "settle" };
    case "finishing":
      return { contactor: false, indicator: "finishing", task: null };
    default:
      return session satisfies never;
  }
}

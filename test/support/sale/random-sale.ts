// Random sessions as a station lives them: told as events to the session's own reducer and settled by its own settlement,
// with clocks that are unset, set, stepped or lost, with outages and reboots, reservations, grace and limits.

import fc from "fast-check";
import type { ReservationSettlement, Settlement, StopReason } from "../../../agent/core/cdr/settlement.js";
import { livePrice } from "../../../agent/core/rating/live-price.js";
import { settledNoShow } from "../../../agent/core/receipt/reservation-receipt.js";
import { limitReached } from "../../../agent/core/session/limits.js";
import type { Opening } from "../../../agent/core/session/opening.js";
import { available, type Session } from "../../../agent/core/session/session.js";
import type { SessionEvent } from "../../../agent/core/session/session-event.js";
import { reduceSession } from "../../../agent/core/session/session-reducer.js";
import { settlementOf } from "../../../agent/core/session/settle.js";
import { tariffFromStart } from "../../../agent/core/tariff/tariff-cut.js";
import { parseTariff } from "../../../agent/core/tariff/tariff-reader.js";
import { tariffDigest } from "../../../agent/tariffs/tariff-digest.js";
import type { Moment, Reading, TimeTrust } from "../../../drivers/driver.js";
import { anyTariffJson, zones } from "../../agent/core/rating/arbitrary-session.js";
import { dayAhead } from "../day-ahead.js";
import { nameUser } from "../sample-receipt.js";
import { settlement as sample } from "../sample-settlement.js";

/** What a clock does while a stretch lasts: nothing, is set by a time source, steps, or is only believed to run on. */
type ClockEvent = { readonly does: "nothing" | "set" | "holdover" } | { readonly does: "step"; readonly ms: number };

type Stretch = {
  readonly ms: number;
  readonly activity: "charging" | "parking" | "grace" | "suspended";
  readonly powerW: number;
  /** Of what the power comes to, in hundredths: meters and cars are not as steady as their power. */
  readonly flow: number;
  readonly clock: ClockEvent;
};

/** A restart in the session: another boot or the same one, and what its clock says. */
type Outage = {
  readonly ms: number;
  readonly rebooted: boolean;
  readonly trust: TimeTrust;
  readonly cause: "PowerLoss" | "Reboot";
};

export type SaleStory = {
  readonly tariff: object;
  readonly timeZone: string;
  readonly startMs: number;
  readonly trust: TimeTrust;
  /** How far off a clock is that was never set, ms; another one at each boot. */
  readonly unsetBy: readonly number[];
  readonly reservedMs: number;
  readonly stretches: readonly Stretch[];
  readonly end: "stopped" | "unplugged" | "meter failed" | "outage";
  readonly reason: StopReason;
  readonly outages: readonly Outage[];
  /** How long the end reading took, and what flowed until then. */
  readonly endsAfterMs: number;
  readonly endMilliWh: number;
  readonly limits: { readonly cost?: string; readonly time?: number; readonly energyKwh?: string };
};

const hourMs = 3_600_000;
// Changes of the clocks in the zones of the tariffs, both ways.
const changes = [
  "2026-03-29T01:00:00Z",
  "2026-10-25T01:00:00Z",
  "2026-03-08T07:00:00Z",
  "2026-11-01T06:00:00Z",
  "2026-04-04T16:30:00Z",
  "2026-10-03T16:30:00Z",
].map((text) => Date.parse(text));

/** A start within a day or two of one of them. */
const anyStart = fc
  .tuple(fc.constantFrom(...changes), fc.integer({ min: -40 * hourMs, max: 10 * hourMs }))
  .map(([changeMs, ms]) => changeMs + ms);

const often = <Value>(usual: Value, seldom: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: seldom });

const clockEvent: fc.Arbitrary<ClockEvent> = often<ClockEvent>(
  { does: "nothing" },
  fc.oneof(
    fc.constantFrom<ClockEvent>({ does: "set" }, { does: "holdover" }),
    fc.record({ does: fc.constant("step" as const), ms: fc.integer({ min: -3 * hourMs, max: 3 * hourMs }) }),
  ),
);

const stretch: fc.Arbitrary<Stretch> = fc.record({
  ms: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 1, max: 3 * hourMs })),
  activity: fc.constantFrom("charging", "charging", "charging", "parking", "grace", "suspended"),
  powerW: fc.constantFrom(1_400, 3_999, 4_000, 7_357, 11_000, 22_000),
  flow: fc.oneof(fc.constant(100), fc.integer({ min: 0, max: 110 })),
  clock: clockEvent,
});

const trust = fc.constantFrom<TimeTrust>("synced", "synced", "holdover", "unsynced");

const byCurrent = fc.constantFrom({ min_current: 16 }, { max_current: 16.5 }, { min_current: 6, max_current: 32 });

/** Any tariff, sometimes with an element by current, and with dates between which it is in force. */
const anyTariffInForce: fc.Arbitrary<object> = fc
  .record({
    tariff: anyTariffJson,
    current: often<object | undefined>(undefined, byCurrent),
    dates: often<object>(
      {},
      fc.constant({ start_date_time: "2026-01-01T00:00:00Z", end_date_time: "2027-01-01T00:00:00Z" }),
    ),
  })
  .map(({ tariff, current, dates }) => {
    const { elements } = tariff as { readonly elements: readonly { readonly restrictions: object }[] };
    return {
      ...tariff,
      ...dates,
      elements: elements.map((element, index) =>
        index === 0 ? { ...element, restrictions: { ...element.restrictions, ...current } } : element,
      ),
    };
  });

/** Any session; the tariff is one of OCPI 2.2.1 or 2.3.0, with prices before or with tax, or without any. */
export const anySale: fc.Arbitrary<SaleStory> = fc
  .record({
    story: fc.record({
      tariff: anyTariffInForce,
      timeZone: zones,
      startMs: anyStart,
      trust,
      unsetBy: fc.array(fc.integer({ min: -57 * 365 * 24 * hourMs, max: 30 * 24 * hourMs }), {
        minLength: 4,
        maxLength: 4,
      }),
      reservedMs: often(0, fc.integer({ min: 0, max: 2 * hourMs })),
      stretches: fc.array(stretch, { maxLength: 8 }),
      end: fc.constantFrom("stopped", "stopped", "unplugged", "meter failed", "outage"),
      reason: fc.constantFrom<StopReason>("Local", "Remote", "ContactorFault", "EmergencyStop", "HardReset"),
      outages: fc.array(
        fc.record({
          ms: fc.integer({ min: 0, max: 30 * hourMs }),
          rebooted: fc.boolean(),
          trust,
          cause: fc.constantFrom("PowerLoss", "Reboot"),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      endsAfterMs: fc.integer({ min: 0, max: 90_000 }),
      endMilliWh: often(0, fc.integer({ min: 0, max: 100_000 })),
      limits: often<SaleStory["limits"]>(
        {},
        fc.oneof(
          fc.integer({ min: 1, max: 3_000 }).map((cents) => ({ cost: (cents / 100).toFixed(2) })),
          fc.integer({ min: 1, max: 240 }).map((minutes) => ({ time: minutes * 60_000 })),
          fc.integer({ min: 1, max: 40 }).map((kwh) => ({ energyKwh: String(kwh) })),
        ),
      ),
    }),
    aheadCents: fc.oneof(
      { weight: 15, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 3, maxLength: 7 }) },
    ),
  })
  .map(({ story, aheadCents }) => (aheadCents.length === 0 ? story : withQuarterHours(story, aheadCents)));

/** The tariff of a story behind the quarter hours of two days: long enough to be cut. */
function withQuarterHours(story: SaleStory, cents: readonly number[]): SaleStory {
  const firstDay = new Date(story.startMs - 12 * hourMs).toISOString().slice(0, 10);
  const ahead = dayAhead(firstDay, 2, (slot) => (cents[slot % cents.length] ?? 0) / 100);
  const { elements } = story.tariff as { readonly elements: readonly object[] };
  return { ...story, tariff: { ...story.tariff, elements: [...(ahead["elements"] as object[]), ...elements] } };
}

export type NoShowStory = Pick<SaleStory, "tariff" | "timeZone" | "startMs"> & {
  readonly reservedMs: number;
  /** How much later it was seen to have expired. */
  readonly seenAfterMs: number;
};

/** Any reservation that nobody came for, over changes of the clocks. */
export const anyNoShow: fc.Arbitrary<NoShowStory> = fc.record({
  tariff: anyTariffInForce,
  timeZone: zones,
  startMs: anyStart,
  reservedMs: fc.integer({ min: 0, max: 6 * hourMs }),
  seenAfterMs: often(0, fc.integer({ min: 0, max: hourMs })),
});

/** Its settlement, made as the station makes it. */
export function noShowSoldBy({
  tariff,
  timeZone,
  startMs,
  reservedMs,
  seenAfterMs,
}: NoShowStory): ReservationSettlement {
  const parsed = parseTariff(tariff);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const moment = (ms: number): Moment => ({ at: startMs + ms, monoMs: 60_000 + ms, boot: "boot-0", trust: "synced" });
  const ended = moment(reservedMs + seenAfterMs);
  const fee = {
    sessionId: "S-17",
    connector: sample.connector,
    tariff: parsed.tariff.source,
    tariffDigest: "00",
    shown: "the price",
    timeZone,
    since: moment(0),
  };
  const noShow = { id: "7", by: "csms", token: sample.token, untilMs: startMs + reservedMs, fee, ended };
  return settledNoShow(noShow, {
    receiptNumber: 17,
    issuedMs: ended.at,
    issuedTrust: "synced",
    nameUser,
    softwareVersion: "0.1.0",
    station: sample.station,
    digestOf: tariffDigest,
  });
}

/** The machine as it really is: the time that passes, what its clocks say, and the register. */
class World {
  #trueMs: number;
  #boot = 0;
  #bootedMs: number;
  #offMs = 0;
  #trust: TimeTrust;
  energyMilliWh = 7_654_321;

  constructor(private readonly story: SaleStory) {
    this.#trueMs = story.startMs;
    this.#bootedMs = story.startMs - 3 * 60_000;
    this.#trust = story.trust;
    if (story.trust === "unsynced") this.#offMs = story.unsetBy[0] ?? 0;
  }

  get trueMs(): number {
    return this.#trueMs;
  }

  now(): Moment {
    return {
      at: this.#trueMs + this.#offMs,
      monoMs: this.#trueMs - this.#bootedMs,
      boot: `boot-${this.#boot}`,
      trust: this.#trust,
    };
  }

  pass(ms: number): void {
    this.#trueMs += ms;
  }

  clock(event: ClockEvent): void {
    if (event.does === "set") [this.#offMs, this.#trust] = [0, "synced"];
    if (event.does === "step") this.#offMs += event.ms;
    if (event.does === "holdover" && this.#trust === "synced") this.#trust = "holdover";
  }

  restart({ ms, rebooted, trust: after }: Outage): void {
    this.pass(ms);
    if (!rebooted) return;
    this.#boot += 1;
    this.#bootedMs = this.#trueMs - 10_000;
    this.#trust = after;
    this.#offMs = after === "unsynced" ? (this.story.unsetBy[this.#boot] ?? 0) : 0;
  }

  reading(powerW: number): Reading {
    return {
      moment: this.now(),
      // A meter bus hands out whole steps of 10 mWh.
      energyMilliWh: this.energyMilliWh - (this.energyMilliWh % 10),
      powerW,
      currentMilliA: Math.round(powerW / 0.69),
      serial: sample.meter.serial,
    };
  }
}

const connector = 1;

/** A story as the reducer was told it, with its settlement. Throws where the station's own rules do not hold. */
export function soldBy(story: SaleStory): Settlement {
  const parsed = parseTariff(story.tariff);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const world = new World(story);
  let session: Session = available;
  const tell = (event: SessionEvent): void => {
    session = reduceSession(session, event);
  };
  const at = (): { readonly moment: Moment; readonly connector: number } => ({ moment: world.now(), connector });
  const { token, authMethod } = sample;
  const acceptance = { token, authMethod };
  const begin = world.reading(0);
  const opening: Opening = {
    id: "S-17",
    acceptance,
    meter: sample.meter,
    ...(begin.moment.trust === "unsynced"
      ? { tariff: parsed.tariff }
      : tariffFromStart(parsed.tariff, story.timeZone, begin.moment.at, tariffDigest)),
    timeZone: story.timeZone,
    shown: { text: "the price", atMs: begin.moment.at },
    begin,
    ...(story.reservedMs === 0 ? {} : { reserved: { id: "csms:7", fromMs: begin.moment.at - story.reservedMs } }),
  };
  tell({ type: "PlugChanged", ...at(), plugged: true });
  tell({ type: "CardAccepted", ...at(), acceptance });
  tell({ type: "SessionBegan", ...at(), opening });
  const limit = charge(story, world, () => session, tell);
  finish(story, world, limit, tell);
  tell({ type: "ReceiptNumbered", ...at(), number: 17, pagination: 16 });
  const settling: Session = session;
  if (settling.state !== "settling") throw new Error(`the session is ${settling.state}`);
  return settlementOf(settling, {
    station: sample.station,
    connector: sample.connector,
    digestOf: tariffDigest,
    nameUser,
    softwareVersion: "0.1.0",
  });
}

/** Reads the meter stretch by stretch, until a limit ends it: what its own limits say. */
function charge(
  story: SaleStory,
  world: World,
  session: () => Session,
  tell: (event: SessionEvent) => void,
): ReturnType<typeof limitReached> {
  for (const { ms, activity, powerW, flow, clock } of story.stretches) {
    const drawnW = activity === "charging" ? powerW : 0;
    const reading = world.reading(drawnW);
    tell({ type: "MeterRead", moment: reading.moment, connector, reading, activity, atBoundary: false });
    const now = session();
    if (now.state !== "charging") throw new Error(`a reading made the session ${now.state}`);
    const { rating, opening } = now.sale;
    const limit = limitReached(
      {
        energyMilliWh: reading.energyMilliWh - opening.begin.energyMilliWh,
        elapsedMs: world.trueMs - story.startMs,
        price: livePrice(rating),
      },
      story.limits,
      [],
      0,
    );
    if (limit !== undefined) return limit;
    world.pass(ms);
    world.energyMilliWh += Math.floor((drawnW * ms * flow) / 360_000);
    world.clock(clock);
  }
  return undefined;
}

/** The session ends, once, as stories end. */
function finish(
  story: SaleStory,
  world: World,
  limit: ReturnType<typeof limitReached>,
  tell: (event: SessionEvent) => void,
): void {
  const at = (): { readonly moment: Moment; readonly connector: number } => ({ moment: world.now(), connector });
  if (limit !== undefined) tell({ type: "StopRequested", ...at(), ...limit });
  else if (story.end === "unplugged") tell({ type: "PlugChanged", ...at(), plugged: false });
  else if (story.end === "outage")
    for (const outage of story.outages) {
      const downSince = world.now();
      world.restart(outage);
      tell({ type: "Restarted", ...at(), cause: outage.cause, downSince });
    }
  else tell({ type: "StopRequested", ...at(), reason: story.reason, detail: "by whom it was" });
  world.pass(story.endsAfterMs);
  world.energyMilliWh += story.endMilliWh;
  const reading = story.end === "meter failed" ? null : world.reading(0);
  tell({ type: "SessionEnded", ...at(), reading, detail: "" });
}

// What the readings of a running session come to: what the car does, the figures that a driver watches, and which of
// them must be written down.
import type { Config } from "../../../config/schema.js";
import type { MonoMs, Reading } from "../../../drivers/driver.js";
import { livePrice, nextBoundary } from "../../core/rating/live-price.js";
import { sameComponents } from "../../core/rating/rating.js";
import { type ActivityTrack, drawingTrack, trackActivity } from "../../core/session/activity.js";
import type { LiveReading } from "../../core/session/live-reading.js";
import { addReading, type Sale } from "../../core/session/sale.js";
import type { Session } from "../../core/session/session.js";
import { onLine } from "../../core/time/time-line.js";

/** What one reading comes to, before it counts. */
export type SessionLook = {
  /** When it was taken, in the session's time. */
  readonly atMs: number;
  readonly activity: ActivityTrack;
  /** It is the first beyond a boundary of the tariff. */
  readonly isAcrossBoundary: boolean;
  readonly live: LiveReading;
};

/** How long the next look may wait, ms: for the poll's beat, or just until time alone changes the price. */
export function untilNextReading({ atMs, live: { sale } }: SessionLook, nextPollMs: number): number {
  const boundary = nextBoundary(sale.rating);
  return Math.max(0, boundary === undefined ? nextPollMs : Math.min(nextPollMs, boundary - atMs));
}

export class SessionMetering {
  #activity: ActivityTrack = drawingTrack;
  #live: LiveReading | undefined;
  #goodMonoMs: MonoMs = 0;
  #keptMonoMs: MonoMs = 0;

  constructor(private readonly config: Pick<Config, "timing" | "idlePowerW">) {}

  /** A session begins with this reading. */
  begin(reading: Reading): void {
    this.#activity = drawingTrack;
    this.#goodMonoMs = reading.moment.monoMs;
    this.#keptMonoMs = reading.moment.monoMs;
  }

  /** What the car does is judged anew: what the meter told of it was wrong. */
  restart(): void {
    this.#activity = drawingTrack;
  }

  /** The session's own activity, with the readings that are not kept. */
  get activity(): ActivityTrack {
    return this.#activity;
  }

  /** When the last good reading of the session was taken. */
  get goodMonoMs(): MonoMs {
    return this.#goodMonoMs;
  }

  /** Of the session that runs: until its first look there is none, since the last one was of the session before. */
  liveReading(session: Session): LiveReading | undefined {
    return session.state === "charging" && this.#live?.sale.opening.id === session.sale.opening.id
      ? this.#live
      : undefined;
  }

  look(sale: Sale, reading: Reading): SessionLook {
    const { idlePowerW, timing } = this.config;
    const atMs = onLine(sale.line, reading.moment, sale.samples.sample.atMs);
    const rules = { idlePowerW, idleAfterMs: timing.idleAfter, idleGraceMs: timing.idleGrace };
    const activity = trackActivity(this.#activity, atMs, reading.powerW, rules);
    const boundary = nextBoundary(sale.rating);
    const isAcrossBoundary = boundary !== undefined && atMs >= boundary;
    const next = addReading(sale, reading, activity.activity, isAcrossBoundary);
    return {
      atMs,
      activity,
      isAcrossBoundary,
      live: {
        reading,
        price: livePrice(next.rating),
        energyMilliWh: reading.energyMilliWh - sale.opening.begin.energyMilliWh,
        elapsedMs: atMs - sale.opening.begin.moment.at,
        sale: next,
      },
    };
  }

  /**
   * What moves money is written down: a boundary that was crossed, a change of what the car does, a change of price,
   * and one reading now and then.
   */
  mustKeep(before: Sale, { activity, isAcrossBoundary, live: { reading, sale } }: SessionLook): boolean {
    return (
      isAcrossBoundary ||
      activity.activity !== before.activity ||
      !sameComponents(before.rating, sale.rating) ||
      reading.moment.monoMs - this.#keptMonoMs >= this.config.timing.journalReading
    );
  }

  /** The reading counts. */
  take({ activity, live: figures }: SessionLook, isKept: boolean): void {
    this.#activity = activity;
    this.#live = figures;
    this.#goodMonoMs = figures.reading.moment.monoMs;
    if (isKept) this.#keptMonoMs = this.#goodMonoMs;
  }
}

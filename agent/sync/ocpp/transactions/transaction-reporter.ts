// Tells a CSMS of sessions while they run: their begin, a value now and then, a change of what the car does. Only what
// is worth telling now: while a settled session waits in the outbox, or the line is down, nothing is made here, and
// what was missed is told by the end itself.

import type { Clock } from "../../../../drivers/driver.js";
import { bill } from "../../../core/rating/session-bill.js";
import type { Opening } from "../../../core/session/opening.js";
import type { Session } from "../../../core/session/session.js";
import { onLine, shiftOf, type TimeLine } from "../../../core/time/time-line.js";
import { shortLine } from "../../../core/words/printable.js";
import type { RecordedFact, StationFeed } from "../../station-port.js";
import { type BackoffLimits, backoffMs } from "../../transport/backoff.js";
import { restMs } from "../rpc/line-losses.js";
import { transactionBeginning } from "./completed-transaction.js";
import { type EventLine, mostEventTries, type SendResult } from "./event-sender.js";
import { chargingState, type RunningTransaction, type UpdateReason } from "./transaction-2x.js";
import { TransactionLimits, type TransactionLimitsParts } from "./transaction-limits.js";
import type { Transactions } from "./transactions.js";

export type TransactionReporterParts = TransactionLimitsParts & {
  readonly transactions: Transactions;
  readonly feed: () => StationFeed | undefined;
  readonly clock: Clock;
  /** Something waits in the outbox: that goes first. */
  readonly waiting: () => boolean;
  /** How often values are told, and in 2.1 the cost; 0 = not. */
  readonly meterValuesMs: () => number;
  readonly costMs: () => number;
  readonly backoff: BackoffLimits;
  readonly random: () => number;
  /** The backend does not let this token charge, and said so of a session that has just begun. */
  readonly deauthorise: (sessionId: string, status: string) => void;
  /** What lasts could not be written. */
  readonly die: (error: unknown) => void;
};

/** The line, and since when events are not offline any more. */
export type TransactionReporterLine = EventLine & { readonly sinceMonoMs: number; readonly boot: string };

/** `cost` = what the session costs so far goes with it; `isUnderWay` = an event that was made before goes again. */
type Job = {
  readonly connector: number;
  readonly opening: Opening;
  readonly line: TimeLine;
  readonly reason: "begin" | UpdateReason;
  readonly cost: boolean;
  readonly isUnderWay: boolean;
};

/** A status of the standard has 20 characters; it stands in the journal. */
const longestStatus = 40;

export class TransactionReporter {
  readonly #parts: TransactionReporterParts;
  readonly #limits: TransactionLimits;
  #line: TransactionReporterLine | undefined;
  #pumping = false;
  #again = false;
  #failures = 0;
  #cancel: (() => void) | undefined;
  #holdUntilMonoMs = 0;
  /** Sessions on whose event the backend failed while it may well take others: each waits for itself. */
  readonly #held = new Map<
    string,
    { readonly failures: number; readonly untilMonoMs: number; readonly lineLost: boolean }
  >();
  readonly #asked = new Map<string, UpdateReason>();
  readonly #toldMonoMs = new Map<string, number>();
  readonly #costToldMonoMs = new Map<string, number>();
  /** Sessions whose begin the backend refused: only their end, with its reasons on record, is tried again. */
  readonly #givenUp = new Set<string>();

  constructor(parts: TransactionReporterParts) {
    this.#parts = parts;
    this.#limits = new TransactionLimits(parts);
  }

  /** The line stands and we are accepted. */
  attach(line: TransactionReporterLine): void {
    this.#line = line;
    this.#holdUntilMonoMs = 0;
    // One at which the line was lost keeps its back-off: a peer that is away for seconds must not use up its tries.
    for (const [id, { lineLost }] of this.#held) if (!lineLost) this.#held.delete(id);
    this.pump();
  }

  detach(): void {
    this.#line = undefined;
    this.#calm();
  }

  /** A fact was written down. */
  saw(fact: RecordedFact): void {
    if (this.#limits.saw(fact)) this.pump();
    const { event, before, after } = fact;
    if (!("connector" in event) || typeof event.connector !== "number") return;
    const [was, is] = [before.sessions.get(event.connector), after.sessions.get(event.connector)];
    if (is?.state === "charging") {
      const { id } = is.sale.opening;
      if (was?.state === "charging" && chargingState(was.sale.activity) !== chargingState(is.sale.activity))
        this.#asked.set(id, "ChargingStateChanged");
      // A reading at a boundary of the price.
      else if (event.type === "MeterRead" && event.atBoundary) this.#asked.set(id, "MeterValuePeriodic");
      // Once its clock is set there is a begin to tell.
      else if (was?.state === "charging" && was.sale.line.dated === is.sale.line.dated) return;
      this.pump();
    } else if (was?.state === "charging") this.#forget(was.sale.opening.id);
  }

  /** A value at once, as TriggerMessage asks; false where nothing charges there. */
  trigger(connector: number | undefined): boolean {
    const charging = this.#charging().filter((one) => connector === undefined || one.connector === connector);
    for (const { opening } of charging) this.#asked.set(opening.id, "Trigger");
    this.pump();
    return charging.length > 0;
  }

  /** How a session that charges stands now. */
  running(connector: number): RunningTransaction | undefined {
    const feed = this.#parts.feed();
    const session = feed?.stationState().sessions.get(connector);
    if (session?.state !== "charging") return undefined;
    const { sale } = feed?.liveReading(connector) ?? session;
    const { line, last, samples } = sale;
    const { moment, energyMilliWh: registerMilliWh, powerW } = last;
    const energyMilliWh = registerMilliWh - sale.opening.begin.energyMilliWh;
    return {
      // By the time line of the session, as its receipt will have it: a stepped clock puts no value before another.
      atMs: onLine(line, moment, samples.sample.atMs) + shiftOf(line),
      registerMilliWh,
      powerW,
      activity: session.sale.activity,
      energyMilliWh,
      price: () => bill(sale.rating),
      limits: this.#limits.of(session.sale),
    };
  }

  /** Sends what is due, one after the other, until nothing is or something holds. */
  pump(): void {
    this.#again = true;
    if (this.#pumping) return;
    this.#pumping = true;
    this.#calm();
    void this.#work()
      .catch((error: unknown) => this.#parts.die(error))
      .finally(() => {
        this.#pumping = false;
        // Whoever called in the last moment is heard.
        if (this.#again) this.pump();
        else this.#rest();
      });
  }

  async #work(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      for (let job = this.#next(); job !== undefined; job = this.#next()) await this.#do(job.job, job.line);
    }
  }

  #next(): { readonly job: Job; readonly line: TransactionReporterLine } | undefined {
    const line = this.#line;
    if (line === undefined || this.#parts.waiting() || this.#parts.clock.now().monoMs < this.#holdUntilMonoMs)
      return undefined;
    const job = this.#due();
    return job && { job, line };
  }

  async #do(job: Job, line: TransactionReporterLine): Promise<void> {
    const { transactions, clock } = this.#parts;
    const { connector, opening, reason, cost, isUnderWay } = job;
    const beginning = transactionBeginning(opening, connector, job.line);
    const begun = opening.begin.moment;
    const offline = begun.boot !== line.boot || begun.monoMs < line.sinceMonoMs;
    if (reason === "begin") return this.#judge(job, await clock.busy(transactions.begin(beginning, line, offline)));
    // What goes again was made for another reason: what was asked for since is still to be told.
    if (!isUnderWay) {
      if (reason === "LimitSet") this.#limits.confirming(opening.id, clock.now().monoMs);
      else this.#asked.delete(opening.id);
    }
    return this.#judge(
      job,
      await clock.busy(transactions.update(beginning, () => this.running(connector), reason, cost, line)),
    );
  }

  #judge({ opening, reason, cost }: Job, sent: SendResult | undefined): void {
    const { clock, backoff, random, note } = this.#parts;
    const { id } = opening;
    if (sent === undefined || sent.kind === "answered" || sent.kind === "refused") {
      this.#failures = 0;
      this.#held.delete(id);
      const { monoMs } = clock.now();
      if (reason !== "RunningCost") this.#toldMonoMs.set(id, monoMs);
      if (reason === "begin" || cost) this.#costToldMonoMs.set(id, monoMs);
      if (sent?.kind === "refused") {
        note(`session ${id}: the backend refused an event: ${sent.reason}`);
        // Whoever does not take the cost may well take the values.
        if (cost) this.#costToldMonoMs.set(id, Number.POSITIVE_INFINITY);
        else if (reason !== "LimitSet") this.#givenUp.add(id);
      }
      return;
    }
    const { monoMs } = clock.now();
    if (sent.countsAsAttempt !== true) {
      this.#failures += 1;
      this.#holdUntilMonoMs = monoMs + backoffMs(this.#failures, backoff, random());
      return;
    }
    const failures = (this.#held.get(id)?.failures ?? 0) + 1;
    // On this line no more, or not for a while: its end, which begins with this event, has its tries too.
    const isGivenUp = failures >= mostEventTries;
    if (isGivenUp)
      note(`session ${id}: the backend failed on it ${failures} times: ${sent.words ?? "no reason given"}`);
    const lineLost = sent.kind === "unsure" && sent.lineLost === true;
    const rest = lineLost ? restMs : Number.POSITIVE_INFINITY;
    const untilMonoMs = monoMs + (isGivenUp ? rest : backoffMs(failures, backoff, random()));
    this.#held.set(id, { failures, untilMonoMs, lineLost });
  }

  #heldUntilMonoMs({ id }: Opening): number {
    return this.#held.get(id)?.untilMonoMs ?? 0;
  }

  /** The CSMS has answered to an event of a session in 2.1, from whichever side it was told. */
  answered21(sessionId: string, payload: unknown): void {
    this.#limits.answered(sessionId, payload);
  }

  /**
   * StopTxOnInvalidId: what the backend answers to a begin about its token counts while that session runs, however late
   * it was told; of one that is over it changes nothing.
   */
  begun(sessionId: string, payload: unknown): void {
    if (
      typeof payload !== "object" ||
      payload === null ||
      !this.#charging(true).some(({ opening }) => opening.id === sessionId)
    )
      return;
    const { idTokenInfo, idTagInfo } = payload as {
      readonly idTokenInfo?: { readonly status?: unknown };
      readonly idTagInfo?: { readonly status?: unknown };
    };
    const status = idTokenInfo?.status ?? idTagInfo?.status;
    if (typeof status === "string" && status !== "Accepted")
      this.#parts.deauthorise(sessionId, shortLine(status, longestStatus));
  }

  #charging(evenGivenUp = false): Pick<Job, "connector" | "opening" | "line">[] {
    const sessions: ReadonlyMap<number, Session> = this.#parts.feed()?.stationState().sessions ?? new Map();
    return [...sessions].flatMap(([connector, session]) => {
      if (session.state !== "charging" || (!evenGivenUp && this.#givenUp.has(session.sale.opening.id))) return [];
      // Without a date there is nothing to tell yet.
      const { opening, line } = session.sale;
      return line.dated === undefined ? [] : [{ connector, opening, line }];
    });
  }

  #due(): Job | undefined {
    const { transactions, clock } = this.#parts;
    const { monoMs } = clock.now();
    for (const { connector, opening, line } of this.#charging()) {
      if (monoMs < this.#heldUntilMonoMs(opening)) continue;
      const transaction = transactions.of(opening.id);
      if (transaction?.started !== true)
        return { connector, opening, line, reason: "begin", cost: false, isUnderWay: false };
      const isUnderWay = transaction.pending !== null;
      if (!isUnderWay && monoMs >= this.#nextLimitMonoMs(opening))
        return { connector, opening, line, reason: "LimitSet", cost: false, isUnderWay };
      const reason =
        this.#asked.get(opening.id) ??
        (isUnderWay || monoMs >= this.#nextMonoMs(opening) ? "MeterValuePeriodic" : undefined);
      const costIsDue = !isUnderWay && monoMs >= this.#nextCostMonoMs(opening);
      // The cost goes with a value that is due anyway; 2.0.1 has no event for the cost alone.
      if (reason !== undefined)
        return { connector, opening, line, reason, cost: costIsDue || this.#costGoesAlong(opening), isUnderWay };
      if (costIsDue) return { connector, opening, line, reason: "RunningCost", cost: true, isUnderWay };
    }
    return undefined;
  }

  #costGoesAlong({ id }: Opening): boolean {
    return (
      this.#line?.dialect === "ocpp2.0.1" &&
      this.#parts.costMs() > 0 &&
      this.#costToldMonoMs.get(id) !== Number.POSITIVE_INFINITY
    );
  }

  /** 2.1: at most once in an interval (I12.FR.02, TariffCostCtrlr.Interval[Cost]). */
  #nextCostMonoMs({ id }: Opening): number {
    const everyMs = this.#line?.dialect === "ocpp2.1" ? this.#parts.costMs() : 0;
    return everyMs === 0
      ? Number.POSITIVE_INFINITY
      : (this.#costToldMonoMs.get(id) ?? Number.NEGATIVE_INFINITY) + everyMs;
  }

  #nextLimitMonoMs({ id }: Opening): number {
    return this.#line?.dialect === "ocpp2.1" ? this.#limits.nextMonoMs(id) : Number.POSITIVE_INFINITY;
  }

  #nextMonoMs(opening: Opening): number {
    const everyMs = this.#parts.meterValuesMs();
    return everyMs === 0
      ? Number.POSITIVE_INFINITY
      : (this.#toldMonoMs.get(opening.id) ?? Number.NEGATIVE_INFINITY) + everyMs;
  }

  #dueMonoMs(opening: Opening): number {
    const transaction = this.#parts.transactions.of(opening.id);
    // What failed in passing goes again after its back-off, not with the next value; what was asked for meanwhile too.
    const goesNow = transaction?.started !== true || transaction.pending !== null || this.#asked.has(opening.id);
    return goesNow
      ? 0
      : Math.min(this.#nextMonoMs(opening), this.#nextCostMonoMs(opening), this.#nextLimitMonoMs(opening));
  }

  /** Sleeps until the next value is due or the back-off is over. */
  #rest(): void {
    if (this.#line === undefined || this.#cancel !== undefined) return;
    const { clock } = this.#parts;
    const { monoMs } = clock.now();
    const next = Math.max(
      Math.min(
        ...this.#charging().map(({ opening }) => Math.max(this.#heldUntilMonoMs(opening), this.#dueMonoMs(opening))),
      ),
      this.#holdUntilMonoMs,
      monoMs + leastRestMs,
    );
    if (!Number.isFinite(next)) return;
    this.#cancel = clock.at(next, () => {
      this.#cancel = undefined;
      this.pump();
    });
  }

  #calm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #forget(sessionId: string): void {
    this.#asked.delete(sessionId);
    this.#toldMonoMs.delete(sessionId);
    this.#costToldMonoMs.delete(sessionId);
    this.#givenUp.delete(sessionId);
    this.#limits.forget(sessionId);
    this.#held.delete(sessionId);
  }
}

/** While the outbox goes first there is nothing to do but to look again. */
const leastRestMs = 1_000;

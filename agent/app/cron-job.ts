// A job of node-cron that survives a wall clock which is set while it waits, as happens at each boot of a Pi without a
// clock chip. Left to its expression, node-cron walks through every turn that was jumped over, one by one: a month of
// a minutely job held the event loop, and with it the meters, for seconds (test/agent/app/cron-job.test.ts counts the
// turns). So each task is bound to one date, the next turn, which a jump can pass only once.
import cron, { type ScheduledTask } from "node-cron";

/** In a time zone with daylight saving, node-cron runs nothing in the hour that comes twice. */
const timezone = "UTC";

const yearMs = 366 * 86_400_000;

/**
 * Runs `work` at the turns of a five-field cron expression in UTC, until it is closed. Turns that pass while the process
 * or the clock was elsewhere are one turn. What `work` throws, node-cron would only log: it must not throw.
 */
export class CronJob {
  readonly #calendar: ScheduledTask;
  readonly #work: () => void;
  #task: ScheduledTask | undefined;
  #nextMs = 0;

  constructor(expression: string, work: () => void) {
    // Never started: it knows the expression's turns.
    this.#calendar = cron.createTask(expression, () => undefined, { timezone });
    this.#work = work;
    this.#wait();
  }

  /** The wall clock was set. Where that moved the next turn, the one that was waited for is done now. */
  clockWasSet(): void {
    const awaitedMs = this.#nextMs;
    this.#wait();
    if (this.#nextMs !== awaitedMs) this.#work();
  }

  close(): void {
    void this.#task?.destroy();
    this.#task = undefined;
    void this.#calendar.destroy();
  }

  #wait(): void {
    void this.#task?.destroy();
    const [next] = this.#calendar.getNextRuns(1);
    if (next === undefined) throw new TypeError(`node-cron knows no turn of ${this.#calendar.getPattern()}`);
    this.#nextMs = next.getTime();
    this.#task = cron.schedule(
      onceAYearAt(next),
      () => {
        this.#wait();
        this.#work();
      },
      {
        timezone,
        noOverlap: true,
        // However late it is, by a busy process or a clock that went forward: it is the turn all the same.
        missedExecutionTolerance: yearMs,
        suppressMissedWarning: true,
      },
    );
  }
}

/** The date as an expression of six fields. It comes again in a year; until then the task has been replaced. */
function onceAYearAt(date: Date): string {
  const [second, minute, hour] = [date.getUTCSeconds(), date.getUTCMinutes(), date.getUTCHours()];
  return `${second} ${minute} ${hour} ${date.getUTCDate()} ${date.getUTCMonth() + 1} *`;
}

// How long a process may take, on a machine that has other things to do. A second counts as far as a processor was free
// for it or the process used one: on a machine without a free moment a good test only takes longer, and one that hangs
// or spins still ends. A bound in wall time, far beyond, holds in any case.
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";

const lookEveryMs = 2_000;
/** So many times the limit, in wall time, is the end whatever else the machine does. */
const wallTimes = 10;
/** Linux counts CPU time for user space in hundredths of a second, on every architecture. */
const msPerClockTick = 10;

/** What happened between two looks. */
export type Stretch = {
  readonly wallMs: number;
  /** Idle time of all processors together. */
  readonly idleMs: number;
  /** CPU time of the watched processes. */
  readonly usedMs: number;
};

/** How much of a stretch counts. */
export const countedMs = ({ wallMs, idleMs, usedMs }: Stretch): number => Math.min(wallMs, Math.max(idleMs, usedMs, 0));

/** A sum of stretches, and whether they exceed the limit. */
export class TimeSpent {
  #countedMs = 0;
  #wallMs = 0;

  constructor(private readonly limitMs: number) {}

  /** Adds a stretch; says why the time is over, or nothing. */
  add(stretch: Stretch): string | undefined {
    this.#countedMs += countedMs(stretch);
    this.#wallMs += stretch.wallMs;
    if (this.#countedMs > this.limitMs) return `not finished within ${this.limitMs / 1000} s`;
    const mostMs = this.limitMs * wallTimes;
    return this.#wallMs > mostMs ? `not finished within ${mostMs / 1000} s on a busy machine` : undefined;
  }
}

const idleSinceBootMs = (): number => cpus().reduce((sum, { times }) => sum + times.idle, 0);

/** CPU time so far of living processes, each by its stat file, and of those that they waited for. */
function cpuMsOf(pids: readonly string[], belongs: (processGroup: number) => boolean = () => true): number {
  let ticks = 0;
  for (const pid of pids) {
    try {
      // proc_pid_stat(5): the name in brackets may hold anything; the third field is the first after it.
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (belongs(Number(fields[2]))) ticks += [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    } catch (error) {
      // Ended between the listing and the look.
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return ticks * msPerClockTick;
}

const groupCpuMs = (group: number): number =>
  cpuMsOf(
    readdirSync("/proc").filter((name) => /^\d+$/.test(name)),
    (processGroup) => processGroup === group,
  );

/** Watches a process group; calls `over` with the reason when its time is up. The answer ends the watch. */
export const limitGroup = (group: number, limitMs: number, over: (why: string) => void): (() => void) =>
  limited(() => groupCpuMs(group), limitMs, over);

/** The same of one process and those that it waited for. */
export const limitProcess = (pid: number, limitMs: number, over: (why: string) => void): (() => void) =>
  limited(() => cpuMsOf([String(pid)]), limitMs, over);

function limited(cpuMs: () => number, limitMs: number, over: (why: string) => void): () => void {
  const spent = new TimeSpent(limitMs);
  const look = () => ({ wallMs: performance.now(), idleMs: idleSinceBootMs(), usedMs: cpuMs() });
  let last = look();
  const timer = setInterval(() => {
    const now = look();
    const why = spent.add({
      wallMs: now.wallMs - last.wallMs,
      idleMs: now.idleMs - last.idleMs,
      usedMs: now.usedMs - last.usedMs,
    });
    last = now;
    if (why === undefined) return;
    clearInterval(timer);
    over(why);
  }, lookEveryMs);
  return () => clearInterval(timer);
}

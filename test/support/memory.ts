// How memory moves over simulated days: the heap after a collection, the process's RSS, and the straight line through
// them.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export type Sample = { readonly day: number; readonly heapMiB: number; readonly rssMiB: number };

const mib = 1024 * 1024;
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Collects what is garbage and looks. */
export function sample(day: number): Sample {
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  return { day, heapMiB: heapUsed / mib, rssMiB: rss / mib };
}

/** MiB per day by least squares; the first part, in which programs warm up, is left out. */
export function slope(samples: readonly Sample[], of: (one: Sample) => number, warmUp = 0.25): number {
  const used = samples.slice(Math.floor(samples.length * warmUp));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(used.map(({ day }) => day)), mean(used.map(of))];
  const spread = used.reduce((sum, { day }) => sum + (day - x) ** 2, 0);
  return spread === 0 ? 0 : used.reduce((sum, one) => sum + (one.day - x) * (of(one) - y), 0) / spread;
}

/** Memory that a year may grow by, a simulated day. */
export const mostMiBADay = 1;

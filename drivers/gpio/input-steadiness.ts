// Whether the changes of an input are those of people or those of a loose contact: people make few of them. What changes
// too often rests until it has been quiet for a while, longer each time, so that whatever the contact does, an hour
// brings a bounded number of changes.
import type { MonoMs } from "../driver.js";

const burstMs = 30_000;
const hourMs = 3_600_000;
/** More changes within an hour than this are not made by people, however slowly they come. */
const mostAnHour = 120;
const firstRestMs = 60_000;

export class InputSteadiness {
  /** When the changes of the last hour came. */
  #changes: MonoMs[] = [];
  #restMs = firstRestMs;
  #restedAt: MonoMs | undefined;

  /** `mostInBurst` = as many changes as people make within half a minute. */
  constructor(private readonly mostInBurst: number) {}

  /** Counts a change; false = there are too many, and the input is to rest. */
  allows(now: MonoMs): boolean {
    this.#changes = this.#changes.filter((at) => now - at < hourMs);
    const burst = this.#changes.filter((at) => now - at < burstMs).length;
    if (burst >= this.mostInBurst || this.#changes.length >= mostAnHour) return false;
    this.#changes.push(now);
    return true;
  }

  /** The input rests: how long it must be quiet before it counts again. Doubled where it rested within the last hour. */
  rest(now: MonoMs): number {
    const isAgain = this.#restedAt !== undefined && now - this.#restedAt < hourMs;
    this.#restMs = isAgain ? Math.min(2 * this.#restMs, hourMs) : firstRestMs;
    return this.#restMs;
  }

  /** It was quiet for so long: it counts again from now on. */
  rested(now: MonoMs): void {
    this.#restedAt = now;
    this.#changes = [];
  }
}

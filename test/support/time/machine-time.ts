// The global Date and setTimeout under a test's hand, for packages that ask the machine itself what time it is. As on
// the machine, timers follow time that passes, and a wall clock that is set moves none of them.

type Timer = { readonly monoMs: number; readonly wake: () => void };

const machine = { Date: globalThis.Date, setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };

export class MachineTime {
  #monoMs = 0;
  #offsetMs: number;
  #timers: Timer[] = [];

  /** From here on it is `at`, until `release`. */
  constructor(at: number) {
    this.#offsetMs = at;
    const now = (): number => this.now;
    Object.assign(globalThis, {
      Date: class extends machine.Date {
        constructor(...given: []) {
          // With nothing given, the time that it is.
          super(...((given.length === 0 ? [now()] : given) as []));
        }
        static override now = now;
      },
      setTimeout: (wake: () => void, ms = 0): Timer => {
        const timer = { monoMs: this.#monoMs + ms, wake };
        this.#timers.push(timer);
        return timer;
      },
      clearTimeout: (timer: Timer | undefined): void => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    });
  }

  /** By the wall clock, epoch ms. */
  get now(): number {
    return this.#offsetMs + this.#monoMs;
  }

  /** Somebody sets the wall clock. */
  set(at: number): void {
    this.#offsetMs = at - this.#monoMs;
  }

  /** Time passes; each timer is run at its time, and promises settle after it. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#monoMs + ms;
    for (let timer = this.#due(untilMs); timer !== undefined; timer = this.#due(untilMs)) {
      this.#monoMs = Math.max(this.#monoMs, timer.monoMs);
      await this.#run(timer);
    }
    this.#monoMs = untilMs;
  }

  /** Time passes while the process is held up: what was due meanwhile is run after it. */
  async hold(ms: number): Promise<void> {
    this.#monoMs += ms;
    await this.pass(0);
  }

  /** Gives the machine its own time back. */
  release(): void {
    Object.assign(globalThis, machine);
  }

  #due(untilMs: number): Timer | undefined {
    const [first] = this.#timers.filter(({ monoMs }) => monoMs <= untilMs).sort((a, b) => a.monoMs - b.monoMs);
    return first;
  }

  async #run(timer: Timer): Promise<void> {
    this.#timers = this.#timers.filter((other) => other !== timer);
    timer.wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

// One serial port with its meters: one queue, one request in flight, an explicit time-out, and a line that is kept
// quiet after a request was given up, so that its late reply meets nobody. A lost port is opened again with a new
// client: the old one never recovers.
import { setTimeout as delay } from "node:timers/promises";
import type { MeterMap } from "../../config/meter-map.js";
import { loadMeterMap } from "../../config/meter-map.js";
import type { MeterConfig, SerialPortConfig } from "../../config/schema.js";
import type { Clock } from "../driver.js";
import { DeviceError, isDefect } from "../driver.js";
import { ModbusMeter } from "./modbus-meter.js";
import { PortLink } from "./port-link.js";
import type { AskRegisters, RegisterAnswer, RegisterRequest } from "./register-requests.js";
import { requestFailure } from "./request-failure.js";
import type { OnBytes, SerialBinding } from "./rtu-line.js";

/** Requests that may wait for the line; more means that the bus is asked for more than it can carry. */
const mostWaiting = 256;
/**
 * After so many requests in a row without a single byte the port itself is opened anew: adapters hang, and unplugging
 * is not always noticed.
 */
const silentBeforeReopen = 3;
/**
 * The longest that one meter's silence keeps the whole line quiet. A meter that may answer later still (one that signs
 * takes ten seconds) is itself left alone for that long: its late reply bears its unit number and can be taken for no
 * one else's, and its neighbours need the line.
 */
const mostLineQuietMs = 1_000;
/** Modbus over serial line 1.02, 2.5.1: frames are kept apart by three and a half characters. */
const silentBytes = 3.5;
/** So often, at most, the line is waited for until it says nothing for a meter's worst reply time. */
const mostDrains = 3;
/** A request to read registers, and what a reply has besides them. */
const requestBytes = 8;
const frameBytes = 5;

/** All that a reply tells of its question. Two questions of one shape look alike from the other end. */
const shapeOf = (unit: number, request: RegisterRequest): string => `${unit}/${request.function}/${request.words}`;

export type MeterBusOptions = {
  /** In place of the machine's serial ports: the bench. */
  readonly binding?: SerialBinding;
  /** In place of config/meters: a test's own map. */
  readonly loadMap?: (model: string) => MeterMap;
  /**
   * Whether this very meter has passed `meter check`. With it, a model in doubt is judged when it has told its serial
   * number, else at once.
   */
  readonly hasPassed?: (model: string, serial: string) => boolean;
  /**
   * So often a request that brought nothing is asked again, each time after the line was quiet for the meter's worst
   * reply time; nothing but reads is ever sent. Default none: a scan asks silent units by itself.
   */
  readonly repeats?: number;
  /** Asks what it is asked and no more: a recording that is played holds each request that went out already. */
  readonly exact?: true;
  /** Every byte that passes, for a recording of a field fault. */
  readonly onBytes?: OnBytes;
};

/** A bus whose port is opened with the first request, and again whenever it was lost. */
export function openMeterBus(port: SerialPortConfig, clock: Clock, options: MeterBusOptions = {}): MeterBus {
  return new MeterBus(port, clock, options);
}

/** What a line has been through since the start, for a technician who asks how good it is. */
export type LineCounts = {
  readonly asked: number;
  readonly answered: number;
  readonly timedOut: number;
  readonly garbled: number;
  readonly refused: number;
  readonly strayBytes: number;
};

export class MeterBus {
  readonly #port: SerialPortConfig;
  readonly #clock: Clock;
  readonly #options: MeterBusOptions;
  readonly #meters = new Set<ModbusMeter>();
  #ending = new AbortController();
  #closed = false;
  #link: PortLink | undefined;
  #tail: Promise<void> = Promise.resolve();
  #quiet: Promise<void> = Promise.resolve();
  #waiting = 0;
  #silent = 0;
  #lastShape = "";
  /** Shapes of requests that were given up before their whole reply came: it may still come, and fit a later one. */
  readonly #owed = new Set<string>();
  readonly #counts = { asked: 0, answered: 0, timedOut: 0, garbled: 0, refused: 0, strayBytes: 0 };
  #closing: Promise<void> = Promise.resolve();
  /** Units that may still be about to answer an earlier question. */
  readonly #leftAlone = new Set<number>();

  constructor(port: SerialPortConfig, clock: Clock, options: MeterBusOptions) {
    this.#port = port;
    this.#clock = clock;
    this.#options = options;
  }

  get path(): string {
    return this.#port.path;
  }

  get counts(): LineCounts {
    return { ...this.#counts, strayBytes: this.#counts.strayBytes + (this.#link?.strayBytes ?? 0) };
  }

  /**
   * One meter of this bus. Throws a MeterMapError for an unknown model, and a DeviceError `meter/unknown` for one whose
   * energy is in doubt (see `hasPassed`), or that reports no serial number while the config names none.
   */
  meter(config: MeterConfig): ModbusMeter {
    const map = (this.#options.loadMap ?? loadMeterMap)(config.model);
    const { hasPassed } = this.#options;
    const meter = new ModbusMeter({
      map,
      config,
      path: this.path,
      ask: (ask) => this.ask(ask),
      repeats: this.#options.repeats ?? 0,
      left: () => this.#left(meter),
      ...(hasPassed ? { hasPassed } : {}),
    });
    this.#meters.add(meter);
    const maps = [...this.#meters].map((each) => each.map);
    for (const each of this.#meters) each.planBeside(maps.filter((other) => other !== each.map));
    return meter;
  }

  /** The last one closes the port; another meter may open it again. */
  async #left(meter: ModbusMeter): Promise<void> {
    this.#meters.delete(meter);
    if (this.#meters.size > 0) return;
    await this.#shut();
    if (!this.#closed) this.#ending = new AbortController();
  }

  /**
   * Ends what is waiting or in flight with `port/lost` and closes the port for good; nothing is left that could keep
   * the process alive.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#shut();
  }

  async #shut(): Promise<void> {
    this.#ending.abort();
    this.#drop(new DeviceError("port/lost", `${this.path} was closed`));
    await this.#tail;
    await this.#closing;
  }

  /**
   * Lets `work` have the port to itself, as soon as what is in flight has ended; who asks meanwhile waits in line. The
   * port is opened anew after it. `work` must be short: a meter that nobody can ask is a session that nobody can bill.
   */
  lend<T>(work: () => Promise<T>): Promise<T> {
    const lent = this.#tail.then(async () => {
      await this.#quiet;
      if (this.#ending.signal.aborted) throw new DeviceError("port/lost", `${this.path} was closed`);
      this.#drop(new DeviceError("port/lost", `${this.path} was lent to a scan`));
      await this.#closing;
      return work();
    });
    this.#tail = lent.then(
      () => undefined,
      () => undefined,
    );
    return this.#clock.busy(lent);
  }

  /** One exchange, when the line is free. Rejects with a DeviceError. */
  ask(ask: AskRegisters): Promise<RegisterAnswer> {
    if (this.#waiting >= mostWaiting)
      return Promise.reject(
        new DeviceError(
          "meter/timeout",
          `${this.path}: ${mostWaiting} requests are waiting for the line; use fewer meters, a higher baud rate or a longer poll`,
        ),
      );
    this.#waiting += 1;
    const work = this.#tail.then(() => this.#exchange(ask));
    const done = (): void => {
      this.#waiting -= 1;
    };
    this.#tail = work.then(done, done);
    return this.#clock.busy(work);
  }

  async #exchange(ask: AskRegisters): Promise<RegisterAnswer> {
    await this.#quiet;
    if (this.#leftAlone.has(ask.unit))
      throw new DeviceError(
        "meter/timeout",
        `meter ${ask.unit} at ${this.path} did not answer, and may still do so: it is asked again after ${ask.worstReplyMs} ms`,
      );
    const link = await this.#opened();
    // A copy of the last reply, or a late one, would fit a question of the same shape: it is let run into another
    // question first.
    if (this.#options.exact === true) return this.#once(link, ask);
    const shape = shapeOf(ask.unit, ask);
    if (this.#lastShape === shape) await this.#once(link, { ...ask, ...ask.between });
    // A reply that is late by several requests would fit this one too: the first answer is not believed.
    if (this.#owed.delete(shape)) await this.#once(link, ask);
    return this.#once(link, ask);
  }

  async #once(link: PortLink, ask: AskRegisters): Promise<RegisterAnswer> {
    // Whatever comes before it must be over: a line that speaks unasked is drained first.
    await this.#quiet;
    this.#lastShape = shapeOf(ask.unit, ask);
    this.#counts.asked += 1;
    const { strayBytes } = link;
    try {
      const answer = await link.ask(ask, ask.timeoutMs + this.#wireMs(requestBytes + frameBytes + 2 * ask.words));
      this.#silent = 0;
      this.#counts.answered += 1;
      return answer;
    } catch (cause) {
      throw this.#failed(link, ask, cause);
    } finally {
      // A late frame is seldom alone: the line is drained to silence.
      if (link.strayBytes > strayBytes) this.#rest(this.#quietMs(ask), link);
      else this.#rest(this.#wireMs(silentBytes));
    }
  }

  async #opened(): Promise<PortLink> {
    const { binding, onBytes } = this.#options;
    const closed = (): DeviceError => new DeviceError("port/lost", `${this.path} was closed`);
    if (this.#ending.signal.aborted) throw closed();
    if (this.#link?.isUsable === true) return this.#link;
    await this.#closing;
    this.#link = await PortLink.open({
      port: this.#port,
      clock: this.#clock,
      binding,
      onBytes,
      onLost: (link, why) => {
        if (this.#link === link) this.#drop(why);
      },
    });
    this.#silent = 0;
    if (!this.#ending.signal.aborted) return this.#link;
    this.#drop(closed());
    throw closed();
  }

  /** What follows from a request that brought nothing; answers the error for whoever asked. */
  #failed(link: PortLink, ask: AskRegisters, cause: unknown): DeviceError {
    const heardBytes = link.abandon();
    if (cause instanceof DeviceError) return cause;
    if (isDefect(cause)) throw cause;
    const { kind, error } = requestFailure(cause, ask, this.path, heardBytes);
    switch (kind) {
      case "refused":
        this.#counts.refused += 1;
        return error;
      case "lost":
        this.#drop(error);
        return error;
      case "garbled":
        this.#keepQuiet(ask, link);
        if (heardBytes < frameBytes + 2 * ask.words) this.#owed.add(shapeOf(ask.unit, ask));
        this.#silent = 0;
        this.#counts.garbled += 1;
        return error;
      case "silent":
        this.#keepQuiet(ask, link);
        this.#owed.add(shapeOf(ask.unit, ask));
        this.#silent += 1;
        this.#counts.timedOut += 1;
        if (this.#silent >= silentBeforeReopen)
          this.#drop(new DeviceError("port/lost", `${this.path} was closed to be opened again`));
        return error;
      default:
        return kind satisfies never;
    }
  }

  /** A late reply must meet nobody: the line is quiet for so long, and the meter left alone if it may take longer. */
  #keepQuiet(ask: AskRegisters, link: PortLink): void {
    const { unit, worstReplyMs } = ask;
    this.#rest(this.#quietMs(ask), link);
    if (worstReplyMs > mostLineQuietMs) this.#leaveAlone(unit, worstReplyMs);
  }

  #quietMs({ words, worstReplyMs }: AskRegisters): number {
    return Math.min(worstReplyMs, mostLineQuietMs) + this.#wireMs(frameBytes + 2 * words);
  }

  /** Nothing is sent for so long; `drained` = until nothing came for so long, and what came is thrown away. */
  #rest(ms: number, drained?: PortLink): void {
    if (ms === 0) return;
    this.#quiet = this.#quiet.then(() => this.#silence(ms, drained)).catch(() => undefined);
  }

  async #silence(ms: number, drained: PortLink | undefined): Promise<void> {
    const { binding } = this.#options;
    for (let drains = 0; drains < mostDrains; drains += 1) {
      const strayBytes = drained?.strayBytes;
      await (binding?.idle ? binding.idle() : delay(ms, undefined, { signal: this.#ending.signal }));
      if (drained?.strayBytes === strayBytes) break;
    }
    await drained?.flush();
  }

  #leaveAlone(unit: number, ms: number): void {
    if (this.#options.binding?.idle) return;
    this.#leftAlone.add(unit);
    const over = (): void => void this.#leftAlone.delete(unit);
    delay(ms, undefined, { signal: this.#ending.signal }).then(over, over);
  }

  /** How long so many bytes are on the wire: start, eight bits, parity, stop. Rounded up to whole milliseconds. */
  #wireMs(bytes: number): number {
    if (this.#options.binding?.instant) return 0;
    const bits = 1 + 8 + (this.#port.parity === "none" ? 0 : 1) + this.#port.stopBits;
    return Math.ceil((bytes * bits * 1000) / this.#port.baud);
  }

  #drop(why: DeviceError): void {
    const link = this.#link;
    this.#link = undefined;
    if (link === undefined) return;
    this.#counts.strayBytes += link.strayBytes;
    this.#closing = link.drop(why);
  }
}

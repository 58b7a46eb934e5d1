// What may be asked of an agent whether it sells or not: how much it logs, and a recording of what passes between
// drivers and devices. None of it touches disk, session or money; a station that refuses to open is just the one that
// is looked into.
import { durationMs } from "../../config/parts/duration.js";
import type { Config } from "../../config/schema.js";
import type { Machine } from "../../drivers/machine/open-machine.js";
import type { ControlAnswer, ControlRequest } from "../control/control-socket.js";
import { mostTraceBytes, mostTraceMs, passedLine, TraceRecorder } from "./trace-file.js";

export const logLevels = ["error", "warn", "info", "debug"] as const;
type LogLevel = (typeof logLevels)[number];

/** The log, as far as its level and its lowest lines go. */
export type LogSwitch = { level(): LogLevel; set(level: LogLevel): void; debug(line: string): void };

const longestLogMs = 24 * 3_600_000;
const shortestMs = 1_000;

export type LogState = { readonly level: LogLevel; readonly was: LogLevel; readonly untilMs: number | null };

export class TraceSessions {
  readonly #config: Config;
  readonly #machine: Machine;
  readonly #log: LogSwitch | undefined;
  #recorder: TraceRecorder | undefined;
  #silence: (() => void) | undefined;
  #fallBack: (() => void) | undefined;
  #untilMs: number | null = null;

  constructor(config: Config, machine: Machine, log?: LogSwitch) {
    this.#config = config;
    this.#machine = machine;
    this.#log = log;
    this.#overhear();
  }

  /** Answers a question of this kind; undefined for any other. */
  answer(request: ControlRequest): ControlAnswer | undefined {
    switch (request.do) {
      case "log-level":
        return this.#setLevel(request);
      case "trace-start":
        return this.#startTrace(request);
      case "trace-take":
        return this.#recorder === undefined
          ? { ok: false, why: "nothing is being recorded" }
          : { ok: true, value: this.#recorder.take() };
      case "trace-stop":
        this.#recorder?.stop();
        return { ok: true, value: null };
      default:
        return undefined;
    }
  }

  close(): void {
    this.#recorder?.stop();
    this.#silence?.();
    this.#fallBack?.();
  }

  /** A level for a time, then the config's own; asked without a level it only tells. */
  #setLevel({ level, ms }: ControlRequest): ControlAnswer {
    const log = this.#log;
    if (log === undefined) return { ok: false, why: "this agent keeps no log" };
    const own = this.#config.log.level;
    if (level === undefined)
      return { ok: true, value: { level: log.level(), was: own, untilMs: this.#untilMs } satisfies LogState };
    const wanted = logLevels.find((known) => known === level);
    if (wanted === undefined)
      return { ok: false, why: `there is no log level ${String(level)}; there are: ${logLevels.join(", ")}` };
    if (typeof ms !== "number" || !Number.isInteger(ms) || ms < shortestMs || ms > longestLogMs)
      return { ok: false, why: "a log level is set for a time from 1s to 24h" };
    const { clock } = this.#machine;
    const now = clock.now();
    this.#fallBack?.();
    const apply = (next: LogLevel, untilMs: number | null): void => {
      log.set(next);
      this.#untilMs = untilMs;
      this.#overhear();
    };
    apply(wanted, wanted === own ? null : now.at + ms);
    this.#fallBack = wanted === own ? undefined : clock.at(now.monoMs + ms, () => apply(own, null));
    return { ok: true, value: { level: wanted, was: own, untilMs: this.#untilMs } satisfies LogState };
  }

  /** At level debug the log also has what passes between drivers and devices. */
  #overhear(): void {
    const wanted = this.#log?.level() === "debug";
    if (wanted && this.#silence === undefined)
      this.#silence = this.#machine.wiretap.listen((event) => this.#log?.debug(passedLine(event)));
    if (wanted) return;
    this.#silence?.();
    this.#silence = undefined;
  }

  /** One recording at a time: a new one ends the one before, whose asker may be long gone. */
  #startTrace({ ms, bytes, withUids }: ControlRequest): ControlAnswer {
    if (typeof ms !== "number" || !(ms >= shortestMs && ms <= mostTraceMs))
      return { ok: false, why: "a trace runs from 1s to 24h" };
    if (typeof bytes !== "number" || !(bytes >= 1_024 && bytes <= mostTraceBytes))
      return { ok: false, why: "a trace has from 1 KiB to 64 MiB" };
    this.#recorder?.stop();
    this.#recorder = new TraceRecorder(this.#machine, this.#config, { ms, bytes, withUids: withUids === true });
    return { ok: true, value: null };
  }
}

/** `10m` -> ms; undefined where it is not a time from 1s to 24h. */
export function watchMs(text: string): number | undefined {
  const ms = durationMs(text);
  return ms === undefined || ms < shortestMs || ms > longestLogMs ? undefined : ms;
}

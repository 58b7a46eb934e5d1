// Records what passes between drivers and devices into the lines of a trace file, within a size and a time, and reads
// such a file again. The lines are held in memory until they are taken: a recording writes nothing on the station's
// disk and cannot wear its card out.
import type { Config } from "../../config/schema.js";
import {
  type TraceEntry,
  type TraceHeader,
  traceEntrySchema,
  traceFormat,
  traceHeaderSchema,
} from "../../config/trace-schema.js";
import type { Moment } from "../../drivers/driver.js";
import type { BusEvent } from "../../drivers/machine/bus-trace.js";
import type { Machine } from "../../drivers/machine/open-machine.js";
import type { CardDetection } from "../../drivers/rfid/card-detection.js";
import { ownVersion } from "../control/version.js";
import { masked } from "../core/cdr/token.js";
import { Failure } from "../core/failure.js";

export type TraceLimits = { readonly ms: number; readonly bytes: number; readonly withUids: boolean };
export type TraceChunk = { readonly lines: readonly string[]; readonly ended: boolean };

export const mostTraceMs = 24 * 3_600_000;
export const mostTraceBytes = 64 * 1024 * 1024;
/** What may wait to be taken; one answer of the agent brings a part of it. */
const mostWaitingBytes = 4 * 1024 * 1024;
const answerBytes = 256 * 1024;

/** What stands at the head of a recording of this station. */
function traceHeader(config: Config, now: Moment, withUids: boolean): TraceHeader {
  return {
    trace: traceFormat,
    version: ownVersion(),
    station: config.station.id,
    at: new Date(now.at).toISOString(),
    cardNumbers: withUids ? "whole" : "replaced",
    ports: config.serialPorts,
    meters: config.connectors.map(({ id, meter }) => ({
      connector: id,
      port: meter.port,
      unit: meter.unit,
      model: meter.model,
      timeoutMs: meter.timeout,
    })),
    readers: Object.fromEntries(
      Object.entries(config.readers).map(([name, { poll, debounce }]) => [
        name,
        { pollMs: poll, debounceMs: debounce },
      ]),
    ),
    pins: config.connectors.flatMap(({ id: connector, contactor, plug, button }) => [
      { connector, role: "contactor" as const, gpio: contactor.gpio, activeLow: contactor.activeLow },
      ...(contactor.feedback === undefined ? [] : [{ connector, role: "feedback" as const, ...contactor.feedback }]),
      { connector, role: "plug" as const, ...plug },
      ...(button === undefined
        ? []
        : [{ connector, role: "button" as const, gpio: button.gpio, activeLow: button.activeLow }]),
    ]),
  };
}

export class TraceRecorder {
  readonly #limits: TraceLimits;
  readonly #from: Moment;
  readonly #standIns = new Map<string, string>();
  readonly #machine: Machine;
  readonly #lines: string[] = [];
  #waiting = 0;
  #bytes = 0;
  #ended = false;
  readonly #letGo: () => void = () => undefined;

  /** Records from now on. */
  constructor(machine: Machine, config: Config, limits: TraceLimits) {
    this.#limits = limits;
    this.#machine = machine;
    this.#from = machine.clock.now();
    this.#add(JSON.stringify(traceHeader(config, this.#from, limits.withUids)));
    const forget = machine.wiretap.listen((event, moment) => this.#hear(event, moment));
    const cancel = machine.clock.at(this.#from.monoMs + limits.ms, () => this.#end("time", machine.clock.now()));
    this.#letGo = () => {
      forget();
      cancel();
    };
  }

  /** The next lines, each once. `ended`: there will be no more. */
  take(): TraceChunk {
    const lines: string[] = [];
    let bytes = 0;
    while (bytes < answerBytes) {
      const line = this.#lines.shift();
      if (line === undefined) break;
      lines.push(line);
      bytes += line.length + 1;
    }
    this.#waiting -= bytes;
    return { lines, ended: this.#ended && this.#lines.length === 0 };
  }

  stop(): void {
    this.#end("stopped", this.#machine.clock.now());
  }

  #hear(event: BusEvent, moment: Moment): void {
    if (this.#ended) return;
    this.#add(
      JSON.stringify({ ms: Math.max(0, Math.round(moment.monoMs - this.#from.monoMs)), ...this.#entry(event) }),
    );
    if (this.#bytes > this.#limits.bytes) this.#end("size", moment);
    else if (this.#waiting > mostWaitingBytes) this.#end("not collected", moment);
  }

  #entry(event: BusEvent): object {
    switch (event.kind) {
      case "serial": {
        const { port, what } = event;
        return what === "out" || what === "in"
          ? { port, [what]: Buffer.from(event.bytes).toString("hex") }
          : { port, event: what };
      }
      case "card": {
        const { reader, detection } = event;
        return { reader, ...this.#detection(detection) };
      }
      case "terminal":
        return { terminal: event.way, frame: Buffer.from(event.masked).toString("hex") };
      case "pin":
        return { gpio: event.gpio, way: event.way, active: event.active };
      default:
        return event satisfies never;
    }
  }

  #detection(detection: CardDetection): object {
    if (detection.kind === "lost") return { detection: "lost", why: detection.why };
    if (detection.kind !== "card") return { detection: detection.kind };
    return { detection: "card", uid: this.#limits.withUids ? detection.uid : this.#standIn(detection.uid) };
  }

  /**
   * A number as long as the card's, with its last four characters, by which nobody can charge: its other bytes count
   * the cards of this trace.
   */
  #standIn(uid: string): string {
    const known = this.#standIns.get(uid);
    if (known !== undefined) return known;
    // 0x08 begins the number of a phone, which is a new one at each tap, and 0x88 one that goes on.
    const first = uid.length === 8 && uid.startsWith("08") ? "08" : "F0";
    const made = `${first}${(this.#standIns.size + 1)
      .toString(16)
      .toUpperCase()
      .padStart(uid.length - 6, "0")
      .slice(-(uid.length - 6))}${uid.slice(-4)}`;
    this.#standIns.set(uid, made);
    return made;
  }

  #end(why: "time" | "size" | "stopped" | "not collected", moment: Moment): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#letGo();
    this.#add(JSON.stringify({ ms: Math.max(0, Math.round(moment.monoMs - this.#from.monoMs)), end: why }));
  }

  #add(line: string): void {
    this.#lines.push(line);
    this.#waiting += line.length + 1;
    this.#bytes += line.length + 1;
  }
}

/** A trace file's header and entries. Throws Failure usage/invalid, with the line, for anything else. */
export function parseTrace(
  name: string,
  text: string,
): { readonly header: TraceHeader; readonly entries: readonly TraceEntry[] } {
  const lines = text.split("\n").filter((line) => line !== "");
  const wrong = (number: number, why: string): Failure => new Failure("usage/invalid", `${name}:${number}: ${why}`);
  const value = (line: string, number: number): unknown => {
    try {
      return JSON.parse(line) as unknown;
    } catch {
      throw wrong(number, "not valid JSON: the file is torn, or not a trace");
    }
  };
  const [first, ...rest] = lines;
  const header = traceHeaderSchema.safeParse(value(first ?? "", 1));
  if (!header.success)
    throw wrong(
      1,
      `not the header of a "${traceFormat}": ${header.error.issues[0]?.path.join(".") ?? ""} ${header.error.issues[0]?.message ?? ""}`,
    );
  const entries = rest.map((line, index) => {
    const entry = traceEntrySchema.safeParse(value(line, index + 2));
    if (!entry.success) throw wrong(index + 2, "not a known entry");
    return entry.data;
  });
  return { header: header.data, entries };
}

/** What passed, as a line of the log: card numbers by their last four characters. */
export function passedLine(event: BusEvent): string {
  switch (event.kind) {
    case "serial":
      return `${event.port}: ${event.what}${event.bytes.length === 0 ? "" : ` ${Buffer.from(event.bytes).toString("hex")}`}`;
    case "card":
      return `reader ${event.reader}: ${event.detection.kind === "card" ? `card ${masked(event.detection.uid)}` : event.detection.kind}`;
    case "terminal":
      return `terminal: ${event.way} ${Buffer.from(event.masked).toString("hex")}`;
    case "pin":
      return `GPIO ${event.gpio} (${event.way}): ${event.active ? "active" : "not active"}`;
    default:
      return event satisfies never;
  }
}

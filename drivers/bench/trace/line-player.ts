// Plays what passed on one serial line: each request is asked again by the real driver, and answered as it was then.
import { loadMeterMap, type MeterMap, MeterMapError } from "../../../config/meter-map.js";
import type { TraceHeader } from "../../../config/trace-schema.js";
import { DeviceError } from "../../driver.js";
import { type MeterBus, openMeterBus } from "../../meter/meter-bus.js";
import type { RegisterShown } from "../../meter/modbus-meter.js";
import type { RegisterAnswer, RegisterRequest } from "../../meter/register-requests.js";
import { type RecordedBytes, RtuReplay } from "../rtu-replay.js";
import { type EntryWith, hasKey, type PlayedEvent, traceClock } from "./played-event.js";
import { PlayedMeter } from "./played-meter.js";

/** The recording of one port, from its first request on. */
export async function playLine(
  header: TraceHeader,
  port: string,
  all: readonly EntryWith<"port">[],
): Promise<PlayedEvent[]> {
  const settings = header.ports[port];
  const line = fromFirstRequest(all);
  if (settings === undefined || line.length === 0) return [];
  const replay = new RtuReplay(line.map(recorded));
  const bus = openMeterBus(settings, traceClock(), { binding: replay.binding, exact: true });
  const meters = metersAt(header, port);
  const events: PlayedEvent[] = [];
  try {
    for (const [index, entry] of line.entries()) {
      if (!("out" in entry)) continue;
      const ms = answeredAtMs(line, index);
      const asked = requestOf(Buffer.from(entry.out, "hex"));
      if (asked === undefined)
        return [...events, { ms: entry.ms, heard: "strayed", port, why: `${entry.out} is not a read of registers` }];
      const timeoutMs = header.meters.find((one) => one.port === port && one.unit === asked.unit)?.timeoutMs ?? 1_000;
      events.push(...(await askAgain(bus, port, asked, timeoutMs, ms, meters.get(asked.unit))));
      if (replay.strayed !== undefined) return [...events, { ms, heard: "strayed", port, why: replay.strayed }];
    }
  } finally {
    await bus.close();
  }
  return events;
}

type LineEntry = EntryWith<"port">;
type Asked = RegisterRequest & { readonly unit: number };

function fromFirstRequest(all: readonly LineEntry[]): readonly LineEntry[] {
  const first = all.findIndex(hasKey("out"));
  if (first < 0) return [];
  // A recording that ends while an answer was awaited proves nothing about that answer.
  const last = all.at(-1);
  return all.slice(first, last !== undefined && hasKey("out")(last) ? -1 : undefined);
}

function recorded(entry: LineEntry): RecordedBytes {
  if ("out" in entry) return { direction: "out", bytes: Buffer.from(entry.out, "hex") };
  if ("in" in entry) return { direction: "in", bytes: Buffer.from(entry.in, "hex") };
  return { direction: entry.event, bytes: Buffer.alloc(0) };
}

/** When the last of what followed a request came. */
function answeredAtMs(line: readonly LineEntry[], request: number): number {
  const next = line.findIndex((other, at) => at > request && "out" in other);
  return line[(next < 0 ? line.length : next) - 1]?.ms ?? 0;
}

/** By unit. A meter whose map this version has not is shown as bare words. */
function metersAt(header: TraceHeader, port: string): ReadonlyMap<number, PlayedMeter> {
  return new Map(
    header.meters.flatMap(({ port: at, model, unit, connector }) => {
      const map = at === port ? usableMap(model) : undefined;
      return map === undefined ? [] : [[unit, new PlayedMeter(connector, map, port, unit)] as const];
    }),
  );
}

async function askAgain(
  bus: MeterBus,
  port: string,
  asked: Asked,
  timeoutMs: number,
  ms: number,
  meter: PlayedMeter | undefined,
): Promise<readonly PlayedEvent[]> {
  const { unit, address, words } = asked;
  const request = `${asked.function} 0x${address.toString(16).toUpperCase().padStart(4, "0")}+${words}`;
  try {
    const answer = await bus.ask({ ...asked, timeoutMs, worstReplyMs: 0, between: asked });
    return (
      meter?.answered(ms, request, answer) ?? [
        { ms, heard: "registers", port, unit, request, values: rawWords(answer) },
      ]
    );
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    meter?.failed();
    return [{ ms, heard: "fault", device: `meter ${unit} at ${port}`, code: error.code, message: error.message }];
  }
}

/** A request as it went out; undefined for anything but a read of registers. */
function requestOf(bytes: Buffer): Asked | undefined {
  const code = bytes.length === 8 ? bytes.readUInt8(1) : 0;
  if (code !== 3 && code !== 4) return undefined;
  return { unit: bytes.readUInt8(0), function: code, address: bytes.readUInt16BE(2), words: bytes.readUInt16BE(4) };
}

function usableMap(model: string): MeterMap | undefined {
  try {
    return loadMeterMap(model);
  } catch (error) {
    if (!(error instanceof MeterMapError)) throw error;
    return undefined;
  }
}

function rawWords({ address, bytes }: RegisterAnswer): RegisterShown[] {
  return Array.from({ length: bytes.length / 2 }, (_, word) => ({
    register: `0x${(address + word).toString(16).toUpperCase().padStart(4, "0")}`,
    value: bytes.subarray(2 * word, 2 * word + 2).toString("hex"),
    unit: "",
  }));
}

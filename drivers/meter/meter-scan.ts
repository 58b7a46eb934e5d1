// Looks for meters on a port: which line settings and units answer, and which model's questions each of them answers
// sensibly. Reads only, and is bounded: settings x units probes of one short patience, then the known maps for each
// unit that answered.

import { loadMeterMap, type MeterMap, meterMaps, registerOf, unprovenBecause } from "../../config/meter-map.js";
import type { SerialPortConfig } from "../../config/schema.js";
import { type Clock, DeviceError, type Reading } from "../driver.js";
import { openMeterBus } from "./meter-bus.js";
import type { RegisterShown } from "./modbus-meter.js";
import type { SerialBinding } from "./rtu-line.js";

export type LineSettings = Pick<SerialPortConfig, "baud" | "parity" | "stopBits">;

/** `checked`: the meter passed the map's own identity checks; else its values merely make sense by this map. */
export type Candidate = {
  readonly model: string;
  readonly serial: string | undefined;
  readonly checked: boolean;
  readonly doubt: string | undefined;
};
export type FoundMeter = {
  readonly line: LineSettings;
  readonly unit: number;
  readonly candidates: readonly Candidate[];
};

export type ScanOptions = {
  readonly lines?: readonly LineSettings[];
  readonly units?: readonly number[];
  /** How long a unit has to answer, on top of the time on the wire. */
  readonly timeoutMs?: number;
  readonly binding?: SerialBinding;
  readonly signal?: AbortSignal;
  /** The maps to try; all that can be used where none are given. */
  readonly maps?: readonly MeterMap[];
};

/** The settings that the known meters are delivered with, the most usual first. */
export function usualLines(maps: readonly MeterMap[] = meterMaps().maps): LineSettings[] {
  const lines = new Map<string, LineSettings>();
  const take = (line: LineSettings): unknown => lines.set(JSON.stringify(line), line);
  take({ baud: 9600, parity: "none", stopBits: 1 });
  take({ baud: 9600, parity: "even", stopBits: 1 });
  for (const { line } of maps)
    if (line.baud !== undefined)
      take({ baud: line.baud as LineSettings["baud"], parity: line.parity ?? "none", stopBits: line.stopBits ?? 1 });
  return [...lines.values()];
}

/** The first ten units, and those that the known meters are delivered with. */
export function usualUnits(maps: readonly MeterMap[] = meterMaps().maps): number[] {
  const delivered = maps.map(({ line }) => line.unit ?? 1);
  return [...new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...delivered])].sort((a, b) => a - b);
}

/**
 * The two questions of a scan, each short enough to be put between two looks of an agent that works on the same line.
 */
export type ScanSteps = {
  answers(line: LineSettings, unit: number): Promise<boolean>;
  tryModel(line: LineSettings, unit: number, model: string): Promise<Candidate | undefined>;
};

/** The questions put to a port that is ours. They throw a DeviceError when it cannot be opened or goes away. */
export const scanSteps = (path: string, clock: Clock, options: ScanOptions = {}): ScanSteps => ({
  answers: (line, unit) => answers({ path, ...line }, unit, clock, options),
  tryModel: (line, unit, model) => tryModel({ path, ...line }, unit, model, clock, options),
});

/** Meters as they are found. Throws what the steps throw. */
export async function* scanMeters(steps: ScanSteps, options: ScanOptions = {}): AsyncGenerator<FoundMeter> {
  const { maps = meterMaps().maps, lines = usualLines(maps), units = usualUnits(maps), signal } = options;
  for (const line of lines)
    for (const unit of units) {
      if (signal?.aborted) return;
      if (!(await steps.answers(line, unit))) continue;
      const candidates: Candidate[] = [];
      for (const { id } of maps) {
        if (signal?.aborted) return;
        const candidate = await steps.tryModel(line, unit, id);
        if (candidate) candidates.push(candidate);
      }
      yield { line, unit, candidates: candidates.sort((a, b) => Number(b.checked) - Number(a.checked)) };
    }
}

/** Meters on a port that is ours, as they are found. Throws a DeviceError when it cannot be opened or goes away. */
export const scanPort = (path: string, clock: Clock, options: ScanOptions = {}): AsyncGenerator<FoundMeter> =>
  scanMeters(scanSteps(path, clock, options), options);

const patience = (options: ScanOptions): number => options.timeoutMs ?? 200;

/** Any sound frame will do, a refusal too. */
async function answers(port: SerialPortConfig, unit: number, clock: Clock, options: ScanOptions): Promise<boolean> {
  const bus = openMeterBus(port, clock, options);
  const probe = { unit, address: 0, words: 2, timeoutMs: patience(options), worstReplyMs: patience(options) };
  try {
    for (const code of [3, 4] as const) {
      try {
        await bus.ask({ ...probe, function: code, between: { function: code, address: 0, words: 1 } });
        return true;
      } catch (error) {
        if (!(error instanceof DeviceError) || error.code.startsWith("port/")) throw error;
        if (error.code === "meter/exception") return true;
      }
    }
    return false;
  } finally {
    await bus.close();
  }
}

/** Whether this model's map makes sense of the unit. A serial number that the meter does not tell is left open. */
async function tryModel(
  port: SerialPortConfig,
  unit: number,
  model: string,
  clock: Clock,
  options: ScanOptions,
): Promise<Candidate | undefined> {
  const map = loadMeterMap(model);
  const isTelling = map.identity.serial !== undefined;
  const told = isTelling ? await tryMap(port, unit, map, clock, options) : "other";
  const found = told === "other" ? await tryMap(port, unit, map, clock, options, "on the label") : told;
  if (found === undefined || found === "other") return undefined;
  return {
    model,
    serial: found === told ? found.serial : undefined,
    checked: map.identity.checks.length > 0,
    doubt: unprovenBecause(map),
  };
}

/** What a meter with this map says; `other` where it is not the model, or reports no serial number and none is given. */
async function tryMap(
  port: SerialPortConfig,
  unit: number,
  map: MeterMap,
  clock: Clock,
  options: ScanOptions,
  serial?: string,
): Promise<Reading | "other" | undefined> {
  const bus = openMeterBus(port, clock, {
    ...(options.binding ? { binding: options.binding } : {}),
    loadMap: () => ({ ...map, worstReplyMs: patience(options) }),
  });
  try {
    const meter = bus.meter({
      port: "scan",
      unit,
      model: map.id,
      poll: 1_000,
      timeout: patience(options),
      lostAfter: 2_000,
      acceptUnproven: true,
      ...(serial === undefined ? {} : { serial }),
    });
    const reading = await meter.read();
    return isMains(map, await meter.survey()) ? reading : undefined;
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code.startsWith("port/")) throw error;
    return error.code === "meter/unknown" ? "other" : undefined;
  } finally {
    await bus.close();
  }
}

/** A wrong map seldom finds mains voltage and frequency where it looks for them. */
function isMains(map: MeterMap, shown: readonly RegisterShown[]): boolean {
  const within = (register: string, least: number, most: number): boolean => {
    if (map.registers[register] === undefined || registerOf(map, register).counts === undefined) return true;
    const found = shown.find((each) => each.register === register);
    return found !== undefined && "value" in found && Number(found.value) >= least && Number(found.value) <= most;
  };
  return within("voltageL1", 80, 500) && within("frequency", 40, 70);
}

/** What to put into station.yaml for a find. */
export function stationYaml(path: string, { line, unit }: FoundMeter, { model, serial, doubt }: Candidate): string {
  return [
    "serialPorts:",
    `  rs485: { path: ${path}, baud: ${line.baud}, parity: ${line.parity}, stopBits: ${line.stopBits} }`,
    "# and in the connector:",
    `meter: { port: rs485, unit: ${unit}, model: ${model}, serial: ${JSON.stringify(serial ?? "…")} }` +
      `${serial === undefined ? "   # its number stands on its label" : ""}`,
    ...(doubt === undefined ? [] : [`# ${model} needs a passed meter check, or acceptUnproven: true: ${doubt}`]),
    "",
  ].join("\n");
}

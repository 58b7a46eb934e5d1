// What the meter tests share: a clock that stands still, values of a world, a bus with meters on it.

import type { MeterMap } from "../../../config/meter-map.js";
import { loadMeterMap } from "../../../config/meter-map.js";
import type { MeterConfig, SerialPortConfig } from "../../../config/schema.js";
import { RtuBus } from "../../../drivers/bench/rtu-bus.js";
import type { MeterValues } from "../../../drivers/bench/rtu-image.js";
import type { Clock } from "../../../drivers/driver.js";
import type { MeterBus } from "../../../drivers/meter/meter-bus.js";
import { openMeterBus } from "../../../drivers/meter/meter-bus.js";
import type { ModbusMeter } from "../../../drivers/meter/modbus-meter.js";

export const port: SerialPortConfig = { path: "/dev/serial/by-id/bench", baud: 9600, parity: "none", stopBits: 1 };

/** A clock whose time is set by the test. `inFlight` counts the work it was told to stand still for. */
export class StillClock implements Clock {
  monoMs = 0;
  inFlight = 0;

  now(): ReturnType<Clock["now"]> {
    return { at: 1_790_000_000_000 + this.monoMs, monoMs: this.monoMs, boot: "test", trust: "synced" };
  }

  at(): () => void {
    throw new Error("a meter driver sets no timers in the world's time");
  }

  async busy<T>(work: Promise<T>): Promise<T> {
    this.inFlight += 1;
    try {
      return await work;
    } finally {
      this.inFlight -= 1;
    }
  }
}

export const meterConfig = (model: string, more: Partial<MeterConfig> = {}): MeterConfig => ({
  port: "rs485",
  unit: 1,
  model,
  poll: 1_000,
  timeout: 1_000,
  lostAfter: 30_000,
  acceptUnproven: false,
  ...more,
});

/** A map of config/meters, with a reply time that a test can wait for. */
export const quickMap = (model: string): MeterMap => ({ ...loadMeterMap(model), worstReplyMs: 20 });

/** A serial number in the form that this model can tell. */
export function serialFor(map: MeterMap): string {
  const entry = map.identity.serial === undefined ? undefined : map.registers[map.identity.serial];
  if (entry?.print === "hex") return "2017A0B1";
  if (entry?.type === "ascii_lsb") return "BR1234X";
  if (entry?.type === "ascii") return "KR100042";
  if (entry?.type === "bcd") return "21031234".padStart(4 * entry.words, "0");
  return "21031234";
}

export type Wired = {
  readonly bench: RtuBus;
  readonly bus: MeterBus;
  readonly clock: StillClock;
  readonly meter: ModbusMeter;
  readonly map: MeterMap;
  values: MeterValues;
};

/** One meter on a bench bus, opened by the real driver. */
export function wired(
  model: string,
  more: Partial<MeterConfig> = {},
  patience: "by the clock" | "knows silence" = "knows silence",
): Wired {
  const map = quickMap(model);
  const bench = new RtuBus();
  const clock = new StillClock();
  const bus = openMeterBus(port, clock, {
    binding: patience === "by the clock" ? bench.patientBinding : bench.binding,
    loadMap: quickMap,
  });
  const config = meterConfig(model, {
    acceptUnproven: true,
    ...(map.identity.serial === undefined ? { serial: "LABEL-7" } : {}),
    ...more,
  });
  const set: Wired = {
    bench,
    bus,
    clock,
    map,
    meter: bus.meter(config),
    values: { energyMilliWh: 1_234_567_000, powerW: 11_040, currentMilliA: 48_000, serial: serialFor(map) },
  };
  bench.attach(config.unit, map, () => set.values);
  return set;
}

/** The DeviceError code that a promise rejects with, or "none". */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

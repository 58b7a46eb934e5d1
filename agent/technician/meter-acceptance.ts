// A meter compared with a known load, over whatever way there is to the devices: looks until the counter's steps are
// small beside what it counted, then the judgement. A meter that passes is written down, and may be billed from
// although its map is in doubt.
import { energyResolutionMilliWh, loadMeterMap } from "../../config/meter-map.js";
import type { Config, ConnectorConfig } from "../../config/schema.js";
import { Failure } from "../core/failure.js";
import {
  checkLengthMs,
  checkMeterReadings,
  type MeterCheckResult,
  type MeterSample,
} from "../core/session/meter-check.js";
import type { AcceptedMeter } from "./accepted-meters.js";
import type { DeviceAccess } from "./device-access.js";
import { directionFault, type MeterLook } from "./device-requests.js";

export type MeterChecked = AcceptedMeter & {
  /** The meter reports no serial number: it is the config's. */
  readonly serialByHand?: true;
  readonly connector: number;
  readonly passed: boolean;
  readonly findings: readonly MeterCheckResult[];
};

/** A reading that fails on the way is passed over; so many in a row end the check. */
const mostMisses = 10;
/** A load that is off, or plugged in where no contactor is closed, is seen at the first look. */
const farOff = 2;

/** One look; a meter that cannot be read is a sentence. */
export async function look(
  devices: DeviceAccess,
  connector: number,
  registers: boolean,
  phases = false,
): Promise<MeterLook | { readonly connector: number; readonly fault: string }> {
  try {
    return (await devices.ask({ do: "meter-look", connector, registers, phases })) as MeterLook;
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "agent/refused") throw error;
    return { connector, fault: error.message };
  }
}

/**
 * Compares one meter with its load (W, tolerance in percent). Says on the way how long it takes, and what it cannot
 * read.
 */
export async function checkMeter(
  devices: DeviceAccess,
  config: Config,
  connector: number,
  load: { readonly loadW: number; readonly tolerancePercent: number },
  say: (line: string) => void,
): Promise<MeterChecked> {
  const found = config.connectors.find(({ id }) => id === connector);
  if (found === undefined)
    throw new Failure(
      "usage/invalid",
      `there is no connector ${connector}; there are: ${config.connectors.map(({ id }) => id).join(", ")}`,
    );
  const map = loadMeterMap(found.meter.model);
  // A re-brand that passes is written down as the meter that it is.
  const model = map.id;
  const plan = { ...load, stepMilliWh: energyResolutionMilliWh(map) };
  const needMs = checkLengthMs(plan);
  say(
    `connector ${connector}: keep the load of ${load.loadW} W running for ` +
      `${Math.ceil(needMs / 60_000)} min: ${model} counts in steps of ` +
      `${plan.stepMilliWh / 1000} Wh`,
  );
  const { samples, backwards, ...seen } = await takeSamples(devices, found, load.loadW, needMs, say);
  const { findings: judged, measuredW, energyMilliWh } = checkMeterReadings(samples, plan);
  const findings: readonly MeterCheckResult[] = [
    ...judged,
    { what: "direction", ok: backwards === undefined, words: backwards ?? "no phase is wired backwards" },
  ];
  const passed = findings.every(({ ok }) => ok);
  const row: AcceptedMeter = {
    model,
    serial: seen.serial,
    atMs: seen.atMs,
    loadW: load.loadW,
    measuredW,
    energyMilliWh,
    tolerancePercent: load.tolerancePercent,
  };
  if (passed) await devices.ask({ do: "meter-passed", check: row });
  return { connector, passed, findings, ...row, ...(seen.isByHand ? { serialByHand: true } : {}) };
}

type Samples = {
  readonly samples: readonly MeterSample[];
  readonly serial: string;
  readonly isByHand: boolean;
  readonly atMs: number;
  /** A phase that is wired backwards, in words. */
  readonly backwards: string | undefined;
};

/** Readings over `needMs`, of one and the same meter; fewer where it does not answer. */
async function takeSamples(
  devices: DeviceAccess,
  { id, maxPowerW }: ConnectorConfig,
  loadW: number,
  needMs: number,
  say: (line: string) => void,
): Promise<Samples> {
  const samples: MeterSample[] = [];
  let [serial, isByHand, atMs] = ["", false, 0];
  let backwards: string | undefined;
  const everyMs = Math.min(1_000, needMs / 30);
  for (let misses = 0, turns = 0; misses < mostMisses && turns < (3 * needMs) / everyMs; turns += 1) {
    const seen = await look(devices, id, false, samples.length === 0);
    if ("fault" in seen) {
      misses += 1;
      say(seen.fault);
    } else {
      misses = 0;
      const { moment, energyMilliWh, powerW } = seen.reading;
      backwards ??= directionFault(seen, maxPowerW);
      if (samples.length === 0 && powerW * farOff < loadW)
        say(
          `the meter shows ${powerW} W now: is the load on` +
            `${devices.live ? ", and does a session run? Without one the contactor is open" : "?"}`,
        );
      if (serial !== "" && seen.identity.serial !== serial)
        throw new Failure(
          "agent/refused",
          `the meter changed from ${serial} to ${seen.identity.serial} while it was checked`,
        );
      serial = seen.identity.serial;
      isByHand = seen.identity.serialByHand === true;
      atMs = moment.at;
      samples.push({ monoMs: moment.monoMs, energyMilliWh, powerW });
      if (moment.monoMs - (samples[0]?.monoMs ?? 0) >= needMs && samples.length >= 5) break;
    }
    await devices.pause(everyMs);
  }
  return { samples, serial, isByHand, atMs, backwards };
}

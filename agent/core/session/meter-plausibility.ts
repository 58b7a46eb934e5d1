// Can this reading be true after the last one? A register only climbs, and never faster than the connection allows;
// a counter that stands still while power flows is a dead meter that goes on talking. A register may stand for many
// looks and then move at once, by its step or by what flowed since it last moved: that is neither.
import type { DeviceFaultCode, Reading } from "../../../drivers/driver.js";
import { kwhExact } from "../number/energy-text.js";
import type { Sale } from "./sale.js";

/** What the meter's power told since its register last moved: expected energy in mWh. */
export type PlausibilityState = { readonly reading: Reading; readonly expectedMilliWh: number };

export type MeterDoubt = { readonly code: DeviceFaultCode; readonly message: string };
export type PlausibilityResult = { readonly plausibility: PlausibilityState; readonly fault?: MeterDoubt };

/**
 * Meters overshoot their rating and clocks have edges: this much more than the connection's power is still possible.
 */
const powerMargin = 1.25;
/** A reading's own parts are moments apart, and not all makers say how fine they count: at least so much is one step. */
const leastStepMilliWh = 20_000;
/** So much energy must show in a register of fine steps, and two steps in one of coarse ones. */
const frozenAfterMilliWh = 200_000;

/** What bounds the register of one connector. */
export type RegisterBounds = {
  /** The connector's. */
  readonly maxPowerW: number;
  /** The steps in which the register moves, by the meter's map. */
  readonly stepMilliWh: number;
  /** Between two readings that are kept: all the time that may lie between them across a reboot. */
  readonly heartbeatMs: number;
};

/**
 * Judges `reading` after the last one looked at (`plausibility`), or else after the last *kept* one of the sale. What
 * may have been counted: full power since that look, what the meter's power told since the register last moved, and one
 * step. Time without power since then adds nothing: after hours of standing a register cannot leap. After a reboot the
 * gap is bounded by the heartbeat: no energy is accepted for the time in which nobody watched.
 */
export function implausible(
  sale: Sale,
  reading: Reading,
  plausibility: PlausibilityState | undefined,
  { maxPowerW, stepMilliWh, heartbeatMs }: RegisterBounds,
): PlausibilityResult {
  const last = plausibility?.reading ?? sale.last;
  const keep: PlausibilityState = plausibility ?? { reading: last, expectedMilliWh: 0 };
  const fault = (code: DeviceFaultCode, message: string): PlausibilityResult => ({
    plausibility: keep,
    fault: { code, message },
  });
  const begin = sale.opening.begin;
  if (reading.serial !== begin.serial)
    return fault("meter/serial-changed", `the meter is now ${reading.serial}, the session began with ${begin.serial}`);
  const backwards = powerBackwards(reading, maxPowerW);
  if (backwards !== undefined) return { plausibility: keep, fault: backwards };
  if (reading.energyMilliWh < last.energyMilliWh)
    return fault(
      "meter/implausible",
      `the register went back from ${last.energyMilliWh} to ${reading.energyMilliWh} mWh`,
    );
  const movedMilliWh = reading.energyMilliWh - last.energyMilliWh;
  const sameBoot = reading.moment.boot === last.moment.boot;
  const elapsedMs = sameBoot ? reading.moment.monoMs - last.moment.monoMs : heartbeatMs;
  const possibleMilliWh =
    Math.ceil(powerMargin * ((maxPowerW * elapsedMs) / 3_600 + keep.expectedMilliWh)) +
    Math.max(stepMilliWh, leastStepMilliWh);
  if (movedMilliWh > possibleMilliWh)
    return fault(
      "meter/implausible",
      `the register jumped by ${movedMilliWh} mWh in ${Math.round(elapsedMs / 1000)} s; ${maxPowerW} W allow ${possibleMilliWh}`,
    );
  if (movedMilliWh > 0) return { plausibility: { reading, expectedMilliWh: 0 } };
  const toldW = Math.min(Math.max(reading.powerW, 0), maxPowerW);
  const expectedMilliWh = keep.expectedMilliWh + (toldW * (sameBoot ? elapsedMs : 0)) / 3_600;
  // `last` moves on in time although the register stands: the energy expected since then adds up.
  const stale = expectedMilliWh > Math.max(frozenAfterMilliWh, 2 * stepMilliWh);
  const next: PlausibilityState = { reading, expectedMilliWh };
  return stale
    ? {
        plausibility: next,
        fault: { code: "meter/stale", message: `the meter shows ${reading.powerW} W, but its register does not move` },
      }
    : { plausibility: next };
}

/** Power against the direction of charging, from here on, is no rest and no rounding: watts, and a share of the rating. */
const backwardsFromW = 20;
const backwardsFromShare = 0.003;

const isBackwards = (powerW: number, maxPowerW: number): boolean =>
  powerW < -Math.max(backwardsFromW, backwardsFromShare * maxPowerW);

/**
 * Judges the power that a connector's meter tells: nothing flows out of a car here, so power below zero is a meter that
 * is wired backwards. Its register stands while the car charges.
 */
export function powerBackwards({ powerW }: Pick<Reading, "powerW">, maxPowerW: number): MeterDoubt | undefined {
  if (!isBackwards(powerW, maxPowerW)) return undefined;
  return {
    code: "meter/backwards",
    message:
      `the meter shows ${powerW} W, energy flowing out of the car: it is wired backwards, and what the car takes is not ` +
      "counted; turn its current transformers, or swap line in and line out",
  };
}

/** Whether power flows into the car, beyond any doubt of rest and rounding: the meter is not wired backwards. */
export const powerForwards = ({ powerW }: Pick<Reading, "powerW">, maxPowerW: number): boolean =>
  isBackwards(-powerW, maxPowerW);

/**
 * Judges the register of a reading between sessions after the last one that the very same meter was billed to: below it
 * nothing is sold.
 */
export function registerFell(
  { energyMilliWh, serial }: Pick<Reading, "energyMilliWh" | "serial">,
  billedMilliWh: number | undefined,
): MeterDoubt | undefined {
  if (billedMilliWh === undefined || energyMilliWh >= billedMilliWh) return undefined;
  return {
    code: "meter/register-fell",
    message:
      `meter ${serial} shows ${kwhExact(energyMilliWh)} kWh, and its last receipt ends at ${kwhExact(billedMilliWh)} kWh: ` +
      "it was set back, or is another meter",
  };
}

/** The numbers of the phases (1 to 3) that are wired backwards, by the power of each (null = not told). */
export function phasesBackwards(phasePowersW: readonly (number | null)[], maxPowerW: number): readonly number[] {
  return phasePowersW.flatMap((powerW, index) =>
    powerW !== null && isBackwards(powerW, maxPowerW) ? [index + 1] : [],
  );
}

/**
 * Judges a reading taken while the contactor is open: power from `leastW` on, in either direction, cannot flow there.
 * The meter tells an old value and will count the rest of the last session in the next one, or the contacts are welded:
 * no session may begin with such a register.
 */
export function powerWhileOpen({ powerW }: Reading, leastW: number): MeterDoubt | undefined {
  if (Math.abs(powerW) < leastW) return undefined;
  return {
    code: "meter/power-while-open",
    message: `the meter shows ${powerW} W while the contactor is open: it reports an old value, or the contacts are welded`,
  };
}

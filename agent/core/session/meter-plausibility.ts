// Can this reading be true after the last one? A register only climbs, and never faster than the connection allows;
// a counter that stands still while power flows is a dead meter that goes on talking.
import type { DeviceFaultCode, Reading } from "../../../drivers/driver.js";
import type { Sale } from "./sale.js";

/** What the meter's power told since its register last moved: expected energy in mWh. */
export type PlausibilityState = { readonly reading: Reading; readonly expectedMilliWh: number };

export type MeterDoubt = { readonly code: DeviceFaultCode; readonly message: string };
export type PlausibilityResult = { readonly plausibility: PlausibilityState; readonly fault?: MeterDoubt };

/**
 * Meters overshoot their rating and clocks have edges: this much more than the connection's power is still possible.
 */
const powerMargin = 1.25;
/** One step of the coarsest register that may be billed from, and the time between two looks. */
const stepMilliWh = 20_000;
/** So much energy must show in a register that counts at least every 10 Wh. */
const frozenAfterMilliWh = 200_000;

/**
 * Judges `reading` after the last *kept* one of the sale (`maxPowerW` = the connector's) and after the last one looked
 * at (`plausibility`). After a reboot the gap is bounded by the heartbeat: no energy is accepted for the time in which
 * nobody watched.
 */
export function implausible(
  sale: Sale,
  reading: Reading,
  plausibility: PlausibilityState | undefined,
  maxPowerW: number,
  heartbeatMs: number,
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
  if (reading.energyMilliWh < last.energyMilliWh)
    return fault(
      "meter/implausible",
      `the register went back from ${last.energyMilliWh} to ${reading.energyMilliWh} mWh`,
    );
  const movedMilliWh = reading.energyMilliWh - last.energyMilliWh;
  const sameBoot = reading.moment.boot === last.moment.boot;
  const elapsedMs = sameBoot ? reading.moment.monoMs - last.moment.monoMs : heartbeatMs;
  const possibleMilliWh = Math.ceil((maxPowerW * powerMargin * elapsedMs) / 3_600) + stepMilliWh;
  if (movedMilliWh > possibleMilliWh)
    return fault(
      "meter/implausible",
      `the register jumped by ${movedMilliWh} mWh in ${Math.round(elapsedMs / 1000)} s; ${maxPowerW} W allow ${possibleMilliWh}`,
    );
  if (movedMilliWh > 0) return { plausibility: { reading, expectedMilliWh: 0 } };
  const expectedMilliWh = keep.expectedMilliWh + (reading.powerW * (sameBoot ? elapsedMs : 0)) / 3_600;
  // `last` moves on in time although the register stands: the energy expected since then adds up.
  const stale = expectedMilliWh > frozenAfterMilliWh;
  const next: PlausibilityState = { reading, expectedMilliWh };
  return stale
    ? {
        plausibility: next,
        fault: { code: "meter/stale", message: `the meter shows ${reading.powerW} W, but its register stands still` },
      }
    : { plausibility: next };
}

/**
 * Judges a reading taken while the contactor is open: power from `leastW` on cannot flow there. The meter tells an old
 * value and will count the rest of the last session in the next one, or the contacts are welded: no session may begin
 * with such a register.
 */
export function powerWhileOpen({ powerW }: Reading, leastW: number): MeterDoubt | undefined {
  if (powerW < leastW) return undefined;
  return {
    code: "meter/power-while-open",
    message: `the meter shows ${powerW} W while the contactor is open: it tells an old value, or the contacts are welded`,
  };
}

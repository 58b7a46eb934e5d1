// Judges a meter against a known load: its power, and what its counter gained, must both be the load's, within a
// tolerance. It runs until one step of the counter is small beside what was counted, so that coarse steps are no excuse
// and no stumbling block.

export type MeterSample = { readonly monoMs: number; readonly energyMilliWh: number; readonly powerW: number };
export type MeterCheckPlan = {
  readonly loadW: number;
  readonly tolerancePercent: number;
  readonly stepMilliWh: number;
};
export type MeterCheckResult = {
  readonly what: "power" | "energy" | "counter" | "direction";
  readonly ok: boolean;
  readonly words: string;
};

const msPerHour = 3_600_000;
/** Fewer readings than this say little about power. */
const leastSamples = 5;
const leastMs = 30_000;

/**
 * How long the load must run: two steps of the counter (at its beginning and its end) may be half of the tolerance, no
 * more.
 */
export function checkLengthMs({ loadW, tolerancePercent, stepMilliWh }: MeterCheckPlan): number {
  const energyMilliWh = (2 * stepMilliWh * 100 * 2) / tolerancePercent;
  return Math.max(leastMs, Math.ceil((energyMilliWh / (loadW * 1000)) * msPerHour));
}

/** Judges samples in the order of their taking. All findings ok = the meter has passed. */
export function checkMeterReadings(
  samples: readonly MeterSample[],
  plan: MeterCheckPlan,
): { readonly findings: readonly MeterCheckResult[]; readonly measuredW: number; readonly energyMilliWh: number } {
  const first = samples[0];
  const last = samples.at(-1);
  if (
    first === undefined ||
    last === undefined ||
    samples.length < leastSamples ||
    last.monoMs - first.monoMs < checkLengthMs(plan)
  )
    return {
      findings: [{ what: "counter", ok: false, words: `only ${samples.length} readings: too few to judge` }],
      measuredW: 0,
      energyMilliWh: 0,
    };
  const { loadW, tolerancePercent, stepMilliWh } = plan;
  const measuredW = samples.reduce((sum, { powerW }) => sum + powerW, 0) / samples.length;
  const gained = last.energyMilliWh - first.energyMilliWh;
  const expected = ((last.monoMs - first.monoMs) / msPerHour) * loadW * 1000;
  const fell = samples.some(
    (sample, index) => index > 0 && sample.energyMilliWh < (samples[index - 1]?.energyMilliWh ?? 0),
  );
  const off = (measured: number, wanted: number): string =>
    `${(((measured - wanted) / wanted) * 100).toFixed(1)} % off`;
  const wattHours = (milli: number): string => `${(milli / 1000).toFixed(1)} Wh`;
  return {
    measuredW,
    energyMilliWh: gained,
    findings: [
      {
        what: "power",
        ok: Math.abs(measuredW - loadW) <= (loadW * tolerancePercent) / 100,
        words: `power ${measuredW.toFixed(0)} W against a load of ${loadW} W: ${off(measuredW, loadW)}`,
      },
      {
        what: "energy",
        ok: Math.abs(gained - expected) <= (expected * tolerancePercent) / 100 + stepMilliWh,
        words: `counted ${wattHours(gained)} where the load makes ${wattHours(expected)}: ${off(gained, expected)}`,
      },
      { what: "counter", ok: !fell, words: fell ? "the counter ran backwards" : "the counter never ran backwards" },
    ],
  };
}

// What both builds price: the cases worked out by hand, and random tariffs with random sessions as CDRs. Each is one
// line of `tariff price --batch`, and for the live engine one call of `tariff simulate`.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { anySession, anyTariffJson, type Stretch, zones } from "../../agent/core/rating/arbitrary-session.js";

export type PricingLine = {
  readonly name: string;
  readonly timezone: string;
  readonly tariffs: readonly unknown[];
  readonly cdr: unknown;
};

/** The cases of `test/cases/price` in `folder`. */
export function priceCases(folder: string): PricingLine[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const files = new Set(readdirSync(join(folder, name)));
      const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, name, file), "utf8"));
      const { timezone } = read("expected.json") as { timezone: string };
      const tariffs = files.has("tariffs.json") ? (read("tariffs.json") as unknown[]) : [read("tariff.json")];
      return { name, timezone, tariffs, cdr: read("cdr.json") };
    });
}

/** How a CDR states its volumes: all decimals or four of them, with or without power, cut once more or not. */
const style = fc.record({
  places: fc.constantFrom(4, 15),
  power: fc.constantFrom("POWER", "MIN_POWER and MAX_POWER", "none"),
  cutAfterSeconds: fc.integer({ min: 1, max: 20_000 }),
});
type Style = typeof style extends fc.Arbitrary<infer Value> ? Value : never;

/** As many random tariffs and sessions as are asked for; the same seed draws the same. */
export function randomLines(count: number, seed: number): PricingLine[] {
  const line = fc
    .tuple(anyTariffJson, zones, anySession([0, 1, 2, 3, 7]), style)
    .map(([tariff, timezone, session, how]) => ({ timezone, tariffs: [tariff], cdr: cdrOf(session, how) }));
  return fc.sample(line, { seed, numRuns: count }).map((one, index) => ({ name: `random ${index + 1}`, ...one }));
}

const hourSeconds = 3_600;
const timeOf = { charging: "TIME", parking: "PARKING_TIME", reserved: "RESERVATION_TIME" } as const;

function cdrOf(session: { startMs: number; stretches: readonly Stretch[] }, how: Style): unknown {
  let atMs = session.startMs;
  const periods = session.stretches.flatMap(pieces(how.cutAfterSeconds)).map((stretch) => {
    const startMs = atMs;
    atMs += stretch.seconds * 1000;
    return { start_date_time: new Date(startMs).toISOString(), tariff_id: "T", dimensions: volumesOf(stretch, how) };
  });
  return {
    start_date_time: new Date(session.startMs).toISOString(),
    end_date_time: new Date(atMs).toISOString(),
    currency: "EUR",
    charging_periods: periods,
  };
}

/** A stretch, cut in two where it is longer than that. */
function pieces(afterSeconds: number): (stretch: Stretch) => Stretch[] {
  return (stretch) =>
    stretch.seconds <= afterSeconds
      ? [stretch]
      : [
          { ...stretch, seconds: afterSeconds },
          { ...stretch, seconds: stretch.seconds - afterSeconds },
        ];
}

function volumesOf(stretch: Stretch, { places, power }: Style): { type: string; volume: number }[] {
  const rounded = (volume: number): number => Number(volume.toFixed(places));
  const { activity, seconds, milliWhPerMs, powerW } = stretch;
  return [
    { type: "ENERGY", volume: rounded((seconds * milliWhPerMs) / 1000) },
    ...(power === "none" ? [] : power.split(" and ").map((type) => ({ type, volume: powerW / 1000 }))),
    ...(activity in timeOf
      ? [{ type: timeOf[activity as keyof typeof timeOf], volume: rounded(seconds / hourSeconds) }]
      : []),
  ];
}

/** A random tariff with the plan of a session for it: arguments of `tariff simulate`. */
export type SimulationPlan = { readonly tariff: unknown; readonly args: readonly string[] };

export function randomPlans(count: number, seed: number): SimulationPlan[] {
  const plan = fc
    .tuple(
      anyTariffJson,
      zones,
      anySession([1]),
      fc.constantFrom("3.7", "4", "11", "22"),
      fc.integer({ min: 1, max: 40_000 }),
      fc.integer({ min: 0, max: 20_000 }),
    )
    .map(([tariff, timezone, { startMs }, kw, chargingSeconds, idleSeconds]) => ({
      tariff,
      args: [
        ...["--zone", timezone, "--start", new Date(startMs).toISOString()],
        ...["--kw", kw, "--for", `${chargingSeconds}s`, "--idle", `${idleSeconds}s`],
      ],
    }));
  return fc.sample(plan, { seed, numRuns: count });
}

// When a session ends by itself.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type BackendLimits, grantedLimits, limitReached } from "../../../../agent/core/session/limits.js";
import { limitsAhead } from "../../../../agent/core/session/limits-ahead.js";
import type { ConnectorConfig } from "../../../../config/schema.js";

type Case = {
  readonly energyKwh?: number;
  readonly cost?: string;
  readonly minutes?: number;
  readonly limits?: { readonly energyKwh?: string; readonly cost?: string; readonly time?: number };
  readonly granted?: { readonly energyKwh?: string; readonly cost?: string };
  readonly set?: readonly BackendLimits[];
  readonly noEnergyMinutes?: number;
};
const minuteMs = 60_000;

function argumentsOf({ energyKwh = 5, cost = "2", minutes = 30, limits = {}, granted, set = [], ...more }: Case) {
  const price = { currency: "EUR", ifStoppedNow: { excl: cost, incl: cost } };
  return [
    { energyMilliWh: energyKwh * 1_000_000, elapsedMs: minutes * minuteMs, price } as never,
    limits as ConnectorConfig["limits"],
    grantedLimits({
      opening: { acceptance: granted === undefined ? {} : { limits: { ...granted, why: "the credit of this card" } } },
      backendLimits: set,
    }),
    (more.noEnergyMinutes ?? 0) * minuteMs,
  ] as const;
}

const reached = (given: Case): ReturnType<typeof limitReached> => limitReached(...argumentsOf(given));
const ahead = (given: Case): string[] =>
  limitsAhead(...argumentsOf(given)).map(({ at, left }) => `${at}: ${left} left`);

const test = suite("the limits of a session");

const rows: readonly [string, Case, ReturnType<typeof reached>][] = [
  ["a session without limits goes on", {}, undefined],
  ["below the energy limit a session goes on", { energyKwh: 9.999_999, limits: { energyKwh: "10" } }, undefined],
  [
    "at the very energy of the limit it ends",
    { energyKwh: 10, limits: { energyKwh: "10" } },
    { reason: "EnergyLimitReached", detail: "the limit of 10 kWh is reached" },
  ],
  ["below the cost limit a session goes on", { cost: "19.994", limits: { cost: "20" } }, undefined],
  [
    "at the very cost of the limit it ends",
    { cost: "20.00", limits: { cost: "20" } },
    { reason: "CostLimitReached", detail: "the limit of 20 EUR is reached" },
  ],
  [
    "the energy that a card was granted ends it, whatever the connector allows",
    { energyKwh: 3, limits: { energyKwh: "10" }, granted: { energyKwh: "3.000" } },
    { reason: "EnergyLimitReached", detail: "the limit of 3.000 kWh is reached: the credit of this card" },
  ],
  [
    "the cost that a card was granted ends it, whatever the connector allows",
    { cost: "5", limits: { cost: "20" }, granted: { cost: "5" } },
    { reason: "CostLimitReached", detail: "the limit of 5 EUR is reached: the credit of this card" },
  ],
  [
    "the energy that a backend has set while it ran ends it, whatever its card was granted",
    { energyKwh: 0.1, granted: { energyKwh: "20" }, set: [{ by: "csms", limits: { energyKwh: "0.100" } }] },
    { reason: "EnergyLimitReached", detail: "the limit of 0.100 kWh is reached: set by csms" },
  ],
  [
    "of the limits of two backends the nearer ends it",
    {
      cost: "2",
      set: [
        { by: "csms", limits: { cost: "5" } },
        { by: "other", limits: { cost: "2" } },
      ],
    },
    { reason: "CostLimitReached", detail: "the limit of 2 EUR is reached: set by other" },
  ],
  [
    "the time that a backend has set ends it before the connector's",
    { minutes: 30, limits: { time: 60 * minuteMs }, set: [{ by: "csms", limits: { timeMs: 30 * minuteMs } }] },
    { reason: "TimeLimitReached", detail: "the limit of 30 min is reached: set by csms" },
  ],
  ["before the time limit it goes on", { minutes: 59, limits: { time: 60 * minuteMs } }, undefined],
  [
    "at the time limit it ends",
    { minutes: 60, limits: { time: 60 * minuteMs } },
    { reason: "TimeLimitReached", detail: "the limit of 1 h is reached" },
  ],
  [
    "a car that took no energy at all is waited for so long",
    { energyKwh: 0, minutes: 15, noEnergyMinutes: 15 },
    { reason: "TimeLimitReached", detail: "no energy flowed within 15 min" },
  ],
  ["and not less long", { energyKwh: 0, minutes: 14, noEnergyMinutes: 15 }, undefined],
  [
    "a car that took a little is not sent away for taking none",
    { energyKwh: 0.001, minutes: 600, noEnergyMinutes: 15 },
    undefined,
  ],
  ["where nobody set how long, a car that takes none may stay", { energyKwh: 0, minutes: 600 }, undefined],
];
for (const [title, given, expected] of rows) test(title, () => assert.equal(reached(given), expected));

test("a limit of 80 kWh counts down while the session runs", () => {
  assert.equal(ahead({ energyKwh: 12.5, limits: { energyKwh: "80" } }), ["80 kWh: 67.500 kWh left"]);
});

test("every limit counts down, the nearer one of connector and card", () => {
  assert.equal(
    ahead({
      energyKwh: 0,
      cost: "2.50",
      minutes: 10,
      limits: { energyKwh: "80", cost: "50", time: 240 * minuteMs },
      granted: { energyKwh: "20", cost: "60" },
      noEnergyMinutes: 30,
    }),
    [
      "20 kWh: 20.000 kWh left",
      "50.00 EUR: 47.50 EUR left",
      "4 h: 3 h 50 min left",
      "30 min without any energy: 20 min left",
    ],
  );
});

test("what a backend has set counts down like the connector's own, the nearer of each kind", () => {
  assert.equal(
    ahead({
      energyKwh: 12.5,
      minutes: 10,
      limits: { energyKwh: "80", time: 240 * minuteMs },
      set: [{ by: "csms", limits: { energyKwh: "15.000", cost: "10", timeMs: 20 * minuteMs } }],
    }),
    ["15.000 kWh: 2.500 kWh left", "10.00 EUR: 8.00 EUR left", "20 min: 10 min left"],
  );
});

test("what is passed has nothing left, and never less", () => {
  const limits = { energyKwh: "3", cost: "1", time: minuteMs };
  assert.equal(ahead({ limits }), ["3 kWh: 0.000 kWh left", "1.00 EUR: 0.00 EUR left", "1 min: 0 s left"]);
});

test("a session without limits counts nothing down", () => {
  assert.equal(ahead({}), []);
});

test.run();

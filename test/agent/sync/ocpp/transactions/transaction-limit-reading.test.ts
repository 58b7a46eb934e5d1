// A transactionLimit as a CSMS writes it, and what a session is limited to by it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  transactionLimitIn,
  transactionLimitOf,
} from "../../../../../agent/sync/ocpp/transactions/transaction-limit.js";
import { hostileValues } from "../../../../support/sync/hostile-values.js";

const test = suite("a transactionLimit in an answer");

const read = (transactionLimit: unknown): ReturnType<typeof transactionLimitIn> =>
  transactionLimitIn({ transactionLimit });

const rows: readonly [string, unknown, object, readonly RegExp[]][] = [
  ["energy is in Wh there", { maxEnergy: 10_000 }, { energyKwh: "10.000" }, []],
  [
    "energy of a fraction counts to the milliwatt-hour, and no further",
    { maxEnergy: 0.123_456 },
    { energyKwh: "0.000123" },
    [],
  ],
  ["cost is taken as it is written", { maxCost: 12.5 }, { cost: "12.5" }, []],
  ["time is in seconds, and its fraction is no limit of its own", { maxTime: 90.7 }, { timeMs: 90_000 }, []],
  ["what is null is not there", { maxCost: null, maxTime: null, maxSoC: null }, {}, []],
  [
    "below zero is passed by every session, as zero is",
    { maxEnergy: -1, maxCost: 0 },
    { energyKwh: "0.000", cost: "0" },
    [],
  ],
  [
    "all three stand beside each other",
    { maxCost: 1, maxEnergy: 2, maxTime: 3 },
    { cost: "1", energyKwh: "0.002", timeMs: 3_000 },
    [],
  ],
  [
    "the battery's charge is not supported, and the rest counts",
    { maxSoC: 80, maxTime: 60 },
    { timeMs: 60_000 },
    [/^maxSoC is not supported/],
  ],
  ["a text is no number", { maxCost: "5" }, {}, [/^maxCost "5" is not usable/]],
  [
    "nor is what no session ever comes to",
    { maxEnergy: 2e9, maxTime: 1e300 },
    {},
    [/^maxEnergy 2000000000 /, /^maxTime 1e\+300 /],
  ],
];
for (const [title, limit, limits, unusable] of rows)
  test(title, () => {
    const found = read(limit);
    assert.equal(found?.limits, limits);
    assert.is(found?.unusable.length, unusable.length);
    for (const [index, words] of unusable.entries()) assert.match(found?.unusable[index] ?? "", words);
  });

test("that names nothing is none", () => {
  for (const none of [undefined, null, "100", 100, [], [{ maxCost: 1 }]]) assert.is(read(none), undefined);
  for (const answer of [undefined, null, "text", []]) assert.is(transactionLimitIn(answer), undefined);
});

test("is confirmed by the numbers that it was set with", () => {
  for (const limit of [{ maxCost: 0.05, maxEnergy: 200.5, maxTime: 7_200 }, { maxEnergy: 0.001 }, { maxCost: 12.345 }])
    assert.equal(transactionLimitOf(read(limit)?.limits ?? {}), limit);
});

test("with a value that no field was meant to hold is refused in words, or is a limit that can be told", () => {
  for (const [what, text] of hostileValues) {
    if (/levels/.test(what)) continue; // Refused before it is parsed.
    for (const field of ["maxCost", "maxEnergy", "maxTime"]) {
      const found = read(JSON.parse(`{"${field}":${text}}`));
      const told = transactionLimitOf(found?.limits ?? {});
      for (const value of Object.values(told)) assert.ok(Number.isFinite(value) && value >= 0, `${what}: ${value}`);
      for (const words of found?.unusable ?? []) assert.ok(words.length < 100, words);
    }
  }
});

test.run();

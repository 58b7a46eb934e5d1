// Which holds are remembered after they have ended.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Holds } from "../../../../agent/core/payment/hold.js";
import type { HoldEvent } from "../../../../agent/core/payment/hold-event.js";
import { reduceHolds } from "../../../../agent/core/payment/hold-reducer.js";

const test = suite("holds that have ended");

const moment = { at: 1, monoMs: 1, boot: "b", trust: "synced" } as const;
const amount = { minor: 5_000, currency: "EUR" };

const wanted = (number: number): HoldEvent => ({
  type: "HoldWanted",
  moment,
  wish: { number, reference: `S${number}`, gateway: "terminal", connector: 1, amount, openBefore: [] },
});
const failed = (number: number): HoldEvent => ({
  type: "HoldFailed",
  moment,
  reference: `S${number}`,
  code: "declined",
  why: "no",
});
const lived = (events: readonly HoldEvent[]): Holds => events.reduce<Holds>(reduceHolds, new Map());

test("a hold that was asked for long before all others is not forgotten in the step in which it ends", () => {
  const others = Array.from({ length: 16 }, (_, index) => index + 2);
  const before = lived([wanted(1), ...others.flatMap((number) => [wanted(number), failed(number)])]);
  const holds = reduceHolds(before, failed(1));
  assert.is(holds.get("S1")?.state, "failed");
  assert.is(holds.size, 16);
  // The one that ended first is the one that is forgotten.
  assert.is(holds.get("S2"), undefined);
});

test("holds that have not ended are never forgotten and keep their order", () => {
  const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
  const holds = lived([...numbers.map(wanted), failed(3), failed(1)]);
  assert.equal([...holds.keys()].slice(0, 3), ["S2", "S4", "S5"]);
  assert.is(holds.size, 20);
});

test.run();

// What a hold wants next, in each of its states.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Hold, HoldState } from "../../../../agent/core/payment/hold.js";
import { holdTask } from "../../../../agent/core/payment/hold-task.js";

const test = suite("the task of a hold");

const hold = (state: HoldState, more: Partial<Hold> = {}): Hold => ({
  number: 1,
  reference: "S1",
  gateway: "terminal",
  connector: 1,
  amount: { minor: 5_000, currency: "EUR" },
  openBefore: [],
  state,
  sinceMs: 0,
  ...more,
});

test("is to ask where something was sent, for it may have happened: never to send it again", () => {
  assert.equal(holdTask(hold("wanted"), []), { kind: "ask-hold" });
  for (const state of ["book-sent", "release-sent"] as const)
    assert.equal(holdTask(hold(state), []), { kind: "ask-end" });
});

test("is to release what no session uses, and to look for the receipt of one that is gone", () => {
  assert.is(holdTask(hold("held"), [])?.kind, "release");
  assert.equal(holdTask(hold("started", { sessionId: "one" }), []), { kind: "find-receipt", sessionId: "one" });
});

test("is to settle by the receipt, once it is there", () => {
  assert.is(holdTask(hold("final"), []), undefined);
  assert.equal(holdTask(hold("final", { receipt: 7 }), []), { kind: "settle", receipt: 7 });
});

test("is none where the hold has ended", () => {
  for (const state of ["booked", "released", "failed"] as const) assert.is(holdTask(hold(state), []), undefined);
});

test.run();

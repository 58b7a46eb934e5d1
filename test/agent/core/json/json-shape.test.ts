// What the schema of a receipt refuses before anything reckons with it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { shapeFault } from "../../../../agent/core/json/json-shape.js";

const test = suite("the shape of evidence");

test("a whole number past 2^53 is none: what was meant is lost, and nothing may reckon with it", () => {
  const whole = { type: "integer", minimum: 0 };
  assert.is(shapeFault(2 ** 53 - 1, whole), undefined);
  assert.is(shapeFault(2 ** 53, whole), "the receipt is number, expected integer");
  assert.is(shapeFault(1e300, { type: "number" }), undefined);
});

test.run();

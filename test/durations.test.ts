import { suite } from "uvu";
import * as assert from "uvu/assert";
import { durationMs } from "../config/schema.js";

const test = suite("durations");

test("a duration is written as a person says it", () => {
  assert.is(durationMs("1h30m"), 5_400_000);
  assert.is(durationMs("90s"), 90_000);
  assert.is(durationMs("90"), undefined);
});

test.run();

// Faults that come and go: how things stand is known at once, and telling it is bounded.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Faults } from "../../../agent/sync/faults.js";

const minuteMs = 60_000;

function told(): { faults: Faults; lines: string[]; silent: string[] } {
  const lines: string[] = [];
  const silent: string[] = [];
  const faults = new Faults(
    ({ code, message }, isTold) => void (isTold ? lines : silent).push(`${code} raised: ${message}`),
    ({ code }, isTold) => void (isTold ? lines : silent).push(`${code} cleared`),
  );
  return { faults, lines, silent };
}

const test = suite("a fault that comes and goes");

test("is told twelve times an hour, the last time with that word, and stands or not all the while", () => {
  const { faults, lines, silent } = told();
  for (let second = 0; second < 600; second += 2) {
    faults.raise("connector 1", "meter/timeout", "no answer", second * 1_000);
    assert.is(faults.of("connector 1")?.code, "meter/timeout");
    faults.clear("connector 1");
    assert.is(faults.of("connector 1"), undefined);
  }
  assert.is(lines.length, 24);
  assert.is(silent.length, 576);
  assert.equal(lines.slice(-2), [
    "meter/timeout raised: no answer; it comes and goes, and is told less often now",
    "meter/timeout cleared",
  ]);
});

test("and then stays is told as soon as an hour has passed since it was told", () => {
  const { faults, lines } = told();
  for (let second = 0; second < 60; second += 1) {
    faults.raise("connector 1", "meter/timeout", "no answer", second * 1_000);
    if (second < 59) faults.clear("connector 1");
  }
  lines.splice(0);
  for (let minute = 1; minute < 60; minute += 1) faults.raise("connector 1", "meter/timeout", "?", minute * minuteMs);
  assert.equal(lines, []);
  faults.raise("connector 1", "meter/timeout", "?", 61 * minuteMs);
  faults.raise("connector 1", "meter/timeout", "?", 62 * minuteMs);
  assert.equal(lines.splice(0), ["meter/timeout raised: no answer"]);
  faults.clear("connector 1");
  assert.equal(lines, ["meter/timeout cleared"]);
});

test("takes nothing from another one", () => {
  const { faults, lines } = told();
  for (let second = 0; second < 60; second += 1) {
    faults.raise("connector 1", "meter/timeout", "no answer", second * 1_000);
    faults.clear("connector 1");
  }
  lines.splice(0);
  faults.raise("connector 2", "meter/timeout", "no answer", minuteMs);
  faults.raise("connector 1", "gpio/missing", "no pin", minuteMs);
  assert.is(lines.length, 2);
});

test.run();

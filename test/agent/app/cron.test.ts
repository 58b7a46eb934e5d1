// Turns of a schedule: a clock that jumps costs one turn, and what the config takes for a schedule node-cron takes too.
import cron from "node-cron";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { onSchedule } from "../../../agent/app/cron.js";
import { cronText } from "../../../config/cron.js";

const test = suite("a schedule");

/** Turns each minute, looked at when the test says so. */
function minutely(): { look: (at: number) => number } {
  let at = 0;
  let turns = 0;
  const look = onSchedule(
    () => Math.floor(at / 60) + 1,
    () => (turns += 1),
  );
  return { look: (seconds) => ((at = seconds), look(), turns) };
}

test("has one turn a minute, however often it is looked at", () => {
  const { look } = minutely();
  assert.equal([10, 50, 59, 60, 70, 119, 120, 125].map(look), [0, 0, 0, 1, 1, 1, 2, 2]);
});

test("has one turn after a jump of thirty days, and goes on at once after one back", () => {
  const { look } = minutely();
  assert.equal([30, 30 * 86_400, 30 * 86_400 + 10, 30 * 86_400 + 60].map(look), [0, 1, 1, 2]);
  assert.equal([3_600, 3_610, 3_660].map(look), [3, 3, 4]);
});

const taken = (text: string): boolean => cronText.safeParse(text).success;

test("of the config is refused where it is none, or its day never comes", () => {
  for (const text of [
    "* * * * *",
    "*/5 * * * *",
    "7,37 * * * *",
    "0 22-3 * * 1-5",
    "0 0 29 2 *",
    "0 0 31 2,3 *",
    "10-50/10 3 * * 7",
  ])
    assert.ok(taken(text), text);
  for (const text of [
    "",
    "often",
    "* * * *",
    "* * * * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "5/3 * * * *",
    "*/0 * * * *",
    "1- * * * *",
    "0 0 31 2 *",
    "0 0 30-31 2 *",
    "0 0 31 4,6 *",
    "a * * * *",
    "*  * * * *",
  ])
    assert.not.ok(taken(text), text);
});

test("of the config is one for node-cron, with a turn to come", () => {
  let state = 1;
  const random = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const most = [60, 24, 32, 13, 8];
  const figure = (index: number): string => String(random((most[index] ?? 0) + 1));
  const part = (index: number): string =>
    [
      () => "*",
      () => figure(index),
      () => `${figure(index)}-${figure(index)}`,
      () => `*/${random(40)}`,
      () => `${figure(index)}/${random(9)}`,
      () => `${figure(index)}-${figure(index)}/${random(9)}`,
    ][random(6)]?.() ?? "*";
  let tried = 0;
  for (let round = 0; round < 4_000; round += 1) {
    const text = most
      .map((_, index) => (random(3) === 0 ? [part(index), part(index)].join(",") : random(2) === 0 ? "*" : part(index)))
      .join(" ");
    if (!taken(text)) continue;
    tried += 1;
    const task = cron.createTask(text, () => undefined, { timezone: "UTC" });
    assert.ok(task.getNextRuns(1)[0] instanceof Date, text);
    void task.destroy();
  }
  assert.ok(tried > 500, String(tried));
});
test.run();

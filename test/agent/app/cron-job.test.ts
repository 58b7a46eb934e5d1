// Jobs of a cron expression under a wall clock that is set while they wait: node-cron alone counts every turn that was
// jumped over, a job of ours has one. And what the config takes for a schedule, node-cron takes too.
import cron from "node-cron";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CronJob } from "../../../agent/app/cron-job.js";
import { cronText } from "../../../config/cron.js";
import { MachineTime } from "../../support/time/machine-time.js";

const test = suite("a job on a schedule");

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

let time: MachineTime;
test.before.each(() => {
  time = new MachineTime(Date.UTC(2026, 2, 2, 10, 0, 30));
});
test.after.each(() => time.release());

/** A job that counts its turns. */
function counting(expression: string): { readonly job: CronJob; readonly turns: () => number } {
  let turns = 0;
  return { job: new CronJob(expression, () => void (turns += 1)), turns: () => turns };
}

/** Node-cron left to itself, as a trap that is still there. */
function started(expression: string, timezone: string) {
  const counts = { run: 0, missed: 0 };
  const task = cron.schedule(expression, () => void (counts.run += 1), { timezone, suppressMissedWarning: true });
  task.on("execution:missed", () => void (counts.missed += 1));
  return { counts, end: () => task.destroy() };
}

test("runs at each of its turns, and never again once it is closed", async () => {
  const { job, turns } = counting("*/2 * * * *");
  await time.pass(90_000);
  assert.is(turns(), 1);
  await time.pass(4 * minuteMs);
  assert.is(turns(), 3);
  job.close();
  await time.pass(4 * minuteMs);
  assert.is(turns(), 3);
  assert.is(cron.getTasks().size, 0, "nothing is left with node-cron");
});

test("node-cron alone walks through every turn that a clock was set over", async () => {
  const { counts, end } = started("* * * * *", "UTC");
  await time.pass(minuteMs);
  time.set(time.now + dayMs);
  await time.pass(minuteMs);
  await end();
  // In one go, with nothing else running meanwhile: of a month, 43 200.
  assert.ok(counts.missed >= dayMs / minuteMs - 1, JSON.stringify(counts));
});

test("a clock that is set forward by a month, or by ten years, costs one turn", async () => {
  const { job, turns } = counting("* * * * *");
  await time.pass(minuteMs);
  assert.is(turns(), 1);
  time.set(time.now + 30 * dayMs);
  await time.pass(minuteMs);
  assert.is(turns(), 2);
  await time.pass(2 * minuteMs);
  assert.is(turns(), 4);
  time.set(time.now + 3_650 * dayMs);
  await time.pass(minuteMs);
  assert.is(turns(), 5);
  job.close();
});

test("a clock that is set back costs no turns, as soon as the job is told", async () => {
  const { job, turns } = counting("* * * * *");
  await time.pass(minuteMs);
  time.set(time.now - hourMs);
  await time.pass(5 * minuteMs);
  assert.is(turns(), 1, "the time that was waited for is an hour away");
  job.clockWasSet();
  assert.is(turns(), 2);
  await time.pass(3 * minuteMs);
  assert.is(turns(), 5);
  job.close();
});

test("a clock that was set without a turn between runs nothing", () => {
  const { job, turns } = counting("17 3 * * *");
  time.set(time.now + hourMs);
  job.clockWasSet();
  assert.is(turns(), 0);
  job.close();
});

test("a process that was held up runs the turn late, and once", async () => {
  const { job, turns } = counting("* * * * *");
  await time.hold(10 * minuteMs);
  assert.is(turns(), 1);
  job.close();
});

test("in the night in which an hour comes twice, every turn is run", async () => {
  time.set(Date.UTC(2026, 9, 24, 23, 55, 30));
  const { job, turns } = counting("*/10 * * * *");
  const alone = started("*/10 * * * *", "Europe/Berlin");
  await time.pass(3 * hourMs);
  await alone.end();
  job.close();
  assert.is(turns(), 18);
  assert.ok(alone.counts.run < 18, "by local time node-cron leaves out the second of the two hours");
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

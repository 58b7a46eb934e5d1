// A slow disk is no reason to be killed; a loop that never ends is.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lookAtOpener, Watchdog } from "../../../agent/app/watchdog.js";
import { Faults } from "../../../agent/sync/faults.js";
import { SteppedClock } from "../../support/time/stepped-clock.js";

const test = suite("the watchdog and a slow disk");
/** What the unit allows between two signs of life. */
const watchdogMs = 30_000;

/** Signs of life while fsyncs of so many milliseconds follow each other after a turn of the loop. */
function signs(
  fsyncMs: number,
  count: number,
): { readonly longestGapMs: number; readonly lastMs: number; readonly pings: number } {
  let now = 1_000_000;
  const at: number[] = [now];
  const dog = new Watchdog(() => at.push(now));
  dog.turned(now);
  for (let nth = 0; nth < count; nth += 1) {
    now += fsyncMs;
    dog.synced(now);
  }
  return {
    longestGapMs: Math.max(0, ...at.slice(1).map((ms, index) => ms - (at[index] ?? 0))),
    lastMs: (at.at(-1) ?? 0) - 1_000_000,
    pings: at.length - 1,
  };
}

test("a settlement of twenty fsyncs, seconds each, is never longer without a sign of life than systemd waits", () => {
  for (const fsyncMs of [1_000, 3_000, 7_000, 14_000])
    assert.ok(signs(fsyncMs, 20).longestGapMs < watchdogMs, `${fsyncMs} ms`);
});

test("on a disk that is well nothing is told beside the timer", () => {
  assert.is(signs(20, 40).pings, 0);
});

test("a loop that writes and never turns is given up after five minutes", () => {
  const { lastMs } = signs(500, 10_000);
  assert.ok(lastMs <= 5 * 60_000 && lastMs > 4 * 60_000, String(lastMs));
});

test("an opener that is not there is a fault of the station, once, until it answers", () => {
  const told: string[] = [];
  const faults = new Faults(
    ({ device, code, message }) => told.push(`${device}: ${code}: ${message}`),
    ({ code }) => told.push(`cleared ${code}`),
  );
  const clock = new SteppedClock();
  for (const trouble of [undefined, "no answer", "no answer", undefined])
    lookAtOpener({ clock, openerTrouble: () => trouble }, faults);
  assert.equal(told, ["station: opener/missing: no answer", "cleared opener/missing"]);
});

test.run();

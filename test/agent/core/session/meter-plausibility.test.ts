import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ActivityTrack, drawingTrack, trackActivity } from "../../../../agent/core/session/activity.js";
import {
  implausible,
  type PlausibilityState,
  phasesBackwards,
  powerBackwards,
  powerWhileOpen,
} from "../../../../agent/core/session/meter-plausibility.js";
import type { Sale } from "../../../../agent/core/session/sale.js";
import type { Moment, Reading } from "../../../../drivers/driver.js";

const moment = (seconds: number, boot = "b"): Moment => ({
  at: seconds * 1000,
  monoMs: seconds * 1000,
  boot,
  trust: "synced",
});
const reading = (seconds: number, milliWh: number, powerW = 11_000, serial = "M1", boot = "b"): Reading => ({
  moment: moment(seconds, boot),
  energyMilliWh: milliWh,
  powerW,
  serial,
});
const begin = reading(0, 5_000_000);
const sale = { opening: { begin }, last: begin } as Sale;
const judge = (next: Reading, plausibility?: PlausibilityState, stepMilliWh = 1_000) =>
  implausible(sale, next, plausibility, { maxPowerW: 11_000, stepMilliWh, heartbeatMs: 60_000 });

/**
 * The faults of a meter that is looked at every `everyS`, for so long: at this power, in steps of `stepMilliWh`, with a
 * register that its maker writes down every `updatesS`.
 */
function faultsOf({
  powerW,
  stepMilliWh,
  everyS = 5,
  updatesS = 1,
  seconds = 1_500,
}: {
  powerW: number;
  stepMilliWh: number;
  everyS?: number;
  updatesS?: number;
  seconds?: number;
}): string[] {
  const faults: string[] = [];
  let plausibility: PlausibilityState | undefined;
  for (let at = everyS; at <= seconds; at += everyS) {
    const counted = (powerW * (at - (at % updatesS))) / 3.6;
    const shown = begin.energyMilliWh + Math.floor(counted / stepMilliWh) * stepMilliWh;
    const judged = judge(reading(at, shown, powerW), plausibility, stepMilliWh);
    plausibility = judged.plausibility;
    if (judged.fault !== undefined) faults.push(`${at} s: ${judged.fault.message}`);
  }
  return faults;
}

const readings = suite("a reading that can be true");
readings("climbs no faster than the connection allows", () => {
  // 11 kW for 60 s is 183 333 mWh.
  assert.is(judge(reading(60, 5_183_333)).fault, undefined);
  assert.is(judge(reading(60, 5_600_000)).fault?.code, "meter/implausible");
});
readings("never goes back", () => assert.is(judge(reading(60, 4_999_999)).fault?.code, "meter/implausible"));
readings("comes from the meter that the session began with", () =>
  assert.is(judge(reading(60, 5_100_000, 11_000, "M2")).fault?.code, "meter/serial-changed"),
);
readings("after a spike that is not used, the next good value is judged from the last good one", () => {
  const spike = judge(reading(60, 900_000_000));
  assert.is(spike.fault?.code, "meter/implausible");
  assert.is(judge(reading(61, 5_186_000), spike.plausibility).fault, undefined);
});
readings("after a reboot may have moved by one heartbeat of full power, and no more", () => {
  assert.is(judge(reading(9_000, 5_180_000, 0, "M1", "c")).fault, undefined);
  assert.is(judge(reading(9_000, 6_000_000, 0, "M1", "c")).fault?.code, "meter/implausible");
});
readings(
  "shows in the register what it shows as power: a register that stands still under load is a dead meter",
  () => {
    let plausibility: PlausibilityState | undefined;
    let seconds = 0;
    let fault: string | undefined;
    while (fault === undefined && seconds < 600) {
      seconds += 10;
      const judged = judge(reading(seconds, 5_000_000), plausibility);
      [plausibility, fault] = [judged.plausibility, judged.fault?.code];
    }
    assert.is(fault, "meter/stale");
    // 200 Wh at 11 kW take 65 s.
    assert.is(seconds, 70);
  },
);
readings("a counter of 100 Wh steps was killed after a minute at 3.6 kW: one step may come at any look", () =>
  assert.equal(faultsOf({ powerW: 3_600, stepMilliWh: 100_000 }), []),
);
readings("a counter of 100 Wh steps flapped at 10.5 kW: 84 faults in 25 minutes", () => {
  assert.equal(faultsOf({ powerW: 10_500, stepMilliWh: 100_000 }), []);
  assert.equal(faultsOf({ powerW: 10_500, stepMilliWh: 100_000, everyS: 1 }), []);
});
readings("a register that its maker writes down every ten seconds is judged since it last moved", () => {
  for (const stepMilliWh of [100, 1_000, 10_000, 100_000])
    assert.equal(faultsOf({ powerW: 11_000, stepMilliWh, everyS: 1, updatesS: 10 }), []);
});
readings("a counter of fine steps may not leap by a coarse one", () => {
  const still = judge(reading(1, 5_000_000)).plausibility;
  assert.is(judge(reading(2, 5_100_000), still, 100_000).fault, undefined);
  assert.is(judge(reading(2, 5_100_000), still, 1_000).fault?.code, "meter/implausible");
});
readings("after hours without power a register may not leap", () => {
  let plausibility: PlausibilityState | undefined;
  for (let seconds = 60; seconds <= 36_000; seconds += 60)
    plausibility = judge(reading(seconds, 5_000_000, 0), plausibility).plausibility;
  assert.is(judge(reading(36_005, 5_060_000), plausibility).fault?.code, "meter/implausible");
  assert.is(judge(reading(36_005, 5_015_000), plausibility).fault, undefined);
});
readings("one look with a power that nobody draws allows no leap", () => {
  const { plausibility } = judge(reading(5, 5_000_000, 9_000_000));
  assert.is(judge(reading(10, 6_000_000), plausibility).fault?.code, "meter/implausible");
});
readings("may stand still for hours while no power flows", () => {
  let plausibility: PlausibilityState | undefined;
  for (let seconds = 60; seconds < 36_000; seconds += 60) {
    const judged = judge(reading(seconds, 5_000_000, 0), plausibility);
    assert.is(judged.fault, undefined);
    plausibility = judged.plausibility;
  }
});
readings("shows no power while the contactor is open, but for what an idle meter shows", () => {
  assert.is(powerWhileOpen(reading(0, 5_000_000, 59), 60), undefined);
  assert.is(powerWhileOpen(reading(0, 5_000_000, 60), 60)?.code, "meter/power-while-open");
});
readings.run();

const direction = suite("a connector's meter that is wired backwards");
direction("is told by power below -20 W, or below 0.3 % of the connector's power, whichever is larger", () => {
  const code = (powerW: number, maxPowerW: number) => powerBackwards({ powerW }, maxPowerW)?.code;
  assert.is(code(-20, 3_700), undefined);
  assert.is(code(-21, 3_700), "meter/backwards");
  assert.is(code(-66, 22_000), undefined);
  assert.is(code(-67, 22_000), "meter/backwards");
  assert.is(code(10_000, 22_000), undefined);
});
direction("is found in a session, whether its register stands or falls", () => {
  assert.is(judge(reading(5, 5_000_000, -10_000)).fault?.code, "meter/backwards");
  assert.is(judge(reading(5, 4_990_000, -10_000)).fault?.code, "meter/backwards");
});
direction("is found while the contactor is open as power that cannot flow, whatever its sign", () =>
  assert.is(powerWhileOpen(reading(5, 5_000_000, -9_000), 20)?.code, "meter/power-while-open"),
);
direction("asks for power by the magnitude of it, so that the car is not idle", () => {
  const rules = { idlePowerW: 50, idleAfterMs: 1_000, idleGraceMs: 0 };
  assert.is(trackActivity(drawingTrack, 60_000, -60, rules).lowSinceMs, null);
});
direction("in one phase is told by the number of that phase", () => {
  assert.equal(phasesBackwards([3_300, -3_300, 3_300], 11_000), [2]);
  assert.equal(phasesBackwards([3_300, null, -33], 11_000), []);
});
direction.run();

const idle = suite("does the car ask for power");
const rules = { idlePowerW: 60, idleAfterMs: 10_000, idleGraceMs: 600_000 };
const follow = (powers: readonly [seconds: number, powerW: number][]): ActivityTrack =>
  powers.reduce((at, [seconds, powerW]) => trackActivity(at, seconds * 1000, powerW, rules), drawingTrack);
idle("a moment without power is no idling", () =>
  assert.is(
    follow([
      [0, 11_000],
      [10, 0],
      [15, 0],
    ]).activity,
    "charging",
  ),
);
idle("ten seconds without power are, and the grace is free", () =>
  assert.is(
    follow([
      [0, 11_000],
      [10, 0],
      [20, 0],
    ]).activity,
    "grace",
  ),
);
idle("after the grace, idle time counts", () =>
  assert.is(
    follow([
      [10, 0],
      [20, 0],
      [619, 0],
    ]).activity,
    "grace",
  ),
);
idle("the grace ends at its second", () =>
  assert.is(
    follow([
      [10, 0],
      [20, 0],
      [620, 0],
    ]).activity,
    "parking",
  ),
);
idle("a car that draws the very power of the limit is not idle", () => {
  assert.equal(
    follow([
      [0, 11_000],
      [10, 60],
      [7_000, 60],
    ]),
    drawingTrack,
  );
  assert.is(
    follow([
      [10, 59],
      [7_000, 59],
    ]).activity,
    "parking",
  );
});
idle("power that comes back ends the idling at once", () =>
  assert.equal(
    follow([
      [10, 0],
      [700, 0],
      [701, 4_000],
    ]),
    drawingTrack,
  ),
);
idle("each idle stretch has a grace of its own", () =>
  assert.is(
    follow([
      [10, 0],
      [700, 0],
      [701, 4_000],
      [702, 0],
      [715, 0],
    ]).activity,
    "grace",
  ),
);
idle.run();

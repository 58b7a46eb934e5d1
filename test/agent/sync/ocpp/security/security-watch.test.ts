// What the station sees by itself of the security events: a clock that was set, and a disk that fills up.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StationFault } from "../../../../../agent/sync/faults.js";
import type { Dialect } from "../../../../../agent/sync/ocpp/rpc/frame.js";
import { SecurityWatch } from "../../../../../agent/sync/ocpp/security/security-watch.js";
import type { Moment } from "../../../../../drivers/driver.js";
import { Csms } from "../../../../support/sync/csms.js";
import { letGo, ocppConfig, openUplink, world } from "../../../../support/sync/ocpp-bench.js";
import { SimulatedStation } from "../../../../support/sync/simulated-station.js";
import { HandClock } from "../../../../support/time/hand-clock.js";

const test = suite("what the station sees of its own safety");
test.after.each(letGo);

/** Somebody sets it. */
class SetClock extends HandClock {
  aheadMs = 0;
  override now(): Moment {
    const moment = super.now();
    return { ...moment, at: moment.at + this.aheadMs };
  }
}

function watched(): {
  readonly clock: SetClock;
  readonly faults: StationFault[];
  readonly kept: string[];
  readonly watch: SecurityWatch;
} {
  const clock = new SetClock();
  const faults: StationFault[] = [];
  const kept: string[] = [];
  const watch = new SecurityWatch({ clock, faults: () => faults, keep: (type, info) => kept.push(`${type}: ${info}`) });
  watch.begin();
  return { clock, faults, kept, watch };
}

const full: StationFault = { device: "disk", code: "disk/full", message: "12 MB left", sinceMs: 0 };

test("a clock that is set is told once for each time, with how far; one that is only disciplined is not", () => {
  const { clock, kept, watch } = watched();
  for (let minute = 0; minute < 60; minute += 1) {
    clock.aheadMs += 6;
    clock.advance(60_000);
  }
  assert.equal(kept, []);
  clock.aheadMs += 3_600_000;
  clock.advance(60_000);
  clock.aheadMs -= 1_500;
  watch.look();
  watch.look();
  assert.equal(kept, ["SettingSystemTime: set forward by 3600 s", "SettingSystemTime: set back by 1.5 s"]);
  watch.close();
  assert.is(clock.nextMs, undefined);
});

test("a disk that fills up is told once, and again after it had room", () => {
  const { clock, faults, kept } = watched();
  faults.push(full);
  clock.advance(60_000);
  clock.advance(60_000);
  faults.length = 0;
  clock.advance(60_000);
  faults.push(full);
  clock.advance(60_000);
  assert.equal(kept, [
    "MemoryExhaustion: little space is left on the disk",
    "MemoryExhaustion: little space is left on the disk",
  ]);
});

for (const dialect of ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"] as const satisfies readonly Dialect[])
  test(`${dialect}: a strict CSMS hears of it at once`, async () => {
    const csms = await Csms.open([dialect]);
    const lasting = { ...world(), clock: new SetClock() };
    const station = new SimulatedStation(lasting.clock, lasting.book);
    const { outbox } = openUplink(lasting, ocppConfig(csms.url), {}, station);
    const types = (): unknown[] => csms.of("SecurityEventNotification").map(({ payload }) => payload["type"]);
    const first = csms.until(() => types().length === 1);
    outbox.begin();
    await first;
    // What is outstanding is answered before time passes.
    for (let calm = 0; calm < 6; calm = lasting.clock.inFlight === 0 ? calm + 1 : 0)
      await new Promise((resolve) => setImmediate(resolve));
    const second = csms.until(() => types().length === 2);
    lasting.clock.aheadMs = -7_200_000;
    lasting.clock.advance(60_000);
    await second;
    assert.equal([types(), csms.violations], [["StartupOfTheDevice", "SettingSystemTime"], []]);
  });

test.run();

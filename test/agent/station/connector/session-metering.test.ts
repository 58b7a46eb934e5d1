// Which readings of a session are written down: those that move money at once, of the others one now and then.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Opening } from "../../../../agent/core/session/opening.js";
import { addReading, openSale, type Sale } from "../../../../agent/core/session/sale.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { SessionMetering } from "../../../../agent/station/connector/session-metering.js";
import type { Config } from "../../../../config/schema.js";
import type { Reading } from "../../../../drivers/driver.js";
import { settlement } from "../../../support/sample-receipt.js";

const test = suite("readings that are written down");
/** 17:59:00 in Berlin. */
const startMs = Date.UTC(2026, 5, 1, 15, 59);
const timing = { idleAfter: 10_000, idleGrace: 600_000, journalReading: 60_000 } as Config["timing"];

const reading = (seconds: number, wattHours: number, powerW = 10_000): Reading => ({
  moment: { at: startMs + seconds * 1_000, monoMs: seconds * 1_000, boot: "b", trust: "synced" },
  energyMilliWh: wattHours * 1_000,
  powerW,
  serial: "M1",
});

/** A session that began with its first reading; `kept` tells of each next one whether it is written down. */
function session(elements: readonly object[]): { readonly kept: (next: Reading) => boolean } {
  const parsed = parseTariff({
    country_code: "DE",
    party_id: "ABC",
    id: "T",
    currency: "EUR",
    last_updated: "2026-01-01T00:00:00Z",
    elements,
  });
  if (!parsed.ok) throw new Error("the test's tariff cannot be read");
  const begin = reading(0, 0);
  const opening: Opening = {
    id: "S1",
    acceptance: { token: settlement(2).token, authMethod: "WHITELIST" },
    meter: { vendor: "V", model: "M", serial: "M1" },
    tariff: parsed.tariff,
    timeZone: "Europe/Berlin",
    shown: { text: "0.30 EUR/kWh", atMs: startMs },
    begin,
  };
  const metering = new SessionMetering({ idlePowerW: 60, timing });
  metering.begin(begin);
  let sale: Sale = openSale(opening);
  return {
    kept: (next) => {
      const look = metering.look(sale, next);
      const isKept = metering.mustKeep(sale, look);
      metering.take(look, isKept);
      if (isKept) sale = addReading(sale, next, look.activity.activity, look.isAcrossBoundary);
      return isKept;
    },
  };
}
const energy = (price: number, restrictions?: object): object => ({
  price_components: [{ type: "ENERGY", price, step_size: 1 }],
  ...(restrictions === undefined ? {} : { restrictions }),
});

test("while nothing changes, one a minute", () => {
  const { kept } = session([energy(0.3)]);
  assert.equal(
    [5, 30, 55, 60, 65, 119, 120].map((seconds) => kept(reading(seconds, seconds * 2))),
    [false, false, false, true, false, false, true],
  );
});

test("the first beyond a change of price by the clock, by energy, or by power", () => {
  const byClock = session([energy(0.6, { start_time: "18:00", end_time: "22:00" }), energy(0.3)]);
  byClock.kept(reading(50, 100));
  assert.equal(
    [55, 59, 61, 66].map((seconds) => byClock.kept(reading(seconds, 110))),
    [false, false, true, false],
  );
  const byEnergy = session([energy(0.3, { max_kwh: 1 }), energy(0.6)]);
  assert.equal(
    [900, 999, 1_001, 1_010].map((wattHours, index) => byEnergy.kept(reading(5 + index, wattHours))),
    [false, false, true, false],
  );
  const byPower = session([energy(0.3, { max_power: 11 }), energy(0.6)]);
  assert.equal(
    [10_500, 11_500, 11_600, 9_000].map((powerW, index) => byPower.kept(reading(5 + index, 20, powerW))),
    [false, true, false, true],
  );
});

test("the one with which the car stops drawing, that with which its free time ends, and that with which it draws again", () => {
  const { kept } = session([energy(0.3)]);
  const low = (seconds: number): boolean => kept(reading(seconds, 20, 0));
  assert.equal([low(5), low(10), low(15), low(20)], [false, false, true, false]);
  assert.equal([low(614), low(615), low(620)], [true, true, false], "one a minute, then the end of the grace");
  assert.is(kept(reading(622, 21, 4_000)), true);
});

test.run();

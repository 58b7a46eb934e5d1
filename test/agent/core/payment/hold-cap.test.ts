// A session that is paid by a hold ends before its total can pass what is held: whatever the tariff, the car and the meter
// do between the looks at the meter.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type LookAhead, mayPassCap, whyBelowLeastTotal } from "../../../../agent/core/payment/hold-cap.js";
import { minorOf, minorText } from "../../../../agent/core/payment/minor-amount.js";
import { bill } from "../../../../agent/core/rating/session-bill.js";
import { drawingTrack, trackActivity } from "../../../../agent/core/session/activity.js";
import type { Opening } from "../../../../agent/core/session/opening.js";
import { addReading, ended, openSale } from "../../../../agent/core/session/sale.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import type { Reading } from "../../../../drivers/driver.js";
import { random } from "../../../support/random.js";
import { anyTariffJson, zones } from "../rating/arbitrary-session.js";

const test = suite("the cap of a hold");

const maxPowerW = 22_000;
const stepMilliWh = 1_000;
const answerMs = 1_000;
const contactorMs = 2_000;

type Story = {
  readonly tariff: object;
  readonly zone: string;
  readonly cents: number;
  readonly pollMs: number;
  readonly seed: number;
};

/** Lives the session to its end, as the station does; answers what is due, or undefined where it may not begin. */
function dueOf({
  tariff,
  zone,
  cents,
  pollMs,
  seed,
}: Story): { readonly due: number; readonly looks: number } | undefined {
  const parsed = parseTariff(tariff);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const chance = random(seed);
  const startMs = Date.parse("2026-10-24T18:00:00Z") + Math.floor(chance() * 86_400_000);
  const reading = (ms: number, milliWh: number, powerW: number): Reading => ({
    moment: { at: startMs + ms, monoMs: ms, boot: "b", trust: "synced" },
    // A register moves in steps.
    energyMilliWh: Math.floor(milliWh / stepMilliWh) * stepMilliWh,
    powerW,
    serial: "M",
  });
  const cap = minorText(cents, "EUR");
  const opening: Opening = {
    id: "S",
    acceptance: {
      token: { uid: "S000001", type: "AD_HOC_USER", contractId: "S000001", countryCode: "DE", partyId: "ABC" },
      authMethod: "AUTH_REQUEST",
      limits: { cost: cap, why: "held" },
      hold: "S000001",
    },
    meter: { vendor: "V", model: "M", serial: "M" },
    tariff: parsed.tariff,
    timeZone: zone,
    shown: { text: "", atMs: startMs },
    begin: reading(0, 500, 0),
  };
  const ahead: LookAhead = { horizonMs: pollMs + answerMs + contactorMs, fullPowerW: maxPowerW, stepMilliWh };
  if (whyBelowLeastTotal(opening, ahead) !== undefined) return undefined;
  let sale = openSale(opening);
  let [ms, milliWh, track] = [0, 500, drawingTrack];
  let powerW = maxPowerW;
  for (let look = 1; look <= 200; look += 1) {
    if (chance() < 0.05) powerW = [0, 3_700, 11_000, maxPowerW][Math.floor(chance() * 4)] ?? 0;
    const spanMs = pollMs + Math.floor(chance() * answerMs);
    ms += spanMs;
    milliWh += (powerW * spanMs) / 3_600;
    track = trackActivity(track, startMs + ms, powerW, { idlePowerW: 60, idleAfterMs: 10_000, idleGraceMs: 0 });
    sale = addReading(sale, reading(ms, milliWh, powerW), track.activity, false);
    if (!mayPassCap(sale, cap, { ...ahead, fullPowerW: maxPowerW }) && look < 200) continue;
    const restMs = Math.floor(chance() * contactorMs);
    const end = reading(ms + restMs, milliWh + (powerW * restMs) / 3_600, 0);
    const over = ended(sale, { ...end.moment, at: startMs + ms, monoMs: ms }, end);
    return { due: minorOf(bill(over.rating).due.gross, "EUR"), looks: look };
  }
  throw new Error("a session ends");
}

test("no session costs more than what is held for it", () => {
  const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);
  let begun = 0;
  fc.assert(
    fc.property(
      anyTariffJson,
      zones,
      fc.integer({ min: 50, max: 3_000 }),
      fc.constantFrom(1_000, 5_000, 20_000, 60_000),
      fc.integer({ min: 1, max: 2 ** 31 }),
      (tariff, zone, cents, pollMs, seed) => {
        const ended = dueOf({ tariff, zone, cents, pollMs, seed });
        if (ended === undefined) return;
        begun += 1;
        assert.ok(ended.due <= cents, `${ended.due} of ${cents} after ${ended.looks} looks`);
      },
    ),
    { numRuns: 25 * times, seed: 1, endOnFailure: true },
  );
  assert.ok(begun > 5, `${begun} sessions began`);
});

const perKwh = { type: "ENERGY", price: 0.5, step_size: 1 };
const tariffOf = (elements: readonly object[], rest: object = {}): object => ({
  id: "T",
  currency: "EUR",
  elements,
  last_updated: "2026-01-01T00:00:00Z",
  ...rest,
});

test("a hold below the least total is not begun on: a flat fee, a minimum, a first step", () => {
  const story = { zone: "Europe/Berlin", pollMs: 1_000, seed: 1 };
  const flat = tariffOf([{ price_components: [{ type: "FLAT", price: 3, step_size: 1 }, perKwh] }]);
  assert.is(dueOf({ ...story, tariff: flat, cents: 299 }), undefined);
  assert.ok((dueOf({ ...story, tariff: flat, cents: 350 })?.due ?? 0) > 300);
  const minimum = tariffOf([{ price_components: [perKwh] }], { min_price: { excl_vat: 2 } });
  assert.is(dueOf({ ...story, tariff: minimum, cents: 199 }), undefined);
  const step = tariffOf([{ price_components: [{ type: "TIME", price: 6, step_size: 3_600 }] }]);
  assert.is(dueOf({ ...story, tariff: step, cents: 599 }), undefined);
});

test("a price that asks for little power is not passed by a car that drew much at the last look", () => {
  const tariff = tariffOf([
    { price_components: [{ type: "ENERGY", price: 10, step_size: 1 }], restrictions: { max_power: 4 } },
    { price_components: [{ type: "ENERGY", price: 0.01, step_size: 1 }] },
  ]);
  for (let seed = 1; seed <= 8; seed += 1) {
    const ended = dueOf({ tariff, zone: "Europe/Berlin", cents: 700, pollMs: 60_000, seed });
    assert.ok(ended !== undefined && ended.due <= 700, `seed ${seed}: ${ended?.due} of 700`);
  }
});

test("the session goes on as long as the cap leaves room for the way to its end", () => {
  const tariff = tariffOf([{ price_components: [perKwh] }]);
  const ended = dueOf({ tariff, zone: "Europe/Berlin", cents: 20, pollMs: 1_000, seed: 3 });
  // 22 kW take 24 Wh in the four seconds of the look-ahead, which cost 1.2 cents; the register's step costs 0.05.
  assert.ok((ended?.due ?? 0) >= 18, `${ended?.due} of 20`);
});

test.run();

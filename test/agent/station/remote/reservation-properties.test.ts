// Whatever is reserved, cancelled, plugged in, tapped, broken and restarted, in whatever order: no connector is kept for
// two, nobody pays who was not told, and no minute of a connector is paid for twice.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { payloadOf, soldIn } from "../../../../agent/core/receipt/receipt-payload.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { TestStation } from "../../../support/station/test-station.js";

const test = suite("reservations in any order");
const seed = Number(process.env["CHARGETILL_SEED"] ?? 20_261_130);
console.log(`seed ${seed}`);
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);
const minute = 60_000;
const cards = ["04A23B1C5D6E80", "9F3C77E1"] as const;

const parsed = parseTariff({
  country_code: "DE",
  party_id: "EMP",
  id: "RES",
  currency: "EUR",
  elements: [
    { price_components: [{ type: "ENERGY", price: 0.5, vat: 19, step_size: 1 }] },
    {
      price_components: [{ type: "TIME", price: 3, vat: 19, step_size: 1 }],
      restrictions: { reservation: "RESERVATION" },
    },
  ],
  last_updated: "2026-01-01T00:00:00Z",
});
if (!parsed.ok) throw new Error("the test's tariff cannot be read");
const { tariff } = parsed;

type Step =
  | {
      readonly does: "reserve";
      readonly at: number;
      readonly card: number;
      readonly minutes: number;
      readonly told: boolean;
    }
  | { readonly does: "cancel"; readonly id: number }
  | { readonly does: "plug" | "unplug" | "fault"; readonly at: number }
  | { readonly does: "tap"; readonly card: number }
  | { readonly does: "pass"; readonly minutes: number }
  | { readonly does: "restart" };

const at = fc.constantFrom(1, 2);
const card = fc.constantFrom(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant("reserve" as const),
      at,
      card,
      minutes: fc.integer({ min: 1, max: 30 }),
      told: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("cancel" as const), id: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constantFrom("plug" as const, "unplug" as const), at }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("fault" as const), at }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("tap" as const), card }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("pass" as const), minutes: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("restart" as const) }) },
);

type Order = { readonly card: string; readonly at: number; readonly told: boolean };

/** One connector is kept for one card at most, and nobody charges where it is kept for another. */
function keepsPromises({ services, clock, config }: TestStation): void {
  const { orders, sessions } = services.station.stationState();
  for (const { id } of config.connectors) {
    const holders = [...orders.reservations.values()]
      .filter(({ connector, untilMs }) => connector === id && untilMs > clock.now().at)
      .map(({ token }) => token.uid);
    assert.ok(new Set(holders).size <= 1, `connector ${id} is kept for ${holders.join()}`);
    const session = sessions.get(id);
    if (session?.state !== "charging" || session.sale.opening.reserved === undefined) continue;
    assert.not.ok(orders.reservations.has(session.sale.opening.reserved.id), "what was used stands no more");
  }
}

/** What was charged for reservations: who, where, from when until when. */
function chargedBy({ services }: TestStation) {
  return [...services.book.entries()].flatMap(({ jws }) => {
    const payload = payloadOf(jws);
    const sold = payload === undefined ? undefined : soldIn(payload);
    if (payload === undefined || sold === undefined) return [];
    const lines = sold.price.lines.filter(({ dimension }) => dimension === "RESERVATION_TIME");
    return lines.map(({ fromMs, toMs }) => ({
      card: sold.token.card,
      at: sold.connector.id,
      fromMs,
      toMs,
      id: payload.kind === "reservation" ? payload.reservation.id : undefined,
    }));
  });
}

async function take(testStation: TestStation, one: Step, orders: Map<string, Order>): Promise<TestStation> {
  const { services, clock } = testStation;
  switch (one.does) {
    case "reserve": {
      const id = `csms:${orders.size + 1}`;
      const uid = cards[one.card] ?? cards[0];
      const token = { uid, type: "RFID" as const, contractId: "C", countryCode: "DE", partyId: "EMP" };
      const untilMs = clock.now().at + one.minutes * minute;
      const answer = services.remote.reserve({ id, by: "csms", connector: one.at, token, untilMs }, one.told);
      orders.set(id, { card: uid, at: one.at, told: answer.accepted && one.told });
      break;
    }
    case "cancel":
      services.remote.cancel(`csms:${one.id}`, "csms");
      break;
    case "plug":
    case "unplug":
      await testStation.plug(one.at, one.does === "plug");
      break;
    case "fault":
      services.station.faults.raise(`connector ${one.at}`, "meter/timeout", "silent", clock.now().at);
      services.station.faults.clear(`connector ${one.at}`, "meter/");
      break;
    case "tap":
      await testStation.tap(cards[one.card] ?? cards[0]);
      break;
    case "pass":
      for (const { id } of testStation.config.connectors) await testStation.charge(id, 100, 5);
      await clock.pass(one.minutes * minute);
      break;
    case "restart":
      return testStation.again();
    default:
      return one satisfies never;
  }
  await clock.pass(1_000);
  return testStation;
}

test("no connector is kept for two, and only what was told is charged, once", async () => {
  let charged = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 25 }), async (steps) => {
      let testStation = new TestStation();
      testStation.services.remote.setTariff(tariff, null, "csms");
      const orders = new Map<string, Order>();
      for (const one of steps) {
        testStation = await take(testStation, one, orders);
        keepsPromises(testStation);
      }
      for (const { id } of testStation.config.connectors) await testStation.plug(id, false);
      await testStation.clock.pass(40 * minute);
      const all = chargedBy(testStation);
      charged += all.length;
      for (const one of all) {
        const told = [...orders].filter(
          ([, order]) => order.told && order.card.endsWith(one.card.slice(1)) && order.at === one.at,
        );
        assert.ok(told.length > 0, `card ${one.card} was never told a price at connector ${one.at}`);
        if (one.id !== undefined) assert.is(orders.get(one.id)?.told, true);
        for (const other of all)
          if (other !== one && other.at === one.at)
            assert.ok(other.toMs <= one.fromMs || one.toMs <= other.fromMs, "one minute was paid for twice");
      }
      const ids = all.flatMap(({ id }) => id ?? []);
      assert.is(new Set(ids).size, ids.length);
      await testStation.close();
    }),
    { seed, numRuns: 40 * times },
  );
  assert.ok(charged > 10, "the steps charged hardly anything: they prove little");
});

test.run();

// What a reservation costs, asked of a whole agent: only what was told before is charged, once, and never where the
// station could not be used.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdrCopies } from "../../../../agent/core/cdr/cdr-copies.js";
import type { SessionToken } from "../../../../agent/core/cdr/settlement.js";
import { payloadOf, type ReceiptPayload, soldIn } from "../../../../agent/core/receipt/receipt-payload.js";
import type { Reservation } from "../../../../agent/core/station/backend-orders.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { exitCode } from "../../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { bookNote } from "../../../../agent/core/verify/verify-book.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../../agent/receipts/dispute/findings-text.js";
import { dayAhead } from "../../../support/day-ahead.js";
import { TestStation, testStationConfig } from "../../../support/station/test-station.js";
import { SteppedClock } from "../../../support/time/stepped-clock.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const minute = 60_000;
const known = "04A23B1C5D6E80";
const other = "9F3C77E1";
const token = (uid: string): SessionToken => ({
  uid,
  type: "RFID",
  contractId: `C-${uid}`,
  countryCode: "DE",
  partyId: "EMP",
});

/** 3.00 an hour while reserved, 4.00 where nobody comes, 0.50 per kWh; all before 19 % tax. */
const reservable = (perHour = 3, perKwh = 0.5) => {
  const parsed = parseTariff({
    country_code: "DE",
    party_id: "EMP",
    id: "RES",
    currency: "EUR",
    elements: [
      { price_components: [{ type: "ENERGY", price: perKwh, vat: 19, step_size: 1 }] },
      {
        price_components: [{ type: "TIME", price: perHour, vat: 19, step_size: 60 }],
        restrictions: { reservation: "RESERVATION" },
      },
      {
        price_components: [{ type: "FLAT", price: 4, vat: 19, step_size: 1 }],
        restrictions: { reservation: "RESERVATION_EXPIRES" },
      },
    ],
    last_updated: "2026-01-01T00:00:00Z",
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.tariff;
};

/** A station whose connectors sell by that tariff. */
function openStation(files = new VolatileFiles(), clock = new SteppedClock()): TestStation {
  const testStation = new TestStation(testStationConfig(), clock, files);
  testStation.services.remote.setTariff(reservable(), null, "csms");
  return testStation;
}

function reserve(testStation: TestStation, minutes: number, more: Partial<Reservation> = {}, told = true): void {
  const answer = testStation.services.remote.reserve(
    {
      id: "csms:1",
      by: "csms",
      connector: 1,
      token: token(known),
      untilMs: testStation.clock.now().at + minutes * minute,
      ...more,
    },
    told,
  );
  assert.equal(answer, { accepted: true });
}

const payloads = (testStation: TestStation): ReceiptPayload[] =>
  [...testStation.services.book.entries()].flatMap(({ jws }) => payloadOf(jws) ?? []);
/** Kind and total of all that was sold. */
const soldBy = (testStation: TestStation): unknown[] =>
  payloads(testStation).flatMap((payload) => {
    const sold = soldIn(payload);
    return sold === undefined ? [] : [[payload.kind, sold.price.due.gross]];
  });
const notes = (testStation: TestStation): string =>
  testStation.event.flatMap((event) => (event.type === "note" ? [event.text] : [])).join("\n");

/** The whole book holds, whoever checks it. */
function bookHolds(testStation: TestStation): void {
  const { book, issuer, disclosures: opened } = testStation.services;
  const receipts = [...book.entries()].map(({ jws }) => jws);
  const disclosures = receipts.map((_, at) => opened.of(at + 1));
  const text = JSON.stringify({
    format: "chargetill book 1",
    note: bookNote,
    station: testStation.config.station.id,
    receipts,
    disclosures,
    checkpoint: issuer.chain.checkpoint,
  });
  const pins = { fingerprints: new Set([issuer.keyId.slice(7)]), keys: [] };
  const findings = verifyEvidence([{ name: "book.json", text }], pins, verifyTools());
  assert.is(exitCode(findings), 0, findingsText(findings));
}

async function chargeAndLeave(testStation: TestStation): Promise<void> {
  await testStation.charge(1, 2_000, 2_000);
  await testStation.plug(1, false);
  await testStation.clock.pass(10_000);
}

const test = suite("the fee of a reservation");

test("that is used is the head of its session's receipt", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  await testStation.clock.pass(10 * minute);
  await testStation.plug(1);
  await testStation.tap(known);
  await chargeAndLeave(testStation);
  const [receipt] = payloads(testStation).filter(({ kind }) => kind === "sale");
  const price = receipt?.kind === "sale" ? receipt.sale.price : undefined;
  // Paper: 10 min x 0.05 = 0.50, with tax 0.595; the moments until the meter was read are no whole second.
  assert.is(price?.billed.reservation, "600");
  assert.is(price?.totalReservationCost.incl, "0.595");
  await testStation.clock.pass(60 * minute);
  assert.is(soldBy(testStation).length, 1, "what was used does not expire too");
  bookHolds(testStation);
  await testStation.close();
});

test("that nobody came for is a receipt of its own, without readings, and goes out as a CDR", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  await testStation.clock.pass(31 * minute);
  // Paper: 30 min x 0.05 + 4.00 = 5.50, with tax 6.545.
  assert.equal(soldBy(testStation), [["reservation", "6.55"]]);
  const entry = [...testStation.services.book.entries()].at(-1);
  assert.is(entry?.ocmf, "");
  const payload = payloadOf(entry?.jws ?? "");
  assert.ok(payload?.kind === "reservation");
  const { reservation } = payload;
  assert.equal([reservation.id, reservation.by], ["csms:1", "csms"]);
  assert.match(reservation.shown.text, /Reservation: .*0\.05/);
  assert.is(Date.parse(reservation.end) - Date.parse(reservation.start), 30 * minute);
  const copies = (entry?.cdr ?? { texts: {} }) as CdrCopies;
  const cdr = JSON.parse(Object.values(copies.texts)[0] ?? "{}");
  const cost = { before_taxes: 5.5, taxes: [{ name: "VAT", percentage: 19, amount: 1.045 }] };
  assert.equal([cdr.total_energy, cdr.total_time, cdr.total_cost, cdr.total_reservation_cost], [0, 0, cost, cost]);
  assert.equal(cdr.charging_periods.length, 1);
  assert.equal(cdr.charging_periods[0].dimensions, [{ type: "RESERVATION_TIME", volume: 0.5 }]);
  assert.is(cdr.auth_method, "COMMAND");
  assert.is("meter_id" in cdr || "signed_data" in cdr, false, "nothing was metered");
  assert.not.match(notes(testStation), "kept back");
  bookHolds(testStation);
  // Taken back like any other.
  testStation.services.issuer.corrections.credit(
    payload.number,
    { reason: "the driver was ill", by: "A. Operator" },
    testStation.clock.now(),
  );
  bookHolds(testStation);
  await testStation.close();
});

test("is never charged where its price was not told", async () => {
  const testStation = openStation();
  reserve(testStation, 30, {}, false);
  assert.match(notes(testStation), /it is not charged: .*chargeReservations/);
  await testStation.clock.pass(31 * minute);
  assert.equal(soldBy(testStation), []);
  reserve(testStation, 30, {}, false);
  await testStation.plug(1);
  await testStation.tap(known);
  await chargeAndLeave(testStation);
  // 2 kWh at 0.50, and 19 %.
  assert.equal(soldBy(testStation), [["sale", "1.19"]]);
  await testStation.close();
});

test("is not charged by another price than the one that was told", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  await testStation.clock.pass(10 * minute);
  testStation.services.remote.setTariff(reservable(30), null, "csms");
  await testStation.plug(1);
  await testStation.tap(known);
  await chargeAndLeave(testStation);
  assert.equal(soldBy(testStation), [["sale", "1.19"]]);
  assert.match(notes(testStation), "not charged: the session is sold by another price");
  // Where nobody comes, the price that was told still holds.
  reserve(testStation, 30, { id: "csms:2" });
  testStation.services.remote.setTariff(reservable(60), null, "csms");
  await testStation.clock.pass(31 * minute);
  // Paper: 30 min x 0.50 + 4.00 = 19.00, with tax 22.61.
  assert.equal(soldBy(testStation).at(-1), ["reservation", "22.61"]);
  await testStation.close();
});

test("is not charged where the backend took it back", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  await testStation.clock.pass(29 * minute);
  testStation.services.remote.cancel("csms:1", "csms");
  await testStation.clock.pass(10 * minute);
  assert.equal(soldBy(testStation), []);
  await testStation.close();
});

test("is each one's own where two follow one another", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  await testStation.clock.pass(30 * minute);
  reserve(testStation, 10, { id: "csms:2", token: token(other) });
  await testStation.clock.pass(20 * minute);
  // Paper: 5.50 and 10 min x 0.05 + 4.00 = 4.50, with tax 6.545 and 5.355.
  assert.equal(soldBy(testStation), [
    ["reservation", "6.55"],
    ["reservation", "5.36"],
  ]);
  bookHolds(testStation);
  await testStation.close();
});

test("is charged once where the same card reserved the connector twice over", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  reserve(testStation, 30, { id: "csms:2" });
  await testStation.clock.pass(31 * minute);
  assert.equal(soldBy(testStation), [["reservation", "6.55"]]);
  await testStation.close();
});

test("runs on from the first order where the backend makes it longer", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  await testStation.clock.pass(20 * minute);
  reserve(testStation, 20);
  await testStation.clock.pass(21 * minute);
  // Paper: 40 min x 0.05 + 4.00 = 6.00, with tax 7.14.
  assert.equal(soldBy(testStation), [["reservation", "7.14"]]);
  await testStation.close();
});

test("reserved by card A, a tap of card B is refused, and A pays nothing for B's car", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  await testStation.plug(1);
  await testStation.tap(other);
  assert.match(testStation.answers().at(-1) ?? "", /reserved for another card/);
  await testStation.clock.pass(31 * minute);
  assert.equal(soldBy(testStation), [], "the car that stood there may have kept A from coming");
  await testStation.close();
});

test("is not charged to another card of the group, which was told nothing", async () => {
  const testStation = new TestStation(
    testStationConfig((config) => ({ ...config, tokens: config.tokens.map((one) => ({ ...one, group: "fleet" })) })),
  );
  testStation.services.remote.setTariff(reservable(), null, "csms");
  reserve(testStation, 30, { group: "fleet" });
  await testStation.plug(1);
  await testStation.tap(other);
  await chargeAndLeave(testStation);
  assert.equal(soldBy(testStation), [["sale", "1.19"]]);
  await testStation.close();
});

test("of no connector in particular is not charged: no price was told for one", async () => {
  const testStation = openStation();
  reserve(testStation, 30, { connector: null });
  await testStation.clock.pass(31 * minute);
  assert.equal(soldBy(testStation), []);
  await testStation.close();
});

test("is not charged to a driver who has tapped and still has to plug in", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  await testStation.clock.pass(30 * minute - 20_000);
  await testStation.tap(known);
  await testStation.clock.pass(5 * minute);
  assert.equal(soldBy(testStation), []);
  await testStation.close();
});

for (const [what, happens] of [
  ["a fault of its connector", (station: TestStation) => fault(station, "connector 1")],
  ["a reader that failed", (station: TestStation) => fault(station, "reader front")],
  ["an order that takes it out of service", (station: TestStation) => outOfService(station)],
] as const)
  test(`is not charged after ${what}, even if all is well when it expires`, async () => {
    const testStation = openStation();
    reserve(testStation, 30);
    await testStation.clock.pass(10 * minute);
    happens(testStation);
    await testStation.clock.pass(21 * minute);
    assert.equal(soldBy(testStation), []);
    await testStation.close();
  });

function fault({ services, clock }: TestStation, device: string): void {
  const { faults } = services.station;
  faults.raise(device, device.startsWith("reader") ? "reader/missing" : "meter/timeout", "silent", clock.now().at);
  faults.clear(device, device.startsWith("reader") ? "reader/" : "meter/");
}

function outOfService({ services: { remote } }: TestStation): void {
  remote.setOperative(1, false, "csms");
  remote.setOperative(1, true, "csms");
}

test("of another connector is still charged", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  fault(testStation, "connector 2");
  await testStation.clock.pass(31 * minute);
  assert.equal(soldBy(testStation), [["reservation", "6.55"]]);
  await testStation.close();
});

test("is not charged after a restart in its time, and the reservation stands all the same", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  await testStation.clock.pass(10 * minute);
  const next = await testStation.again();
  assert.is(next.services.station.stationState().orders.reservations.size, 1);
  await next.clock.pass(21 * minute);
  assert.equal(soldBy(next), []);
  await next.close();
});

test("needs nothing of the journal that the night's work has put into the archive", async () => {
  const testStation = openStation();
  reserve(testStation, 30);
  testStation.services.station.restate();
  const { journal, retention, station } = testStation.services;
  journal.forget(retention.first(station.stationState(), journal.lastSeq));
  await testStation.clock.pass(31 * minute);
  assert.equal(soldBy(testStation), [["reservation", "6.55"]]);
  await testStation.close();
});

test("of a tariff of many elements carries the part that it could meet, which prices it alike", async () => {
  const testStation = new TestStation();
  const spot = dayAhead("2026-09-21", 2, (slot) => slot / 1000);
  const fee = { type: "TIME", price: 3, vat: 19, step_size: 60 };
  const element = { price_components: [fee], restrictions: { reservation: "RESERVATION" } };
  const parsed = parseTariff({ ...spot, elements: [...(spot["elements"] as unknown[]), element] });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  testStation.services.remote.setTariff(parsed.tariff, null, "csms");
  reserve(testStation, 30);
  await testStation.clock.pass(31 * minute);
  // Paper: 30 min x 0.05 = 1.50, with tax 1.785.
  assert.equal(soldBy(testStation), [["reservation", "1.79"]]);
  const receipt = payloads(testStation).at(-1);
  assert.ok(receipt?.kind === "reservation");
  const { value, cutFrom } = receipt.reservation.tariff;
  assert.ok((value as { elements: unknown[] }).elements.length < 10);
  assert.ok(cutFrom !== undefined);
  // And where it is used: the session is sold by the same whole.
  reserve(testStation, 30, { id: "csms:2" });
  await testStation.clock.pass(10 * minute);
  await testStation.plug(1);
  await testStation.tap(known);
  await chargeAndLeave(testStation);
  const sold = payloads(testStation).at(-1);
  assert.ok(sold?.kind === "sale");
  assert.is(sold.sale.price.totalReservationCost.incl, "0.595");
  bookHolds(testStation);
  await testStation.close();
});

test("is charged once or not at all wherever the power is cut, and the book holds", async () => {
  const whole = openStation();
  const from = operationsOf(whole);
  reserve(whole, 30);
  await whole.clock.pass(31 * minute);
  const until = operationsOf(whole);
  await whole.close();
  assert.ok(until > from);
  const outcomes = new Set<string>();
  for (let cutAt = from + 1; cutAt <= until + 1; cutAt += 1) {
    const files = new VolatileFiles({ cutAt });
    const testStation = openStation(files);
    await (async () => {
      reserve(testStation, 30);
      await testStation.clock.pass(31 * minute);
    })().catch(() => undefined);
    const next = new TestStation(testStation.loaded, testStation.clock, files.afterHardCut());
    await next.clock.pass(61 * minute);
    outcomes.add(JSON.stringify(soldBy(next)));
    bookHolds(next);
    await next.close();
  }
  assert.equal([...outcomes].sort(), ["[]", '[["reservation","6.55"]]'].sort());
});

const operationsOf = ({ files }: TestStation): number => files.operations;

test.run();

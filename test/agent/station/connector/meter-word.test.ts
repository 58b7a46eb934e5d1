// What stands at a meter until a person has said a word: a register that fell since its last receipt, and faults that
// are no longer seen as soon as nothing is sold. Once, all of them were forgotten between two sessions.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { receiptSheet } from "../../../../agent/core/print/receipt-sheet.js";
import { payloadOf, type SalePayload } from "../../../../agent/core/receipt/receipt-payload.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import type { MeterAcceptance } from "../../../../agent/station/connector/accept-meter.js";
import { languages } from "../../../../config/languages.js";
import { TestStation } from "../../../support/station/test-station.js";

const ada = "04A23B1C5D6E80";

const standing = (station: TestStation): string[] => station.services.station.faults.all().map(({ code }) => code);
const sales = (station: TestStation): SalePayload[] =>
  [...station.services.book.entries()].flatMap(({ jws }) => {
    const payload = payloadOf(jws);
    return payload?.kind === "sale" ? [payload] : [];
  });

/** A car comes to connector 1, draws so many Wh, and goes. */
async function visit(station: TestStation, wattHours: number): Promise<void> {
  await station.plug(1);
  await station.tap(ada);
  await station.clock.pass(2_000);
  await station.charge(1, wattHours, 20);
  await station.plug(1, false);
  await station.clock.pass(20_000);
}

/** A person's word about connector 1. */
async function said(
  station: TestStation,
  note: string,
  registerOnly = false,
): Promise<MeterAcceptance | null | string> {
  const accepting = station.services.station.acceptMeter(1, { by: "A. Technician", note, registerOnly });
  await station.clock.pass(3_000);
  return accepting;
}

const test = suite("a register that fell between two sessions");

test("sells nothing, says so before a driver comes, and over a restart too", async () => {
  let station = new TestStation();
  await visit(station, 100);
  assert.is(sales(station).length, 1);
  station.outlet(1).energyMilliWh -= 260_000_000;
  await station.clock.pass(20_000);
  assert.equal(standing(station), ["meter/register-fell"]);
  assert.is(station.outlet(1).shown, "fault");
  station = await station.again();
  await station.clock.pass(20_000);
  assert.equal([standing(station), station.outlet(1).shown], [["meter/register-fell"], "fault"]);
  await visit(station, 100);
  assert.is(sales(station).length, 1);
  assert.match(station.answers().at(-1) ?? "", /shows .* kWh, and its last receipt ends at /);
  await station.close();
});

test("that is right again at the next look was one false reading, and nobody has to come", async () => {
  const station = new TestStation();
  await visit(station, 100);
  station.outlet(1).energyMilliWh -= 1_000;
  await station.clock.pass(20_000);
  assert.equal(standing(station), ["meter/register-fell"]);
  station.outlet(1).energyMilliWh += 1_000;
  await station.clock.pass(20_000);
  assert.equal(standing(station), []);
  await station.close();
});

test("sells again by a person's word, which is journalled and stands on the next receipt, and on no later one", async () => {
  let station = new TestStation();
  await visit(station, 100);
  station.outlet(1).energyMilliWh = 500_000;
  await station.clock.pass(20_000);
  const accepted = await said(station, "meter replaced, seal 4711");
  assert.equal(accepted, {
    connector: 1,
    mended: [],
    register: { serial: "M1", lastMilliWh: 1_100_000, acceptedMilliWh: 500_000 },
  });
  assert.equal(standing(station), []);
  // A restart between the word and the next session loses nothing.
  station = await station.again();
  await visit(station, 100);
  await visit(station, 100);
  const [, second, third] = sales(station);
  assert.match(second?.sale.registerAccepted?.by ?? "", /A. Technician/);
  assert.equal(
    [
      second?.sale.registerAccepted?.lastKwh,
      second?.sale.registerAccepted?.registerKwh,
      second?.sale.begin.registerKwh,
    ],
    ["1.100", "0.500", "0.500"],
  );
  assert.is(third?.sale.registerAccepted, undefined);
  const jws = station.services.book.get(second?.number ?? 0)?.jws ?? "";
  for (const language of languages) {
    const { sections } = receiptSheet(jws, sha256, { language });
    const told = sections.flatMap(({ rows }) => rows).map((row) => (row.kind === "fact" ? row.value : ""));
    assert.ok(
      told.some((text) => /^1[.,]100 kWh -> 0[.,]500 kWh, .*, A\. Technician: meter replaced, seal 4711$/.test(text)),
      `${language}: ${told.join("\n")}`,
    );
  }
  await station.close();
});

test("needs no word where nothing stands", async () => {
  const station = new TestStation();
  await visit(station, 100);
  assert.is(await said(station, "nothing"), null);
  await station.close();
});

test.run();

const faults = suite("a fault that is out of sight as soon as nothing is sold");

/** A car charges at connector 1; the auxiliary contact follows the coil. */
async function charging(): Promise<TestStation> {
  const station = new TestStation();
  const outlet = station.outlet(1);
  outlet.feedback = () => outlet.closed;
  await station.plug(1);
  await station.tap(ada);
  await station.charge(1, 120, 60);
  return station;
}

faults(
  "a contactor that dropped out sells nothing more although its contacts agree on open, until its test passes",
  async () => {
    let station = await charging();
    station.outlet(1).feedback = () => false;
    station.outlet(1).powerW = 0;
    await station.clock.pass(60_000);
    await station.plug(1, false);
    await station.clock.pass(60_000);
    assert.equal([standing(station), station.outlet(1).shown], [["contactor/not-closing"], "fault"]);
    station = await station.again();
    station.services.station.restate();
    await station.clock.pass(20_000);
    assert.equal(standing(station), ["contactor/not-closing"]);
    const outlet = station.outlet(1);
    outlet.feedback = () => false;
    const tested = async (): Promise<void> => {
      const testing = station.services.station.connectors.get(1)?.testContactor(1_000);
      await station.clock.pass(5_000);
      await testing;
    };
    await tested();
    assert.equal(standing(station), ["contactor/not-closing"]);
    outlet.feedback = () => outlet.closed;
    await tested();
    assert.equal(standing(station), []);
    await station.close();
  },
);

faults(
  "a meter that is wired backwards sells nothing more although it shows 0 W, until a person says a word",
  async () => {
    let station = await charging();
    const outlet = station.outlet(1);
    outlet.powerW = -7_200;
    await station.clock.pass(60_000);
    outlet.powerW = 0;
    await station.plug(1, false);
    await station.clock.pass(60_000);
    assert.equal([standing(station), outlet.shown], [["meter/backwards"], "fault"]);
    station = await station.again();
    await station.clock.pass(20_000);
    assert.equal(standing(station), ["meter/backwards"]);
    // A commissioning without a load has not looked at it.
    assert.is(await said(station, "commissioning", true), null);
    assert.equal(await said(station, "current transformers turned"), { connector: 1, mended: ["meter/backwards"] });
    assert.equal(standing(station), []);
    await station.close();
  },
);

faults(
  "a meter that shows power backwards for a moment and forwards under load right after is not backwards",
  async () => {
    const station = await charging();
    station.outlet(1).powerW = -7_200;
    await station.clock.pass(6_000);
    assert.equal(standing(station), ["meter/backwards"]);
    await station.charge(1, 20, 10);
    assert.equal(standing(station), []);
    await station.close();
  },
);

faults("a meter whose register stood still under power sells nothing more, until a person says a word", async () => {
  const station = await charging();
  station.outlet(1).powerW = 7_200;
  for (let second = 0; second < 240; second += 10) await station.clock.pass(10_000);
  station.outlet(1).powerW = 0;
  await station.plug(1, false);
  await station.clock.pass(60_000);
  assert.equal(standing(station), ["meter/stale"]);
  assert.equal(await said(station, "meter replaced"), { connector: 1, mended: ["meter/stale"] });
  assert.equal(standing(station), []);
  await station.close();
});

faults.run();

// Tariffs by the word of a CSMS (2.1), asked of a whole agent: what is taken is what the next session is priced by.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { payloadOf } from "../../../../../agent/core/receipt/receipt-payload.js";
import { Disk } from "../../../../../agent/ledger/store/disk.js";
import { takeDriverTariff } from "../../../../../agent/sync/ocpp/tariffs/driver-tariff.js";
import { PushedTariffs } from "../../../../../agent/tariffs/pushed-tariffs.js";
import { TestStation } from "../../../../support/station/test-station.js";
import { TestRequests } from "../../../../support/sync/test-requests.js";
import { SteppedClock } from "../../../../support/time/stepped-clock.js";
import { PowerCut, type VolatileFiles } from "../../../../support/volatile-files.js";

const test = suite("tariffs of a CSMS");
const tariff = (tariffId: string, priceKwh: number, more: object = {}): object => ({
  tariffId,
  currency: "EUR",
  energy: { prices: [{ priceKwh }], taxRates: [{ type: "VAT", tax: 19 }] },
  ...more,
});
const app = { idToken: "APP-1", type: "Central" };

/** The tariff and the net sum of a session of 100 Wh at a connector. */
async function sold(counter: TestRequests, connector: number): Promise<readonly [string, string]> {
  const { testStation } = counter;
  await testStation.plug(connector);
  assert.is(
    counter.status("RequestStartTransaction", { evseId: connector, idToken: app, remoteStartId: 1 }),
    "Accepted",
  );
  await testStation.clock.pass(2_000);
  await testStation.charge(connector, 100);
  const session = testStation.session(connector);
  if (session.state !== "charging") throw new Error(session.state);
  counter.ask("RequestStopTransaction", { transactionId: session.sale.opening.id });
  await testStation.clock.pass(3_000);
  await testStation.plug(connector, false);
  const payload = payloadOf(testStation.services.book.get(testStation.services.book.count())?.jws ?? "");
  if (payload?.kind !== "sale") throw new Error("no sale");
  return [payload.sale.tariff.id, payload.sale.price.totalCost.excl];
}

test("one for all connectors, one for a connector, and back again", async () => {
  const counter = new TestRequests("ocpp2.1");
  const { testStation } = counter;
  const set = (evseId: number, given: object): unknown => counter.status("SetDefaultTariff", { evseId, tariff: given });
  assert.equal(counter.ask("GetTariffs", { evseId: 0 }), { status: "NoTariff" });
  assert.is(set(0, tariff("ALL", 1)), "Accepted");
  assert.is(set(2, tariff("TWO", 2)), "Accepted");
  assert.equal(await sold(counter, 1), ["ALL", "0.1"]);
  assert.equal(await sold(counter, 2), ["TWO", "0.2"]);
  assert.equal(counter.ask("GetTariffs", { evseId: 0 }), {
    status: "Accepted",
    tariffAssignments: [
      { tariffId: "ALL", tariffKind: "DefaultTariff", evseIds: [1] },
      { tariffId: "TWO", tariffKind: "DefaultTariff", evseIds: [2] },
    ],
  });
  assert.equal(counter.ask("GetTariffs", { evseId: 2 }), {
    status: "Accepted",
    tariffAssignments: [{ tariffId: "TWO", tariffKind: "DefaultTariff", evseIds: [2] }],
  });
  // A tariff for all comes in place of one for a single connector, too.
  assert.is(set(0, tariff("NEW", 3)), "Accepted");
  assert.equal(await sold(counter, 2), ["NEW", "0.3"]);
  assert.equal(counter.ask("ClearTariffs", { tariffIds: ["NEW", "TWO"], evseId: 1 }), {
    clearTariffsResult: [
      { tariffId: "NEW", status: "Accepted" },
      { tariffId: "TWO", status: "NoTariff" },
    ],
  });
  assert.equal(counter.ask("GetTariffs", { evseId: 0 }), {
    status: "Accepted",
    tariffAssignments: [{ tariffId: "NEW", tariffKind: "DefaultTariff", evseIds: [2] }],
  });
  assert.equal((await sold(counter, 1))[0], "standard");
  assert.equal(counter.ask("ClearTariffs", {}), { clearTariffsResult: [{ tariffId: "NEW", status: "Accepted" }] });
  assert.equal(counter.ask("ClearTariffs", {}), { clearTariffsResult: [{ status: "NoTariff" }] });
  assert.equal((await sold(counter, 2))[0], "standard");
  await testStation.close();
});

for (const [what, word, before, after] of [
  [
    "one tariff cleared at one connector",
    (counter: TestRequests) => counter.ask("ClearTariffs", { tariffIds: ["OLD"], evseId: 1 }),
    ["OLD 1", "OLD 2"],
    ["OLD 2"],
  ],
  ["all cleared", (counter: TestRequests) => counter.ask("ClearTariffs", {}), ["OLD 1", "OLD 2"], []],
  [
    "another set in place of it at all connectors",
    (counter: TestRequests) => counter.ask("SetDefaultTariff", { evseId: 0, tariff: tariff("NEW", 2) }),
    ["OLD 1", "OLD 2"],
    ["NEW 1", "NEW 2"],
  ],
] as const)
  test(`${what}: a power cut at any write of it leaves all that stood before, or all that was ordered`, async () => {
    const first = new TestRequests("ocpp2.1");
    assert.is(first.status("SetDefaultTariff", { evseId: 0, tariff: tariff("OLD", 1) }), "Accepted");
    await first.testStation.close();
    const { files, loaded } = first.testStation;
    const rowsOn = (disk: VolatileFiles): string[] =>
      PushedTariffs.open(new Disk(disk), "/state")
        .rows()
        .map(({ tariff: { id }, connector }) => `${id} ${connector}`);
    assert.equal(rowsOn(files.copy()), [...before]);
    // Where the word writes, seen once without a cut.
    const probe = new TestRequests("ocpp2.1", new TestStation(loaded, new SteppedClock(), files.copy()));
    const from = probe.testStation.files.operations;
    word(probe);
    const places = probe.testStation.files.changes.filter((at) => at > from);
    assert.equal(rowsOn(probe.testStation.files.copy()), [...after]);
    await probe.testStation.close();
    assert.ok(places.length >= 3, String(places.length));
    const seen = new Set<string>();
    for (const cutAt of places) {
      const disk = files.copy({ cutAt });
      const counter = new TestRequests("ocpp2.1", new TestStation(loaded, new SteppedClock(), disk));
      assert.throws(
        () => word(counter),
        (error: unknown) => error instanceof PowerCut || (error as { cause?: unknown }).cause instanceof PowerCut,
      );
      for (const fate of disk.possibleCuts()) {
        const rows = rowsOn(disk.afterCut(fate));
        assert.ok([before.join(), after.join()].includes(rows.join()), rows.join());
        seen.add(rows.join());
      }
    }
    assert.is(seen.size, 2, "both are seen");
  });

test("one of a later hour waits beside the one in force", async () => {
  const counter = new TestRequests("ocpp2.1");
  const validFrom = new Date(counter.testStation.clock.now().at + 120_000).toISOString();
  assert.is(counter.status("SetDefaultTariff", { evseId: 1, tariff: tariff("NOW", 1) }), "Accepted");
  assert.is(counter.status("SetDefaultTariff", { evseId: 1, tariff: tariff("LATER", 2, { validFrom }) }), "Accepted");
  assert.equal(await sold(counter, 1), ["NOW", "0.1"]);
  assert.equal(counter.ask("GetTariffs", { evseId: 1 }), {
    status: "Accepted",
    tariffAssignments: [
      { tariffId: "NOW", tariffKind: "DefaultTariff", evseIds: [1] },
      { tariffId: "LATER", tariffKind: "DefaultTariff", validFrom, evseIds: [1] },
    ],
  });
  await counter.testStation.clock.pass(120_000);
  assert.equal(await sold(counter, 1), ["LATER", "0.2"]);
  await counter.testStation.close();
});

test("an id stands for one tariff; the same one again changes nothing", async () => {
  const counter = new TestRequests("ocpp2.1");
  const set = (evseId: number, given: object): unknown => counter.status("SetDefaultTariff", { evseId, tariff: given });
  assert.equal(
    [
      set(1, tariff("T", 1)),
      set(1, tariff("T", 1)),
      set(1, tariff("T", 2)),
      set(2, tariff("T", 2)),
      set(2, tariff("T", 1)),
    ],
    ["Accepted", "Accepted", "DuplicateTariffId", "DuplicateTariffId", "Accepted"],
  );
  assert.equal(await sold(counter, 1), ["T", "0.1"]);
  await counter.testStation.close();
});

test("what cannot be priced exactly is refused by the standard's word, and nothing changes", async () => {
  const counter = new TestRequests("ocpp2.1");
  const set = (evseId: number, more: object): unknown =>
    counter.status("SetDefaultTariff", { evseId, tariff: tariff("T", 1, more) });
  assert.equal(
    [
      set(3, {}),
      set(1, { reservationTime: { prices: [{ priceMinute: 1 }] } }),
      set(1, { idleTime: { prices: [{ priceMinute: 1, conditions: { minIdleTime: 60 } }] } }),
    ],
    ["Rejected", "Rejected", "ConditionNotSupported"],
  );
  assert.equal(counter.testStation.services.remote.tariffs(), []);
  await counter.testStation.close();
});

test("the price in force at the start governs: a running session's tariff is not changed", async () => {
  const counter = new TestRequests("ocpp2.1");
  const { testStation } = counter;
  const change = (transactionId: string, currency = "EUR"): unknown =>
    counter.reason("ChangeTransactionTariff", { transactionId, tariff: tariff("T", 1, { currency }) });
  assert.equal(change("S1-0"), ["TxNotFound", undefined]);
  await testStation.plug(1);
  counter.ask("RequestStartTransaction", { evseId: 1, idToken: app, remoteStartId: 1 });
  await testStation.clock.pass(2_000);
  const [id = ""] = counter.sessions();
  assert.equal(
    [change(id), change(id, "SEK")],
    [
      ["Rejected", "TxStarted"],
      ["NoCurrencyChange", undefined],
    ],
  );
  await testStation.close();
});

test("switched off, every word about tariffs is not supported", async () => {
  const counter = new TestRequests("ocpp2.1");
  counter.ask("SetVariables", {
    setVariableData: [
      {
        component: { name: "TariffCostCtrlr" },
        variable: { name: "Enabled", instance: "Tariff" },
        attributeValue: "false",
      },
    ],
  });
  for (const [action, payload] of [
    ["SetDefaultTariff", { evseId: 0, tariff: tariff("T", 1) }],
    ["GetTariffs", { evseId: 0 }],
    ["ClearTariffs", {}],
    ["ChangeTransactionTariff", { transactionId: "x", tariff: tariff("T", 1) }],
  ] as const)
    assert.is(counter.ask(action, payload), "NotSupported");
  assert.is(takeDriverTariff(counter.context, tariff("T", 1)), undefined);
  await counter.testStation.close();
});

test("a driver's own tariff is kept for whoever names it, and refused where it is not the one known by that id", async () => {
  const counter = new TestRequests("ocpp2.1");
  assert.is(takeDriverTariff(counter.context, tariff("DRIVER", 5)), "DRIVER");
  assert.is(takeDriverTariff(counter.context, tariff("DRIVER", 5)), "DRIVER");
  assert.is(takeDriverTariff(counter.context, tariff("DRIVER", 6)), undefined);
  assert.is(takeDriverTariff(counter.context, { nonsense: true }), undefined);
  assert.equal(
    counter.testStation.services.remote.tariffs().map(({ connector, by }) => [connector, by]),
    [[undefined, "csms"]],
  );
  assert.equal((await sold(counter, 1))[0], "standard");
  await counter.testStation.close();
});

test.run();

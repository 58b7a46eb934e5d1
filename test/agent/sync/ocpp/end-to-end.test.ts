// The whole way, against a strict CSMS over a real socket: what it asks in each version, what the station does, and
// what the CSMS is told of it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdrCopies } from "../../../../agent/core/cdr/cdr-copies.js";
import { receiptSheet } from "../../../../agent/core/print/receipt-sheet.js";
import { receiptText } from "../../../../agent/core/print/receipt-text.js";
import { payloadOf } from "../../../../agent/core/receipt/receipt-payload.js";
import { fingerprintOf } from "../../../../agent/core/verify/trusted-keys.js";
import { verifyReceiptFile } from "../../../../agent/core/verify/verify-receipt.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { receiptFileOf } from "../../../../agent/receipts/output/exports.js";
import type { OcppUplinkConfig } from "../../../../config/uplink-schema.js";
import { TestStation, testStationConfig } from "../../../support/station/test-station.js";
import { Csms } from "../../../support/sync/csms.js";
import { ocppConfig } from "../../../support/sync/ocpp-bench.js";

const test = suite("a CSMS at work");
const card = "04A23B1C5D6E80";
const later = "2099-01-01T00:00:00Z";

/** Closed after each test, whatever became of it. */
let open: Scene | undefined;
test.after.each(async () => {
  await open?.close();
  open = undefined;
});

class Scene {
  private constructor(
    readonly csms: Csms,
    public station: TestStation,
  ) {}

  static async open(protocol: string): Promise<Scene> {
    const csms = await Csms.open([protocol]);
    const uplink: OcppUplinkConfig = ocppConfig(csms.url, { identity: "till-1" });
    const scene = (open = new Scene(
      csms,
      new TestStation(testStationConfig((config) => ({ ...config, uplinks: [uplink] }))),
    ));
    await scene.until(() => csms.of("BootNotification").length > 0);
    await scene.until(() => csms.of(protocol === "ocpp2.1" ? "NotifyEvent" : "StatusNotification").length >= 2);
    return scene;
  }

  /**
   * Lets time pass in small steps until it holds; both ends of the line live in this process and move on at each step.
   */
  async until(holds: () => boolean): Promise<void> {
    for (let tries = 0; tries < 2_000 && !holds(); tries += 1) await this.station.clock.pass(20);
    assert.ok(holds(), `it never came to: ${String(holds)}`);
  }

  /** The process ends, and another one begins. */
  async restart(): Promise<void> {
    await Promise.all(this.station.services.outboxes.map((outbox) => outbox.stop()));
    this.station = await this.station.again();
  }

  /** A strict server holds the answer against the schema. */
  async ask(method: string, payload: object): Promise<Record<string, unknown>> {
    return (await this.csms.client?.call(method, payload)) as Record<string, unknown>;
  }

  events(kind: string): Readonly<Record<string, unknown>>[] {
    return this.csms.of("TransactionEvent").flatMap(({ payload }) => (payload["eventType"] === kind ? [payload] : []));
  }

  sale(): NonNullable<Extract<ReturnType<typeof payloadOf>, { kind: "sale" }>> {
    const { book } = this.station.services;
    const payload = payloadOf(book.get(book.count())?.jws ?? "");
    if (payload?.kind !== "sale") throw new Error("no sale");
    return payload;
  }

  async close(): Promise<void> {
    await Promise.all(this.station.services.outboxes.map((outbox) => outbox.stop()));
    await Promise.all([this.station.close(), this.csms.close()]);
  }
}

for (const protocol of ["ocpp2.0.1", "ocpp2.1"])
  test(`${protocol}: a remote start becomes a session, a remote stop its end, and its receipt is told`, async () => {
    const scene = await Scene.open(protocol);
    const { station } = scene;
    await station.plug(1);
    assert.is(
      (
        await scene.ask("RequestStartTransaction", {
          evseId: 1,
          idToken: { idToken: "APP-1", type: "Central" },
          remoteStartId: 41,
        })
      )["status"],
      "Accepted",
    );
    await scene.until(() => scene.events("Started").length === 1);
    const info = scene.events("Started")[0]?.["transactionInfo"] as { transactionId: string; remoteStartId: number };
    assert.is(info.remoteStartId, 41);
    await station.charge(1, 100);
    assert.equal(await scene.ask("GetTransactionStatus", { transactionId: info.transactionId }), {
      ongoingIndicator: true,
      messagesInQueue: false,
    });
    assert.is(
      (await scene.ask("TriggerMessage", { requestedMessage: "TransactionEvent", evse: { id: 1 } }))["status"],
      "Accepted",
    );
    await scene.until(() => scene.events("Updated").some(({ triggerReason }) => triggerReason === "Trigger"));
    assert.equal(await scene.ask("RequestStopTransaction", { transactionId: info.transactionId }), {
      status: "Accepted",
    });
    await scene.until(() => scene.events("Ended").length === 1);
    const [ended] = scene.events("Ended");
    const told = ended?.["transactionInfo"] as {
      stoppedReason: string;
      customData: { total: string; receipt: number };
    };
    assert.equal(
      [told.stoppedReason, told.customData.total, told.customData.receipt],
      ["Remote", scene.sale().sale.price.due.gross, scene.sale().number],
    );
    assert.equal(scene.csms.violations, []);
  });

test("ocpp1.6: the same by numbers of the CSMS", async () => {
  const scene = await Scene.open("ocpp1.6");
  const { station, csms } = scene;
  await station.plug(1);
  assert.equal(await scene.ask("RemoteStartTransaction", { connectorId: 1, idTag: "APP-1" }), { status: "Accepted" });
  await scene.until(() => csms.of("StartTransaction").length === 1);
  await station.charge(1, 100);
  assert.equal(await scene.ask("RemoteStopTransaction", { transactionId: 1 }), { status: "Rejected" });
  await scene.until(() => station.services.station.stationState().sessions.get(1)?.state === "charging");
  assert.equal(await scene.ask("RemoteStopTransaction", { transactionId: 101 }), { status: "Accepted" });
  await scene.until(() => csms.of("StopTransaction").length === 1);
  assert.is(csms.of("StopTransaction")[0]?.payload["transactionId"], 101);
  assert.equal(scene.csms.violations, []);
});

for (const [kind, ocpi, protocol] of [
  ["Local", "OTHER", "ocpp2.0.1"],
  ["Local", "OTHER", "ocpp2.1"],
  ["eMAID", "OTHER", "ocpp2.0.1"],
  ["KeyCode", "OTHER", "ocpp2.0.1"],
  ["Central", "APP_USER", "ocpp2.0.1"],
  ["ISO15693", "RFID", "ocpp2.0.1"],
  ["DirectPayment", "AD_HOC_USER", "ocpp2.1"],
  ["EVCCID", "OTHER", "ocpp2.1"],
] as const)
  test(`${protocol}: a token of kind ${kind} keeps it from the remote start to the event, the receipt and, in OCPI's words, the CDR`, async () => {
    const scene = await Scene.open(protocol);
    const { station, csms } = scene;
    await station.plug(1);
    const idToken = { idToken: "DE-8AA-CA2B3C4D5", type: kind };
    await scene.ask("RequestStartTransaction", { evseId: 1, idToken, remoteStartId: 41 });
    await scene.until(() => scene.events("Started").length === 1);
    const [started] = scene.events("Started");
    assert.ok(started);
    assert.equal(started["idToken"], idToken);
    const { transactionId } = started["transactionInfo"] as { transactionId: string };
    await scene.ask("RequestStopTransaction", { transactionId });
    await scene.until(() => scene.events("Ended").length === 1);
    const { token } = scene.sale().sale;
    assert.equal([token.card, token.type, token.idTokenType], ["…C4D5", ocpi, kind]);
    const { book } = station.services;
    const sold = book.get(book.count());
    assert.ok(sold);
    const { texts } = sold.cdr as CdrCopies;
    for (const text of Object.values(texts))
      assert.is((JSON.parse(text) as { cdr_token: { type: string } }).cdr_token.type, ocpi);
    assert.ok(Object.keys(texts).length > 0);
    assert.equal(csms.violations, []);
  });

for (const [protocol, type, reason] of [
  ["ocpp2.1", "Immediate", "ImmediateReset"],
  ["ocpp2.0.1", "Immediate", "ImmediateReset"],
  ["ocpp1.6", "Soft", "SoftReset"],
  ["ocpp1.6", "Hard", "HardReset"],
] as const)
  test(`${protocol}: a Reset (${type}) ends what runs with the standard's word for it, ${reason}, and the receipt says whose restart it was`, async () => {
    const scene = await Scene.open(protocol);
    const { station, csms } = scene;
    await station.plug(1);
    await station.tap(card);
    await scene.until(() => station.session(1).state === "charging");
    assert.equal(await scene.ask("Reset", { type }), { status: "Accepted" });
    await scene.until(() => scene.events("Ended").length + csms.of("StopTransaction").length === 1);
    const [ended] = scene.events("Ended");
    const told =
      ended === undefined
        ? [csms.of("StopTransaction")[0]?.payload["reason"]]
        : [(ended["transactionInfo"] as { stoppedReason: string }).stoppedReason, ended["triggerReason"]];
    assert.equal(told, protocol === "ocpp1.6" ? [reason] : [reason, "ResetCommand"]);
    const { sale } = scene.sale();
    assert.equal(sale.stop, {
      reason: type === "Hard" ? "HardReset" : "ImmediateReset",
      detail: "csms asked for a restart",
    });
    const { book } = station.services;
    assert.match(
      receiptText(receiptSheet(book.get(book.count())?.jws ?? "", sha256, { language: "en" }), 80),
      /the operator restarted the station: csms asked for a restart/,
    );
    assert.equal(csms.violations, []);
  });

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  test(`${protocol}: a card that only the CSMS knows charges by its word, which is remembered, and the token holds nothing of the station but its party`, async () => {
    const scene = await Scene.open(protocol);
    const { station, csms } = scene;
    await station.plug(1);
    await station.tap("0A0B0C0D");
    await scene.until(() => station.session(1).state === "charging");
    assert.is(csms.of("Authorize").length, 1);
    const session = station.session(1);
    const { countryCode, partyId } = station.config.station;
    assert.equal(session.state === "charging" && session.sale.opening.acceptance.token, {
      uid: "0A0B0C0D",
      type: "RFID",
      contractId: "0A0B0C0D",
      countryCode,
      partyId,
    });
    assert.is(station.services.lists.cached("0A0B0C0D", station.clock.now().at)?.status, "ALLOWED");
    assert.equal(csms.violations, []);
  });

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  for (const [who, stopping] of [
    ["the card that began it", "0A0B0C0D"],
    ["a colleague's card of the same group", "0A0B0C0E"],
  ] as const)
    test(`${protocol}: a session that ${who} stops names that card at its end, and the receipt whose kind it was`, async () => {
      const scene = await Scene.open(protocol);
      const { station, csms } = scene;
      csms.answers["Authorize"] = () =>
        protocol === "ocpp1.6"
          ? { idTagInfo: { status: "Accepted", parentIdTag: "fleet" } }
          : { idTokenInfo: { status: "Accepted", groupIdToken: { idToken: "fleet", type: "Central" } } };
      await station.plug(1);
      await station.tap("0A0B0C0D");
      await scene.until(() => station.session(1).state === "charging");
      await station.charge(1, 100);
      // The tariff has a minimum price, which is said at the first tap.
      await station.tap(stopping);
      await scene.until(() => station.answers().some((answer) => answer.includes("hold the card again")));
      await station.clock.pass(3_000);
      await station.tap(stopping);
      await scene.until(() => scene.events("Ended").length + csms.of("StopTransaction").length === 1);
      assert.equal(
        protocol === "ocpp1.6"
          ? csms.of("StopTransaction")[0]?.payload["idTag"]
          : scene.events("Ended")[0]?.["idToken"],
        protocol === "ocpp1.6" ? stopping : { idToken: stopping, type: "ISO14443" },
      );
      const isOwn = stopping === "0A0B0C0D";
      assert.is(scene.sale().sale.token.card, "…0C0D");
      assert.equal(scene.sale().sale.stop, {
        reason: "Local",
        detail: isOwn ? "stopped by card" : "stopped by another card of its group",
      });
      assert.not(JSON.stringify(scene.sale()).includes(stopping), "a receipt tells no whole card");
      assert.equal(csms.violations, []);
    });

test("ocpp2.0.1: a reserved connector refuses another card and starts for its own", async () => {
  const scene = await Scene.open("ocpp2.0.1");
  const { station, csms } = scene;
  assert.equal(
    await scene.ask("ReserveNow", {
      id: 7,
      expiryDateTime: later,
      idToken: { idToken: card, type: "ISO14443" },
      evseId: 1,
    }),
    { status: "Accepted" },
  );
  await scene.until(() =>
    csms.of("StatusNotification").some(({ payload }) => payload["connectorStatus"] === "Reserved"),
  );
  await station.plug(1);
  await station.tap("9F3C77E1");
  await scene.until(() => station.answers().length === 1);
  assert.is(station.session(1).state, "occupied");
  await station.tap(card);
  await scene.until(() => scene.events("Started").length === 1);
  assert.equal(scene.events("Started")[0]?.["idToken"], { idToken: card, type: "ISO14443" });
  assert.equal(scene.csms.violations, []);
});

test("ocpp2.1: the next session is priced by the tariff that the CSMS set, and its receipt proves it", async () => {
  const scene = await Scene.open("ocpp2.1");
  const { station } = scene;
  const tariff = {
    tariffId: "CSMS-1",
    currency: "EUR",
    energy: { prices: [{ priceKwh: 0.5 }], taxRates: [{ type: "VAT", tax: 19 }] },
    fixedFee: { prices: [{ priceFixed: 1 }], taxRates: [{ type: "VAT", tax: 19 }] },
  };
  assert.equal(await scene.ask("SetDefaultTariff", { evseId: 0, tariff }), { status: "Accepted" });
  await scene.ask("SetVariables", {
    setVariableData: [
      {
        component: { name: "TariffCostCtrlr" },
        variable: { name: "Interval", instance: "Cost" },
        attributeValue: "60",
      },
    ],
  });
  await station.plug(2);
  await scene.ask("RequestStartTransaction", {
    evseId: 2,
    idToken: { idToken: "APP-1", type: "Central" },
    remoteStartId: 1,
  });
  await scene.until(() => station.session(2).state === "charging");
  await station.charge(2, 200, 100);
  await scene.until(() => scene.events("Updated").some(({ triggerReason }) => triggerReason === "RunningCost"));
  const running = scene.events("Updated").find(({ triggerReason }) => triggerReason === "RunningCost")?.[
    "costDetails"
  ] as { totalCost: { total: { exclTax: number; inclTax: number } }; totalUsage: { energy: number } };
  // 0.50 for each kWh so far and 1.00 for the start, 19 % on both, in whole cents.
  const milliEuro = Math.round(running.totalUsage.energy * 500) + 1_000_000;
  assert.equal(running.totalCost.total, {
    exclTax: Math.round(milliEuro / 10_000) / 100,
    inclTax: Math.round((milliEuro * 119) / 1_000_000) / 100,
  });
  const [started] = scene.events("Started");
  assert.ok(started);
  const { transactionId } = started["transactionInfo"] as { transactionId: string };
  await scene.ask("RequestStopTransaction", { transactionId });
  await scene.until(() => scene.events("Ended").length === 1);
  const { sale } = scene.sale();
  // 0.2 kWh at 0.50 and 1.00 for the start, 19 % on both.
  assert.equal(
    [sale.tariff.id, sale.price.totalCost, sale.price.due],
    ["CSMS-1", { excl: "1.1", incl: "1.309" }, { net: "1.10", tax: "0.21", gross: "1.31" }],
  );
  const [ended] = scene.events("Ended");
  const cost = ended?.["costDetails"] as {
    totalCost: { total: object; energy: object };
    totalUsage: { energy: number };
    chargingPeriods: { tariffId: string }[];
  };
  assert.equal(
    [cost.totalCost.total, cost.totalUsage.energy, cost.chargingPeriods[0]?.tariffId],
    [{ exclTax: 1.1, inclTax: 1.31 }, 200, "CSMS-1"],
  );
  const { book, issuer } = station.services;
  const key = fingerprintOf(scene.sale().key.spki, sha256) ?? "";
  const { finding } = verifyReceiptFile(
    "the receipt",
    receiptFileOf(book, book.count(), issuer.chain.checkpoint),
    new Set([key]),
    verifyTools(),
  );
  assert.equal(
    finding.checks
      .filter(({ verdict }) => verdict !== "holds")
      .map(({ name, verdict, detail }) => `${name} ${verdict}: ${detail}`),
    [],
  );
  assert.equal(scene.csms.violations, []);
});

test("ocpp2.1: a session whose tariff was cleared or replaced meanwhile is told by it to its end, also after a restart", async () => {
  const scene = await Scene.open("ocpp2.1");
  const { csms } = scene;
  const tariff = (tariffId: string, priceKwh: number): object => ({
    tariffId,
    currency: "EUR",
    energy: { prices: [{ priceKwh }], taxRates: [{ type: "VAT", tax: 19 }] },
  });
  await scene.ask("SetDefaultTariff", { evseId: 0, tariff: tariff("OLD", 0.5) });
  await scene.station.plug(1);
  await scene.station.tap(card);
  await scene.until(() => scene.events("Started").length === 1);
  await scene.ask("SetDefaultTariff", { evseId: 0, tariff: tariff("NEW", 0.9) });
  assert.equal(await scene.ask("ClearTariffs", {}), { clearTariffsResult: [{ tariffId: "NEW", status: "Accepted" }] });
  await scene.station.charge(1, 200, 20);
  csms.mood = { at: "Ended", how: "InternalError" };
  await scene.station.tap(card);
  await scene.until(() => scene.station.session(1).state === "finishing");
  await scene.restart();
  csms.mood = undefined;
  await scene.until(() => scene.events("Ended").length === 1);
  const [ended] = scene.events("Ended");
  assert.ok(ended);
  const cost = ended["costDetails"] as {
    totalCost: { energy: { exclTax: number } };
    chargingPeriods: { tariffId: string }[];
  };
  assert.equal(
    [
      (ended["transactionInfo"] as { tariffId: string }).tariffId,
      cost.totalCost.energy.exclTax,
      cost.chargingPeriods[0]?.tariffId,
    ],
    ["OLD", Number(scene.sale().sale.price.totalEnergyCost.excl), "OLD"],
  );
  assert.equal(csms.violations, []);
});

test("ocpp2.0.1: the device model comes as reports, an interval that is set holds, a list of cards is kept", async () => {
  const scene = await Scene.open("ocpp2.0.1");
  const { station, csms } = scene;
  assert.equal(await scene.ask("GetBaseReport", { requestId: 3, reportBase: "FullInventory" }), { status: "Accepted" });
  await scene.until(() => csms.of("NotifyReport").some(({ payload }) => payload["tbc"] === false));
  const set = (attributeValue: string): Promise<unknown> =>
    scene.ask("SetVariables", {
      setVariableData: [
        { component: { name: "SampledDataCtrlr" }, variable: { name: "TxUpdatedInterval" }, attributeValue },
      ],
    });
  assert.is(
    ((await set("15")) as { setVariableResult: { attributeStatus: string }[] }).setVariableResult[0]?.attributeStatus,
    "Accepted",
  );
  const list = await scene.ask("SendLocalList", {
    versionNumber: 2,
    updateType: "Full",
    localAuthorizationList: [
      { idToken: { idToken: "aabbccdd", type: "ISO14443" }, idTokenInfo: { status: "Accepted" } },
    ],
  });
  assert.equal([list, await scene.ask("GetLocalListVersion", {})], [{ status: "Accepted" }, { versionNumber: 2 }]);
  await station.plug(1);
  await station.tap("AABBCCDD");
  await scene.until(() => scene.events("Started").length === 1);
  await station.charge(1, 100, 40);
  assert.ok(scene.events("Updated").length >= 2, "a value every 15 s");
  assert.equal(scene.csms.violations, []);
});

test.run();

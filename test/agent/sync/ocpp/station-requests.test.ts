// What a CSMS may ask of sessions, reservations and the station, in each dialect: each answer is the truth and fits the
// standard's schema.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { payloadOf } from "../../../../agent/core/receipt/receipt-payload.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { reservationKey, reservationNumber } from "../../../../agent/sync/ocpp/cards/reservation.js";
import type { Dialect } from "../../../../agent/sync/ocpp/rpc/frame.js";
import { TestStation } from "../../../support/station/test-station.js";
import { TestRequests } from "../../../support/sync/test-requests.js";

const later = "2099-01-01T00:00:00Z";
const card = { idToken: "04a23b1c5d6e80", type: "ISO14443" };
const app = { idToken: "APP-1", type: "Central" };
const dialects2x: readonly Dialect[] = ["ocpp2.0.1", "ocpp2.1"];

const sessions = suite("remote start and stop");

for (const dialect of dialects2x)
  sessions(`${dialect}: a start begins a session with its number, a stop ends it, and its status is told`, async () => {
    const counter = new TestRequests(dialect);
    const { testStation } = counter;
    await testStation.plug(1);
    assert.equal(
      counter.ask("RequestStartTransaction", {
        evseId: 1,
        idToken: app,
        remoteStartId: 77,
        groupIdToken: { idToken: "fleet", type: "Central" },
      }),
      { status: "Accepted" },
    );
    await testStation.clock.pass(2_000);
    const session = testStation.session(1);
    assert.is(session.state, "charging");
    if (session.state !== "charging") return;
    const { id, acceptance } = session.sale.opening;
    assert.equal(
      [acceptance.authorizationReference, acceptance.group, acceptance.by, acceptance.token.uid],
      ["77", "fleet", "csms", "APP-1"],
    );
    assert.equal(counter.ask("GetTransactionStatus", { transactionId: id }), {
      ongoingIndicator: true,
      messagesInQueue: false,
    });
    assert.equal(counter.ask("GetTransactionStatus", { transactionId: "gone" }), {
      ongoingIndicator: false,
      messagesInQueue: false,
    });
    assert.equal(counter.ask("GetTransactionStatus", {}), { messagesInQueue: false });
    assert.is(counter.status("UnlockConnector", { evseId: 1, connectorId: 1 }), "OngoingAuthorizedTransaction");
    assert.equal(counter.ask("RequestStopTransaction", { transactionId: id }), { status: "Accepted" });
    assert.is(testStation.outlet(1).closed, false);
    assert.equal(counter.reason("RequestStopTransaction", { transactionId: "gone" }), ["Rejected", "TxNotFound"]);
    await testStation.clock.pass(3_000);
    await testStation.close();
  });

sessions("a start is refused with the reason that is true", async () => {
  const counter = new TestRequests("ocpp2.0.1");
  const { testStation } = counter;
  const start = (more: object): unknown =>
    counter.reason("RequestStartTransaction", { idToken: app, remoteStartId: 1, evseId: 1, ...more });
  assert.equal(start({ evseId: 9 }), ["Rejected", "UnknownEvse"]);
  assert.equal(start({ idToken: { idToken: "", type: "NoAuthorization" } }), ["Rejected", "InvalidIdToken"]);
  assert.equal(start({ idToken: { idToken: "x".repeat(37), type: "Central" } }), ["Rejected", "InvalidIdToken"]);
  assert.equal(start({ idToken: { idToken: "A\u001b@", type: "Central" } }), ["Rejected", "InvalidIdToken"]);
  counter.registration = "Pending";
  assert.equal(start({}), ["Rejected", "CSNotAccepted"]);
  assert.equal(counter.reason("RequestStopTransaction", { transactionId: "S1" }), ["Rejected", "CSNotAccepted"]);
  counter.registration = "Accepted";
  await testStation.tap("9F3C77E1");
  await testStation.plug(1);
  await testStation.clock.pass(2_000);
  assert.equal(start({}), ["Rejected", "TxInProgress"]);
  await testStation.close();
});

sessions("a charging profile is left out, and that is said", async () => {
  const counter = new TestRequests("ocpp2.1");
  const profile = {
    id: 1,
    stackLevel: 0,
    chargingProfilePurpose: "TxProfile",
    chargingProfileKind: "Relative",
    chargingSchedule: [{ id: 1, chargingRateUnit: "A", chargingSchedulePeriod: [{ startPeriod: 0, limit: 6 }] }],
  };
  assert.equal(
    counter.reason("RequestStartTransaction", { evseId: 1, idToken: app, remoteStartId: 1, chargingProfile: profile }),
    ["Accepted", "UnsupportedParam"],
  );
  await counter.testStation.close();
});

sessions("1.6: the same with whole numbers", async () => {
  const counter = new TestRequests("ocpp1.6");
  const { testStation } = counter;
  await testStation.plug(2);
  assert.is(counter.status("RemoteStartTransaction", { connectorId: 0, idTag: "APP-1" }), "Rejected");
  assert.is(counter.status("RemoteStartTransaction", { idTag: "APP-1" }), "Accepted");
  await testStation.clock.pass(2_000);
  assert.is(testStation.session(2).state, "charging");
  assert.is(counter.status("RemoteStopTransaction", { transactionId: 99 }), "Rejected");
  assert.is(counter.status("RemoteStopTransaction", { transactionId: "99" }), "Rejected");
  assert.is(counter.status("RemoteStopTransaction", { transactionId: "1" }), "Accepted");
  assert.is(counter.status("RemoteStopTransaction", { transactionId: 1 }), "Accepted");
  assert.is(counter.status("UnlockConnector", { connectorId: 1 }), "NotSupported");
  await testStation.clock.pass(3_000);
  await testStation.close();
});

sessions("there is no lock to open", async () => {
  const counter = new TestRequests("ocpp2.0.1");
  assert.is(counter.status("UnlockConnector", { evseId: 1, connectorId: 2 }), "UnknownConnector");
  assert.is(counter.status("UnlockConnector", { evseId: 0, connectorId: 1 }), "UnknownConnector");
  assert.equal(counter.reason("UnlockConnector", { evseId: 1, connectorId: 1 }), [
    "UnlockFailed",
    "UnsupportedRequest",
  ]);
  await counter.testStation.close();
});

sessions.run();

const booked = suite("reservations");

for (const dialect of dialects2x)
  booked(
    `${dialect}: a connector is kept for its card, whatever the case of its letters, and for nobody else`,
    async () => {
      const counter = new TestRequests(dialect);
      const { testStation } = counter;
      await testStation.plug(1);
      const reserve = { id: 5, expiryDateTime: later, idToken: card, evseId: 1 };
      assert.is(counter.status("ReserveNow", reserve), "Accepted");
      assert.is(counter.status("ReserveNow", { ...reserve, id: 6, idToken: app }), "Occupied");
      await testStation.tap("9F3C77E1");
      assert.is(testStation.session(1).state, "occupied", "another card starts nothing");
      await testStation.tap("04A23B1C5D6E80");
      await testStation.clock.pass(2_000);
      assert.is(testStation.session(1).state, "charging");
      assert.equal(counter.reason("CancelReservation", { reservationId: 5 }), ["Rejected", "NotFound"]);
      await testStation.close();
    },
  );

booked("are refused with the reason that is true", async () => {
  const counter = new TestRequests("ocpp2.0.1");
  const reserve = (more: object): unknown =>
    counter.reason("ReserveNow", { id: 5, expiryDateTime: later, idToken: card, evseId: 1, ...more });
  assert.equal(reserve({ evseId: 3 }), ["Rejected", "UnknownEvse"]);
  assert.equal(reserve({ expiryDateTime: "2001-01-01T00:00:00Z" }), ["Rejected", "Unspecified"]);
  assert.equal(reserve({ connectorType: "cCCS2" }), ["Rejected", "UnknownConnectorType"]);
  assert.equal(reserve({ connectorType: "s309-3P-16A" }), ["Accepted", undefined]);
  assert.is(counter.status("ChangeAvailability", { operationalStatus: "Inoperative", evse: { id: 2 } }), "Accepted");
  assert.equal(reserve({ id: 6, evseId: 2 }), ["Unavailable", "NotEnabled"]);
  await counter.testStation.close();
});

booked("that run out are told; those that the CSMS cancels are not", async () => {
  const counter = new TestRequests("ocpp2.0.1");
  const { testStation } = counter;
  const soon = new Date(testStation.clock.now().at + 60_000).toISOString();
  for (const [id, evseId] of [
    [5, 1],
    [6, 2],
  ] as const)
    assert.is(counter.status("ReserveNow", { id, expiryDateTime: soon, idToken: card, evseId }), "Accepted");
  assert.is(counter.status("CancelReservation", { reservationId: 6 }), "Accepted");
  await testStation.clock.pass(61_000);
  assert.equal(counter.sent, [
    { action: "ReservationStatusUpdate", payload: { reservationId: 5, reservationUpdateStatus: "Expired" } },
  ]);
  counter.context.remote.reserve({
    id: reservationKey("csms", 7),
    by: "csms",
    connector: 1,
    token: { uid: "X", type: "OTHER", contractId: "X", countryCode: "DE", partyId: "CTL" },
    untilMs: Date.parse(later),
  });
  counter.context.remote.cancel(reservationKey("csms", 7), "the operator");
  assert.equal(counter.sent.at(-1), {
    action: "ReservationStatusUpdate",
    payload: { reservationId: 7, reservationUpdateStatus: "Removed" },
  });
  await testStation.close();
});

booked("are found by token and group however upper and lower case are spelled", async () => {
  const counter = new TestRequests("ocpp2.0.1");
  const app = (idToken: string): object => ({ idToken, type: "Central" });
  const start = (idToken: string, more: object = {}): unknown =>
    counter.status("RequestStartTransaction", { idToken: app(idToken), remoteStartId: 1, evseId: 1, ...more });
  assert.is(
    counter.status("ReserveNow", {
      id: 5,
      expiryDateTime: later,
      idToken: app("driver-7"),
      groupIdToken: app("Fleet"),
      evseId: 1,
    }),
    "Accepted",
  );
  assert.is(start("driver-8"), "Rejected");
  assert.is(start("DRIVER-7"), "Accepted");
  assert.is(start("driver-9", { groupIdToken: app("FLEET") }), "Rejected", "another token's start waits there");
  await counter.testStation.close();
});

booked("1.6: connector 0 is any connector", async () => {
  const counter = new TestRequests("ocpp1.6");
  assert.is(
    counter.status("ReserveNow", { connectorId: 0, expiryDate: later, idTag: "04A23B1C5D6E80", reservationId: 1 }),
    "Accepted",
  );
  assert.is(
    counter.status("ReserveNow", { connectorId: 7, expiryDate: later, idTag: "04A23B1C5D6E80", reservationId: 2 }),
    "Rejected",
  );
  assert.is(counter.status("CancelReservation", { reservationId: 1 }), "Accepted");
  assert.is(counter.status("CancelReservation", { reservationId: 1 }), "Rejected");
  await counter.testStation.close();
});

for (const dialect of ["ocpp1.6", ...dialects2x] as const)
  for (const chargeReservations of [true, false])
    booked(
      `${dialect}: cost what the tariff says ${chargeReservations ? "" : "only "}where the CSMS tells it to drivers`,
      async () => {
        const counter = new TestRequests(dialect, new TestStation(), { chargeReservations });
        const { testStation } = counter;
        const price = { type: "TIME", price: 3, vat: 19, step_size: 1 };
        const parsed = parseTariff({
          id: "RES",
          currency: "EUR",
          elements: [{ price_components: [price], restrictions: { reservation: "RESERVATION" } }],
          last_updated: "2026-01-01T00:00:00Z",
        });
        if (!parsed.ok) throw new Error("the test's tariff cannot be read");
        testStation.services.remote.setTariff(parsed.tariff, null, "csms");
        const expiry = new Date(testStation.clock.now().at + 600_000).toISOString();
        const asked =
          dialect === "ocpp1.6"
            ? { connectorId: 1, expiryDate: expiry, idTag: "04A23B1C5D6E80", reservationId: 1 }
            : { id: 1, expiryDateTime: expiry, idToken: card, evseId: 1 };
        assert.is(counter.status("ReserveNow", asked), "Accepted");
        await testStation.clock.pass(601_000);
        const [, receipt] = [...testStation.services.book.entries()].map(({ jws }) => payloadOf(jws));
        // Paper: 10 min x 0.05 = 0.50, with tax 0.595.
        if (chargeReservations)
          assert.is(receipt?.kind === "reservation" && receipt.reservation.price.due.gross, "0.60");
        else assert.is(receipt, undefined);
        await testStation.close();
      },
    );

booked("ocpp2.1: a tariff with a price for them is taken where they are charged, and refused elsewhere", async () => {
  const tariff = {
    tariffId: "RES",
    currency: "EUR",
    energy: { prices: [{ priceKwh: 0.5 }] },
    reservationTime: { prices: [{ priceMinute: 0.05 }] },
  };
  for (const [chargeReservations, status] of [
    [true, "Accepted"],
    [false, "Rejected"],
  ] as const) {
    const counter = new TestRequests("ocpp2.1", new TestStation(), { chargeReservations });
    assert.is(counter.status("SetDefaultTariff", { evseId: 0, tariff }), status);
    await counter.testStation.close();
  }
});

booked("of two backends with the same numbers are told apart", () => {
  assert.is(reservationNumber("csms", reservationKey("csms", 12)), 12);
  assert.is(reservationNumber("other", reservationKey("csms", 12)), undefined);
  assert.is(reservationNumber("csms", "csms:x"), undefined);
});

booked.run();

const ordered = suite("orders");

for (const dialect of dialects2x)
  ordered(`${dialect}: in and out of service, at once or when the session is over`, async () => {
    const counter = new TestRequests(dialect);
    const { testStation } = counter;
    const change = (operationalStatus: string, evse?: object): unknown =>
      counter.status("ChangeAvailability", { operationalStatus, ...(evse === undefined ? {} : { evse }) });
    await testStation.plug(1);
    counter.ask("RequestStartTransaction", { evseId: 1, idToken: app, remoteStartId: 1 });
    await testStation.clock.pass(2_000);
    assert.is(change("Inoperative", { id: 1, connectorId: 1 }), "Scheduled");
    assert.is(testStation.session(1).state, "charging");
    assert.is(change("Inoperative"), "Scheduled");
    assert.is(change("Inoperative", { id: 2 }), "Accepted");
    assert.equal(counter.reason("ChangeAvailability", { operationalStatus: "Operative", evse: { id: 4 } }), [
      "Rejected",
      "UnknownEvse",
    ]);
    assert.is(change("Operative"), "Accepted");
    await testStation.close();
  });

ordered("1.6: in and out of service", async () => {
  const counter = new TestRequests("ocpp1.6");
  const change = (connectorId: number): unknown =>
    counter.status("ChangeAvailability", { connectorId, type: "Inoperative" });
  assert.equal([change(0), change(2), change(3)], ["Accepted", "Accepted", "Rejected"]);
  await counter.testStation.close();
});

ordered("a restart settles what runs; one of an EVSE, or one that would go on afterwards, is refused", async () => {
  const counter = new TestRequests("ocpp2.1");
  const { testStation } = counter;
  assert.equal(counter.reason("Reset", { type: "Immediate", evseId: 1 }), ["Rejected", "UnsupportedParam"]);
  assert.equal(counter.reason("Reset", { type: "ImmediateAndResume" }), ["Rejected", "UnsupportedParam"]);
  await testStation.plug(1);
  counter.ask("RequestStartTransaction", { evseId: 1, idToken: app, remoteStartId: 1 });
  await testStation.clock.pass(2_000);
  assert.is(counter.status("Reset", { type: "OnIdle" }), "Scheduled");
  await testStation.clock.pass(5_000);
  assert.is(testStation.restarts, 0);
  assert.is(counter.status("Reset", { type: "Immediate" }), "Accepted");
  await testStation.clock.pass(5_000);
  assert.is(testStation.restarts, 1);
  await testStation.close();
});

ordered("1.6: both kinds of reset settle first", async () => {
  for (const type of ["Soft", "Hard"]) {
    const counter = new TestRequests("ocpp1.6");
    assert.is(counter.status("Reset", { type }), "Accepted");
    await counter.testStation.clock.pass(2_000);
    assert.is(counter.testStation.restarts, 1);
    await counter.testStation.close();
  }
});

for (const [dialect, evse] of [
  ["ocpp2.0.1", { evse: { id: 1, connectorId: 1 } }],
  ["ocpp2.1", { evse: { id: 1 } }],
  ["ocpp1.6", { connectorId: 1 }],
] as const)
  ordered(`${dialect}: a message is sent after the answer, where there is one of its kind`, async () => {
    const counter = new TestRequests(dialect);
    const trigger = (requestedMessage: string, more: object = {}): unknown =>
      counter.status("TriggerMessage", { requestedMessage, ...more });
    assert.equal(
      [
        trigger("Heartbeat"),
        trigger("StatusNotification", evse),
        trigger("MeterValues"),
        trigger("FirmwareStatusNotification"),
      ],
      ["Accepted", "Accepted", "Rejected", "NotImplemented"],
    );
    assert.is(
      trigger("StatusNotification", dialect === "ocpp1.6" ? { connectorId: 8 } : { evse: { id: 8 } }),
      "Rejected",
    );
    assert.equal(counter.triggered, ["Heartbeat all", "StatusNotification 1"]);
    await counter.testStation.close();
  });

for (const dialect of ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"] as const)
  ordered(`${dialect}: the cache is emptied, no vendor is known`, async () => {
    const counter = new TestRequests(dialect);
    assert.equal(counter.ask("ClearCache", {}), { status: "Accepted" });
    assert.is(counter.lists.cleared, 1);
    assert.equal(counter.ask("DataTransfer", { vendorId: "com.example", data: "x" }), { status: "UnknownVendorId" });
    await counter.testStation.close();
  });

ordered.run();

const lists = suite("the local list");
const entry = (idToken: string, status = "Accepted", more: object = {}): object => ({
  idToken: { idToken, type: "ISO14443" },
  idTokenInfo: { status, ...more },
});

for (const dialect of dialects2x)
  lists(`${dialect}: is replaced, changed, and refused where its version is not newer`, async () => {
    const counter = new TestRequests(dialect);
    const send = (updateType: string, versionNumber: number, localAuthorizationList?: readonly object[]): unknown =>
      counter.status("SendLocalList", {
        updateType,
        versionNumber,
        ...(localAuthorizationList === undefined ? {} : { localAuthorizationList }),
      });
    assert.equal(counter.ask("GetLocalListVersion", {}), { versionNumber: 0 });
    assert.is(
      send("Full", 3, [
        entry("04a23b1c5d6e80", "Accepted", {
          cacheExpiryDateTime: "2027-01-01T00:00:00Z",
          groupIdToken: { idToken: "g", type: "Central" },
        }),
        entry("9F3C77E1", "Blocked"),
        entry("x".repeat(37)),
      ]),
      "Accepted",
    );
    assert.equal(counter.ask("GetLocalListVersion", {}), { versionNumber: 3 });
    assert.equal(
      [...counter.lists.cards.values()],
      [
        {
          uid: "04A23B1C5D6E80",
          contractId: "04a23b1c5d6e80",
          status: "ALLOWED",
          group: "g",
          expires: "2027-01-01T00:00:00.000Z",
        },
        { uid: "9F3C77E1", contractId: "9F3C77E1", status: "BLOCKED" },
      ],
    );
    assert.is(counter.notes.length, 1, "what no record can name is said to be left out");
    assert.is(send("Differential", 3, [entry("AABBCCDD")]), "VersionMismatch");
    assert.is(
      send("Differential", 4, [
        { idToken: { idToken: "9F3C77E1", type: "ISO14443" } },
        entry("AABBCCDD", "Expired"),
        entry("AABBCCEE", "Accepted", { evseId: [1] }),
      ]),
      "Accepted",
    );
    assert.equal(
      [...counter.lists.cards.values()].map(({ uid, status }) => `${uid} ${status}`),
      ["04A23B1C5D6E80 ALLOWED", "AABBCCDD EXPIRED"],
    );
    assert.is(send("Full", 5, [entry("AABBCCDD"), entry("aabbccdd")]), "Failed");
    assert.is(send("Full", 0), "Failed");
    counter.lists.most = 0;
    assert.is(send("Full", 6, [entry("AABBCCDD")]), "Failed");
    counter.lists.most = 10;
    assert.is(send("Full", 2), "Accepted");
    assert.is(counter.lists.cards.size, 0);
    await counter.testStation.close();
  });

lists("1.6: the same", async () => {
  const counter = new TestRequests("ocpp1.6");
  const send = (updateType: string, listVersion: number, localAuthorizationList: readonly object[]): unknown =>
    counter.status("SendLocalList", { updateType, listVersion, localAuthorizationList });
  assert.is(
    send("Full", 1, [{ idTag: "04A23B1C5D6E80", idTagInfo: { status: "Accepted", parentIdTag: "fleet" } }]),
    "Accepted",
  );
  assert.equal(counter.ask("GetLocalListVersion", {}), { listVersion: 1 });
  assert.is(send("Differential", 1, []), "VersionMismatch");
  assert.is(send("Differential", 2, [{ idTag: "04A23B1C5D6E80" }]), "Accepted");
  assert.is(counter.lists.cards.size, 0);
  await counter.testStation.close();
});

lists.run();

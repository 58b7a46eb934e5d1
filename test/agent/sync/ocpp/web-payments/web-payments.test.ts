// Payments on the page of a CSMS: what it sets is obeyed and its secret never read; what it says of a payment keeps a
// connector for a bounded time; a code stands only where a payment is followed by power.
import { createHmac } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { oneTimePassword } from "../../../../../agent/core/web-payment/one-time-password.js";
import { Disk } from "../../../../../agent/ledger/store/disk.js";
import type { Dialect } from "../../../../../agent/sync/ocpp/rpc/frame.js";
import { paymentCodeAt } from "../../../../../agent/sync/ocpp/web-payments/payment-codes.js";
import { TestRequests } from "../../../../support/sync/test-requests.js";

const secret = "0123456789-secret-of-the-csms-xy";
const template = "https://qr.example/{chargingStationId}/{evse}/{totp}?v={version}";
const card = "04A23B1C5D6E80";
const app = { idToken: "pi_3QxPspRef", type: "DirectPayment" };
const dialects: readonly Dialect[] = ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"];

/** Sets one variable, in the words of the version; answers what was said of it. */
function set(counter: TestRequests, name: string, value: string, evse = 1): unknown {
  if (counter.dialect === "ocpp1.6")
    return counter.status("ChangeConfiguration", { key: `webPaymentsCtrlr.${evse}.${name}`, value });
  const component = { name: "WebPaymentsCtrlr", ...(evse === 0 ? {} : { evse: { id: evse } }) };
  const answer = counter.ask("SetVariables", {
    setVariableData: [{ component, variable: { name }, attributeValue: value }],
  }) as { setVariableResult: { attributeStatus: string; attributeStatusInfo?: { reasonCode: string } }[] };
  const [one] = answer.setVariableResult;
  return one?.attributeStatusInfo?.reasonCode ?? one?.attributeStatus;
}

function setUp(counter: TestRequests, evse = 1): void {
  for (const [name, value] of [
    ["URLTemplate", template],
    ["SharedSecret", secret],
    ["ValidityTime", "60"],
    ["Length", "20"],
    ["Enabled", "true"],
  ] as const)
    assert.is(set(counter, name, value, evse), "Accepted", name);
}

function codeOf(counter: TestRequests, connector = 1, online = true): string | undefined {
  const { testStation, context } = counter;
  return paymentCodeAt(connector, testStation.clock.now(), {
    settings: context.webPayments,
    identity: "till 1",
    connectors: testStation.config.connectors,
    remote: () => testStation.services.remote,
    online: () => online,
  })?.url;
}

const settings = suite("WebPaymentsCtrlr");

for (const dialect of dialects)
  settings(`${dialect}: what is set makes the code, and the secret is nowhere to be read`, async () => {
    const counter = new TestRequests(dialect);
    assert.is(codeOf(counter), undefined);
    setUp(counter);
    const password = oneTimePassword(
      { secret, validityS: 60, length: 20 },
      counter.testStation.clock.now().at,
      (key, message) => createHmac("sha256", key).update(message).digest(),
    );
    assert.match(codeOf(counter) ?? "", `https://qr.example/till%201/1/${password}?v=v1`);
    assert.is(codeOf(counter, 2), undefined, "set for one EVSE alone");
    const told =
      dialect === "ocpp1.6"
        ? [
            counter.ask("GetConfiguration", {}),
            counter.ask("GetConfiguration", { key: ["webPaymentsCtrlr.1.SharedSecret"] }),
          ]
        : [
            counter.ask("GetBaseReport", { requestId: 1, reportBase: "FullInventory" }),
            counter.ask("GetVariables", {
              getVariableData: [
                { component: { name: "WebPaymentsCtrlr", evse: { id: 1 } }, variable: { name: "SharedSecret" } },
              ],
            }),
          ];
    await counter.testStation.clock.pass(1_000);
    const everything = JSON.stringify([told, counter.sent, counter.notes, counter.testStation.event]);
    assert.not.ok(everything.includes(secret));
    if (dialect === "ocpp1.6") assert.match(everything, `"unknownKey":["webPaymentsCtrlr.1.SharedSecret"]`);
    else assert.match(everything, /"mutability":"WriteOnly"/);
    const disk = new Disk(counter.testStation.files);
    const journal = disk
      .list("/state/journal")
      .filter((name) => name.endsWith(".jsonl"))
      .map((name) => disk.read(`/state/journal/${name}`)?.toString("utf8") ?? "")
      .join("\n");
    assert.match(journal, /WebPaymentsCtrlr\.1\.SharedSecret/);
    assert.not.ok(journal.includes(secret));
    assert.equal(counter.lineWords, ["ReconfigurationOfSecurityParameters"]);
    await counter.testStation.close();
  });

settings("values that lead nowhere are refused with their reason", async () => {
  const counter = new TestRequests("ocpp2.1");
  for (const [name, value, word] of [
    ["Enabled", "yes", "InvalidValue"],
    ["URLTemplate", "http://qr.example/{totp}", "InvalidValue"],
    ["URLTemplate", "https://qr.example/", "InvalidValue"],
    ["URLParameters", "maxCost", "ReadOnly"],
    ["TOTPVersion", "v2", "InvalidValue"],
    ["ValidityTime", "5", "ValueTooLow"],
    ["ValidityTime", "3601", "ValueTooHigh"],
    ["Length", "5", "ValueTooLow"],
    ["SharedSecret", "too short", "InvalidValue"],
    ["QRCodeQuality", "Best", "InvalidValue"],
  ] as const)
    assert.is(set(counter, name, value), word, `${name} = ${value}`);
  await counter.testStation.close();
});

settings("what is set for the station holds at each EVSE that has nothing of its own", async () => {
  const counter = new TestRequests("ocpp2.1");
  setUp(counter, 0);
  set(counter, "Enabled", "false", 2);
  assert.ok(codeOf(counter, 1));
  assert.is(codeOf(counter, 2), undefined);
  await counter.testStation.close();
});

settings.run();

const codes = suite("payment codes");

type Trouble = readonly [name: string, make: (counter: TestRequests) => Promise<void> | void, connector?: number];
const troubles: readonly Trouble[] = [
  ["the clock is not set", ({ testStation }) => void (testStation.clock.trust = "unsynced")],
  [
    "the connector is faulted",
    ({ testStation: { services, clock } }) =>
      void services.station.faults.raise("connector 1", "meter/timeout", "silent", clock.now().at),
  ],
  [
    "the connector is out of service",
    ({ testStation }) => void testStation.services.remote.setOperative(1, false, "csms"),
  ],
  [
    "it is reserved",
    (counter) =>
      assert.is(
        counter.status("ReserveNow", {
          id: 5,
          expiryDateTime: "2099-01-01T00:00:00Z",
          idToken: { idToken: card, type: "ISO14443" },
          evseId: 1,
        }),
        "Accepted",
      ),
  ],
  ["a card waits for a car", ({ testStation }) => testStation.tap(card)],
  [
    "somebody pays already",
    (counter) => assert.equal(counter.ask("NotifyWebPaymentStarted", { evseId: 1, timeout: 60 }), {}),
  ],
  [
    "a session runs",
    async ({ testStation }) => {
      await testStation.plug(1);
      await testStation.tap(card);
      await testStation.clock.pass(2_000);
    },
  ],
];
for (const [name, make] of troubles)
  codes(`none while ${name}`, async () => {
    const counter = new TestRequests("ocpp2.1");
    setUp(counter);
    assert.ok(codeOf(counter));
    await make(counter);
    assert.is(codeOf(counter), undefined);
    await counter.testStation.close();
  });

codes("none while the CSMS is not there to start what is paid", async () => {
  const counter = new TestRequests("ocpp2.1");
  setUp(counter);
  assert.is(codeOf(counter, 1, false), undefined);
  await counter.testStation.close();
});

codes("one stands while a car waits for its payment", async () => {
  const counter = new TestRequests("ocpp2.1");
  setUp(counter);
  await counter.testStation.plug(1);
  assert.ok(codeOf(counter));
  await counter.testStation.close();
});

codes.run();

const payments = suite("a payment that has begun");

/** Says it in the words of the version; the answer as one word. */
function started(counter: TestRequests, timeout: number, connector = 1): unknown {
  if (counter.dialect === "ocpp2.1") {
    const answer = counter.ask("NotifyWebPaymentStarted", { evseId: connector, timeout });
    return typeof answer === "string" ? answer : "Accepted";
  }
  return counter.status("DataTransfer", data(counter, "NotifyWebPaymentStarted", { timeout }, connector));
}

function data(counter: TestRequests, messageId: string, fields: object, connector: unknown = 1): object {
  const is16 = counter.dialect === "ocpp1.6";
  const named = { [is16 ? "connectorId" : "evseId"]: connector, ...fields };
  return { vendorId: "cloud.charging.open", messageId, data: is16 ? JSON.stringify(named) : named };
}

const start = (counter: TestRequests): unknown =>
  counter.dialect === "ocpp1.6"
    ? counter.status("RemoteStartTransaction", { connectorId: 1, idTag: "PSP-1" })
    : counter.status("RequestStartTransaction", { evseId: 1, idToken: app, remoteStartId: 7 });

for (const dialect of dialects) {
  payments(`${dialect}: no card starts meanwhile, and the start that was paid for does`, async () => {
    const counter = new TestRequests(dialect);
    const { testStation } = counter;
    await testStation.plug(1);
    assert.is(started(counter, 120), "Accepted");
    assert.is(testStation.outlet(1).shown, "checking");
    await testStation.tap(card);
    assert.is(testStation.session(1).state, "occupied");
    assert.match(testStation.answers().at(-1) ?? "", /being paid for by phone/);
    assert.is(start(counter), "Accepted");
    await testStation.clock.pass(2_000);
    assert.is(testStation.session(1).state, "charging");
    assert.is(testStation.services.station.stationState().webPayments.size, 0);
    await testStation.close();
  });

  payments(`${dialect}: it keeps the connector no longer than was said`, async () => {
    const counter = new TestRequests(dialect);
    const { testStation } = counter;
    await testStation.plug(1);
    assert.is(started(counter, 120), "Accepted");
    await testStation.clock.pass(119_000);
    await testStation.tap(card);
    assert.is(testStation.session(1).state, "occupied");
    await testStation.clock.pass(1_000);
    await testStation.tap(card);
    await testStation.clock.pass(2_000);
    assert.is(testStation.session(1).state, "charging");
    await testStation.close();
  });

  payments(`${dialect}: whoever came first keeps it: a card that waits, a session that runs`, async () => {
    const counter = new TestRequests(dialect);
    const { testStation } = counter;
    await testStation.tap(card);
    assert.is.not(started(counter, 120), "Accepted");
    await testStation.plug(1);
    await testStation.clock.pass(2_000);
    assert.is(testStation.session(1).state, "charging");
    assert.is.not(started(counter, 120), "Accepted");
    await testStation.close();
  });

  payments(`${dialect}: a payment that is given up, or fails, frees the connector at once`, async () => {
    const counter = new TestRequests(dialect);
    const { testStation } = counter;
    const held = (): number => testStation.services.station.stationState().webPayments.size;
    assert.is(started(counter, 300), "Accepted");
    assert.is(started(counter, 0), "Accepted");
    assert.is(held(), 0);
    assert.is(started(counter, 300), "Accepted");
    const errorMessage = [{ format: "UTF8", language: "en", content: "Payment network\u001b[2J unreachable!" }];
    assert.is(counter.status("DataTransfer", data(counter, "NotifyWebPaymentFailed", { errorMessage })), "Accepted");
    assert.is(held(), 0);
    const notes = testStation.event.flatMap((event) => (event.type === "note" ? [event.text] : []));
    assert.match(notes.at(-1) ?? "", /the payment failed: Payment network.*unreachable/);
    assert.not.ok(notes.join().includes("\u001b"));
    await testStation.close();
  });
}

payments("tap before plug: the card goes to the connector that nobody pays for", async () => {
  const counter = new TestRequests("ocpp2.1");
  const { testStation } = counter;
  assert.is(started(counter, 120), "Accepted");
  await testStation.tap(card);
  await testStation.plug(1);
  assert.is(testStation.session(1).state, "occupied", "a car at the connector that is paid for takes no waiting card");
  await testStation.plug(2);
  await testStation.clock.pass(2_000);
  assert.is(testStation.session(2).state, "charging");
  await testStation.close();
});

payments("a restart ends it, and a wall clock that is set does not", async () => {
  const counter = new TestRequests("ocpp2.1");
  let { testStation } = counter;
  assert.is(started(counter, 120), "Accepted");
  testStation.clock.aheadMs = 10 * 3_600_000;
  await testStation.clock.pass(60_000);
  assert.is(testStation.services.station.stationState().webPayments.size, 1);
  testStation = await testStation.again();
  assert.is(testStation.services.station.stationState().webPayments.size, 0);
  await testStation.close();
});

payments("neither another backend nor a reservation gets between a payment and its start", async () => {
  const counter = new TestRequests("ocpp2.1");
  const { testStation } = counter;
  const { remote } = testStation.services;
  await testStation.plug(1);
  assert.is(started(counter, 120), "Accepted");
  const token = { uid: "APP-9", type: "APP_USER" as const, contractId: "C9", countryCode: "DE", partyId: "EMP" };
  assert.is(remote.start({ by: "other", connector: 1, token }).accepted, false);
  assert.is(remote.webPaymentStarted(1, 60_000, "other").accepted, false);
  const untilMs = testStation.clock.now().at + 600_000;
  assert.is(remote.reserve({ id: "other:1", by: "other", connector: 1, token, untilMs }).accepted, false);
  remote.webPaymentEnded(1, "other", "not theirs to end");
  assert.is(testStation.services.station.stationState().webPayments.size, 1);
  assert.is(start(counter), "Accepted");
  await testStation.clock.pass(2_000);
  assert.is(testStation.session(1).state, "charging");
  await testStation.close();
});

payments.run();

// Paper "Secure Dynamic QR Codes" (Open Charging Cloud), the tables of errors.
const paper = suite("the paper's cases");

/** One station for each version: a refused message leaves nothing behind. */
const counters = new Map<Dialect, TestRequests>();
function askedOf(dialect: Dialect): TestRequests {
  const counter = counters.get(dialect) ?? new TestRequests(dialect);
  counters.set(dialect, counter);
  return counter;
}

type Row = readonly [dialect: Dialect, payload: object, answer: object | string];
const vendorId = "cloud.charging.open";
const messageId = "NotifyWebPaymentStarted";
const failed = "NotifyWebPaymentFailed";
const rejected = (reasonCode: string, additionalInfo: string): object => ({
  status: "Rejected",
  statusInfo: { reasonCode, additionalInfo },
});
const rejected16 = (reasonCode: string, additionalInfo: string): object => ({
  status: "Rejected",
  data: JSON.stringify({ reasonCode, additionalInfo, message: additionalInfo }),
});
const text = (value: object): string => JSON.stringify(value);
const badEvse = ["invalidEvseId", "Invalid 'evseId' value!"] as const;
const badConnector = ["invalidEvseId", "Invalid 'connectorId' value!"] as const;
const badTimeout = ["invalidTimeout", "Invalid 'timeout' value!"] as const;
const badMessage = ["invalidMessage", "Invalid 'errorMessage' value!"] as const;
const rows: readonly Row[] = [
  ["ocpp2.0.1", { vendorId: "org.example", messageId }, { status: "UnknownVendorId" }],
  ["ocpp2.0.1", { vendorId, messageId: "Other" }, { status: "UnknownMessageId" }],
  ["ocpp2.0.1", { vendorId }, { status: "UnknownMessageId" }],
  ["ocpp2.0.1", { vendorId, messageId, data: { evseId: 1, timeout: 60 } }, { status: "Accepted" }],
  ["ocpp2.0.1", { vendorId, messageId }, rejected(...badEvse)],
  ["ocpp2.0.1", { vendorId, messageId, data: { timeout: 60 } }, rejected(...badEvse)],
  ["ocpp2.0.1", { vendorId, messageId, data: { evseId: null, timeout: 60 } }, rejected(...badEvse)],
  ["ocpp2.0.1", { vendorId, messageId, data: { evseId: 0, timeout: 60 } }, rejected(...badEvse)],
  ["ocpp2.0.1", { vendorId, messageId, data: { evseId: 9, timeout: 60 } }, rejected(...badEvse)],
  ["ocpp2.0.1", { vendorId, messageId, data: { evseId: "1", timeout: 60 } }, rejected(...badEvse)],
  ["ocpp2.0.1", { vendorId, messageId, data: { evseId: 1 } }, rejected(...badTimeout)],
  ["ocpp2.0.1", { vendorId, messageId, data: { evseId: 1, timeout: null } }, rejected(...badTimeout)],
  ["ocpp2.0.1", { vendorId, messageId, data: { evseId: 1, timeout: -1 } }, rejected(...badTimeout)],
  ["ocpp2.0.1", { vendorId, messageId, data: { evseId: 1, timeout: 1.5 } }, rejected(...badTimeout)],
  ["ocpp2.0.1", { vendorId, messageId, data: { evseId: 1, timeout: 301 } }, rejected(...badTimeout)],
  [
    "ocpp2.0.1",
    { vendorId, messageId: failed, data: { evseId: 1, errorMessage: { en: "declined" } } },
    { status: "Accepted" },
  ],
  [
    "ocpp2.0.1",
    { vendorId, messageId: failed, data: { evseId: 1, errorMessage: [{ format: "UTFx", content: "x" }] } },
    rejected(...badMessage),
  ],
  ["ocpp2.0.1", { vendorId, messageId: failed, data: { evseId: 0 } }, rejected(...badEvse)],
  ["ocpp2.1", { vendorId, messageId: failed, data: { evseId: 1 } }, { status: "Accepted" }],
  ["ocpp1.6", { vendorId: "org.example" }, { status: "UnknownVendorId" }],
  ["ocpp1.6", { vendorId, messageId: "Other" }, { status: "UnknownMessageId" }],
  [
    "ocpp1.6",
    { vendorId, messageId, data: text({ connectorId: 1, timeout: 60, customData: null }) },
    { status: "Accepted" },
  ],
  ["ocpp1.6", { vendorId, messageId, data: text({ connectorId: 0, timeout: 60 }) }, rejected16(...badConnector)],
  ["ocpp1.6", { vendorId, messageId, data: "not json" }, rejected16(...badConnector)],
  ["ocpp1.6", { vendorId, messageId, data: "[[[[[[[[1]]]]]]]]" }, rejected16(...badConnector)],
  ["ocpp1.6", { vendorId, messageId, data: text({ connectorId: 1, timeout: 999_999_999 }) }, rejected16(...badTimeout)],
];
for (const [dialect, payload, answer] of rows)
  paper(`${dialect}: ${JSON.stringify(payload).slice(0, 110)}`, () => {
    assert.equal(askedOf(dialect).ask("DataTransfer", payload), answer);
  });

const native: readonly (readonly [payload: object, answer: object | string])[] = [
  [{ timeout: 60 }, "OccurrenceConstraintViolation"],
  [{ evseId: 1 }, "OccurrenceConstraintViolation"],
  [{ evseId: "1", timeout: 60 }, "TypeConstraintViolation"],
  [{ evseId: 1, timeout: "60" }, "TypeConstraintViolation"],
  [{ evseId: 0, timeout: 60 }, "PropertyConstraintViolation"],
  [{ evseId: 9, timeout: 60 }, "PropertyConstraintViolation"],
  [{ evseId: 1, timeout: 301 }, "PropertyConstraintViolation"],
  [{ evseId: 1, timeout: -1 }, "PropertyConstraintViolation"],
  [{ evseId: 1, timeout: 300 }, {}],
  [{ evseId: 1, timeout: 0 }, {}],
];
for (const [payload, answer] of native)
  paper(`ocpp2.1 NotifyWebPaymentStarted ${JSON.stringify(payload)}`, () => {
    assert.equal(askedOf("ocpp2.1").ask("NotifyWebPaymentStarted", payload), answer);
  });

paper.after(async () => {
  for (const { testStation } of counters.values()) await testStation.close();
});
paper.run();

// Whatever a peer sends is answered: by a payload that fits the standard's schema, or by a CALLERROR of the standard's
// codes. Nothing crashes.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { requestHandlers } from "../../../../agent/sync/ocpp/request-handlers.js";
import { callErrorCodes, type Dialect, errorCodeFor } from "../../../../agent/sync/ocpp/rpc/frame.js";
import { TestRequests } from "../../../support/sync/test-requests.js";

const test = suite("words that were never meant");

const later = "2099-01-01T00:00:00Z";
const token = { idToken: "04A23B1C5D6E80", type: "ISO14443", additionalInfo: [{ additionalIdToken: "x", type: "y" }] };
const evse = { id: 1, connectorId: 1 };
const condition = {
  startTimeOfDay: "08:00",
  dayOfWeek: ["Monday"],
  validFromDate: "2026-01-01",
  evseKind: "AC",
  minEnergy: 5,
  maxPower: 7000,
  minTime: 60,
};
const tariff = {
  tariffId: "T",
  currency: "EUR",
  description: [{ format: "UTF8", language: "en", content: "x" }],
  validFrom: later,
  energy: { prices: [{ priceKwh: 0.3, conditions: condition }], taxRates: [{ type: "VAT", tax: 19, stack: 0 }] },
  chargingTime: { prices: [{ priceMinute: 0.1 }] },
  idleTime: { prices: [{ priceMinute: 0.1, conditions: { minIdleTime: 1 } }] },
  fixedFee: { prices: [{ priceFixed: 1, conditions: { paymentBrand: "x" } }] },
  minCost: { exclTax: 1 },
  maxCost: { exclTax: 5, inclTax: 6 },
};
const component = { name: "EVSE", instance: "x", evse };
const variable = { name: "AvailabilityState", instance: "x" };

/** A well-formed payload for every message, full of everything it may hold. */
const in2x: Readonly<Record<string, unknown>> = {
  RequestStartTransaction: {
    evseId: 1,
    idToken: token,
    groupIdToken: token,
    remoteStartId: 1,
    chargingProfile: { id: 1 },
  },
  RequestStopTransaction: { transactionId: "S1" },
  GetTransactionStatus: { transactionId: "S1" },
  UnlockConnector: { evseId: 1, connectorId: 1 },
  ReserveNow: {
    id: 1,
    expiryDateTime: later,
    connectorType: "s309-3P-16A",
    idToken: token,
    evseId: 1,
    groupIdToken: token,
  },
  CancelReservation: { reservationId: 1 },
  ChangeAvailability: { evse, operationalStatus: "Operative" },
  TriggerMessage: { evse, requestedMessage: "Heartbeat", customTrigger: "x" },
  ClearCache: {},
  DataTransfer: { vendorId: "v", messageId: "m", data: { any: ["thing"] } },
  SendLocalList: {
    versionNumber: 1,
    updateType: "Full",
    localAuthorizationList: [
      {
        idToken: token,
        idTokenInfo: { status: "Accepted", cacheExpiryDateTime: later, groupIdToken: token, evseId: [1, 2] },
      },
    ],
  },
  GetLocalListVersion: {},
  GetVariables: { getVariableData: [{ attributeType: "Actual", component, variable }] },
  SetVariables: { setVariableData: [{ attributeType: "Actual", attributeValue: "1", component, variable }] },
  GetBaseReport: { requestId: 1, reportBase: "FullInventory" },
  GetReport: { requestId: 1, componentVariable: [{ component, variable }], componentCriteria: ["Active"] },
  SetDefaultTariff: { evseId: 1, tariff },
  GetTariffs: { evseId: 1 },
  ClearTariffs: { evseId: 1, tariffIds: ["T"] },
  ChangeTransactionTariff: { transactionId: "S1", tariff },
  SetChargingProfile: {},
  UpdateFirmware: {},
  Reset: { type: "OnIdle", evseId: 1 },
  CertificateSigned: { certificateChain: "-----BEGIN CERTIFICATE-----", certificateType: "ChargingStationCertificate" },
  InstallCertificate: { certificateType: "CSMSRootCertificate", certificate: "-----BEGIN CERTIFICATE-----" },
  GetLog: {
    logType: "SecurityLog",
    requestId: 1,
    retries: 1,
    log: { remoteLocation: "https://x/", oldestTimestamp: later },
  },
  SetNetworkProfile: {
    configurationSlot: 2,
    connectionData: { ocppTransport: "JSON", ocppCsmsUrl: "wss://x/", messageTimeout: 1, securityProfile: 3 },
  },
};
const in16: Readonly<Record<string, unknown>> = {
  RemoteStartTransaction: { connectorId: 1, idTag: "04A23B1C5D6E80", chargingProfile: {} },
  RemoteStopTransaction: { transactionId: 1 },
  UnlockConnector: { connectorId: 1 },
  ReserveNow: { connectorId: 1, expiryDate: later, idTag: "X", parentIdTag: "Y", reservationId: 1 },
  CancelReservation: { reservationId: 1 },
  ChangeAvailability: { connectorId: 1, type: "Operative" },
  TriggerMessage: { requestedMessage: "Heartbeat", connectorId: 1 },
  ExtendedTriggerMessage: { requestedMessage: "Heartbeat", connectorId: 1 },
  ClearCache: {},
  DataTransfer: { vendorId: "v", messageId: "m", data: "x" },
  SendLocalList: {
    listVersion: 1,
    updateType: "Full",
    localAuthorizationList: [{ idTag: "X", idTagInfo: { status: "Accepted", expiryDate: later, parentIdTag: "Y" } }],
  },
  GetLocalListVersion: {},
  GetConfiguration: { key: ["HeartbeatInterval", "x"] },
  ChangeConfiguration: { key: "HeartbeatInterval", value: "60" },
  SetChargingProfile: { connectorId: 1 },
  GetDiagnostics: { location: "ftp://x", retries: 1, startTime: later },
  CertificateSigned: { certificateChain: "-----BEGIN CERTIFICATE-----" },
  InstallCertificate: { certificateType: "CentralSystemRootCertificate", certificate: "x" },
  GetLog: { logType: "SecurityLog", requestId: 1, log: { remoteLocation: "https://x/" } },
  Reset: { type: "Nonsense" },
};

/** Nothing that a config may switch on is off. */
const allOf = { certificatesByCsms: true, logHosts: ["files.example.org"] };

const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    Number.MAX_SAFE_INTEGER + 2,
    "",
    "x",
    "x".repeat(3000),
    "2026-02-30T00:00:00Z",
    [],
    {},
    [[]],
    { toString: 1 },
    { __proto__: null },
    "__proto__",
    "constructor",
  ),
  fc.string({ maxLength: 60 }),
  fc.integer(),
  fc.double(),
  fc.jsonValue({ maxDepth: 3 }),
);

type Cut = {
  readonly where: number;
  readonly how: "replace" | "drop" | "double" | "many" | "add";
  readonly junk: unknown;
};
const cut: fc.Arbitrary<Cut> = fc.record({
  where: fc.nat(200),
  how: fc.constantFrom("replace", "drop", "double", "many", "add"),
  junk,
});

type Slot = { readonly holder: Record<string, unknown>; readonly key: string };

function slotsOf(value: unknown): Slot[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...slotsOf(holder[key])]);
}

/** The payload with one thing wrong with it at a place that is there. */
function damaged(payload: unknown, { where, how, junk: thing }: Cut): unknown {
  const copy = structuredClone(payload);
  const slots = slotsOf(copy);
  const slot = slots[where % Math.max(1, slots.length)];
  if (slot === undefined) return how === "replace" ? thing : { any: thing };
  const { holder, key } = slot;
  if (how === "drop") delete holder[key];
  else if (how === "add") holder["surprise"] = thing;
  else if (how === "replace") holder[key] = thing;
  else if (Array.isArray(holder[key]))
    holder[key] = Array.from({ length: how === "many" ? 150 : 2 }, () =>
      structuredClone((holder[key] as unknown[])[0]),
    );
  else holder[key] = [holder[key]];
  return copy;
}

for (const [dialect, payloads, runs] of [
  ["ocpp1.6", in16, 150],
  ["ocpp2.0.1", in2x, 150],
  ["ocpp2.1", in2x, 250],
] as const)
  test(`${dialect}: are answered`, async () => {
    const counter = new TestRequests(dialect as Dialect, undefined, allOf);
    const codes = new Set<unknown>([...callErrorCodes].map((code) => errorCodeFor(code, dialect)));
    const actions = Object.keys(payloads);
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(fc.constantFrom(...actions), fc.array(cut, { maxLength: 3 }), (action, cuts) => {
        const payload = cuts.reduce(damaged, payloads[action]);
        const answer = counter.ask(action, payload);
        const kind = typeof answer === "string" ? answer : "answered";
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        if (typeof answer === "string") assert.ok(codes.has(answer), `${action}: ${answer}`);
      }),
      { numRuns: runs },
    );
    assert.ok((seen.get("answered") ?? 0) > runs / 10 && seen.size > 3, JSON.stringify([...seen]));
    await counter.testStation.close();
  });

for (const [dialect, payloads] of [
  ["ocpp1.6", in16],
  ["ocpp2.0.1", in2x],
  ["ocpp2.1", in2x],
] as const)
  test(`${dialect}: every message of the table is one that this station answers`, async () => {
    const counter = new TestRequests(dialect, undefined, allOf);
    const known = Object.keys(requestHandlers(counter.context, dialect));
    const tariffs = ["SetDefaultTariff", "GetTariffs", "ClearTariffs", "ChangeTransactionTariff"];
    assert.equal(
      Object.keys(payloads).filter((action) => !known.includes(action)),
      dialect === "ocpp2.0.1" ? tariffs : [],
    );
    assert.is(counter.ask("NoSuchMessage", {}), "NotImplemented");
    assert.is(counter.ask("constructor", {}), "NotImplemented");
    await counter.testStation.close();
  });

for (const dialect of ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"] as const)
  test(`${dialect}: what is not supported is what the manual says`, async () => {
    const counter = new TestRequests(dialect, undefined, allOf);
    const handlers = requestHandlers(counter.context, dialect);
    const isRefused = async (action: string): Promise<boolean> => {
      try {
        await handlers[action]?.({});
        return false;
      } catch (error) {
        return (error as { readonly code?: unknown }).code === "NotSupported";
      }
    };
    const refused: string[] = [];
    for (const action of Object.keys(handlers)) if (await isRefused(action)) refused.push(action);
    assert.equal(refused.sort(), notSupportedBy(dialect).sort());
    await counter.testStation.close();
  });

/** The list of a version in the manual. */
function notSupportedBy(dialect: Dialect): string[] {
  const version = { "ocpp1.6": "1.6J", "ocpp2.0.1": "2.0.1", "ocpp2.1": "2.1" }[dialect];
  const manual = readFileSync(new URL("../../../../../agent/sync/README.md", import.meta.url), "utf8");
  const [, section = ""] = manual.split("### Not supported");
  const [, text = ""] = section.split(`\n- ${version}: `);
  const own = text.split(/;|\.\n/)[0]?.match(/\b[A-Z]\w+/g) ?? [];
  return dialect === "ocpp2.1" ? [...notSupportedBy("ocpp2.0.1"), ...own] : own;
}

/** What a station sends; all else in the standard's schemas is for it to answer. */
const sentByStations = [
  "Authorize",
  "BatterySwap",
  "BootNotification",
  "ClearedChargingLimit",
  "ClosePeriodicEventStream",
  "DiagnosticsStatusNotification",
  "FirmwareStatusNotification",
  "Get15118EVCertificate",
  "GetCertificateChainStatus",
  "GetCertificateStatus",
  "Heartbeat",
  "LogStatusNotification",
  "MeterValues",
  "NotifyChargingLimit",
  "NotifyCustomerInformation",
  "NotifyDERAlarm",
  "NotifyDERStartStop",
  "NotifyDisplayMessages",
  "NotifyEVChargingNeeds",
  "NotifyEVChargingSchedule",
  "NotifyEvent",
  "NotifyMonitoringReport",
  "NotifyPriorityCharging",
  "NotifyReport",
  "NotifySettlement",
  "OpenPeriodicEventStream",
  "PublishFirmwareStatusNotification",
  "PullDynamicScheduleUpdate",
  "ReportChargingProfiles",
  "ReportDERControl",
  "ReservationStatusUpdate",
  "SecurityEventNotification",
  "SignCertificate",
  "SignedFirmwareStatusNotification",
  "StartTransaction",
  "StatusNotification",
  "StopTransaction",
  "TransactionEvent",
  "VatNumberValidation",
];

for (const [dialect, file] of [
  ["ocpp1.6", "ocpp1_6"],
  ["ocpp2.0.1", "ocpp2_0_1"],
  ["ocpp2.1", "ocpp2_1"],
] as const)
  test(`${dialect}: every message that the standard has for a station is answered, and none that it has not`, async () => {
    const counter = new TestRequests(dialect);
    const schemas = createRequire(import.meta.url)(`ocpp-rpc/lib/schemas/${file}.json`) as readonly {
      readonly $id: string;
    }[];
    const requests = schemas.flatMap(({ $id }) => /^urn:(.+?)(?:\.req|Request)$/.exec($id)?.[1] ?? []);
    assert.ok(requests.length > 30, String(requests.length));
    assert.equal(
      Object.keys(requestHandlers(counter.context, dialect)).sort(),
      requests.filter((action) => !sentByStations.includes(action)).sort(),
    );
    for (const action of requests.filter((one) => sentByStations.includes(one) && one !== "DataTransfer"))
      assert.is(counter.ask(action, {}), "NotImplemented", action);
    await counter.testStation.close();
  });

const rows = [
  ["ocpp2.0.1", "RequestStopTransaction", {}, "OccurrenceConstraintViolation"],
  ["ocpp2.0.1", "RequestStopTransaction", { transactionId: 5 }, "TypeConstraintViolation"],
  ["ocpp2.0.1", "RequestStopTransaction", { transactionId: "x".repeat(37) }, "PropertyConstraintViolation"],
  ["ocpp2.0.1", "GetVariables", { getVariableData: [] }, "OccurrenceConstraintViolation"],
  ["ocpp2.0.1", "ChangeAvailability", { operationalStatus: "Maybe" }, "PropertyConstraintViolation"],
  [
    "ocpp2.0.1",
    "ReserveNow",
    { id: 1, expiryDateTime: "tomorrow", idToken: { idToken: "A", type: "Central" } },
    "PropertyConstraintViolation",
  ],
  ["ocpp2.0.1", "SetChargingProfile", {}, "NotSupported"],
  ["ocpp2.0.1", "PublishFirmware", {}, "NotSupported"],
  ["ocpp2.0.1", "GetLog", { logType: "DiagnosticsLog" }, "OccurrenceConstraintViolation"],
  ["ocpp2.0.1", "SetNetworkProfile", { configurationSlot: "1" }, "TypeConstraintViolation"],
  ["ocpp2.1", "CertificateSigned", {}, "NotSupported"],
  ["ocpp2.0.1", "SetDefaultTariff", {}, "NotImplemented"],
  ["ocpp2.1", "RequestBatterySwap", {}, "NotSupported"],
  ["ocpp1.6", "RemoteStopTransaction", {}, "OccurenceConstraintViolation"],
  ["ocpp1.6", "UpdateFirmware", {}, "NotSupported"],
  ["ocpp1.6", "GetDiagnostics", {}, "OccurenceConstraintViolation"],
  ["ocpp1.6", "RequestStartTransaction", {}, "NotImplemented"],
] as const;

test("what is wrong with a payload is named by the standard's word", async () => {
  const counters = {
    "ocpp1.6": new TestRequests("ocpp1.6"),
    "ocpp2.0.1": new TestRequests("ocpp2.0.1"),
    "ocpp2.1": new TestRequests("ocpp2.1"),
  };
  for (const [dialect, action, payload, code] of rows)
    assert.is(
      counters[dialect].ask(action, payload),
      code,
      `${dialect} ${action} ${JSON.stringify(payload).slice(0, 60)}`,
    );
  await Promise.all(Object.values(counters).map(({ testStation }) => testStation.close()));
});

test.run();

// The device model of 2.x and the configuration keys of 1.6: what is told is true, what is set is obeyed and kept,
// everything else is refused by name.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Disk } from "../../../../../agent/ledger/store/disk.js";
import { Settings } from "../../../../../agent/sync/ocpp/requests/settings.js";
import type { Dialect } from "../../../../../agent/sync/ocpp/rpc/frame.js";
import { variablesPerPart } from "../../../../../agent/sync/ocpp/variables/report.js";
import { variablesOf } from "../../../../../agent/sync/ocpp/variables/variables.js";
import { TestRequests } from "../../../../support/sync/test-requests.js";
import { VolatileFiles } from "../../../../support/volatile-files.js";

const dialects2x: readonly Dialect[] = ["ocpp2.0.1", "ocpp2.1"];
type Named = readonly [component: string, variable: string, instance?: string];
const asked = ([component, name, instance]: Named): object => ({
  component: { name: component },
  variable: { name, ...(instance === undefined ? {} : { instance }) },
});

const get = (counter: TestRequests, named: Named, more: object = {}): unknown => {
  const answer = counter.ask("GetVariables", { getVariableData: [{ ...asked(named), ...more }] }) as {
    getVariableResult: {
      attributeStatus: string;
      attributeValue?: string;
      attributeStatusInfo?: { reasonCode: string };
    }[];
  };
  const [one] = answer.getVariableResult;
  return one?.attributeValue ?? one?.attributeStatusInfo?.reasonCode ?? one?.attributeStatus;
};
const set = (counter: TestRequests, named: Named, attributeValue: string, more: object = {}): unknown => {
  const answer = counter.ask("SetVariables", { setVariableData: [{ ...asked(named), attributeValue, ...more }] }) as {
    setVariableResult: { attributeStatus: string; attributeStatusInfo?: { reasonCode: string } }[];
  };
  const [one] = answer.setVariableResult;
  return one?.attributeStatusInfo?.reasonCode ?? one?.attributeStatus;
};

const model = suite("the device model");

for (const dialect of dialects2x)
  model(`${dialect}: values are those of the config and of now`, async () => {
    const counter = new TestRequests(dialect);
    for (const [named, value] of [
      [["OCPPCommCtrlr", "HeartbeatInterval"], "300"],
      [["ocppcommctrlr", "messagetimeout", "default"], "60"],
      [["SecurityCtrlr", "SecurityProfile"], "2"],
      [["SecurityCtrlr", "Identity"], "CT-DEMO"],
      [["ClockCtrlr", "TimeZone"], "Europe/Berlin"],
      [["TxCtrlr", "EVConnectionTimeOut"], "60"],
      [["ReservationCtrlr", "NonEvseSpecific"], "true"],
      [["SmartChargingCtrlr", "Available"], "false"],
      [["TariffCostCtrlr", "Available", "Tariff"], String(dialect === "ocpp2.1")],
      [["AuthCtrlr", "OfflineTxForUnknownIdEnabled"], "false"],
      [["ChargingStation", "AvailabilityState"], "Available"],
      [["NoSuchCtrlr", "X"], "UnknownComponent"],
      [["TxCtrlr", "X"], "UnknownVariable"],
      [["OCPPCommCtrlr", "MessageTimeout"], "UnknownVariable"],
      [["SecurityCtrlr", "BasicAuthPassword"], "WriteOnly"],
    ] as const)
      assert.is(get(counter, named), value, named.join("."));
    assert.is(
      get(counter, ["EVSE", "AvailabilityState"], { component: { name: "EVSE", evse: { id: 2 } } }),
      "Available",
    );
    assert.is(
      get(counter, ["Connector", "ConnectorType"], {
        component: { name: "Connector", evse: { id: 2, connectorId: 1 } },
      }),
      "s309-3P-16A",
    );
    assert.is(
      get(counter, ["EVSE", "AvailabilityState"], { component: { name: "EVSE", evse: { id: 3 } } }),
      "UnknownComponent",
    );
    assert.is(get(counter, ["TxCtrlr", "TxStartPoint"], { attributeType: "MaxSet" }), "NotSupportedAttributeType");
    await counter.testStation.plug(2);
    assert.is(
      get(counter, ["Connector", "AvailabilityState"], {
        component: { name: "Connector", evse: { id: 2, connectorId: 1 } },
      }),
      "Occupied",
    );
    await counter.testStation.close();
  });

model("what can be set is obeyed and kept; the rest is refused with the reason", async () => {
  const counter = new TestRequests("ocpp2.1");
  assert.is(set(counter, ["SampledDataCtrlr", "TxUpdatedInterval"], "60"), "Accepted");
  assert.is(set(counter, ["OCPPCommCtrlr", "WebSocketPingInterval"], "0"), "Accepted");
  assert.is(set(counter, ["OCPPCommCtrlr", "HeartbeatInterval"], "900"), "Accepted");
  assert.is(set(counter, ["OCPPCommCtrlr", "PublicKeyWithSignedMeterValue"], "Never"), "Accepted");
  assert.equal(counter.link.intervals, { heartbeatS: 900, pingS: 0, meterValuesS: 60, costS: 60 });
  assert.equal(counter.kept, { meterValuesS: 60, pingS: 0, publicKey: false });
  assert.is(get(counter, ["SampledDataCtrlr", "TxUpdatedInterval"]), "60");
  const again = new TestRequests("ocpp2.1");
  again.kept = counter.kept;
  again.context.settings.apply(again.link);
  assert.equal(
    [again.link.intervals, again.link.sendsPublicKey],
    [{ heartbeatS: 300, pingS: 0, meterValuesS: 60, costS: 60 }, false],
  );
  for (const [named, value, reason] of [
    [["OCPPCommCtrlr", "HeartbeatInterval"], "0", "ValueTooLow"],
    [["SampledDataCtrlr", "TxUpdatedInterval"], "3601", "ValueTooHigh"],
    [["SampledDataCtrlr", "TxUpdatedInterval"], "1.5", "InvalidValue"],
    [["SampledDataCtrlr", "TxUpdatedInterval"], "-1", "InvalidValue"],
    [["OCPPCommCtrlr", "PublicKeyWithSignedMeterValue"], "EveryMeterValue", "InvalidValue"],
    [["AuthCtrlr", "LocalAuthorizeOffline"], "false", "ReadOnly"],
    [["SecurityCtrlr", "BasicAuthPassword"], "0123456789abcde", "InvalidValue"],
    [["NoSuchCtrlr", "X"], "1", "UnknownComponent"],
    [["TxCtrlr", "X"], "1", "UnknownVariable"],
    [["TariffCostCtrlr", "Enabled", "Tariff"], "maybe", "InvalidValue"],
  ] as const)
    assert.is(set(counter, named, value), reason, named.join("."));
  assert.is(
    set(counter, ["TxCtrlr", "TxStartPoint"], "Authorized", { attributeType: "Target" }),
    "NotSupportedAttributeType",
  );
  await Promise.all([counter.testStation.close(), again.testStation.close()]);
});

for (const dialect of dialects2x)
  model(`${dialect}: reports come in parts that are bounded and numbered, the last one says so`, async () => {
    const counter = new TestRequests(dialect);
    const all = variablesOf(counter.context);
    assert.is(counter.status("GetBaseReport", { requestId: 9, reportBase: "FullInventory" }), "Accepted");
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    const parts = counter.sent.map(
      ({ payload }) =>
        payload as {
          requestId: number;
          seqNo: number;
          tbc: boolean;
          reportData: { variableAttribute: { value?: string; mutability: string }[] }[];
        },
    );
    assert.equal(
      parts.map(({ seqNo, tbc }) => `${seqNo} ${tbc}`),
      Array.from(
        { length: Math.ceil(all.length / variablesPerPart) },
        (_, index, list = Math.ceil(all.length / variablesPerPart)) => `${index} ${index < list - 1}`,
      ),
    );
    assert.is(
      parts.reduce((sum, { reportData }) => sum + reportData.length, 0),
      all.length,
    );
    assert.ok(parts.every(({ requestId, reportData }) => requestId === 9 && reportData.length <= variablesPerPart));
    const secret = parts
      .flatMap(({ reportData }) => reportData)
      .filter(({ variableAttribute: [one] }) => one?.mutability === "WriteOnly");
    assert.ok(
      secret.length === 4 && secret.every(({ variableAttribute: [one] }) => one !== undefined && !("value" in one)),
      "the password and the secrets of payment codes, for the station and each EVSE, are never told",
    );
    await counter.testStation.close();
  });

model("smaller reports hold what was asked for, or nothing is there to tell", async () => {
  const counter = new TestRequests("ocpp2.0.1");
  const names = async (action: string, payload: object): Promise<unknown> => {
    counter.sent.length = 0;
    const status = counter.status(action, { requestId: 1, ...payload });
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    return status === "Accepted"
      ? counter.sent.flatMap(({ payload: sent }) =>
          (
            sent as { reportData: { component: { name: string; evse?: { id: number } }; variable: { name: string } }[] }
          ).reportData.map(
            ({ component, variable }) => `${component.name}${component.evse?.id ?? ""}.${variable.name}`,
          ),
        )
      : status;
  };
  assert.equal(await names("GetBaseReport", { reportBase: "ConfigurationInventory" }), [
    "OCPPCommCtrlr.HeartbeatInterval",
    "OCPPCommCtrlr.NetworkConfigurationPriority",
    "OCPPCommCtrlr.PublicKeyWithSignedMeterValue",
    "OCPPCommCtrlr.RetryBackOffRandomRange",
    "OCPPCommCtrlr.RetryBackOffRepeatTimes",
    "OCPPCommCtrlr.RetryBackOffWaitMinimum",
    "OCPPCommCtrlr.WebSocketPingInterval",
    "SecurityCtrlr.BasicAuthPassword",
    "SampledDataCtrlr.TxUpdatedInterval",
    ...["", "1", "2"].flatMap((evse) =>
      [
        "Enabled",
        "URLTemplate",
        "TOTPVersion",
        "RoamingEvseId",
        "ValidityTime",
        "SharedSecret",
        "Length",
        "QRCodeQuality",
      ].map((name) => `WebPaymentsCtrlr${evse}.${name}`),
    ),
  ]);
  assert.ok(
    ((await names("GetBaseReport", { reportBase: "SummaryInventory" })) as string[]).includes(
      "EVSE2.AvailabilityState",
    ),
  );
  assert.equal(
    await names("GetReport", { componentVariable: [{ component: { name: "EVSE" }, variable: { name: "EvseId" } }] }),
    ["EVSE1.EvseId", "EVSE2.EvseId"],
  );
  assert.equal(
    await names("GetReport", {
      componentVariable: [{ component: { name: "EVSE", evse: { id: 2 } }, variable: { name: "EvseId" } }],
    }),
    ["EVSE2.EvseId"],
  );
  assert.is(await names("GetReport", { componentVariable: [{ component: { name: "Nothing" } }] }), "EmptyResultSet");
  assert.is(await names("GetReport", { componentCriteria: ["Problem"] }), "EmptyResultSet");
  const enabled = (await names("GetReport", { componentCriteria: ["Enabled"] })) as string[];
  assert.ok(enabled.includes("ReservationCtrlr.Available") && !enabled.includes("SmartChargingCtrlr.Available"));
  await counter.testStation.close();
});

model("what was set is there again after a restart", () => {
  const files = new VolatileFiles();
  const disk = new Disk(files);
  const first = Settings.open(disk, "/state", "csms", () => true);
  assert.is(first.tariffs, true);
  first.keep({ tariffs: false, pingS: 30 });
  const again = Settings.open(new Disk(files.afterKill()), "/state", "csms", () => true);
  assert.is(again.tariffs, false);
  const counter = new TestRequests("ocpp2.1");
  again.apply(counter.link);
  assert.is(counter.link.intervals.pingS, 30);
  return counter.testStation.close();
});

model("2.1: whether and how often the cost so far is told is the CSMS's to set, within bounds, and lasts", async () => {
  const counter = new TestRequests("ocpp2.1");
  const set = (instance: string, name: string, attributeValue: string): unknown =>
    (
      counter.ask("SetVariables", {
        setVariableData: [{ component: { name: "TariffCostCtrlr" }, variable: { name, instance }, attributeValue }],
      }) as { setVariableResult: { attributeStatus: string; attributeStatusInfo?: { reasonCode: string } }[] }
    ).setVariableResult.map(
      ({ attributeStatus, attributeStatusInfo }) => attributeStatusInfo?.reasonCode ?? attributeStatus,
    )[0];
  assert.equal(
    [
      set("Cost", "Interval", "30"),
      set("Cost", "Interval", "9"),
      set("Cost", "Interval", "3601"),
      set("RunningCost", "Enabled", "perhaps"),
    ],
    ["Accepted", "ValueTooLow", "ValueTooHigh", "InvalidValue"],
  );
  assert.is(set("RunningCost", "Enabled", "false"), "Accepted");
  assert.equal(
    [counter.link.intervals.costS, counter.link.sendsRunningCost, counter.kept],
    [30, false, { costS: 30, runningCost: false }],
  );
  const next = new TestRequests("ocpp2.1");
  next.kept = counter.kept;
  next.context.settings.apply(next.link);
  assert.equal([next.link.intervals.costS, next.link.sendsRunningCost], [30, false]);
  await Promise.all([counter.testStation.close(), next.testStation.close()]);
});

model("how a lost line is tried again is the CSMS's to set, within bounds, and lasts", async () => {
  const counter = new TestRequests("ocpp2.0.1");
  const set = (name: string, attributeValue: string): unknown =>
    (
      counter.ask("SetVariables", {
        setVariableData: [{ component: { name: "OCPPCommCtrlr" }, variable: { name }, attributeValue }],
      }) as { setVariableResult: { attributeStatus: string; attributeStatusInfo?: { reasonCode: string } }[] }
    ).setVariableResult.map(
      ({ attributeStatus, attributeStatusInfo }) => attributeStatusInfo?.reasonCode ?? attributeStatus,
    )[0];
  assert.equal(
    [set("RetryBackOffWaitMinimum", "30"), set("RetryBackOffRandomRange", "7"), set("RetryBackOffRepeatTimes", "3")],
    ["Accepted", "Accepted", "Accepted"],
  );
  assert.equal(
    [set("RetryBackOffWaitMinimum", "0"), set("RetryBackOffRandomRange", "3601"), set("RetryBackOffRepeatTimes", "-1")],
    ["ValueTooLow", "ValueTooHigh", "InvalidValue"],
  );
  assert.equal(counter.link.reconnect, { waitMinimumMs: 30_000, randomRangeMs: 7_000, repeatTimes: 3 });
  const next = new TestRequests("ocpp2.0.1");
  next.kept = counter.kept;
  next.context.settings.apply(next.link);
  assert.equal(next.link.reconnect, counter.link.reconnect);
  await Promise.all([counter.testStation.close(), next.testStation.close()]);
});

model("what is set is written into the journal first, and is not kept where nothing is written any more", async () => {
  const counter = new TestRequests("ocpp2.0.1");
  const { testStation } = counter;
  const seen: unknown[] = [];
  testStation.services.station
    .feed()
    .listen(({ event }) => event.type === "SettingSet" && seen.push([event.by, event.settings]));
  const set = (attributeValue: string): unknown =>
    counter.ask("SetVariables", {
      setVariableData: [
        { component: { name: "SampledDataCtrlr" }, variable: { name: "TxUpdatedInterval" }, attributeValue },
      ],
    });
  set("60");
  assert.equal([seen, counter.kept], [[["csms", { meterValuesS: 60 }]], { meterValuesS: 60 }]);
  testStation.services.station.halt();
  assert.is(set("90"), "InternalError");
  assert.equal([seen.length, counter.kept], [1, { meterValuesS: 60 }]);
  await testStation.close();
});

model("more items than a message may hold are refused", async () => {
  const counter = new TestRequests("ocpp2.0.1");
  assert.is(
    counter.ask("GetVariables", {
      getVariableData: Array.from({ length: 101 }, () => asked(["TxCtrlr", "TxStartPoint"])),
    }),
    "OccurrenceConstraintViolation",
  );
  await counter.testStation.close();
});

model.run();

const keys = suite("configuration keys of 1.6");

keys("are told as they are, unknown ones by name", async () => {
  const counter = new TestRequests("ocpp1.6");
  const all = counter.ask("GetConfiguration", {}) as {
    configurationKey: { key: string; readonly: boolean; value: string }[];
    unknownKey?: string[];
  };
  const value = (name: string): string | undefined => all.configurationKey.find(({ key }) => key === name)?.value;
  assert.equal(
    [
      value("NumberOfConnectors"),
      value("HeartbeatInterval"),
      value("SupportedFeatureProfiles"),
      value("MeterValueSampleInterval"),
    ],
    ["2", "300", "Core,LocalAuthListManagement,Reservation,RemoteTrigger", "300"],
  );
  assert.equal(
    all.configurationKey.filter(({ readonly }) => !readonly).map(({ key }) => key),
    [
      "HeartbeatInterval",
      "MeterValueSampleInterval",
      "SecurityProfile",
      ...[1, 2].flatMap((id) =>
        ["Enabled", "URLTemplate", "TOTPVersion", "RoamingEvseId", "ValidityTime", "Length", "QRCodeQuality"].map(
          (name) => `webPaymentsCtrlr.${id}.${name}`,
        ),
      ),
      "WebSocketPingInterval",
    ],
  );
  assert.equal(counter.ask("GetConfiguration", { key: ["numberofconnectors", "Nonsense", "AuthorizationKey"] }), {
    configurationKey: [{ key: "NumberOfConnectors", readonly: true, value: "2" }],
    unknownKey: ["Nonsense", "AuthorizationKey"],
  });
  await counter.testStation.close();
});

keys("change where they can, and are refused by the right word where not", async () => {
  const counter = new TestRequests("ocpp1.6");
  const change = (key: string, value: string): unknown => counter.status("ChangeConfiguration", { key, value });
  assert.equal(
    [
      change("MeterValueSampleInterval", "30"),
      change("HeartbeatInterval", "x"),
      change("NumberOfConnectors", "3"),
      change("AuthorizationKey", "41"),
      change("Nonsense", "1"),
    ],
    ["Accepted", "Rejected", "Rejected", "Rejected", "NotSupported"],
  );
  assert.is(counter.link.intervals.meterValuesS, 30);
  assert.equal(counter.kept, { meterValuesS: 30 });
  await counter.testStation.close();
});

keys.run();

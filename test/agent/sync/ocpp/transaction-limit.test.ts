// transactionLimit of OCPP 2.1 (E16, and F07 after a remote start), the whole way: a strict CSMS that sets it in an
// answer, the station that obeys it, and what the CSMS is told of it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TestStation, testStationConfig } from "../../../support/station/test-station.js";
import { Csms } from "../../../support/sync/csms.js";
import { letGo, ocppConfig, openUplink, world } from "../../../support/sync/ocpp-bench.js";
import { SimulatedStation } from "../../../support/sync/simulated-station.js";

const test = suite("a transactionLimit");
const card = "04A23B1C5D6E80";

type Fields = Readonly<Record<string, unknown>>;
/** What the CSMS answers to an event, by how many it had before; undefined = nothing. */
type Limits = (payload: Fields, index: number) => Fields | undefined;

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

  static async open(limits: Limits, protocol = "ocpp2.1"): Promise<Scene> {
    const csms = await Csms.open([protocol]);
    let events = 0;
    csms.answers["TransactionEvent"] = (payload) => {
      const transactionLimit = limits(payload, (events += 1) - 1);
      return {
        ...(payload["idToken"] === undefined ? {} : { idTokenInfo: { status: "Accepted" } }),
        ...(transactionLimit === undefined ? {} : { transactionLimit }),
      };
    };
    const uplink = ocppConfig(csms.url, { identity: "till-1" });
    const scene = (open = new Scene(
      csms,
      new TestStation(testStationConfig((config) => ({ ...config, uplinks: [uplink] }))),
    ));
    await scene.until(() => csms.of(protocol === "ocpp2.1" ? "NotifyEvent" : "StatusNotification").length >= 2);
    return scene;
  }

  async until(holds: () => boolean): Promise<void> {
    for (let tries = 0; tries < 2_000 && !holds(); tries += 1) await this.station.clock.pass(20);
    assert.ok(holds(), `it never came to: ${String(holds)}; told: ${JSON.stringify(this.told())}`);
  }

  /** A card and a car; the CSMS has heard of it. */
  async begins(): Promise<void> {
    await this.station.plug(1);
    await this.station.tap(card);
    await this.until(() => this.events().length >= 1);
  }

  async ends(): Promise<void> {
    await this.until(() => this.events().some(({ eventType }) => eventType === "Ended"));
  }

  events(): Fields[] {
    return this.csms.of("TransactionEvent").map(({ payload }) => payload);
  }

  /** Each event by its trigger, with the limit that it names. */
  told(): unknown[] {
    return this.events().map(({ triggerReason, transactionInfo }) => {
      const { transactionLimit } = transactionInfo as { readonly transactionLimit?: Fields };
      return transactionLimit === undefined ? triggerReason : [triggerReason, transactionLimit];
    });
  }

  stoppedReason(): unknown {
    const { transactionInfo } = this.events().at(-1) ?? {};
    return (transactionInfo as { readonly stoppedReason?: unknown } | undefined)?.stoppedReason;
  }

  takenMilliWh(): number {
    return this.station.outlet(1).energyMilliWh - 1_000_000;
  }

  notes(): string[] {
    return this.station.event.flatMap((event) => (event.type === "note" ? [event.text] : []));
  }

  async close(): Promise<void> {
    await Promise.all(this.station.services.outboxes.map((outbox) => outbox.stop()));
    await Promise.all([this.station.close(), this.csms.close()]);
  }
}

/** A limit in the answer to the begin, and never again: as the standard wants it. */
const once =
  (limit: Fields): Limits =>
  ({ eventType }) =>
    eventType === "Started" ? limit : undefined;

test("at the begin is confirmed once and ends the session where 192 Wh ran through 100 Wh before", async () => {
  const scene = await Scene.open(once({ maxEnergy: 100 }));
  await scene.begins();
  await scene.until(() => scene.events().length === 2);
  // 3.6 kW, so that one watt-hour flows in a second: the poll is the meter's step.
  await scene.station.charge(1, 192, 192);
  await scene.ends();
  assert.equal(scene.told(), ["Authorized", ["LimitSet", { maxEnergy: 100 }], "EnergyLimitReached"]);
  assert.is(scene.stoppedReason(), "EnergyLimitReached");
  const pollWh = (scene.station.config.connectors[0]?.meter.poll ?? 0) / 1000;
  assert.ok(
    scene.takenMilliWh() >= 100_000 && scene.takenMilliWh() <= (100 + pollWh + 1) * 1000,
    `${scene.takenMilliWh()} mWh flowed`,
  );
  assert.equal(scene.csms.violations, []);
});

test("after a remote start, whose request has none, is taken from the answer to its first event", async () => {
  const scene = await Scene.open(once({ maxEnergy: 100 }));
  await scene.station.plug(1);
  await scene.csms.client?.call("RequestStartTransaction", {
    evseId: 1,
    idToken: { idToken: "APP-1", type: "Central" },
    remoteStartId: 41,
  });
  await scene.until(() => scene.events().length === 2);
  await scene.station.charge(1, 120);
  await scene.ends();
  assert.equal(scene.told(), ["RemoteStart", ["LimitSet", { maxEnergy: 100 }], "EnergyLimitReached"]);
  assert.equal(scene.csms.violations, []);
});

test("that is raised in the answer to a later event counts as it was raised, and is confirmed anew", async () => {
  const scene = await Scene.open(({ eventType, triggerReason }) =>
    eventType === "Started" ? { maxEnergy: 100 } : triggerReason === "Trigger" ? { maxEnergy: 200.5 } : undefined,
  );
  await scene.begins();
  await scene.until(() => scene.events().length === 2);
  await scene.station.charge(1, 90);
  await scene.station.clock.pass(5_000);
  await scene.csms.client?.call("TriggerMessage", { requestedMessage: "TransactionEvent", evse: { id: 1 } });
  await scene.until(() => scene.events().length === 4);
  await scene.station.charge(1, 90);
  await scene.station.charge(1, 30);
  await scene.ends();
  assert.equal(scene.told(), [
    "Authorized",
    ["LimitSet", { maxEnergy: 100 }],
    "Trigger",
    ["LimitSet", { maxEnergy: 200.5 }],
    "EnergyLimitReached",
  ]);
  assert.ok(scene.takenMilliWh() >= 200_500, `${scene.takenMilliWh()} mWh flowed`);
  assert.equal(scene.csms.violations, []);
});

for (const [name, limit, trigger, stopped] of [
  ["energy", { maxEnergy: 50 }, "EnergyLimitReached", "EnergyLimitReached"],
  ["cost", { maxCost: 0.01 }, "CostLimitReached", "LocalOutOfCredit"],
  ["time", { maxTime: 5 }, "TimeLimitReached", "TimeLimitReached"],
  ["energy of nothing", { maxEnergy: 0 }, "EnergyLimitReached", "EnergyLimitReached"],
  ["cost below zero", { maxCost: -3.5 }, "CostLimitReached", "LocalOutOfCredit"],
] as const)
  test(`of ${name} that is passed when it comes ends the session at once`, async () => {
    const scene = await Scene.open(({ triggerReason }) => (triggerReason === "Trigger" ? limit : undefined));
    await scene.begins();
    await scene.station.charge(1, 90);
    const before = scene.takenMilliWh();
    await scene.csms.client?.call("TriggerMessage", { requestedMessage: "TransactionEvent", evse: { id: 1 } });
    await scene.ends();
    const last = scene.told().at(-1);
    assert.equal([last, scene.stoppedReason()], [trigger, stopped]);
    assert.is(scene.takenMilliWh(), before);
    assert.equal(scene.csms.violations, []);
  });

test("of cost ends the session by the station's own price, and the receipt says whose limit it was", async () => {
  const scene = await Scene.open(once({ maxCost: 0.05, maxTime: 7200 }));
  await scene.begins();
  await scene.until(() => scene.events().length === 2);
  for (let times = 0; times < 20 && scene.station.session(1).state === "charging"; times += 1)
    await scene.station.charge(1, 20);
  await scene.ends();
  assert.equal(scene.told().slice(1), [["LimitSet", { maxCost: 0.05, maxTime: 7200 }], "CostLimitReached"]);
  const stopping = scene.station.event.find((event) => event.type === "stopping");
  assert.match(stopping?.type === "stopping" ? stopping.detail : "", /the limit of 0\.05 EUR is reached: set by csms/);
});

test("of the battery's charge is not supported: it is said, not confirmed, and the rest counts", async () => {
  const scene = await Scene.open(once({ maxSoC: 80, maxEnergy: 100 }));
  await scene.begins();
  await scene.until(() => scene.events().length === 2);
  assert.equal(scene.told(), ["Authorized", ["LimitSet", { maxEnergy: 100 }]]);
  assert.ok(scene.notes().some((note) => /transactionLimit maxSoC is not supported/.test(note)));
});

test("that is not usable is said once and changes nothing", async () => {
  const scene = await Scene.open(() => ({ maxEnergy: 1e300 }));
  await scene.begins();
  for (let times = 0; times < 3; times += 1) {
    const before = scene.events().length;
    await scene.csms.client?.call("TriggerMessage", { requestedMessage: "TransactionEvent", evse: { id: 1 } });
    await scene.until(() => scene.events().length > before);
  }
  await scene.station.charge(1, 50);
  assert.is(scene.station.session(1).state, "charging");
  assert.is(scene.notes().filter((note) => /maxEnergy 1e\+300 is not usable/.test(note)).length, 1);
  assert.not.ok(scene.told().some((one) => Array.isArray(one)));
});

test("that stands in every answer is confirmed once", async () => {
  const scene = await Scene.open(() => ({ maxEnergy: 500 }));
  await scene.begins();
  await scene.until(() => scene.events().length === 2);
  await scene.station.clock.pass(60_000);
  assert.equal(scene.told().filter(Array.isArray), [["LimitSet", { maxEnergy: 500 }]]);
});

test("that is another in every answer does not become a storm of events", async () => {
  const scene = await Scene.open((_, index) => ({ maxEnergy: 500 + index }));
  await scene.begins();
  await scene.until(() => scene.events().length === 2);
  await scene.station.clock.pass(60_000);
  assert.ok(scene.events().length <= 2 + 60 / 5 + 1, `${scene.events().length} events in a minute`);
  assert.equal(scene.csms.violations, []);
});

test("that came with an answer is confirmed after a cut of the line", async () => {
  const scene = await Scene.open(once({ maxEnergy: 100 }));
  scene.csms.mood = { at: "Updated", how: "lost-request" };
  await scene.begins();
  await scene.station.clock.pass(2_000);
  scene.csms.mood = undefined;
  await scene.until(() => scene.events().length >= 2);
  // What was asked for meanwhile may come right behind it.
  assert.equal(scene.told().slice(0, 2), ["Authorized", ["LimitSet", { maxEnergy: 100 }]]);
  assert.equal(scene.csms.violations, []);
});

test("stands after the agent was killed, and the session it was set for ends there as such", async () => {
  const scene = await Scene.open(once({ maxEnergy: 100 }));
  await scene.begins();
  await scene.until(() => scene.events().length === 2);
  await Promise.all(scene.station.services.outboxes.map((outbox) => outbox.stop()));
  scene.station = await scene.station.again();
  const session = scene.station.session(1);
  assert.equal("sale" in session && session.sale.backendLimits, [{ by: "csms", limits: { energyKwh: "0.100" } }]);
  await scene.ends();
  assert.equal(scene.told(), ["Authorized", ["LimitSet", { maxEnergy: 100 }], "AbnormalCondition"]);
  assert.is(scene.stoppedReason(), "Reboot");
  assert.equal(scene.csms.violations, []);
});

test("is written down before the answer that it came with counts as read: a CSMS says it once", async () => {
  const csms = await Csms.open(["ocpp2.1"]);
  csms.answers["TransactionEvent"] = () => ({ transactionLimit: { maxEnergy: 100 } });
  const lasting = world();
  const station = new SimulatedStation(lasting.clock, lasting.book);
  const order: string[] = [];
  const limit = (_: string, limits: object): void => void order.push(JSON.stringify(limits));
  const { outbox } = openUplink(lasting, ocppConfig(csms.url), { limit }, station);
  outbox.begin();
  await csms.until(() => csms.of("NotifyEvent").length >= 2);
  lasting.events.before = () => void order.push("transaction");
  const id = station.begins(1);
  await csms.until(() => csms.of("TransactionEvent").length === 1);
  while (!lasting.events.read().open.some(({ sessionId, started }) => sessionId === id && started))
    await new Promise((resolve) => setImmediate(resolve));
  assert.equal(order, ["transaction", '{"energyKwh":"0.100"}', "transaction"]);
  await letGo();
});

test("is of 2.1 alone: what 2.0.1 has no word for changes nothing there", async () => {
  const scene = await Scene.open(() => undefined, "ocpp2.0.1");
  await scene.begins();
  const [asked] = [{ component: { name: "TxCtrlr" }, variable: { name: "SupportedLimits" } }];
  const answer = (await scene.csms.client?.call("GetVariables", { getVariableData: [asked] })) as Fields;
  assert.equal(
    (answer["getVariableResult"] as readonly Fields[]).map(({ attributeStatus }) => attributeStatus),
    ["UnknownVariable"],
  );
});

/**
 * The spelling: a MemberList of "maxCost, maxEnergy, maxTime, maxSoC", the names of the fields of TransactionLimitType,
 * by the device model of OCPP 2.1 (part 2, appendices, 2.7.12), as two public implementations read it: the CSMS of
 * EVtivity (supported-limits, which matches without case, since some stations write MaxCost) and a Rust station whose
 * table names the same four (SUPPORTED_TRANSACTION_LIMITS, E16.FR.12 and .13). A simulator was seen with "MaxEnergy".
 */
test("is announced: TxCtrlr.SupportedLimits names cost, energy and time", async () => {
  const scene = await Scene.open(() => undefined);
  const answer = (await scene.csms.client?.call("GetVariables", {
    getVariableData: [{ component: { name: "TxCtrlr" }, variable: { name: "SupportedLimits" } }],
  })) as Fields;
  assert.equal(
    (answer["getVariableResult"] as readonly Fields[]).map(({ attributeValue }) => attributeValue),
    ["maxCost,maxEnergy,maxTime"],
  );
});

test.run();

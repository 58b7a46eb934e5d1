// What a CSMS is told of sessions while they run, and that the end fits on it whatever happens in between.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { moneyText } from "../../../../../agent/core/number/money.js";
import { livePrice } from "../../../../../agent/core/rating/live-price.js";
import { bill } from "../../../../../agent/core/rating/session-bill.js";
import { attemptsBeforeDoubt } from "../../../../../agent/sync/outbox-doubt.js";
import { Csms, type Got, type Mood, stepOf } from "../../../../support/sync/csms.js";
import {
  drained,
  letGo,
  type OpenUplink,
  ocppConfig,
  openUplink,
  type World,
  world,
} from "../../../../support/sync/ocpp-bench.js";
import { SimulatedStation } from "../../../../support/sync/simulated-station.js";

const test = suite("sessions while they run");
test.after.each(letGo);

type Fields = Readonly<Record<string, unknown>>;
type Scene = { readonly csms: Csms; readonly lasting: World; readonly station: SimulatedStation; now: OpenUplink };

async function scene(protocol: string, parts: Parameters<typeof openUplink>[2] = {}): Promise<Scene> {
  const csms = await Csms.open([protocol]);
  const lasting = world();
  const station = new SimulatedStation(lasting.clock, lasting.book);
  return { csms, lasting, station: station, now: openUplink(lasting, ocppConfig(csms.url), parts, station) };
}

const events = (csms: Csms): Got[] =>
  csms.got.filter(({ action, payload }) => ["Started", "Updated", "Ended"].includes(stepOf(action, payload) ?? ""));
const steps = (csms: Csms): unknown[] => events(csms).map(({ action, payload }) => stepOf(action, payload));
const told = (csms: Csms, count: number): Promise<void> => csms.until(() => events(csms).length >= count);
/** The answer to the last message was read. */
async function quiet({ clock }: World): Promise<void> {
  for (let calm = 0; calm < 3; calm = clock.inFlight === 0 ? calm + 1 : 0)
    await new Promise((resolve) => setImmediate(resolve));
}

test("a car that asks for no power is a pause of the car, while that is free too", async () => {
  const { csms, lasting, station, now } = await scene("ocpp2.0.1");
  now.outbox.begin();
  await csms.until(() => csms.of("SecurityEventNotification").length === 1);
  await quiet(lasting);
  station.begins(1);
  await told(csms, 1);
  await quiet(lasting);
  station.reads(1_000_000, "grace");
  await told(csms, 2);
  await quiet(lasting);
  station.reads(1_000_000, "parking");
  await quiet(lasting);
  station.reads(1_000_500, "charging");
  await told(csms, 3);
  const changes = events(csms).map(({ payload }) => [
    payload["triggerReason"],
    (payload["transactionInfo"] as { chargingState?: string }).chargingState,
  ]);
  assert.equal(changes.slice(1), [
    ["ChargingStateChanged", "SuspendedEV"],
    ["ChargingStateChanged", "Charging"],
  ]);
});

test("a session that began without a clock is told once it is set, by the time at which it began", async () => {
  const { csms, lasting, station, now } = await scene("ocpp2.0.1");
  const { clock } = lasting;
  now.outbox.begin();
  await csms.until(() => csms.of("SecurityEventNotification").length === 1);
  await quiet(lasting);
  const beganMs = clock.now().at;
  clock.isSet = false;
  station.begins(1);
  clock.advance(60_000);
  station.reads(500_000);
  await quiet(lasting);
  assert.equal(steps(csms), []);
  clock.isSet = true;
  station.reads(1_000_000);
  await told(csms, 1);
  assert.equal(
    events(csms).map(({ payload }) => [payload["eventType"], payload["timestamp"]]),
    [["Started", new Date(beganMs).toISOString()]],
  );
});

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  test(`${protocol}: a session that runs online is told at once: begin, values, a change, end, none of it offline`, async () => {
    const { csms, lasting, station, now } = await scene(protocol);
    now.outbox.begin();
    await csms.until(() => csms.of("SecurityEventNotification").length === 1);
    await quiet(lasting);
    station.begins(1, undefined, { reference: "77" });
    await told(csms, 1);
    await quiet(lasting);
    lasting.clock.advance(60_000);
    station.reads(1_000_000);
    await quiet(lasting);
    assert.is(events(csms).length, 1);
    lasting.clock.advance(240_000);
    await told(csms, 2);
    await quiet(lasting);
    station.reads(2_000_500, "parking");
    await told(csms, 3);
    await quiet(lasting);
    station.settles();
    now.outbox.kick();
    await told(csms, 4);
    await drained(now.outbox);
    assert.equal(steps(csms), ["Started", "Updated", "Updated", "Ended"]);
    const payloads = events(csms).map(({ payload }) => payload);
    if (protocol === "ocpp1.6") {
      const id = payloads[3]?.["transactionId"];
      assert.equal(
        payloads.slice(1).map((payload) => payload["transactionId"]),
        [id, id, id],
      );
      assert.is(payloads[0]?.["meterStart"], 1_234_500);
    } else {
      assert.equal(
        payloads.map(({ seqNo, offline, triggerReason }) => [seqNo, offline, triggerReason]),
        [
          [0, undefined, "RemoteStart"],
          [1, undefined, "MeterValuePeriodic"],
          [2, undefined, "ChargingStateChanged"],
          [3, undefined, "StopAuthorized"],
        ],
      );
      const [begun] = payloads;
      assert.ok(begun);
      assert.is((begun["transactionInfo"] as { remoteStartId?: number }).remoteStartId, 77);
      const values = payloads[2]?.["meterValue"] as readonly {
        readonly sampledValue: readonly { readonly value: number }[];
      }[];
      assert.equal(
        values[0]?.sampledValue.map(({ value }) => value),
        [1_236_500.5, 8_230],
      );
    }
    assert.equal(csms.violations, []);
    assert.equal(now.failures, []);
    assert.equal(
      now.notes.filter((note) => !/clock/.test(note)),
      [],
    );
  });

const moods: readonly Mood[] = (["Started", "Updated", "Ended"] as const).flatMap((at) =>
  (["lost-request", "lost-answer", "half-answer", "InternalError"] as const).map((how): Mood => ({ at, how })),
);

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  for (const restarts of [false, true])
    test(`${protocol}: the line is cut at each event of a session that runs${restarts ? ", and the agent is restarted there" : ""}: once each, in order, without a gap`, async () => {
      for (const mood of moods) {
        const shown = await scene(protocol);
        const { csms, lasting, station } = shown;
        const restart = async (): Promise<void> => {
          csms.mood = undefined;
          if (restarts) {
            await shown.now.outbox.stop();
            shown.now = openUplink(lasting, ocppConfig(csms.url), {}, station);
            shown.now.outbox.begin();
          } else lasting.clock.advance(1_000);
          await quiet(lasting);
        };
        shown.now.outbox.begin();
        csms.mood = mood;
        station.begins();
        // Until the CSMS has done its worst, or has all that it would get.
        const trouble = async (count: number): Promise<void> => {
          for (let turns = 0; turns < 400 && events(csms).length < count; turns += 1)
            await new Promise((resolve) => setImmediate(resolve));
          await quiet(lasting);
        };
        await trouble(1);
        if (mood.at === "Started") await restart();
        station.reads(1_000_000, "parking");
        await trouble(2);
        if (mood.at === "Updated") await restart();
        station.settles();
        shown.now.outbox.kick();
        await trouble(3);
        if (mood.at === "Ended") await restart();
        await drained(shown.now.outbox);
        await quiet(lasting);
        const name = JSON.stringify(mood);
        const texts = new Set(events(csms).map(({ text }) => text));
        const payloads = [...texts].map((text) => JSON.parse(text) as Record<string, unknown>);
        if (protocol === "ocpp1.6") {
          assert.is(
            events(csms)
              .filter(({ action }) => action === "StartTransaction")
              .every(({ text }, _, all) => text === all[0]?.text),
            true,
            name,
          );
          assert.is(
            new Set(
              events(csms)
                .filter(({ action }) => action === "StopTransaction")
                .map(({ text }) => text),
            ).size,
            1,
            name,
          );
        } else {
          // One text for each number, numbers without a gap, the end last.
          assert.equal(
            payloads.map(({ seqNo }) => seqNo),
            payloads.map((_, index) => index),
            name,
          );
          assert.equal([payloads[0]?.["eventType"], payloads.at(-1)?.["eventType"]], ["Started", "Ended"], name);
          assert.is(payloads.filter(({ eventType }) => eventType === "Ended").length, 1, name);
        }
        assert.equal(csms.violations, []);
        assert.equal(shown.now.failures, []);
        assert.is(shown.now.outbox.status().parked.length, 0, name);
        await letGo();
      }
    });

/** Lets the clock run in steps of ten seconds while the meter is read at each: 1 Wh a step. */
async function charges({ lasting, station }: Scene, steps: number, fromMilliWh = 0): Promise<void> {
  for (let step = 1; step <= steps; step += 1) {
    lasting.clock.advance(10_000);
    station.reads(fromMilliWh + step * 1_000);
    await quiet(lasting);
  }
}

type Cost = {
  readonly totalCost: {
    readonly currency: string;
    readonly total: object;
    readonly energy: { readonly exclTax: number };
  };
  readonly totalUsage: { readonly energy: number };
  readonly chargingPeriods?: unknown;
};

test("2.1: the cost so far is told each Interval[Cost] seconds, exactly the bill if the session ended now, without periods; the end is as ever", async () => {
  const shown = await scene("ocpp2.1");
  const { csms, lasting, station, now } = shown;
  now.uplink.setIntervals({ costS: 60 });
  now.outbox.begin();
  await csms.until(() => csms.of("SecurityEventNotification").length === 1);
  await quiet(lasting);
  station.begins();
  await told(csms, 1);
  await quiet(lasting);
  await charges(shown, 60);
  const payloads = events(csms).map(({ payload }) => payload);
  // Every minute; the value of five minutes bears the cost that is due then, and each number follows on the one before.
  assert.equal(
    payloads.map(({ triggerReason }) => triggerReason),
    [
      "Authorized",
      "RunningCost",
      "RunningCost",
      "RunningCost",
      "RunningCost",
      "MeterValuePeriodic",
      "RunningCost",
      "RunningCost",
      "RunningCost",
      "RunningCost",
      "MeterValuePeriodic",
    ],
  );
  assert.equal(
    payloads.map(({ seqNo }) => seqNo),
    payloads.map((_, index) => index),
  );
  const costs = payloads.map(({ costDetails }) => costDetails as Cost);
  assert.ok(costs.every((cost) => !("chargingPeriods" in cost)));
  assert.equal(
    [costs[0]?.totalCost, costs[0]?.totalUsage.energy],
    [{ currency: "EUR", typeOfCost: "NormalCost", total: { exclTax: 0, inclTax: 0 } }, 0],
  );
  assert.equal(
    costs.map(({ totalUsage }) => totalUsage.energy),
    payloads.map((_, index) => index * 6),
  );
  const session = station.stationState().sessions.get(1);
  if (session?.state !== "charging") throw new Error("it charges");
  const newest = costs.at(-1);
  assert.ok(newest);
  assert.is(
    (newest.totalCost.total as { inclTax: number }).inclTax,
    Number(moneyText(livePrice(session.sale.rating).ifStoppedNow.incl, "EUR")),
  );
  assert.equal(
    payloads.map(({ transactionInfo }) => [
      (transactionInfo as Fields)["tariffId"],
      (transactionInfo as Fields)["customData"],
    ]),
    payloads.map(() => ["standard", undefined]),
  );
  station.settles();
  await drained(now.outbox);
  const ended = events(csms).at(-1)?.payload;
  assert.ok(ended);
  assert.equal([ended["seqNo"], "chargingPeriods" in (ended["costDetails"] as Cost)], [payloads.length, true]);
  assert.equal([csms.violations, now.failures], [[], []]);
});

for (const [protocol, known] of [
  ["ocpp2.1", false],
  ["ocpp2.0.1", true],
] as const)
  test(`${protocol}: ${known ? "which has no field for it" : "where the CSMS does not know the tariff"}: the cost so far stands in customData`, async () => {
    const shown = await scene(protocol, { tariffKnown: () => known });
    const { csms, lasting, station, now } = shown;
    now.uplink.setIntervals({ costS: 60 });
    now.outbox.begin();
    await csms.until(() => csms.of("SecurityEventNotification").length === 1);
    await quiet(lasting);
    station.begins();
    await told(csms, 1);
    await quiet(lasting);
    await charges(shown, 30);
    const updates = events(csms)
      .slice(1)
      .map(({ payload }) => payload);
    assert.equal(
      updates.map(({ triggerReason }) => triggerReason),
      protocol === "ocpp2.1"
        ? ["RunningCost", "RunningCost", "RunningCost", "RunningCost", "MeterValuePeriodic"]
        : ["MeterValuePeriodic"],
    );
    const session = station.stationState().sessions.get(1);
    if (session?.state !== "charging") throw new Error("it charges");
    const { due, currency } = bill(session.sale.rating);
    const newest = updates.at(-1);
    assert.ok(newest);
    assert.equal((newest["transactionInfo"] as Fields)["customData"], {
      vendorId: "chargetill",
      energyKwh: "0.030",
      currency,
      total: due.gross,
      totalNet: due.net,
      tax: due.tax,
      tariffId: "standard",
    });
    assert.ok(
      updates.every(
        (payload) => !("costDetails" in payload) && !("tariffId" in (payload["transactionInfo"] as Fields)),
      ),
    );
    assert.equal([csms.violations, now.failures], [[], []]);
  });

test("2.1: a CSMS that does not want the cost so far is told values alone, one that refuses it too", async () => {
  for (const how of ["switched off", "refused"]) {
    const shown = await scene("ocpp2.1");
    const { csms, lasting, station, now } = shown;
    if (how === "refused")
      csms.answers["TransactionEvent"] = ({ costDetails, eventType }) => {
        if (costDetails !== undefined && eventType === "Updated")
          throw Object.assign(new Error("no"), { rpcErrorCode: "PropertyConstraintViolation" });
        return {};
      };
    else now.uplink.sendsRunningCost = false;
    now.uplink.setIntervals({ costS: 60 });
    now.outbox.begin();
    await csms.until(() => csms.of("SecurityEventNotification").length === 1);
    await quiet(lasting);
    station.begins();
    await told(csms, 1);
    await quiet(lasting);
    await charges(shown, 60);
    const taken = events(csms).filter(({ payload }) => how !== "refused" || !("costDetails" in payload));
    assert.equal(
      taken.map(({ payload }) => payload["triggerReason"]),
      [...(how === "refused" ? [] : ["Authorized"]), "MeterValuePeriodic", "MeterValuePeriodic"],
    );
    assert.is(
      events(csms).filter(({ payload }) => payload["triggerReason"] === "RunningCost").length,
      how === "refused" ? 1 : 0,
    );
    await letGo();
  }
});

test("an event of 2.1 that is under way when the CSMS comes back with 2.0.1 goes on in its words, under its number", async () => {
  const first = await Csms.open(["ocpp2.1"]);
  const lasting = world();
  const station = new SimulatedStation(lasting.clock, lasting.book);
  const config = ocppConfig(first.url);
  const now = openUplink(lasting, config, {}, station);
  const { outbox, uplink } = now;
  const shown: Scene = { csms: first, lasting, station: station, now };
  uplink.setIntervals({ costS: 60 });
  outbox.begin();
  await first.until(() => first.of("SecurityEventNotification").length === 1);
  await quiet(lasting);
  station.begins();
  await told(first, 1);
  await quiet(lasting);
  first.mood = { at: "Updated", how: "lost-answer" };
  await charges(shown, 6);
  await told(first, 2);
  assert.is(events(first)[1]?.payload["triggerReason"], "RunningCost");
  const second = await Csms.open(["ocpp2.0.1"]);
  config.url = second.url;
  lasting.clock.advance(10_000);
  await told(second, 1);
  const again = events(second)[0]?.payload ?? {};
  assert.equal(
    [again["eventType"], again["seqNo"], again["triggerReason"], "costDetails" in again, again["timestamp"]],
    ["Updated", 1, "MeterValuePeriodic", false, events(first)[1]?.payload["timestamp"]],
  );
  assert.equal(second.violations, []);
});

test("what happened while the line was down is told as offline, and no values of it", async () => {
  const { csms, lasting, station, now } = await scene("ocpp2.0.1");
  csms.mood = { at: "connect", how: "refused" };
  now.outbox.begin();
  station.begins();
  await quiet(lasting);
  lasting.clock.advance(600_000);
  station.reads(2_000_000);
  await quiet(lasting);
  csms.mood = undefined;
  lasting.clock.advance(10_000);
  await told(csms, 1);
  await quiet(lasting);
  lasting.clock.advance(300_000);
  await told(csms, 2);
  await quiet(lasting);
  station.settles();
  now.outbox.kick();
  await told(csms, 3);
  assert.equal(
    events(csms).map(({ payload }) => [payload["eventType"], payload["seqNo"], payload["offline"]]),
    [
      ["Started", 0, true],
      ["Updated", 1, undefined],
      ["Ended", 2, undefined],
    ],
  );
  assert.is(events(csms)[0]?.payload["timestamp"], new Date(Date.UTC(2026, 2, 2, 10)).toISOString());
});

test("what of a session that runs has not been told yet is known: GetTransactionStatus says so", async () => {
  const { csms, lasting, station, now } = await scene("ocpp2.0.1");
  now.outbox.begin();
  await csms.until(() => csms.of("SecurityEventNotification").length === 1);
  await quiet(lasting);
  const untold = (): boolean[] => ["one", undefined, "other"].map((id) => now.uplink.untold(id));
  assert.equal(untold(), [false, false, false]);
  csms.mood = { at: "Started", how: "InternalError" };
  station.begins(1, "one");
  await quiet(lasting);
  assert.equal(untold(), [true, true, false]);
  csms.mood = undefined;
  lasting.clock.advance(1_000);
  await told(csms, 1);
  await quiet(lasting);
  assert.equal(untold(), [false, false, false]);
});

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  test(`${protocol}: what failed in passing, or was asked for meanwhile, goes after the back-off, not with the next value`, async () => {
    const { csms, lasting, station, now } = await scene(protocol);
    now.outbox.begin();
    await csms.until(() => csms.of("SecurityEventNotification").length === 1);
    await quiet(lasting);
    station.begins(1);
    await told(csms, 1);
    await quiet(lasting);
    const ask = async (): Promise<void> => {
      const send = now.uplink.triggered("MeterValues", 1);
      assert.type(send, "function");
      if (typeof send === "function") send();
      await quiet(lasting);
    };
    csms.mood = { at: "Updated", how: "InternalError" };
    await ask();
    assert.equal(steps(csms), ["Started"]);
    csms.mood = undefined;
    // A value of 1.6 that was not taken is worth nothing later: another one is asked for.
    if (protocol === "ocpp1.6") await ask();
    assert.equal(steps(csms), ["Started"]);
    lasting.clock.advance(1_000);
    await quiet(lasting);
    assert.equal(steps(csms), ["Started", "Updated"]);
    assert.equal([now.failures, csms.violations], [[], []]);
  });

test("while a settled session waits, nothing of a later one is told", async () => {
  const { csms, lasting, station, now } = await scene("ocpp2.0.1");
  csms.mood = { at: "Ended", how: "InternalError" };
  now.outbox.begin();
  await csms.until(() => csms.of("SecurityEventNotification").length === 1);
  lasting.book.sell();
  await now.outbox.now();
  station.begins(2, "later");
  lasting.clock.advance(50);
  await quiet(lasting);
  assert.equal(steps(csms), ["Started"]);
  csms.mood = undefined;
  await drained(now.outbox);
  lasting.clock.advance(1_000);
  await told(csms, 3);
  assert.equal(
    events(csms).map(({ payload }) => [
      (payload["transactionInfo"] as { transactionId: string }).transactionId,
      payload["eventType"],
    ]),
    [
      ["session-2", "Started"],
      ["session-2", "Ended"],
      ["later", "Started"],
    ],
  );
});

for (const protocol of ["ocpp2.0.1", "ocpp1.6"])
  test(`${protocol}: a token that the CSMS refuses when its session has just begun ends it; when the session is told afterwards it changes nothing`, async () => {
    const refused: string[] = [];
    const { csms, lasting, station, now } = await scene(protocol, {
      deauthorise: (session, status) => void refused.push(`${session} ${status}`),
    });
    csms.answers["TransactionEvent"] = ({ eventType }) =>
      eventType === "Started" ? { idTokenInfo: { status: "Blocked" } } : {};
    csms.answers["StartTransaction"] = () => ({ transactionId: 7, idTagInfo: { status: "Blocked" } });
    now.outbox.begin();
    await csms.until(() => csms.of("SecurityEventNotification").length === 1);
    await quiet(lasting);
    station.begins(1, "live");
    await told(csms, 1);
    await quiet(lasting);
    assert.equal(refused, ["live Blocked"]);
    station.settles();
    lasting.book.sell();
    await drained(now.outbox);
    assert.equal(refused, ["live Blocked"]);
    assert.equal(steps(csms), ["Started", "Ended", "Started", "Ended"]);
  });

for (const id of [0, -1])
  test(`1.6: transaction id ${id} is none: the session is parked with that reason, and goes whole when it is sent again`, async () => {
    const { csms, now, lasting } = await scene("ocpp1.6");
    const number = lasting.book.sell();
    csms.answers["StartTransaction"] = () => ({ transactionId: id, idTagInfo: { status: "Accepted" } });
    await now.outbox.now();
    assert.match(
      now.outbox.status().parked[0]?.reason ?? "",
      /StartTransaction with transaction id .*, which is not usable/,
    );
    assert.equal(csms.of("StopTransaction"), []);
    delete csms.answers["StartTransaction"];
    now.outbox.resend(number);
    await drained(now.outbox);
    assert.is(csms.of("StopTransaction").length, 1);
  });

// Parked 1.19 EUR for ever: an offline start 18 ms after its card's last stop, of which the backend had not heard yet.
for (const status of ["ConcurrentTx", "Invalid"])
  test(`1.6: transaction id 0 with status ${status} may pass: it is tried again with back-off before it is a refusal`, async () => {
    for (const passes of [true, false]) {
      const { csms, now, lasting } = await scene("ocpp1.6");
      const number = lasting.book.sell();
      csms.answers["StartTransaction"] = () => ({ transactionId: 0, idTagInfo: { status } });
      for (let tries = 1; tries < attemptsBeforeDoubt; tries += 1) {
        const held = await now.outbox.now();
        assert.equal([held.parked, held.waiting], [[], 1]);
        assert.ok(held.nextTryMs !== undefined);
      }
      if (passes) delete csms.answers["StartTransaction"];
      await now.outbox.now();
      assert.is(now.outbox.stateOf(number), passes ? "acked" : "parked");
      if (!passes)
        assert.match(
          now.outbox.status().parked[0]?.reason ?? "",
          new RegExp(`transaction id 0, which is not usable, and status "${status}" \\(5 times\\)`),
        );
      assert.is(new Set(csms.of("StartTransaction").map(({ text }) => text)).size, 1, "the same start each time");
      assert.is(csms.of("StopTransaction").length, passes ? 1 : 0);
      await letGo();
    }
  });

test("an event that the CSMS calls malformed parks its session, and those behind it go on; one that it does not know at all holds everything", async () => {
  const { csms, now, lasting } = await scene("ocpp2.0.1");
  const first = lasting.book.sell();
  csms.mood = { at: "Ended", how: "FormatViolation" };
  await now.outbox.now();
  assert.match(now.outbox.status().parked[0]?.reason ?? "", /TransactionEvent: FormatViolation/);
  csms.mood = { at: "Started", how: "NotImplemented" };
  lasting.book.sell();
  const held = await now.outbox.now();
  assert.equal([held.fault, held.waiting, held.parked.length], ["uplink/unauthorised", 1, 1]);
  csms.mood = undefined;
  await drained(now.outbox);
  now.outbox.resend(first);
  await drained(now.outbox);
  const mine = events(csms).filter(
    ({ payload }) => (payload["transactionInfo"] as { transactionId: string }).transactionId === `session-${first}`,
  );
  assert.equal(
    mine.map(({ payload }) => [payload["eventType"], payload["seqNo"]]),
    [
      ["Started", 0],
      ["Ended", 1],
    ],
  );
});

test("a backend that is silent past the time-out leaves the event in doubt, and the same one goes again", async () => {
  const csms = await Csms.open(["ocpp2.0.1"]);
  const lasting = world();
  const { outbox } = openUplink(lasting, ocppConfig(csms.url));
  const number = lasting.book.sell();
  csms.mood = { at: "Started", how: "silent" };
  const sent = outbox.now();
  await csms.until(() => events(csms).length === 1);
  lasting.clock.advance(5_000);
  const status = await sent;
  assert.is(outbox.stateOf(number), "unsure");
  assert.match(status.words ?? "", /did not answer TransactionEvent within 5 s/);
  csms.mood = undefined;
  await drained(outbox);
  assert.equal(steps(csms), ["Started", "Started", "Ended"]);
  assert.is(
    csms.got
      .filter(({ payload }) => payload["eventType"] === "Started")
      .every(({ text }, _, all) => text === all[0]?.text),
    true,
  );
});

for (const protocol of ["ocpp2.0.1", "ocpp1.6"])
  test(`${protocol}: the CSMS knows a session by a transaction id, and may ask for a value at once`, async () => {
    const { csms, lasting, station, now } = await scene(protocol);
    now.outbox.begin();
    await csms.until(() => csms.of("SecurityEventNotification").length === 1);
    await quiet(lasting);
    const session = station.begins();
    await told(csms, 1);
    await quiet(lasting);
    const id = now.uplink.transactionOf(session);
    assert.is(id, protocol === "ocpp1.6" ? 101 : session);
    assert.is(now.uplink.sessionOf(id ?? ""), session);
    assert.is(now.uplink.sessionOf(protocol === "ocpp1.6" ? 999 : "other"), undefined);
    const asked = now.uplink.triggered(protocol === "ocpp1.6" ? "MeterValues" : "TransactionEvent", 1);
    if (typeof asked === "function") asked();
    await told(csms, 2);
    assert.match(events(csms)[1]?.text ?? "", /"Trigger"/);
    station.settles();
    await drained(now.outbox);
    assert.is(now.uplink.sessionOf(id ?? ""), undefined);
  });

test("faults are told when they are raised and cleared, and a connector's state when it changes", async () => {
  for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"]) {
    const { csms, lasting, station, now } = await scene(protocol);
    now.outbox.begin();
    await csms.until(() => csms.of("SecurityEventNotification").length === 1);
    await quiet(lasting);
    const { at } = lasting.clock.now();
    station.activeFaults = [
      { device: "connector 1", code: "meter/timeout", message: "the meter does not answer", sinceMs: at },
      { device: "uplink csms", code: "uplink/unsure", message: "", sinceMs: at },
    ];
    station.happens({
      type: "FaultRaised",
      moment: lasting.clock.now(),
      device: "connector 1",
      code: "meter/timeout",
      message: "",
    });
    await quiet(lasting);
    station.activeFaults = [];
    station.happens({
      type: "FaultCleared",
      moment: lasting.clock.now(),
      device: "connector 1",
      code: "meter/timeout",
    });
    await quiet(lasting);
    const notices = csms.got
      .filter(({ action }) => action === "StatusNotification" || action === "NotifyEvent")
      .map(({ payload }) => {
        const [event] = (payload["eventData"] ?? []) as readonly Readonly<Record<string, unknown>>[];
        const variable = (event?.["variable"] as { readonly name?: string } | undefined)?.name;
        return [
          payload["connectorStatus"] ?? payload["status"] ?? `${variable} ${String(event?.["actualValue"])}`,
          payload["errorCode"] ?? event?.["techCode"],
        ];
      });
    assert.equal(
      notices,
      {
        "ocpp2.1": [
          ["AvailabilityState Available", undefined],
          ["AvailabilityState Available", undefined],
          ["AvailabilityState Faulted", undefined],
          ["Problem true", "meter/timeout"],
          ["AvailabilityState Available", undefined],
          ["Problem false", "meter/timeout"],
        ],
        "ocpp2.0.1": [
          ["Available", undefined],
          ["Available", undefined],
          ["Faulted", undefined],
          ["Problem true", "meter/timeout"],
          ["Available", undefined],
          ["Problem false", "meter/timeout"],
        ],
        "ocpp1.6": [
          ["Available", "NoError"],
          ["Available", "NoError"],
          ["Faulted", "PowerMeterFailure"],
          ["Available", "NoError"],
        ],
      }[protocol],
    );
    assert.equal(csms.violations, []);
    await letGo();
  }
});

test("a state that cannot be written stops the uplink before anything is sent", async () => {
  const { csms, now, lasting, station } = await scene("ocpp2.0.1");
  now.outbox.begin();
  await csms.until(() => csms.of("SecurityEventNotification").length === 1);
  await quiet(lasting);
  lasting.events.before = () => {
    throw new Error("disk full");
  };
  station.begins();
  await quiet(lasting);
  assert.equal(events(csms), []);
  assert.is(now.failures.length, 1);
});

test.run();

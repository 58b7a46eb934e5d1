// A line that is lost at one message again and again: at a notice, which then rests; or at all of them, by which nothing
// is judged.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Dialect } from "../../../../agent/sync/ocpp/rpc/frame.js";
import { LineLosses, lossesBeforeRest } from "../../../../agent/sync/ocpp/rpc/line-losses.js";
import { letGo, ocppConfig, openUplink, world } from "../../../support/sync/ocpp-bench.js";
import { closeLoose, LooseCsms } from "../../../support/sync/oddities/loose-csms.js";
import { SimulatedStation } from "../../../support/sync/simulated-station.js";
import { HandClock } from "../../../support/time/hand-clock.js";

const test = suite("a line that is lost at one message");
test.after.each(async () => {
  await letGo();
  await closeLoose();
});

const dialects: readonly Dialect[] = ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"];

// The line came up, and went down at the first notice, for ever: no session was told again.
for (const dialect of dialects)
  for (const action of [
    dialect === "ocpp2.1" ? "NotifyEvent" : "StatusNotification",
    "SecurityEventNotification",
    "Heartbeat",
  ])
    for (const how of ["cut", "close"] as const)
      test(`${dialect}, at each ${action} (${how}): sessions are told all the same, and it is tried again later`, async () => {
        const csms = await LooseCsms.open(dialect);
        const lasting = world();
        const station = new SimulatedStation(lasting.clock, lasting.book);
        const { outbox, failures } = openUplink(lasting, ocppConfig(csms.url), {}, station);
        csms.answers = (asked) => (asked === action ? how : undefined);
        const number = lasting.book.sell();
        outbox.begin();
        // The Heartbeat comes by itself on the second connection.
        if (action === "Heartbeat") {
          assert.ok(await csms.drive(lasting, () => outbox.stateOf(number) === "acked"));
          csms.cut();
          assert.ok(await csms.drive(lasting, () => csms.connections > 1));
        }
        const later = lasting.book.sell();
        outbox.kick();
        assert.ok(
          await csms.drive(lasting, () => outbox.stateOf(later) === "acked"),
          JSON.stringify([outbox.status(), csms.connections]),
        );
        assert.ok(csms.of(action).length <= lossesBeforeRest, String(csms.of(action).length));
        assert.equal([outbox.status().parked, failures], [[], []]);
        // The backend was mended, and it is heard of again: a notice when there is one, within its rest.
        csms.answers = () => undefined;
        const before = csms.of(action).length;
        if (action !== "SecurityEventNotification")
          assert.ok(await csms.drive(lasting, () => csms.of(action).length > before, 1_300_000));
      });

for (const dialect of dialects)
  test(`${dialect}, at whatever goes out but BootNotification and Heartbeat: nothing is parked, and all is told when it is well`, async () => {
    const csms = await LooseCsms.open(dialect);
    const lasting = world();
    const { outbox } = openUplink(lasting, ocppConfig(csms.url), {}, new SimulatedStation(lasting.clock, lasting.book));
    csms.answers = (action) => (["BootNotification", "Heartbeat"].includes(action) ? undefined : "cut");
    for (let sales = 0; sales < 4; sales += 1) lasting.book.sell();
    outbox.begin();
    await csms.drive(lasting, () => csms.connections > 80, 3_600_000);
    assert.equal([outbox.status().parked, outbox.status().waiting], [[], 4]);
    csms.answers = () => undefined;
    assert.ok(await csms.drive(lasting, () => outbox.status().waiting === 0));
    assert.equal(outbox.status().parked, []);
  });

test("what has no line, and what has bounds of its own, never rests; an answer ends a rest", () => {
  const clock = new HandClock();
  const losses = new LineLosses(clock);
  const actions = ["BootNotification", "Authorize", "TransactionEvent", "StartTransaction", "NotifySettlement"];
  for (const action of [...actions, "NotifyEvent"]) for (let count = 0; count < 20; count += 1) losses.lostAt(action);
  assert.equal(
    actions.map((action) => losses.keptBack(action)),
    actions.map(() => undefined),
  );
  assert.match(losses.keptBack("NotifyEvent") ?? "", /NotifyEvent rests, since the line was lost at it 20 times/);
  clock.advance(600_000);
  assert.is(losses.keptBack("NotifyEvent"), undefined);
  losses.lostAt("NotifyEvent");
  assert.is.not(losses.keptBack("NotifyEvent"), undefined, "one try, and it rests again");
  losses.answered("NotifyEvent");
  losses.lostAt("NotifyEvent");
  assert.is(losses.keptBack("NotifyEvent"), undefined);
});

test.run();

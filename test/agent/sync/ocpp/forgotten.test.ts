// A backend that forgot the station while the line was down, or that does not answer at all.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Dialect } from "../../../../agent/sync/ocpp/rpc/frame.js";
import { letGo, type OpenUplink, ocppConfig, openUplink, type World, world } from "../../../support/sync/ocpp-bench.js";
import { closeLoose, LooseCsms } from "../../../support/sync/oddities/loose-csms.js";
import { SimulatedStation } from "../../../support/sync/simulated-station.js";

const test = suite("a backend without memory");
test.after.each(async () => {
  await letGo();
  await closeLoose();
});

type Scene = { readonly csms: LooseCsms; readonly lasting: World; readonly now: OpenUplink };
const dialects: readonly Dialect[] = ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"];

/** Registered once, and then cut off; `cut` opens the second connection. */
async function scene(
  dialect: Dialect,
  backoff = { first: 100, most: 1_000 },
): Promise<Scene & { readonly reconnected: () => Promise<void> }> {
  const csms = await LooseCsms.open(dialect);
  const lasting = world();
  const now = openUplink(
    lasting,
    ocppConfig(csms.url, { backoff }),
    {},
    new SimulatedStation(lasting.clock, lasting.book),
  );
  now.outbox.begin();
  assert.ok(await csms.drive(lasting, () => now.outbox.status().reachability === "online"));
  return {
    csms,
    lasting,
    now,
    reconnected: async () => {
      csms.cut();
      assert.ok(await csms.drive(lasting, () => now.outbox.status().reachability !== "online"));
      assert.ok(await csms.drive(lasting, () => csms.connections === 2));
    },
  };
}
const boots = (csms: LooseCsms, connection: number): readonly unknown[] =>
  csms.of("BootNotification").flatMap((asked) => (asked.connection === connection ? [asked.payload["reason"]] : []));

for (const dialect of dialects)
  for (const code of ["SecurityError", "InternalError", "NotSupported", "FormatViolation", "ProtocolError"])
    test(`${dialect}: refuses all but BootNotification (${code}): one goes out on the connection, nothing is parked, all is told`, async () => {
      const { csms, lasting, now, reconnected } = await scene(dialect);
      csms.answers = (action, _, connection) =>
        connection === 1 || action === "BootNotification" || boots(csms, connection).length > 0
          ? undefined
          : { error: code };
      const numbers = [lasting.book.sell(), lasting.book.sell()];
      await reconnected();
      assert.ok(await csms.drive(lasting, () => now.outbox.status().waiting === 0));
      assert.equal(boots(csms, 2), [dialect === "ocpp1.6" ? undefined : "Unknown"]);
      assert.equal(
        numbers.map((number) => now.outbox.stateOf(number)),
        ["acked", "acked"],
      );
      assert.equal([now.outbox.status().parked, now.outbox.status().reachability], [[], "online"]);
    });

for (const dialect of dialects)
  test(`${dialect}: answers Heartbeat without a memory, and fails on the rest: it is asked to remember all the same`, async () => {
    const { csms, lasting, now, reconnected } = await scene(dialect);
    csms.answers = (action, _, connection) =>
      connection === 1 || ["BootNotification", "Heartbeat"].includes(action) || boots(csms, connection).length > 0
        ? undefined
        : { error: "InternalError" };
    lasting.book.sell();
    await reconnected();
    assert.ok(await csms.drive(lasting, () => now.outbox.status().waiting === 0));
    assert.is(boots(csms, 2).length, 1);
  });

for (const code of ["SecurityError", "FormatViolation"])
  test(`refuses BootNotification too (${code}): one try on the connection, nothing is parked, and all is told when it is well again`, async () => {
    const { csms, lasting, now, reconnected } = await scene("ocpp2.0.1");
    csms.answers = (_, __, connection) => (connection === 1 ? undefined : { error: code });
    const numbers = [lasting.book.sell(), lasting.book.sell()];
    await reconnected();
    assert.not(await csms.drive(lasting, () => now.outbox.status().waiting === 0, 120_000));
    const { parked, waiting, reachability } = now.outbox.status();
    assert.equal([boots(csms, 2).length, parked, waiting], [1, [], 2]);
    assert.is.not(reachability, "online");
    csms.answers = () => undefined;
    assert.ok(await csms.drive(lasting, () => now.outbox.status().waiting === 0));
    assert.equal(
      numbers.map((number) => now.outbox.stateOf(number)),
      ["acked", "acked"],
    );
  });

test("that rejects the station on its second BootNotification is left alone, and asked again in its interval", async () => {
  const { csms, lasting, now, reconnected } = await scene("ocpp2.0.1");
  csms.answers = (action, _, connection) =>
    connection === 1
      ? undefined
      : action === "BootNotification"
        ? { result: { status: "Rejected", interval: 60, currentTime: "2026-03-02T10:00:00Z" } }
        : { error: "SecurityError" };
  lasting.book.sell();
  await reconnected();
  assert.ok(await csms.drive(lasting, () => now.outbox.status().reachability === "unauthorised"));
  const before = csms.of("TransactionEvent").length;
  assert.not(await csms.drive(lasting, () => false, 50_000));
  assert.equal([boots(csms, 2).length, csms.of("TransactionEvent").length], [1, before]);
  csms.answers = () => undefined;
  assert.ok(await csms.drive(lasting, () => now.outbox.status().waiting === 0, 120_000));
});

for (const dialect of dialects)
  test(`${dialect}: one that takes the connection and says nothing is not online, neither on a reconnect nor later; its first answer makes it so`, async () => {
    const { csms, lasting, now, reconnected } = await scene(dialect);
    csms.answers = () => "silence";
    await reconnected();
    assert.not(await csms.drive(lasting, () => now.outbox.status().reachability === "online", 30_000));
    assert.match(now.outbox.status().words ?? "", /does not answer Heartbeat/);
    csms.answers = () => undefined;
    const number = lasting.book.sell();
    now.outbox.kick();
    assert.ok(await csms.drive(lasting, () => now.outbox.stateOf(number) === "acked"));
    assert.is(now.outbox.status().reachability, "online");
    // And with nothing to tell it is the Heartbeat that finds out.
    csms.answers = () => "silence";
    assert.ok(await csms.drive(lasting, () => now.outbox.status().reachability === "offline"));
    assert.match(now.outbox.status().words ?? "", /does not answer Heartbeat/);
    csms.answers = () => undefined;
    assert.ok(await csms.drive(lasting, () => now.outbox.status().reachability === "online"));
    assert.is(csms.connections, 2, "the line stood all the while");
  });

test("a Heartbeat without an answer takes no back-off away from what waits", async () => {
  const { csms, lasting, now } = await scene("ocpp2.0.1", { first: 60_000, most: 60_000 });
  csms.answers = (action) => (action === "Heartbeat" ? "silence" : { error: "InternalError" });
  lasting.book.sell();
  now.outbox.kick();
  await csms.calm(lasting);
  assert.is(csms.of("TransactionEvent").length, 1);
  const beat = now.uplink.triggered("Heartbeat", undefined);
  if (typeof beat === "function") beat();
  // Its time is over after 5 s; the next try is due 45 s after the first.
  assert.not(await csms.drive(lasting, () => csms.of("TransactionEvent").length > 1, 44_000));
  assert.match(now.outbox.status().words ?? "", /does not answer Heartbeat/);
  assert.ok(await csms.drive(lasting, () => csms.of("TransactionEvent").length > 1, 60_000));
});

// Dropped, and asked again and again, while the backend took ten seconds for each.
for (const dialect of dialects)
  test(`${dialect}: an answer to a begin or an end that comes after its time is used, and nothing goes again`, async () => {
    const { csms, lasting, now } = await scene(dialect);
    const [begin, end] =
      dialect === "ocpp1.6" ? ["StartTransaction", "StopTransaction"] : ["TransactionEvent", "TransactionEvent"];
    csms.answers = (action) =>
      action === begin || action === end
        ? { late: action === "StartTransaction" ? { transactionId: 77, idTagInfo: { status: "Accepted" } } : {} }
        : undefined;
    const number = lasting.book.sell();
    now.outbox.kick();
    for (let message = 1; message <= 2; message += 1) {
      assert.ok(await csms.drive(lasting, () => csms.of(begin, end).length === message));
      // The time is over, and the next try has its back-off.
      lasting.clock.advance(5_000);
      await new Promise((resolve) => setImmediate(resolve));
      assert.is(now.outbox.stateOf(number), "unsure");
      csms.answerLate();
    }
    assert.ok(await csms.drive(lasting, () => now.outbox.stateOf(number) === "acked"));
    assert.is(csms.of(begin, end).length, 2);
    if (dialect === "ocpp1.6") assert.is(csms.of(end)[0]?.payload["transactionId"], 77);
  });

test.run();

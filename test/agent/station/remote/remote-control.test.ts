// What a backend may ask of the station, asked of a whole agent: each answer is the truth, and what was ordered stands
// again after a restart.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withPerson } from "../../../../agent/core/cdr/cdr-copies.js";
import type { SessionToken } from "../../../../agent/core/cdr/settlement.js";
import { reservedFor } from "../../../../agent/core/station/backend-orders.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { personOf } from "../../../../agent/receipts/disclosures.js";
import { connectorSnapshot } from "../../../../agent/station/snapshot.js";
import type { RemoteStart } from "../../../../agent/sync/station-port.js";
import { TestStation, testStationConfig } from "../../../support/station/test-station.js";

const token = (uid: string): SessionToken => ({
  uid,
  type: "APP_USER",
  contractId: `C-${uid}`,
  countryCode: "DE",
  partyId: "EMP",
});
const order = (more: Partial<RemoteStart> = {}): RemoteStart => ({
  by: "csms",
  connector: 1,
  token: token("APP-1"),
  ...more,
});
const tariff = (id: string, perKwh: number, more: object = {}): Tariff => {
  const parsed = parseTariff({
    country_code: "DE",
    party_id: "EMP",
    id,
    currency: "EUR",
    elements: [{ price_components: [{ type: "ENERGY", price: perKwh, step_size: 1 }] }],
    last_updated: "2026-01-01T00:00:00Z",
    ...more,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.tariff;
};
const known = "04A23B1C5D6E80";
const other = "9F3C77E1";
const idOf = (testStation: TestStation, connector: number): string => {
  const session = testStation.session(connector);
  if (session.state !== "charging") throw new Error(`connector ${connector} is ${session.state}`);
  return session.sale.opening.id;
};
const inHours = (testStation: TestStation, hours: number): number => testStation.clock.now().at + hours * 3_600_000;

const starts = suite("a remote start");

starts("at a connector with a car begins like a tap, by COMMAND, with the reference of the one who asked", async () => {
  const testStation = new TestStation();
  await testStation.plug(1);
  assert.equal(testStation.services.remote.start(order({ reference: "REF-7", group: "fleet" })), {
    accepted: true,
    connector: 1,
    waits: false,
  });
  await testStation.clock.pass(2_000);
  const session = testStation.session(1);
  assert.is(session.state, "charging");
  if (session.state !== "charging") return;
  const { acceptance } = session.sale.opening;
  assert.equal(
    [acceptance.authMethod, acceptance.authorizationReference, acceptance.group, acceptance.by, acceptance.token.type],
    ["COMMAND", "REF-7", "fleet", "csms", "APP_USER"],
  );
  assert.is(testStation.outlet(1).closed, true);
  await testStation.charge(1, 25);
  assert.equal(testStation.services.remote.stop(idOf(testStation, 1), "csms"), { accepted: true });
  assert.is(testStation.outlet(1).closed, false);
  await testStation.clock.pass(3_000);
  const sold = testStation.services.book.get(testStation.services.book.count());
  assert.ok(sold);
  const [text = ""] = Object.values((sold.cdr as { texts: Record<string, string> }).texts);
  const cdr = JSON.parse(withPerson(text, personOf(sold, testStation.services.disclosures.of))) as {
    auth_method: string;
    authorization_reference: string;
  };
  assert.equal([cdr.auth_method, cdr.authorization_reference], ["COMMAND", "REF-7"]);
  await testStation.close();
});

starts("at a free connector waits for its car, and lapses when none comes", async () => {
  const testStation = new TestStation();
  await testStation.clock.pass(100);
  assert.equal(testStation.services.remote.start(order()), { accepted: true, connector: 1, waits: true });
  assert.is(testStation.outlet(1).shown, "waiting-for-plug");
  await testStation.plug(2);
  assert.is(testStation.session(2).state, "occupied", "the car at the other connector is not meant");
  await testStation.plug(1);
  await testStation.clock.pass(2_000);
  assert.is(testStation.session(1).state, "charging");
  assert.equal(testStation.services.remote.start(order({ connector: 2 })), {
    accepted: true,
    connector: 2,
    waits: false,
  });
  const late = new TestStation();
  late.services.remote.start(order());
  await late.clock.pass(61_000);
  await late.plug(1);
  await late.clock.pass(2_000);
  assert.is(late.session(1).state, "occupied");
  await Promise.all([testStation.close(), late.close()]);
});

starts("at any connector takes the car that waits, else the first that comes", async () => {
  const testStation = new TestStation();
  assert.equal(testStation.services.remote.start(order({ connector: null })), {
    accepted: true,
    connector: null,
    waits: true,
  });
  await testStation.plug(2);
  await testStation.clock.pass(2_000);
  assert.is(testStation.session(2).state, "charging");
  await testStation.plug(1);
  assert.equal(testStation.services.remote.start(order({ connector: null, token: token("APP-2") })), {
    accepted: true,
    connector: 1,
    waits: false,
  });
  await testStation.close();
});

starts("is refused with the reason that is true", async () => {
  const testStation = new TestStation();
  const { remote, station } = testStation.services;
  const code = (request: RemoteStart): string => {
    const answer = remote.start(request);
    return answer.accepted ? "accepted" : answer.code;
  };
  assert.is(code(order({ connector: 9 })), "unknown-connector");
  assert.is(code(order({ tariff: "nobody-knows" })), "no-tariff");
  station.faults.raise("connector 1", "meter/timeout", "no answer", testStation.clock.now().at);
  assert.is(code(order()), "faulted");
  station.faults.clear("connector 1");
  remote.setOperative(1, false, "csms");
  assert.is(code(order()), "unavailable");
  remote.setOperative(1, true, "csms");
  await testStation.plug(1);
  assert.is(code(order()), "accepted");
  assert.is(code(order({ token: token("APP-2") })), "busy");
  assert.equal(remote.stop("no such session", "csms"), {
    accepted: false,
    code: "unknown-session",
    why: "no session no such session runs here",
  });
  await testStation.close();
});

starts("that waits is not taken over by another card, and a restart of the station ends it", async () => {
  const testStation = new TestStation(
    testStationConfig((config) => ({ ...config, connectors: config.connectors.slice(0, 1) })),
  );
  testStation.services.remote.start(order());
  await testStation.tap(known);
  assert.is(testStation.answers().at(-1), "another card is waiting for its car");
  const next = await testStation.again();
  await next.plug(1);
  await next.clock.pass(2_000);
  assert.is(next.session(1).state, "occupied");
  await next.close();
});

starts("stops at the limits that came with it", async () => {
  const testStation = new TestStation();
  await testStation.plug(1);
  testStation.services.remote.start(order({ limits: { energyKwh: "0.02" } }));
  await testStation.clock.pass(2_000);
  await testStation.charge(1, 25);
  await testStation.clock.pass(3_000);
  assert.is(testStation.session(1).state, "finishing");
  const stopped = testStation.event.find((event) => event.type === "stopping");
  assert.is(stopped?.type === "stopping" && stopped.reason, "EnergyLimitReached");
  assert.match(stopped?.type === "stopping" ? stopped.detail : "", /limit of 0\.02 kWh .*set by csms/);
  await testStation.close();
});
starts.run();

const reservations = suite("a reservation");

reservations("of a connector lets its own card start there and no other, and is used up by it", async () => {
  const testStation = new TestStation();
  const answer = testStation.services.remote.reserve({
    id: "R1",
    by: "csms",
    connector: 1,
    token: { ...token(known), type: "RFID" },
    untilMs: inHours(testStation, 1),
  });
  assert.equal(answer, { accepted: true });
  await testStation.plug(1);
  await testStation.tap(other);
  assert.match(testStation.answers().at(-1) ?? "", /connector 1 is reserved for another card/);
  await testStation.tap(known);
  await testStation.clock.pass(2_000);
  assert.is(testStation.session(1).state, "charging");
  assert.is(testStation.services.station.stationState().orders.reservations.size, 0);
  await testStation.close();
});

reservations("is shown at the connector, with no more of the card than its last four characters", async () => {
  const testStation = new TestStation();
  testStation.services.remote.reserve({
    id: "R1",
    by: "csms",
    connector: 1,
    token: token("04A23B1C5D6E80"),
    untilMs: inHours(testStation, 1),
  });
  const stationState = testStation.services.station.stationState();
  const seen = testStation.config.connectors.map((connector) =>
    connectorSnapshot(connector, {
      session: testStation.session(connector.id),
      liveReading: undefined,
      lowSinceMs: null,
      idleFreeForMs: 0,
      noEnergyMs: 0,
      cardWaits: undefined,
      blocked: undefined,
      reserved: reservedFor(
        stationState.orders,
        stationState.sessions,
        connector.id,
        undefined,
        testStation.clock.now().at,
      ),
      price: [],
    }),
  );
  assert.equal(
    seen.map(({ state, card }) => [state, card]),
    [
      ["reserved", "…6E80"],
      ["available", undefined],
    ],
  );
  await testStation.close();
});

reservations("admits a card of its group", async () => {
  const testStation = new TestStation(
    testStationConfig((config) => ({ ...config, tokens: config.tokens.map((one) => ({ ...one, group: "family" })) })),
  );
  testStation.services.remote.reserve({
    id: "R1",
    by: "csms",
    connector: 1,
    token: token("someone"),
    group: "family",
    untilMs: inHours(testStation, 1),
  });
  await testStation.plug(1);
  await testStation.tap(other);
  await testStation.clock.pass(2_000);
  assert.is(testStation.session(1).state, "charging");
  await testStation.close();
});

reservations("keeps a card that was shown before the plug from being used at the reserved connector", async () => {
  const testStation = new TestStation();
  testStation.services.remote.reserve({
    id: "R1",
    by: "csms",
    connector: 1,
    token: token("someone"),
    untilMs: inHours(testStation, 1),
  });
  await testStation.tap(known);
  await testStation.plug(1);
  await testStation.clock.pass(1_000);
  assert.is(testStation.session(1).state, "occupied");
  await testStation.plug(2);
  await testStation.clock.pass(2_000);
  assert.is(testStation.session(2).state, "charging");
  await testStation.close();
});

reservations("of any connector keeps the last free one", async () => {
  const testStation = new TestStation();
  assert.equal(
    testStation.services.remote.reserve({
      id: "R1",
      by: "csms",
      connector: null,
      token: { ...token(known), type: "RFID" },
      untilMs: inHours(testStation, 1),
    }),
    { accepted: true },
  );
  const second = testStation.services.remote.reserve({
    id: "R2",
    by: "csms",
    connector: null,
    token: token("B"),
    untilMs: inHours(testStation, 1),
  });
  assert.equal(second, { accepted: true }, "two connectors are free, so two may be promised");
  const third = testStation.services.remote.reserve({
    id: "R3",
    by: "csms",
    connector: null,
    token: token("C"),
    untilMs: inHours(testStation, 1),
  });
  assert.is(third.accepted ? "accepted" : third.code, "busy");
  await testStation.plug(1);
  await testStation.tap(other);
  assert.match(testStation.answers().at(-1) ?? "", /reserved/);
  testStation.services.remote.cancel("R2", "csms");
  await testStation.tap(other);
  await testStation.clock.pass(2_000);
  assert.is(testStation.session(1).state, "charging", "one is promised and one is left");
  await testStation.plug(2);
  await testStation.tap(known);
  await testStation.clock.pass(2_000);
  assert.is(testStation.session(2).state, "charging");
  await testStation.close();
});

reservations("stands again after a restart, ends at its hour, and is replaced by one of the same id", async () => {
  const testStation = new TestStation();
  testStation.services.remote.reserve({
    id: "R1",
    by: "csms",
    connector: 1,
    token: token("A"),
    untilMs: inHours(testStation, 9),
  });
  testStation.services.remote.reserve({
    id: "R1",
    by: "csms",
    connector: 1,
    token: token("B"),
    untilMs: inHours(testStation, 1 / 6),
  });
  assert.is(testStation.services.station.stationState().orders.reservations.get("R1")?.token.uid, "B");
  // The night's work leaves nothing of it in the archive alone.
  testStation.services.station.restate();
  testStation.services.journal.forget(
    testStation.services.retention.first(
      testStation.services.station.stationState(),
      testStation.services.journal.lastSeq,
    ),
  );
  const next = await testStation.again();
  assert.is(next.services.station.stationState().orders.reservations.get("R1")?.token.uid, "B");
  await next.clock.pass(600_000);
  assert.is(next.services.station.stationState().orders.reservations.size, 0);
  const gone = next.services.remote.cancel("R1", "csms");
  assert.is(gone.accepted ? "" : gone.code, "unknown-reservation");
  await next.close();
});
reservations.run();

const service = suite("a connector out of service");

service(
  "sells nothing, lets a running session end by itself, and stays so over restarts until the word is taken back",
  async () => {
    const testStation = new TestStation();
    await testStation.plug(1);
    await testStation.tap(known);
    await testStation.clock.pass(2_000);
    assert.equal(testStation.services.remote.setOperative(1, false, "csms"), { accepted: true, scheduled: true });
    assert.equal(testStation.services.remote.setOperative(2, false, "csms"), { accepted: true, scheduled: false });
    await testStation.charge(1, 25);
    assert.is(testStation.session(1).state, "charging");
    testStation.services.station.restate();
    const next = await testStation.again();
    await next.clock.pass(5_000);
    await next.plug(2);
    await next.tap(other);
    assert.match(next.answers().at(-1) ?? "", /taken out of service by csms/);
    assert.is(next.outlet(2).shown, "refused");
    assert.equal(next.services.remote.setOperative(2, true, "csms"), { accepted: true, scheduled: false });
    await next.tap(other);
    await next.clock.pass(2_000);
    assert.is(next.session(2).state, "charging");
    await next.close();
  },
);

service("the whole station and its connectors are told apart", async () => {
  const testStation = new TestStation();
  testStation.services.remote.setOperative(2, false, "csms");
  testStation.services.remote.setOperative(null, false, "csms");
  testStation.services.remote.setOperative(null, true, "csms");
  assert.is(testStation.services.station.feed().blocked(1), undefined);
  assert.match(testStation.services.station.feed().blocked(2) ?? "", /out of service/);
  await testStation.close();
});
service.run();

const figures = suite("the figures of a session");

figures("are never those of the one before, and are none before its first look at the meter", async () => {
  const testStation = new TestStation();
  const seen: unknown[] = [];
  const feed = testStation.services.station.feed();
  feed.listen(({ event }) => event.type === "SessionBegan" && seen.push(feed.liveReading(1)));
  for (let session = 0; session < 2; session += 1) {
    await testStation.plug(1);
    await testStation.tap(known);
    await testStation.clock.pass(2_000);
    await testStation.charge(1, 25);
    assert.is(feed.liveReading(1)?.energyMilliWh, 25_000);
    await testStation.tap(known);
    await testStation.clock.pass(3_000);
    await testStation.plug(1, false);
  }
  assert.equal(seen, [undefined, undefined]);
  await testStation.close();
});
figures.run();

const restarts = suite("a restart that was asked for");

restarts("now: sells nothing more, settles what runs, then ends the process", async () => {
  const testStation = new TestStation();
  await testStation.plug(1);
  await testStation.tap(known);
  await testStation.clock.pass(2_000);
  await testStation.charge(1, 25);
  const receipts = testStation.services.book.count();
  assert.equal(testStation.services.remote.restart("now", "csms"), { accepted: true, scheduled: false });
  assert.is(testStation.outlet(1).closed, false);
  assert.is(testStation.restarts, 0);
  await testStation.clock.pass(4_000);
  assert.is(testStation.services.book.count(), receipts + 1);
  assert.is(testStation.restarts, 1);
  const next = await testStation.again();
  assert.is(next.services.station.feed().blocked(1), undefined, "the next process has done what was asked");
  assert.is(next.restarts, 0);
  await next.close();
});

restarts("when idle: waits for the driver, whatever else is asked meanwhile", async () => {
  const testStation = new TestStation();
  await testStation.plug(1);
  await testStation.tap(known);
  await testStation.clock.pass(2_000);
  assert.equal(testStation.services.remote.restart("when-idle", "csms"), { accepted: true, scheduled: true });
  await testStation.plug(2);
  await testStation.tap(other);
  assert.match(testStation.answers().at(-1) ?? "", /about to restart/);
  await testStation.clock.pass(6_000);
  assert.is(testStation.session(1).state, "charging");
  assert.is(testStation.restarts, 0);
  await testStation.tap(known);
  await testStation.clock.pass(4_000);
  assert.is(testStation.restarts, 1);
  await testStation.close();
});
restarts.run();

const prices = suite("a tariff from a backend");

prices("governs the sessions to come and never one that runs, over restarts too", async () => {
  const testStation = new TestStation();
  await testStation.plug(1);
  await testStation.tap(known);
  await testStation.clock.pass(2_000);
  assert.equal(testStation.services.remote.setTariff(tariff("CSMS-1", 0.2), 1, "csms"), { accepted: true });
  const running = testStation.session(1);
  assert.is(running.state === "charging" && running.sale.opening.tariff.id, "standard");
  const next = await testStation.again();
  await next.clock.pass(5_000);
  assert.match(
    next.services.activeTariffs.lines(next.config.connectors[0] as never, next.clock.now()).join(" "),
    /0\.20/,
  );
  await next.plug(1, false);
  await next.plug(1);
  await next.tap(known);
  await next.clock.pass(2_000);
  const session = next.session(1);
  assert.is(session.state === "charging" && session.sale.opening.tariff.id, "CSMS-1");
  assert.equal(next.services.remote.clearTariff("CSMS-1", "csms"), { accepted: true });
  assert.match(
    next.services.activeTariffs.lines(next.config.connectors[0] as never, next.clock.now()).join(" "),
    /0\.4/,
  );
  await next.close();
});

prices(
  "for one connector comes before one for all, and that before the file's; validity decides between versions",
  async () => {
    const testStation = new TestStation();
    const { remote, activeTariffs } = testStation.services;
    const words = (connector: number): string =>
      activeTariffs.lines(testStation.config.connectors[connector - 1] as never, testStation.clock.now()).join(" ");
    remote.setTariff(tariff("ALL", 0.21), null, "csms");
    remote.setTariff(tariff("ONE", 0.22), 2, "csms");
    remote.setTariff(
      tariff("LATER", 0.23, { start_date_time: new Date(inHours(testStation, 1 / 6)).toISOString() }),
      2,
      "csms",
    );
    assert.match(words(1), /0\.21/);
    assert.match(words(2), /0\.22/);
    await testStation.clock.pass(601_000);
    assert.match(words(2), /0\.23/);
    assert.equal(
      remote.tariffs().map(({ tariff: { id }, connector }) => [id, connector]),
      [
        ["ALL", null],
        ["ONE", 2],
        ["LATER", 2],
      ],
    );
    await testStation.close();
  },
);

prices("by its id alone is for the token that names it, and the driver's price is fixed by it", async () => {
  const testStation = new TestStation();
  testStation.services.remote.setTariff(tariff("STAFF", 0.05), undefined, "csms");
  await testStation.plug(1);
  assert.equal(testStation.services.remote.start(order({ tariff: "STAFF" })), {
    accepted: true,
    connector: 1,
    waits: false,
  });
  await testStation.clock.pass(2_000);
  const session = testStation.session(1);
  assert.is(session.state === "charging" && session.sale.opening.tariff.id, "STAFF");
  assert.match(session.state === "charging" ? session.sale.opening.shown.text : "", /0\.05/);
  await testStation.close();
});
prices.run();

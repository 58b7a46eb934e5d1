// A driver at the reader while a backend is asked: what the lamp says, what a second tap does, and by whose word the
// session then runs.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { OnlineAnswer } from "../../../agent/core/cdr/token.js";
import { kwhExact } from "../../../agent/core/number/energy-text.js";
import type { OnlineCheck } from "../../../agent/sync/station-port.js";
import type { Config } from "../../../config/schema.js";
import { TestStation, testStationConfig } from "../../support/station/test-station.js";
import { ocpiConfig } from "../../support/sync/uplink-bench.js";

type Question = {
  readonly uid: string;
  readonly connector: number | null;
  readonly signal: AbortSignal;
  readonly answer: (answer: OnlineAnswer | undefined) => void;
};

/** A backend that answers when the test says so. */
class Backend implements OnlineCheck {
  readonly asked: Question[] = [];
  constructor(readonly name: string) {}
  ask(uid: string, connector: number | null, signal: AbortSignal): Promise<OnlineAnswer | undefined> {
    return new Promise((answer) => this.asked.push({ uid, connector, signal, answer }));
  }
  last(): Question {
    const question = this.asked.at(-1);
    if (question === undefined) throw new Error(`${this.name} was not asked`);
    return question;
  }
}

const stranger = "0A0B0C0D";
const allowed = (uid: string, more: object = {}): OnlineAnswer => ({
  allowed: "ALLOWED",
  token: { uid, type: "RFID", contractId: "EMP-C1", countryCode: "NL", partyId: "EMP" },
  ...more,
});
const stationWith = (
  backends: readonly Backend[],
  change: (config: Config) => Config = (config) => config,
): TestStation => new TestStation(testStationConfig(change), undefined, undefined, undefined, backends);
const settle = async (station: TestStation): Promise<void> => station.clock.pass(2_000);
const rule =
  (more: Partial<Config["authorisation"]>) =>
  (config: Config): Config => ({ ...config, authorisation: { ...config.authorisation, ...more } });

const test = suite("a card that a backend is asked about");

test("is held while the question is open, and charges by the backend's word", async () => {
  const backend = new Backend("emp");
  const station = stationWith([backend]);
  await station.plug(1);
  await station.tap(stranger);
  assert.is(station.outlet(1).shown, "checking");
  assert.equal([backend.asked.length, backend.last().uid, backend.last().connector], [1, stranger, 1]);
  await station.tap(stranger);
  await station.tap("9F3C77E1");
  assert.equal(station.answers(), ["still checking this card", "another card is being checked: try again in a moment"]);
  assert.is(backend.asked.length, 1);
  backend.last().answer(allowed(stranger, { authorizationReference: "AUTH-1", group: "fleet" }));
  await settle(station);
  const session = station.session(1);
  assert.is(session.state, "charging");
  if (session.state !== "charging") return;
  const { acceptance } = session.sale.opening;
  assert.equal(
    [
      acceptance.authMethod,
      acceptance.by,
      acceptance.authorizationReference,
      acceptance.group,
      acceptance.token.contractId,
    ],
    ["AUTH_REQUEST", "emp", "AUTH-1", "fleet", "EMP-C1"],
  );
  await station.close();
});

test("is refused in the backend's words, and the next card may come", async () => {
  const backend = new Backend("emp");
  const station = stationWith([backend]);
  await station.plug(1);
  await station.tap(stranger);
  backend.last().answer({ allowed: "NO_CREDIT", info: "top up first" });
  await settle(station);
  assert.is(station.answers().at(-1), "there is no credit left on this card (top up first)");
  assert.is(station.session(1).state, "occupied");
  await station.tap("9F3C77E1");
  await settle(station);
  assert.is(station.session(1).state, "charging");
  await station.close();
});

test("gets the offline rule's answer when none comes in time, and the question is given up", async () => {
  const backend = new Backend("emp");
  const station = stationWith([backend], rule({ onlineTimeout: 6_000 }));
  await station.plug(1);
  await station.tap(stranger);
  await station.clock.pass(6_000);
  assert.is(station.answers().at(-1), "this card is not known here");
  assert.is(backend.last().signal.aborted, true);
  backend.last().answer(allowed(stranger));
  await settle(station);
  assert.is(station.session(1).state, "occupied", "an answer that comes too late starts nothing");
  await station.close();
});

test("charges without an answer up to the cap where all may", async () => {
  const backend = new Backend("emp");
  const station = stationWith([backend], rule({ offline: "all", offlineEnergyKwh: "0.02" }));
  await station.plug(1);
  await station.tap(stranger);
  backend.last().answer(undefined);
  await settle(station);
  assert.is(station.session(1).state, "charging");
  await station.charge(1, 25);
  await settle(station);
  assert.is(station.session(1).state, "finishing");
  const stopped = station.event.find((event) => event.type === "stopping");
  assert.match(
    stopped?.type === "stopping" ? stopped.detail : "",
    /limit of 0\.02 kWh is reached: more is not given to a card that no backend has allowed/,
  );
  await station.close();
});

test("of several backends the first that allows or refuses decides; one that does not know the card leaves it to the others", async () => {
  const [first, second] = [new Backend("one"), new Backend("two")];
  const station = stationWith([first, second]);
  await station.plug(1);
  await station.tap(stranger);
  first.last().answer({ allowed: "NOT_KNOWN" });
  await station.clock.pass(500);
  assert.is(station.outlet(1).shown, "checking");
  second.last().answer(allowed(stranger));
  await settle(station);
  const session = station.session(1);
  assert.is(session.state === "charging" && session.sale.opening.acceptance.by, "two");
  await station.close();
});

test("is judged again when the answer comes: a car that left meanwhile is waited for, and one that came is meant", async () => {
  const backend = new Backend("emp");
  const station = stationWith([backend]);
  await station.plug(1);
  await station.tap(stranger);
  await station.plug(1, false);
  backend.last().answer(allowed(stranger));
  await settle(station);
  assert.is(station.answers().at(-1), "accepted: plug in the car");
  await station.plug(2);
  await settle(station);
  assert.is(station.session(2).state, "charging");
  await station.close();
});

test("never stops what a remote word began for it while the question was open", async () => {
  const backend = new Backend("emp");
  const station = stationWith([backend], rule({ onlineTimeout: 30_000 }));
  await station.plug(1);
  await station.tap(stranger);
  station.services.remote.start({
    by: "csms",
    connector: 1,
    token: { uid: stranger, type: "RFID", contractId: "C", countryCode: "DE", partyId: "EMP" },
  });
  await station.clock.pass(10_000);
  backend.last().answer(allowed(stranger));
  await settle(station);
  assert.is(station.session(1).state, "charging");
  assert.is(station.answers().at(-1), "the session has only just begun");
  await station.tap(stranger);
  await settle(station);
  assert.is(station.session(1).state, "finishing", "and its next tap stops it, without a question");
  await station.close();
});

test("of a group that only the backend knows stops a colleague's session", async () => {
  const backend = new Backend("emp");
  const station = stationWith([backend], (config) => ({
    ...config,
    connectors: config.connectors.slice(0, 1),
    tokens: config.tokens.map((token) => ({ ...token, group: "fleet" })),
  }));
  await station.plug(1);
  await station.tap("9F3C77E1");
  await station.clock.pass(10_000);
  await station.tap(stranger);
  backend.last().answer(allowed(stranger, { group: "fleet" }));
  await settle(station);
  assert.is(station.session(1).state, "finishing");
  await station.close();
});

test("is remembered: it starts unasked next time, until its word is too old or the cache is cleared; a restart forgets nothing", async () => {
  const backend = new Backend("emp");
  const station = stationWith([backend], rule({ cacheLifetime: 600_000 }));
  const sell = async (one: TestStation): Promise<void> => {
    await one.plug(1);
    await one.tap(stranger);
    await settle(one);
  };
  await sell(station);
  backend.last().answer(allowed(stranger, { authorizationReference: "ONCE" }));
  await settle(station);
  const next = await station.again();
  await next.clock.pass(5_000);
  await next.plug(1, false);
  await sell(next);
  const session = next.session(1);
  assert.equal([session.state, backend.asked.length], ["charging", 1]);
  assert.is(
    session.state === "charging" && session.sale.opening.acceptance.authorizationReference,
    undefined,
    "a reference is for one session",
  );
  await next.plug(1, false);
  await settle(next);
  next.services.lists.clearCache("csms");
  await sell(next);
  assert.is(backend.asked.length, 2);
  backend.last().answer(allowed(stranger));
  await settle(next);
  await next.plug(1, false);
  await next.clock.pass(600_000);
  await sell(next);
  assert.is(backend.asked.length, 3);
  await next.close();
});

test("holds no process up: the station closes while the question is open", async () => {
  const backend = new Backend("emp");
  const station = stationWith([backend]);
  await station.plug(1);
  await station.tap(stranger);
  await station.close();
  assert.is(backend.last().signal.aborted, true);
});
test.run();

const lists = suite("the list that a backend keeps here");
const card = (uid: string, more: object = {}) => ({ uid, contractId: `C-${uid}`, status: "ALLOWED" as const, ...more });

lists("is replaced whole, changed by newer versions alone, and stands after a restart", async () => {
  const station = new TestStation();
  const { lists: kept } = station.services;
  assert.is(kept.listVersion("csms"), 0);
  assert.equal(kept.replaceList("csms", 3, [card(stranger), card("0102")]), { accepted: true });
  const stale = kept.changeList("csms", 3, []);
  assert.is(stale.accepted ? "" : stale.code, "failed");
  assert.equal(kept.changeList("csms", 4, [{ uid: "0102", remove: true }, card("0304", { status: "BLOCKED" })]), {
    accepted: true,
  });
  const next = await station.again();
  assert.is(next.services.lists.listVersion("csms"), 4);
  assert.equal(
    [next.services.lists.listed("0102"), next.services.lists.listed("0304")?.status],
    [undefined, "BLOCKED"],
  );
  await next.plug(1);
  await next.tap(stranger);
  await settle(next);
  assert.is(next.session(1).state, "charging");
  await next.close();
});

lists("that holds what it may not changes nothing", async () => {
  const station = new TestStation();
  const { lists: kept } = station.services;
  kept.replaceList("csms", 1, [card(stranger)]);
  const twice = kept.replaceList("csms", 2, [card("01"), card("01")]);
  const wrong = kept.replaceList("csms", 2, [card("")]);
  assert.equal([twice.accepted, wrong.accepted, kept.listVersion("csms")], [false, false, 1]);
  await station.close();
});
lists.run();

const exposure = suite("what a card may have open");
const withUplink =
  (limits: Config["authorisation"]["exposure"]) =>
  (config: Config): Config => ({
    ...config,
    authorisation: { ...config.authorisation, exposure: limits },
    uplinks: [
      ocpiConfig("http://127.0.0.1:9/cdrs", "/dev/null", {
        name: "away",
        toCountryCode: "DE",
        toPartyId: "EMP",
        timeout: 1_000,
        backoff: { first: 60_000, most: 60_000 },
      }),
    ],
  });

exposure(
  "counts what the backend has not acknowledged: the next session stops at what is left, and then none starts",
  async () => {
    const station = new TestStation(testStationConfig(withUplink({ energyKwh: "0.04" })));
    const uid = "9F3C77E1";
    await station.plug(1);
    await station.tap(uid);
    await settle(station);
    await station.charge(1, 25);
    await station.plug(1, false);
    await settle(station);
    await station.plug(1);
    await station.tap(uid);
    await settle(station);
    const second = station.session(1);
    assert.equal(second.state === "charging" && second.sale.opening.acceptance.limits?.energyKwh, "0.015");
    await station.charge(1, 25);
    await settle(station);
    assert.is(station.session(1).state, "finishing");
    const stopped = station.event.filter((event) => event.type === "stopping").at(-1);
    assert.equal(stopped?.type === "stopping" && [stopped.reason, stopped.detail], [
      "EnergyLimitReached",
      "the limit of 0.015 kWh is reached: no more may be open for this card until the backend has its receipts",
    ]);
    await station.plug(1, false);
    await station.plug(1);
    await station.tap(uid);
    assert.match(station.answers().at(-1) ?? "", /has not reached its provider yet/);
    await station.tap("04A23B1C5D6E80");
    await settle(station);
    assert.is(station.session(1).state, "charging", "another card has its own measure");
    await station.close();
  },
);

exposure("counts money as it counts energy", async () => {
  // A session costs 1.00 at least: above 0.60 from the first moment.
  const station = new TestStation(testStationConfig(withUplink({ cost: "0.60" })));
  await station.plug(1);
  await station.tap("9F3C77E1");
  await settle(station);
  await station.charge(1, 25);
  await settle(station);
  assert.is(station.session(1).state, "finishing");
  const stopped = station.event.find((event) => event.type === "stopping");
  assert.is(stopped?.type === "stopping" && stopped.reason, "CostLimitReached");
  await station.close();
});

exposure("holds for two sessions of one card side by side", async () => {
  const station = new TestStation(
    testStationConfig((config) => ({
      ...withUplink({ energyKwh: "0.04" })(config),
      tokens: [{ uid: "9F3C77E1", contractId: "C", valid: true, whitelist: "ALWAYS" }],
    })),
  );
  await station.plug(1);
  await station.tap("9F3C77E1");
  await settle(station);
  assert.is(station.session(1).state, "charging");
  // The one card starts a second car only by a reader of its own; here its acceptance enters by hand.
  await station.plug(2);
  const first = station.session(1);
  if (first.state !== "charging") throw new Error("nothing charges");
  station.services.station.enter({
    type: "CardAccepted",
    moment: station.clock.now(),
    connector: 2,
    acceptance: first.sale.opening.acceptance,
  });
  await settle(station);
  await Promise.all([
    station.charge(1, 25),
    station.outlet(2).closed
      ? Promise.resolve().then(() => (station.outlet(2).energyMilliWh += 20_000))
      : Promise.resolve(),
  ]);
  await settle(station);
  const total = [1, 2].map((id) => station.session(id).state);
  assert.ok(total.includes("finishing"), total.join());
  const reasons = station.event.flatMap((event) => (event.type === "stopping" ? [event.detail] : []));
  assert.ok(
    reasons.some((reason) => /together reached/.test(reason)),
    reasons.join(),
  );
  await station.close();
});
for (const [whitelist, asked] of [
  ["ALLOWED", 1],
  ["ALWAYS", 0],
] as const)
  exposure(
    `of a card on whitelist ${whitelist} is ${asked === 1 ? "a reason to ask its backend, whose word then counts" : "the end: it is never asked about"}`,
    async () => {
      const backend = new Backend("emp");
      const station = stationWith([backend], (config) => ({
        ...withUplink({ energyKwh: "0.02" })(config),
        tokens: [{ uid: "9F3C77E1", contractId: "C", valid: true, whitelist }],
      }));
      await station.plug(1);
      await station.tap("9F3C77E1");
      await settle(station);
      await station.charge(1, 25);
      await station.plug(1, false);
      await settle(station);
      assert.is(backend.asked.length, 0);
      await station.plug(1);
      await station.tap("9F3C77E1");
      assert.is(backend.asked.length, asked);
      if (asked === 1) backend.last().answer(allowed("9F3C77E1"));
      await settle(station);
      assert.is(station.session(1).state, asked === 1 ? "charging" : "occupied");
      await station.close();
    },
  );

exposure("holds for the one that goes on when the other is over, and after a restart for the next", async () => {
  const station = new TestStation(
    testStationConfig((config) => ({
      ...withUplink({ energyKwh: "0.04" })(config),
      tokens: [{ uid: "9F3C77E1", contractId: "C", valid: true, whitelist: "ALWAYS" }],
    })),
  );
  await station.plug(1);
  await station.tap("9F3C77E1");
  await settle(station);
  await station.plug(2);
  const first = station.session(1);
  if (first.state !== "charging") throw new Error("nothing charges");
  station.services.station.enter({
    type: "CardAccepted",
    moment: station.clock.now(),
    connector: 2,
    acceptance: first.sale.opening.acceptance,
  });
  await settle(station);
  await station.charge(1, 25);
  await station.plug(1, false);
  await settle(station);
  assert.is(station.session(2).state, "charging");
  await station.charge(2, 10);
  await settle(station);
  assert.is(station.session(2).state, "charging", "0.035 of 0.04 kWh");
  await station.charge(2, 10);
  await settle(station);
  assert.is(station.session(2).state, "finishing");
  const stopped = station.event.filter((event) => event.type === "stopping").at(-1);
  assert.match(stopped?.type === "stopping" ? stopped.detail : "", /have together reached its limit/);
  const next = await station.again();
  await next.clock.pass(5_000);
  await next.plug(1);
  await next.tap("9F3C77E1");
  assert.match(next.answers().at(-1) ?? "", /has not reached its provider yet/);
  await next.close();
});

exposure(
  "is read in slices after a restart: whoever hangs on it is checked, and all others are judged and served meanwhile",
  async () => {
    const twoReaders = (config: Config): Config => ({
      ...withUplink({ energyKwh: "1000" })(config),
      readers: { ...config.readers, back: config.readers["front"] as never },
      connectors: config.connectors.map((connector) =>
        connector.id === 2 ? { ...connector, reader: "back" } : connector,
      ),
      tokens: [...config.tokens, { uid: stranger, contractId: "C", valid: false, whitelist: "ALWAYS" }],
    });
    const station = new TestStation(testStationConfig(twoReaders));
    const uid = "9F3C77E1";
    // More than any slice reads.
    for (let session = 0; session < 65; session += 1) {
      await station.plug(1);
      await station.tap(uid);
      await station.clock.pass(1_000);
      await station.charge(1, 1, 1);
      await station.plug(1, false);
      await station.clock.pass(1_000);
    }
    const receipts = station.services.book.count();
    assert.ok(receipts > 60, String(receipts));
    const next = await station.again();
    await next.clock.quiet();
    const tapped = (reader: string, card: string): void =>
      next.services.station.cardHandler.tapped(reader, { kind: "card", uid: card, moment: next.clock.now() });
    tapped("front", uid);
    assert.equal(next.answers(), [], "it hangs on what is open for it");
    assert.ok(next.event.some((event) => event.type === "note" && /reading what is open for it/.test(event.text)));
    tapped("back", stranger);
    tapped("front", "0102030405");
    assert.equal(next.answers(), ["this card is blocked", "another card is being checked: try again in a moment"]);
    await next.clock.pass(1_000);
    assert.match(next.answers().at(-1) ?? "", /^accepted: plug in the car/);
    const waiting = next.services.station.stationState().waiting.get("front");
    assert.is(waiting?.acceptance.limits?.energyKwh, kwhExact(1_000_000_000 - 65 * 1_000));
    await next.close();
  },
);
exposure.run();

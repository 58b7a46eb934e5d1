// How long a tap takes behind hundreds of receipts that no backend has acknowledged: each is read once, in slices,
// whatever it holds.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { AuthorizationInfo } from "../../../agent/core/cdr/token.js";
import type { Acceptance } from "../../../agent/core/session/opening.js";
import type { Sale } from "../../../agent/core/session/sale.js";
import { available, type Session } from "../../../agent/core/session/session.js";
import type { SessionEvent } from "../../../agent/core/session/session-event.js";
import { reduceSession } from "../../../agent/core/session/session-reducer.js";
import { parseTariff } from "../../../agent/core/tariff/tariff-reader.js";
import { Authorizer } from "../../../agent/station/authorizer.js";
import { OfflineCredit } from "../../../agent/station/offline-credit.js";
import type { Config } from "../../../config/schema.js";
import { meter, nameUser, reading, settlement, startMs } from "../../support/sample-receipt.js";
import { SalesBook } from "../../support/sync/ocpp-bench.js";
import { HandClock } from "../../support/time/hand-clock.js";

const test = suite("hundreds of unacknowledged receipts");
const many = 300;

/** Every third sale was allowed by a backend, and counts for nobody. */
function backlog(): {
  offlineCredit: OfflineCredit;
  reads: () => number;
  add: () => void;
  acknowledge: (upTo: number, but?: readonly number[]) => void;
} {
  const book = new SalesBook();
  const [listed, other, asked] = [
    book.sell(),
    book.sell({ token: { ...settlement(3).token, uid: "11223344" } }),
    book.sell({ authMethod: "AUTH_REQUEST" }),
  ];
  let [reads, last, after] = [0, many, 0];
  let besides: ReadonlySet<number> = new Set();
  const offlineCredit = new OfflineCredit({
    limits: { energyKwh: "1000000" },
    book: {
      get: (number) => {
        reads += 1;
        return { jws: book.issued[([listed, other, asked][number % 3] ?? listed) - 1]?.jws ?? "" } as never;
      },
    },
    cardName,
    unacknowledged: () => ({ after, besides, last }),
    sessions: () => [],
    liveReading: () => undefined,
  });
  return {
    offlineCredit,
    reads: () => reads,
    add: () => void (last += 1),
    acknowledge: (upTo, but = []) => void ([after, besides] = [upTo, new Set(but)]),
  };
}

test("are read in short slices before anybody waits, each once; a tap then reads only what is new", () => {
  const { offlineCredit, reads, add } = backlog();
  let slices = 1;
  while (offlineCredit.look()) slices += 1;
  assert.is(reads(), many);
  assert.ok(slices >= 15, `${slices} slices`);
  const { uid } = settlement(3).token;
  const first = offlineCredit.left(uid);
  // 12.345 kWh each, a hundred of them on this card: 1 000 000 less 1234.5 kWh.
  assert.equal(first?.energyKwh, "998765.500");
  add();
  offlineCredit.left(uid);
  offlineCredit.left("another");
  assert.is(reads(), many + 1);
});

test("that were not all read when the first tap comes are read then, and the slices after it find nothing to do", () => {
  const { offlineCredit, reads } = backlog();
  assert.is(offlineCredit.look(), true);
  assert.ok(offlineCredit.left(settlement(3).token.uid));
  assert.is(reads(), many);
  assert.is(offlineCredit.look(), false);
  assert.is(reads(), many);
});

test("count no more once they are acknowledged, and go on counting where they are parked", () => {
  const { offlineCredit, reads, acknowledge } = backlog();
  const { uid } = settlement(3).token;
  const kwh = (): unknown => offlineCredit.left(uid)?.energyKwh;
  assert.is(kwh(), "998765.500");
  // Numbers that three divides are this card's: of the first 150, the fifty less two.
  acknowledge(150, [3, 150, 4, 5]);
  assert.is(kwh(), "999358.060");
  acknowledge(150, [150]);
  assert.is(kwh(), "999370.405");
  acknowledge(many);
  assert.is(kwh(), "1000000.000");
  assert.ok(reads() <= many + 2, `${reads()} reads: those of other cards are read once more where they are parked`);
});

test("that were parked or acknowledged before any was read are met as they stand", () => {
  const { offlineCredit, reads, acknowledge } = backlog();
  acknowledge(290, [3, 6]);
  // 3, 6, 291, 294, 297 and 300.
  assert.is(offlineCredit.left(settlement(3).token.uid)?.energyKwh, "999925.930");
  assert.is(reads(), 12);
});

test.run();

const bounded = suite("what a card may take before its backend knows");

type Limits = ConstructorParameters<typeof OfflineCredit>[0]["limits"];
/** A station with so many unacknowledged sales of 12.345 kWh for 8.54 EUR, and sessions that run. */
const cardName = (uid: string): string => nameUser({ uid, type: "RFID" }, "WHITELIST").id;

function credit(limits: Limits, sales: number, running: readonly Session[] = []): OfflineCredit {
  const book = new SalesBook();
  for (let sold = 0; sold < sales; sold += 1) book.sell();
  return new OfflineCredit({
    limits,
    book: { get: (number) => ({ jws: book.issued[number]?.jws ?? "" }) as never },
    cardName,
    unacknowledged: () => ({ after: 0, besides: new Set(), last: sales }),
    sessions: () => running.map((session, index) => [index + 1, session] as const),
    liveReading: () => undefined,
  });
}
const { token } = settlement(3);

/** A session that has taken 2 kWh at 0.50, by whose word it began. */
function charging(acceptance: Pick<Acceptance, "authMethod" | "by">): Session {
  const parsed = parseTariff({
    country_code: "DE",
    party_id: "ABC",
    id: "T",
    currency: "EUR",
    last_updated: "2026-01-01T00:00:00Z",
    elements: [{ price_components: [{ type: "ENERGY", price: 0.5, step_size: 1 }] }],
  });
  if (!parsed.ok) throw new Error("the test's tariff cannot be read");
  const at = { moment: reading(startMs, 0).moment, connector: 1 };
  const accepted: Acceptance = { token, ...acceptance };
  const opening = {
    id: "S1",
    acceptance: accepted,
    meter,
    tariff: parsed.tariff,
    timeZone: "Europe/Berlin",
    shown: settlement(3).shown,
    begin: reading(startMs, 0),
  };
  const events: readonly SessionEvent[] = [
    { type: "PlugChanged", ...at, plugged: true },
    { type: "CardAccepted", ...at, acceptance: accepted },
    { type: "SessionBegan", ...at, opening },
    {
      type: "MeterRead",
      ...at,
      reading: reading(startMs + 900_000, 2_000_000),
      activity: "charging",
      atBoundary: false,
    },
  ];
  return events.reduce<Session>(reduceSession, available);
}

bounded("money counts like energy: what its receipts came to is no longer there", () => {
  assert.is(credit({ cost: "100" }, 0).left(token.uid)?.cost, "100.0000");
  // Two sales of 8.54.
  assert.is(credit({ cost: "100" }, 2).left(token.uid)?.cost, "82.9200");
  assert.is(credit({ cost: "17.09" }, 2).left(token.uid)?.cost, "0.0100");
  assert.is(credit({ cost: "17.08" }, 2).left(token.uid), null, "at the very limit nothing is left");
  assert.is(credit({ energyKwh: "24.690" }, 2).left(token.uid), null);
  assert.is(credit({ energyKwh: "24.691" }, 2).left(token.uid)?.energyKwh, "0.001");
});

bounded("a session that runs by the station's own lists counts, one that a backend allowed does not", () => {
  const left = (acceptance: Pick<Acceptance, "authMethod" | "by">): unknown =>
    credit({ energyKwh: "10", cost: "10" }, 0, [charging(acceptance)]).left(token.uid);
  const why = "no more may be open for this card until the backend has its receipts";
  assert.equal(left({ authMethod: "WHITELIST" }), { energyKwh: "8.000", cost: "9.0000", why });
  assert.equal(left({ authMethod: "AUTH_REQUEST", by: "csms" }), { energyKwh: "10.000", cost: "10.0000", why });
});

bounded(
  "a session ends when all of its card's sessions together have reached the limit, unless a backend allowed it",
  () => {
    const own = charging({ authMethod: "WHITELIST" });
    const asked = charging({ authMethod: "AUTH_REQUEST", by: "csms" });
    const saleOf = (session: Session): Sale => {
      if (session.state !== "charging") throw new Error(session.state);
      return session.sale;
    };
    const two = credit({ energyKwh: "4" }, 0, [own, own]);
    assert.is(two.reached(saleOf(own))?.reason, "EnergyLimitReached");
    assert.is(credit({ cost: "2" }, 0, [own, own]).reached(saleOf(own))?.reason, "CostLimitReached");
    assert.is(credit({ energyKwh: "4" }, 0, [own]).reached(saleOf(own)), undefined);
    assert.is(credit({ energyKwh: "4" }, 0, [own, own, asked]).reached(saleOf(asked)), undefined);
  },
);

bounded("where no limit is set, or no backend waits, everything may be open", () => {
  assert.is(credit({}, 5).left(token.uid), undefined);
  const alone = new OfflineCredit({
    limits: { energyKwh: "1" },
    book: { get: () => undefined },
    cardName,
    unacknowledged: () => undefined,
    sessions: () => [],
    liveReading: () => undefined,
  });
  assert.is(alone.left(token.uid), undefined);
});

bounded("a card with nothing left is refused as exposed; one that has some left starts with just that", () => {
  const clock = new HandClock();
  const judged = (offlineCredit: OfflineCredit): AuthorizationInfo | { readonly allowed: "ASK" } =>
    new Authorizer({
      settings: { offline: "known" } as Config["authorisation"],
      station: settlement(3).station,
      clock,
      token: (uid) => ({ ...token, uid, valid: true, whitelist: "ALWAYS" }),
      lists: { listed: () => undefined, cached: () => undefined, keep: () => undefined },
      offlineCredit,
      checks: () => [],
    }).authorize(token.uid, startMs);
  assert.equal(judged(credit({ cost: "17.08" }, 2)), { allowed: "EXPOSED" });
  const rest = judged(credit({ cost: "17.09" }, 2));
  assert.is(rest.allowed === "ALLOWED" && rest.limits?.cost, "0.0100");
});

bounded.run();

// Whatever a backend orders and in whatever order things happen: no remote word closes a contactor, and what the
// journal replays is what was.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Acceptance } from "../../../../agent/core/session/opening.js";
import { wants } from "../../../../agent/core/session/wants.js";
import { entryOf, eventOf } from "../../../../agent/core/station/journal-entry.js";
import type { StationEvent } from "../../../../agent/core/station/station-event.js";
import { reduce } from "../../../../agent/core/station/station-reducer.js";
import { emptyStationState, type Layout, type StationState } from "../../../../agent/core/station/station-state.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { JournalRetention } from "../../../../agent/station/journal-retention.js";
import type { Moment, Reading } from "../../../../drivers/driver.js";

const layout: Layout = {
  connectors: [
    { id: 1, reader: "front" },
    { id: 2, reader: "front" },
  ],
};
const parsed = parseTariff({
  country_code: "DE",
  party_id: "ABC",
  id: "T",
  currency: "EUR",
  last_updated: "2026-11-01T00:00:00Z",
  elements: [{ price_components: [{ type: "ENERGY", price: 0.4, step_size: 1 }] }],
});
if (!parsed.ok) throw new Error("the test's tariff is no tariff");
const { tariff } = parsed;

const momentAt = (ms: number): Moment => ({ at: 1_790_000_000_000 + ms, monoMs: ms, boot: "b", trust: "synced" });
const readingAt = (ms: number): Reading => ({ moment: momentAt(ms), energyMilliWh: ms, powerW: 7_000, serial: "M1" });
const acceptanceOf = (uid: string): Acceptance => ({
  token: { uid, type: "RFID", contractId: "C", countryCode: "DE", partyId: "ABC" },
  authMethod: "WHITELIST",
});

type Step = (ms: number) => StationEvent;
const connector = fc.constantFrom(1, 2);
const place = fc.constantFrom(1, 2, null);
const card = fc.constantFrom("AA", "BB");
const remote: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(place, card).map(
    ([at, uid]): Step =>
      (ms) => ({ type: "RemoteStartWaits", moment: momentAt(ms), connector: at, acceptance: acceptanceOf(uid) }),
  ),
  place.map(
    (at): Step =>
      (ms) => ({ type: "RemoteStartLapsed", moment: momentAt(ms), connector: at, why: "" }),
  ),
  fc.tuple(connector, card).map(
    ([at, uid]): Step =>
      (ms) => ({ type: "CardAccepted", moment: momentAt(ms), connector: at, acceptance: acceptanceOf(uid) }),
  ),
  connector.map(
    (at): Step =>
      (ms) => ({ type: "StopRequested", moment: momentAt(ms), connector: at, reason: "Remote", detail: "" }),
  ),
  fc.tuple(place, card, fc.constantFrom("R1", "R2"), fc.integer({ min: 1, max: 20 })).map(
    ([at, uid, id, turns]): Step =>
      (ms) => ({
        type: "Reserved",
        moment: momentAt(ms),
        reservation: {
          id,
          by: "csms",
          connector: at,
          token: acceptanceOf(uid).token,
          untilMs: momentAt(ms + turns * 1_000).at,
        },
      }),
  ),
  fc.constantFrom("R1", "R2").map(
    (id): Step =>
      (ms) => ({ type: "ReservationEnded", moment: momentAt(ms), id, outcome: "cancelled", by: "csms" }),
  ),
  fc.tuple(place, fc.boolean()).map(
    ([at, operative]): Step =>
      (ms) => ({ type: "OperativeSet", moment: momentAt(ms), connector: at, operative, by: "csms" }),
  ),
  fc.constant<Step>((ms) => ({ type: "RestartAsked", moment: momentAt(ms), when: "when-idle", by: "csms" })),
);
const local: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(connector, fc.boolean()).map(
    ([at, plugged]): Step =>
      (ms) => ({ type: "PlugChanged", moment: momentAt(ms), connector: at, plugged }),
  ),
  card.map(
    (uid): Step =>
      (ms) => ({ type: "CardWaits", moment: momentAt(ms), reader: "front", acceptance: acceptanceOf(uid) }),
  ),
  connector.map(
    (at): Step =>
      (ms) => ({
        type: "SessionBegan",
        moment: momentAt(ms),
        connector: at,
        opening: {
          id: `S${ms}`,
          acceptance: acceptanceOf("AA"),
          meter: { vendor: "V", model: "M", serial: "M1" },
          tariff,
          timeZone: "UTC",
          shown: { text: "", atMs: ms },
          begin: readingAt(ms),
        },
      }),
  ),
  connector.map(
    (at): Step =>
      (ms) => ({ type: "SessionEnded", moment: momentAt(ms), connector: at, reading: readingAt(ms), detail: "" }),
  ),
  connector.map(
    (at): Step =>
      (ms) => ({ type: "SessionSettled", moment: momentAt(ms), connector: at, number: 1 }),
  ),
);
const scenario = fc
  .array(fc.oneof({ weight: 2, arbitrary: remote }, { weight: 3, arbitrary: local }), { maxLength: 60 })
  .map((steps) => steps.map((make, index) => make((index + 1) * 1_000)));
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const proven = { seed, numRuns: 300 };

const test = suite(`orders of a backend (seed ${seed})`);

test("only a begin reading that was written down for an accepted card closes a contactor", () => {
  fc.assert(
    fc.property(scenario, (events) => {
      let stationState: StationState = emptyStationState(layout);
      for (const event of events) {
        const next = reduce(stationState, event, layout);
        for (const [id, session] of next.sessions) {
          const before = stationState.sessions.get(id);
          if (before === undefined || !wants(session).contactor || wants(before).contactor) continue;
          assert.is(event.type, "SessionBegan");
          assert.is(before.state, "starting");
        }
        stationState = next;
      }
    }),
    proven,
  );
});

test("a session that starts is never that of a card which the orders of that moment kept away", () => {
  fc.assert(
    fc.property(scenario, (events) => {
      let stationState: StationState = emptyStationState(layout);
      for (const event of events) {
        const next = reduce(stationState, event, layout);
        if (event.type === "PlugChanged") {
          const session = next.sessions.get(event.connector);
          if (session?.state === "starting" && stationState.sessions.get(event.connector)?.state === "available") {
            assert.not.ok(
              stationState.orders.inoperative.has(event.connector) || stationState.orders.inoperative.has(0),
            );
            for (const reservation of stationState.orders.reservations.values())
              if (reservation.connector === event.connector && reservation.untilMs > event.moment.at)
                assert.is(reservation.token.uid, session.acceptance.token.uid);
          }
        }
        stationState = next;
      }
    }),
    proven,
  );
});

test("what is replayed from the first entry that is needed gives the same orders and the same open sessions", () => {
  fc.assert(
    fc.property(scenario, (events) => {
      const retention = new JournalRetention();
      let stationState: StationState = emptyStationState(layout);
      const written: StationEvent[] = [];
      for (const event of events) {
        const next = reduce(stationState, event, layout);
        if (next === stationState) continue;
        written.push(event);
        retention.saw(written.length, event, stationState);
        stationState = next;
      }
      const first = retention.first(stationState, written.length + 1);
      const replayed = written
        .slice(Math.max(0, first - 1))
        .map(
          (event): StationEvent =>
            ({ ...eventOf(JSON.parse(JSON.stringify(entryOf(event)))), moment: event.moment }) as StationEvent,
        )
        .reduce((before, event) => reduce(before, event, layout), emptyStationState(layout));
      const open = ({ sessions, waiting, awaited, orders }: StationState): unknown => ({
        sessions: [...sessions].map(([id, { state }]) => [id, state === "finishing" ? "available" : state]),
        waiting: [...waiting.keys()],
        awaited: [...awaited.keys()].sort(),
        reservations: [...orders.reservations.keys()].sort(),
        inoperative: [...orders.inoperative.keys()].sort(),
      });
      assert.equal(open(replayed), open(stationState));
    }),
    proven,
  );
});
test.run();

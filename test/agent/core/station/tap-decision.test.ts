import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SessionEvent } from "../../../../agent/core/session/session-event.js";
import { decidePress, type PressDecision } from "../../../../agent/core/station/press-decision.js";
import type { StationEvent } from "../../../../agent/core/station/station-event.js";
import { reduce } from "../../../../agent/core/station/station-reducer.js";
import {
  emptyStationState,
  isChosen,
  type Layout,
  type StationState,
  waitingFor,
} from "../../../../agent/core/station/station-state.js";
import { decideTap, type TapDecision } from "../../../../agent/core/station/tap-decision.js";
import { sessionFacts } from "../../../support/station/session-facts.js";

const { moment, acceptance, opening, plugged, accepted, began, stop, ended, numbered, signed, settled } = sessionFacts;
const taps = suite("what a tap is about");
const layout: Layout = {
  connectors: [
    { id: 1, reader: "front" },
    { id: 2, reader: "front" },
    { id: 3, reader: "back" },
  ],
};
const stationState = (...events: readonly StationEvent[]): StationState =>
  events.reduce((before, event) => reduce(before, event, layout), emptyStationState(layout));
const on = (connector: number, event: SessionEvent): StationEvent => ({ ...event, connector });
const tap = (state: StationState, uid: string, seconds: number, group?: string) =>
  decideTap(state, layout, "front", uid, moment(seconds), group);
const uid = acceptance().token.uid;
const charging = stationState(on(1, plugged(1)), on(1, accepted(10)), on(1, began));

taps("with no car there, the card waits for one", () =>
  assert.equal(tap(stationState(), uid, 5), { kind: "authorize", connector: null }),
);
taps("a car that waits for a card is meant", () =>
  assert.equal(tap(stationState(on(2, plugged(1))), uid, 5), { kind: "authorize", connector: 2 }),
);
taps("of two cars that wait, the one plugged in last is meant", () =>
  assert.equal(tap(stationState(on(2, plugged(1)), on(1, plugged(3))), uid, 5), { kind: "authorize", connector: 1 }),
);
taps("a car at another reader is not meant", () =>
  assert.equal(tap(stationState(on(3, plugged(1))), uid, 5), { kind: "authorize", connector: null }),
);
taps("the card that started stops", () => assert.equal(tap(charging, uid, 60), { kind: "stop", connector: 1 }));
taps("a second tap right after the start never stops", () =>
  assert.equal(tap(charging, uid, 22), { kind: "refuse", why: "just-started" }),
);
taps("the card whose own car is done is told to unplug it, beside a free connector too", () => {
  const done = stationState(
    ...[plugged(1), accepted(10), began, stop, ended, numbered, signed, settled].map((event) => on(1, event)),
  );
  assert.equal(tap(done, uid, 90), { kind: "refuse", why: "finished", connector: 1 });
  assert.equal(tap(done, "9F3C77E1", 90), { kind: "authorize", connector: null }, "another card waits for its car");
  const second = reduce(done, on(2, plugged(85)), layout);
  assert.equal(tap(second, uid, 90), { kind: "authorize", connector: 2 }, "a second car is meant");
});
taps("a card of the same group stops", () => {
  const grouped = stationState(
    on(1, plugged(1)),
    on(1, { type: "CardAccepted", moment: moment(10), connector: 1, acceptance: acceptance(uid, "family") }),
    on(1, { ...began, opening: { ...opening, acceptance: acceptance(uid, "family") } }),
  );
  assert.equal(tap(grouped, "9F3C77E1", 60, "family"), { kind: "stop", connector: 1 });
  assert.equal(tap(grouped, "9F3C77E1", 60, "others"), { kind: "authorize", connector: null });
});
taps("of two cards of one group, each stops its own session", () => {
  const begins = (connector: number, card: string): StationEvent[] => [
    on(connector, plugged(1)),
    on(connector, { type: "CardAccepted", moment: moment(10), connector, acceptance: acceptance(card, "fleet") }),
    on(connector, { ...began, opening: { ...opening, acceptance: acceptance(card, "fleet") } }),
  ];
  const both = stationState(...begins(1, uid), ...begins(2, "9F3C77E1"));
  assert.equal(tap(both, "9F3C77E1", 60, "fleet"), { kind: "stop", connector: 2 });
  assert.equal(tap(both, uid, 60, "fleet"), { kind: "stop", connector: 1 });
});
taps("beside a car that waits for a card, a card of the same group starts that car at its own cost", () => {
  const waits = stationState(
    on(1, plugged(1)),
    on(1, { type: "CardAccepted", moment: moment(10), connector: 1, acceptance: acceptance(uid, "family") }),
    on(1, { ...began, opening: { ...opening, acceptance: acceptance(uid, "family") } }),
    on(2, plugged(30)),
  );
  assert.equal(tap(waits, "9F3C77E1", 60, "family"), { kind: "authorize", connector: 2 });
  assert.equal(tap(waits, uid, 60, "family"), { kind: "stop", connector: 1 });
});
taps("a foreign card never disturbs a running session", () => {
  const full = stationState(
    on(1, plugged(1)),
    on(1, accepted(10)),
    on(1, began),
    on(2, plugged(1)),
    on(2, accepted(10)),
    on(2, { ...began, opening: { ...opening, id: "S2" } }),
  );
  assert.equal(tap(full, "9F3C77E1", 60), { kind: "refuse", why: "in-use" });
});
taps("while a card waits for its car another one is refused, and the same one is told again", () => {
  const waiting = stationState({ type: "CardWaits", moment: moment(2), reader: "front", acceptance: acceptance() });
  assert.equal(tap(waiting, "9F3C77E1", 5), { kind: "refuse", why: "other-card-waits" });
  assert.equal(tap(waiting, uid, 5), { kind: "waits-already" });
});
taps("the car that comes takes the card that waits at its reader, and only there", () => {
  const waits: StationEvent = { type: "CardWaits", moment: moment(2), reader: "front", acceptance: acceptance() };
  const here = stationState(waits, on(2, plugged(5)));
  assert.is(here.sessions.get(2)?.state, "starting");
  assert.is(here.waiting.size, 0);
  const elsewhere = stationState(waits, on(3, plugged(5)));
  assert.is(elsewhere.sessions.get(3)?.state, "occupied");
  assert.is(elsewhere.waiting.size, 1);
});
taps("a card that is not used lapses", () => {
  const lapsed = stationState(
    { type: "CardWaits", moment: moment(2), reader: "front", acceptance: acceptance() },
    { type: "CardLapsed", moment: moment(62), reader: "front", why: "no car" },
    on(2, plugged(70)),
  );
  assert.is(lapsed.sessions.get(2)?.state, "occupied");
});
taps("a finished car must leave before a card starts anew", () => {
  const done = stationState(
    on(1, plugged(1)),
    on(1, accepted(10)),
    on(1, began),
    on(1, stop),
    on(1, ended),
    on(1, numbered),
    on(1, signed),
    on(1, settled),
    on(2, plugged(1)),
    on(2, accepted(10)),
  );
  assert.equal(tap(done, "9F3C77E1", 300), { kind: "refuse", why: "finished" });
});
taps.run();

const presses = suite("what a button is about");
const choose = (connector: number, seconds: number): StationEvent => ({
  type: "ConnectorChosen",
  moment: moment(seconds),
  connector,
});
const waits = (seconds: number, connector?: number): StationEvent => ({
  type: "CardWaits",
  moment: moment(seconds),
  reader: "front",
  acceptance: acceptance(),
  ...(connector === undefined ? {} : { connector }),
});
const lapsed: StationEvent = { type: "ChoiceLapsed", moment: moment(64), reader: "front", why: "no card followed" };
const other = "9F3C77E1";
const runs = (connector: number): StationEvent[] => [
  on(connector, plugged(1)),
  on(connector, accepted(10)),
  on(connector, began),
];
const over = (connector: number): StationEvent[] => [...runs(connector), on(connector, stop), on(connector, ended)];

/** The events before, the button pressed, and what that means. */
const pressRows: readonly [string, readonly StationEvent[], "select" | "stop", number, PressDecision][] = [
  ["a free connector is chosen", [], "select", 30, { kind: "choose" }],
  ["and so is one where a car waits for a card", [on(2, plugged(1))], "select", 30, { kind: "choose" }],
  ["pressed again at once it stays chosen, and nothing is written", [choose(2, 29)], "select", 30, { kind: "again" }],
  ["pressed again later its time begins anew", [choose(2, 15)], "select", 30, { kind: "choose" }],
  ["the other connector's choice is taken over", [choose(1, 29)], "select", 30, { kind: "choose" }],
  [
    "a card that waits for this connector already changes nothing",
    [waits(5), choose(2, 6)],
    "select",
    30,
    { kind: "again" },
  ],
  ["a running session is never chosen, and never ended", runs(2), "select", 60, { kind: "refuse", why: "in-use" }],
  [
    "one that is about to begin is left alone",
    [on(2, plugged(1)), on(2, accepted(10))],
    "select",
    60,
    { kind: "refuse", why: "just-started" },
  ],
  ["one that ends is left alone", over(2), "select", 120, { kind: "refuse", why: "ending" }],
  [
    "a finished car must leave first",
    [...over(2), on(2, numbered), on(2, signed), on(2, settled)],
    "select",
    120,
    { kind: "refuse", why: "finished" },
  ],
  ["the button that may stop ends the session of its own connector", runs(2), "stop", 60, { kind: "stop" }],
  ["but not one that has only just begun", runs(2), "stop", 22, { kind: "refuse", why: "just-started" }],
  [
    "nor one that was not begun yet",
    [on(2, plugged(1)), on(2, accepted(10))],
    "stop",
    60,
    { kind: "refuse", why: "just-started" },
  ],
  ["nor twice", [...runs(2), on(2, stop)], "stop", 120, { kind: "refuse", why: "ending" }],
  [
    "where nothing runs it does nothing, whatever runs beside it",
    runs(1),
    "stop",
    60,
    { kind: "refuse", why: "nothing-runs" },
  ],
  ["and chooses nothing", [on(2, plugged(1))], "stop", 60, { kind: "refuse", why: "nothing-runs" }],
];
for (const [title, events, does, seconds, meaning] of pressRows)
  presses(title, () => assert.equal(decidePress(stationState(...events), layout, 2, does, moment(seconds)), meaning));

/** The events before, the card that taps at the front, and what that means. */
const tapRows: readonly [string, readonly StationEvent[], string, TapDecision][] = [
  [
    "of two cars that wait, the chosen one is meant, whichever came last",
    [on(2, plugged(1)), on(1, plugged(3)), choose(2, 4)],
    uid,
    { kind: "authorize", connector: 2 },
  ],
  [
    "a chosen connector without a car comes before a car that waits",
    [on(1, plugged(3)), choose(2, 4)],
    uid,
    { kind: "authorize", connector: null, chosen: 2 },
  ],
  [
    "a choice that lapsed means nothing",
    [on(1, plugged(3)), choose(2, 4), lapsed],
    uid,
    { kind: "authorize", connector: 1 },
  ],
  [
    "the card that has a session of its own still stops it: no stranger's press makes a start of a stop",
    [...runs(1), on(2, plugged(30)), choose(2, 31)],
    uid,
    { kind: "stop", connector: 1 },
  ],
  [
    "the card that waits is told so again while its chosen connector has no car",
    [waits(5), choose(1, 8)],
    uid,
    { kind: "waits-already" },
  ],
  [
    "a card that waits may be held again for a car that was there all the while, once that is chosen",
    [on(1, plugged(1)), waits(5), choose(1, 6)],
    uid,
    { kind: "authorize", connector: 1 },
  ],
  [
    "a stranger's card does not take the place of the one that waits for the chosen connector",
    [waits(5), choose(2, 6)],
    other,
    { kind: "refuse", why: "other-card-waits" },
  ],
  [
    "nor after pressing another button, where no car is",
    [waits(5), choose(2, 6), choose(1, 7)],
    other,
    { kind: "refuse", why: "other-card-waits" },
  ],
  [
    "nor the car of the chosen connector",
    [on(2, plugged(1)), waits(5), choose(2, 6)],
    other,
    { kind: "refuse", why: "other-card-waits" },
  ],
  [
    "but it starts the car beside it, which is its own",
    [waits(5), choose(2, 6), on(1, plugged(7))],
    other,
    { kind: "authorize", connector: 1 },
  ],
  [
    "whether its button was pressed or not",
    [waits(5), choose(2, 6), on(1, plugged(7)), choose(1, 8)],
    other,
    { kind: "authorize", connector: 1 },
  ],
  [
    "who changes his mind presses and holds his card again",
    [waits(5, 2), choose(1, 6)],
    uid,
    { kind: "authorize", connector: null, chosen: 1 },
  ],
  [
    "a connector that a remote start waits for is not given away by its button",
    [{ type: "RemoteStartWaits", moment: moment(2), connector: 2, acceptance: acceptance(other) }, choose(2, 4)],
    uid,
    { kind: "refuse", why: "other-card-waits" },
  ],
];
for (const [title, events, card, meaning] of tapRows)
  presses(title, () => assert.equal(tap(stationState(...events), card, 60), meaning));

presses("a card that waits is given to the chosen connector's car, and to no other", () => {
  for (const before of [
    [waits(5), choose(2, 6)],
    [choose(2, 4), waits(5, 2)],
  ]) {
    const first = stationState(...before, on(1, plugged(10)));
    assert.is(first.sessions.get(1)?.state, "occupied");
    assert.is(waitingFor(first, 1, "front"), undefined);
    assert.is(waitingFor(first, 2, "front")?.acceptance.token.uid, uid);
    const then = stationState(...before, on(1, plugged(10)), on(2, plugged(12)));
    assert.is(then.sessions.get(2)?.state, "starting");
    assert.is(then.waiting.size, 0);
    assert.is(then.chosen.size, 0);
  }
});

presses(
  "a choice is one a reader, and is used up by the start that it was made for, by the card that waits for it, or by the car that leaves",
  () => {
    const chosen = stationState(choose(1, 2), choose(2, 4), choose(3, 5));
    assert.equal(
      [...chosen.chosen].map(([reader, { connector }]) => [reader, connector]),
      [
        ["front", 2],
        ["back", 3],
      ],
    );
    assert.not(isChosen(stationState(choose(2, 4), on(2, plugged(5)), on(2, accepted(10))), 2, "front"));
    assert.ok(
      isChosen(stationState(choose(2, 4), on(1, plugged(5)), on(1, accepted(10))), 2, "front"),
      "another's start uses nothing up",
    );
    assert.is(stationState(choose(2, 4), waits(5, 2)).chosen.size, 0);
    assert.not(isChosen(stationState(on(2, plugged(1)), choose(2, 4), on(2, plugged(8, false))), 2, "front"));
    assert.not(isChosen(stationState(choose(2, 4), lapsed), 2, "front"));
  },
);

presses("a choice of a connector that is not there, or that is chosen already, moves nothing", () => {
  const before = stationState(waits(5, 2));
  assert.is(reduce(before, choose(2, 6), layout), before);
  assert.is(
    reduce(before, choose(1, 6), layout).waiting,
    before.waiting,
    "nobody moves a card whose bearer has chosen",
  );
  assert.is(reduce(before, choose(9, 6), layout), before);
  assert.is(reduce(before, lapsed, layout), before);
});

presses.run();

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StopReason } from "../../../../agent/core/cdr/settlement.js";
import { available, type Session } from "../../../../agent/core/session/session.js";
import type { SessionEvent } from "../../../../agent/core/session/session-event.js";
import { reduceSession } from "../../../../agent/core/session/session-reducer.js";
import { wants } from "../../../../agent/core/session/wants.js";
import type { Moment, Reading } from "../../../../drivers/driver.js";
import { sessionFacts } from "../../../support/station/session-facts.js";

const { start, moment, reading, plugged, accepted, began, read, stop, ended, numbered, signed, settled, restarted } =
  sessionFacts;
const play = (...events: readonly SessionEvent[]): Session => events.reduce(reduceSession, available);
const steps = suite("the session machine");

const rows: readonly [string, readonly SessionEvent[], Session["state"], boolean][] = [
  ["a car that is plugged in waits for a card", [plugged(1)], "occupied", false],
  ["a car that leaves without a card leaves the connector free", [plugged(1), plugged(2, false)], "available", false],
  [
    "an accepted card asks for the begin reading before the contactor closes",
    [plugged(1), accepted(10)],
    "starting",
    false,
  ],
  [
    "the contactor closes only once the begin reading is written down",
    [plugged(1), accepted(10), began],
    "charging",
    true,
  ],
  [
    "a meter that cannot be read starts nothing",
    [plugged(1), accepted(10), { type: "StartFailed", moment: moment(11), connector: 1, why: "meter" }],
    "occupied",
    false,
  ],
  [
    "a car that leaves before the start starts nothing",
    [plugged(1), accepted(10), plugged(12, false)],
    "available",
    false,
  ],
  ["a reading while charging goes on charging", [plugged(1), accepted(10), began, read(60, 180)], "charging", true],
  ["the card that stops opens the contactor", [plugged(1), accepted(10), began, stop], "stopping", false],
  ["a pulled cable opens the contactor", [plugged(1), accepted(10), began, plugged(90, false)], "stopping", false],
  [
    "a power cut opens the contactor and ends the session",
    [plugged(1), accepted(10), began, read(60, 180), restarted],
    "stopping",
    false,
  ],
  [
    "a session is settled only after its end is known",
    [plugged(1), accepted(10), began, stop, ended],
    "settling",
    false,
  ],
  [
    "a numbered session still waits for its signature",
    [plugged(1), accepted(10), began, stop, ended, numbered],
    "settling",
    false,
  ],
  [
    "a signed session still waits for the book",
    [plugged(1), accepted(10), began, stop, ended, numbered, signed],
    "settling",
    false,
  ],
  [
    "a settled session waits for the car to leave",
    [plugged(1), accepted(10), began, stop, ended, numbered, signed, settled],
    "finishing",
    false,
  ],
  [
    "after a pulled cable the connector is free at once",
    [plugged(1), accepted(10), began, plugged(90, false), ended, numbered, signed, settled],
    "available",
    false,
  ],
  [
    "a car that leaves while its receipt is made leaves the connector free",
    [plugged(1), accepted(10), began, stop, plugged(101, false), ended, numbered, signed, settled],
    "available",
    false,
  ],
  [
    "a finished car that leaves leaves the connector free",
    [plugged(1), accepted(10), began, stop, ended, numbered, signed, settled, plugged(200, false)],
    "available",
    false,
  ],
];
for (const [title, events, state, contactor] of rows) {
  steps(title, () => {
    const session = play(...events);
    assert.is(session.state, state);
    assert.is(wants(session).contactor, contactor);
  });
}

steps("a fact without meaning gives the same object back", () => {
  const states: readonly Session[] = [
    available,
    play(plugged(1)),
    play(plugged(1), accepted(10)),
    play(plugged(1), accepted(10), began),
    play(plugged(1), accepted(10), began, stop),
    play(plugged(1), accepted(10), began, stop, ended),
  ];
  for (const session of states)
    assert.is(reduceSession(session, settled) === session || session.state === "settling", true, session.state);
  assert.is(reduceSession(available, read(5, 100)), available);
  assert.is(reduceSession(available, stop), available);
  const charging = play(plugged(1), accepted(10), began);
  assert.is(reduceSession(charging, plugged(30)), charging);
});

steps("outage time is never billed: from the last thing known on, the session is suspended", () => {
  const session = play(plugged(1), accepted(10), began, read(60, 180), restarted);
  assert.is(session.state, "stopping");
  if (session.state !== "stopping") return;
  assert.is(session.reason, "PowerLoss");
  assert.is(session.sale.activity, "suspended");
  assert.equal(session.sale.interruptions, [{ fromMs: start + 90_000, toMs: start + 500_000, why: "power was lost" }]);
});

steps(
  "how long an outage was is told only where clocks know it: over a reboot both must be set, in one boot the monotonic clock is enough",
  () => {
    const times = (from: Moment["trust"], to: Moment["trust"], boot: string, between = from): unknown => {
      const opened =
        began.type === "SessionBegan"
          ? {
              ...began,
              opening: {
                ...began.opening,
                begin: { ...began.opening.begin, moment: { ...began.opening.begin.moment, trust: from } },
              },
            }
          : began;
      const event =
        restarted.type === "Restarted" ? { ...restarted, moment: { ...restarted.moment, boot, trust: to } } : restarted;
      const meter = read(60, 180);
      const seen =
        meter.type === "MeterRead"
          ? { ...meter, reading: { ...meter.reading, moment: { ...meter.reading.moment, trust: between } } }
          : meter;
      const down = event.type === "Restarted" ? { ...event, downSince: { ...event.downSince, trust: between } } : event;
      const session = play(plugged(1), accepted(10), opened, seen, down);
      return (
        session.state === "stopping" &&
        session.sale.interruptions.map(({ fromMs, toMs }) => [fromMs - start, toMs === null ? null : toMs - start])
      );
    };
    assert.equal(times("synced", "synced", "boot-2"), [[90_000, 500_000]]);
    assert.equal(times("synced", "unsynced", "boot-2"), [[90_000, null]]);
    assert.equal(times("unsynced", "synced", "boot-2"), [[90_000, null]]);
    assert.equal(times("unsynced", "unsynced", "boot-1"), [[90_000, 500_000]]);
    assert.equal(times("unsynced", "unsynced", "boot-2"), [[90_000, null]]);
    // Set between: the session has a date from then on.
    assert.equal(times("unsynced", "synced", "boot-2", "synced"), [[90_000, 500_000]]);
  },
);

steps(
  "a station's own fault is never the driver's idle time: it counts no further than the last reading before",
  () => {
    const idle = (event: SessionEvent): SessionEvent =>
      event.type === "MeterRead" ? { ...event, activity: "parking" } : event;
    const activityAfter = (last: SessionEvent, reason: StopReason): unknown => {
      const fault = { ...stop, reason, detail: "" } as SessionEvent;
      const session = play(plugged(1), accepted(10), began, read(60, 180), last, fault);
      return session.state === "stopping" && session.sale.samples.sample.activity;
    };
    assert.is(activityAfter(idle(read(70, 250)), "Local"), "parking");
    assert.is(activityAfter(idle(read(70, 250)), "ContactorFault"), "suspended");
    assert.is(activityAfter(idle(read(70, 250)), "MeterFault"), "suspended");
    assert.is(activityAfter(read(70, 250), "ContactorFault"), "suspended");
  },
);

steps("a clock that is stepped during the session bends no duration", () => {
  const late: Reading = {
    ...reading(80, 200),
    moment: { at: start + 9_999_000, monoMs: 80_000, boot: "boot-1", trust: "synced" },
  };
  const session = reduceSession(play(plugged(1), accepted(10), began), {
    type: "MeterRead",
    moment: late.moment,
    connector: 1,
    reading: late,
    activity: "charging",
    atBoundary: false,
  });
  assert.is(session.state === "charging" && session.sale.samples.sample.atMs, start + 80_000);
});

steps.run();

// What housekeeping may archive: whatever was let go, the entries that are left must bring back every open session.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Acceptance } from "../../../agent/core/session/opening.js";
import type { StationEvent } from "../../../agent/core/station/station-event.js";
import { reduce } from "../../../agent/core/station/station-reducer.js";
import { emptyStationState, type Layout } from "../../../agent/core/station/station-state.js";
import { JournalReplay } from "../../../agent/station/journal-replay.js";
import { JournalRetention } from "../../../agent/station/journal-retention.js";

const layout: Layout = {
  connectors: [
    { id: 1, reader: "front" },
    { id: 2, reader: "front" },
  ],
};
const acceptance: Acceptance = {
  token: { uid: "04A23B1C5D6E80", type: "RFID", contractId: "C1", countryCode: "DE", partyId: "CTL" },
  authMethod: "WHITELIST",
};
const moment = { at: 0, monoMs: 0, boot: "b", trust: "synced" } as const;
const plug = (connector: number, plugged: boolean): StationEvent => ({
  type: "PlugChanged",
  moment,
  connector,
  plugged,
});
const waits: StationEvent = { type: "CardWaits", moment, reader: "front", acceptance };
const accepted = (connector: number): StationEvent => ({ type: "CardAccepted", moment, connector, acceptance });
const beat: StationEvent = { type: "Started", version: "1", moment };

/**
 * Writes the events; answers the first entry that is needed, and demands that replaying from there gives the same state.
 */
function neededAfter(...events: StationEvent[]): number {
  let stationState = emptyStationState(layout);
  const retention = new JournalRetention();
  events.forEach((event, index) => {
    retention.saw(index + 1, event, stationState);
    stationState = reduce(stationState, event, layout);
  });
  const first = retention.first(stationState, events.length);
  const replayed = events
    .slice(Math.max(0, first - 1))
    .reduce((after, event) => reduce(after, event, layout), emptyStationState(layout));
  assert.equal(
    [...replayed.sessions].map(([, { state }]) => state),
    [...stationState.sessions].map(([, { state }]) => state),
  );
  assert.equal([...replayed.waiting.keys()], [...stationState.waiting.keys()]);
  const replay = new JournalReplay(layout, 0);
  for (const [index, event] of events.entries()) replay.saw(index + 1, event);
  assert.is(replay.retention.first(replay.stationState, events.length), first, "a restart knows it too");
  return first;
}

const test = suite("entries that open sessions need");

test("an idle station needs none but the newest", () =>
  assert.is(neededAfter(plug(1, true), plug(1, false), beat, beat), 4));
test("a car that stands there without a card may still be sold to: its plug is needed", () =>
  assert.is(neededAfter(beat, plug(1, true), beat, beat), 2));
test("a session that a waiting card began needs that card, which came before the plug", () =>
  assert.is(neededAfter(beat, waits, beat, plug(1, true), beat), 2));
test("a card that waits is needed", () => assert.is(neededAfter(beat, beat, waits, beat), 3));
test("the oldest of several sessions counts", () =>
  assert.is(neededAfter(beat, plug(2, true), plug(1, true), accepted(2), accepted(1), beat), 2));
test("a plug that chatters while the session ends does not hide where it began", () =>
  assert.is(neededAfter(plug(1, true), accepted(1), plug(1, true), beat), 1));

test.run();

// From searches to taps, in rows: one letter is one search, 250 ms apart; the answer names each tap and its search.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CardDetection } from "../../../drivers/rfid/card-detection.js";
import { noCardPresent, type PresenceEvent, trackPresence } from "../../../drivers/rfid/card-presence.js";

const pollMs = 250;
const debounceMs = 2_000;

const uids: Record<string, string> = { A: "DEADBEEF", B: "04A1B2C3D4E5F6", R: "08123456", Q: "08ABCDEF" };

function detectionOf(letter: string): Exclude<CardDetection, { kind: "lost" }> {
  if (letter === ".") return { kind: "none" };
  if (letter === "2") return { kind: "several" };
  if (letter === "?") return { kind: "unreadable" };
  const uid = uids[letter];
  if (uid === undefined) throw new Error(`no card ${letter}`);
  return { kind: "card", uid };
}

function nameOf(seen: PresenceEvent): string {
  if (seen.kind === "refused") return seen.why;
  return Object.keys(uids).find((letter) => uids[letter] === seen.uid) ?? seen.uid;
}

/** `A..B` -> ["A@0", "B@3"]; `_` is a pause of a minute in which nobody searched. */
function taps(searches: string): string[] {
  let presence = noCardPresent;
  let monoMs = 0;
  const heard: string[] = [];
  for (const [index, letter] of [...searches].entries()) {
    monoMs += letter === "_" ? 60_000 : pollMs;
    if (letter === "_") continue;
    const next = trackPresence(presence, detectionOf(letter), monoMs, debounceMs);
    presence = next.presence;
    if (next.seen !== undefined) heard.push(`${nameOf(next.seen)}@${index}`);
  }
  return heard;
}

const test = suite("presence of cards");

const rows: [title: string, searches: string, taps: string[]][] = [
  ["a card is a tap", "..A", ["A@2"]],
  ["a held card is one tap", "A".repeat(240), ["A@0"]],
  ["a card that flickers at the edge of the field is one tap", "A.A..A...A.......A", ["A@0"]],
  ["a card that comes back within the debounce time is one tap", "A.......A", ["A@0"]],
  ["a card that comes back after it is two", "A........A", ["A@0", "A@9"]],
  ["two cards one after the other are two taps", "AABB", ["A@0", "B@2"]],
  ["cards that take turns are one tap each", "ABABABABAB", ["A@0", "B@1"]],
  ["a pause between searches proves no absence", "A_A", ["A@0"]],
  ["a pause after the card was seen to be gone is long enough", "A._A", ["A@0", "A@3"]],
  ["two cards at once are refused once", "2222222222", ["several-cards@1"]],
  ["an overlap of one search is not refused", "A2BB", ["A@0", "B@2"]],
  ["when one of two is taken away, the other is a tap", "222A", ["several-cards@1", "A@3"]],
  [
    "a card that was held before a second one came is no new tap after it",
    `A${"2".repeat(20)}A`,
    ["A@0", "several-cards@2"],
  ],
  ["a phone is refused once, also when its UID changes", "RRQRQQ", ["random-uid@0"]],
  ["a card that stays unreadable is refused once", "??????????", ["unreadable@2"]],
  ["a card that is unreadable on its way in is just a tap", "??A", ["A@2"]],
  ["a held card that is unreadable for long is no new tap", "A????????????A", ["A@0", "unreadable@3"]],
  ["silence is no tap", "..........", []],
];
for (const [title, searches, expected] of rows) test(title, () => assert.equal(taps(searches), expected));

const seed = Number(process.env["SEED"] ?? 20261122);
console.log(`seed ${seed} (set SEED to repeat)`);

test("whatever else happens, a card that is never gone for the debounce time taps once, and taps again when it was", () => {
  const trouble = fc.constantFrom("2", "?", "A", "_");
  // Seven empty searches begin and end within the debounce time of 8 polls.
  const flicker = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 7 }), trouble), { maxLength: 40 })
    .map((runs) => runs.map(([gap, then]) => `${".".repeat(then === "_" ? 0 : gap)}${then}`).join(""));
  const tapsOfA = (searches: string): number => taps(searches).filter((tap) => tap.startsWith("A@")).length;
  fc.assert(
    fc.property(flicker, flicker, (first, second) => {
      // Two short gaps in a row would make a long one: a search that sees something stands between.
      const held = `A${first}A`;
      assert.is(tapsOfA(held), 1, held);
      const back = `${held}${".".repeat(9)}A${second}A`;
      assert.is(tapsOfA(back), 2, back);
    }),
    { seed, numRuns: 500 },
  );
});

test("a crowd of cards does not grow the memory", () => {
  let presence = noCardPresent;
  for (let i = 0; i < 1_000; i++)
    presence = trackPresence(
      presence,
      { kind: "card", uid: (0x10000000 + i).toString(16).toUpperCase() },
      i,
      debounceMs,
    ).presence;
  assert.ok(presence.visitors.length <= 16);
});

test.run();

// Local time against an independent oracle (a Temporal polyfill), above all on the days when clocks change.
import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dateText, dayOfDate, isZone, localTime, offsetSpan, parseInstant } from "../../../../agent/core/time/time.js";

const test = suite("local time");
const seed = 20_260_301;
console.log(`seed ${seed}`);

// Half-hour offsets, quarter-hour offsets, both hemispheres, zones without DST, a DST of 30 minutes, one that is
// negative around Ramadan.
const zones = [
  "Europe/Berlin",
  "Europe/London",
  "America/New_York",
  "America/St_Johns",
  "Australia/Adelaide",
  "Australia/Lord_Howe",
  "Pacific/Chatham",
  "America/Santiago",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Asia/Tokyo",
  "Africa/Casablanca",
  "Africa/Cairo",
  "UTC",
];

function agrees(zone: string, atMs: number): void {
  const wall = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone);
  const local = localTime(zone, atMs);
  const msOfDay = ((wall.hour * 60 + wall.minute) * 60 + wall.second) * 1000 + wall.millisecond;
  assert.equal(
    { date: dateText(local.day), msOfDay: local.msOfDay, weekday: local.weekday + 1 },
    { date: wall.toPlainDate().toString(), msOfDay, weekday: wall.dayOfWeek },
    `${zone} ${atMs}`,
  );
}

const from = Date.parse("2024-01-01T00:00:00Z");
const until = Date.parse("2028-12-31T00:00:00Z");
const dayMs = 86_400_000;

/** How often the clock of a zone changes between the two, by the rules that this Node brings. */
function changesByIntl(zone: string): number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  const offset = (atMs: number): string | undefined =>
    format.formatToParts(atMs).find(({ type }) => type === "timeZoneName")?.value;
  let changes = 0;
  for (let atMs = from; atMs < until; atMs += dayMs) changes += Number(offset(atMs) !== offset(atMs + dayMs));
  return changes;
}

// Once each zone had to change nine times or more, and with the rules of 2026c Casablanca stopped doing so.
for (const zone of zones) {
  test(`${zone}: every quarter of an hour around each change of the clock from 2024 to 2028`, () => {
    let at = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone);
    let changes = 0;
    for (;;) {
      const next = at.getTimeZoneTransition("next");
      if (next === null || next.epochMilliseconds > until) break;
      changes += 1;
      const changeMs = next.epochMilliseconds;
      for (let ms = changeMs - 26 * 3_600_000; ms <= changeMs + 26 * 3_600_000; ms += 900_000) agrees(zone, ms);
      for (const near of [-1000, -1, 0, 1, 999, 1000]) agrees(zone, changeMs + near);
      assert.is(offsetSpan(zone, changeMs - 1).toMs, changeMs);
      at = next;
    }
    assert.is(changes, changesByIntl(zone));
  });
}

test("any instant of this century is the same wall clock", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: Date.parse("2001-01-01"), max: Date.parse("2037-12-31") }),
      agrees,
    ),
    { seed, numRuns: 3000 },
  );
});

test("a span of one offset reaches to the next change or says so earlier, never later", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: Date.parse("2020-01-01"), max: Date.parse("2030-12-31") }),
      (zone, atMs) => {
        const span = offsetSpan(zone, atMs);
        assert.ok(span.fromMs <= atMs && atMs < span.toMs);
        const next = Temporal.Instant.fromEpochMilliseconds(atMs)
          .toZonedDateTimeISO(zone)
          .getTimeZoneTransition("next");
        assert.ok(next === null || span.toMs <= next.epochMilliseconds);
      },
    ),
    { seed, numRuns: 2000 },
  );
});

test("a zone that nobody knows is told apart", () => {
  assert.is(isZone("Europe/Berlin"), true);
  assert.is(isZone("Europe/Atlantis"), false);
  assert.is(isZone(""), false);
});

test("a time that is no time is not taken", () => {
  assert.is(parseInstant("2026-03-29T01:00:00Z"), Date.parse("2026-03-29T01:00:00Z"));
  assert.is(parseInstant("2026-03-29T01:00:00"), Date.parse("2026-03-29T01:00:00Z"));
  assert.is(parseInstant("2026-03-29T03:00:00.250+02:00"), Date.parse("2026-03-29T01:00:00.250Z"));
  for (const text of [
    "2026-02-30T00:00:00Z",
    "2026-03-29T24:00:00Z",
    "2026-03-29 01:00:00Z",
    "2026-03-29",
    "",
    "now",
    "2026-13-01T00:00:00Z",
  ])
    assert.is(parseInstant(text), undefined, text);
  assert.is(dayOfDate("2024-02-29"), 19_782);
  assert.is(dayOfDate("2025-02-29"), undefined);
});

test.run();

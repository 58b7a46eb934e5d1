// The JSON of a frame as it is let in: within bounds, clean, and with what peers are seen to write otherwise than the
// standard has it set right where it can mean one thing alone. Pure.
import { deepestJson, parseBoundedJson } from "../../../core/json/bounded-json.js";
import { cleanJson } from "../../../core/json/clean-json.js";
import type { Oddity } from "../../oddities.js";

/** A local list of ten thousand cards has some sixty thousand values. */
const mostFrameValues = 100_000;

/** All date-time fields of the three versions' schemas. */
const timeFields: ReadonlySet<string> = new Set([
  ...["basetime", "cacheExpiryDateTime", "currentTime", "departureTime", "dynUpdateTime", "endDateTime", "expiryDate"],
  ...["expiryDateTime", "generatedAt", "installDateTime", "latestTimestamp", "nextUpdate", "oldestTimestamp"],
  ...["productionDate", "retrieveDate", "retrieveDateTime", "scheduleStart", "settlementTime", "startDateTime"],
  ...["startPeriod", "startSchedule", "startTime", "stopTime", "timeAnchor", "timeBase", "timestamp", "validFrom"],
  "validTo",
]);
const timeWithoutZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?$/;

export type SawOddity = (oddity: Oddity, count?: number) => void;

/** The value of a frame's text, or why it has none. Never throws. */
export function receivedJson(
  text: string,
  saw: SawOddity,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string } {
  const read = parseBoundedJson(text, { values: mostFrameValues, depth: deepestJson });
  if (!read.ok) return read;
  let [nulls, zoneless] = [0, 0];
  const { value, cleaned } = cleanJson(read.value, (holder, name) => {
    const member = holder[name];
    if (member === null) {
      nulls += 1;
      delete holder[name];
    } else if (typeof member === "string" && timeFields.has(name) && timeWithoutZone.test(member)) {
      zoneless += 1;
      holder[name] = `${member}Z`;
    }
  });
  if (nulls > 0) saw("null-field", nulls);
  if (zoneless > 0) saw("no-zone", zoneless);
  if (cleaned > 0) saw("unclean-text", cleaned);
  return { ok: true, value };
}

/** What a message carries: an empty list, or null, is how some write an object without fields. */
export function receivedPayload(payload: unknown, saw: SawOddity): unknown {
  if (payload !== null && !(Array.isArray(payload) && payload.length === 0)) return payload;
  saw("list-payload");
  return {};
}

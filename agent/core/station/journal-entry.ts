// How an event stands in the journal: plain JSON. The tariff goes in as its own text and is read again by the one
// parser, so that a replayed session is priced by what was in force when it began.

import { parseTariff } from "../tariff/tariff-reader.js";
import { isEventType, type StationEvent } from "./station-event.js";

/** An event without its moment, which the journal keeps for each entry by itself. */
export type JournalEntry = StationEvent extends infer E ? (E extends StationEvent ? Omit<E, "moment"> : never) : never;

/** The event as a JSON value. */
export function entryOf(event: StationEvent): JournalEntry {
  const { moment: _, ...entry } = event;
  if (event.type !== "SessionBegan") return entry;
  return { ...entry, opening: { ...event.opening, tariff: event.opening.tariff.source } } as JournalEntry;
}

/**
 * The event of a journal entry. The journal's chain has proven the bytes; a type that this version does not know is a
 * newer version's.
 */
export function eventOf(value: unknown): JournalEntry {
  const event = value as StationEvent;
  if (typeof event !== "object" || event === null || !isEventType(event.type))
    throw new Error(
      `unknown event ${JSON.stringify((event as { type?: unknown } | null)?.type)}: was the journal written by a newer version?`,
    );
  if (event.type !== "SessionBegan") return event;
  const parsed = parseTariff(event.opening.tariff as unknown);
  if (!parsed.ok)
    throw new Error(`the journalled tariff cannot be read: ${parsed.faults[0]?.path}: ${parsed.faults[0]?.message}`);
  return { ...event, opening: { ...event.opening, tariff: parsed.tariff } } as JournalEntry;
}

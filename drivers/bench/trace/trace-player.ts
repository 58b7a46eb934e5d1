// Plays a recorded trace through the real drivers, on the bench's buses, and tells what they make of it: values and
// faults per frame, readings, taps, plug changes, presses. A fault on site becomes a fault in the office.
import type { TraceEntry, TraceHeader } from "../../../config/trace-schema.js";
import { playLine } from "./line-player.js";
import { playCardsAndPins } from "./pin-player.js";
import { hasKey, type PlayedEvent } from "./played-event.js";
import { playTerminal } from "./terminal-player.js";

/** All that the drivers make of the recording, in the order of its time. */
export async function playTrace(header: TraceHeader, entries: readonly TraceEntry[]): Promise<readonly PlayedEvent[]> {
  const heard: PlayedEvent[] = [];
  for (const port of Object.keys(header.ports))
    heard.push(
      ...(await playLine(
        header,
        port,
        entries.filter(hasKey("port")).filter((entry) => entry.port === port),
      )),
    );
  heard.push(...(await playCardsAndPins(header, entries)), ...playTerminal(entries.filter(hasKey("terminal"))));
  return heard
    .map((one, order) => ({ one, order }))
    .sort((a, b) => a.one.ms - b.one.ms || a.order - b.order)
    .map(({ one }) => one);
}

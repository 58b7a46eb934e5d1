// Plays what passed between the station and its card terminal: each frame is read again by the driver's own codec.
import { frameWords } from "../../terminal/frame-words.js";
import type { EntryWith, PlayedEvent } from "./played-event.js";

/** What each frame says; a frame that is not one is told as strayed. */
export function playTerminal(entries: readonly EntryWith<"terminal">[]): PlayedEvent[] {
  return entries.map(({ ms, terminal: way, frame }): PlayedEvent => {
    const words = frameWords(way, Buffer.from(frame, "hex"));
    return words === undefined
      ? { ms, heard: "strayed", port: "terminal", why: `${frame.slice(0, 40)} is not one frame` }
      : { ms, heard: "terminal", way, words };
  });
}

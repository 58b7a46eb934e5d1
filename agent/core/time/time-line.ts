// The time line of a session: it begins by the wall clock and goes on by the monotonic one, so that a stepped clock bends
// no duration. Two clocks never meet in one sum: what another boot's clock says has a place on the line only where both
// were set.

import type { Moment, TimeTrust } from "../../../drivers/driver.js";

export type TimeLine = {
  readonly begin: Moment;
  /** The first moment of the begin's boot at which the clock was set; absent = nobody knows the date of the line. */
  readonly dated?: Moment;
};

const isSet = ({ trust }: Moment): boolean => trust !== "unsynced";

/** The line that begins at a moment. */
export const beginLine = (begin: Moment): TimeLine => (isSet(begin) ? { begin, dated: begin } : { begin });

/** The line, dated by a moment where it had no date. The same object where nothing is new. */
export function datedBy(line: TimeLine, moment: Moment): TimeLine {
  if (line.dated !== undefined || moment.boot !== line.begin.boot || !isSet(moment)) return line;
  return { ...line, dated: moment };
}

/** How much later the session took place than its line says, which began by a clock that was not set. */
export function shiftOf({ begin, dated = begin }: TimeLine): number {
  return dated.at - dated.monoMs - (begin.at - begin.monoMs);
}

/** Whether the line knows when a moment was: by the monotonic clock of its boot, or by two clocks that were set. */
export function isOnLine({ begin, dated }: TimeLine, moment: Moment): boolean {
  return moment.boot === begin.boot || (dated !== undefined && isSet(moment));
}

/**
 * A moment on the line, epoch ms by the clock of its begin. The line stands still at `notBeforeMs` over what no clock
 * tells, and never runs backwards.
 */
export function onLine(line: TimeLine, moment: Moment, notBeforeMs: number): number {
  const { begin } = line;
  if (moment.boot === begin.boot) return begin.at + (moment.monoMs - begin.monoMs);
  return isOnLine(line, moment) ? Math.max(moment.at - shiftOf(line), notBeforeMs) : notBeforeMs;
}

/** How far the time that the line gives a moment can be believed, once the line is shifted to its date. */
export function trustOf(line: TimeLine, moment: Moment): TimeTrust {
  if (!isOnLine(line, moment)) return "unsynced";
  return line.dated !== undefined && !isSet(line.begin) && !isSet(moment) ? "holdover" : moment.trust;
}

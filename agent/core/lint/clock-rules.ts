// Windows that mean something else than they seem to: nights with weekdays, and hours that the clock change cuts.

import { restrictionText } from "../explain/restriction-text.js";
import { holdsAt } from "../tariff/restrictions.js";
import type { Tariff } from "../tariff/tariff.js";
import { clockText, dateText, dayMs, localTime, minuteMs, offsetSpan } from "../time/time.js";
import type { LintOptions, LintWarning } from "./lint-warning.js";

/** A weekday belongs to the instant, not to the evening on which a night began. */
export function lintWrappedDays(tariff: Tariff): LintWarning[] {
  return tariff.elements.flatMap(({ index, restrictions }): LintWarning[] => {
    const { startMsOfDay: start, endMsOfDay: end, weekdays } = restrictions;
    if (weekdays === undefined || weekdays === 127 || start === undefined || end === undefined || start < end)
      return [];
    return [
      {
        path: `elements[${index}].restrictions`,
        rule: "wrapped-days",
        message:
          `"${restrictionText(restrictions, "en")}" means these days before the ` +
          `window's end and after its start, not the night that follows; write ` +
          `two elements, one until midnight and one from midnight on`,
      },
    ];
  });
}

type ClockChange = {
  readonly atMs: number;
  readonly fromMsOfDay: number;
  readonly toMsOfDay: number;
  readonly lost: boolean;
};

/**
 * The changes of the clock in the year from `nowMs`, as the stretch of the local day that is skipped or comes twice.
 */
function clockChanges(timeZone: string, nowMs: number): ClockChange[] {
  const changes: ClockChange[] = [];
  let span = offsetSpan(timeZone, nowMs);
  while (span.toMs < nowMs + 366 * dayMs) {
    const next = offsetSpan(timeZone, span.toMs);
    const shift = next.offsetMs - span.offsetMs;
    if (shift !== 0) {
      const wall = (((span.toMs + Math.min(span.offsetMs, next.offsetMs)) % dayMs) + dayMs) % dayMs;
      changes.push({ atMs: span.toMs, fromMsOfDay: wall, toMsOfDay: wall + Math.abs(shift), lost: shift > 0 });
    }
    span = next;
  }
  return changes;
}

export function lintClockChanges(tariff: Tariff, options: LintOptions): LintWarning[] {
  const changes = clockChanges(options.timeZone, options.nowMs);
  return tariff.elements.flatMap(({ index, restrictions }) => {
    const { startMsOfDay: start, endMsOfDay: end } = restrictions;
    if (start === undefined && end === undefined) return [];
    return changes.flatMap((change): LintWarning[] => {
      const day = localTime(options.timeZone, change.atMs).day;
      const midnight = { day, weekday: (((day + 3) % 7) + 7) % 7 };
      let touched = 0;
      for (let msOfDay = change.fromMsOfDay; msOfDay < change.toMsOfDay; msOfDay += minuteMs)
        if (holdsAt(restrictions, { ...midnight, msOfDay })) touched += 1;
      if (touched === 0) return [];
      const how = change.lost ? "lost" : "doubled";
      return [
        {
          path: `elements[${index}].restrictions`,
          rule: "clock-change",
          message:
            `${touched} min of the window are ${how} when the clocks change on ${dateText(day)} (` +
            `${clockText(options.timeZone, change.atMs - 1)} is followed by ` +
            `${clockText(options.timeZone, change.atMs)})`,
        },
      ];
    });
  });
}

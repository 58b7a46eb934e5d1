// What is fixed when a session begins, and the time line that begins with it.

import type { MeterIdentity, Moment, Reading } from "../../../drivers/driver.js";
import type { SessionToken } from "../cdr/settlement.js";
import type { Tariff } from "../tariff/tariff.js";

/** An accepted card: whose it is and by what decision. */
export type Acceptance = {
  readonly token: SessionToken;
  readonly group?: string;
  readonly tariff?: string;
  readonly authMethod: "WHITELIST" | "AUTH_REQUEST" | "COMMAND";
  readonly authorizationReference?: string;
  /** The uplink whose word it was; absent = the station's own lists. */
  readonly by?: string;
  /** The session stops at these; `why` says whose limit it is. */
  readonly limits?: { readonly energyKwh?: string; readonly cost?: string; readonly why: string };
};

/** The price in force at the start governs to the end. */
export type Opening = {
  readonly id: string;
  readonly acceptance: Acceptance;
  readonly meter: MeterIdentity;
  readonly tariff: Tariff;
  readonly timeZone: string;
  readonly shown: { readonly text: string; readonly atMs: number };
  readonly begin: Reading;
  /** The reservation that the session uses up, where it is charged: since when, on the session's own time line. */
  readonly reserved?: { readonly id: string; readonly fromMs: number };
};

/**
 * A moment on the session's own time line, epoch ms: the start by the wall clock, from there the monotonic clock, so
 * that a stepped clock bends no duration. After a reboot only the wall clock is left; `notBeforeMs` keeps the line from
 * running backwards then.
 */
export function sessionTimeMs(opening: Opening, moment: Moment, notBeforeMs: number): number {
  const begin = opening.begin.moment;
  return moment.boot === begin.boot ? begin.at + (moment.monoMs - begin.monoMs) : Math.max(moment.at, notBeforeMs);
}

// What is fixed when a session begins.

import type { MeterIdentity, Reading } from "../../../drivers/driver.js";
import type { RegisterAcceptance, SessionToken, Settlement } from "../cdr/settlement.js";
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
  /** The reference of the hold that pays for it: the session ends before its total passes `limits.cost`. */
  readonly hold?: string;
};

/** The price in force at the start governs to the end. */
export type Opening = {
  readonly id: string;
  readonly acceptance: Acceptance;
  readonly meter: MeterIdentity;
  /** What of the tariff in force the session can meet. */
  readonly tariff: Tariff;
  /** The digest of the tariff that it was cut from; absent = it is whole. */
  readonly cutFrom?: string;
  readonly timeZone: string;
  /** `atMs`: on the time line of the session. */
  readonly shown: Settlement["shown"];
  readonly begin: Reading;
  /** The reservation that the session uses up, where it is charged: since when, on the session's own time line. */
  readonly reserved?: { readonly id: string; readonly fromMs: number };
  /** The word by which the meter is billed from again; on the first session after it. */
  readonly registerAccepted?: RegisterAcceptance;
};

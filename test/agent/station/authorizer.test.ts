// Who may charge, as a table: what is known of a card, the offline rule, and what follows before any backend is asked
// and when none answers.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type CachedAnswer,
  type CardKnowledge,
  decideCard,
  type OfflineRule,
  type Token,
} from "../../../agent/core/cdr/token.js";

const at = Date.UTC(2026, 10, 24);
const token = (more: Partial<Token> = {}): Token => ({
  uid: "04A1",
  contractId: "C1",
  countryCode: "DE",
  partyId: "EMP",
  valid: true,
  whitelist: "ALWAYS",
  ...more,
});
const word = (more: Partial<CachedAnswer> = {}): CachedAnswer => ({
  status: "ALLOWED",
  token: { uid: "04A1", type: "RFID", contractId: "C1", countryCode: "DE", partyId: "EMP" },
  ...more,
});
const rule = (name: OfflineRule["rule"]): OfflineRule => ({
  rule: name,
  unknown: { token: word().token, limits: { energyKwh: "10", why: "unknown" } },
});

/** What is known · the offline rule · whether a backend is asked · what holds without its answer. */
const rows: readonly [string, CardKnowledge, OfflineRule["rule"], "asks" | "decides", string][] = [
  ["ALWAYS never asks", { token: token() }, "known", "decides", "ALLOWED"],
  ["ALWAYS never asks, whatever the offline rule", { token: token() }, "none", "decides", "ALLOWED"],
  ["ALLOWED may be decided here", { token: token({ whitelist: "ALLOWED" }) }, "none", "decides", "ALLOWED"],
  [
    "ALLOWED_OFFLINE asks first and charges without an answer",
    { token: token({ whitelist: "ALLOWED_OFFLINE" }) },
    "known",
    "asks",
    "ALLOWED",
  ],
  [
    "ALLOWED_OFFLINE needs its question where only unasked cards may charge",
    { token: token({ whitelist: "ALLOWED_OFFLINE" }) },
    "none",
    "asks",
    "ONLINE_ONLY",
  ],
  ["NEVER charges by a backend's word alone", { token: token({ whitelist: "NEVER" }) }, "all", "asks", "ONLINE_ONLY"],
  [
    "a token that is not valid is refused and nobody is asked",
    { token: token({ valid: false, whitelist: "NEVER" }) },
    "all",
    "decides",
    "BLOCKED",
  ],
  [
    "an expired token is refused and nobody is asked",
    { token: token({ expiresMs: at }) },
    "known",
    "decides",
    "EXPIRED",
  ],
  [
    "the whitelist comes before a backend's list",
    { token: token({ whitelist: "NEVER" }), listed: word() },
    "known",
    "asks",
    "ONLINE_ONLY",
  ],
  ["a card of the list starts unasked", { listed: word() }, "none", "decides", "ALLOWED"],
  [
    "a blocked card of the list is asked about, and refused without an answer",
    { listed: word({ status: "BLOCKED" }) },
    "all",
    "asks",
    "BLOCKED",
  ],
  [
    "an expired card of the list is asked about, and refused without an answer",
    { listed: word({ expiresMs: at }) },
    "all",
    "asks",
    "EXPIRED",
  ],
  [
    "the list comes before the cache",
    { listed: word({ status: "BLOCKED" }), cached: word() },
    "known",
    "asks",
    "BLOCKED",
  ],
  ["a cached card starts unasked", { cached: word() }, "known", "decides", "ALLOWED"],
  [
    "a cached card needs its question where only unasked cards may charge",
    { cached: word() },
    "none",
    "asks",
    "ONLINE_ONLY",
  ],
  [
    "a card that was refused before is asked about again",
    { cached: word({ status: "NO_CREDIT" }) },
    "known",
    "asks",
    "NO_CREDIT",
  ],
  ["a card that nobody knows is asked about, and refused without an answer", {}, "known", "asks", "NOT_KNOWN"],
  ["a card that nobody knows is refused where only unasked cards may charge", {}, "none", "asks", "NOT_KNOWN"],
  ["a card that nobody knows charges up to the cap where all may", {}, "all", "asks", "ALLOWED"],
];

const test = suite("who may charge");
for (const [title, known, offline, asked, allowed] of rows) {
  test(title, () => {
    const { ask, info } = decideCard(known, at, rule(offline));
    assert.equal([ask ? "asks" : "decides", info.allowed], [asked, allowed]);
  });
}
test("an unknown card has the cap with it", () => {
  const { info } = decideCard({}, at, rule("all"));
  assert.equal(info.allowed === "ALLOWED" && info.limits, { energyKwh: "10", why: "unknown" });
});
test.run();

// Tokens: who may charge. A UID is a hint of identity, not proof; it is matched whole or not at all.
import type { SessionToken } from "./settlement.js";

/** An entry of the local list (OCPI Token, as far as a decision needs it). */
export type Token = {
  readonly uid: string;
  readonly contractId: string;
  readonly countryCode: string;
  readonly partyId: string;
  readonly valid: boolean;
  readonly whitelist: "ALWAYS" | "ALLOWED" | "ALLOWED_OFFLINE" | "NEVER";
  readonly group?: string;
  /** Epoch ms after which the token is not accepted any more. */
  readonly expiresMs?: number;
  /** A tariff of its own, by id. */
  readonly tariff?: string;
};

/** OCPI's AuthorizationInfo.allowed, and NOT_KNOWN for a card that no list names. */
export type AuthorizationInfo =
  | { readonly allowed: "ALLOWED"; readonly token: SessionToken; readonly group?: string; readonly tariff?: string }
  | { readonly allowed: "BLOCKED" | "EXPIRED" | "NOT_KNOWN" | "ONLINE_ONLY" };

/** A backend's word about a card. */
export type OnlineAnswer =
  | {
      readonly allowed: "ALLOWED";
      readonly token: SessionToken;
      readonly group?: string;
      /** The id of a tariff that the station knows by now. */
      readonly tariff?: string;
      readonly authorizationReference?: string;
      /** Epoch ms after which this word counts no more. */
      readonly expiresMs?: number;
      /** For the driver. */
      readonly info?: string;
    }
  | { readonly allowed: "BLOCKED" | "EXPIRED" | "NOT_KNOWN" | "NO_CREDIT" | "NOT_ALLOWED"; readonly info?: string };

/** Judges a card by the local list alone (OCPI 2.2.1 mod_tokens, whitelist). `at` is the wall clock in epoch ms. */
export function authorizeLocally(tokens: ReadonlyMap<string, Token>, uid: string, at: number): AuthorizationInfo {
  const token = tokens.get(uid);
  if (token === undefined) return { allowed: "NOT_KNOWN" };
  if (!token.valid) return { allowed: "BLOCKED" };
  if (token.expiresMs !== undefined && at >= token.expiresMs) return { allowed: "EXPIRED" };
  if (token.whitelist === "NEVER") return { allowed: "ONLINE_ONLY" };
  return {
    allowed: "ALLOWED",
    token: { uid, type: "RFID", contractId: token.contractId, countryCode: token.countryCode, partyId: token.partyId },
    ...(token.group === undefined ? {} : { group: token.group }),
    ...(token.tariff === undefined ? {} : { tariff: token.tariff }),
  };
}

/** The last four characters: all that log, display and printed receipts show of a UID or a contract. */
export function masked(text: string): string {
  return `…${text.slice(-4)}`;
}

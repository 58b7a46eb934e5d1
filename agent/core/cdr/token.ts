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
  /** The mobility provider's name, where its backend tells it. */
  readonly provider?: string;
};

/** An accepted card: by whose word, and how far it reaches. */
type Allowed = {
  readonly allowed: "ALLOWED";
  readonly token: SessionToken;
  readonly group?: string;
  readonly tariff?: string;
  /** AUTH_REQUEST with the name of the backend that said so; else the station's own lists. */
  readonly authMethod: "WHITELIST" | "AUTH_REQUEST";
  readonly by?: string;
  readonly authorizationReference?: string;
  readonly limits?: { readonly energyKwh?: string; readonly cost?: string; readonly why: string };
};

export const cardRefusals = ["BLOCKED", "EXPIRED", "NOT_KNOWN", "NO_CREDIT", "NOT_ALLOWED"] as const;

/**
 * OCPI's AuthorizationInfo.allowed, and what a station alone can say: no list names the card, it must be asked about,
 * or too much is open.
 */
export type AuthorizationInfo =
  | Allowed
  /** `info` = the backend's own words for the driver. */
  | { readonly allowed: (typeof cardRefusals)[number] | "ONLINE_ONLY" | "EXPOSED"; readonly info?: string };

/** A backend's word about a card that is kept here: a row of its list, or what it once answered. */
export type CachedAnswer = {
  readonly status: "ALLOWED" | (typeof cardRefusals)[number];
  readonly token: SessionToken;
  readonly group?: string;
  readonly tariff?: string;
  readonly expiresMs?: number;
};

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
      /** Good for this visit alone: it is not remembered. */
      readonly once?: boolean;
      /** For the driver. */
      readonly info?: string;
    }
  | { readonly allowed: (typeof cardRefusals)[number]; readonly info?: string };

/** All that is known here about one card. */
export type CardKnowledge = {
  /** From the config, enrolled, or fetched from a backend over OCPI: its `whitelist` decides first. */
  readonly token?: Token | undefined;
  readonly listed?: CachedAnswer | undefined;
  readonly cached?: CachedAnswer | undefined;
};

/** What holds when no backend answers. `unknown` = how a card is accepted that no list names, where the rule allows that. */
export type OfflineRule = {
  readonly rule: "known" | "all" | "none";
  readonly unknown: Omit<Allowed, "allowed" | "authMethod">;
};

/** `ask` = a backend is asked, and `info` holds only when none answers. */
export type CardDecision = { readonly ask: boolean; readonly info: AuthorizationInfo };

/**
 * Judges a card by what is known here: the whitelist of its token (OCPI 2.2.1 mod_tokens, WhitelistType), else the
 * local list, else the cache (OCPP 2.0.1 C10, C13, C14). `at` is the wall clock in epoch ms.
 */
export function decideCard({ token, listed, cached }: CardKnowledge, at: number, offline: OfflineRule): CardDecision {
  if (token !== undefined) return judgeToken(token, at, offline);
  const kept = listed ?? cached;
  if (kept === undefined)
    return {
      ask: true,
      info:
        offline.rule === "all"
          ? { ...offline.unknown, allowed: "ALLOWED", authMethod: "WHITELIST" }
          : { allowed: "NOT_KNOWN" },
    };
  if (kept.status !== "ALLOWED") return { ask: true, info: { allowed: kept.status } };
  if (kept.expiresMs !== undefined && at >= kept.expiresMs) return { ask: true, info: { allowed: "EXPIRED" } };
  const { status: _, expiresMs: __, ...rest } = kept;
  // The station has this from a backend, but not about this visit: the CDR says so.
  const info: AuthorizationInfo = { ...rest, allowed: "ALLOWED", authMethod: "WHITELIST" };
  return listed === undefined && offline.rule === "none"
    ? { ask: true, info: { allowed: "ONLINE_ONLY" } }
    : { ask: false, info };
}

function judgeToken(token: Token, at: number, { rule }: OfflineRule): CardDecision {
  if (!token.valid) return { ask: false, info: { allowed: "BLOCKED" } };
  if (token.expiresMs !== undefined && at >= token.expiresMs) return { ask: false, info: { allowed: "EXPIRED" } };
  if (token.whitelist === "NEVER" || (token.whitelist === "ALLOWED_OFFLINE" && rule === "none"))
    return { ask: true, info: { allowed: "ONLINE_ONLY" } };
  const info: AuthorizationInfo = {
    allowed: "ALLOWED",
    authMethod: "WHITELIST",
    token: {
      uid: token.uid,
      type: "RFID",
      contractId: token.contractId,
      countryCode: token.countryCode,
      partyId: token.partyId,
      ...(token.provider === undefined ? {} : { provider: token.provider }),
    },
    ...(token.group === undefined ? {} : { group: token.group }),
    ...(token.tariff === undefined ? {} : { tariff: token.tariff }),
  };
  return { ask: token.whitelist === "ALLOWED_OFFLINE", info };
}

/**
 * Whether two ids of tokens or groups are the same: OCPI's CiString and OCPP's identifierString do not tell upper from
 * lower case.
 */
export const isSameId = (one: string, other: string): boolean => one.toUpperCase() === other.toUpperCase();

/** The last four characters: all that log, display and printed receipts show of a UID or a contract. */
export function masked(text: string): string {
  return `…${text.slice(-4)}`;
}

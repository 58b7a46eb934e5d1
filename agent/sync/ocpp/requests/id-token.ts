// Cards as OCPP names them: the whole UID in upper-case hex, and where it came from. Pure.
import type { SessionToken } from "../../../core/cdr/settlement.js";
import type { Dialect } from "../rpc/frame.js";

/** IdTokenType of 2.x. */
export type IdToken = { readonly idToken: string; readonly type: string };

/** UIDs of ISO 14443 have 4, 7 or 10 bytes, those of ISO 15693 eight, of which the first is E0. */
const isUid = /^(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$/;
const isVicinityUid = /^E0[0-9A-F]{14}$/;

/** A card that was held to a reader. */
export const idTokenOfUid = (uid: string): IdToken => ({ idToken: uid.toUpperCase(), type: "ISO14443" });

/** IdTokenEnumType of 2.0.1; 2.1 left the list open. */
const kindsOf201 = ["Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "NoAuthorization"];

/** A kind as 2.0.1 spells it, where it has it. */
export const idTokenTypeIn201 = (type: string): string | undefined =>
  kindsOf201.find((kind) => kind.toLowerCase() === type.toLowerCase());

/**
 * A token whose kind a backend named keeps it; of one that did not come from our reader and has no kind, all that is
 * known is that a backend made it: Central. So is called in 2.0.1 what came in a word that it does not have.
 */
export function idTokenOf(
  { type, uid, idTokenType }: Pick<SessionToken, "type" | "uid" | "idTokenType">,
  dialect: Dialect,
): IdToken {
  if (idTokenType !== undefined)
    return { idToken: uid, type: idTokenTypeIn201(idTokenType) ?? (dialect === "ocpp2.1" ? idTokenType : "Central") };
  const card = uid.toUpperCase();
  if (type === "RFID" && isUid.test(card)) return idTokenOfUid(uid);
  return type === "RFID" && isVicinityUid.test(card)
    ? { idToken: card, type: "ISO15693" }
    : { idToken: uid, type: "Central" };
}

/**
 * OCPI's TokenType for a kind of OCPP's: cards, what a server made for a user, what was paid on the spot, and all else.
 */
export function tokenTypeOf(kind: string): SessionToken["type"] {
  switch (kind.toLowerCase()) {
    case "iso14443":
    case "iso15693":
      return "RFID";
    case "central":
      return "APP_USER";
    case "directpayment":
      return "AD_HOC_USER";
    default:
      return "OTHER";
  }
}

/** 1.6 does not say of what kind an idTag is: what looks like a card's UID counts as one. */
export const tokenTypeOfTag = (tag: string): SessionToken["type"] =>
  isUid.test(tag.toUpperCase()) || isVicinityUid.test(tag.toUpperCase()) ? "RFID" : "OTHER";

/** The longest idTag of 1.6 (IdToken, CiString20Type). */
export const longestTag = 20;

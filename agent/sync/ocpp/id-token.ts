// Cards as OCPP names them: the whole UID in upper-case hex, and where it came from. Pure.
import type { SessionToken } from "../../core/settlement.js";

/** IdTokenType of 2.x. */
export type IdToken = { readonly idToken: string; readonly type: string };

/** UIDs of ISO 14443 have 4, 7 or 10 bytes, those of ISO 15693 eight, of which the first is E0. */
const isUid = /^(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$/;
const isVicinityUid = /^E0[0-9A-F]{14}$/;

/** A card that was held to a reader. */
export const idTokenOfUid = (uid: string): IdToken => ({ idToken: uid.toUpperCase(), type: "ISO14443" });

/** A token that did not come from our reader was made by a backend: Central. */
export function idTokenOf({ type, uid }: Pick<SessionToken, "type" | "uid">): IdToken {
  const card = uid.toUpperCase();
  if (type === "RFID" && isUid.test(card)) return idTokenOfUid(uid);
  return type === "RFID" && isVicinityUid.test(card) ? { idToken: card, type: "ISO15693" } : { idToken: uid, type: "Central" };
}

/** The longest idTag of 1.6 (IdToken, CiString20Type). */
export const longestTag = 20;

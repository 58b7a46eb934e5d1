// Cards as OCPP names them: the whole UID in upper-case hex, and where it came from. Pure.
import type { SessionToken } from "../../core/settlement.js";

/** IdTokenType of 2.x. */
export type IdToken = { readonly idToken: string; readonly type: string };

/** UIDs of ISO 14443 have 4, 7 or 10 bytes. */
const isUid = /^(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$/;

/** A card that was held to a reader. */
export const idTokenOfUid = (uid: string): IdToken => ({ idToken: uid.toUpperCase(), type: "ISO14443" });

/** A token that did not come from our reader was made by a backend: Central. */
export const idTokenOf = ({ type, uid }: Pick<SessionToken, "type" | "uid">): IdToken =>
  type === "RFID" && isUid.test(uid.toUpperCase()) ? idTokenOfUid(uid) : { idToken: uid, type: "Central" };

/** The longest idTag of 1.6 (IdToken, CiString20Type). */
export const longestTag = 20;

// Authorize, and what a CSMS answers about a token, in each version's words. Pure.

import type { SessionToken } from "../../../core/cdr/settlement.js";
import type { OnlineAnswer } from "../../../core/cdr/token.js";
import { shortLine } from "../../../core/words/printable.js";
import { idTokenOfUid } from "../requests/id-token.js";
import { usableGroup } from "../requests/request-context.js";
import type { Dialect } from "../rpc/frame.js";

export function authorizePayload(dialect: Dialect, uid: string): object {
  const idToken = idTokenOfUid(uid);
  return dialect === "ocpp1.6" ? { idTag: idToken.idToken } : { idToken };
}

/** For the driver's eyes. */
const longestInfo = 200;

export type Party = { readonly countryCode: string; readonly partyId: string };

const refusals: ReadonlyMap<string, Exclude<OnlineAnswer["allowed"], "ALLOWED">> = new Map(
  Object.entries({
    Blocked: "BLOCKED",
    Expired: "EXPIRED",
    NoCredit: "NO_CREDIT",
    Invalid: "NOT_KNOWN",
    Unknown: "NOT_KNOWN",
    ConcurrentTx: "NOT_ALLOWED",
    NotAllowedTypeEVSE: "NOT_ALLOWED",
    NotAtThisLocation: "NOT_ALLOWED",
    NotAtThisTime: "NOT_ALLOWED",
  }),
);

/**
 * The answer as the station understands it; undefined where it is none. `tariff` is the id of the tariff that came with
 * it (2.1), if it was taken up. OCPP knows no contract id: the UID stands in its place.
 */
export function authorizeAnswer(
  payload: unknown,
  uid: string,
  { countryCode, partyId }: Party,
  tariff: string | undefined,
): OnlineAnswer | undefined {
  const info = infoIn(payload);
  if (info === undefined) return undefined;
  const { status, groupIdToken, parentIdTag, cacheExpiryDateTime, expiryDate, personalMessage } = info;
  const message =
    typeof personalMessage === "object" && personalMessage !== null && "content" in personalMessage
      ? personalMessage.content
      : undefined;
  const line = typeof message === "string" ? shortLine(message, longestInfo) : "";
  const words = line === "" ? {} : { info: line };
  if (status !== "Accepted")
    return typeof status === "string" ? { allowed: refusals.get(status) ?? "NOT_ALLOWED", ...words } : undefined;
  const token: SessionToken = { uid, type: "RFID", contractId: uid, countryCode, partyId };
  const groupOf2x =
    typeof groupIdToken === "object" && groupIdToken !== null && "idToken" in groupIdToken
      ? groupIdToken.idToken
      : undefined;
  const group = groupOf2x ?? parentIdTag;
  const until = cacheExpiryDateTime ?? expiryDate;
  const expiresMs = typeof until === "string" ? Date.parse(until) : Number.NaN;
  return {
    allowed: "ALLOWED",
    token,
    ...usableGroup(group),
    ...(Number.isNaN(expiresMs) ? {} : { expiresMs }),
    ...(tariff === undefined ? {} : { tariff }),
    ...words,
  };
}

/** The tariff of an Authorize answer (2.1), as it came. */
export const tariffIn = (payload: unknown): unknown =>
  typeof payload === "object" && payload !== null && "tariff" in payload ? payload.tariff : undefined;

function infoIn(payload: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const info = "idTokenInfo" in payload ? payload.idTokenInfo : "idTagInfo" in payload ? payload.idTagInfo : undefined;
  return typeof info === "object" && info !== null ? (info as Readonly<Record<string, unknown>>) : undefined;
}

// The password of basic auth, set by the CSMS (2.x: A01 and SecurityCtrlr.BasicAuthPassword; 1.6: AuthorizationKey of
// the security paper). It is kept before the answer goes out, and the line is opened anew with it after that; the one
// before it stays usable until then.
import type { RequestContext } from "../requests/request-context.js";

/** A00.FR.205. */
const shortest = 16;
const longest = { "ocpp1.6": 40, "ocpp2.0.1": 40, "ocpp2.1": 64 } as const;

export const longestPasswordOf = ({ link }: Pick<RequestContext, "link">): number => longest[link.dialect];

type Asked = Pick<RequestContext, "link" | "credentials" | "note">;

/** Keeps it for good. The answer is a reason code against it. */
export function takePassword({ link, credentials, note }: Asked, text: string): string | undefined {
  if (text.length < shortest || text.length > longest[link.dialect]) return "InvalidValue";
  // What a header of HTTP carries, and no blanks at its ends, which some would cut off.
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text)) return "InvalidValue";
  // OCPP-J 1.6 (6.2) writes the key's bytes in hexadecimal, the security paper sends the text: backends do either.
  const isHex = link.dialect === "ocpp1.6" && /^(?:[0-9a-f]{2})+$/i.test(text);
  credentials.setPassword(text, isHex ? ["plain", "hex"] : ["plain"]);
  note("the backend has set a new password");
  return undefined;
}

/** To be done once the answer is on its way. */
export function usePassword({ link }: Pick<RequestContext, "link">): void {
  link.renew("a new password");
  link.securityEvent("ReconfigurationOfSecurityParameters", "the password was changed by the CSMS");
}

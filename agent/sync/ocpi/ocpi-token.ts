// A backend's Token (OCPI 2.2.1 mod_tokens, Token object) as this station keeps it: strict where a decision hangs on
// it, blind to the rest.
import { z } from "zod";
import type { SessionToken } from "../../core/cdr/settlement.js";
import type { Token } from "../../core/cdr/token.js";

/** What names a card, a contract or a party, whole and readable: one that had to be cleaned could be another's. */
const text = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine((name) => !name.includes("\ufffd"), "cannot be printed");
const wire = z.looseObject({
  country_code: text(2),
  party_id: text(3),
  uid: text(36),
  type: z.enum(["AD_HOC_USER", "APP_USER", "EMAID", "OTHER", "RFID"]),
  contract_id: text(36),
  group_id: text(36).nullish(),
  valid: z.boolean(),
  whitelist: z.enum(["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"]),
  last_updated: z.string().max(40),
});

export type WireToken = z.infer<typeof wire>;

/** The token, or the UID of one that cannot be read: what was known of that card counts no more. */
export function readToken(
  value: unknown,
): { readonly ok: true; readonly token: WireToken } | { readonly ok: false; readonly uid: string | undefined } {
  const uid = (value as { uid?: unknown } | null)?.uid;
  // To say all that is wrong with what is no token takes far longer than to read one.
  if (typeof uid !== "string") return { ok: false, uid: undefined };
  const read = wire.safeParse(value);
  if (read.success) return { ok: true, token: { ...read.data, uid: read.data.uid.toUpperCase() } };
  return { ok: false, uid: uid.trim().toUpperCase() };
}

/** As a row of the list. */
export function tokenOfOcpi({
  uid,
  contract_id,
  country_code,
  party_id,
  valid,
  whitelist,
  group_id,
}: WireToken): Token {
  return {
    uid,
    contractId: contract_id,
    countryCode: country_code,
    partyId: party_id,
    valid,
    whitelist,
    ...(group_id == null ? {} : { group: group_id }),
  };
}

/** As a session bears it. */
export function sessionTokenOf({ uid, type, contract_id, country_code, party_id }: WireToken): SessionToken {
  return {
    uid,
    type: type === "EMAID" ? "OTHER" : type,
    contractId: contract_id,
    countryCode: country_code,
    partyId: party_id,
  };
}

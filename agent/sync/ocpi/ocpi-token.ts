// A backend's Token (OCPI 2.2.1 mod_tokens, Token object) as this station keeps it: strict where a decision hangs on
// it, blind to the rest.
import { z } from "zod";
import type { SessionToken } from "../../core/cdr/settlement.js";
import type { Token } from "../../core/cdr/token.js";
import { cleanedText, shortLine } from "../../core/words/printable.js";

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
  /** The company's name on the card: told on receipts, and nothing hangs on it. */
  issuer: z.unknown(),
});

const longestProvider = 64;

/** The mobility provider as its backend names it; absent where it names none that can be printed. */
function providerIn({ issuer }: WireToken): { readonly provider?: string } {
  if (typeof issuer !== "string") return {};
  const provider = shortLine(cleanedText(issuer), longestProvider);
  return provider === "" ? {} : { provider };
}

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
export function tokenOfOcpi(token: WireToken): Token {
  const { uid, contract_id, country_code, party_id, valid, whitelist, group_id } = token;
  return {
    uid,
    contractId: contract_id,
    countryCode: country_code,
    partyId: party_id,
    valid,
    whitelist,
    ...(group_id == null ? {} : { group: group_id }),
    ...providerIn(token),
  };
}

/** As a session bears it. */
export function sessionTokenOf(token: WireToken): SessionToken {
  const { uid, type, contract_id, country_code, party_id } = token;
  return {
    uid,
    type: type === "EMAID" ? "OTHER" : type,
    contractId: contract_id,
    countryCode: country_code,
    partyId: party_id,
    ...providerIn(token),
  };
}

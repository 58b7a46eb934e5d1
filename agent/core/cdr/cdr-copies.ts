// The CDR texts that are kept with a receipt: one per version of OCPI, made at settlement, so that every uplink,
// also one that is configured later, sends the same bytes for ever.

import { isObject } from "../json/json-reader.js";
import { wireJson } from "../json/json-text.js";
import type { OcpiVersion } from "../tariff/tariff.js";
import { type CdrEvidence, makeCdr, timeUnknown, wireText } from "./cdr.js";
import { wireDifference } from "./cdr-check.js";
import type { CdrFacts } from "./settlement.js";

export type CdrCopies = {
  readonly texts: Readonly<Partial<Record<OcpiVersion, string>>>;
  readonly timeUnknown: boolean;
  /** What a receiver would find different in a text: a fault of ours, for which it is kept back. Absent = nothing. */
  readonly wrong?: Readonly<Partial<Record<OcpiVersion, string>>>;
};

/**
 * What one uplink sends: the text, and a reason to keep it back where there is one. `wrong` = it prices differently from
 * its receipt, and goes out only if a person who has seen that says so.
 */
export type CdrCopy = { readonly body: string; readonly park?: string; readonly wrong?: string };

/**
 * Makes the CDR once per version (each once, however often it is named), and prices each text again. Throws what
 * `makeCdr` throws.
 */
export function makeCopies(
  settlement: CdrFacts,
  evidence: CdrEvidence | undefined,
  versions: readonly OcpiVersion[],
): CdrCopies {
  const texts: Partial<Record<OcpiVersion, string>> = {};
  const wrong: Partial<Record<OcpiVersion, string>> = {};
  for (const version of new Set(versions)) {
    const text = wireText(makeCdr(settlement, evidence, { version }));
    const difference = wireDifference(text, settlement, version);
    texts[version] = text;
    if (difference !== undefined) wrong[version] = difference;
  }
  return { texts, timeUnknown: timeUnknown(settlement), ...(Object.keys(wrong).length === 0 ? {} : { wrong }) };
}

/**
 * The copy for an uplink; null where none was made. A date that is not known is kept back with the reason "clock"
 * unless the uplink takes it; a version that was not made at settlement is kept back too, since a CDR is never made
 * twice.
 */
export function copyFor(
  copies: CdrCopies,
  uplink: { readonly version: OcpiVersion; readonly acceptUnknownTime: boolean },
): CdrCopy | null {
  const body = copies.texts[uplink.version];
  if (body === undefined) {
    const [other] = Object.entries(copies.texts);
    return other === undefined
      ? null
      : { body: other[1], park: `made as OCPI ${other[0]}, while the uplink speaks ${uplink.version}` };
  }
  const wrong = copies.wrong?.[uplink.version];
  if (wrong !== undefined) return { body, park: wrong, wrong };
  return copies.timeUnknown && !uplink.acceptUnknownTime ? { body, park: "clock" } : { body };
}

/** What of a CDR says whose it is, as its cdr_token and authorization_reference hold it. */
export type CdrPerson = { readonly uid: string; readonly contractId: string; readonly reference?: string };

/**
 * The copies as they are kept: without whose they are, which lies with what receipts withhold and may be forgotten. The
 * copies that go out are made from them by `withPerson`.
 */
export function withoutPerson(copies: CdrCopies): CdrCopies {
  const nobody: CdrPerson = { uid: "", contractId: "", reference: "" };
  const texts = Object.entries(copies.texts).map(([version, text]) => [version, withPerson(text, nobody)]);
  return { ...copies, texts: Object.fromEntries(texts) as CdrCopies["texts"] };
}

/** A CDR's text with whose it is in its places: the same person always gives the same text. */
export function withPerson(text: string, { uid, contractId, reference }: CdrPerson): string {
  const cdr = JSON.parse(text) as Record<string, unknown>;
  const { cdr_token: token } = cdr;
  if (!isObject(token)) return text;
  return wireJson({
    ...cdr,
    cdr_token: { ...token, uid, contract_id: contractId },
    ...("authorization_reference" in cdr ? { authorization_reference: reference ?? "" } : {}),
  });
}

/** How much of the signed record a receiver takes. */
export type SignedDataShare = "full" | "empty" | "none";

/**
 * A CDR's text with so much of its signed record: `empty` leaves `plain_data` empty (the record is in `signed_data` as
 * well), `none` leaves it all out. Nothing else changes, and the same text always gives the same text.
 */
export function withSignedData(text: string, share: SignedDataShare): string {
  if (share === "full") return text;
  const cdr = JSON.parse(text) as Record<string, unknown>;
  const { signed_data: signed, ...rest } = cdr;
  if (!isObject(signed)) return text;
  if (share === "none") return wireJson(rest);
  const values = Array.isArray(signed["signed_values"]) ? signed["signed_values"] : [];
  const emptied = values.map((value: unknown) => (isObject(value) ? { ...value, plain_data: "" } : value));
  return wireJson({ ...cdr, signed_data: { ...signed, signed_values: emptied } });
}

/**
 * The credit of a CDR that was sent (OCPI 2.2.1, mod_cdrs 1.3.1): an id of its own, the reference, only the total cost
 * negative, all else a copy. `issuedAt` is an RFC 3339 time in UTC; undefined = nobody knows it, and the copy's stays.
 */
export function creditCopies(copies: CdrCopies, cdrId: string, issuedAt: string | undefined): CdrCopies {
  const texts = Object.fromEntries(
    Object.entries(copies.texts).map(([version, text]) => {
      const cdr = JSON.parse(text) as Record<string, unknown>;
      return [
        version,
        wireJson({
          ...cdr,
          id: cdrId,
          credit: true,
          credit_reference_id: cdr["id"],
          total_cost: negatedPrice(cdr["total_cost"]),
          last_updated: issuedAt ?? cdr["last_updated"],
        }),
      ];
    }),
  );
  return { ...copies, texts };
}

/** A price with every number turned; numbers of at most four decimals stay what they are. */
function negatedPrice(value: unknown): unknown {
  if (typeof value === "number") return value === 0 ? 0 : -value;
  if (Array.isArray(value))
    return value.map((item) =>
      typeof item === "object" && item !== null && "amount" in item
        ? { ...item, amount: negatedPrice(item.amount) }
        : item,
    );
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, negatedPrice(part)]));
}

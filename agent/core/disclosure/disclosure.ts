// What a receipt commits to without telling it (the idea of RFC 9901, SD-JWT): in the signed payload stands a digest under
// the field's name, and beside the receipt a disclosure, which opens it. Whoever is handed the receipt without it learns
// the name of the field and nothing else, and the signature holds all the same: the salt keeps a short value, such as a
// card's UID, from being guessed.
import { parseBoundedJson } from "../json/bounded-json.js";
import { canonicalText } from "../json/json-text.js";
import { base64url, fromBase64url, fromUtf8, utf8 } from "../number/bytes.js";
import type { HashFunction } from "../signing/merkle.js";

/** What a receipt may withhold. `reference` = the backend's reference of the authorization. */
export const withheldNames = ["totals", "card", "contract", "name", "reference", "payment"] as const;
export type WithheldName = (typeof withheldNames)[number];

/** Those that say something about a person. */
export const personalNames: readonly WithheldName[] = withheldNames.filter((name) => name !== "totals");

/** The values that a receipt withholds; undefined = it has none of that name. */
export type WithheldValues = Readonly<Partial<Record<WithheldName, unknown>>>;
/** Those of them that say something about a person. */
export type PersonalValues = Omit<WithheldValues, "totals">;

/** What stands in the payload: for each name SHA-256 over the disclosure's ASCII, base64url. */
export type Commitments = Readonly<Partial<Record<WithheldName, string>>>;

export type Withheld = { readonly commitments: Commitments; readonly disclosures: readonly string[] };

/** 16 random bytes in base64url: RFC 9901 (9.3) asks for 128 bits. */
const saltPattern = /^[A-Za-z0-9_-]{22}$/;
/** A longer disclosure is not taken apart: the totals of a hundred tax rates have 20 000 letters. */
const longestDisclosure = 65_536;

const disclosureBounds = { values: 1_000, depth: 8 };

const commitmentOf = (disclosure: string, hash: HashFunction): string => base64url(hash(utf8(disclosure)));

/** Withholds values, each under a salt of its own. `salt` gives 16 fresh random bytes in base64url. */
export function withheld(values: WithheldValues, salt: () => string, hash: HashFunction): Withheld {
  const commitments: Partial<Record<WithheldName, string>> = {};
  const disclosures: string[] = [];
  for (const name of withheldNames) {
    const value = values[name];
    if (value === undefined) continue;
    // RFC 9901, 4.2.1: base64url of the JSON array of salt, name and value.
    const disclosure = base64url(utf8(canonicalText([salt(), name, value])));
    commitments[name] = commitmentOf(disclosure, hash);
    disclosures.push(disclosure);
  }
  return { commitments, disclosures };
}

/** The name and value in a disclosure, in its one spelling; undefined where it is none. */
export function readDisclosure(text: string): { readonly name: WithheldName; readonly value: unknown } | undefined {
  const bytes = text.length > longestDisclosure ? undefined : fromBase64url(text);
  const json = bytes === undefined ? undefined : fromUtf8(bytes);
  if (json === undefined) return undefined;
  const read = parseBoundedJson(json, disclosureBounds);
  if (!read.ok || !Array.isArray(read.value) || read.value.length !== 3) return undefined;
  const [salt, name, value] = read.value as readonly unknown[];
  if (writtenAgain(read.value) !== json) return undefined;
  const known = withheldNames.find((one) => one === name);
  const isSalted = typeof salt === "string" && saltPattern.test(salt);
  return known === undefined || !isSalted ? undefined : { name: known, value };
}

/** 1e999 is read as a number that cannot be written again. */
function writtenAgain(value: unknown): string | undefined {
  try {
    return canonicalText(value);
  } catch {
    return undefined;
  }
}

export type Disclosed = {
  readonly values: WithheldValues;
  /** Names that stay withheld. */
  readonly closed: readonly WithheldName[];
  readonly complaints: readonly string[];
};

/** What disclosures tell of a receipt that commits to these; each must open one of its commitments, and once. */
export function disclosedBy(commitments: Commitments, disclosures: readonly string[], hash: HashFunction): Disclosed {
  const values: Partial<Record<WithheldName, unknown>> = {};
  const complaints: string[] = [];
  for (const [at, text] of disclosures.entries()) {
    const read = readDisclosure(text);
    if (read === undefined) complaints.push(`disclosure ${at + 1} cannot be read`);
    else if (Object.hasOwn(values, read.name)) complaints.push(`${read.name} is disclosed twice`);
    else if (commitments[read.name] !== commitmentOf(text, hash))
      complaints.push(`the disclosed ${read.name} is not what the receipt commits to`);
    else values[read.name] = read.value;
  }
  const closed = withheldNames.filter((name) => commitments[name] !== undefined && !Object.hasOwn(values, name));
  return { values, closed, complaints };
}

/** The disclosures of these names alone, in their order. */
export const disclosuresOf = (disclosures: readonly string[], names: readonly WithheldName[]): readonly string[] =>
  disclosures.filter((text) => {
    const read = readDisclosure(text);
    return read !== undefined && names.includes(read.name);
  });

/** A receipt with disclosures as one text (RFC 9901, 4): the JWS, and behind a "~" each. */
export const withDisclosures = (jws: string, disclosures: readonly string[]): string =>
  [jws, ...disclosures, ""].join("~");

/** Such a text taken apart; a JWS alone has no disclosures. */
export function apartFromDisclosures(text: string): { readonly jws: string; readonly disclosures: readonly string[] } {
  const [jws = "", ...rest] = text.split("~");
  return { jws, disclosures: rest.filter((part) => part !== "") };
}

// The journal's lines about a session as they are handed to others: cards, contracts and references by their last four
// characters. The lines are the station's word in any case, signed with the archive.
import { masked } from "../../core/cdr/token.js";
import { parseBoundedJson } from "../../core/json/bounded-json.js";
import { storedJson } from "../../core/json/json-text.js";

/** Fields of journal entries that name a card, a contract, or what leads to a person. */
const personal: ReadonlySet<string> = new Set([
  "uid",
  "contractId",
  "authorizationReference",
  "paymentReference",
  "group",
  "card",
  "idToken",
  "pspRef",
]);
/** A line of the journal is no larger: a receipt with its samples. */
const lineBounds = { values: 400_000, depth: 32 };

/** A line without whose it is; "" where it cannot be read, which no line of ours is. */
function maskedLine(line: string): string {
  const read = parseBoundedJson(line, lineBounds);
  return read.ok ? storedJson(withoutPeople(read.value)) : "";
}

function withoutPeople(value: unknown, field = ""): unknown {
  if (typeof value === "string") return personal.has(field) ? masked(value) : value;
  if (Array.isArray(value)) return field === "disclosures" ? [] : value.map((one: unknown) => withoutPeople(one));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutPeople(part, name)]));
}

/** The lines without whose they are. */
export const maskedJournal = (lines: readonly string[]): readonly string[] => lines.map(maskedLine);

// Texts of a JSON value that has just come in are cleaned once, at the door, so that no terminal, log or receipt behind
// it takes one for an order. Parse within bounds first: this goes as deep as the value does.
import { cleanedText } from "../words/printable.js";

type Members = Record<string, unknown>;
export type CleanJson = {
  readonly value: unknown;
  /** Texts, and names of members, that were not clean. */
  readonly cleaned: number;
};

/** A name that JavaScript reads as something else; no field of any standard is called so. */
const trap = "__proto__";

/**
 * Cleans a value in place, and answers it. `member` is told of each member of each object first, and may change or
 * delete that one.
 */
export function cleanJson(
  value: unknown,
  member: (holder: Record<string, unknown>, name: string) => void = () => undefined,
): CleanJson {
  let cleaned = 0;
  const text = (one: string): string => {
    const clean = cleanedText(one);
    if (clean !== one) cleaned += 1;
    return clean;
  };
  const walk = (one: unknown): unknown => {
    if (typeof one === "string") return text(one);
    if (typeof one !== "object" || one === null) return one;
    if (Array.isArray(one)) {
      for (const [index, entry] of one.entries()) one[index] = walk(entry);
      return one;
    }
    const members = one as Members;
    for (const name of Object.keys(members)) cleanMember(members, name);
    return members;
  };
  const cleanMember = (members: Members, name: string): void => {
    if (name === trap) {
      delete members[trap];
      cleaned += 1;
      return;
    }
    member(members, name);
    if (!Object.hasOwn(members, name)) return;
    const entry = members[name];
    const clean = text(name);
    const next = walk(entry);
    if (clean !== name) delete members[name];
    else if (next === entry) return;
    members[clean] = next;
  };
  return { value: walk(value), cleaned };
}

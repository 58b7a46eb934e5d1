// JSON whose objects name each key once. JSON.parse takes the last of two equal keys in silence, other readers the
// first: a signed text that says two things proves neither.

import { deepestJson, parseBoundedJson, stringEnd } from "./bounded-json.js";

/** True where an object in this text, which JSON.parse has accepted, has two keys of one name. */
export function namesAKeyTwice(text: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  let isKey = false;
  for (let at = 0; at < text.length; at += 1) {
    const keys = open.at(-1);
    switch (text[at]) {
      case "{":
        open.push(new Set());
        isKey = true;
        break;
      case "[":
        open.push(undefined);
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ",":
        isKey = keys !== undefined;
        break;
      case '"': {
        const end = stringEnd(text, at);
        if (isKey && keys !== undefined) {
          const key = String(JSON.parse(text.slice(at, end + 1)));
          if (keys.has(key)) return true;
          keys.add(key);
        }
        isKey = false;
        at = end;
        break;
      }
      default:
    }
  }
  return false;
}

/** A meter's record has some dozens. */
const mostValues = 100_000;

/**
 * The value of a JSON text, or undefined where it is not valid JSON, an object in it names a key twice, or it holds more
 * than any record.
 */
export function parseUniqueJson(text: string): unknown {
  const read = parseBoundedJson(text, { values: mostValues, depth: deepestJson });
  return !read.ok || namesAKeyTwice(text) ? undefined : read.value;
}

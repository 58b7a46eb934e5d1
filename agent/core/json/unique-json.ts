// JSON whose objects name each key once. JSON.parse takes the last of two equal keys in silence, other readers the
// first: a signed text that says two things proves neither.

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** True where an object in this text, which JSON.parse has accepted, has two keys of one name. */
export function namesAKeyTwice(text: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  let isKey = false;
  for (const [token] of text.matchAll(tokens)) {
    const keys = open.at(-1);
    if (token === "{" || token === "[") open.push(token === "{" ? new Set() : undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (isKey && keys !== undefined && token.startsWith('"')) {
      const key = String(JSON.parse(token));
      if (keys.has(key)) return true;
      keys.add(key);
    }
    isKey = token === "{" || (token === "," && open.at(-1) !== undefined);
  }
  return false;
}

/** The value of a JSON text, or undefined where it is not valid JSON or an object in it names a key twice. */
export function parseUniqueJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return namesAKeyTwice(text) ? undefined : value;
  } catch {
    return undefined;
  }
}

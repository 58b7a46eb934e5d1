// Two card numbers that may be one card, seen through readers that turn the bytes round, cut them, or print a decimal.

const reversed = (uid: string): string => (uid.match(/../g) ?? []).reverse().join("");
const shortest = 6;

/** In what ways `a` and `b` (hex UIDs) look alike; none where they are the same or nothing alike. */
export function uidVariants(a: string, b: string): string[] {
  if (a === b) return [];
  const found: string[] = [];
  if (a === reversed(b)) found.push("its bytes the other way round");
  const [long, short] = a.length > b.length ? [a, b] : [b, a];
  if (long.length > short.length && short.length >= shortest) {
    if (long.startsWith(short) || long.endsWith(short)) found.push("one is the other cut short");
    else if (reversed(long).startsWith(short) || reversed(long).endsWith(short))
      found.push("one is the other turned round and cut short");
    // A reader that knows the first cascade level only: the cascade tag 88, then three bytes (ISO/IEC 14443-3, 6.5.4).
    else if (short.startsWith("88") && long.startsWith(short.slice(2)))
      found.push("one is the cascade tag 88 and the first three bytes of the other");
  }
  if (decimalsOf(a).includes(plain(b)) || decimalsOf(b).includes(plain(a)))
    found.push("one is the other printed as a decimal");
  return found;
}

/** The decimals that readers print of a card, either way round, without leading zeros. */
const decimalsOf = (uid: string): string[] => [uid, reversed(uid)].map((hex) => BigInt(`0x${hex}`).toString());
const plain = (uid: string): string => uid.replace(/^0+/, "");

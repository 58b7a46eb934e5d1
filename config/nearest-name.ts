// The known name that a misspelt one was probably meant to be: of config keys, meter models, tariff fields and words.
// Pure, and in the lowest folder, since the config's reader and the core's tariff reader both ask it.

/** No longer word is compared: it is no slip of a known one. */
const longestWord = 40;

/**
 * How many letters must be changed, added, left out or swapped with their neighbour to turn one word into the other
 * (optimal string alignment).
 */
function editDistance(a: string, b: string): number {
  const rows: number[][] = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  for (let j = 0; j <= b.length; j += 1) (rows[0] as number[])[j] = j;
  for (let i = 1; i <= a.length; i += 1)
    for (let j = 1; j <= b.length; j += 1) {
      const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, at(i - 2, j - 2) + 1);
      (rows[i] as number[])[j] = best;
    }
  return rows[a.length]?.[b.length] ?? 0;
}

/** Case, hyphens, underscores and blanks are not what tells names apart. */
const bare = (name: string): string => name.toLowerCase().replace(/[-_\s]/g, "");

/**
 * The known name nearest to `word`, if it is near enough to be meant: at most a third of its letters are wrong, at
 * least one may be. Among those a name that begins with the word comes first (eastron-sdm630 is short for
 * eastron-sdm630-v2 and not a slip of eastron-sdm230); otherwise the first of equals.
 */
export function nearestName(word: string, known: readonly string[]): string | undefined {
  if (word.length > longestWord) return undefined;
  const meant = bare(word);
  const most = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const name = bare(candidate);
    const distance = editDistance(meant, name);
    if (distance > most) continue;
    const rank = name.startsWith(meant) ? distance - most - 1 : distance;
    if (rank < bestRank) [best, bestRank] = [candidate, rank];
  }
  return best;
}

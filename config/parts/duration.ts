// How a length of time is written in the config and on the command line.

const unitMs: ReadonlyMap<string, number> = new Map(
  Object.entries({ ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }),
);

/** `90s`, `22m`, `1h30m`, `250ms` -> whole milliseconds; undefined when the text is no duration. */
export function durationMs(text: string): number | undefined {
  if (!/^(\d{1,6}(ms|d|h|m|s))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)(ms|d|h|m|s)/g))
    total += Number(digits) * (unitMs.get(unit ?? "") ?? Number.NaN);
  return Number.isSafeInteger(total) ? total : undefined;
}

// A sweep over many cases: npm test tries a part of them, CI all.
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);
const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(performance.timeOrigin % 1_000_000));

console.log(`seed ${seed} (CHARGETILL_SEED=${seed} tries the same cases, CHARGETILL_TIMES=4 all)`);

/** One in `oneIn` of the cases, others with another seed; all of them where CHARGETILL_TIMES is as large. */
export function sampled<T>(cases: Iterable<T>, oneIn: number): T[] {
  const every = Math.max(1, Math.ceil(oneIn / times));
  return [...cases].filter((_, index) => index % every === seed % every);
}

// When a cron expression's turn has come, asked every few seconds: it has when the next turn is another one than it was
// at the last look. No timer waits for a time of day, so a clock that jumps by a month costs one turn. A timer of
// node-cron's own would go through every turn that was missed, which was seen to hold up the meters for seconds.

/**
 * `next` = the next turn from now on, in whatever form tells turns apart. The answer is to be called every few seconds.
 */
export function onSchedule(next: () => number | undefined, work: () => void): () => void {
  let awaited = next();
  return () => {
    const now = next();
    if (now === awaited) return;
    awaited = now;
    work();
  };
}

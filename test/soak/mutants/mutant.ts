// A mutant: one small change of the source that breaks a rule which money hangs on. If no test turns red by it, nobody
// would notice the day on which somebody breaks the rule.

export type Mutant = {
  /** The rule that the change breaks. */
  readonly rule: string;
  readonly file: string;
  /** Stands exactly once in the source, and in the compiled file: it holds no types. White space is all the same. */
  readonly find: string;
  readonly replace: string;
  /** Test files, as paths below test/ without ending, each of which must turn red. */
  readonly tests: readonly string[];
};

/** The text with the change in it. Throws where the text to change does not stand there exactly once. */
export function mutated(text: string, { rule, file, find, replace }: Mutant): string {
  // The compiler breaks lines elsewhere than the formatter.
  const words = find.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(words.join("\\s+"), "g");
  const times = [...text.matchAll(pattern)].length;
  if (times !== 1)
    throw new Error(
      `the mutant of "${rule}" does not fit ${file}: "${find}" stands there ${times} times; ` +
        "change the mutant together with the rule",
    );
  return text.replace(pattern, () => replace);
}

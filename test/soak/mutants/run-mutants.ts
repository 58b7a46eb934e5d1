// Tries mutants: each is put into a copy of the compiled program, and the tests that guard its rule must turn red.
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freshFolder } from "../../support/command.js";
import { type FileResult, runTestFile } from "../../support/runner/test-file.js";
import { type Mutant, mutated } from "./mutant.js";
import { paymentMutants } from "./payment-mutants.js";
import { priceMutants } from "./price-mutants.js";
import { receiptMutants } from "./receipt-mutants.js";
import { sessionMutants } from "./session-mutants.js";
import { stationMutants } from "./station-mutants.js";

export const mutants: readonly Mutant[] = [
  ...sessionMutants,
  ...stationMutants,
  ...priceMutants,
  ...receiptMutants,
  ...paymentMutants,
];

/** The repository, seen from the compiled file. */
export const repository = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..");
/** A mutant may make a test wait for what never comes. */
const limitMs = 90_000;

/** A copy of the compiled program, with the rest of the repository beside it. */
class Copy {
  readonly #root = freshFolder();

  constructor() {
    for (const name of readdirSync(repository))
      if (name !== "dist") symlinkSync(join(repository, name), join(this.#root, name));
    cpSync(join(repository, "dist"), join(this.#root, "dist"), { recursive: true });
  }

  /** Runs a test file with a mutant in the program, or without one. */
  async run(test: string, mutant?: Mutant): Promise<FileResult> {
    const path = mutant === undefined ? undefined : join(this.#root, "dist", mutant.file.replace(/\.ts$/, ".js"));
    const before = path === undefined ? "" : readFileSync(path, "utf8");
    if (path !== undefined && mutant !== undefined) writeFileSync(path, mutated(before, mutant));
    try {
      return await runTestFile(join(this.#root, "dist", "test"), `${test}.test.js`, { limitMs });
    } finally {
      if (path !== undefined) writeFileSync(path, before);
    }
  }

  remove(): void {
    rmSync(this.#root, { recursive: true });
  }
}

/** What is wrong with a run that should have turned red; undefined where it did. */
function whyNotCaught({ passed, failedTests, note }: FileResult): string | undefined {
  if (failedTests > 0) return undefined;
  return passed > 0 && note === "" ? "no test turns red" : `its tests did not run to their end:\n${note}`;
}

/** Runs work on the copies, one piece after another on each. */
async function shared<T>(copies: readonly Copy[], work: readonly T[], run: (copy: Copy, one: T) => Promise<void>) {
  const waiting = [...work];
  await Promise.all(
    copies.map(async (copy) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await run(copy, next);
    }),
  );
}

/** Tries all mutants; throws with those that no test catches. */
export async function soakMutants(say: (line: string) => void, tried: readonly Mutant[] = mutants): Promise<void> {
  const copies = Array.from({ length: Math.max(2, availableParallelism()) }, () => new Copy());
  const escaped: string[] = [];
  try {
    const tests = [...new Set(tried.flatMap((mutant) => mutant.tests))];
    await shared(copies, tests, async (copy, test) => {
      const { failed, note } = await copy.run(test);
      if (failed > 0) throw new Error(`${test} is red without any mutant:\n${note}`);
    });
    say(`${tests.length} test files are green without a mutant`);
    await shared(copies, tried, async (copy, mutant) => {
      const faults: string[] = [];
      for (const test of mutant.tests) {
        const why = whyNotCaught(await copy.run(test, mutant));
        if (why !== undefined) faults.push(`${test}: ${why}`);
      }
      say(`${faults.length === 0 ? "caught " : "ESCAPED"} ${mutant.rule}`);
      if (faults.length > 0)
        escaped.push(`${mutant.rule}\n  ${mutant.file}: ${mutant.find} -> ${mutant.replace}\n  ${faults.join("\n  ")}`);
    });
  } finally {
    for (const copy of copies) copy.remove();
  }
  if (escaped.length > 0) throw new Error(`${escaped.length} mutants escaped:\n${escaped.join("\n")}`);
  say(`${tried.length} mutants, all caught`);
}

// `npm test`: runs every *.test.js, a process each, and closes with "N passed, N failed[, N skipped]".
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freshFolder } from "./support/command.js";
import { Coverage } from "./support/runner/coverage.js";
import { endTestFiles, type FileResult, runTestFile } from "./support/runner/test-file.js";
import { filesNaming, longestFirst, selectFiles, testFilesIn } from "./support/runner/test-selection.js";
import { watchTests } from "./support/runner/watch.js";

const here = dirname(fileURLToPath(import.meta.url));
const dist = dirname(here);
/** More than there are processors: some files wait for a line, a kill or a terminal. */
const moreAtOnce = 1;

const help = `npm test -- [PART ...] [options]

Runs all tests, or those in files whose path contains a PART: npm test -- station/buttons config

  --name TEXT   only the tests whose name contains TEXT
  --watch       run again after each change: the tests of PART, or those that import what changed
  --coverage    print how much of the code ran, and what did not (npm run coverage)
  --help        this

The last line is "N passed, N failed". A suite that is declared and does not run is a failure, a skipped contract is one
where CI=true. A file may take 150 s in which a processor was free for it: a busy machine ends no good test.`;

const usage = (message: string): never => {
  console.error(`${message}\n\n${help}`);
  process.exit(2);
};
const fail = (message: string): never => {
  console.log(`${message}\n0 passed, 1 failed`);
  process.exit(1);
};
const parsed = (() => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        name: { type: "string" },
        watch: { type: "boolean" },
        coverage: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
})();
const { values, positionals: parts } = parsed;
if (values.help === true) {
  console.log(help);
  process.exit(0);
}
if (values.name === "") usage("--name takes a text");
if (values.watch === true)
  await watchTests(dirname(dist), parts, values.name === undefined ? [] : ["--name", values.name]);

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    endTestFiles();
    process.exit(1);
  });

const coverage = values.coverage === true ? new Coverage(dist) : undefined;
const coverageFolder = coverage === undefined ? undefined : freshFolder();

/** Runs the files, several at once, and prints a line for each; where a test is named, for those that have it. */
async function runAll(files: readonly string[]): Promise<FileResult[]> {
  const waiting = longestFirst(here, files);
  const results: FileResult[] = [];
  const worker = async (index: number): Promise<void> => {
    const left = coverageFolder === undefined ? undefined : join(coverageFolder, String(index));
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runTestFile(here, file, { name: values.name, coverageFolder: left });
      if (left !== undefined) coverage?.takeFrom(left);
      results.push(result);
      if (values.name === undefined || result.passed + result.failed > 0) tell(result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() + moreAtOnce }, (_, index) => worker(index)));
  return results;
}

function tell({ file, passed, failed, note, tookMs }: FileResult): void {
  const mark = (failed > 0 ? "FAILED" : "ok").padEnd(7);
  console.log(
    `${mark}${file.padEnd(56)}${String(passed).padStart(4)} passed ${(tookMs / 1000).toFixed(1).padStart(6)} s`,
  );
  if (note !== "") console.log(note);
}

const selected = selectFiles(testFilesIn(here), parts);
const files = selected.ok ? selected.files : fail(selected.message);
const ranIn = (all: readonly FileResult[]): number => all.reduce((sum, one) => sum + one.passed + one.failed, 0);
let results: FileResult[];
if (values.name === undefined) results = await runAll(files);
else {
  // A name that is put together while a file runs stands in no file: then all of them are asked.
  const naming = filesNaming(here, files, values.name);
  results = await runAll(naming);
  if (ranIn(results) === 0) results = await runAll(files.filter((file) => !naming.includes(file)));
  if (ranIn(results) === 0) fail(`no test's name contains "${values.name}"`);
}
if (coverageFolder !== undefined) rmSync(coverageFolder, { recursive: true, force: true });
if (coverage !== undefined) console.log(`\n${coverage.report()}\n`);

const passed = results.reduce((sum, one) => sum + one.passed, 0);
const skipped = results.flatMap((one) => one.skipped);
for (const name of skipped) console.log(`skipped: ${name}`);
let failed = results.reduce((sum, one) => sum + one.failed, 0);
if (results.length === 0) failed += 1;
if (process.env["CI"] === "true" && skipped.length > 0) {
  console.log("a skipped contract is a failure in CI");
  failed += skipped.length;
}
console.log(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`);
process.exit(failed > 0 ? 1 : 0);

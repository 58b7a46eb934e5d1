// Every mutant still fits the source and the compiled program, so that none rots in silence. What each must turn red is
// tried by `npm run soak -- mutants`.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mutated } from "./mutant.js";
import { mutants, repository } from "./run-mutants.js";

const test = suite("mutants");

test("each changes a text that stands exactly once in its source, and in the compiled file", () => {
  const misfits = mutants.flatMap((mutant) =>
    [mutant.file, join("dist", mutant.file.replace(/\.ts$/, ".js"))].flatMap((path) => {
      try {
        const text = readFileSync(join(repository, path), "utf8");
        return mutated(text, mutant) === text ? [`the mutant of "${mutant.rule}" changes nothing`] : [];
      } catch (error) {
        return [error instanceof Error ? error.message : String(error)];
      }
    }),
  );
  assert.equal(misfits, []);
});

test("each names the tests that catch it, and a rule of its own", () => {
  const missing = mutants.flatMap(({ tests }) => tests.filter((name) => !existsSync(testFile(name))));
  assert.equal(missing, []);
  assert.equal(
    mutants.filter(({ tests }) => tests.length === 0).map(({ rule }) => rule),
    [],
  );
  assert.is(new Set(mutants.map(({ rule }) => rule)).size, mutants.length);
});

const testFile = (name: string): string => join(repository, "test", `${name}.test.ts`);

test("a text that is not there, or twice, is an error that names the rule", () => {
  const mutant = { rule: "a rule", file: "a.ts", find: "a  b", replace: "c", tests: [] };
  assert.is(mutated("x a\n  b y", mutant), "x c y");
  assert.throws(() => mutated("x", mutant), /the mutant of "a rule" does not fit a\.ts: "a {2}b" stands there 0 times/);
  assert.throws(() => mutated("a b a b", mutant), /stands there 2 times/);
});

test.run();

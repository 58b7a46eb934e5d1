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
  for (const mutant of mutants)
    for (const path of [mutant.file, join("dist", mutant.file.replace(/\.ts$/, ".js"))]) {
      const text = readFileSync(join(repository, path), "utf8");
      assert.is.not(mutated(text, mutant), text);
    }
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

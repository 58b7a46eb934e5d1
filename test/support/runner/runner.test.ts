// The test runner: what it takes, what it counts, when it ends a file, what it says where nothing matches.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freshFolder } from "../command.js";
import { countedMs, TimeSpent } from "../time/time-limit.js";
import { Coverage } from "./coverage.js";
import { judge, runTestFile } from "./test-file.js";
import { longestFirst, selectFiles, testFilesIn } from "./test-selection.js";
import { testsOf } from "./watch.js";

const tests = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const dist = dirname(tests);
const test = suite("test runner");

/** A folder with one test file, in which uvu is found. */
function folderWith(text: string): { readonly root: string; readonly remove: () => void } {
  const root = freshFolder();
  symlinkSync(join(dirname(dist), "node_modules"), join(root, "node_modules"));
  writeFileSync(join(root, "package.json"), '{"type":"module"}');
  writeFileSync(join(root, "sample.test.js"), text);
  return { root, remove: () => rmSync(root, { recursive: true }) };
}
const runner = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(tests, "run.js"), ...args], { encoding: "utf8" });
const sampleFiles = ["agent/station/buttons.test.js", "agent/app/run.test.js", "config/config.test.js"];

test("a part is a piece of a path, or the whole path as a shell completes it", () => {
  const select = (...parts: readonly string[]) => selectFiles(sampleFiles, parts);
  assert.equal(select(), { ok: true, files: sampleFiles });
  assert.equal(select("station"), { ok: true, files: ["agent/station/buttons.test.js"] });
  assert.equal(select("test/config/config.test.ts"), { ok: true, files: ["config/config.test.js"] });
  assert.equal(select("app", "config/"), { ok: true, files: sampleFiles.slice(1) });
});

test("a part that matches nothing is said, with what is near it, also beside one that matches", () => {
  const { status, stdout } = runner("config/", "agent/statin/button");
  assert.is(status, 1);
  assert.match(
    stdout,
    /^no test file's path contains "agent\/statin\/button"; near it are:\n {2}agent\/station\/buttons\.test\.js\n/,
  );
  assert.match(stdout, /\n0 passed, 1 failed\n$/);
  assert.match(runner("qqqq").stdout, /test files lie in:\n {2}agent\/app\//);
});

test("a name that no test has is said", () => {
  const { status, stdout } = runner("--name", "no test has this name", "test-selection", "tidy");
  assert.is(status, 1);
  assert.match(stdout, /no test file's path contains "test-selection"/);
  const named = runner("--name", `no test has ${"this"} name`, "tidy");
  assert.is(named.status, 1);
  assert.match(named.stdout, /no test's name contains "no test has this name"\n0 passed, 1 failed\n$/);
});

test("a named test runs alone: no other test, and no hook of a suite that does not have it", async () => {
  const { root, remove } = folderWith(`
    import { suite as make } from "uvu";
    const one = make("one");
    one.before(() => console.log("hook of one"));
    one("the wanted one", () => console.log("wanted ran"));
    one("another one", () => console.log("another ran"));
    one.run();
    const two = make("two");
    two.before(() => console.log("hook of two"));
    two("a third", () => { throw new Error("ran") });
    two.run();`);
  try {
    assert.is((await runTestFile(root, "sample.test.js")).passed, 2);
    const { passed, failed } = await runTestFile(root, "sample.test.js", { name: "the wanted" });
    assert.equal([passed, failed], [1, 0]);
    const { note } = await runTestFile(root, "sample.test.js", { name: "a third" });
    assert.match(note, /hook of two[\s\S]*FAIL/);
    assert.not.match(note, /hook of one|wanted ran|another ran/);
  } finally {
    remove();
  }
});

test("a test that hangs is ended with all that it started, and one that spins too", async () => {
  for (const text of [`setInterval(() => undefined, 1000)`, `for (;;);`]) {
    const { root, remove } = folderWith(text);
    try {
      const { passed, failed, note } = await runTestFile(root, "sample.test.js", { limitMs: 500 });
      assert.is(passed, 0);
      assert.ok(failed > 0);
      assert.match(note, /FAILED sample\.test\.js: not finished within/);
    } finally {
      remove();
    }
  }
});

test("time in which no processor was free for a file does not count against it, up to a bound in wall time", () => {
  const second = { wallMs: 1_000, idleMs: 0, usedMs: 0 };
  assert.is(countedMs({ ...second, idleMs: 1_800 }), 1_000, "an idle machine: the wall's second");
  assert.is(countedMs({ ...second, idleMs: 100, usedMs: 400 }), 400, "a busy machine: what the file got");
  assert.is(countedMs({ ...second, usedMs: 1_900 }), 1_000, "two processors used: still a second");
  assert.is(countedMs({ ...second, usedMs: -50 }), 0, "a process that ended takes its time with it");
  const waits = new TimeSpent(10_000);
  for (let s = 0; s < 10; s += 1) assert.is(waits.add({ ...second, idleMs: 1_000 }), undefined);
  assert.is(waits.add({ ...second, idleMs: 1_000 }), "not finished within 10 s");
  const squeezed = new TimeSpent(10_000);
  for (let s = 0; s < 100; s += 1) assert.is(squeezed.add({ ...second, usedMs: 50 }), undefined);
  assert.is(squeezed.add(second), "not finished within 100 s on a busy machine");
});

test("a suite that is declared and did not run is a failure, and so is a file that runs no test", () => {
  const ended = { code: 0, signal: null, late: undefined, declared: 1, named: undefined };
  const failures = (out: string, change: object = {}) => judge(out, { ...ended, ...change }).complaints;
  assert.equal(failures(" one  • •   (2 / 2)\n"), []);
  assert.equal(failures(" one  • •   (2 / 2)\n", { declared: 2 }), ["2 suites declared, 1 ran"]);
  assert.equal(failures("", { declared: 0 }), ["0 suites declared, 0 ran", "no test ran"]);
  assert.equal(failures(" one  • •   (2 / 2)\n", { code: 7 }), ["exit code 7"]);
  assert.equal(judge(" one  • ✘   (1 / 2)\n", { ...ended, code: 1 }).failed, 1);
  assert.equal(judge("SKIPPED a thing: why\n one  •   (1 / 1)\n", ended).skipped, ["a thing: why"]);
});

test("files that start processes go first", () => {
  const files = testFilesIn(tests);
  const ordered = longestFirst(tests, files);
  assert.is(ordered.length, files.length);
  assert.ok(ordered.indexOf("soak/crash/kills.test.js") < ordered.indexOf("config/config.test.js"));
});

test("a changed source leads to the tests that import it, through whatever files", () => {
  const near = testsOf(dist, ["agent/station/button-handler.ts"]);
  assert.ok(near.includes("agent/station/buttons.test.js"), near.join("\n"));
  assert.not.ok(near.includes("drivers/rfid/chip.test.js"));
  assert.equal(testsOf(dist, ["config/tariffs/standard.json"]), []);
});

test("coverage names the lines of the source that did not run, over all processes together", () => {
  const root = freshFolder();
  for (const folder of ["agent", "drivers", "config"]) mkdirSync(join(root, folder));
  const file = join(root, "agent", "sample.js");
  writeFileSync(
    file,
    `export function sign(n) {
  if (n < 0)
    return "minus";
  if (n === 0)
    return "zero";
  return "plus";
}
sign(Number(process.argv[2]));
`,
  );
  // Each line of the compiled file comes from the same line of the source.
  const map = { version: 3, sources: ["sample.ts"], names: [], mappings: "AAAA;AACA;AACA;AACA;AACA;AACA;AACA;AACA" };
  writeFileSync(`${file}.map`, JSON.stringify(map));
  writeFileSync(join(root, "package.json"), '{"type":"module"}');
  writeFileSync(join(root, "config", "unused.js"), "export {};\n");
  try {
    const coverage = new Coverage(root);
    const left = join(root, "left");
    const run = (n: number): void =>
      void spawnSync(process.execPath, [file, String(n)], { env: { ...process.env, NODE_V8_COVERAGE: left } });
    run(5);
    coverage.takeFrom(left);
    assert.match(coverage.report(), /agent\/sample\.ts .*\n {4}3, 5\n?$/, pathToFileURL(file).href);
    run(-5);
    coverage.takeFrom(left);
    assert.match(coverage.report(), /agent\/sample\.ts .*\n {4}5\n?$/);
    assert.match(coverage.report(), /Not loaded by these tests: config\/unused\.ts/);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test.run();

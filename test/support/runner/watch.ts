// Watch mode: after each change the program is built again and the tests near the change are run.
import { spawn } from "node:child_process";
import { readFileSync, watch } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { selectFiles, testFilesIn } from "./test-selection.js";

const folders = ["agent", "drivers", "config", "test"];
/** An editor writes a file in several steps, and several files at once. */
const quietMs = 200;

/** Compiled files below `dist` that a file imports, itself or through others. */
export function importedBy(dist: string, file: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const waiting = [file];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (!next.endsWith(".js")) continue;
    for (const [, name = ""] of readFileSync(join(dist, next), "utf8").matchAll(
      /(?:\bfrom\s*|\bimport\s*\(?\s*)"(\.[^"]+)"/g,
    ))
      waiting.push(normalize(join(dirname(next), name)));
  }
  return seen;
}

/** Test files, relative to `dist/test`, that import a changed source. */
export function testsOf(dist: string, changed: readonly string[]): string[] {
  const compiled = changed.map((path) => path.replace(/\.ts$/, ".js"));
  return testFilesIn(join(dist, "test")).filter((file) => {
    const imported = importedBy(dist, join("test", file));
    return compiled.some((path) => imported.has(path));
  });
}

/** Runs until it is interrupted: the parts after each change; without parts, the tests that import what changed. */
export async function watchTests(root: string, parts: readonly string[], options: readonly string[]): Promise<never> {
  const start = join(root, "agent", "start.js");
  const run = (args: readonly string[]): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [start, ...args], { cwd: root, stdio: "inherit" });
      child.once("error", reject);
      child.once("close", (code) => resolve(code === 0));
    });
  const changed = new Set<string>();
  let wake = (): void => undefined;
  for (const folder of folders)
    watch(join(root, folder), { recursive: true }, (_, name) => {
      if (name === null || !/\.(?:ts|json|yaml|py)$/.test(name)) return;
      changed.add(relative(root, join(root, folder, name)));
      wake();
    });
  const selected = selectFiles(testFilesIn(join(root, "dist", "test")), parts);
  if (!selected.ok) {
    console.log(selected.message);
    process.exit(1);
  }
  if (parts.length > 0) await run(["--test", ...parts, ...options]);
  for (;;) {
    console.log("\nwaiting for a change; Ctrl-C ends");
    if (changed.size === 0) await new Promise<void>((resolve) => (wake = resolve));
    await new Promise((resolve) => setTimeout(resolve, quietMs));
    const now = [...changed];
    changed.clear();
    console.log(`\nchanged: ${now.join(", ")}`);
    if (!(await run(["--build"]))) continue;
    const tests = parts.length > 0 ? parts : testsOf(join(root, "dist"), now);
    if (tests.length === 0) console.log("no test imports it; name a part to run its tests after each change");
    else await run(["--test", ...tests, ...options]);
  }
}

// Runs every *.test.js, a process each with a deadline, and closes with "N passed, N failed[, N skipped]".
// uvu alone is green on a forgotten .run() or an empty pattern; here a suite that exists and did not run is a failure.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const deadlineMs = 150_000;
const wide = 2;

type Result = { file: string; passed: number; failed: number; skipped: string[]; note: string; tookMs: number };

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith(".test.js") ? [path] : [];
  });
}

/** Suites a compiled test file declares: `suite(` calls, however they are imported. */
function declaredSuites(file: string): number {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?<![\w.])suite\(/g)].length;
}

const groups = new Set<() => void>();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    for (const end of [...groups]) end();
    process.exit(1);
  });

function runFile(file: string): Promise<Result> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--enable-source-maps", file], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, FORCE_COLOR: "0" },
      // A group of its own, so that what a test started ends with it, also where the test itself was ended.
      detached: true,
    });
    const endGroup = (): void => {
      groups.delete(endGroup);
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    };
    groups.add(endGroup);
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (out += chunk.toString()));
    const timer = setTimeout(endGroup, deadlineMs);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      endGroup();
      // uvu's line for a suite ends in "(passed / total)".
      const ran = [...out.matchAll(/\((\d+) \/ (\d+)\)\s*$/gm)].map((m) => ({
        passed: Number(m[1]),
        total: Number(m[2]),
      }));
      const total = ran.reduce((sum, suite) => sum + suite.total, 0);
      const passed = ran.reduce((sum, suite) => sum + suite.passed, 0);
      const skipped = [...out.matchAll(/^SKIPPED (.+)$/gm)].map((m) => m[1] ?? "");
      const declared = declaredSuites(file);
      const complaints: string[] = [];
      if (signal) complaints.push(`ended by ${signal}: not finished within ${deadlineMs / 1000} s`);
      if (declared === 0 || ran.length < declared) complaints.push(`${declared} suites declared, ${ran.length} ran`);
      if (total === 0) complaints.push("no test ran");
      if (code !== 0 && passed === total && complaints.length === 0) complaints.push(`exit code ${code}`);
      const failed = total - passed + complaints.length;
      const note =
        failed > 0 ? `${out}\n${complaints.map((c) => `FAILED ${relative(here, file)}: ${c}`).join("\n")}` : "";
      resolve({ file: relative(here, file), passed, failed, skipped, note, tookMs: performance.now() - started });
    });
  });
}

/** Tests that start processes of their own, and the chaos, take longest: they go first, so that no core waits for the last of them. */
const takesLong = (file: string): boolean =>
  /support\/(?:command|bench-station)\.js"|kills\.js"|chaos\.js"/.test(readFileSync(file, "utf8"));

const only = process.argv.slice(2);
const waiting = testFiles(here)
  .filter((file) => only.length === 0 || only.some((part) => relative(here, file).includes(part)))
  .sort((a, b) => Number(takesLong(b)) - Number(takesLong(a)));
const results: Result[] = [];
async function worker(): Promise<void> {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const result = await runFile(file);
    results.push(result);
    const mark = result.failed > 0 ? "FAILED" : "ok";
    console.log(
      `${mark.padEnd(7)}${result.file.padEnd(44)}${String(result.passed).padStart(5)} passed ${(result.tookMs / 1000).toFixed(1).padStart(6)} s`,
    );
    if (result.note !== "") console.log(result.note);
  }
}
await Promise.all(Array.from({ length: wide }, worker));

const passed = results.reduce((sum, r) => sum + r.passed, 0);
const skipped = results.flatMap((r) => r.skipped);
for (const name of skipped) console.log(`skipped: ${name}`);
let failed = results.reduce((sum, r) => sum + r.failed, 0);
if (results.length === 0) failed += 1;
if (process.env["CI"] === "true" && skipped.length > 0) {
  console.log("a skipped contract is a failure in CI");
  failed += skipped.length;
}
console.log(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`);
process.exit(failed > 0 ? 1 : 0);

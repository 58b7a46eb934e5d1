// Runs one test file in a process of its own and reads from its output what passed. uvu alone is green on a forgotten
// .run() or an empty pattern; here a suite that is declared and did not run is a failure.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { limitGroup } from "../time/time-limit.js";
import { nameVariable } from "./named-suite.js";
import { shortLived } from "./short-lived.js";

const limitMs = 150_000;
const namedSuite = fileURLToPath(new URL("./named-suite.js", import.meta.url));

export type FileResult = {
  readonly file: string;
  readonly passed: number;
  /** Tests that failed, and whatever else is wrong with the file. */
  readonly failed: number;
  readonly failedTests: number;
  readonly skipped: readonly string[];
  /** The file's output and what is wrong with it; empty where nothing failed. */
  readonly note: string;
  readonly tookMs: number;
};

export type FileOptions = {
  /** Only the tests whose name contains this. */
  readonly name?: string | undefined;
  /** Where each process leaves its coverage. */
  readonly coverageFolder?: string | undefined;
  readonly limitMs?: number;
};

/** Suites that a compiled test file declares: `suite(` calls, however they are imported. */
const declaredSuites = (text: string): number => [...text.matchAll(/(?<![\w.])suite\(/g)].length;

/** Test files that run now, by what ends them with all that they started. */
const running = new Set<() => void>();

/** Ends all test files that run now. */
export function endTestFiles(): void {
  for (const end of [...running]) end();
}

/** Runs `file`, a path below `root`. */
export function runTestFile(root: string, file: string, options: FileOptions = {}): Promise<FileResult> {
  const started = performance.now();
  const path = join(root, file);
  const child = spawn(
    process.execPath,
    ["--enable-source-maps", ...shortLived, ...(options.name === undefined ? [] : ["--import", namedSuite]), path],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        FORCE_COLOR: "0",
        ...(options.name === undefined ? {} : { [nameVariable]: options.name }),
        ...(options.coverageFolder === undefined ? {} : { NODE_V8_COVERAGE: options.coverageFolder }),
      },
      // A group of its own, so that what a test started ends with it, also where the test itself was ended.
      detached: true,
    },
  );
  const { pid } = child;
  const endGroup = (): void => {
    running.delete(endGroup);
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  running.add(endGroup);
  let out = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      out += chunk;
    });
  let late: string | undefined;
  const stopWatching = limitGroup(pid ?? -1, options.limitMs ?? limitMs, (why) => {
    late = why;
    endGroup();
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.on("close", (code, signal) => {
      stopWatching();
      endGroup();
      const text = readFileSync(path, "utf8");
      const declared = options.name === undefined ? declaredSuites(text) : 0;
      const { complaints, ...counts } = judge(out, { code, signal, late, declared, named: options.name });
      const note = counts.failed > 0 ? `${out}\n${complaints.map((one) => `FAILED ${file}: ${one}`).join("\n")}` : "";
      resolve({ file, ...counts, note, tookMs: performance.now() - started });
    });
  });
}

type Ending = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly late: string | undefined;
  readonly declared: number;
  readonly named: string | undefined;
};

/** What a test file's output and end say about it. */
export function judge(
  out: string,
  { code, signal, late, declared, named }: Ending,
): Pick<FileResult, "passed" | "failed" | "failedTests" | "skipped"> & { readonly complaints: readonly string[] } {
  // uvu's line for a suite ends in "(passed / total)".
  const ran = [...out.matchAll(/\((\d+) \/ (\d+)\)\s*$/gm)].map((m) => ({ passed: Number(m[1]), total: Number(m[2]) }));
  const total = ran.reduce((sum, suite) => sum + suite.total, 0);
  const passed = ran.reduce((sum, suite) => sum + suite.passed, 0);
  const skipped = [...out.matchAll(/^SKIPPED (.+)$/gm)].map((m) => m[1] ?? "");
  const complaints: string[] = [];
  if (late !== undefined) complaints.push(late);
  else if (signal) complaints.push(`ended by ${signal}`);
  if (named === undefined && (declared === 0 || ran.length < declared))
    complaints.push(`${declared} suites declared, ${ran.length} ran`);
  if (named === undefined && total === 0) complaints.push("no test ran");
  if (code !== 0 && passed === total && complaints.length === 0) complaints.push(`exit code ${code}`);
  const failedTests = total - passed;
  return { passed, failed: failedTests + complaints.length, failedTests, skipped, complaints };
}

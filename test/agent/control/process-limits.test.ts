// Limits of the system that are too tight for the agent end in words, before it has begun.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { endingOf, isForeseen } from "../../../agent/commands/shared/exit.js";
import { processLimits, whyTooTight } from "../../../agent/control/process-limits.js";
import { diskFailure } from "../../../agent/ledger/store/disk.js";
import { softLimit } from "../../../agent/ledger/store/open-files.js";
import { benchStation } from "../../support/bench-station.js";

const mib = 1024 * 1024;
const wide = { heapBytes: 256 * mib, openFiles: 1_024, addressSpaceBytes: Number.POSITIVE_INFINITY };
const cli = fileURLToPath(new URL("../../../agent/cli.js", import.meta.url));
const { config } = benchStation();

/** How a command ends under the limits that a shell sets first. */
function under(limit: string, command: string, env: NodeJS.ProcessEnv = {}): { code: number | null; err: string } {
  const { status, stderr } = spawnSync(
    "sh",
    ["-c", `${limit}; exec "$0" "$@"`, process.execPath, cli, ...command.split(" ")],
    {
      encoding: "utf8",
      env: { ...process.env, ...env },
      timeout: 30_000,
    },
  );
  return { code: status, err: stderr };
}

const test = suite("tight limits");

test("this process's are read, and wide enough", () => {
  assert.is(whyTooTight(processLimits()), undefined);
  const text =
    "Limit                     Soft Limit           Hard Limit           Units     \nMax address space         unlimited            unlimited            bytes     \nMax open files            64                   1048576              files     \n";
  assert.is(softLimit("Max open files", text), 64);
  assert.is(softLimit("Max address space", text), Number.POSITIVE_INFINITY);
});

test("of memory, files or addresses are named with what raises them", () => {
  assert.is(whyTooTight(wide), undefined);
  assert.match(whyTooTight({ ...wide, heapBytes: 16 * mib }) ?? "", /only 16 MiB of memory .*--max-old-space-size/);
  assert.match(whyTooTight({ ...wide, openFiles: 64 }) ?? "", /only 64 files open at once.*ulimit -n/);
  assert.match(
    whyTooTight({ ...wide, addressSpaceBytes: 900 * mib }) ?? "",
    /only 900 MiB of address space.*ulimit -v/,
  );
});

test("the agent does not begin with too little memory, and says so", () => {
  // A little less than it takes: with much less, newer versions of Node end before the program is loaded.
  const { code, err } = under("true", `run --config ${config}`, { NODE_OPTIONS: "--max-old-space-size=24" });
  assert.is(code, 2, err);
  assert.match(err, /^chargetill: Node may use only \d+ MiB of memory for its objects, and the agent needs \d+/);
  assert.not.match(err, /\n {4}at /);
});

test("the agent does not begin with too few files, and says so", () => {
  const run = under("ulimit -n 64", `run --config ${config}`);
  assert.equal(
    [run.code, /only 64 files open at once, and needs 128: .*ulimit -n 1024/.test(run.err)],
    [2, true],
    run.err,
  );
  assert.not.match(run.err, /\n {4}at /);
});

test("a program whose own files cannot be opened any more ends in words, in JSON too", () => {
  const emfile = Object.assign(new Error("EMFILE: too many open files, open 'x.js'"), { code: "EMFILE" });
  const words = "this process has as many files open as it may (EMFILE): raise the limit";
  assert.ok(isForeseen(emfile), "no stack is printed");
  assert.is(endingOf(emfile, false).code, 75);
  assert.ok(endingOf(emfile, false).err?.startsWith(`chargetill: ${words}`));
  assert.ok(endingOf(emfile, true).out?.includes(words));
});

test("a disk that cannot be used for it is told with its cause", () => {
  const emfile = Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" });
  const { code, message } = diskFailure("open", "/x", emfile);
  assert.is(code, "disk/failed");
  assert.match(message, /^cannot open \/x: this process has as many files open as it may \(EMFILE\): raise the limit/);
});

test.run();

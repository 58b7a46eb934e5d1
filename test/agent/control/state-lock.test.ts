// One agent per state folder: against a real kernel with real processes and a real SIGKILL, and step by step on a
// simulated one, where a second process comes, or the first one dies, between any two operations.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import { StateLock } from "../../../agent/control/state-lock.js";
import { Failure } from "../../../agent/core/failure.js";
import { VolatileFiles } from "../../support/volatile-files.js";

const locks = suite("lock of the state folder");
const nowMs = Date.UTC(2026, 10, 22, 16, 0);

// Pids beyond Linux's limit (2^22): the simulated processes are no processes of this machine.
const [first, second, dead] = [5_000_001, 5_000_002, 5_000_003];
const startTicks = "4711";
const statOf = (pid: number): string =>
  `${pid} (node (chargetill)) S ${Array.from({ length: 18 }, () => "0").join(" ")} ${startTicks} 0`;

/** A machine with one boot, processes that run, and the lock of a process that was killed. */
function machine(options: { readonly running: readonly number[]; readonly staleLock: boolean }): VolatileFiles {
  const files = new VolatileFiles();
  for (const folder of ["/proc", "/proc/sys", "/proc/sys/kernel", "/proc/sys/kernel/random", "/state"])
    files.mkdirSync(folder);
  files.tamper("/proc/sys/kernel/random/boot_id", Buffer.from("boot-1\n"));
  for (const pid of options.running) run(files, pid);
  if (options.staleLock)
    files.tamper("/state/lock", Buffer.from(JSON.stringify({ pid: dead, startTicks, boot: "boot-1", sinceMs: 1 })));
  return files;
}
function run(files: VolatileFiles, pid: number): void {
  files.mkdirSync(`/proc/${pid}`);
  files.tamper(`/proc/${pid}/stat`, Buffer.from(statOf(pid)));
}

/**
 * The same disk for another process, on which `act` happens just before its n-th operation (and, if `always`, before
 * all that follow).
 */
function before(files: VolatileFiles, nth: number, act: () => void, always = false): VolatileFiles {
  let count = 0;
  return new Proxy(files, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...given: unknown[]): unknown => {
        count += 1;
        if (count === nth || (always && count > nth)) act();
        return Reflect.apply(member, target, given) as unknown;
      };
    },
  });
}

const takeAndRelease = (files: VolatileFiles, why: string): void => {
  const lock = tryTake(files, second);
  assert.ok(lock, why);
  lock.release();
};

const tryTake = (files: VolatileFiles, pid: number): StateLock | undefined => {
  try {
    return StateLock.take("/state", nowMs, files, pid);
  } catch (cause) {
    if (cause instanceof Failure && cause.code === "state/locked") return undefined;
    throw cause;
  }
};

for (const staleLock of [false, true])
  locks(
    `a second process between any two operations of the first: never two holders (${staleLock ? "a stale lock" : "no lock"} there)`,
    () => {
      let winners = { first: 0, second: 0 };
      for (let nth = 1; nth <= 40; nth += 1) {
        const files = machine({ running: [first, second], staleLock });
        let theirs: StateLock | undefined;
        const ours = tryTake(
          before(files, nth, () => (theirs = tryTake(files, second))),
          first,
        );
        assert.ok(!(ours && theirs), `two holders at operation ${nth}`);
        const holder = StateLock.holder("/state", files);
        assert.equal(holder?.pid, ours ? first : theirs ? second : undefined);
        winners = { first: winners.first + (ours ? 1 : 0), second: winners.second + (theirs ? 1 : 0) };
        ours?.release();
        theirs?.release();
        assert.deepEqual(files.readdirSync("/state"), [], "nothing stays behind");
      }
      assert.ok(winners.first > 0 && winners.second > 0, JSON.stringify(winners));
    },
  );

locks("a process that dies between any two operations leaves a lock that the next start takes", () => {
  for (const staleLock of [false, true])
    for (let nth = 1; nth <= 40; nth += 1) {
      const files = machine({ running: [first, second], staleLock });
      const kill = (): never => {
        throw new Error("killed");
      };
      let lock: StateLock | undefined;
      try {
        lock = StateLock.take("/state", nowMs, before(files, nth, kill, true), first);
      } catch {
        // Nothing that it tries to tidy up on the way out reaches the disk.
      }
      files.tamper(`/proc/${first}/stat`, undefined);
      const next = tryTake(files, second);
      assert.ok(next, `after operation ${nth}`);
      assert.equal(StateLock.holder("/state", files)?.pid, second);
      lock?.release();
      next.release();
    }
});

locks("a pid that came again, a zombie, and a lock from before a reboot do not hold", () => {
  const reused = machine({ running: [second, dead], staleLock: true });
  reused.tamper(`/proc/${dead}/stat`, Buffer.from(statOf(dead).replace(startTicks, "9999")));
  takeAndRelease(reused, "a pid that came again");
  const zombie = machine({ running: [second, dead], staleLock: true });
  zombie.tamper(`/proc/${dead}/stat`, Buffer.from(statOf(dead).replace(") S ", ") Z ")));
  takeAndRelease(zombie, "a zombie");
  const rebooted = machine({ running: [second, dead], staleLock: true });
  rebooted.tamper("/proc/sys/kernel/random/boot_id", Buffer.from("boot-2\n"));
  takeAndRelease(rebooted, "another boot");
  const torn = machine({ running: [second], staleLock: false });
  torn.tamper("/state/lock", Buffer.alloc(0));
  takeAndRelease(torn, "a lock that a power cut left empty");
});

locks("the refusal names the holder's process and since when", () => {
  const files = machine({ running: [first, second], staleLock: false });
  const lock = StateLock.take("/state", nowMs, files, first);
  assert.throws(
    () => StateLock.take("/state", nowMs, files, second),
    (cause) =>
      cause instanceof Failure &&
      cause.code === "state/locked" &&
      /process 5000001, since 2026-11-22T16:00:00\.000Z/.test(cause.message),
  );
  lock.release();
});

locks("a lock is given back once, and never somebody else's", () => {
  const files = machine({ running: [first, second], staleLock: false });
  const lock = StateLock.take("/state", nowMs, files, first);
  lock.release();
  const theirs = StateLock.take("/state", nowMs, files, second);
  lock.release();
  assert.equal(StateLock.holder("/state", files)?.pid, second);
  theirs.release();
  assert.equal(StateLock.holder("/state", files), undefined);
});

const racer = join(dirname(fileURLToPath(import.meta.url)), "lock-child.js");
type Racer = { readonly child: ChildProcess; ask(line: string): Promise<string> };
function startRacer(): Racer {
  const child = spawn(process.execPath, [racer], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const { value, done } = await lines.next();
      return done ? "gone" : value;
    },
  };
}

locks("real processes race for a stale lock: exactly one wins, each time", async () => {
  const folder = fs.mkdtempSync(join(os.tmpdir(), "chargetill-lock-"));
  const racers = Array.from({ length: 4 }, startRacer);
  try {
    const victim = startRacer();
    assert.equal(await victim.ask(`take ${folder}`), "held");
    victim.child.kill("SIGKILL");
    await once(victim.child, "exit");
    const stale = fs.readFileSync(join(folder, "lock"));
    for (let round = 0; round < 60; round += 1) {
      fs.writeFileSync(join(folder, "lock"), stale);
      const answers = await Promise.all(racers.map((each) => each.ask(`take ${folder}`)));
      assert.equal(answers.filter((answer) => answer === "held").length, 1, answers.join("\n"));
      await Promise.all(racers.map((each) => each.ask("drop")));
      assert.deepEqual(fs.readdirSync(folder), []);
    }
  } finally {
    for (const { child } of racers) child.kill();
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

locks("a process that ends gives its lock back", async () => {
  const folder = fs.mkdtempSync(join(os.tmpdir(), "chargetill-lock-"));
  const holder = startRacer();
  assert.equal(await holder.ask(`take ${folder}`), "held");
  assert.equal(StateLock.holder(folder)?.pid, holder.child.pid);
  holder.child.stdin?.end();
  await once(holder.child, "exit");
  assert.deepEqual(fs.readdirSync(folder), []);
  fs.rmSync(folder, { recursive: true });
});

locks.run();

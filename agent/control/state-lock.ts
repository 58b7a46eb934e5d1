// One agent per state folder: a lock file that names its holder. A holder that was killed, or that ran before a reboot,
// is known by its start time and boot, so that its lock is taken over at the next start and never stands in the way of
// a sale.

import { join } from "node:path";
import { Failure } from "../core/failure.js";
import { sha256Hex } from "../ledger/store/digest.js";
import { diskFailure, errorCode, takesNoMore } from "../ledger/store/disk.js";
import type { Files } from "../ledger/store/files.js";
import { openNew, realFiles } from "../ledger/store/files.js";

/**
 * A process as nothing else on this machine can be mistaken for it: pids come again, a pid with its start time and boot
 * does not.
 */
export type LockHolder = {
  readonly pid: number;
  readonly startTicks: string;
  readonly boot: string;
  readonly sinceMs: number;
};

/** Locks on locks: each level needs a process that died just while it took over a lock. */
const takeoverDepth = 8;
const tries = 16;

export class StateLock {
  readonly #onExit = (): void => this.release();

  private constructor(
    private readonly files: Files,
    readonly path: string,
    private readonly text: string,
  ) {
    process.once("exit", this.#onExit);
  }

  /**
   * Takes the lock of a state folder, for this process, until `release` or the end of the process. `nowMs` is told to
   * whoever finds it taken. Throws state/locked with the holder's pid and since when.
   */
  static take(folder: string, nowMs: number, files: Files = realFiles, pid = process.pid): StateLock {
    const text = JSON.stringify({
      pid,
      startTicks: startOf(files, pid) ?? "",
      boot: bootOf(files),
      sinceMs: nowMs,
    } satisfies LockHolder);
    const path = join(folder, "lock");
    acquire(files, path, text, pid, takeoverDepth);
    return new StateLock(files, path, text);
  }

  /** Who holds the lock of a state folder now, if anyone does. */
  static holder(folder: string, files: Files = realFiles): LockHolder | undefined {
    const text = textOf(files, join(folder, "lock"));
    const holder = text === undefined ? undefined : parse(text);
    return holder && lives(files, holder) ? holder : undefined;
  }

  /**
   * Asked before anything is touched, and without a write: a full disk must not hide that another agent runs. Throws
   * state/locked; a disk that cannot even be read is met again when the lock is taken, with contactors open.
   */
  static refuseSecond(folder: string, nowMs: number, files: Files = realFiles): void {
    let holder: LockHolder | undefined;
    try {
      holder = StateLock.holder(folder, files);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
    if (holder !== undefined && holder.pid !== process.pid) StateLock.take(folder, nowMs, files);
  }

  /** Gives the lock back. A lock that is no longer ours is left alone. */
  release(): void {
    process.off("exit", this.#onExit);
    drop(this.files, this.path, this.text);
  }
}

/**
 * Takes `path` for `text`. A free name is taken by link(2), which only one can win. A dead holder's lock is replaced by
 * rename(2), which anyone could do: so whoever wants to must first take the lock on this very takeover, whose name
 * holds the dead holder's identity, and then look again. A lock that has changed hands never goes back to the dead, so
 * nobody replaces a living lock.
 */
function acquire(files: Files, path: string, text: string, pid: number, depth: number): void {
  if (depth === 0)
    throw new Failure(
      "state/locked",
      `${path}: too many processes died while they took over this lock; remove ${path}* when no agent runs`,
    );
  const mine = `${path}.${pid}`;
  for (let left = tries; left > 0; left -= 1) {
    write(files, mine, text);
    try {
      files.linkSync(mine, path);
      return;
    } catch (cause) {
      if (errorCode(cause) !== "EEXIST") throw failed(path, cause);
    } finally {
      drop(files, mine, text);
    }
    const found = textOf(files, path);
    if (found === undefined) continue;
    const holder = parse(found);
    if (holder && lives(files, holder)) throw locked(path, holder);
    const takeover = `${path}.${sha256Hex(found).slice(0, 16)}`;
    acquire(files, takeover, text, pid, depth - 1);
    try {
      if (textOf(files, path) !== found) continue;
      write(files, mine, text);
      files.renameSync(mine, path);
      return;
    } catch (cause) {
      throw failed(path, cause);
    } finally {
      drop(files, takeover, text);
    }
  }
  throw new Failure(
    "state/locked",
    `${path} changes hands all the time: other agents are starting on this state folder`,
  );
}

function write(files: Files, path: string, text: string): void {
  try {
    const fd = openNew(files, path);
    try {
      // A torn line reads as dead, and it is not linked before it is whole.
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length; ) {
        const taken = files.writeSync(fd, bytes, done, bytes.length - done);
        if (taken <= 0) throw takesNoMore("disk");
        done += taken;
      }
    } finally {
      files.closeSync(fd);
    }
  } catch (cause) {
    throw failed(path, cause);
  }
}

function drop(files: Files, path: string, text: string): void {
  try {
    if (textOf(files, path) === text) files.unlinkSync(path);
  } catch {
    // A name that stays behind is that of a process about to end: the next start takes it over.
  }
}

function textOf(files: Files, path: string): string | undefined {
  try {
    return files.readFileSync(path).toString("utf8");
  } catch (cause) {
    // A process that ends while its /proc entry is read answers ESRCH.
    if (errorCode(cause) === "ENOENT" || errorCode(cause) === "ESRCH") return undefined;
    throw failed(path, cause);
  }
}

/**
 * Undefined for a text that no living process can have left: the name is linked only to a whole line, so a power cut
 * broke it.
 */
function parse(text: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<LockHolder> | null;
    const { pid, startTicks, boot, sinceMs } = holder ?? {};
    if (
      typeof pid !== "number" ||
      typeof startTicks !== "string" ||
      typeof boot !== "string" ||
      typeof sinceMs !== "number"
    )
      return undefined;
    return { pid, startTicks, boot, sinceMs };
  } catch {
    return undefined;
  }
}

function lives(files: Files, holder: LockHolder): boolean {
  if (holder.boot !== bootOf(files)) return false;
  const start = startOf(files, holder.pid);
  return start === undefined ? isHidden(holder.pid) : start === holder.startTicks;
}

/**
 * A process of another user may be there and /proc hide it from us (systemd's ProtectProc): then it counts as the
 * holder.
 */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (cause) {
    return errorCode(cause) === "EPERM";
  }
}

function bootOf(files: Files): string {
  return textOf(files, "/proc/sys/kernel/random/boot_id")?.trim() ?? "";
}

/**
 * Field 22 of /proc/<pid>/stat, in clock ticks since boot (proc(5)); undefined for a process that is gone or a zombie.
 */
function startOf(files: Files, pid: number): string | undefined {
  const stat = textOf(files, `/proc/${pid}/stat`);
  // The second field is the command in brackets and may hold anything, brackets too: count from the last one.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields && fields[0] !== "Z" && fields[0] !== "X" ? fields[19] : undefined;
}

function locked(path: string, holder: LockHolder): Failure {
  const since = new Date(holder.sinceMs).toISOString();
  return new Failure(
    "state/locked",
    `${path}: another agent runs on this state folder (process ${holder.pid}, since ${since}); stop it first, or ask it over its socket`,
  );
}

function failed(path: string, cause: unknown): Failure {
  return diskFailure("take the lock", path, cause);
}

// The only hand that writes: durable replace and durable append over `Files`. What returned is on the disk, with its
// name in its folder; what threw may or may not be. Measured: leave out any one fsync here and power cuts lose receipts
// that somebody already relied on.
import { dirname } from "node:path";
import { Failure } from "../../core/failure.js";
import { type Files, openNew, realFiles } from "./files.js";
import { tooManyFilesWords } from "./open-files.js";

const fileMode = 0o600;
const folderMode = 0o700;

/** Ends the names of files that were never finished: whatever bears it may be overwritten and counts for nothing. */
export const unfinishedSuffix = ".new";

/** Node's error code ("ENOENT"), or undefined for anything else that was thrown. */
export function errorCode(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}

/**
 * Whether the system said it: by a code of its own (EIO), one that libuv has no name for ("Unknown system error -122"),
 * or one of Node's file system (ERR_FS_FILE_TOO_LARGE). Node's other ERR_... codes are about a call that was made
 * wrongly: that is a defect of ours.
 */
const isSystemError = (cause: unknown): boolean =>
  /^(E[A-Z0-9]+|ERR_FS_\w+|Unknown system error .*)$/.test(errorCode(cause) ?? "");

/** EDQUOT, a full quota, is nameless in libuv. */
const noRoom: readonly (string | undefined)[] = ["ENOSPC", "EDQUOT", "Unknown system error -122"];

/** What is thrown where a write took nothing and named no error. */
export const takesNoMore = (what: string): Error =>
  Object.assign(new Error(`the ${what} takes no more bytes`), { code: "EIO" });

/**
 * The failure behind what the system answered: disk/full where there is no room, else disk/failed. Anything else that
 * was thrown on the way is no trouble with the disk, and is thrown again as it is.
 */
export function diskFailure(what: string, path: string, cause: unknown): Failure {
  if (!isSystemError(cause)) throw cause;
  const code = errorCode(cause);
  if (noRoom.includes(code))
    return new Failure(
      "disk/full",
      `cannot ${what} ${path}: the disk is full (${code}); free some space or use a larger card`,
      { cause },
    );
  if (code === "EROFS")
    return new Failure(
      "disk/failed",
      `cannot ${what} ${path}: the disk is mounted read-only (${code}); dmesg says why, and a card that did this by itself is replaced`,
      { cause },
    );
  if (code === "EACCES" || code === "EPERM")
    return new Failure(
      "disk/failed",
      `cannot ${what} ${path}: this user may not (${code}); use sudo, or the user that the state folder belongs to`,
      { cause },
    );
  const reason = tooManyFilesWords(code) ?? (cause instanceof Error ? cause.message : String(cause));
  return new Failure("disk/failed", `cannot ${what} ${path}: ${reason}`, { cause });
}

export class Disk {
  #bytesWritten = 0;
  #syncs = 0;
  /**
   * Called after each fsync: on a slow disk the proof that something still moves, though no timer can fire meanwhile.
   */
  onSync: () => void = () => undefined;
  /** Called after each file that was read: work over many files moves, though no timer can fire meanwhile. */
  onRead: () => void = () => undefined;

  constructor(readonly files: Files = realFiles) {}

  /**
   * Times that bytes or names were made to last since this Disk was made: each costs a card at least one block, however
   * few its bytes.
   */
  get syncs(): number {
    return this.#syncs;
  }

  /** One fsync or fdatasync has returned well. */
  synced(): void {
    this.#syncs += 1;
    this.onSync();
  }

  /** Bytes handed to the disk since this Disk was made: the measure of a card's wear. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** The bytes of a file, or undefined where there is none. Throws disk/failed. */
  read(path: string): Buffer | undefined {
    try {
      const bytes = this.files.readFileSync(path);
      this.onRead();
      return bytes;
    } catch (cause) {
      if (errorCode(cause) === "ENOENT") return undefined;
      throw diskFailure("read", path, cause);
    }
  }

  /** The permission bits of a file that is there. Throws disk/failed. */
  mode(path: string): number {
    try {
      return this.files.statSync(path).mode;
    } catch (cause) {
      throw diskFailure("look at", path, cause);
    }
  }

  /** The length of a file in bytes, or undefined where there is none. Throws disk/failed. */
  size(path: string): number | undefined {
    try {
      return this.files.statSync(path).size;
    } catch (cause) {
      if (errorCode(cause) === "ENOENT") return undefined;
      throw diskFailure("look at", path, cause);
    }
  }

  /** The names in a folder, sorted; none where there is no folder. Throws disk/failed. */
  list(folder: string): string[] {
    try {
      return this.files.readdirSync(folder).sort();
    } catch (cause) {
      if (errorCode(cause) === "ENOENT") return [];
      throw diskFailure("list", folder, cause);
    }
  }

  /**
   * What an unprivileged writer may still use on the disk that holds `path`: bytes, and files (inodes), infinitely many
   * where the file system does not count them. Throws disk/failed.
   */
  free(path: string): { readonly bytes: number; readonly files: number } {
    try {
      const { bavail, bsize, files, ffree } = this.files.statfsSync(path);
      return { bytes: bavail * bsize, files: files === 0 ? Number.POSITIVE_INFINITY : ffree };
    } catch (cause) {
      throw diskFailure("ask the free space of", path, cause);
    }
  }

  /**
   * Puts `bytes` in the place of the file, whole or not at all, mode 0600. When it returns they survive a power cut;
   * when it throws disk/failed or disk/full the old or the new file stands there, never a mixture.
   */
  replace(path: string, bytes: Uint8Array): void {
    const fresh = path + unfinishedSuffix;
    try {
      const fd = openNew(this.files, fresh);
      try {
        this.writeAll(fd, bytes);
        this.files.fsyncSync(fd);
        this.synced();
      } finally {
        this.files.closeSync(fd);
      }
      this.files.renameSync(fresh, path);
    } catch (cause) {
      this.#discard(fresh);
      throw diskFailure("write", path, cause);
    }
    this.syncFolder(dirname(path));
  }

  /**
   * Leaves a file for the next process, should this one die: nothing is awaited, so that it wears no card, and a power
   * cut may lose it or leave any part of it. Throws disk/failed or disk/full.
   */
  leave(path: string, bytes: Uint8Array): void {
    try {
      const fd = openNew(this.files, path);
      try {
        this.writeAll(fd, bytes);
      } finally {
        this.files.closeSync(fd);
      }
    } catch (cause) {
      throw diskFailure("write", path, cause);
    }
  }

  /**
   * Sends bytes to a device such as a printer, without waiting for it. Throws disk/failed where it is not there or
   * takes no more now.
   */
  print(device: string, bytes: Uint8Array): void {
    try {
      const fd = this.files.openDeviceSync(device);
      try {
        for (let sent = 0; sent < bytes.length; ) {
          const taken = this.files.writeSync(fd, bytes, sent, bytes.length - sent);
          if (taken <= 0) throw takesNoMore("device");
          sent += taken;
        }
      } finally {
        this.files.closeSync(fd);
      }
    } catch (cause) {
      throw diskFailure("print on", device, cause);
    }
  }

  /**
   * Takes a file away; one that is not there is no trouble. It may come back after a power cut: removal is not awaited.
   */
  remove(path: string): void {
    try {
      this.files.unlinkSync(path);
    } catch (cause) {
      if (errorCode(cause) !== "ENOENT") throw diskFailure("remove", path, cause);
    }
  }

  /**
   * Makes a folder (0700) and the missing ones above it. The folder above is fsynced even when nothing had to be made:
   * the run before us may have been killed between making and fsyncing.
   */
  makeFolder(path: string): void {
    const above = dirname(path);
    let made: boolean;
    try {
      if (!this.#isFolder(above)) this.makeFolder(above);
      made = !this.#isFolder(path);
      if (made) this.files.mkdirSync(path, { recursive: true, mode: folderMode });
    } catch (cause) {
      throw diskFailure("make the folder", path, cause);
    }
    try {
      this.syncFolder(above);
    } catch (cause) {
      // A folder that was made for us (by systemd, by an administrator) may stand in one that we cannot read: not ours
      // to fsync.
      const why = cause instanceof Failure ? errorCode(cause.cause) : undefined;
      if (made || (why !== "EACCES" && why !== "EPERM")) throw cause;
    }
  }

  /** Makes the names in a folder last: what was made, renamed or removed in it. */
  syncFolder(folder: string): void {
    try {
      const fd = this.files.openSync(folder, "r");
      try {
        this.files.fsyncSync(fd);
        this.synced();
      } finally {
        this.files.closeSync(fd);
      }
    } catch (cause) {
      throw diskFailure("fsync the folder", folder, cause);
    }
  }

  /**
   * Adds bytes to an existing file (made by `replace`, so that its name lasts) and waits until they last. Throws
   * disk/failed or disk/full.
   */
  appendOnce(path: string, bytes: Uint8Array): void {
    const appender = this.appender(path);
    try {
      appender.append(bytes);
    } finally {
      appender.close();
    }
  }

  /** Opens an existing file (made by `replace`, so that its name lasts) for durable appends. */
  appender(path: string): Appender {
    try {
      this.files.statSync(path);
      return new Appender(this, path, this.files.openSync(path, "a", fileMode));
    } catch (cause) {
      throw diskFailure("open", path, cause);
    }
  }

  /** Writes everything: a single write may take less than it was given and say so only in its answer. */
  writeAll(fd: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const taken = this.files.writeSync(fd, bytes, done, bytes.length - done);
      if (taken <= 0) throw takesNoMore("disk");
      done += taken;
      this.#bytesWritten += taken;
    }
  }

  #isFolder(path: string): boolean {
    try {
      return this.files.statSync(path).isDirectory();
    } catch (cause) {
      if (errorCode(cause) === "ENOENT") return false;
      throw cause;
    }
  }

  #discard(fresh: string): void {
    try {
      this.files.unlinkSync(fresh);
    } catch {
      // It holds space and nothing else; the next replace writes over it. The first fault is the one to tell.
    }
  }
}

/**
 * One open file that only grows. After one failed write or fsync nobody knows what it holds, so it takes nothing more.
 */
export class Appender {
  #failed: unknown;
  #closed = false;

  constructor(
    private readonly disk: Disk,
    readonly path: string,
    private readonly fd: number,
  ) {}

  /**
   * Adds bytes and waits until they last (one write, one fdatasync). Throws disk/failed or disk/full, from then on
   * always.
   */
  append(bytes: Uint8Array): void {
    if (this.#failed !== undefined || this.#closed) {
      const why = this.#failed instanceof Error ? this.#failed.message : `${this.path} was closed`;
      throw new Failure("disk/failed", `${this.path} takes no more entries: ${why}; start again`, {
        cause: this.#failed,
      });
    }
    try {
      this.disk.writeAll(this.fd, bytes);
      this.disk.files.fdatasyncSync(this.fd);
      this.disk.synced();
    } catch (cause) {
      // An fsync that is tried again after a failure answers "fine" though the bytes are gone: never on this
      // descriptor.
      this.#failed = cause;
      this.#failed = diskFailure("append to", this.path, cause);
      throw this.#failed;
    }
  }

  /**
   * Everything that was acknowledged lasts already: a fault in closing changes nothing. From here on its number may be
   * another file's.
   */
  close(): void {
    this.#closed = true;
    try {
      this.disk.files.closeSync(this.fd);
    } catch {
      return;
    }
  }
}

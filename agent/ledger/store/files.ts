// The edge of the machine where bytes are kept: the few calls of node:fs that the ledger uses, so that a test can stand
// in for the disk (and cut, fail or fill it) one inch above the system.
import fs from "node:fs";

/**
 * Synchronous on purpose: "written" must mean written before the next thing happens. Errors are Node's own, with
 * `code`.
 */
export interface Files {
  /** Throws ENOENT where there is none. */
  readFileSync(path: string): Buffer;
  openSync(path: string, flags: "a" | "ax" | "w" | "wx" | "r" | "r+", mode?: number): number;
  /** A device to write to, as it stands; writing to it never waits: where it is not ready, EAGAIN. */
  openDeviceSync(path: string): number;
  /** May write less than asked: the caller loops. */
  writeSync(fd: number, data: Uint8Array, offset: number, length: number): number;
  fsyncSync(fd: number): void;
  fdatasyncSync(fd: number): void;
  ftruncateSync(fd: number, size: number): void;
  closeSync(fd: number): void;
  renameSync(from: string, to: string): void;
  /** A second name for a file; throws EEXIST where the name is taken: the one atomic "only if nobody has it". */
  linkSync(existing: string, path: string): void;
  unlinkSync(path: string): void;
  mkdirSync(path: string, options: { recursive: true; mode: number }): string | undefined;
  readdirSync(path: string): string[];
  statSync(path: string): { readonly size: number; readonly mode: number; isDirectory(): boolean };
  /** Free space for an unprivileged writer; `files` and `ffree` are 0 where the file system does not count its files. */
  statfsSync(path: string): {
    readonly bavail: number;
    readonly bsize: number;
    readonly files: number;
    readonly ffree: number;
  };
}

/** How often a name that somebody keeps taking is taken back. */
const mostTakenNames = 3;

/**
 * Makes a file under a temporary name, for its owner alone. What bears that name already (a cut's leftover, a link that
 * somebody has laid into a shared folder) is taken away: it is never followed and never written into.
 */
export function openNew(files: Files, path: string): number {
  for (let taken = 0; ; taken += 1)
    try {
      return files.openSync(path, "wx", 0o600);
    } catch (cause) {
      const isTaken = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
      if (!isTaken || taken === mostTakenNames) throw cause;
      files.unlinkSync(path);
    }
}

/** The real disk. */
export const realFiles: Files = {
  readFileSync: (path) => fs.readFileSync(path),
  openSync: (path, flags, mode) => fs.openSync(path, flags, mode),
  openDeviceSync: (path) => fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY),
  writeSync: (fd, data, offset, length) => fs.writeSync(fd, data, offset, length),
  fsyncSync: fs.fsyncSync,
  fdatasyncSync: fs.fdatasyncSync,
  ftruncateSync: fs.ftruncateSync,
  closeSync: fs.closeSync,
  renameSync: fs.renameSync,
  linkSync: fs.linkSync,
  unlinkSync: fs.unlinkSync,
  mkdirSync: (path, options) => fs.mkdirSync(path, options),
  readdirSync: (path) => fs.readdirSync(path),
  statSync: (path) => fs.statSync(path),
  statfsSync: (path) => fs.statfsSync(path),
};

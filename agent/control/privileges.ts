// Root leaves nothing in the state folder that its owner could not read: a command that touches it goes on as that
// owner, in a process of its own. The files that its caller named stay the caller's: root opens what is read, and
// writes what is left behind, and no other.
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "../core/failure.js";
import { Disk } from "../ledger/store/disk.js";

/** The caller's files, by absolute path: what the command reads, and what it may leave. */
export type FileExchange = {
  readonly reads?: readonly string[];
  readonly leaves?: readonly string[];
  readonly log?: true;
};

type Handed = { readonly reads: readonly string[] };
type Left = { readonly path: string; readonly bytes: string };

const handedIn = "CHARGETILL_HANDED";
const leavesFd = 3;
const mostLeftBytes = 256 * 1024 * 1024;

function handed(): Handed | undefined {
  const text = process.env[handedIn];
  return text === undefined ? undefined : (JSON.parse(text) as Handed);
}

/** A file of the caller's; undefined where it has more than so many bytes. Throws what reading it throws. */
export function readGiven(path: string, mostBytes: number): Buffer | undefined {
  const index = handed()?.reads.indexOf(path) ?? -1;
  const fd = index < 0 ? openSync(path, "r") : leavesFd + 1 + index;
  try {
    return fstatSync(fd).size > mostBytes ? undefined : readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * A path as its caller meant it. The owner may not search the folder that root called from, so no way may lead through
 * it.
 */
export const reachable = (path: string): string => (handed() === undefined ? path : resolve(path));

/** A new file for the caller. Throws Failure disk/full, disk/failed. */
export function leaveFile(path: string, bytes: Uint8Array): void {
  if (handed() === undefined) return new Disk().replace(path, bytes);
  writeFileSync(leavesFd, `${JSON.stringify({ path, bytes: Buffer.from(bytes).toString("base64") } satisfies Left)}\n`);
}

/**
 * Does not return where this is root and the folder somebody else's: the command is run again as the owner, and ends as
 * that ended.
 */
export function becomeOwner(folder: string, { reads = [], leaves = [], log }: FileExchange = {}): void {
  if (process.getuid?.() !== 0) return;
  let owner: { readonly uid: number; readonly gid: number };
  try {
    owner = statSync(folder);
  } catch {
    return;
  }
  if (owner.uid === 0) return;
  // One that is missing is said to be so by the command itself.
  const given = reads.flatMap((path) => {
    try {
      return [{ path, fd: openSync(path, "r") }];
    } catch {
      return [];
    }
  });
  // ctrl-C is the command's to understand.
  process.on("SIGINT", () => undefined);
  // Debian's Node does not let a running process give up root (its answer to CVE-2024-22017): the command is started
  // again as the owner, with the owner's groups, which own the devices.
  const { error, status, output } = spawnSync(
    "setpriv",
    [
      "--reuid",
      String(owner.uid),
      "--regid",
      String(owner.gid),
      ...groupsOf(owner.uid, log),
      process.execPath,
      ...process.execArgv,
      ...process.argv.slice(1),
    ],
    {
      stdio: ["inherit", "inherit", "inherit", "pipe", ...given.map(({ fd }) => fd)],
      env: { ...process.env, [handedIn]: JSON.stringify({ reads: given.map(({ path }) => path) } satisfies Handed) },
      maxBuffer: mostLeftBytes,
    },
  );
  for (const { fd } of given) closeSync(fd);
  if (error !== undefined)
    throw new Failure(
      "usage/invalid",
      `${folder} belongs to another user, and root would leave files in it which ` +
        `that user cannot read; run this as its owner (${error.message})`,
      { cause: error },
    );
  for (const line of (output[leavesFd]?.toString() ?? "").split("\n").filter((text) => text !== "")) {
    const { path, bytes } = JSON.parse(line) as Left;
    if (leaves.includes(path)) new Disk().replace(path, Buffer.from(bytes, "base64"));
  }
  process.exit(status ?? 1);
}

/** The owner's groups; with them the one that may read the system's log, for an archive that holds it. */
function groupsOf(uid: number, log: true | undefined): string[] {
  const told = (command: string, ...words: string[]): string =>
    spawnSync(command, words, { encoding: "utf8" }).stdout?.trim() ?? "";
  const journal = log === true ? told("getent", "group", "systemd-journal").split(":")[2] : undefined;
  const own = told("id", "-G", String(uid))
    .split(" ")
    .filter((group) => /^\d+$/.test(group));
  return journal === undefined || own.length === 0
    ? ["--init-groups"]
    : ["--groups", [...new Set([...own, journal])].join(",")];
}

// A process held to so much memory as the service has: in a control group of its own, where this machine lets one be
// made, as systemd would make it; else by V8's limit alone, and that is said.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = "/sys/fs/cgroup";

type Kind = {
  readonly folder: string;
  readonly limit: string;
  readonly peak: string;
  readonly swap: readonly [string, string];
};
const v2: Kind = { folder: root, limit: "memory.max", peak: "memory.peak", swap: ["memory.swap.max", "0"] };
const v1: Kind = {
  folder: join(root, "memory"),
  limit: "memory.limit_in_bytes",
  peak: "memory.max_usage_in_bytes",
  swap: ["memory.swappiness", "0"],
};

export class MemoryLimit {
  private constructor(
    private readonly group: string,
    private readonly kind: Kind,
  ) {}

  /** Or, in words, why there is none on this machine. */
  static open(name: string, bytes: number): MemoryLimit | string {
    const kind = existsSync(join(root, "cgroup.controllers")) ? v2 : v1;
    const group = join(kind.folder, `chargetill-${name}-${process.pid}`);
    try {
      if (kind === v2) writeFileSync(join(root, "cgroup.subtree_control"), "+memory");
      mkdirSync(group);
      const limit = new MemoryLimit(group, kind);
      writeFileSync(join(group, kind.limit), String(bytes));
      const [swap, none] = kind.swap;
      if (existsSync(join(group, swap))) writeFileSync(join(group, swap), none);
      return limit;
    } catch (error) {
      try {
        rmdirSync(group);
      } catch {
        // It was not made.
      }
      return `no control group with a memory limit can be made here (${error instanceof Error ? error.message : String(error)})`;
    }
  }

  /** Before a command: its process enters the group first, and is counted from its first byte on. */
  get through(): readonly string[] {
    return ["/bin/sh", "-c", `echo $$ > "$0" && exec "$@"`, join(this.group, "cgroup.procs")];
  }

  /** The most that was in use at once, in MiB. */
  get peakMiB(): number {
    return Number(readFileSync(join(this.group, this.kind.peak), "utf8")) / 1024 / 1024;
  }

  /** When nothing runs in it any more. */
  close(): void {
    rmdirSync(this.group);
  }
}

// What a machine says of its own clock and disk, for the doctor: who sets the clock and how far it is off, whether the
// file system is well, and how worn its card is. What cannot be known is said to be unknown: no answer does not mean fine.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** `warn`: it sells all the same. `fault`: it does not, or must not. `why` and `fix` are there unless all is well. */
export type Finding = {
  readonly check: string;
  readonly value: string;
  readonly verdict: "ok" | "warn" | "fault";
  readonly why?: string;
  readonly fix?: string;
};

/** A check that found all well. */
export const okFinding = (check: string, value: string): Finding => ({ check, value, verdict: "ok" });
/** One that found what can wait, why it matters and what to do. */
export const warnFinding = (check: string, value: string, why: string, fix: string): Finding => ({
  check,
  value,
  verdict: "warn",
  why,
  fix,
});
/** One that found what keeps a station from selling, or should. */
export const faultFinding = (check: string, value: string, why: string, fix: string): Finding => ({
  check,
  value,
  verdict: "fault",
  why,
  fix,
});

/** The machine as its files and commands tell of it; undefined = it does not tell. */
export type MachineStatus = {
  text(path: string): string | undefined;
  names(folder: string): readonly string[];
  /** Where a link leads. */
  target(path: string): string | undefined;
  output(command: string, ...args: readonly string[]): string | undefined;
};

const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};

/** This machine, or the one whose files lie under `root`. */
export const machineAt = (root: string): MachineStatus => ({
  text: (path) => attempt(() => readFileSync(join(root, path), "utf8").trim()),
  names: (folder) => attempt(() => readdirSync(join(root, folder))) ?? [],
  target: (path) => attempt(() => realpathSync(join(root, path))),
  output: (command, ...args) => {
    const { status, stdout } = spawnSync(command, [...args], {
      encoding: "utf8",
      timeout: 5_000,
      env: { ...process.env, LC_ALL: "C" },
    });
    return status === 0 ? stdout.trim() : undefined;
  },
});
/** The machine that this runs on. */
export const machineHere = machineAt("/");

/** A bill's times are of the second: more than that is worth a word. */
const mostOffsetS = 0.5;
/** A clock chip tells whole seconds and is written every eleven minutes. */
const mostRtcOffsetS = 3;

/** Who sets the clock and how far it was off, and what the clock chip says. `wallMs` = the system's time. */
export function clockHealth(wallMs: number, machine: MachineStatus): Finding[] {
  return [clockSource(machine), clockChip(wallMs, machine)];
}

function clockSource(machine: MachineStatus): Finding {
  const judge = (value: string, offsetS: number): Finding =>
    Math.abs(offsetS) <= mostOffsetS
      ? okFinding("clock source", value)
      : warnFinding(
          "clock source",
          value,
          `the clock is ${Math.abs(offsetS).toFixed(1)} s off`,
          "see that the time server can be reached, then wait, or: chronyc makestep; timedatectl set-ntp true",
        );
  // chronyc -c tracking: reference id, name, stratum, reference time, system time (s), last offset, RMS offset,
  // frequency (ppm), ..., leap status.
  const [, name = "", stratum = "", , offset = "", , , ppm = ""] =
    machine.output("chronyc", "-c", "tracking")?.split(",") ?? [];
  if (name !== "" && Number(stratum) > 0)
    return judge(
      `chrony by ${name} (stratum ${stratum}), ${seconds(Number(offset))} off, its crystal ${Number(ppm).toFixed(1)} ppm`,
      Number(offset),
    );
  const status = machine.output("timedatectl", "timesync-status") ?? "";
  const field = (key: string): string | undefined => new RegExp(`^\\s*${key}: (.+)$`, "m").exec(status)?.[1];
  const server = field("Server");
  const told = offsetOf(field("Offset"));
  if (server !== undefined && told !== undefined)
    return judge(
      `systemd-timesyncd by ${server}, ${seconds(told)} off` +
        `${field("Frequency") === undefined ? "" : `, its crystal ${field("Frequency") ?? ""}`}`,
      told,
    );
  if (server !== undefined)
    return warnFinding(
      "clock source",
      `systemd-timesyncd by ${server}`,
      "the server has not answered yet, so the offset of the clock is unknown",
      "timedatectl timesync-status",
    );
  return warnFinding(
    "clock source",
    "unknown",
    "no NTP server found (chronyc, timedatectl)",
    "install chrony or systemd-timesyncd, and give the station a time server it can reach",
  );
}

const seconds = (value: number): string =>
  Math.abs(value) < 1 ? `${(value * 1_000).toFixed(1)} ms` : `${value.toFixed(1)} s`;

/** `+1.2ms`, `-35us`, `2.5s`, `1min 3.2s` -> seconds. */
function offsetOf(text: string | undefined): number | undefined {
  const units: ReadonlyMap<string, number> = new Map(Object.entries({ us: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3_600 }));
  const parts = [...(text ?? "").matchAll(/([\d.]+)(us|ms|min|s|h)\b/g)];
  if (parts.length === 0) return undefined;
  return (
    parts.reduce((sum, [, value, unit]) => sum + Number(value) * (units.get(unit ?? "") ?? 0), 0) *
    (text?.startsWith("-") === true ? -1 : 1)
  );
}

function clockChip(wallMs: number, machine: MachineStatus): Finding {
  const [chip] = machine.names("/sys/class/rtc");
  if (chip === undefined)
    return okFinding("clock chip", "none: after a power cut the time is unknown until a time server answers");
  const name = machine.text(`/sys/class/rtc/${chip}/name`) ?? chip;
  const told = machine.text(`/sys/class/rtc/${chip}/since_epoch`);
  if (told === undefined || !/^\d+$/.test(told))
    return warnFinding(
      "clock chip",
      name,
      "its time could not be read: its offset is unknown",
      "hwclock --show --verbose; a chip that was never set needs a battery and: hwclock --systohc",
    );
  const offsetS = Number(told) - wallMs / 1_000;
  const value = `${name}, ${offsetS.toFixed(0)} s off the system's time`;
  return Math.abs(offsetS) <= mostRtcOffsetS
    ? okFinding("clock chip", value)
    : warnFinding(
        "clock chip",
        value,
        "after a power cut the station would begin with a wrong time",
        "once the system's time is right: hwclock --systohc; a chip that loses it again needs a new battery",
      );
}

/** The file system under a folder: writable, without errors, and how worn the card is. */
export function diskHealth(folder: string, machine: MachineStatus): Finding[] {
  const mount = mountOf(folder, machine);
  if (mount === undefined) return [warnFinding("disk health", folder, "the disk under it is unknown", "df shows it")];
  const { device, type, readOnly } = mount;
  const where = `${device ?? "no disk"} (${type})`;
  if (readOnly)
    return [
      faultFinding(
        "disk health",
        where,
        "the file system is mounted read-only: after an error, or on purpose",
        "dmesg says which; a card that did this once is replaced, with a backup of the state folder",
      ),
    ];
  const errors = device === undefined ? undefined : machine.text(`/sys/fs/ext4/${device}/errors_count`);
  if (errors !== undefined && errors !== "0")
    return [
      warnFinding(
        "disk health",
        where,
        `the file system has counted ${errors} errors: the card may be dying`,
        "back up the state folder and replace the card",
      ),
      ...wear(device, machine),
    ];
  return [
    okFinding(
      "disk health",
      `${where}, writable, ${errors === undefined ? "this kind counts no errors" : "no errors counted"}`,
    ),
    ...wear(device, machine),
  ];
}

type Mount = { readonly device: string | undefined; readonly type: string; readonly readOnly: boolean };

/**
 * The mount that holds a path, by /proc/self/mountinfo (proc(5)): id, parent, major:minor, root, mount point, options,
 * ... - type, source, options.
 */
function mountOf(folder: string, machine: MachineStatus): Mount | undefined {
  const lines = (machine.text("/proc/self/mountinfo") ?? "").split("\n").map((line) => line.split(" "));
  const holds = (point: string): boolean => point === "/" || folder === point || folder.startsWith(`${point}/`);
  // Where two are mounted at one point, the later one is what is seen.
  const found = lines
    .filter(([, , , , point]) => point !== undefined && holds(point.replaceAll("\\040", " ")))
    .reduce<string[] | undefined>(
      (best, line) => ((line[4]?.length ?? 0) >= (best?.[4]?.length ?? 0) ? line : best),
      undefined,
    );
  const dash = found?.indexOf("-") ?? -1;
  if (found === undefined || dash < 0) return undefined;
  const block = machine.target(`/sys/dev/block/${found[2] ?? ""}`);
  // A newer kernel that gave a file system up after an error goes on saying "rw", and emergency_ro beside it.
  const readOnly = [found[5], found[dash + 3]].some(
    (options) => options?.split(",").some((option) => option === "ro" || option === "emergency_ro") === true,
  );
  return { device: block === undefined ? undefined : basename(block), type: found[dash + 1] ?? "", readOnly };
}

/**
 * Whether a folder lies on an encrypted device (dm-crypt, also beneath LVM); undefined where that cannot be told, as on
 * a file system in memory.
 */
export function isEncrypted(folder: string, machine: MachineStatus): boolean | undefined {
  const device = mountOf(folder, machine)?.device;
  if (device === undefined) return undefined;
  const isCrypt = (name: string): boolean =>
    (machine.text(`/sys/class/block/${name}/dm/uuid`) ?? "").startsWith("CRYPT-");
  return isCrypt(device) || machine.names(`/sys/class/block/${device}/slaves`).some(isCrypt);
}

/**
 * eMMC tells in tenths how much of its life is used (its DEVICE_LIFE_TIME_EST and PRE_EOL_INFO); an SD card tells
 * nothing.
 */
function wear(device: string | undefined, machine: MachineStatus): Finding[] {
  if (device === undefined) return [];
  const block = machine.target(`/sys/class/block/${device}`);
  const disk =
    block !== undefined && machine.text(`/sys/class/block/${device}/partition`) !== undefined
      ? basename(dirname(block))
      : device;
  const lives = (machine.text(`/sys/block/${disk}/device/life_time`) ?? "")
    .split(/\s+/)
    .map(Number)
    .filter((tenths) => tenths > 0);
  if (lives.length === 0)
    return [
      okFinding(
        "disk wear",
        disk.startsWith("mmcblk") ? `${disk} does not tell (an SD card)` : `${disk} does not tell here`,
      ),
    ];
  const worst = Math.max(...lives);
  const value =
    worst > 10
      ? `${disk}: worn beyond its rated life`
      : `${disk}: ${(worst - 1) * 10} to ${worst * 10} % of its life is used`;
  const spare = Number(machine.text(`/sys/block/${disk}/device/pre_eol_info`) ?? "0");
  if (worst > 10 || spare >= 3)
    return [faultFinding("disk wear", value, "it may fail any day", "back up the state folder and replace it now")];
  if (worst > 8 || spare === 2) return [warnFinding("disk wear", value, "it is nearly worn out", "plan to replace it")];
  return [okFinding("disk wear", value)];
}

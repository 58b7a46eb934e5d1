// What keeps a serial port from serving its meters, told by the port's own file and by who else is at it: a hint that
// names the wrong cause costs a technician's day.
import { accessSync, constants, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { SerialPortConfig } from "../../../config/schema.js";

/** `isFault`: no meter is read by this port; else it is a weakness. */
export type SerialPortTrouble = { readonly isFault: boolean; readonly why: string; readonly fix: string };

const isOnBoard = (path: string): boolean => /\/(tty(AMA|S|SC)\d+|serial\d)$/.test(path);
/** The UART of a Pi's VideoCore that Bluetooth leaves to the header: it knows no parity bit (BCM2835 peripherals, 2.1). */
const miniUart = "brcm,bcm2835-aux-uart";
/** Screen readers for Braille displays claim the adapters that such displays have. */
const brailleRules = ["usr/lib/udev/rules.d", "lib/udev/rules.d"] as const;

/**
 * What is wrong with a port, the worst first; undefined where nothing is seen. `ours` = the processes that may use it;
 * `root` = a test's own tree in place of the machine's.
 */
export function serialPortTrouble(
  { path, parity }: Pick<SerialPortConfig, "path" | "parity">,
  ours: readonly number[] = [process.pid],
  root = "/",
): SerialPortTrouble | undefined {
  const file = join(root, path);
  const blocked = whyNotOpened(path, root) ?? whoUses(file, ours, root);
  if (blocked !== undefined) return blocked;
  const device = basename(real(file));
  const parts = text(join(root, "sys/class/tty", device, "device/of_node/compatible")) ?? "";
  if (parity !== "none" && parts.includes(miniUart))
    return {
      isFault: true,
      why: `${device} is the Pi's mini UART, which has no parity bit: it cannot speak to a meter with ${parity} parity`,
      fix: "set parity none at the meter and here, or use /dev/ttyAMA0 (dtoverlay=disable-bt in config.txt)",
    };
  if (new RegExp(`console=${device}\\b`).test(text(join(root, "proc/cmdline")) ?? ""))
    return {
      isFault: false,
      why: "the kernel writes its messages to it, into the meters' line",
      fix: `take console=${device} out of /boot/firmware/cmdline.txt and restart`,
    };
  if (/\/tty(USB|ACM)\d+$/.test(path))
    return {
      isFault: false,
      why: "this name changes when plugs are moved",
      fix: "use the name under /dev/serial/by-id (chargetill ports)",
    };
  return undefined;
}

/** Why the port cannot be opened by this user at all. */
function whyNotOpened(path: string, root = "/"): SerialPortTrouble | undefined {
  const file = join(root, path);
  try {
    statSync(file);
  } catch {
    return { isFault: true, why: "it is not there", fix: whereItWent(path, root) };
  }
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return { isFault: true, why: "this user may not open it", fix: accessFix(file, root) };
  }
}

function whereItWent(path: string, root: string): string {
  if (/ttySC\d+$/.test(path))
    return "load the chip's overlay in config.txt, such as dtoverlay=sc16is752-spi1, and restart";
  if (isOnBoard(path)) return "enable_uart=1 in /boot/firmware/config.txt, then restart";
  if (brailleRules.some((folder) => folderNames(join(root, folder)).some((name) => name.includes("brltty"))))
    return "brltty takes adapters with such chips for Braille displays: apt remove brltty, then plug the adapter in again";
  return "plug the adapter in; chargetill ports shows what is there";
}

/** What lets this user open a file, by the group that the file belongs to. */
export function accessFix(file: string, root = "/"): string {
  const { gid, mode } = statSync(file);
  const group = groupName(gid, root);
  return gid === 0 || (mode & 0o060) !== 0o060
    ? `its group ${group} may not open it either: a udev rule must give it to a group that may`
    : `add the user to the group ${group}, to which it belongs`;
}

function groupName(gid: number, root: string): string {
  const line = (text(join(root, "etc/group")) ?? "").split("\n").find((one) => one.split(":")[2] === String(gid));
  return line?.split(":")[0] ?? String(gid);
}

/** Another program at the port; whose files this user may not see is not found. */
function whoUses(file: string, ours: readonly number[], root: string): SerialPortTrouble | undefined {
  const device = real(file);
  const name = basename(device);
  for (const pid of folderNames(join(root, "proc")).filter((one) => /^\d+$/.test(one))) {
    if (ours.includes(Number(pid))) continue;
    const folder = join(root, "proc", pid);
    const program = (text(join(folder, "comm")) ?? "?").trim();
    const words = (): string[] => (text(join(folder, "cmdline")) ?? "").split("\0");
    const isConsole = program === "agetty" && words().some((word) => word === name || word === `/dev/${name}`);
    const isOpen = folderNames(join(folder, "fd")).some((fd) => link(join(folder, "fd", fd)) === device);
    if (isConsole || isOpen)
      return { isFault: true, why: `${program} (process ${pid}) uses it`, fix: programFix(program, name) };
  }
  return undefined;
}

function programFix(program: string, device: string): string {
  if (program === "agetty")
    return (
      `a login console runs on it: systemctl disable --now serial-getty@${device}, and take its console= out of ` +
      "/boot/firmware/cmdline.txt"
    );
  if (program === "brltty") return "apt remove brltty, then plug the adapter in again";
  if (program === "ModemManager") return "systemctl disable --now ModemManager";
  return `stop ${program}: one program only can use the line`;
}

/** Why an open failed, by the error's own words and by what is seen of the port. */
export function openFailureWords(path: string, message: string): string {
  const trouble = whyNotOpened(path) ?? whoUses(path, [process.pid], "/");
  if (trouble !== undefined) return `${trouble.why}: ${trouble.fix}`;
  if (/lock|busy|temporarily unavailable/i.test(message))
    return "another program uses it: sudo chargetill doctor names it";
  return "is it a serial port?";
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The names in a folder; none where it cannot be read. */
export function folderNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function link(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Where a path leads; itself where that cannot be told. */
export function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

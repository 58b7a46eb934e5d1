// Which doors this machine has: serial ports under the names that stay, SPI devices, the GPIO chip. It only looks, and
// opens none of them but to ask a chip for its label.
import { accessSync, constants, readFileSync } from "node:fs";
import { join } from "node:path";
import { DeviceError } from "../driver.js";
import { listChips } from "../gpio/port/chip-port.js";
import { accessFix, folderNames, real } from "../meter/port/serial-port.js";

/** `name` is what belongs into the config; `why` says why this user may not open it. */
export type PortFound = {
  readonly kind: "serial" | "spi" | "gpio";
  readonly name: string;
  readonly device: string;
  readonly usable: boolean;
  readonly why?: string;
};

/** Everything found under `root` (a test's own tree; else the machine's). */
export function findPorts(root = "/"): PortFound[] {
  return [...serialPorts(root), ...spiDevices(root), ...gpioChips(root), ...charDeviceChips(root)];
}

function serialPorts(root: string): PortFound[] {
  const devices = new Map<string, string>();
  for (const name of folderNames(join(root, "dev")))
    if (/^tty(USB|ACM|AMA|SC)\d+$/.test(name) || name === "serial0")
      devices.set(real(join(root, "dev", name)), join("/dev", name));
  // The name by id is that of the adapter itself: it stays when plugs are moved. Of adapters without a number of their
  // own only one has it, and the others are known by the place where they are plugged in.
  for (const folder of ["by-path", "by-id"])
    for (const name of folderNames(join(root, "dev/serial", folder)))
      devices.set(real(join(root, "dev/serial", folder, name)), join("/dev/serial", folder, name));
  return [...devices]
    .map(([device, name]) => found("serial", name, device, root))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function spiDevices(root: string): PortFound[] {
  const names = folderNames(join(root, "dev")).filter((name) => /^spidev\d+\.\d+$/.test(name));
  return names.sort().map((name) => found("spi", join("/dev", name), join(root, "dev", name), root));
}

/** The pins are reached through sysfs: what counts is whether `export` may be written. */
function gpioChips(root: string): PortFound[] {
  const folder = join(root, "sys/class/gpio");
  return folderNames(folder)
    .filter((name) => name.startsWith("gpiochip"))
    .map((name) => {
      let label = "?";
      try {
        label = readFileSync(join(folder, name, "label"), "utf8").trim();
      } catch {
        // A chip that goes away while it is looked at has no label.
      }
      return { ...found("gpio", label, join(folder, "export"), root), device: join("/sys/class/gpio", name) };
    });
}

/** The chips of a kernel whose GPIO has no sysfs. */
function charDeviceChips(root: string): PortFound[] {
  const names = folderNames(join(root, "dev")).filter((name) => /^gpiochip\d+$/.test(name));
  if (names.length === 0 || folderNames(join(root, "sys/class/gpio")).includes("export")) return [];
  let chips: ReturnType<typeof listChips> = [];
  try {
    chips = listChips(root);
  } catch (error) {
    // Without its program a chip has no label.
    if (!(error instanceof DeviceError)) throw error;
  }
  return names.sort().map((name) => {
    const label = chips.find(({ device }) => device === `/dev/${name}`)?.label ?? "?";
    return found("gpio", label, join(root, "dev", name), root);
  });
}

function found(kind: PortFound["kind"], name: string, path: string, root: string): PortFound {
  const device = path.startsWith(root) ? join("/", path.slice(root.length)) : path;
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return { kind, name, device, usable: true };
  } catch {
    try {
      accessSync(path, constants.W_OK);
      return { kind, name, device, usable: true };
    } catch {
      return {
        kind,
        name,
        device,
        usable: false,
        why: `this user may not open it: ${accessFix(path, root)}`,
      };
    }
  }
}

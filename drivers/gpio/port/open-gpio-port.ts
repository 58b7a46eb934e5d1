// The pins of this machine, by what its kernel has: sysfs by onoff, else the character device. Native: import this file
// only when the config names real pins.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ChipPort } from "./chip-port.js";
import type { GpioPort } from "./gpio-port.js";
import { OnoffPort } from "./onoff-port.js";

/** Opens them; `root` holds what is looked at for the choice. Throws DeviceError gpio/missing, also where there are none. */
export function openGpioPort(root = "/"): GpioPort {
  const hasChips = readdirSync(join(root, "dev")).some((name) => /^gpiochip\d+$/.test(name));
  return existsSync(join(root, "sys/class/gpio/export")) || !hasChips ? new OnoffPort() : new ChipPort();
}

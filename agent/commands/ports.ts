// chargetill ports: the serial ports, SPI devices and GPIO chips of this machine, under the names that belong into the
// config.
import type { Command } from "commander";
import { loadConfig } from "../../config/load.js";
import { findPorts, type PortFound } from "../../drivers/machine/find-ports.js";
import { defaultConfig, printResult, type StationOptions, stationCommand, tableLines } from "./shared/command.js";

const hints: Readonly<Record<PortFound["kind"], string>> = {
  serial: "no serial port: plug the RS-485 adapter in; dmesg says whether the kernel knows it",
  spi: "no SPI device: put dtparam=spi=on into /boot/firmware/config.txt and restart",
  gpio: "no GPIO chip in /sys/class/gpio or at /dev/gpiochip*: this is not a Raspberry Pi, or its kernel has no GPIO",
};

/** `chargetill ports`. Exit 1 when the config names a device that is not there or may not be used. */
export function portsCommand(): Command {
  return stationCommand("ports", "the serial ports, SPI devices and GPIO chips of this machine", "ports").action(
    (where: StationOptions) => {
      const ports = findPorts();
      const { names, bench } = namedIn(where.config ?? defaultConfig);
      const rows = ports.map((port) => ({
        ...port,
        inConfig: names.includes(port.name) || names.includes(port.device),
      }));
      const missing = bench
        ? []
        : names.filter((name) => !rows.some((row) => row.name === name || row.device === name));
      const lines = rows.map(({ kind, name, device, usable, why, inConfig }) => [
        kind,
        name,
        name === device ? "" : device,
        inConfig ? "in the config" : "",
        usable ? "usable" : (why ?? ""),
      ]);
      const absent = (["serial", "spi", "gpio"] as const)
        .filter((kind) => !rows.some((row) => row.kind === kind))
        .map((kind) => hints[kind]);
      printResult(where, { ports: rows, missing }, [
        ...tableLines(lines),
        ...missing.map((name) => `MISSING  ${name}, which the config names`),
        ...absent,
      ]);
      process.exitCode = missing.length === 0 && rows.every(({ inConfig, usable }) => usable || !inConfig) ? 0 : 1;
    },
  );
}

/** The devices that a config names; a config that is missing or wrong names none. */
function namedIn(file: string): { readonly names: readonly string[]; readonly bench: boolean } {
  const read = loadConfig(file);
  if (!read.ok) return { names: [], bench: false };
  const { serialPorts, readers, bench } = read.loaded.config;
  const spi = Object.values(readers).map((reader) => `/dev/spidev${reader.spi.bus}.${reader.spi.device}`);
  return { names: [...Object.values(serialPorts).map(({ path }) => path), ...spi], bench: bench !== undefined };
}

// Where the small program chargetill-pins is, which opens the contactors when the agent cannot. The package brings it; on
// a checkout it is compiled from pins/*.c when it is first wanted, and again when a source of it has changed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeviceError } from "../../driver.js";

/** The checkout, or the package's folder: this file lies in dist/drivers/gpio/port of it. */
const home = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..");
const name = "chargetill-pins";
const compiler = process.env["CC"] ?? "cc";
const flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fstack-protector-strong"];
const compileWithinMs = 60_000;

/** The program's path. Throws DeviceError gpio/missing where it is not there and cannot be compiled. */
export function pinsProgram(): string {
  const packaged = join(home, name);
  if (existsSync(packaged)) return packaged;
  const folder = join(home, "drivers", "gpio", "pins");
  const compiled = join(home, "dist", name);
  const newest = Math.max(...readdirSync(folder).map((file) => statSync(join(folder, file)).mtimeMs));
  if (!existsSync(compiled) || statSync(compiled).mtimeMs < newest) compilePins(folder, compiled);
  return compiled;
}

/** Compiles a C source, or all of a folder. Throws DeviceError gpio/missing with the compiler's words. */
export function compilePins(source: string, program: string, more: readonly string[] = []): void {
  const sources = statSync(source).isDirectory()
    ? readdirSync(source)
        .filter((file) => file.endsWith(".c"))
        .map((file) => join(source, file))
    : [source];
  mkdirSync(dirname(program), { recursive: true });
  const fresh = `${program}.${process.pid}.new`;
  const { status, stderr, error } = spawnSync(compiler, [...flags, ...more, "-o", fresh, ...sources], {
    encoding: "utf8",
    timeout: compileWithinMs,
  });
  if (status !== 0)
    throw new DeviceError(
      "gpio/missing",
      `${name} is not there and cannot be compiled by ${compiler}: ${error?.message ?? stderr.trim()}`,
    );
  renameSync(fresh, program);
}

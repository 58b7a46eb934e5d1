// The tariffs that this station sells by: read from OCPI files, chosen by id and validity. No tariff, no sale.
import { readFileSync, statSync } from "node:fs";
import { Failure } from "./failure.js";
import { inForce, parseTariff, type Tariff } from "./core/tariff.js";

const largestFile = 4 * 1024 * 1024;

/** Reads one OCPI tariff file. Throws Failure tariff/invalid naming file, path and what is wrong. */
export function readTariff(file: string): Tariff {
  let json: unknown;
  try {
    if (statSync(file).size > largestFile) throw new Failure("tariff/invalid", `${file}: larger than 4 MiB, which no tariff is`);
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "no such file" : cause instanceof SyntaxError ? `not valid JSON: ${cause.message}` : `cannot be read (${code ?? String(cause)})`;
    throw new Failure("tariff/invalid", `${file}: ${why}`, { cause });
  }
  const parsed = parseTariff(json);
  if (parsed.ok) return parsed.tariff;
  const shown = parsed.faults.slice(0, 5).map(({ path, message }) => `${file}: ${path === "" ? "the tariff" : path}: ${message}`);
  throw new Failure("tariff/invalid", [...shown, ...(parsed.faults.length > 5 ? [`… and ${parsed.faults.length - 5} more`] : [])].join("\n"));
}

/** The tariff of that id that is in force at `atMs`; the newest start wins where two are. */
export function tariffAt(tariffs: readonly Tariff[], id: string, atMs: number): Tariff | undefined {
  return tariffs
    .filter((tariff) => tariff.id === id && inForce(tariff, atMs))
    .sort((a, b) => (b.startMs ?? Number.NEGATIVE_INFINITY) - (a.startMs ?? Number.NEGATIVE_INFINITY))[0];
}

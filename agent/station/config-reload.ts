// What a reload may take up while sessions run: tariffs and cards. Everything else is wired, opened or signed by its
// old value.
import type { Config } from "../../config/schema.js";

const safe: readonly string[] = ["tariffs", "tokens"] satisfies readonly (keyof Config)[];

/** Why the new config cannot be taken up without a restart, a line for each place that differs; none where it can. */
export function refusedChanges(old: Config, next: Config): string[] {
  const keys = new Set([...Object.keys(old), ...Object.keys(next)].filter((key) => !safe.includes(key)));
  return [...keys]
    .flatMap((key) => differences(key, old[key as keyof Config], next[key as keyof Config]))
    .map((path) => `${path} has changed, and needs a restart`);
}

/** The paths at which two plain values differ. */
export function differences(path: string, old: unknown, next: unknown): string[] {
  if (Object.is(old, next)) return [];
  if (!isBranch(old) || !isBranch(next) || Array.isArray(old) !== Array.isArray(next)) return [path];
  const keys = [...new Set([...Object.keys(old), ...Object.keys(next)])];
  return keys.flatMap((key) =>
    differences(Array.isArray(old) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`, old[key], next[key]),
  );
}

const isBranch = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

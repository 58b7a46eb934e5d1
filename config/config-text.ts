// The config as text again: whole, with every default filled in, in a form that loads to the same values; and as a JSON
// Schema for editors.
import { stringify } from "yaml";
import { z } from "zod";
import { type Config, configSchema } from "./schema.js";

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** `90000` -> `1m30s`: what `durationMs` reads back as the same. */
export function durationWords(ms: number): string {
  let left = ms;
  const words = units.map(([unit, worth]) => {
    const count = Math.floor(left / worth);
    left -= count * worth;
    return count === 0 ? "" : `${count}${unit}`;
  });
  return words.join("") || "0s";
}

const durations = [
  /^timing\.\w+$/,
  /^retention\.(evidence|copies|personal|complaints)$/,
  /^complaintAnswer$/,
  /^uplinks\.\d+\.(timeout|meterValues|sessionUpdates|backoff\.\w+)$/,
  /^authorisation\.(onlineTimeout|cacheLifetime)$/,
  /^connectors\.\d+\.(meter\.(poll|timeout|lostAfter)|limits\.time)$/,
  /^readers\.[^.]+\.(poll|debounce)$/,
];

/** Where the schema turns a duration into milliseconds. */
const isDuration = (path: readonly string[]): boolean => durations.some((pattern) => pattern.test(path.join(".")));

function worded(value: unknown, path: readonly string[]): unknown {
  if (typeof value === "number") return isDuration(path) ? durationWords(value) : value;
  if (Array.isArray(value)) return value.map((each, index) => worded(each, [...path, String(index)]));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, worded(each, [...path, key])]));
}

/** YAML that loads to this very config. */
export function configText(config: Config): string {
  return stringify(worded(config, []), { lineWidth: 140, defaultStringType: "PLAIN", doubleQuotedAsJSON: true });
}

/** The JSON Schema of what a technician may write. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" });
  return `${JSON.stringify({ title: "chargetill station", ...schema }, null, 1)}\n`;
}

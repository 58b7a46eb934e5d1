// A station of a test's own on the bench, with its config file, tariff and state folder.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freshFolder } from "./command.js";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const demo = readFileSync(join(root, "config", "demo.yaml"), "utf8");

export type BenchStation = {
  readonly folder: string;
  readonly state: string;
  readonly config: string;
  readonly tariff: string;
};

/** `quiet`: nobody comes; else the demo's scenario. Time runs `speed` times as fast as life; there is no backend. */
export function benchStation({
  quiet = true,
  speed = 60,
  change = (text: string) => text,
}: {
  quiet?: boolean;
  speed?: number;
  change?: (text: string) => string;
} = {}): BenchStation {
  const folder = freshFolder();
  const state = join(folder, "state");
  const config = join(folder, "station.yaml");
  const tariff = join(folder, "standard.json");
  const text = demo
    .replace("state: /var/lib/chargetill-demo", `state: ${state}`)
    .replace("speed: 1, scenario: demo", `speed: ${speed}, scenario: ${quiet ? "quiet" : "demo"}`)
    .replace("tariffs/standard.json", tariff)
    .replace(/^uplinks:[\s\S]*$/m, "");
  writeFileSync(config, change(text));
  writeFileSync(tariff, readFileSync(join(root, "config", "tariffs", "standard.json"), "utf8"));
  return { folder, state, config, tariff };
}

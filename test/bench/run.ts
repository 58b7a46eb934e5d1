// Runs every benchmark beside it, a process each, one after the other: numbers taken side by side would disturb each
// other.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const only = process.argv.slice(2);
let failed = false;
for (const name of readdirSync(here)
  .filter((file) => file.endsWith(".js") && file !== "run.js")
  .sort()) {
  if (only.length > 0 && !only.some((part) => name.includes(part))) continue;
  console.log(`# ${name.replace(/\.js$/, "")}`);
  const done = spawnSync(process.execPath, ["--expose-gc", join(here, name)], { stdio: "inherit" });
  failed ||= done.status !== 0;
}
process.exit(failed ? 1 : 0);

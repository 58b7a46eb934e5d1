// The table of meters in config/README.md says of each map what the agent does with it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { loadMeterMap, meterModels, unprovenBecause } from "../../config/meter-map.js";

const text = readFileSync(join(fileURLToPath(import.meta.url), "../../../../config/README.md"), "utf8");
const table = text
  .split("\n")
  .filter((line) => /^\| `[a-z0-9-]+` \| [^|]+ \| (at once|after a check: [^|]+) \|$/.test(line));
const words: Readonly<Record<string, string>> = {
  "it counts in steps of 100 Wh, too coarse to bill from": "counts in steps of 100 Wh",
  "only one public source describes its energy register": "one public source",
  "public sources disagree about its energy register": "public sources disagree",
};

/** The row that a map must have. */
function rowOf(model: string): string {
  const map = loadMeterMap(model);
  const doubt = unprovenBecause(map);
  const bills = doubt === undefined ? "at once" : `after a check: ${words[doubt] ?? doubt}`;
  return `| \`${model}\` | ${map.vendor} ${map.models.join(", ")} | ${bills} |`;
}

const test = suite("the table of meters");

test("has a row for every map, which says whether it may bill at once, or why not", () => {
  assert.equal(table, meterModels().map(rowOf));
});

test("the numbers above it are those of the table", () => {
  const atOnce = table.filter((row) => row.endsWith("| at once |")).length;
  const said = text.replace(/\s+/g, " ");
  assert.ok(said.includes(`register maps of ${table.length} meters`), `${table.length} meters`);
  assert.ok(said.includes(`${atOnce} of them can bill at once`), `${atOnce} at once`);
  assert.ok(said.includes(`other ${table.length - atOnce} are refused`), `${table.length - atOnce} refused`);
});

test.run();

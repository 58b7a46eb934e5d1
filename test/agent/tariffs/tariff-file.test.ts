// Tariff files with slips: each fault names file, line and column while the text is one that can be searched for them.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Failure } from "../../../agent/core/failure.js";
import { readJsonFile, readTariff } from "../../../agent/tariffs/tariff-file.js";

const test = suite("tariff files");
const folder = mkdtempSync(join(tmpdir(), "chargetill-tariff-file-"));

function refusal(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  try {
    readTariff(path, undefined);
  } catch (error) {
    assert.instance(error, Failure);
    return (error as Failure).message.replaceAll(`${folder}/`, "");
  }
  throw new Error(`${name} was taken`);
}

/** A day-ahead tariff of a week in quarters of an hour, with a slip in the last one. */
function weekOfQuarters(): string {
  const elements = Array.from({ length: 672 }, (_, index) => ({
    price_components: [
      { type: "ENERGY", price: 0.3, vat: 19, step_size: 1 },
      { type: "TIME", price: 1, vat: 19, step_size: 60 },
    ],
    restrictions: { start_date: "2026-01-01", end_date: "2026-01-02", start_time: "10:00", end_time: "10:15" },
    ...(index === 671 ? { restriction: {} } : {}),
  }));
  return JSON.stringify({ id: "week", currency: "EUR", elements }, null, 2);
}

test("the last of 672 elements is told by its line", () => {
  const text = weekOfQuarters();
  const line = text.slice(0, text.indexOf('"restriction":')).split("\n").length;
  assert.ok(
    refusal("week.json", text)
      .split("\n")
      .some((fault) => fault.startsWith(`week.json:${line}:7: elements[671].restriction: unknown field`)),
  );
});

test("a slip of the pen is told by line and column, a file that is too long or too deep by its path alone", () => {
  assert.is(
    refusal("comma.json", '{\n  "id": "1",\n  "elements": [],\n}'),
    "comma.json:3:17: not valid JSON: a comma before the closing bracket",
  );
  assert.match(refusal("deep.json", "[".repeat(20_000)), /^deep\.json: nested deeper than 64 levels/);
  assert.match(
    refusal("deep-id.json", `{"id": ${"[".repeat(10_000)}${"]".repeat(10_000)}}`),
    /^deep-id\.json: nested deeper than 64 levels/,
  );
  const long = JSON.stringify({ id: 7, currency: "EUR", elements: [], tariff_alt_url: "x".repeat(600 * 1024) });
  assert.match(refusal("long.json", long), /^long\.json: id: /m);
});

test("a byte order mark is no part of the file", () => {
  const path = join(folder, "mark.json");
  writeFileSync(path, `\uFEFF{"id":"1"}`);
  assert.equal(readJsonFile(path).json, { id: "1" });
});

test.run();

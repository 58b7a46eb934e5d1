// The one table of fault codes: each is raised somewhere, each has its row in the manual, in the table's own words.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type FaultCode, faultTable, reachWords, remedyLine, remedyOf } from "../../../agent/core/fault-table.js";

const root = join(fileURLToPath(import.meta.url), "../../../../..");
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");
const codes = Object.keys(faultTable) as FaultCode[];

/** The rows of a document's tables whose first cell is a fault code. */
const rowsIn = (path: string): string[] =>
  textOf(path)
    .split("\n")
    .filter((line) => codes.some((code) => line.startsWith(`| \`${code}\` |`)));

const test = suite("the table of faults");

const personWords = { yes: "yes", "if-it-stays": "if it stays", "says-so": "yes, and says so" } as const;

test("every code has its row in the manual, and each row says what the table says", () => {
  const expected = codes.map((code) => {
    const { meaning, stops, remedy, person } = faultTable[code];
    return `| \`${code}\` | ${meaning} | ${reachWords[stops]} | ${remedy} | ${personWords[person]} |`;
  });
  const shown = rowsIn("systemd/INSTALL.md");
  assert.equal(shown, expected, `the rows that systemd/INSTALL.md must have:\n${expected.join("\n")}\n`);
});

test("the README shows the most frequent ones in the same words", () => {
  const shown = rowsIn("README.md");
  assert.ok(shown.length > 0);
  for (const row of shown) {
    const code = /^\| `([^`]+)`/.exec(row)?.[1] as FaultCode;
    const { meaning, remedy } = faultTable[code];
    assert.is(row, `| \`${code}\` | ${meaning} | ${remedy} |`);
  }
});

test("every code is raised somewhere, and no other looks like one", () => {
  const sources = ["agent", "drivers"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => join(folder, path)),
  );
  const names = ["agent/core/fault-table.ts", "drivers/driver.ts", "agent/core/failure.ts"];
  const raised = sources
    .filter((path) => !names.includes(path))
    .map(textOf)
    .join("\n");
  assert.equal(
    codes.filter((code) => !raised.includes(`"${code}"`)),
    [],
  );
});

test("words for a terminal bear no marks of the manual", () => {
  for (const code of codes) assert.not.match(`${remedyOf(code)} ${remedyLine(code)}`, /[`|\n]/);
  assert.is(remedyLine("disk/full"), "nothing is sold; what to do: journalctl --vacuum-size=50M, apt clean");
});

test.run();

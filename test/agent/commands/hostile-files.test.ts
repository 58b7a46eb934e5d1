// Files that others wrote, in the hands of a person at a terminal: none clears the screen, and none is too deep or too
// wide to be refused in words.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { summaryText } from "../../../agent/receipts/output/tables.js";
import { chargetill } from "../../support/cli/command-here.js";
import { freshFolder } from "../../support/command.js";
import { mayBeShown } from "../../support/sync/hostile-values.js";

const test = suite("a hostile file");
const folder = freshFolder();
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
const clear = "\u001b[2J\u202e\u0007";
const lines = (text: string): boolean => text.split("\n").every((line) => mayBeShown(line.replaceAll("\t", " ")));

const tariff = {
  country_code: "DE",
  party_id: "CTL",
  id: "T",
  currency: "EUR",
  last_updated: "2026-11-01T00:00:00Z",
  tariff_alt_text: [{ language: "de", text: "Strom" }],
  elements: [{ price_components: [{ type: "ENERGY", price: 0.4, vat: 19, step_size: 1 }] }],
};
const unclean = file(
  "unclean.json",
  JSON.stringify({ ...tariff, id: `T${clear}`, tariff_alt_text: [{ language: "de", text: clear }] }),
);

for (const [what, args] of [
  ["tariff explain", ["tariff", "explain", unclean, "--zone", "Europe/Berlin"]],
  ["tariff check", ["tariff", "check", unclean, "--zone", "Europe/Berlin"]],
  ["verify of a tariff", ["verify", unclean]],
  ["verify of a checkpoint", ["verify", file("note", `${clear}\n12\n${clear}\n\n— ${clear} AAAA\n`)]],
  [
    "verify of a receipt file",
    ["verify", file("receipt.json", JSON.stringify({ format: clear, note: clear, jws: clear }))],
  ],
  ["an error about a file's name", ["tariff", "check", join(folder, `none${clear}.json`)]],
] as const)
  test(`clears no screen and turns no line: ${what}`, async () => {
    const { out, err } = await chargetill(...args);
    assert.ok(out.length + err.length > 0);
    assert.ok(lines(out) && lines(err), JSON.stringify([out, err]));
  });

test("of a tariff is refused by name where its texts cannot be printed", async () => {
  const { code, out } = await chargetill("tariff", "check", unclean, "--zone", "Europe/Berlin");
  assert.is(code, 1);
  assert.match(out, /2 texts with characters that cannot be printed: .*take them out/);
});

for (const [what, text] of [
  ["a hundred thousand levels", deep],
  ["a receipt nested so", `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(deep).toString("base64url")}.${"A".repeat(86)}`],
  ["a meter's record nested so", `OCMF|{"FV":${deep}}|{"SD":"00"}`],
  ["two million and more objects", `[${"{},".repeat(2_100_000)}{}]`],
] as const)
  test(`is refused in words: ${what}`, async () => {
    const path = file("costly", text);
    const verified = await chargetill("verify", path);
    // A bare record without a key is looked into no further.
    assert.ok(verified.code === 1 || verified.code === 3, verified.err);
    assert.match(verified.out, /FAILED|UNPROVEN/);
    const checked = await chargetill("tariff", "check", path, "--zone", "Europe/Berlin");
    assert.is(checked.code, 1);
    for (const { out, err } of [verified, checked]) assert.not.match(out + err, /call stack|RangeError|at .*\.js/);
  });

test("of a book cannot clear the screen by a contract's name that was let in before", () => {
  const money = { sales: 1, credits: 0, kwh: "1", net: "1.00", tax: "0.00", gross: "1.00", currency: "EUR" };
  const text = summaryText([{ group: `DE-${clear}`, ...money }], "token");
  assert.ok(lines(text), JSON.stringify(text));
  assert.match(text, /DE-\\u001b\[2J\\u202e\\u0007/);
});

test.run();

// chargetill receipts find: by what a driver knows.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findCommand } from "../../../agent/commands/receipt-find.js";
import { entriesOf, littleBook, sourceOf } from "../../support/sample-receipt.js";

const test = suite("receipts find");
const book = littleBook(2);
const receipts = sourceOf(entriesOf(book), book);

/** The receipt numbers that it prints, or the word it refuses with. */
async function find(...words: string[]): Promise<readonly number[] | string> {
  const printed: string[] = [];
  const write = process.stdout.write;
  const command = findCommand(() => ({ receipts, language: "en", newest: () => "" })).exitOverride();
  command.configureOutput({ writeErr: () => undefined });
  process.stdout.write = ((text: string) => printed.push(text) > 0) as typeof process.stdout.write;
  try {
    await command.parseAsync([...words, "--json"], { from: "user" });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    process.stdout.write = write;
    process.exitCode = 0;
  }
  return (JSON.parse(printed.join("")) as { number: number }[]).map(({ number }) => number);
}

test("finds by the end of the card or the contract, a day, the connector and the exact total", async () => {
  for (const words of [
    ["--card", "e5f6"],
    ["--card", "5678-X"],
    ["--on", "2026-03-28"],
    ["--on", "2026-03-29"],
    ["--connector", "1"],
    ["--total", "8.54"],
    ["--total", "8,540"],
    ["--card", "E5F6", "--on", "2026-03-28", "--connector", "1", "--total", "8.54"],
  ])
    assert.equal(await find(...words), [2, 3], words.join(" "));
});

test("all that is named must fit", async () => {
  for (const words of [
    ["--card", "0000"],
    ["--on", "2026-03-27"],
    ["--connector", "2"],
    ["--total", "8.5"],
    ["--card", "E5F6", "--total", "1"],
  ])
    assert.equal(await find(...words), [], words.join(" "));
});

test("refuses what is none of these, and to list the whole book", async () => {
  assert.match(String(await find()), /give --card/);
  assert.match(String(await find("--card", "x;y")), /2 to 36 letters/);
  assert.match(String(await find("--on", "yesterday")), /a date such as/);
  assert.match(String(await find("--total", "1e3")), /an amount such as/);
});

test.run();

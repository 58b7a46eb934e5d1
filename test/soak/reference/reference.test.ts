// The engine beside a second implementation of OCPI pricing: a sample of `npm run soak -- reference`. The reference itself
// is held against the price cases, whose figures come from the standard or from paper.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareAnswers } from "./compare.js";
import { compareCdrs, hasReference, runPython } from "./reference.js";

const test = suite("an independent reference of prices");

const seed = Number(process.env["CHARGETILL_SEED"] ?? 1);
const cdrs = 500;

/** The reference reads what is well formed; a misspelt field is for the engine to find. */
const onlyOfTheEngine = ["refused-misspelt-period-field"];
const cases = fileURLToPath(new URL("../../../../test/cases/price", import.meta.url));

type Expected = Readonly<Record<string, unknown>>;

/** The text of each file goes into the line as it is: a number keeps its digits. */
function lineOf(name: string, timezone: unknown): string {
  const text = (file: string): string => readFileSync(join(cases, name, file), "utf8").replaceAll(/\s+/g, " ");
  const tariffs = existsSync(join(cases, name, "tariffs.json")) ? text("tariffs.json") : `[${text("tariff.json")}]`;
  return `{"name":"${name}","timezone":"${String(timezone)}","tariffs":${tariffs},"cdr":${text("cdr.json")}}`;
}

if (!hasReference()) console.log("SKIPPED the reference of prices: python3 or the machine's time zones are not there");
else {
  test(`prices ${cdrs} random CDRs as the engine does, to the twelfth decimal`, async () => {
    console.log(`seed ${seed}`);
    const { priced, refused, differences } = await compareCdrs(seed, cdrs);
    assert.equal(differences, []);
    assert.is(priced + refused, cdrs);
    assert.ok(priced > cdrs / 2, `only ${priced} of them could be priced`);
  });

  test("prices the cases that were worked out on paper", async () => {
    const names = readdirSync(cases).filter((name) => existsSync(join(cases, name, "expected.json")));
    const wanted = names
      .filter((name) => !onlyOfTheEngine.includes(name))
      .map((name) => {
        const read = JSON.parse(readFileSync(join(cases, name, "expected.json"), "utf8")) as Expected;
        const { source: _, timezone, warnings: __, ...figures } = read;
        return { name, timezone, figures };
      });
    const answers = await runPython(
      "price.py",
      [],
      `${wanted.map(({ name, timezone }) => lineOf(name, timezone)).join("\n")}\n`,
    );
    assert.is(answers.length, wanted.length);
    for (const [index, { name, figures }] of wanted.entries()) {
      const answer = JSON.parse(answers[index] ?? "null") as Expected;
      assert.is(answer["refused"] !== undefined, figures["error"] !== undefined, name);
      if (figures["error"] !== undefined) continue;
      for (const [field, figure] of Object.entries(figures)) assert.equal(answer[field], figure, `${name}: ${field}`);
    }
  });
}

const answer = (net: string, taxes: readonly object[] = []): string =>
  JSON.stringify({ name: "1", total_cost: { before_taxes: net, taxes } });

test("a difference in the twelfth decimal is found, with its input", () => {
  const { differences } = compareAnswers(["the line"], [answer("1.000000000001")], [answer("1")]);
  assert.is(differences.length, 1);
  assert.is(differences[0]?.input, "the line");
  assert.match(differences[0]?.fields[0] ?? "", /^total_cost: .*1\.000000000001.*, reference .*"1"/);
});

test("a tax at another rate is found, and one of nothing is none", () => {
  const at = (percentage: string, amount: string): object => ({ name: "VAT", percentage, amount });
  const compare = (ours: readonly object[], theirs: readonly object[]): number =>
    compareAnswers(["{}"], [answer("1", ours)], [answer("1", theirs)]).differences.length;
  assert.is(compare([at("19", "0.1"), at("7", "0.2")], [at("7", "0.2"), at("19", "0.1")]), 0);
  assert.is(compare([at("19", "0")], []), 0);
  assert.is(compare([at("19", "0.1")], [at("20", "0.1")]), 1);
});

test("a CDR that only one of both refuses is found", () => {
  const refusal = JSON.stringify({ name: "1", error: "no tariff is in force" });
  assert.is(compareAnswers(["{}"], [refusal], [answer("1")]).differences.length, 1);
  assert.equal(compareAnswers(["{}"], [refusal], [JSON.stringify({ name: "1", refused: "no tariff" })]), {
    priced: 0,
    refused: 1,
    differences: [],
  });
});

test("an answer that is missing is no agreement", () => {
  assert.throws(() => compareAnswers(["{}"], [answer("1")], []), /expected an answer, found nothing/);
});

test.run();

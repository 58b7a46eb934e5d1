// Do two builds sell the same? The demo's receipts and CDRs, the price cases and thousands of random tariffs and
// sessions go through the command lines of both; the first difference ends the comparison. It is the proof that a change
// of shape changed no amount.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { demoSales } from "./demo-sales.js";
import { firstDifference, withoutFields } from "./difference.js";
import { type PricingLine, priceCases, randomLines, randomPlans } from "./pricing-lines.js";
import { StagedBuild } from "./staged-build.js";

export type SameOptions = {
  /** Another checkout, built. */
  readonly against: string;
  /** So many random sessions are priced, and a hundredth of them simulated. */
  readonly lines: number;
  /** So many seeds of the demo are played. */
  readonly demos: number;
  readonly seed: number;
  /** Sentences and errors are compared too. */
  readonly words: boolean;
};

/** This checkout: the compiled file lies in dist/test/soak/same. */
const here = fileURLToPath(new URL("../../../..", import.meta.url));
const words: ReadonlySet<string> = new Set(["sentence", "why", "warnings", "error"]);
/** A simulation costs a process; so many lines are priced for each. */
const linesPerSimulation = 100;

/** Compares this checkout with another. Throws at the first difference. */
export async function soakSame(options: SameOptions, say: (line: string) => void): Promise<void> {
  const builds: StagedBuild[] = [];
  try {
    for (const checkout of [here, options.against]) builds.push(new StagedBuild(checkout, options.against));
    const [ours, theirs] = builds as [StagedBuild, StagedBuild];
    const pair: Pair = { ours, theirs, seen: options.words ? (value) => value : withoutWords };
    const cases = priceCases(join(here, "test", "cases", "price"));
    await comparePrices(pair, cases);
    say(`${cases.length} price cases: the same`);
    await comparePrices(pair, randomLines(options.lines, options.seed));
    say(`${options.lines} random tariffs and sessions: the same`);
    const plans = Math.ceil(options.lines / linesPerSimulation);
    await compareSimulations(pair, plans, options.seed);
    say(`${plans} random simulations: the same`);
    for (let seed = options.seed; seed < options.seed + options.demos; seed += 1) {
      const receipts = await compareDemo(pair, seed);
      say(`demo, seed ${seed}: ${receipts} receipts and their CDRs the same, the key aside`);
    }
  } finally {
    for (const build of builds) build.remove();
  }
}

type Pair = {
  readonly ours: StagedBuild;
  readonly theirs: StagedBuild;
  /** What of an answer is compared. */
  readonly seen: (value: unknown) => unknown;
};

function withoutWords(value: unknown): unknown {
  const refused = typeof value === "object" && value !== null && "error" in value;
  return refused ? { refused } : withoutFields(value, words);
}

async function comparePrices({ ours, theirs, seen }: Pair, lines: readonly PricingLine[]): Promise<void> {
  const input = `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
  const answers = await Promise.all(
    [ours, theirs].map(async (build) => {
      const { stdout, stderr } = await build.run(["tariff", "price", "--batch"], input);
      const list = stdout.split("\n").filter((text) => text !== "");
      if (list.length !== lines.length)
        throw new Error(`${build.checkout} gave ${list.length} answers to ${lines.length} lines\n${stderr}`);
      return list.map((text) => JSON.parse(text) as unknown);
    }),
  );
  for (const [index, line] of lines.entries()) {
    const difference = firstDifference(seen(answers[0]?.[index]), seen(answers[1]?.[index]));
    if (difference !== undefined) throw new Error(`${line.name}: ${difference}\n${JSON.stringify(line)}`);
  }
}

async function compareSimulations({ ours, theirs, seen }: Pair, count: number, seed: number): Promise<void> {
  const file = join(ours.folder, "tariff.json");
  for (const [index, { tariff, args }] of randomPlans(count, seed).entries()) {
    writeFileSync(file, JSON.stringify(tariff));
    const [one, other] = await Promise.all(
      [ours, theirs].map(async (build) => {
        const { code, stdout } = await build.run(["tariff", "simulate", file, ...args, "--json"]);
        return code === 0 ? seen(JSON.parse(stdout)) : { refused: true };
      }),
    );
    const difference = firstDifference(one, other);
    if (difference !== undefined)
      throw new Error(`simulation ${index + 1}, ${args.join(" ")}: ${difference}\n${JSON.stringify(tariff)}`);
  }
}

async function compareDemo({ ours, theirs }: Pair, seed: number): Promise<number> {
  const [one, other] = await Promise.all([demoSales(ours, seed), demoSales(theirs, seed)]);
  const difference = firstDifference(one, other);
  if (difference !== undefined) throw new Error(`demo, seed ${seed}: ${difference}`);
  return Object.keys(one).length;
}

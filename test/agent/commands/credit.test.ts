// chargetill receipts credit, against a running agent.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { creditCommand } from "../../../agent/commands/credit.js";
import { freshFolder } from "../../support/command.js";
import { afterOneSale } from "../../support/street/asked-agent.js";

const credits = suite("chargetill receipts credit");

/** What the command prints. */
async function creditPrinted(...args: readonly string[]): Promise<string> {
  const write = process.stdout.write;
  let out = "";
  process.stdout.write = (words: string | Uint8Array): boolean => {
    out += String(words);
    return true;
  };
  try {
    await creditCommand().parseAsync([...args], { from: "user" });
  } finally {
    process.stdout.write = write;
  }
  return out;
}

credits("takes a sale back, sells it again, or both, and says which receipts say so", async () => {
  const right = join(freshFolder(), "right.json");
  writeFileSync(
    right,
    JSON.stringify({
      country_code: "DE",
      party_id: "CTL",
      id: "right",
      currency: "EUR",
      last_updated: "2026-11-01T00:00:00Z",
      elements: [{ price_components: [{ type: "ENERGY", price: 0.25, step_size: 1 }] }],
    }),
  );
  const at = (folder: string): string[] => ["2", "--data", folder];
  await afterOneSale(async (_, { folder }) => {
    assert.is(await creditPrinted(...at(folder), "--reason", "wrong tariff"), "receipt 2 is credited by receipt 3\n");
    assert.is(await creditPrinted(...at(folder), "--corrected-tariff", right), "receipt 2 is corrected by receipt 4\n");
  });
  await afterOneSale(async (_, { folder }) => {
    assert.is(
      await creditPrinted(...at(folder), "--reason", "wrong tariff", "--corrected-tariff", right, "--json"),
      '{"number":2,"credit":3,"corrected":4}\n',
    );
  });
});

credits("a tariff that cannot be read is known before anything is taken back, and a word must be given", async () => {
  const wrong = join(freshFolder(), "wrong.json");
  writeFileSync(wrong, "{}");
  const refused = (...args: readonly string[]): Promise<string> =>
    creditPrinted(...args).then(
      (out) => `not refused: ${out}`,
      (error: unknown) => String(error),
    );
  await afterOneSale(async (_, { folder, agent }) => {
    assert.match(await refused("2", "--data", folder), /give --reason, --corrected-tariff, or both/);
    assert.match(await refused("2", "--data", folder, "--reason", "wrong", "--corrected-tariff", wrong), /wrong\.json/);
    assert.is(agent?.snapshot().receipts, 2);
  });
});

credits.run();

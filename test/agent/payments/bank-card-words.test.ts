// What a driver reads before he holds a bank card to the terminal, in each language, and where it stands.
import { readFileSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { paymentWords } from "../../../agent/core/words/payment-words.js";
import { bankCardLines, heldOnCardAt } from "../../../agent/payments/bank-card-words.js";
import { languages } from "../../../config/languages.js";
import { loadConfig } from "../../../config/load.js";
import type { Config } from "../../../config/schema.js";
import { benchStation } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";

const terminal =
  '\nterminal: { address: 127.0.0.1, terminalId: "52523535", passwordFile: /nowhere, dialect: final, acceptUnproven: true }\n';

function configOf(more = ""): { readonly file: string; readonly config: Config } {
  const { config: file } = benchStation({ change: (text) => `${text}${terminal}${more}` });
  const read = loadConfig(file);
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return { file, config: read.loaded.config };
}

const test = suite("words for bank cards");

test("say what is held and what is released, and that it is away where it is", () => {
  const { config } = configOf('payments: { hold: "30.00" }\n');
  assert.is(heldOnCardAt(config, "front"), "30.00 EUR");
  assert.equal(bankCardLines(config, "front", true), [
    "Bank card at the terminal: 30.00 EUR are held; what you do not use is released at the end, and your bank may take " +
      "days to show it",
    "The same card stops the session",
  ]);
  assert.equal(bankCardLines(config, "front", false), ["Bank cards cannot be used at the moment"]);
  assert.equal(bankCardLines(config, "back", true), []);
  assert.equal(bankCardLines({ ...config, terminal: undefined }, "front", true), []);
});

test("are of each language's own, and name the amount", () => {
  const seen = new Set<string>();
  for (const language of languages) {
    const { held, sameCardStops, away, refusals } = paymentWords[language];
    assert.match(held("50.00 EUR"), /50\.00 EUR/);
    for (const text of [held("50.00 EUR"), sameCardStops, away, ...Object.values(refusals)]) {
      assert.not(seen.has(text), `${language}: ${text}`);
      seen.add(text);
    }
  }
});

test("config check says where nothing tells a driver before the tap, and refuses prices in another currency", async () => {
  const silent = configOf();
  const told = await chargetill("config", "check", silent.file);
  assert.is(told.code, 0, told.err);
  assert.match(told.out, /note: nothing at the station tells drivers the price and what a bank card holds/);
  const { config: texts } = benchStation({
    change: (text) => `${text}${terminal.replace("acceptUnproven", "texts: true, acceptUnproven")}`,
  });
  assert.not.match((await chargetill("config", "check", texts)).out, /nothing at the station tells/);
  const { config: francs } = benchStation({ change: (text) => text });
  writeFileSync(francs, readFileSync(silent.file, "utf8").replace("dialect: final", "dialect: final, currency: CHF"));
  const refused = await chargetill("config", "check", francs);
  assert.is(refused.code, 1);
  assert.match(refused.err, /terminal\.currency: the terminal takes CHF, and the prices of tariff standard are in EUR/);
});
test.run();

// What the documents show as output is what the program prints: events and a receipt of the demo, its check, a
// simulated bill, a config that is refused.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chargetill } from "../../support/cli/command-here.js";
import { freshFolder } from "../../support/command.js";

const root = join(fileURLToPath(import.meta.url), "../../../../..");
const textOf = (name: string): string => readFileSync(join(root, name), "utf8");
/** The fenced block of a document that has this line, or begins with this text. */
function blockWith(name: string, words: string): readonly string[] {
  const blocks = [...textOf(name).matchAll(/^```.*\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  const block = blocks.find((one) => one.includes(words));
  if (block === undefined) throw new Error(`${name} has no block with "${words}"`);
  return block.trimEnd().split("\n");
}
/** What differs from one run to the next: keys, digests, ports, the folder. */
const steady = (line: string, folder = "/tmp/chargetill"): string =>
  line
    .replaceAll(folder, "FOLDER")
    .replace(/sha256:[0-9a-f]+/g, "KEY")
    .replace(/\b[0-9a-f]{16}…/g, "DIGEST…")
    .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT");

const folder = freshFolder();
const demo = await chargetill("demo", "--once", "--seed", "7", "--data", folder);
const told = new Set(demo.out.split("\n").map((line) => steady(line, folder)));

const test = suite("output that the documents show");

test("the events and the receipt in the README are those of the demo", () => {
  for (const words of ["charging begins for card", "PRICE (EUR, incl. tax)"])
    assert.equal(
      blockWith("README.md", words)
        .map((line) => steady(line))
        .filter((line) => !told.has(line)),
      [],
    );
});

test("the check of that receipt is the README's, key and digests aside", async () => {
  const [command = "", ...shown] = blockWith("README.md", "$ chargetill verify").map((line) => steady(line));
  const receipt = join(folder, "receipts", "receipt-000002.json");
  const checked = await chargetill("verify", "--key", join(folder, "station.pub.pem"), receipt);
  assert.is(command, "$ chargetill verify --key FOLDER/station.pub.pem FOLDER/receipts/receipt-000002.json");
  assert.equal(
    checked.out
      .trimEnd()
      .split("\n")
      .map((line) => steady(line, folder)),
    shown,
  );
});

test("the simulated bill is the one in config/README.md", async () => {
  const [command = "", ...shown] = blockWith("config/README.md", "$ chargetill tariff simulate");
  const [, , ...words] = command.split(" ");
  const at = words.indexOf("config/tariffs/standard.json");
  const { out } = await chargetill(...words.with(at, join(root, "config/tariffs/standard.json")));
  assert.equal(out.trimEnd().split("\n"), shown);
});

test("the refused config is the one in config/README.md", async () => {
  const [, shown] = blockWith("config/README.md", "$ chargetill config check");
  const config = join(folder, "station.yaml");
  writeFileSync(config, textOf("config/station.example.yaml").replace(/^( +)unit: 1/m, "$1unitt: 1"));
  const { code, out, err } = await chargetill("config", "check", config);
  assert.is(code, 1);
  assert.is(`${out}${err}`.trim().replace(`${folder}/`, ""), shown);
});

test("what a meter scan finds is what INSTALL.md shows, the adapter aside", async () => {
  const shown = blockWith("systemd/INSTALL.md", "unit 1 answers at");
  const state = freshFolder();
  const config = join(state, "station.yaml");
  const quiet = textOf("config/demo.yaml")
    .replace(/^state: .*$/m, `state: ${state}`)
    .replace(/^bench: .*$/m, "bench: { seed: 1, speed: 100, scenario: quiet }")
    .replace(/^( +- )tariffs\//m, `$1${join(root, "config", "tariffs")}/`);
  writeFileSync(config, quiet);
  const { out } = await chargetill("meter", "scan", "--config", config, "--port", "rs485", "--units", "1");
  assert.equal(
    out
      .trimEnd()
      .replace("/dev/bench-rs485", /path: ([^,]+),/.exec(shown.join("\n"))?.[1] ?? "")
      .split("\n"),
    shown,
  );
});

test("the next steps in INSTALL.md are those of the package", () => {
  const steps = blockWith("systemd/INSTALL.md", "chargetill: next,");
  const postinst = textOf("systemd/debian/postinst");
  for (const line of steps) assert.ok(postinst.includes(line), line);
});

test.run();

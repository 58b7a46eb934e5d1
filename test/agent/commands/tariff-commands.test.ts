// chargetill tariff …: what it prints, and how it exits.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { benchStation } from "../../support/bench-station.js";
import { chargetill, chargetillGiven } from "../../support/cli/command-here.js";
import { startAgent } from "../../support/cli/started-agent.js";
import { type Ended, RunningCommand } from "../../support/command.js";

const test = suite("tariff commands");
const root = join(fileURLToPath(import.meta.url), "../../../../..");
const standard = join(root, "config/tariffs/standard.json");
const cases = join(root, "test/cases/price");

const run = (args: readonly string[], input = ""): Promise<Ended> => chargetillGiven(input, "tariff", ...args);
const json = (ran: Ended): Record<string, unknown> => JSON.parse(ran.out) as Record<string, unknown>;
const read = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), "utf8"));

const folder = mkdtempSync(join(tmpdir(), "chargetill-tariff-"));
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("check passes a sound tariff and names line and column of a fault", async () => {
  const good = await run(["check", standard, "--zone", "Europe/Berlin", "--country", "DE"]);
  assert.equal([good.code, good.err], [0, ""]);
  const bad = file(
    "bad.json",
    '{\n  "id": "1",\n  "currency": "EUR",\n  "elements": [\n    { "price_components": [{ "type": "ENERGY", "price": 1, "step_size": 1 }],\n      "restrictions": { "start_tme": "08:00" } }\n  ]\n}\n',
  );
  const refused = await run(["check", bad, "--zone", "Europe/Berlin"]);
  assert.is(refused.code, 1);
  assert.ok(
    refused.out.includes(
      `${bad}:6:25: elements[0].restrictions.start_tme: unknown field; did you mean "start_time"? [error]`,
    ),
    refused.out,
  );
});

test("check exits 0 on warnings, and tells them apart in JSON", async () => {
  const path = file(
    "gap.json",
    JSON.stringify({
      id: "1",
      currency: "EUR",
      elements: [
        {
          price_components: [{ type: "ENERGY", price: 1, vat: 19, step_size: 1 }],
          restrictions: { start_time: "08:00" },
        },
      ],
      country_code: "DE",
      party_id: "ABC",
      last_updated: "2026-01-01T00:00:00Z",
    }),
  );
  const ran = await run(["check", path, "--zone", "Europe/Berlin", "--json"]);
  assert.is(ran.code, 0);
  assert.equal([json(ran)["ok"], json(ran)["errors"], json(ran)["warnings"]], [true, 0, 1]);
});

test("a key that is stated twice is a fault, because a parser drops the first", async () => {
  const path = file(
    "twice.json",
    '{"id":"1","currency":"EUR","currency":"CHF","elements":[{"price_components":[{"type":"ENERGY","price":1,"step_size":1}]}]}',
  );
  const ran = await run(["check", path, "--zone", "Europe/Berlin"]);
  assert.is(ran.code, 1);
  assert.match(ran.out, /:1:28: currency: stated twice/);
});

test("what is no JSON, no file or no zone is said in a sentence", async () => {
  const broken = await run(["explain", file("broken.json", '{\n "id": }')]);
  assert.is(broken.code, 1);
  assert.match(broken.err, /broken\.json:2:8: not valid JSON/);
  const missing = await run(["explain", join(folder, "none.json")]);
  assert.equal([missing.code, /no such file/.test(missing.err)], [2, true]);
  assert.match((await run(["check", standard, "--zone", "Europe/Atlantis"])).err, /expected an IANA time zone/);
});

test("explain without a config names what a station adds", async () => {
  assert.match(
    (await run(["explain", standard])).out,
    /A station adds .* limits at which a session ends.* --config shows them/,
  );
  assert.match((await run(["explain"])).err, /name a tariff's file, or give --config/);
});

test("explain with a config prints exactly the board of the station", async () => {
  const timeless = readFileSync(join(root, "config/tariffs/simple.json"), "utf8").replace(
    '"id": "simple"',
    '"id": "standard"',
  );
  const station = benchStation();
  writeFileSync(station.tariff, timeless);
  const agent = await startAgent(station.config);
  const status = await chargetill("status", "--config", station.config, "--json");
  agent.kill("SIGTERM");
  await agent.ended;
  const { connectors } = JSON.parse(status.out) as { connectors: { price: string[] }[] };
  const shown = await run(["explain", "--config", station.config]);
  assert.is(shown.out, `${connectors[0]?.price.join("\n")}\n`, shown.err);
  assert.match(shown.out, /^Ends by itself: at 80 kWh, after 30 min without any energy$/m);
});

test("explain names the connectors where their boards differ", async () => {
  const station = benchStation({ change: (text) => text.replace(/limits: \{ energyKwh: "80" \}/, "limits: {}") });
  const shown = await run(["explain", "--config", station.config, "--lang", "de"]);
  assert.match(shown.out, /^connector 1:\nEnergie: /);
  assert.match(shown.out, /\nconnector 2:\nEnergie: [\s\S]*Endet von selbst: bei 80 kWh/);
  const mine = file("mine.json", readFileSync(standard, "utf8").replaceAll("0.39", "0.11").replaceAll("0.49", "0.11"));
  assert.match((await run(["explain", mine, "--config", station.config])).out, /^Energy: 0\.11 EUR/m);
});

test("explain speaks five languages", async () => {
  const ran = await run(["explain", standard, "--lang", "fr"]);
  assert.is(ran.code, 0);
  assert.match(ran.out, /^Énergie: 0,49 EUR par kWh \(TVA 19 % comprise\) de 18:00 à 22:00/);
  assert.is((json(await run(["explain", standard, "--json"]))["lines"] as unknown[]).length, 7);
});

test("simulate prints the bill and a chart, and wants either an energy or a time", async () => {
  const plan = ["simulate", standard, "--zone", "Europe/Berlin", "--start", "2026-11-23T16:30:00Z", "--kw", "11"];
  const ran = await run([...plan, "--for", "2h", "--idle", "22m"]);
  assert.is(ran.code, 0);
  // 5.5 kWh x 0.39 + 16.5 kWh x 0.49 + 0.50 = 10.73; 22 min idle at 0.10 make it 12.93.
  assert.ok(ran.out.includes("12.93 EUR  to pay") && ran.out.includes("█") && ran.out.includes("▒"), ran.out);
  assert.equal((json(await run([...plan, "--kwh", "22", "--json"]))["totalCost"] as { incl: string }).incl, "10.73");
  assert.is((await run(plan)).code, 2);
  assert.is((await run([...plan, "--for", "2h", "--kwh", "5"])).code, 2);
});

test("price shows the CDR's totals beside ours", async () => {
  const cdr = {
    ...(read(cases, "ocpi-complex-saturday/cdr.json") as object),
    total_cost: { excl_vat: 12.28, incl_vat: 13.861 },
  };
  const ran = await run([
    "price",
    "--tariff",
    join(cases, "ocpi-complex-saturday/tariff.json"),
    "--zone",
    "Europe/Berlin",
    file("cdr.json", JSON.stringify(cdr)),
  ]);
  assert.is(ran.code, 0);
  assert.match(ran.out, /total_cost +12\.28 \/ 13\.861 +12\.375 \/ 13\.975/);
});

test("price --json is strings of decimals in OCPI's names", async () => {
  const name = join(cases, "ocpi-cdr-step-parking");
  const answer = json(
    await run([
      "price",
      "--tariff",
      join(name, "tariff.json"),
      "--zone",
      "Europe/Berlin",
      join(name, "cdr.json"),
      "--json",
    ]),
  );
  assert.equal(answer["total_cost"], { excl_vat: "1.016666666667", incl_vat: "1.016666666667" });
  assert.equal(answer["billed"], { energy: "0", time: "1260", parking: "1200", reservation: "0" });
  assert.equal(
    [answer["total_time"], answer["total_parking_time"], answer["total_energy"]],
    ["0.616666666667", "0.266666666667", "0"],
  );
});

test("price reads several tariffs, refuses mixed versions, and --ocpi overrides what tax_included tells", async () => {
  const name = join(cases, "two-tariffs");
  const [a, b] = read(name, "tariffs.json") as [object, object];
  const args = (second: object): string[] => [
    "price",
    "--tariff",
    file("a.json", JSON.stringify(a)),
    "--tariff",
    file("b.json", JSON.stringify(second)),
    "--zone",
    "Europe/Berlin",
    join(name, "cdr.json"),
    "--json",
  ];
  assert.equal(json(await run(args(b)))["total_cost"], { excl_vat: "2.1", incl_vat: "2.1" });
  const mixed = await run(args({ ...b, tax_included: "NO" }));
  assert.equal([mixed.code, /mixed/.test(mixed.out)], [1, true]);
  const forced = await run([...args({ ...b, tax_included: "NO" }), "--ocpi", "2.2.1"]);
  assert.equal([forced.code, /tax_included: unknown field/.test(forced.out)], [1, true]);
});

test("price takes the tariffs that the CDR carries, and says so where it carries none", async () => {
  const cdr = read(cases, "ocpi-complex-saturday/cdr.json") as object;
  const tariff = read(cases, "ocpi-complex-saturday/tariff.json") as object;
  const priced = (carried: object): Promise<Ended> =>
    run(["price", "--zone", "Europe/Berlin", "--json", file("cdr.json", JSON.stringify({ ...cdr, ...carried }))]);
  assert.equal((json(await priced({ tariffs: [tariff] }))["total_cost"] as { incl_vat: string }).incl_vat, "13.975");
  const none = await priced({});
  assert.equal([none.code, /the CDR carries none/.test(none.out + none.err)], [2, true]);
  const broken = await priced({ tariffs: [{ ...tariff, elements: [] }] });
  assert.equal([broken.code, /tariffs\[0\]\.elements/.test(broken.out + broken.err)], [1, true]);
  const line = { name: "own", timezone: "Europe/Berlin", cdr: { ...cdr, tariffs: [tariff] } };
  const batch = await run(["price", "--batch"], `${JSON.stringify(line)}\n`);
  assert.is((json(batch)["total_cost"] as { incl_vat: string }).incl_vat, "13.975");
});

test("simulate warns where the tariff is not in force at the start", async () => {
  const tariff = read(root, "config/tariffs/standard.json") as object;
  const notes = async (validity: object): Promise<string[]> =>
    json(
      await run([
        ...["simulate", file("dated.json", JSON.stringify({ ...tariff, ...validity }))],
        ...["--zone", "Europe/Berlin", "--start", "2026-11-23T16:30:00Z", "--kw", "11", "--for", "1h", "--json"],
      ]),
    )["warnings"] as string[];
  assert.equal(await notes({ start_date_time: "2026-11-23T16:30:00Z", end_date_time: "2026-11-23T16:31:00Z" }), []);
  assert.match(
    (await notes({ start_date_time: "2026-12-01T00:00:00Z" })).join(),
    /not in force yet: it begins at 2026-12-01/,
  );
  assert.match(
    (await notes({ end_date_time: "2026-11-23T16:30:00Z" })).join(),
    /not in force any more: it ended at 2026-11-23/,
  );
});

test("a batch answers every line in order, goes on after a bad one, and exits 1", async () => {
  const tariff = read(cases, "ocpi-energy-025/tariff.json");
  const cdr = read(cases, "ocpi-energy-025/cdr.json");
  const lines = [
    JSON.stringify({ name: "one", timezone: "Europe/Berlin", tariffs: [tariff], cdr }),
    "{ not json",
    JSON.stringify({ name: "no tariff", timezone: "Europe/Berlin", tariffs: [], cdr }),
    JSON.stringify({ name: "no zone", timezone: "Mars/Olympus", tariffs: [tariff], cdr }),
    JSON.stringify({ name: "misspelt", timezone: "Europe/Berlin", tarifs: [tariff], cdr }),
    "",
    JSON.stringify({ name: "last", timezone: "Europe/Berlin", tariffs: [tariff], cdr }),
  ];
  const ran = await run(["price", "--batch"], `${lines.join("\n")}\n`);
  assert.is(ran.code, 1);
  const answers = ran.out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(
    answers.map((answer) => answer["name"]),
    ["one", null, "no tariff", "no zone", "misspelt", "last"],
  );
  assert.equal(
    answers.map((answer) => typeof answer["error"]),
    ["undefined", "string", "string", "string", "string", "undefined"],
  );
  assert.equal(answers[0]?.["total_cost"], { excl_vat: "5", incl_vat: "5.5" });
  const good = await run(["price", "--batch"], `${lines[0]}\n${lines[6]}`);
  assert.equal([good.code, good.out.trimEnd().split("\n").length], [0, 2]);
  assert.is(
    (await run(["price", "--batch"], `\uFEFF${lines[0]}\n`)).code,
    0,
    "a byte order mark, as PowerShell writes one",
  );
});

test("thousands of lines go through one process", async () => {
  const line = JSON.stringify({
    name: "x",
    timezone: "Europe/Berlin",
    tariffs: [read(cases, "ocpi-complex-monday/tariff.json")],
    cdr: read(cases, "ocpi-complex-monday/cdr.json"),
  });
  const running = new RunningCommand(["tariff", "price", "--batch"]);
  running.type(`${Array.from({ length: 3000 }, () => line).join("\n")}\n`);
  const ran = await running.ended;
  assert.equal([ran.code, ran.out.trimEnd().split("\n").length], [0, 3000]);
  rmSync(folder, { recursive: true, force: true });
});

test.run();

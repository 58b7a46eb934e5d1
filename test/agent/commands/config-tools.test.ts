// A first config out of a few answers, a config seen whole or beside another, and the schema that editors check it by.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { configJsonSchema, configText, durationWords } from "../../../config/config-text.js";
import { checkConfig } from "../../../config/load.js";
import { durationMs } from "../../../config/parts/duration.js";
import { benchStation, root } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";
import { freshFolder, RunningCommand } from "../../support/command.js";

const test = suite("config by command");

test("durations are written as they are read", () => {
  for (const ms of [0, 1, 250, 999, 1_000, 60_000, 90_000, 5_400_000, 86_400_000, 90_061_001])
    assert.is(durationMs(durationWords(ms)), ms);
});

test("the whole text of a config loads to the same config", () => {
  for (const name of ["demo.yaml", "station.example.yaml"]) {
    const first = checkConfig(readFileSync(join(root, "config", name), "utf8"), name);
    if (!first.ok) throw new Error(name);
    const again = checkConfig(configText(first.config), name);
    assert.equal(again, first);
  }
});

test("the schema in the tree is the one of the code", () => {
  assert.is(
    readFileSync(join(root, "config", "station.schema.json"), "utf8"),
    configJsonSchema(),
    "run: chargetill config schema > config/station.schema.json",
  );
});

test("a few answers make a config that is checked, commented, and readable by its group alone", async () => {
  const folder = freshFolder();
  const file = join(folder, "station.yaml");
  const init = new RunningCommand(["config", "init", "--out", file]);
  init.type(
    'KERB-7\nEurope/Vienna\nAustria\nAT\nKRB\nKerb Energy: "blue" #1\nHauptplatz 3, 8010 Graz\nATU123\n\n+43 1 234\n\n\n\nGraz\n08010\nAUT\n47.07\n47.07071\n15.43950\n/dev/serial/by-id/usb-X\n19200\neven\nAT*KRB*E7\n22000\n5\ncg-em24\n',
  );
  const ended = await init.ended;
  assert.is(ended.code, 0, ended.err);
  assert.match(ended.err, /expected two capital letters/);
  assert.match(ended.err, /expected a latitude/);
  const text = readFileSync(file, "utf8");
  const checked = checkConfig(text, file);
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
  const { station, connectors, serialPorts, tokens, uplinks } = checked.config;
  assert.equal(
    [station.id, station.timeZone, station.countryCode, station.operator.name, station.operator.address],
    ["KERB-7", "Europe/Vienna", "AT", 'Kerb Energy: "blue" #1', "Hauptplatz 3, 8010 Graz"],
  );
  assert.equal(
    [station.location.postalCode, serialPorts["rs485"]?.baud, serialPorts["rs485"]?.parity],
    ["08010", 19_200, "even"],
  );
  assert.equal(
    [connectors[0]?.evseId, connectors[0]?.maxPowerW, connectors[0]?.meter.unit, connectors[0]?.meter.model],
    ["AT*KRB*E7", 22_000, 5, "cg-em24"],
  );
  assert.equal(
    [station.location.country, station.location.latitude, station.location.longitude],
    ["AUT", "47.07071", "15.43950"],
  );
  assert.equal([tokens, uplinks], [[], []]);
  assert.equal(connectors[0]?.limits, {}, "no limit that nobody asked for");
  // What nobody was asked in vain: complaints go to the operator that was named, and the comments stand in their
  // column.
  assert.is(station.operator.complaints, 'Kerb Energy: "blue" #1, Hauptplatz 3, 8010 Graz, within 30 days');
  assert.match(text, /^ {2}id: KERB-7 {22}# the name.*\n {2}timeZone: Europe\/Vienna {9}# times/m);
  const fine = await chargetill("config", "check", file);
  assert.equal([fine.code, fine.out], [0, `${file}: fine\n`], "its tariff was written beside it");
  assert.is(statSync(join(folder, "tariffs", "standard.json")).mode & 0o777, 0o640);
  assert.match(text, /# Where settled sessions go/);
  assert.is(statSync(file).mode & 0o777, 0o640);
  const astray = await chargetill("config", "init", "--out", join(folder, "none", "station.yaml"));
  assert.equal(
    [astray.code, /none: no such folder/.test(astray.err), /Name of this station/.test(astray.err)],
    [2, true, false],
    "known before the first question",
  );
  const twice = await chargetill("config", "init", "--out", file);
  assert.is(twice.code, 2);
  assert.match(twice.err, /exists already and was not changed/);
});

test("show masks card numbers; diff names what differs and whether a reload is enough", async () => {
  const { config, folder } = benchStation();
  const shown = await chargetill("config", "show", "--effective", "--config", config);
  assert.is(shown.code, 0, shown.err);
  assert.match(shown.out, /uid: …6E80/);
  assert.not.match(shown.out, /04A23B1C5D6E80/);
  const other = join(folder, "other.yaml");
  writeFileSync(other, readFileSync(config, "utf8").replace("04A23B1C5D6E80", "04A23B1C5D6E81"));
  const light = await chargetill("config", "diff", other, "--config", config);
  assert.is(light.code, 1);
  assert.match(light.out, /tokens\[0\]\.uid: "…6E80" -> "…6E81"\na reload is enough/);
  writeFileSync(other, readFileSync(config, "utf8").replace("gpio: 17", "gpio: 18"));
  assert.match(
    (await chargetill("config", "diff", other, "--config", config)).out,
    /connectors\[0\]\.contactor\.gpio: 17 -> 18\nthis needs a restart/,
  );
  assert.is((await chargetill("config", "diff", config, "--config", config)).code, 0);
});

test("check says whose reservations are charged, where a tariff has prices for them", async () => {
  const speaking = (more: string): string => {
    const { config, tariff } = benchStation({
      change: (text) => `${text}\nuplinks:\n  - { name: csms, kind: ocpp, url: "wss://csms.example.org"${more} }\n`,
    });
    const read = JSON.parse(readFileSync(tariff, "utf8")) as { elements: unknown[] };
    const price = { type: "TIME", price: 3, vat: 19, step_size: 60 };
    read.elements.push({ price_components: [price], restrictions: { reservation: "RESERVATION" } });
    writeFileSync(tariff, JSON.stringify(read));
    return config;
  };
  const silent = await chargetill("config", "check", speaking(""));
  assert.match(silent.out, /note: tariff \S+ has prices for reservations: those of uplink csms are not charged/);
  const charged = await chargetill("config", "check", speaking(", chargeReservations: true"));
  assert.is(charged.code, 0, charged.err);
  assert.match(
    charged.out,
    /those of uplink csms are charged; its CSMS must tell them to the driver before ReserveNow/,
  );
});

test("check says where a backend gets CDRs without their tariff, and that is no fault", async () => {
  const speaking = (version: string): string =>
    benchStation({
      change: (text) =>
        `${text}\nuplinks:\n  - { name: office, kind: ocpi, url: "https://example.org/cdrs", version: "${version}", ` +
        `tokenFile: /etc/none, toCountryCode: DE, toPartyId: EMP }\n`,
    }).config;
  assert.not.match((await chargetill("config", "check", speaking("2.3.0"))).out, "note:");
  const { code, out, err } = await chargetill("config", "check", speaking("2.2.1"));
  assert.is(code, 0, err);
  assert.match(out, /: fine\nnote: uplink office speaks OCPI 2\.2\.1, which has no place for prices that include tax/);
});

// Once `config check` took a file and `config show` only --config.
test("check and show name the config in the same two ways, and not in both at once", async () => {
  const { config } = benchStation();
  for (const command of ["check", "show"]) {
    const [asFile, asOption] = await Promise.all([
      chargetill("config", command, config, "--json"),
      chargetill("config", command, "--config", config, "--json"),
    ]);
    assert.equal([asFile.code, asOption.code, asFile.out], [0, 0, asOption.out], asFile.err);
    const both = await chargetill("config", command, config, "--config", config);
    assert.is(both.code, 2);
    assert.match(both.err, /name the config file once: as FILE, or with --config/);
  }
});

test.run();

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { languageWords } from "../../agent/core/words/words.js";
import { languages } from "../../config/languages.js";
import { checkConfig, faultLine, loadConfig } from "../../config/load.js";
import { durationMs } from "../../config/parts/duration.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const example = readFileSync(join(root, "config", "station.example.yaml"), "utf8");
const faults = (text: string): string[] => {
  const checked = checkConfig(text, "station.yaml");
  return checked.ok ? [] : checked.faults.map(faultLine);
};

const test = suite("the config file");
const latin1Words = "a letter here is not UTF-8 (it may be Latin-1 or Windows-1252): save the file as UTF-8";

test("the example that technicians copy is without fault", () => assert.equal(faults(example), []));
test("the demo's config is without fault", () =>
  assert.equal(faults(readFileSync(join(root, "config", "demo.yaml"), "utf8")), []));

test("the example, the demo and a connector that says nothing name sockets that a car charges at without a control pilot", () => {
  const demo = readFileSync(join(root, "config", "demo.yaml"), "utf8");
  for (const text of [example, demo, example.replace(/^ +standard: .*\n/m, "")]) {
    const checked = checkConfig(text, "station.yaml");
    if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
    for (const { standard } of checked.config.connectors) assert.match(standard, /^(IEC_60309_2|DOMESTIC)_/);
  }
});

test("a secret is named by its path, or by the credential that systemd hands to the service", () => {
  const withToken = (name: string): ReturnType<typeof checkConfig> =>
    checkConfig(example.replace(/tokenFile: \S+/, `tokenFile: "${name}"`), "station.yaml");
  const pathOf = (name: string): string | undefined => {
    const checked = withToken(name);
    const uplink = checked.ok ? checked.config.uplinks.find(({ kind }) => kind === "ocpi") : undefined;
    return uplink?.kind === "ocpi" ? uplink.tokenFile : undefined;
  };
  assert.is(pathOf("/etc/chargetill/token"), "/etc/chargetill/token");
  const before = process.env["CREDENTIALS_DIRECTORY"];
  try {
    delete process.env["CREDENTIALS_DIRECTORY"];
    assert.is(pathOf("credential:ocpi.token"), "/run/credentials/chargetill.service/ocpi.token");
    process.env["CREDENTIALS_DIRECTORY"] = "/run/credentials/other.service";
    assert.is(pathOf("credential:ocpi.token"), "/run/credentials/other.service/ocpi.token");
  } finally {
    if (before === undefined) delete process.env["CREDENTIALS_DIRECTORY"];
    else process.env["CREDENTIALS_DIRECTORY"] = before;
  }
  for (const name of ["token", "credential:", "credential:../token", "credential:a/b"]) {
    const checked = withToken(name);
    assert.match(
      checked.ok ? "" : checked.faults.map(faultLine).join("\n"),
      /an absolute path, or credential:NAME/,
      name,
    );
  }
});

test("every language that receipts are printed in can be a station's language", () => {
  assert.equal(Object.keys(languageWords), [...languages]);
  for (const language of languages)
    assert.equal(faults(example.replace("language: en", `language: ${language}`)), [], language);
});

const rows: readonly [string, (text: string) => string, RegExp][] = [
  [
    "a misspelt key is refused with its place and the key that was meant",
    (text) => text.replace("unit: 1 ", "unitt: 1 "),
    /^station\.yaml:55:7: connectors\[0\]\.meter\.unitt: unknown key, did you mean "unit"\?$/m,
  ],
  [
    "a key nobody knows is refused with the keys there are",
    (text) => text.replace("language: en", "language: en\nsurprise: 1"),
    /^station\.yaml:\d+:1: surprise: unknown key, expected one of: station, state/m,
  ],
  [
    "a card number that YAML reads as a number must be in quotes",
    (text) => text.replace("04A23B1C5D6E80", "04112233"),
    /tokens\[0\]\.uid: expected a text, found a number: put it in quotes$/m,
  ],
  [
    "a missing section is named",
    (text) => text.replace(/^readers:[\s\S]*?(?=^connectors:)/m, ""),
    /readers: missing; expected a section$/m,
  ],
  [
    "a baud rate that does not exist is refused",
    (text) => text.replace("baud: 9600", "baud: 9601"),
    /serialPorts\.rs485\.baud: expected .*9600/m,
  ],
  [
    "a time that is no time is refused",
    (text) => text.replace("authorisation: 60s", "authorisation: a minute"),
    /timing\.authorisation: expected a duration such as 90s/m,
  ],
  [
    "a time out of bounds is refused with the bounds",
    (text) => text.replace("authorisation: 60s", "authorisation: 3h"),
    /timing\.authorisation: expected a duration from 5s to 10m$/m,
  ],
  [
    "a pin used twice is refused with both places",
    (text) => text.replace("plug: { gpio: 22", "plug: { gpio: 17"),
    /connectors\[0\]\.plug\.gpio: GPIO 17 is already used at connectors\[0\]\.contactor\.gpio$/m,
  ],
  [
    "so is the pin of a button",
    (text) => text.replace("    tariff: standard", "    button: { gpio: 22 }\n    tariff: standard"),
    /connectors\[0\]\.button\.gpio: GPIO 22 is already used at connectors\[0\]\.plug\.gpio$/m,
  ],
  // A contactor on GPIO 11, the clock of the reader's bus, once passed: the kernel lets both drive it.
  [
    "a contactor on the clock of the reader's SPI bus is refused",
    (text) => text.replace("contactor: { gpio: 17", "contactor: { gpio: 11"),
    /connectors\[0\]\.contactor\.gpio: GPIO 11 is SCLK of SPI bus 0 \(readers\.front\): use another pin$/m,
  ],
  [
    "so is a feedback on a chip select that the bus takes along",
    (text) => text.replace("feedback: { gpio: 27", "feedback: { gpio: 7"),
    /connectors\[0\]\.contactor\.feedback\.gpio: GPIO 7 is CE1 of SPI bus 0/m,
  ],
  [
    "so is a lamp on a pin of another board's bus of that number",
    (text) => text.replace("bus: 0, device: 0", "bus: 6, device: 1").replace("green: { gpio: 23", "green: { gpio: 20"),
    /contactor\.feedback\.gpio: GPIO 27 is CE1 of SPI bus 6[\s\S]*indicator\.green\.gpio: GPIO 20 is MOSI of SPI bus 6/m,
  ],
  [
    "so is a plug on a pin of the meter's serial port",
    (text) => text.replace(/path: \/dev\/\S+/, "path: /dev/serial0").replace("plug: { gpio: 22", "plug: { gpio: 15"),
    /connectors\[0\]\.plug\.gpio: GPIO 15 is RXD of \/dev\/serial0 \(serialPorts\.rs485\): use another pin$/m,
  ],
  [
    "a card number that YAML takes for an infinite one is to be put in quotes",
    (text) => text.replace("uid: 04A23B1C5D6E80", "uid: 8E287857"),
    /tokens\[0\]\.uid: expected a text, found a number: put it in quotes$/m,
  ],
  [
    "a time without its unit is asked for it",
    (text) => text.replace("idleGrace: 10m", "idleGrace: 10"),
    /timing\.idleGrace: expected a duration with its unit, .* found 10: 10s or 10m\?$/m,
  ],
  [
    "a decimal comma in a place is named",
    (text) => text.replace('"52.520008"', '"52,520008"'),
    /location\.latitude: expected a point in place of the comma: "52\.520008"$/m,
  ],
  [
    "so is one in an amount",
    (text) => text.replace("    tariff: standard", '    limits: { cost: "80,50" }\n    tariff: standard'),
    /limits\.cost: expected a point in place of the comma: "80\.50"$/m,
  ],
  [
    "a button does what there is for it to do",
    (text) => text.replace("    tariff: standard", "    button: { gpio: 25, does: start }\n    tariff: standard"),
    /connectors\[0\]\.button\.does: expected one of select, stop$/m,
  ],
  [
    "a reader that is not listed is refused",
    (text) => text.replace("reader: front ", "reader: back "),
    /connectors\[0\]\.reader: reader "back" is not listed under readers$/m,
  ],
  [
    "a token that would travel in the open is refused",
    (text) => text.replace("https://ocpi", "http://ocpi"),
    /uplinks\[0\]\.url: expected https:/m,
  ],
  [
    "an address that is none is refused with one that is",
    (text) => text.replace("https://ocpi.example.org/ocpi/emsp/2.3.0/cdrs", "ocpi.example.org"),
    /uplinks\[0\]\.url: expected an address such as https:/m,
  ],
  [
    "a missing address is said to be missing",
    (text) => text.replace(/^ +url: https.*\n/m, ""),
    /uplinks\[0\]\.url: missing; expected a text$/m,
  ],
  [
    "a password in an address is refused: a config is sent around",
    (text) => text.replace("https://ocpi", "https://me:secret@ocpi"),
    /uplinks\[0\]\.url: no user or password here: .* tokenFile$/m,
  ],
  [
    "a misspelt key of an uplink is refused with the one that was meant",
    (text) => text.replace("    tokenFile:", "    tokenfile:"),
    /uplinks\[0\]\.tokenfile: unknown key, did you mean "tokenFile"\?$/m,
  ],
  [
    "a schedule that is none is refused before the station starts",
    (text) => text.replace("    kind: ocpi", "    kind: ocpi\n    schedule: often"),
    /uplinks\[0\]\.schedule: expected a schedule in five fields/m,
  ],
  [
    "an empty list is said to hold nothing",
    (text) => text.replace(/^uplinks:[\s\S]*$/m, "uplinks:"),
    /uplinks: expected a list, found nothing$/m,
  ],
  [
    "a meter that nobody describes is refused before a driver looks for it",
    (text) => text.replace("eastron-sdm630-v2", "eastron-sdm630-v3"),
    /connectors\[0\]\.meter\.model: there is no meter model "eastron-sdm630-v3", did you mean "eastron-sdm630-v2"\?$/m,
  ],
  [
    "a short form of a meter model is told as that model, not as a neighbour that is one letter away",
    (text) => text.replace("eastron-sdm630-v2", "eastron-sdm630"),
    /connectors\[0\]\.meter\.model: there is no meter model "eastron-sdm630", did you mean "eastron-sdm630-v2"\?$/m,
  ],
  [
    "two letters that changed places are one slip",
    (text) => text.replace("unit: 1 ", "uint: 1 "),
    /connectors\[0\]\.meter\.uint: unknown key, did you mean "unit"\?$/m,
  ],
  [
    "a pin that the header has not is refused with the highest",
    (text) => text.replace("gpio: 17", "gpio: 99"),
    /contactor\.gpio: expected at most 53$/m,
  ],
  [
    "a time zone that does not exist is refused",
    (text) => text.replace("Europe/Berlin", "Europe/Berlim"),
    /station\.timeZone: expected an IANA time zone/m,
  ],
  [
    "two keys of one name are refused",
    (text) => text.replace("language: en", "language: en\nlanguage: de"),
    /^station\.yaml:\d+:1: .*duplicate key: keep one/m,
  ],
  [
    "what is no YAML is refused at its place",
    (text) => `${text}\n  - [1, 2`,
    /^station\.yaml:\d+:\d+: not valid YAML/m,
  ],
  ["an empty file is refused", () => "", /expected/],
  [
    "aliases that blow up are refused",
    () =>
      [
        "a: &a [x,x,x,x,x,x,x,x,x,x]",
        ...["b", "c", "d", "e", "f", "g", "h"].map(
          (name, index) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${"abcdefg"[index]}`).join(",")}]`,
        ),
      ].join("\n"),
    /not valid YAML|unknown key/,
  ],
];
for (const [title, change, expected] of rows) {
  test(title, () => {
    const changed = change(example);
    assert.is.not(changed, example);
    assert.match(faults(changed).join("\n"), expected);
  });
}

test("a trusted proxy that is no address, or whose prefix is too long, is refused by its place, never left out", () => {
  const withProxies = (proxies: string): string =>
    `${example}\npage: { reach: proxy, address: "https://ct-0001.example.org", trustedProxies: [${proxies}] }\n`;
  assert.equal(faults(withProxies('10.0.0.1, 10.0.0.0/8, "::1", "fd00::/8", "2001:db8::/128"')), []);
  for (const wrong of ["10.0.0.1000", "10.0.0", "10.0.0.0/33", '"fd00::1::2"', '"fd00::/129"', "proxy.example"]) {
    const told = faults(withProxies(`10.0.0.1, ${wrong}`));
    assert.is(told.length, 1, `${wrong}: ${told}`);
    assert.match(String(told[0]), /page\.trustedProxies\[1\].*expected an address or a block/);
  }
});

test("a file that is not there is said to be missing", () => {
  const read = loadConfig(join(mkdtempSync(join(tmpdir(), "chargetill-")), "none.yaml"));
  assert.ok(!read.ok);
  assert.match(read.ok ? "" : read.faults.map(faultLine).join(), /none\.yaml: no such file/);
});

test("a duration is written as a person says it", () => {
  assert.is(durationMs("1h30m"), 5_400_000);
  assert.is(durationMs("90s"), 90_000);
  assert.is(durationMs("90"), undefined);
  assert.is(durationMs("-1s"), undefined);
});

test("of a file with thousands of unknown keys twenty are told and the rest counted, in time that grows with its length", () => {
  for (const count of [8_000, 90_000]) {
    const told = faults(Array.from({ length: count }, (_, index) => `k${index}: 1`).join("\n"));
    assert.is(told.length, 21);
    assert.match(told.join("\n"), /^station\.yaml:1:1: k0: unknown key/m);
    assert.match(told.at(-1) ?? "", /^station\.yaml: and \d+ more faults$/);
    assert.ok(told.join("\n").length < 20_000, "a screen or two");
  }
  const twice = faults(Array.from({ length: 30_000 }, (_, index) => `k${index >> 1}: 1`).join("\n"));
  assert.match(twice[0] ?? "", /^station\.yaml:2:1: k0: duplicate key: keep one$/);
  assert.is(twice.length, 21);
});

test("a list or a section in the place of a key is refused with its place", () => {
  for (const text of ["station: 1\n{ a: 1 }: 2\n", "station: 1\n[a, b]: 2\n", "station: 1\n? - a\n: 2\n"])
    assert.match(faults(text).join("\n"), /^station\.yaml:2:\d+: a list or a section stands where a key should$/);
});

test("a file that is not UTF-8 is refused with the reason and the place of the letter", () => {
  const file = join(mkdtempSync(join(tmpdir(), "chargetill-config-")), "station.yaml");
  const told = (bytes: Uint8Array): string => {
    writeFileSync(file, bytes);
    const read = loadConfig(file);
    return read.ok ? "" : read.faults.map(faultLine).join("\n");
  };
  const german = "# Straße\noperator: { name: Müller }\n";
  assert.is(told(Buffer.from(german, "latin1")), `${file}:1:7: ${latin1Words}`);
  assert.is(told(Buffer.from("operator: { name: Müller }\n", "latin1")), `${file}:1:20: ${latin1Words}`);
  for (const bytes of [Buffer.from("\ufeffa: 1", "utf16le"), Buffer.from("\ufeffa: 1", "utf16le").swap16()])
    assert.is(told(bytes), `${file}: the file is written in UTF-16: save it as UTF-8`);
  assert.not.match(told(Buffer.from(`\ufeff${german}`)), /UTF/);
});

test.run();

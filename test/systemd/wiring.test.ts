// The wiring picture and the wiring table of INSTALL.md say the same, and what they say can be wired: a header pin holds
// one wire.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { loadConfig } from "../../config/load.js";

const root = join(fileURLToPath(import.meta.url), "../../../..");
const picture = readFileSync(join(root, "systemd", "wiring.svg"), "utf8");
const notes = readFileSync(join(root, "systemd", "INSTALL.md"), "utf8");

/** Device, its own pin, and where the wire goes: `pin 11 · GPIO 17, …`, or a terminal. */
type Wire = { readonly device: string; readonly pin: string; readonly to: string };

const drawn = (): Wire[] => {
  let device = "";
  return picture.split("\n").flatMap((line): Wire[] => {
    device = /class="box".*<text class="head"[^>]*>([^<(]+?) ?(?:\(|<)/.exec(line)?.[1] ?? device;
    const wire = /text-anchor="end">([^<]+)<.*class="to"[^>]*>([^<]+)</.exec(line);
    return wire === null ? [] : [{ device, pin: wire[1] ?? "", to: wire[2] ?? "" }];
  });
};
const written = (): Wire[] => {
  let device = "";
  const [, table = ""] = /\| Device \| Its pin \| Goes to \|.*\n\|[-|]+\n((?:\|.*\n)+)/.exec(notes) ?? [];
  return table
    .trim()
    .split("\n")
    .map((row) => row.split("|").map((cell) => cell.trim()))
    .map(([, first = "", pin = "", to = ""]) => {
      device = first === "" ? device : first;
      return { device, pin, to };
    });
};
const headerPin = ({ to }: Wire): number | undefined => {
  const pin = /^pin (\d+) ·/.exec(to)?.[1];
  return pin === undefined ? undefined : Number(pin);
};

/** The 40-pin header of every Raspberry Pi since the B+: pins 1 and 17 are its only 3.3 V pins. */
const header: Readonly<Record<number, string>> = {
  ...{ 1: "3V3", 2: "5V", 3: "GPIO 2", 4: "5V", 5: "GPIO 3", 6: "GND", 7: "GPIO 4", 8: "GPIO 14" },
  ...{ 9: "GND", 10: "GPIO 15", 11: "GPIO 17", 12: "GPIO 18", 13: "GPIO 27", 14: "GND", 15: "GPIO 22", 16: "GPIO 23" },
  ...{ 17: "3V3", 18: "GPIO 24", 19: "GPIO 10", 20: "GND", 21: "GPIO 9", 22: "GPIO 25", 23: "GPIO 11", 24: "GPIO 8" },
  ...{ 25: "GND", 26: "GPIO 7", 27: "GPIO 0", 28: "GPIO 1", 29: "GPIO 5", 30: "GND", 31: "GPIO 6", 32: "GPIO 12" },
  ...{ 33: "GPIO 13", 34: "GND", 35: "GPIO 19", 36: "GPIO 16", 37: "GPIO 26", 38: "GPIO 20", 39: "GND", 40: "GPIO 21" },
};

const test = suite("the wiring");

for (const [name, wires] of [
  ["picture", drawn()],
  ["table", written()],
] as const) {
  test(`no pin of the header holds two wires in the ${name}`, () => {
    const pins = wires.flatMap((wire) => headerPin(wire) ?? []);
    assert.ok(pins.length >= 19, `${pins.length} wires were found`);
    assert.equal([...new Set(pins)], pins);
  });

  test(`every pin in the ${name} is what the header has there`, () => {
    for (const wire of wires) {
      const pin = headerPin(wire);
      if (pin === undefined) continue;
      assert.is(/^pin \d+ · ([^,(]+?)(?: \(|,|$)/.exec(wire.to)?.[1], header[pin], JSON.stringify(wire));
    }
  });
}

test("picture and table say the same", () => {
  assert.equal(
    written().filter(({ to }) => to !== "not connected"),
    drawn(),
  );
});

test("a wire to a terminal finds that terminal", () => {
  const terminals = drawn().filter(({ pin }) => pin.endsWith("terminal"));
  assert.equal(
    terminals.map(({ pin, to }) => [pin, to]),
    [
      ["3V3 terminal", "pin 17 · 3V3"],
      ["GND terminal", "pin 39 · GND"],
    ],
  );
  for (const { to } of drawn())
    for (const [, named] of to.matchAll(/(\w+ terminal)/g))
      assert.ok(
        terminals.some(({ pin }) => pin === named),
        to,
      );
});

test("the plan of the header beside it marks the pins that are wired, and no others", () => {
  const marked = [...picture.matchAll(/<circle[^>]*r="11" fill="(?!#fff")[^>]*\/><text[^>]*>(\d+)</g)].map(([, pin]) =>
    Number(pin),
  );
  const wired = drawn().flatMap((wire) => headerPin(wire) ?? []);
  assert.equal(
    marked.toSorted((a, b) => a - b),
    wired.toSorted((a, b) => a - b),
  );
  assert.is([...picture.matchAll(/r="11"/g)].length, 40);
});

test("the pins are those of the example config", () => {
  const read = loadConfig(join(root, "config", "station.example.yaml"));
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  const [connector] = read.loaded.config.connectors;
  const gpioOf = (device: string, pin: string): number | undefined => {
    const to = drawn().find((wire) => wire.device === device && wire.pin === pin)?.to ?? "";
    const number = /GPIO (\d+)/.exec(to)?.[1];
    return number === undefined ? undefined : Number(number);
  };
  assert.equal(
    [
      gpioOf("Contactor relay", "IN"),
      gpioOf("Contactor feedback", "b"),
      gpioOf("Plug contact", "a"),
      gpioOf("Lights", "green +"),
      gpioOf("Lights", "red +"),
    ],
    [
      connector?.contactor.gpio,
      connector?.contactor.feedback?.gpio,
      connector?.plug.gpio,
      connector?.indicator?.green.gpio,
      connector?.indicator?.red?.gpio,
    ],
  );
});

test.run();

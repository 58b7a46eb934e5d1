// Tariffs as they come from outside: what can be priced is read, everything else is refused with its path.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { canonicalText } from "../../../../agent/core/json/json-text.js";
import { inForce, type OcpiVersion } from "../../../../agent/core/tariff/tariff.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { decimalText } from "../../../../config/decimal.js";

const test = suite("tariff");
const seed = 20_260_302;
console.log(`seed ${seed}`);
const tariffs = join(fileURLToPath(import.meta.url), "../../../../../../config/tariffs");

type Json = Record<string, unknown>;
const component = (more: Json = {}): Json => ({ type: "ENERGY", price: 0.25, step_size: 1, ...more });
const tariff = (element: Json, more: Json = {}): Json => ({
  id: "1",
  currency: "EUR",
  elements: [{ price_components: [component()], ...element }],
  last_updated: "2025-01-01T00:00:00Z",
  ...more,
});

function faultsOf(json: unknown, version?: OcpiVersion): readonly { path: string; message: string }[] {
  const parsed = parseTariff(json, version === undefined ? {} : { version });
  return parsed.ok ? [] : parsed.faults;
}
function refused(json: unknown, path: string, words: string): void {
  const faults = faultsOf(json);
  assert.ok(
    faults.some((fault) => fault.path === path && fault.message.includes(words)),
    `${path}: ${words} not in ${JSON.stringify(faults)}`,
  );
}

test("the tariffs that come with the program can be read", () => {
  for (const name of readdirSync(tariffs))
    assert.equal(faultsOf(JSON.parse(readFileSync(join(tariffs, name), "utf8"))), [], name);
});

test("a misspelt restriction is refused, with the name that was meant", () => {
  refused(
    tariff({ restrictions: { start_tme: "08:00" } }),
    "elements[0].restrictions.start_tme",
    'did you mean "start_time"?',
  );
  refused(tariff({ restrictions: { maxKwh: 10 } }), "elements[0].restrictions.maxKwh", 'did you mean "max_kwh"?');
  refused(tariff({ restriction: {} }), "elements[0].restriction", 'did you mean "restrictions"?');
  refused(tariff({}, { minprice: {} }), "minprice", 'did you mean "min_price"?');
  refused(
    tariff({ price_components: [component({ stepsize: 5 })] }),
    "elements[0].price_components[0].stepsize",
    'did you mean "step_size"?',
  );
  refused(
    tariff({ price_components: [component({ type: "PARKING" })] }),
    "elements[0].price_components[0].type",
    "PARKING_TIME",
  );
  refused(
    tariff({ restrictions: { day_of_week: ["MONDY"] } }),
    "elements[0].restrictions.day_of_week[0]",
    'did you mean "MONDAY"?',
  );
});

test("numbers that cannot be billed are refused", () => {
  const at = "elements[0].price_components[0]";
  const priced = (more: Json): Json => tariff({ price_components: [component(more)] });
  refused(priced({ price: Number.NaN }), `${at}.price`, "not a number that can be billed");
  refused(priced({ price: Number.POSITIVE_INFINITY }), `${at}.price`, "not a number that can be billed");
  refused(priced({ price: 1e-11 }), `${at}.price`, "more than 10 decimals");
  refused(priced({ price: 0.300000000001 }), `${at}.price`, "more than 10 decimals");
  refused(priced({ vat: 19.1234567 }), `${at}.vat`, "more than 6 decimals");
  refused(priced({ price: 1e21 }), `${at}.price`, "more than");
  refused(priced({ price: "0.25" }), `${at}.price`, "expected a number");
  refused(priced({ step_size: -1 }), `${at}.step_size`, "expected 0 to");
  refused(priced({ step_size: 0.5 }), `${at}.step_size`, "whole number");
  refused(priced({ step_size: undefined }), `${at}.step_size`, "whole number");
  refused(priced({ vat: -19 }), `${at}.vat`, "0 or more");
  refused(priced({ vat: 190 }), `${at}.vat`, "more than 100");
});

test("a float's noise is rounded off with a warning: in prices, rates, limits and restrictions", () => {
  for (const [written, meant] of [
    [0.1 + 0.2, "0.3"],
    [0.3 - 0.1, "0.2"],
    [1.1 * 3, "3.3"],
    [-(0.1 + 0.2), "-0.3"],
    [0.7999999999999999, "0.8"],
    [1234.1 * 3, "3702.3"],
    [1e-30, "0"],
  ] as const) {
    const parsed = parseTariff(tariff({ price_components: [component({ price: written })] }));
    assert.ok(parsed.ok, String(written));
    const { price } = parsed.tariff.elements[0]?.components[0] ?? {};
    assert.is(price && decimalText(price), meant);
    assert.equal(
      parsed.tariff.warnings.map(({ rule, path }) => `${rule} ${path}`),
      ["float-noise elements[0].price_components[0].price"],
    );
  }
  const parsed = parseTariff(
    tariff(
      {
        price_components: [component({ vat: 19.000000000000004 })],
        restrictions: { min_power: 4.2 * 3, max_kwh: 0.1 + 0.2 },
      },
      { max_price: { excl_vat: 0.1 + 0.7, incl_vat: 1.1 * 3 } },
    ),
  );
  assert.ok(parsed.ok);
  assert.equal([parsed.tariff.elements[0]?.restrictions.minPowerKw, parsed.tariff.warnings.length], [12.6, 5]);
});

test("a field that OCPI does not know passes with a warning where it cannot bear on a price", () => {
  const parsed = parseTariff(
    tariff(
      {
        id: "7",
        last_updated: "2026-01-01T00:00:00Z",
        x_vendor: { a: [1] },
        price_components: [component({ id: 3, name: "day" })],
      },
      { custom_data: "x" },
    ),
  );
  assert.ok(parsed.ok);
  assert.equal(
    parsed.tariff.warnings.map(({ rule, path }) => `${rule} ${path}`),
    [
      "custom_data",
      "elements[0].id",
      "elements[0].last_updated",
      "elements[0].x_vendor",
      "elements[0].price_components[0].id",
      "elements[0].price_components[0].name",
    ].map((path) => `unknown-field ${path}`),
  );
});

test("a field that OCPI does not know is refused where it may bear on a price", () => {
  refused(tariff({ min_kwh: 5 }), "elements[0].min_kwh", 'did you mean "min_kwh"?');
  refused(tariff({ vat: 19 }), "elements[0].vat", "unknown field");
  refused(tariff({ validFrom: "08:00" }), "elements[0].validFrom", "speaks of prices");
  refused(
    tariff({ price_components: [component({ price_round: {} })] }),
    "elements[0].price_components[0].price_round",
    "speaks of prices",
  );
  refused(
    tariff({ price_components: [component({ discountPercent: 5 })] }),
    "elements[0].price_components[0].discountPercent",
    "speaks of prices",
  );
  // What stands among restrictions restricts, whatever its name.
  refused(tariff({ restrictions: { x_vendor: 1 } }), "elements[0].restrictions.x_vendor", "unknown field");
  const deep = JSON.parse(`${"[".repeat(50)}${"]".repeat(50)}`) as unknown;
  refused(tariff({ x_vendor: deep }), "elements[0].x_vendor", "nested too deeply");
});

test("times that are no times are refused", () => {
  for (const [name, value] of [
    ["start_time", "24:00"],
    ["start_time", "8:00"],
    ["end_time", "08:60"],
    ["start_date", "2025-02-30"],
    ["end_date", "25-01-01"],
    ["min_duration", 1.5],
    ["min_kwh", -1],
  ] as const)
    refused(tariff({ restrictions: { [name]: value } }), `elements[0].restrictions.${name}`, "expected");
  refused(tariff({}, { start_date_time: "yesterday" }), "start_date_time", "expected a time");
  refused(
    tariff({}, { start_date_time: "2025-02-01T00:00:00Z", end_date_time: "2025-01-01T00:00:00Z" }),
    "end_date_time",
    "ends before it starts",
  );
});

test("a reservation has no energy and no parking", () => {
  refused(
    tariff({ restrictions: { reservation: "RESERVATION" } }),
    "elements[0].price_components[0].type",
    "a reservation has only FLAT and TIME",
  );
});

test("the version is told by tax_included, and each has its own limits", () => {
  const limit = { min_price: { excl_vat: 1 } };
  assert.equal(faultsOf(tariff({}, limit)), []);
  refused(tariff({}, { ...limit, tax_included: "YES" }), "min_price.excl_vat", "unknown field");
  refused(tariff({}, { tax_included: "MAYBE" }), "tax_included", "expected one of YES, NO, N/A");
  assert.is(faultsOf(tariff({}, { tax_included: "NO" }), "2.2.1")[0]?.path, "tax_included");
  assert.is(faultsOf(tariff({}), "2.3.0")[0]?.path, "tax_included");
});

test("null counts as absent, and a FLAT needs no step", () => {
  assert.equal(
    faultsOf(tariff({ restrictions: null, price_components: [{ type: "FLAT", price: 1 }] }, { max_price: null })),
    [],
  );
});

test("a tariff is in force from its start, inclusive, to its end, exclusive", () => {
  const parsed = parseTariff(
    tariff({}, { start_date_time: "2025-01-01T00:00:00Z", end_date_time: "2025-02-01T00:00:00Z" }),
  );
  assert.ok(parsed.ok);
  const at = (text: string): boolean => inForce(parsed.tariff, Date.parse(text));
  assert.equal(
    [
      at("2024-12-31T23:59:59.999Z"),
      at("2025-01-01T00:00:00Z"),
      at("2025-01-31T23:59:59.999Z"),
      at("2025-02-01T00:00:00Z"),
    ],
    [false, true, true, false],
  );
});

test("the digest text does not depend on the order of keys", () => {
  assert.is(canonicalText({ b: [1, { d: "x", c: null }], a: 0.1 }), '{"a":0.1,"b":[1,{"c":null,"d":"x"}]}');
});

const words = [
  "id",
  "currency",
  "elements",
  "price_components",
  "restrictions",
  "type",
  "price",
  "vat",
  "step_size",
  "tax_included",
  "min_price",
  "before_taxes",
  "excl_vat",
  "start_time",
  "end_date",
  "min_kwh",
  "day_of_week",
  "reservation",
  "ENERGY",
  "TIME",
  "FLAT",
  "EUR",
  "08:00",
  "MONDAY",
  "RESERVATION",
  "YES",
  "__proto__",
  "constructor",
  "toString",
];
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(...words),
    fc.double(),
    fc.integer(),
    fc.constant(null),
    fc.boolean(),
    fc.string(),
    fc.constantFrom(Number.POSITIVE_INFINITY, -0, 1e-320, Number.MAX_VALUE),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...words), fc.string()), tie("tree"), { maxKeys: 6 }),
  ),
}));

test("whatever comes in, the answer is a tariff or a list of faults", () => {
  fc.assert(
    fc.property(tree, tree, fc.dictionary(fc.constantFrom(...words), tree), (json, elements, more) => {
      for (const value of [
        json,
        { id: "1", currency: "EUR", elements, ...more },
        { id: "1", currency: "EUR", elements: [{ price_components: [more], restrictions: elements }] },
      ]) {
        const parsed = parseTariff(value);
        if (!parsed.ok) assert.ok(parsed.faults.length > 0);
      }
    }),
    { seed, numRuns: 4000 },
  );
});

test.run();

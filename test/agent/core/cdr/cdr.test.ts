import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeCdr, timeUnknown, wireText } from "../../../../agent/core/cdr/cdr.js";
import { copyFor, creditCopies, makeCopies, withSignedData } from "../../../../agent/core/cdr/cdr-copies.js";
import { wireJson } from "../../../../agent/core/json/json-text.js";
import { unitsOfDecimal, wireNumber } from "../../../../agent/core/number/ocpi-number.js";
import type { Price } from "../../../../agent/core/rating/price.js";
import type { ChargingPeriod } from "../../../../agent/core/tariff/period.js";
import { price, settlement, startMs, tariff } from "../../../support/sample-settlement.js";

const evidence = { ocmf: 'OCMF|{"FV":"1.0"}|{"SD":"30"}', publicKeySpkiHex: "3059ff00" };
const numbers = suite("numbers on the wire");
const test = suite("the CDR");

numbers("a decimal is rounded half-up to four places, away from zero", () => {
  assert.is(unitsOfDecimal("2.37505"), 23751n);
  assert.is(unitsOfDecimal("2.37504999"), 23750n);
  assert.is(unitsOfDecimal("-0.00005"), -1n);
  assert.is(unitsOfDecimal("7"), 70000n);
  assert.throws(() => unitsOfDecimal("NaN"));
});

numbers("a JSON number has the digits of its units and never an exponent", () => {
  assert.is(wireJson(wireNumber(1n)), "0.0001");
  assert.is(wireJson(wireNumber(-12_345n)), "-1.2345");
  assert.is(wireJson(wireNumber(999_999_999_999_999n)), "99999999999.9999");
  assert.throws(() => wireNumber(1_000_000_000_000_000n));
  assert.is(
    wireJson([1e-7, 1.5e-9, 1e21, -2.5e22, 0.5]),
    "[0.0000001,0.0000000015,1000000000000000000000,-25000000000000000000000,0.5]",
  );
  assert.throws(() => wireJson(Number.NaN));
});

numbers("every number of units comes back digit by digit", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -999_999_999_999_999n, max: 999_999_999_999_999n }), (units) => {
      assert.is(unitsOfDecimal(wireJson(wireNumber(units))), units);
    }),
    { seed: 7 },
  );
});

numbers.run();

test("carries who, where, what and why", () => {
  const cdr = makeCdr({ ...settlement, authorizationReference: "R1" }, evidence, { version: "2.2.1" });
  assert.is(cdr.id, "DEABC-till-1-17");
  assert.is(cdr.start_date_time, "2026-03-02T10:00:00.000Z");
  assert.is(cdr.end_date_time, "2026-03-02T10:36:40.100Z");
  assert.is(cdr.last_updated, "2026-03-02T10:36:41.000Z");
  assert.equal(cdr.cdr_token, {
    country_code: "DE",
    party_id: "ABC",
    uid: "04A1B2C3D4E5F6",
    type: "RFID",
    contract_id: "DE-ABC-C00000001-X",
  });
  assert.is(cdr.authorization_reference, "R1");
  assert.equal(cdr.cdr_location, {
    id: "LOC1",
    name: "Hof",
    address: "Weg 1",
    city: "Berlin",
    postal_code: "10115",
    country: "DEU",
    coordinates: { latitude: "52.520008", longitude: "13.404954" },
    evse_uid: "DE*ABC*E0001*1",
    evse_id: "DE*ABC*E0001*1",
    connector_id: "1",
    connector_standard: "IEC_60309_2_three_16",
    connector_format: "SOCKET",
    connector_power_type: "AC_3_PHASE",
  });
  assert.is(cdr.remark, "Local: the same card");
  assert.equal(cdr.tariffs, [tariff]);
});

test("periods are differences of the running total: the nearest hours of whole seconds, energy rounded down", () => {
  // 600 s = 0.16666… h; 1200.1 s are 1200 = 0.33333… h; all 2200.1 s are 2200 = 0.61111… h. 3.333333 kWh, then 5.555555.
  const cdr = makeCdr(settlement, evidence, { version: "2.2.1" });
  assert.equal(
    cdr.charging_periods.map((period) => period.dimensions),
    [
      [
        { type: "ENERGY", volume: 3.3333 },
        { type: "TIME", volume: 0.1667 },
      ],
      [
        { type: "ENERGY", volume: 2.2222 },
        { type: "TIME", volume: 0.1666 },
      ],
      [{ type: "ENERGY", volume: 0 }],
      [
        { type: "ENERGY", volume: 0 },
        { type: "PARKING_TIME", volume: 0.25 },
      ],
    ],
  );
  assert.ok(cdr.charging_periods.every((period) => period.tariff_id === "T1"));
  assert.is(cdr.charging_periods[2]?.start_date_time, "2026-03-02T10:20:00.100Z");
  assert.is(cdr.total_energy, 5.5555);
  assert.is(cdr.total_time, 0.6111);
  // 0.6111 - 0.3333: the pause that the station made counts, though it is free.
  assert.is(cdr.total_parking_time, 0.2778);
});

test("costs are rounded once each: 2.2.1 says excl_vat and incl_vat", () => {
  const cdr = makeCdr(settlement, evidence, { version: "2.2.1" });
  assert.equal(cdr.total_cost, { excl_vat: 3.3002, incl_vat: 3.9272 });
  assert.equal(cdr.total_energy_cost, { excl_vat: 2.5002, incl_vat: 2.9752 });
  assert.equal(cdr.total_fixed_cost, { excl_vat: 0.5, incl_vat: 0.595 });
  assert.equal(cdr.total_parking_cost, { excl_vat: 0.3, incl_vat: 0.357 });
  assert.equal(cdr.total_reservation_cost, { excl_vat: 0, incl_vat: 0 });
});

test("2.3.0 says before_taxes and the taxes, and writes the tariff in its own words", () => {
  const cdr = makeCdr(settlement, evidence, { version: "2.3.0" });
  assert.equal(cdr.total_cost, { before_taxes: 3.3002, taxes: [{ name: "VAT", percentage: 19, amount: 0.627 }] });
  assert.equal(cdr.total_time_cost, { before_taxes: 0, taxes: [] });
  assert.equal(cdr.tariffs, [{ ...tariff, min_price: { before_taxes: 0.5, after_taxes: 0.595 }, tax_included: "NO" }]);
});

test("a tariff with tax inside its prices has no place in a 2.2.1 CDR; one without has", () => {
  const withTax = {
    id: "T1",
    tax_included: "YES",
    elements: [],
    preauthorize_amount: 50,
    max_price: { before_taxes: 40 },
  };
  assert.is(makeCdr({ ...settlement, tariff: withTax }, evidence, { version: "2.2.1" }).tariffs, undefined);
  assert.equal(
    makeCdr({ ...settlement, tariff: { ...withTax, tax_included: "NO" } }, evidence, { version: "2.2.1" }).tariffs,
    [{ id: "T1", elements: [], max_price: { excl_vat: 40 } }],
  );
  assert.equal(makeCdr({ ...settlement, tariff: withTax }, evidence, { version: "2.3.0" }).tariffs, [withTax]);
});

test("the taxes of a figure add up to it, whatever the rounding", () => {
  // 0.00005 at each of three rates: the published tax is 0.0002, so one of the three shares gives way.
  const taxes = ["7", "10", "19"].map((ratePercent) => ({ name: "VAT", ratePercent, amount: "0.00005" }));
  const [energy, ...rest] = price.lines;
  if (energy === undefined) throw new Error("the sample has lines");
  const total = { excl: "0", incl: "0.00015" };
  const three: Price = { ...price, totalEnergyCost: total, lines: [{ ...energy, taxes }, ...rest] };
  const cost = makeCdr({ ...settlement, price: three }, evidence, { version: "2.3.0" }).total_energy_cost;
  if (!("taxes" in cost)) throw new Error("2.3.0 has taxes");
  assert.equal(
    cost.taxes.map((tax) => tax.amount),
    [0.0001, 0.0001, 0],
  );
});

test("a minimum price on a session without lines still names its tax", () => {
  const minimum: Price = { ...price, totalCost: { excl: "0.5", incl: "0.595" }, lines: [] };
  assert.equal(makeCdr({ ...settlement, price: minimum }, evidence, { version: "2.3.0" }).total_cost, {
    before_taxes: 0.5,
    taxes: [{ name: "VAT", percentage: 19, amount: 0.095 }],
  });
});

test("the signed record goes verbatim and as base64, the key as the base64 of its DER", () => {
  const signed = makeCdr(settlement, evidence, { version: "2.2.1" }).signed_data;
  assert.equal(signed, {
    encoding_method: "OCMF",
    encoding_method_version: 1,
    public_key: "MFn/AA==",
    signed_values: [
      { nature: "End", plain_data: evidence.ocmf, signed_data: Buffer.from(evidence.ocmf).toString("base64") },
    ],
  });
  assert.is("signed_data" in makeCdr(settlement, undefined, { version: "2.2.1" }), false);
});

test("a reservation begins the CDR but is no part of its total time", () => {
  const reserved: ChargingPeriod = {
    startMs: startMs - 3_600_000,
    endMs: startMs,
    activity: "reserved",
    tariffId: "T1",
    energyMilliWh: 40,
  };
  const cdr = makeCdr({ ...settlement, periods: [reserved, ...settlement.periods] }, evidence, { version: "2.2.1" });
  assert.is(cdr.start_date_time, "2026-03-02T09:00:00.000Z");
  assert.equal(cdr.charging_periods[0]?.dimensions, [{ type: "RESERVATION_TIME", volume: 1 }]);
  assert.is(cdr.total_energy, 5.5555);
  assert.is(cdr.total_time, 0.6111);
});

test("a session whose date is not known begins in 1970, keeps its durations and says so", () => {
  const unsynced = {
    ...settlement,
    startTrust: "unsynced",
    endTrust: "unsynced",
    issuedTrust: "unsynced",
  } as const;
  const cdr = makeCdr(unsynced, evidence, { version: "2.2.1" });
  assert.ok(timeUnknown(unsynced));
  assert.is(cdr.start_date_time, "1970-01-01T00:00:00.000Z");
  assert.is(cdr.charging_periods[1]?.start_date_time, "1970-01-01T00:10:00.000Z");
  assert.is(cdr.end_date_time, "1970-01-01T00:36:40.100Z");
  assert.is(cdr.last_updated, cdr.end_date_time);
  assert.match(cdr.remark, /^The date is not known/);
  // Two clocks: what the receipt was issued by is no clock of the session, and says when the CDR was made.
  const later = makeCdr({ ...unsynced, issuedTrust: "synced" }, evidence, { version: "2.2.1" });
  assert.is(later.last_updated, new Date(settlement.issuedMs).toISOString());
});

test("a CDR that began under a good clock and ended without one once said 1970, and 1913, and was never sent", () => {
  const lost = { ...settlement, endTrust: "unsynced", issuedMs: 0, issuedTrust: "unsynced" } as const;
  const cdr = makeCdr(lost, evidence, { version: "2.2.1" });
  assert.is(timeUnknown(lost), false);
  assert.equal(
    [cdr.start_date_time, cdr.end_date_time, cdr.last_updated],
    ["2026-03-02T10:00:00.000Z", "2026-03-02T10:36:40.100Z", "2026-03-02T10:36:40.100Z"],
  );
  assert.match(cdr.remark, /^The clock was not set at the end\. Local/);
});

test("a session that ended where it began has one period", () => {
  const nothing: Price = { ...price, energyMilliWh: 0 };
  const cdr = makeCdr({ ...settlement, endMs: startMs, periods: [], price: nothing }, evidence, { version: "2.2.1" });
  assert.equal(cdr.charging_periods, [
    { start_date_time: "2026-03-02T10:00:00.000Z", dimensions: [{ type: "ENERGY", volume: 0 }], tariff_id: "T1" },
  ]);
});

test("each version of OCPI gets one text, kept for ever; what cannot be sent as it is says why", () => {
  const copies = makeCopies(settlement, evidence, ["2.2.1", "2.3.0", "2.2.1"]);
  assert.equal(Object.keys(copies.texts), ["2.2.1", "2.3.0"]);
  assert.equal(copyFor(copies, { version: "2.3.0", acceptUnknownTime: false }), {
    body: wireText(makeCdr(settlement, evidence, { version: "2.3.0" })),
  });
  const old = makeCopies({ ...settlement, startTrust: "unsynced" }, evidence, ["2.2.1"]);
  assert.is(copyFor(old, { version: "2.2.1", acceptUnknownTime: false })?.park, "clock");
  assert.is(copyFor(old, { version: "2.2.1", acceptUnknownTime: true })?.park, undefined);
  assert.is(
    copyFor(old, { version: "2.3.0", acceptUnknownTime: true })?.park,
    "made as OCPI 2.2.1, while the uplink speaks 2.3.0",
  );
  assert.is(copyFor(makeCopies(settlement, evidence, []), { version: "2.2.1", acceptUnknownTime: false }), null);
});

test("a receiver gets so much of the signed record as it takes, and every other byte as it was made", () => {
  const { texts } = makeCopies(settlement, evidence, ["2.2.1"]);
  for (const text of [texts["2.2.1"], creditCopies({ texts, timeUnknown: false }, "C-1", undefined).texts["2.2.1"]]) {
    assert.ok(text);
    const plain = `"plain_data":${JSON.stringify(evidence.ocmf)}`;
    assert.ok(text.includes(plain));
    assert.is(withSignedData(text, "full"), text);
    assert.is(withSignedData(text, "empty"), text.replace(plain, '"plain_data":""'));
    assert.is(withSignedData(text, "none"), text.replace(/,"signed_data":\{"encoding_method":.*?\]\}/, ""));
    assert.not.match(withSignedData(text, "none"), /OCMF|signed_/);
  }
});

test("a CDR without a signed record is sent as it is, whatever a receiver takes of one", () => {
  const text = makeCopies(settlement, undefined, ["2.2.1"]).texts["2.2.1"] ?? "";
  for (const share of ["full", "empty", "none"] as const) assert.is(withSignedData(text, share), text);
});

test("a settlement that contradicts itself makes no CDR", () => {
  assert.throws(
    () => makeCdr({ ...settlement, price: { ...price, energyMilliWh: 1 } }, evidence, { version: "2.2.1" }),
    /mWh/,
  );
  assert.throws(
    () => makeCdr({ ...settlement, periods: settlement.periods.toReversed() }, evidence, { version: "2.2.1" }),
    /follow/,
  );
  assert.throws(() => makeCdr({ ...settlement, cdrId: "x".repeat(37) }, evidence, { version: "2.2.1" }), /36/);
});

test("the same settlement gives the same bytes, and they fit the fields' lengths", () => {
  const text = wireText(makeCdr({ ...settlement, stopDetail: "x".repeat(400) }, evidence, { version: "2.2.1" }));
  assert.is(
    text,
    wireText(makeCdr(structuredClone({ ...settlement, stopDetail: "x".repeat(400) }), evidence, { version: "2.2.1" })),
  );
  const read: unknown = JSON.parse(text);
  assert.is((read as { remark: string }).remark.length, 255);
});

test("however a session is cut, periods add up to the totals, and no second is lost or made", () => {
  const activity = fc.constantFrom("charging" as const, "parking" as const, "suspended" as const);
  const cuts = fc.array(
    fc.record({
      ms: fc.integer({ min: 0, max: 10_000_000 }),
      milliWh: fc.integer({ min: 0, max: 50_000_000 }),
      activity,
    }),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(cuts, (stretches) => {
      let atMs = startMs;
      const periods = stretches.map(({ ms, milliWh, activity: what }): ChargingPeriod => {
        const period = { startMs: atMs, endMs: atMs + ms, activity: what, tariffId: "T1", energyMilliWh: milliWh };
        atMs += ms;
        return period;
      });
      const energyMilliWh = stretches.reduce((sum, one) => sum + one.milliWh, 0);
      const cdr = makeCdr({ ...settlement, endMs: atMs, periods, price: { ...price, energyMilliWh } }, evidence, {
        version: "2.2.1",
      });
      const sum = (type: string): bigint =>
        cdr.charging_periods
          .flatMap((period) => period.dimensions)
          .filter((dimension) => dimension.type === type)
          .reduce((so, { volume }) => so + unitsOfDecimal(String(volume)), 0n);
      const units = (value: number): bigint => unitsOfDecimal(String(value));
      assert.is(sum("ENERGY"), units(cdr.total_energy));
      assert.is(units(cdr.total_energy), BigInt(energyMilliWh) / 100n);
      assert.is(sum("TIME"), units(cdr.total_time) - units(cdr.total_parking_time));
      assert.ok(sum("PARKING_TIME") <= units(cdr.total_parking_time));
      assert.is(Number(units(cdr.total_time)), Math.round((Math.floor((atMs - startMs) / 1000) * 10_000) / 3_600));
      let chargedMs = 0;
      stretches.forEach(({ ms, activity: what }, index) => {
        if (what !== "charging") return;
        const hours = cdr.charging_periods[index]?.dimensions.find(({ type }) => type === "TIME")?.volume ?? Number.NaN;
        const seconds = Math.floor((chargedMs + ms) / 1000) - Math.floor(chargedMs / 1000);
        assert.is(Math.round(hours * 3_600), seconds);
        chargedMs += ms;
      });
      assert.not.match(wireText(cdr), /[:,[]-?[\d.]+[eE]/);
    }),
    { seed: 7 },
  );
});

test.run();

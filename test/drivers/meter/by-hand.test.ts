// New maps against words written down by hand from the makers' documents and tables, not by our own simulator.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { loadMeterMap, registerOf } from "../../../config/meter-map.js";
import { Registers } from "../../../drivers/meter/registers.js";

type Words = readonly [code: 3 | 4, address: number, hex: string];
type Row = {
  readonly words: readonly Words[];
  readonly energyMilliWh: number;
  readonly powerW: number;
  readonly currentMilliA: number;
  readonly serial?: string;
};

const registers = (model: string, words: readonly Words[]): Registers =>
  new Registers(
    loadMeterMap(model),
    model,
    words.map(([code, address, hex]) => {
      const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
      return { function: code, address, words: bytes.length / 2, bytes, moment: undefined as never };
    }),
  );

const ascii = (text: string): string => Buffer.from(text, "latin1").toString("hex");

const rows: Record<string, Row> = {
  "chint-dtsu666": {
    // 123.45 kWh, 36004 x 0.1 W, 5217 x 0.001 A on one phase.
    words: [
      [3, 0x101e, "42F6E666"],
      [3, 0x2012, "470CA400"],
      [3, 0x200c, "45A30800 00000000 00000000"],
    ],
    energyMilliWh: 123_450_000,
    powerW: 3_600,
    currentMilliA: 5_217,
  },
  "chint-ddsu666": {
    words: [
      [3, 0x4000, "410C28F6"],
      [3, 0x2002, "417B3333"],
      [3, 0x2004, "40666666"],
    ],
    energyMilliWh: 8_760_000,
    powerW: 3_600,
    currentMilliA: 15_700,
  },
  "eastron-sdm54": {
    words: [
      [4, 0x0048, "42F6E666"],
      [4, 0x0034, "46241000"],
      [4, 0x0006, "41733333 41733333 41733333"],
    ],
    energyMilliWh: 123_450_000,
    powerW: 10_500,
    currentMilliA: 45_600,
  },
  "eltako-dsz15": {
    // The frame of Eltako's own example: 4.61 kWh import, 3.68 kWh export.
    words: [
      [4, 0x0048, "000001CD 00000170"],
      [4, 0x0034, "00000E10"],
      [4, 0x0006, "00000621 00000000 00000000"],
      [3, 0xfc00, "20170815"],
      [3, 0xfc02, "0000000D"],
    ],
    energyMilliWh: 4_610_000,
    powerW: 3_600,
    currentMilliA: 15_690,
    serial: "20170815",
  },
  "eltako-dsz16": {
    words: [
      [4, 0x0048, "00BC614E"],
      [4, 0x0034, "FFFFF1F0"],
      [4, 0x0006, "00000621 00000621 00000621"],
      [3, 0xfc00, "20220099"],
      [3, 0xfc02, "0000000D"],
      [3, 0xfc0c, "00000002"],
      [3, 0x001e, "00000000"],
    ],
    energyMilliWh: 123_456_780_000,
    powerW: -3_600,
    currentMilliA: 47_070,
    serial: "20220099",
  },
  "bernecker-mpm3pm": {
    words: [
      [4, 0x0002, "0001E240"],
      [4, 0x0026, "00057E40"],
      [4, 0x000e, "00000621 00000000 00000000"],
      [4, 0x0033, "0140E942"],
    ],
    energyMilliWh: 1_234_560_000,
    powerW: 3_600,
    currentMilliA: 15_690,
    serial: "21031234",
  },
  "lovato-dmg610": {
    words: [
      [4, 0x1b1f, "00000000 0001E240"],
      [4, 0x0039, "00057E40"],
      [4, 0x0007, "00026506 00000000 00000000"],
    ],
    energyMilliWh: 1_234_560_000,
    powerW: 3_600,
    currentMilliA: 15_693,
  },
  "lovato-dme-d330": {
    words: [
      [4, 0x1a1f, "0001E240"],
      [4, 0x0039, "00057E40"],
      [4, 0x0007, "00026506 00000000 00000000"],
    ],
    energyMilliWh: 1_234_560_000,
    powerW: 3_600,
    currentMilliA: 15_693,
  },
  "finder-7m24": {
    words: [
      [4, 0x01ce, "0012D687"],
      [4, 0x09e8, "45610000"],
      [4, 0x09d4, "417B3333"],
      [4, 0x0009, ascii("12345678")],
    ],
    energyMilliWh: 123_456_700,
    powerW: 3_600,
    currentMilliA: 15_700,
    serial: "12345678",
  },
  "orno-we504": {
    words: [
      [3, 0x0007, "0001E240"],
      [3, 0x0000, "0903 009D 01F4 0E10"],
    ],
    energyMilliWh: 123_456_000,
    powerW: 3_600,
    currentMilliA: 15_700,
  },
  "orno-we525": {
    words: [
      [3, 0x010e, "0001E240"],
      [3, 0x0102, "00003D54 00000E10"],
      [3, 0x1000, "2021 0300 1234"],
    ],
    energyMilliWh: 1_234_560_000,
    powerW: 3_600,
    currentMilliA: 15_700,
    serial: "202103001234",
  },
  "siemens-7kt1665": {
    words: [
      [4, 0x1a1f, "0001E240"],
      [4, 0x0039, "00057E40"],
      [4, 0x0007, "00026506 00026506 00026506"],
    ],
    energyMilliWh: 123_456_000,
    powerW: 3_600,
    currentMilliA: 47_080,
  },
  "saia-ale3": {
    // 1234.56 kWh by day, 2.00 kWh by night, the counters that people may reset between them.
    words: [
      [3, 0x0006, ascii("ALE3D5FD10C3A00 ")],
      [3, 0x000f, "0140E942"],
      [3, 0x001b, "0001E240 00000011 000000C8 00000011"],
      [3, 0x0023, "00E6 009D 0168 0000 0064"],
      [3, 0x0029, "0000"],
      [3, 0x002e, "0000"],
      [3, 0x0032, "0168"],
    ],
    energyMilliWh: 1_236_560_000,
    powerW: 3_600,
    currentMilliA: 15_700,
    serial: "21031234",
  },
  "wago-879-30xx": {
    words: [
      [3, 0x600c, "42F6E666"],
      [3, 0x5012, "40666666"],
      [3, 0x500c, "417B3333 00000000 00000000"],
      [3, 0x4000, "20180A17"],
      [3, 0x4026, "0001"],
    ],
    energyMilliWh: 123_450_000,
    powerW: 3_600,
    currentMilliA: 15_700,
    serial: "20180A17",
  },
  "acrel-adw300": {
    words: [
      [3, 0x003e, "0001E240"],
      [3, 0x0024, "00000E10"],
      [3, 0x001a, "0621 0621 0621"],
    ],
    energyMilliWh: 1_234_560_000,
    powerW: 3_600,
    currentMilliA: 47_070,
  },
  "bgetech-ds100": {
    words: [
      [3, 0x010e, "0001E240"],
      [3, 0x0420, "00000E10"],
      [3, 0x0410, "00003D54 00000000 00000000"],
    ],
    energyMilliWh: 1_234_560_000,
    powerW: 3_600,
    currentMilliA: 15_700,
  },
};

const byHand = suite("words written by hand");

for (const [model, row] of Object.entries(rows))
  byHand(model, () => {
    const map = loadMeterMap(model);
    const told = registers(model, row.words);
    assert.is(told.energyMilliWh(), row.energyMilliWh);
    assert.is(told.powerW(), row.powerW);
    assert.is(told.currentMilliA(), row.currentMilliA);
    for (const check of map.identity.checks)
      if (row.words.some(([, address]) => address === registerOf(map, check).address))
        told.check(registerOf(map, check));
    if (row.serial === undefined) assert.is(map.identity.serial, undefined);
    else assert.is(told.label(registerOf(map, map.identity.serial ?? "")), row.serial);
  });

const refused: [what: string, model: string, register: string, words: Words][] = [
  ["a DTSU666 set to transformers of 20:1", "chint-dtsu666", "currentRatio", [3, 0x0006, "0014"]],
  ["a DSZ16 on transformers, in tenths of a kWh", "eltako-dsz16", "meterMode", [3, 0xfc0c, "00000004"]],
  ["a DSZ16 that writes floats", "eltako-dsz16", "dataFormat", [3, 0x001e, "00000001"]],
  ["another maker's meter in place of a DSZ15", "eltako-dsz15", "manufacturerCode", [3, 0xfc02, "00000070"]],
  ["an ALE3 that counts both ways", "saia-ale3", "typeCode", [3, 0x0006, ascii("ALE3B5FD10C3A00 ")]],
  ["a WAGO that writes whole numbers", "wago-879-30xx", "dataFormat", [3, 0x4026, "0000"]],
];
for (const [what, model, register, words] of refused)
  byHand(`${what} is refused`, () => {
    const map = loadMeterMap(model);
    assert.throws(
      () => registers(model, [words]).check(registerOf(map, register)),
      (error: { code: string }) => error.code === "meter/unknown",
    );
  });

byHand("packed digits that are none are no serial number", () => {
  const map = loadMeterMap("orno-we525");
  assert.throws(
    () => registers("orno-we525", [[3, 0x1000, "2021 0A00 1234"]]).label(registerOf(map, "serialNumber")),
    (error: { code: string }) => error.code === "meter/implausible",
  );
});
byHand.run();

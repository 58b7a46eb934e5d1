// Checks OCMF records by the rules of the format and by those that the common tool leaves out: another meter or user
// between two records, gaps in the pagination, exceptions and status flags inside, readings out of order, power that no
// charge point can deliver.

import { utf8 } from "../number/bytes.js";
import { kwhExact } from "../number/energy-text.js";
import { longestRecord, ownGateway } from "../ocmf/ocmf.js";
import { type OcmfReading, type OcmfRecord, readOcmf } from "../ocmf/ocmf-record.js";
import type { CheckTools } from "../signing/signer.js";
import { type Check, fails, holds, overallResult } from "./check-result.js";

/** Register steps of coarse meters: so much more than max power x time may stand between two readings. */
const coarsestStepMilliWh = 100_000;
/** Tolerance of a station's rated power. */
const powerTolerance = 1.1;

/** True where so much energy in so little time is more than the station can deliver. */
export function isImpossiblePower(deltaMilliWh: number, deltaMs: number, maxPowerW: number): boolean {
  return deltaMilliWh > (maxPowerW * powerTolerance * Math.max(deltaMs, 0)) / 3_600 + coarsestStepMilliWh;
}

const identifications =
  "NONE|DENIED|UNDEFINED|ISO14443|ISO15693|EMAID|EVCCID|EVCOID|ISO7812|CARD_TXN_NR|" +
  "CENTRAL|CENTRAL_1|CENTRAL_2|LOCAL|LOCAL_1|LOCAL_2|PHONE_NUMBER|KEY_CODE";

/** Fields that a record must have, and what they may say. */
const required: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    FV: /^1\.[0-4]$/,
    PG: /^[TF](0|[1-9]\d{0,15})$/,
    MS: /^.+$/s,
    IT: new RegExp(`^(${identifications})$`),
  }),
);

/** Fields that a record may leave out. */
const optional: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    IL: /^(NONE|HEARSAY|TRUSTED|VERIFIED|CERTIFIED|SECURE)$/,
    ID: /^.*$/s,
    CT: /^(EVSEID|CBIDC)$/,
    CI: /^.+$/s,
  }),
);

function fieldComplaints(fields: Readonly<Record<string, unknown>>): string[] {
  const complaints: string[] = [];
  for (const [name, pattern] of [...required, ...optional]) {
    const value = fields[name];
    if (value === undefined) {
      if (required.has(name)) complaints.push(`${name} is missing`);
    } else if (typeof value !== "string" || !pattern.test(value))
      complaints.push(`${name} is ${JSON.stringify(value)}`);
  }
  if (typeof fields["IS"] !== "boolean")
    complaints.push(fields["IS"] === undefined ? "IS is missing" : `IS is ${JSON.stringify(fields["IS"])}`);
  if (fields["IF"] !== undefined && !Array.isArray(fields["IF"])) complaints.push("IF is not a list");
  return complaints;
}

function oneReading({ raw, atMs, mark, milliWh, kind }: OcmfReading, index: number): string[] {
  const complaints: string[] = [];
  const say = (what: string): void => void complaints.push(`reading ${index + 1}: ${what}`);
  if (atMs === undefined || mark === "") say(`the time ${JSON.stringify(raw["TM"])} cannot be read`);
  if (milliWh === undefined || milliWh < 0) say(`the value ${JSON.stringify(raw["RV"])} is not a register`);
  if (kind === "X") say("an exception (X) inside");
  if (raw["RI"] !== "1-0:1.8.0") say(`the register is ${JSON.stringify(raw["RI"])}, not 1-0:1.8.0`);
  if (raw["RU"] !== "kWh") say(`the unit is ${JSON.stringify(raw["RU"])}`);
  if (raw["RT"] !== "AC" && raw["RT"] !== "DC") say(`the current is ${JSON.stringify(raw["RT"])}`);
  if (raw["EF"] !== "") say(`an error flag ${JSON.stringify(raw["EF"])}`);
  if (raw["ST"] !== "G") say(`the meter's status is ${JSON.stringify(raw["ST"])}, not good (G)`);
  return complaints;
}

/** Marks by which two times can be compared: both from a clock that ran on, or both relative to one unset clock. */
const comparable = (a: string, b: string): boolean =>
  ("SI".includes(a) && "SI".includes(b)) || (a === "R" && b === "R");

/** Relative times beside others: this station writes none, since their difference would be that of two clocks. */
const hasTwoClocks = (readings: readonly OcmfReading[]): boolean =>
  readings.some(({ mark }) => mark === "R") && readings.some(({ mark }) => mark !== "R");

function readingComplaints(readings: readonly OcmfReading[], maxPowerW: number): string[] {
  const complaints = readings.flatMap(oneReading);
  if (readings.length < 2) complaints.push("a session has a begin and an end reading");
  readings.forEach((reading, index) => {
    const expected = index === 0 ? "B" : index === readings.length - 1 ? "ELRAP" : "T";
    if (reading.kind !== "X" && (reading.kind.length !== 1 || !expected.includes(reading.kind)))
      complaints.push(
        `reading ${index + 1} is marked ${JSON.stringify(reading.kind)}, expected ${expected.split("").join(" or ")}`,
      );
    const before = readings[index - 1];
    if (before === undefined || before.milliWh === undefined || reading.milliWh === undefined) return;
    const step = reading.milliWh - before.milliWh;
    if (step < 0)
      complaints.push(
        `reading ${index + 1} (${String(reading.raw["RV"])} kWh) is below the one before (${String(before.raw["RV"])} kWh)`,
      );
    if (before.atMs === undefined || reading.atMs === undefined || !comparable(before.mark, reading.mark)) return;
    const elapsedMs = reading.atMs - before.atMs;
    if (elapsedMs < 0) complaints.push(`reading ${index + 1} was taken before the one in front of it`);
    else if (isImpossiblePower(step, elapsedMs, maxPowerW))
      complaints.push(
        `between readings ${index} and ${index + 1} lie ${kwhExact(step)} kWh in ${elapsedMs / 1000} s: ` +
          `more than ${maxPowerW / 1000} kW can deliver`,
      );
  });
  const last = readings.at(-1)?.milliWh;
  if (last !== undefined && readings.slice(1, -1).some(({ milliWh }) => milliWh !== undefined && milliWh > last))
    complaints.push("an intermediate reading lies above the end");
  return complaints;
}

/** What the fastest charge points deliver: the limit where a record stands alone and does not say its own. */
const anyStationW = { AC: 100_000, DC: 1_000_000 } as const;

/**
 * Checks one record: its signature by this key, its fields, its readings. `maxPowerW` is the station's, where it is
 * known.
 */
export function checkOcmf(text: string, spkiHex: string, tools: CheckTools, maxPowerW?: number): readonly Check[] {
  const record = readOcmf(text);
  if ("unread" in record) return [fails("meter record", `not an OCMF record that is read here: ${record.unread}`)];
  const isDirect = record.readings.some(({ raw }) => raw["RT"] === "DC");
  const complaints = fieldComplaints(record.fields);
  // OCPP's limit binds what this station writes; other makers' records may be longer.
  if (record.fields["GI"] === ownGateway && text.length > longestRecord)
    complaints.push(`the record has ${text.length} bytes, more than ${longestRecord}`);
  if (record.fields["GI"] === ownGateway && hasTwoClocks(record.readings))
    complaints.push("relative times (R) stand beside times of another clock");
  const [first] = record.readings;
  const last = record.readings.at(-1);
  const span =
    first?.milliWh === undefined || last?.milliWh === undefined
      ? ""
      : `: ${String(first.raw["RV"])} to ${String(last.raw["RV"])} kWh`;
  return [
    signatureCheck(record, spkiHex, tools),
    overallResult(
      "meter record fields",
      complaints,
      `meter ${String(record.fields["MS"])}, ${String(record.fields["PG"])}`,
    ),
    overallResult(
      "meter record readings",
      readingComplaints(record.readings, maxPowerW ?? (isDirect ? anyStationW.DC : anyStationW.AC)),
      `${record.readings.length} readings in order${span}`,
    ),
  ];
}

function signatureCheck({ payload, signature }: OcmfRecord, spkiHex: string, { check }: CheckTools): Check {
  if (signature === undefined)
    return fails(
      "meter record signature",
      "unsigned: the signer had failed, and the record says so in the signature's place",
    );
  return check(spkiHex, utf8(payload), signature, "der")
    ? holds("meter record signature", "the readings are signed by this key and unchanged")
    : fails("meter record signature", "the readings are not signed by this key, or were changed since");
}

/** The fields of a record's payload, or none where it cannot be read. */
export function fieldsOfOcmf(text: string): Readonly<Record<string, unknown>> {
  const record = readOcmf(text);
  return "unread" in record ? {} : record.fields;
}

const fixed = {
  GI: "gateway",
  GS: "gateway serial number",
  MS: "meter",
  MV: "meter maker",
  MM: "meter model",
  CI: "charge point",
  ID: "user",
  IT: "kind of user id",
} as const;

/**
 * Checks records that belong to one session, in order: the same devices and user, and a pagination without gap or
 * reversal.
 */
export function checkOcmfTogether(records: readonly string[]): Check {
  const complaints: string[] = [];
  if (records.length < 2) return holds("records together", "one record holds the whole session");
  const fields = records.map(fieldsOfOcmf);
  const [first] = fields;
  fields.forEach((record, index) => {
    const before = fields[index - 1];
    if (before === undefined) return;
    for (const [name, what] of Object.entries(fixed))
      if (record[name] !== first?.[name])
        complaints.push(
          `another ${what} (${name}): ${String(first?.[name])} in the first record, ${String(record[name])} in record ${index + 1}`,
        );
    const step = paginationOf(record) - paginationOf(before);
    if (step !== 1) complaints.push(`the pagination goes from ${String(before["PG"])} to ${String(record["PG"])}`);
  });
  return overallResult(
    "records together",
    complaints,
    `${records.length} records of one meter, charge point and user, without a gap`,
  );
}

/** The counter in PG, or NaN. */
export function paginationOf(fields: Readonly<Record<string, unknown>>): number {
  const page = fields["PG"];
  return typeof page === "string" && /^[TF](0|[1-9]\d{0,15})$/.test(page) ? Number(page.slice(1)) : Number.NaN;
}

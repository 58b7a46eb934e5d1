// Checks the figures of a receipt for a session against each other: the signed readings, the samples, the tariff, the
// lines and the sum, and prices the session once more by the engine that made the bill.

import { clockMarks, parseShortForm, type ShortForm } from "../codes/short-form.js";
import { canonicalText, firstDifference } from "../json/json-text.js";
import { fromUtf8, hexText, utf8 } from "../number/bytes.js";
import { kwhExact, milliWhOfKwh } from "../number/energy-text.js";
import { mostBoundaryReadings, type OcmfFacts, ocmfPayload } from "../ocmf/ocmf.js";
import { parseOcmf } from "../ocmf/ocmf-record.js";
import { isToldByTariff, shownAgain } from "../print/shown-price.js";
import type { Price } from "../rating/price.js";
import { sameAmount, sumText } from "../receipt/decimal-text.js";
import type {
  ReceiptFrame,
  ReceiptReading,
  ReservationPayload,
  SaleFields,
  SalePayload,
} from "../receipt/receipt-payload.js";
import { tariffName } from "../receipt/sale-fields.js";
import { type CheckTools, isOwnSignature, unsignedMark } from "../signing/signer.js";
import type { ChargingPeriod } from "../tariff/period.js";
import type { Tariff } from "../tariff/tariff.js";
import { isoLocal, parseIsoLocal } from "../time/iso-time.js";
import { type Check, fails, holds, overallResult, skipped } from "./check-result.js";
import { checkOcmf, isImpossiblePower } from "./verify-ocmf.js";

export type Rerated = { readonly price: Price; readonly periods: readonly ChargingPeriod[] };

/** Prices what was sold from what its receipt says; throws with a sentence where the tariff cannot be read. */
export type Rerate = (receipt: SalePayload | ReservationPayload) => Rerated;

/** The part of a receipt that its price is checked by: of a session, or of a reservation alone. */
type Priced = Pick<SaleFields, "tariff" | "price" | "periods">;

function checkSamples({ sale }: SalePayload): Check {
  const complaints: string[] = [];
  const { rows, from, registerKwh } = sale.samples;
  const fromMs = parseIsoLocal(from) ?? Number.NaN;
  const [first] = rows;
  const last = rows.at(-1);
  // A reservation goes before the session.
  const startMs = fromMs + (rows.find(([, , , , activity]) => activity !== "reserved")?.[0] ?? Number.NaN);
  // Over an outage whose length no clock knows the time line stands still: there no power can be told.
  const unknownFromMs = sale.interruptions.flatMap((outage) =>
    outage.to === null || parseIsoLocal(outage.to) === parseIsoLocal(outage.from)
      ? (parseIsoLocal(outage.from) ?? [])
      : [],
  );
  const isOverUnknown = (sampleMs: number): boolean => unknownFromMs.some((outageMs) => sampleMs <= outageMs);
  if (first?.[0] !== 0 || first[1] !== 0) complaints.push("the first sample does not stand at its own start");
  if (registerKwh !== sale.begin.registerKwh)
    complaints.push(`the samples begin at ${registerKwh} kWh, the begin reading says ${sale.begin.registerKwh} kWh`);
  if (last !== undefined && last[1] !== milliWhOfKwh(sale.energyKwh))
    complaints.push(`the samples end after ${kwhExact(last[1])} kWh, the receipt says ${sale.energyKwh} kWh`);
  if (
    last !== undefined &&
    !(
      startMs >= (parseIsoLocal(sale.start) ?? Number.NaN) &&
      fromMs + last[0] <= (parseIsoLocal(sale.end) ?? Number.NaN)
    )
  )
    complaints.push(`the samples lie outside ${sale.start} to ${sale.end}`);
  rows.forEach((row, index) => {
    const before = rows[index - 1];
    if (before === undefined) return;
    if (row[0] < before[0]) complaints.push(`sample ${index + 1} was taken before the one in front of it`);
    if (row[1] < before[1])
      complaints.push(`at sample ${index + 1} the register fell by ${kwhExact(before[1] - row[1])} kWh`);
    else if (before[4] === "reserved" && row[1] !== before[1])
      complaints.push(`at sample ${index + 1} the register rose during the reservation`);
    else if (
      !(before[4] === "suspended" && isOverUnknown(fromMs + before[0])) &&
      isImpossiblePower(row[1] - before[1], row[0] - before[0], sale.connector.maxPowerW)
    )
      complaints.push(
        `at sample ${index + 1} the register rose by ${kwhExact(row[1] - before[1])} kWh in ` +
          `${(row[0] - before[0]) / 1000} s: more than ${sale.connector.maxPowerW} W can deliver`,
      );
  });
  return overallResult("samples", complaints, `${rows.length} samples run from the begin to the end reading`);
}

/** The facts of the OCMF record as the receipt states them. */
function recordFacts(receipt: SalePayload, pagination: number): OcmfFacts | undefined {
  const { sale } = receipt;
  const boot = "as stated";
  const reading = ({ at, clock, registerKwh }: ReceiptReading): OcmfFacts["begin"] => ({
    moment: { at: parseIsoLocal(at) ?? Number.NaN, monoMs: 0, boot, trust: clock },
    energyMilliWh: milliWhOfKwh(registerKwh) ?? Number.NaN,
    powerW: 0,
    serial: sale.meter.serial,
  });
  return {
    receiptNumber: receipt.number,
    pagination,
    station: receipt.station,
    connector: sale.connector as OcmfFacts["connector"],
    token: sale.token,
    user: sale.token.user,
    meter: sale.meter,
    begin: reading(sale.begin),
    end: reading(sale.finish),
    boundaryReadings: sale.borders.slice(0, mostBoundaryReadings).map(reading),
    timeZone: receipt.timeZone,
    tariffId: sale.tariff.id,
    tariffDigest: sale.tariff.digest,
    price: sale.price,
    ...(receipt.corrects === undefined ? { shown: sale.shown } : {}),
    sessionId: sale.sessionId,
    stopReason: sale.stop.reason,
    softwareVersion: receipt.softwareVersion,
  };
}

/**
 * The signed record says of this session what the receipt says of it: the whole record is written again from the
 * receipt and compared.
 */
function checkRecordAgrees(receipt: SalePayload): Check {
  const name = "readings on the receipt";
  const record = parseOcmf(receipt.sale.ocmf);
  const facts = recordFacts(receipt, Number(String(record?.fields["PG"]).slice(1)));
  if (record === undefined || facts === undefined)
    return fails(name, "there is no readable meter record to compare with");
  const { begin, finish, energyKwh } = receipt.sale;
  const used = (milliWhOfKwh(finish.registerKwh) ?? Number.NaN) - (milliWhOfKwh(begin.registerKwh) ?? Number.NaN);
  if (used !== milliWhOfKwh(energyKwh))
    return fails(
      name,
      `from ${begin.registerKwh} to ${finish.registerKwh} kWh are not the ${energyKwh} kWh on the receipt`,
    );
  let expected: string;
  try {
    expected = ocmfPayload(facts);
  } catch (error) {
    return fails(name, error instanceof Error ? error.message : String(error));
  }
  // After a reboot an unset clock marks its times U instead of R; the receipt does not tell boots apart.
  const difference = firstDifference(
    JSON.parse(expected.replaceAll(' U","TX', ' R","TX')),
    JSON.parse(record.payload.replaceAll(' U","TX', ' R","TX')),
  );
  return difference === undefined
    ? holds(
        name,
        `${begin.registerKwh} to ${finish.registerKwh} kWh on meter ` +
          `${receipt.sale.meter.serial} = ${energyKwh} kWh, as in the signed record`,
      )
    : fails(
        name,
        `${difference.path}: the receipt says ${difference.stated}, the signed meter record ${difference.found}`,
      );
}

function checkTariff(sale: Priced, timeZone: string, { hash }: CheckTools): Check {
  const name = "tariff";
  const digest = hexText(hash(utf8(canonicalText(sale.tariff.value))));
  if (digest !== sale.tariff.digest)
    return fails(name, `the tariff's digest is ${digest}, the receipt states ${sale.tariff.digest}`);
  const { id, version } = tariffName(sale.tariff.value);
  if (id !== sale.tariff.id || version !== sale.tariff.version)
    return fails(
      name,
      `the tariff is ${id} of ${version}, the receipt names ${sale.tariff.id} of ${sale.tariff.version}`,
    );
  const named = `${id}${version === "" ? "" : ` of ${version}`}`;
  const { cutFrom } = sale.tariff;
  const part = cutFrom === undefined ? "" : `, the part that the session could meet of ${cutFrom.slice(0, 16)}…`;
  return holds(name, `${named}, digest ${digest.slice(0, 16)}…${part}, in ${timeZone}`);
}

const total = (texts: readonly string[]): string => texts.reduce(sumText, "0");

/** Exact to twelve decimals each: as many units of the twelfth decimal as there are lines may go astray. */
function isNear(a: string, b: string, lines: number): boolean {
  const difference = sumText(a, b.startsWith("-") ? b.slice(1) : `-${b}`);
  return Math.abs(Number(difference)) <= (lines + 1) * 1e-12;
}

function checkSums({ price }: Priced): Check {
  const complaints: string[] = [];
  for (const side of ["excl", "incl"] as const) {
    const sum = total([
      ...price.lines.map((line) => line.amount[side]),
      ...price.adjustments.map((line) => line.amount[side]),
    ]);
    if (!isNear(sum, price.totalCost[side], price.lines.length + price.adjustments.length))
      complaints.push(`the lines add up to ${sum} (${side}. tax), the total says ${price.totalCost[side]}`);
  }
  for (const part of ["net", "tax", "gross"] as const) {
    const sum = total(price.taxes.map((row) => row[part]));
    if (price.taxes.length > 0 && !sameAmount(sum, price.due[part]))
      complaints.push(`the ${part} figures per tax rate add up to ${sum}, due is ${price.due[part]}`);
  }
  if (!sameAmount(sumText(price.due.net, price.due.tax), price.due.gross))
    complaints.push(`net ${price.due.net} and tax ${price.due.tax} are not ${price.due.gross}`);
  return overallResult(
    "sums",
    complaints,
    `${price.lines.length} lines add up to ${price.due.gross} ${price.currency}`,
  );
}

function checkPrice(sale: Priced, receipt: SalePayload | ReservationPayload, rerate: Rerate | undefined): Check {
  const name = "price worked out again";
  if (rerate === undefined) return skipped(name, "no rating engine was at hand");
  let again: Price;
  let periods: readonly ChargingPeriod[];
  try {
    ({ price: again, periods } = rerate(receipt));
  } catch (error) {
    return fails(
      name,
      `the session cannot be priced from its samples and tariff: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const { price } = sale;
  // The sum first: of all differences it is the one that a driver asks for.
  if (!sameAmount(again.due.gross, price.due.gross)) {
    const line = firstDifference(price.lines, again.lines, "lines");
    return fails(
      name,
      `the receipt says ${price.due.gross} ${price.currency}, the samples and the ` +
        `tariff give ${again.due.gross} ${again.currency}` +
        `${line === undefined ? "" : ` (${line.path}: ${line.stated}, worked out: ${line.found})`}`,
    );
  }
  const difference = firstDifference(price, again) ?? firstDifference(sale.periods, periods, "periods");
  return difference === undefined
    ? holds(name, `samples and tariff give ${again.due.gross} ${again.currency}, line by line`)
    : fails(
        name,
        `${difference.path}: the receipt says ${difference.stated}, worked out again it is ${difference.found}`,
      );
}

function shortComplaints(short: ShortForm, receipt: SalePayload, { hash }: CheckTools): string[] {
  const { sale } = receipt;
  const bySecond = (text: string): string => text.replace(/\.\d{3}/, "");
  const pairs: readonly (readonly [string, string, string])[] = [
    ["station", short.station, receipt.station.id],
    ["number", String(short.number), String(receipt.number)],
    ["start", short.start, bySecond(sale.start)],
    ["clock at the start", short.startClock, clockMarks[sale.startClock]],
    ["end", short.end, bySecond(sale.end)],
    ["clock at the end", short.endClock, clockMarks[sale.endClock]],
    ["begin register", short.beginKwh, sale.begin.registerKwh],
    ["end register", short.endKwh, sale.finish.registerKwh],
    ["total", `${short.total}${short.currency}`, `${sale.price.due.gross}${sale.price.currency}`],
    ["meter record", short.record, hexText(hash(utf8(sale.ocmf)).slice(0, 16))],
    ["key", short.key, receipt.key.id.slice(7, 23)],
  ];
  return pairs.filter(([, a, b]) => a !== b).map(([name, a, b]) => `${name}: the code says ${a}, the receipt ${b}`);
}

function checkShort(receipt: SalePayload, tools: CheckTools): Check {
  const name = "QR code";
  const short = parseShortForm(receipt.sale.short);
  if (short === undefined) return fails(name, "the short form cannot be read");
  if (isSameText(short.signature, unsignedMark))
    return fails(name, "unsigned: the signer had failed, and the code says so in the signature's place");
  if (!isOwnSignature(tools, receipt.key.spki, utf8(short.text), short.signature, "ieee-p1363"))
    return fails(name, "the short form is not signed by the receipt's key");
  return overallResult(
    name,
    shortComplaints(short, receipt, tools),
    "the code says what the receipt says, and is signed too",
  );
}

const isSameText = (bytes: Uint8Array, text: string): boolean => fromUtf8(bytes) === text;

/** The times of a receipt are written with the offset of its own zone. */
function checkTimes(
  sale: Pick<SaleFields, "start" | "startClock" | "end" | "endClock" | "shown">,
  { timeZone, issuedAt }: ReceiptFrame,
  readings: readonly ReceiptReading[],
): Check {
  const times = [issuedAt, sale.start, sale.end, sale.shown.at, ...readings.map(({ at }) => at)];
  const wrong = times.filter((text) => isoLocal(parseIsoLocal(text) ?? 0, timeZone) !== text);
  const complaints = wrong.map((text) => `${text} is not a local time of ${timeZone}`);
  if ((parseIsoLocal(sale.end) ?? 0) < (parseIsoLocal(sale.start) ?? 0))
    complaints.push(`the session ends (${sale.end}) before it starts (${sale.start})`);
  const { startClock, endClock } = sale;
  const clock = startClock === endClock ? startClock : `${startClock} at the start, ${endClock} at the end`;
  return overallResult("times", complaints, `${sale.start} to ${sale.end}, clock ${clock}`);
}

/** Whether the price that stood on the display is the one of the tariff that was charged, or of the `whole` tariff. */
export function checkShown(receipt: SalePayload, whole?: Tariff): Check {
  const name = "price shown";
  const { fault, unknown } = shownAgain(receipt, whole);
  if (fault !== undefined) return fails(name, fault);
  return unknown === undefined ? holds(name, "what was shown is what the tariff says") : skipped(name, unknown);
}

/** Every check on the figures of a sale. */
export function checkSale(receipt: SalePayload, tools: CheckTools, rerate: Rerate | undefined): readonly Check[] {
  const { sale } = receipt;
  return [
    ...checkOcmf(sale.ocmf, receipt.key.spki, tools, sale.connector.maxPowerW),
    checkRecordAgrees(receipt),
    checkTimes(sale, receipt, [sale.begin, sale.finish, ...sale.borders]),
    checkSamples(receipt),
    checkTariff(sale, receipt.timeZone, tools),
    checkShown(receipt),
    checkPrice(sale, receipt, rerate),
    checkSums(sale),
    checkShort(receipt, tools),
  ];
}

/** Every check on the figures of a reservation that no session came for. */
export function checkReservation(
  receipt: ReservationPayload,
  tools: CheckTools,
  rerate: Rerate | undefined,
): readonly Check[] {
  const { reservation, timeZone } = receipt;
  return [
    checkTimes(reservation, receipt, []),
    checkTold(receipt),
    checkTariff(reservation, timeZone, tools),
    checkPrice(reservation, receipt, rerate),
    checkSums(reservation),
  ];
}

/** Only what was told before may be charged: the price stands on the receipt, and no later than the reservation. */
function checkTold(receipt: ReservationPayload): Check {
  const name = "price told before";
  const { shown, start, by } = receipt.reservation;
  const complaints = [
    ...(shown.text.trim() === "" ? ["the receipt names no price that was told"] : []),
    ...(isToldByTariff(receipt) ? [] : [`"${shown.text}" was told, which the tariff does not say`]),
    ...((parseIsoLocal(shown.at) ?? Number.NaN) <= (parseIsoLocal(start) ?? Number.NaN)
      ? []
      : [`the price was told at ${shown.at}, after the reservation began (${start})`]),
  ];
  return overallResult(name, complaints, `${by} vouched for it when it made the reservation`);
}

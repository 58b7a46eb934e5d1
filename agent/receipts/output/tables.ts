// Receipts as tables: the list on the screen, the rows for the books (CSV, JSON), and what was earned per day, month,
// card or tariff.

import type { TimeTrust } from "../../../drivers/driver.js";
import type { LaterReceipts } from "../../core/corrections/later-receipts.js";
import { Failure } from "../../core/failure.js";
import { kwhExact, milliWhOfKwh } from "../../core/number/energy-text.js";
import { sumText } from "../../core/receipt/decimal-text.js";
import { type ReceiptPayload, soldIn } from "../../core/receipt/receipt-payload.js";
import { terminalText } from "../../core/words/printable.js";
import { laterReceipts, payloadFrom, type ReceiptSource } from "./exports.js";

export type DateRange = { readonly from?: string | undefined; readonly to?: string | undefined };

/** One row of the books. Amounts are decimal texts; a credit's are negative. A time that nobody knows is "". */
export type BookRow = {
  readonly number: number;
  readonly kind: ReceiptPayload["kind"];
  readonly issued: string;
  readonly evseId: string;
  readonly start: string;
  readonly end: string;
  readonly session: string;
  readonly cdr: string;
  readonly card: string;
  readonly contract: string;
  readonly tariff: string;
  readonly kwh: string;
  readonly currency: string;
  readonly net: string;
  readonly tax: string;
  readonly gross: string;
  readonly rates: string;
  readonly stopped: string;
  readonly refers: string;
};

const blank = {
  evseId: "",
  start: "",
  end: "",
  session: "",
  cdr: "",
  card: "",
  contract: "",
  tariff: "",
  kwh: "0.000",
  currency: "",
  net: "0",
  tax: "0",
  gross: "0",
  rates: "",
  stopped: "",
  refers: "",
};

const ratesText = (
  taxes: readonly { readonly name: string; readonly ratePercent: string; readonly net: string; readonly tax: string }[],
): string => taxes.map(({ name, ratePercent, net, tax }) => `${name} ${ratePercent} %: ${net} + ${tax}`).join("; ");

const known = (time: string, clock: TimeTrust): string => (clock === "unsynced" ? "" : time);

/** The local time to which a receipt belongs: when it was issued, else when its session began; "" = nobody knows. */
function timeOfReceipt(payload: ReceiptPayload): string {
  const sold = soldIn(payload);
  return known(payload.issuedAt, payload.clock) || (sold === undefined ? "" : known(sold.start, sold.startClock));
}

/** The receipts of a period as rows of the books. */
export const bookRows = (source: ReceiptSource, range: DateRange): readonly BookRow[] =>
  [...issuedWithin(source, range)].map((payload) => bookRow(payload, laterReceipts(source, payload.number)));

/** What a receipt refers to, and what refers to it. */
const refersTo = (own: string | undefined, { creditedBy, correctedBy }: LaterReceipts): string =>
  [
    ...(own === undefined ? [] : [own]),
    ...(creditedBy === undefined ? [] : [`credited by ${creditedBy}`]),
    ...(correctedBy === undefined ? [] : [`corrected by ${correctedBy}`]),
  ].join(", ");

/** A receipt as a row of the books; cards and contracts show their last four characters. */
export function bookRow(payload: ReceiptPayload, later: LaterReceipts): BookRow {
  const base = { ...blank, number: payload.number, kind: payload.kind, issued: known(payload.issuedAt, payload.clock) };
  const sold = soldIn(payload);
  if (sold !== undefined) {
    const row: BookRow = {
      ...base,
      evseId: sold.connector.evseId,
      start: known(sold.start, sold.startClock),
      end: known(sold.end, sold.endClock),
      session: sold.sessionId,
      cdr: sold.cdrId,
      card: sold.token.card,
      contract: sold.token.contract,
      tariff: sold.tariff.id,
      currency: sold.price.currency,
      net: sold.price.due.net,
      tax: sold.price.due.tax,
      gross: sold.price.due.gross,
      rates: ratesText(sold.price.taxes),
    };
    if (payload.kind !== "sale") return { ...row, stopped: "Expired", refers: refersTo(undefined, later) };
    const own = payload.corrects === undefined ? undefined : `corrects ${payload.corrects}`;
    return { ...row, kwh: payload.sale.energyKwh, stopped: payload.sale.stop.reason, refers: refersTo(own, later) };
  }
  if (payload.kind !== "credit") return base;
  const { credit } = payload;
  return {
    ...base,
    evseId: credit.sold.evseId,
    start: known(credit.sold.start, credit.sold.startClock),
    end: known(credit.sold.end, credit.sold.endClock),
    session: credit.sessionId,
    cdr: credit.cdrId,
    currency: credit.currency,
    net: credit.due.net,
    tax: credit.due.tax,
    gross: credit.due.gross,
    rates: ratesText(credit.taxes),
    refers: `takes back ${credit.number}: ${credit.reason}`,
  };
}

function dateOf(text: string, name: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new Failure("usage/invalid", `${name}: expected a date such as 2026-03-28, not "${text}"`);
  return text;
}

/**
 * The payloads issued from one local date to another, both included. One whose date nobody knows was issued after the
 * one before it, and goes with that.
 */
export function* issuedWithin(source: ReceiptSource, { from, to }: DateRange): Generator<ReceiptPayload> {
  const first = from === undefined ? "" : dateOf(from, "--from");
  const last = to === undefined ? "9999-99-99" : dateOf(to, "--to");
  let date = "";
  for (const receipt of source.entries()) {
    const payload = payloadFrom(receipt);
    date = timeOfReceipt(payload).slice(0, 10) || date;
    if (date >= first && date <= last) yield payload;
  }
}

/** A cell of CSV (RFC 4180); a text that a spreadsheet would take for a formula is kept from it. */
function cell(value: string | number): string {
  const text = String(value);
  const safe = typeof value === "string" && /^[=+@\t\r]|^-(?![\d.]+$)/.test(text) ? `'${text}` : text;
  return /[",\r\n;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The rows as CSV with a head line and CRLF ends, as RFC 4180 asks. */
export function csvText(rows: readonly BookRow[]): string {
  const names = Object.keys({ number: 0, kind: "", issued: "", ...blank }) as (keyof BookRow)[];
  return [names.join(","), ...rows.map((row) => names.map((name) => cell(row[name])).join(","))]
    .map((line) => `${line}\r\n`)
    .join("");
}

/** Columns padded to their widest cell, two spaces apart; `right` names those that are numbers. */
function columnsText(
  head: readonly string[],
  asTheyStand: readonly (readonly string[])[],
  right: readonly number[],
): string {
  const rows = asTheyStand.map((row) => row.map(terminalText));
  const widths = head.map((name, column) =>
    rows.reduce((most, row) => Math.max(most, (row[column] ?? "").length), name.length),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, column) =>
        right.includes(column) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}

/** The list of receipts for the screen. */
export function listText(rows: readonly BookRow[]): string {
  return columnsText(
    ["No", "Kind", "Issued", "Charge point", "kWh", "Total", "", "Card", "Stopped"],
    rows.map((row) => [
      String(row.number),
      row.kind,
      row.issued.slice(0, 19).replace("T", " ") || "not known",
      row.evseId,
      row.kind === "sale" ? row.kwh : "",
      row.currency === "" ? "" : row.gross,
      row.currency,
      row.card,
      [row.stopped, row.refers].filter((text) => text !== "").join("; "),
    ]),
    [0, 4, 5],
  );
}

export const groupings = ["day", "month", "token", "tariff"] as const;
export type TableGrouping = (typeof groupings)[number];

export type SummaryRow = {
  readonly group: string;
  readonly currency: string;
  readonly sales: number;
  readonly credits: number;
  readonly kwh: string;
  readonly net: string;
  readonly tax: string;
  readonly gross: string;
};

/** Whose row a receipt falls into; a credit into the one of the sale it takes back. */
function groupOf(
  payload: ReceiptPayload,
  by: TableGrouping,
  source: ReceiptSource,
): { readonly key: string; readonly shown: string } | undefined {
  if (soldIn(payload) === undefined && payload.kind !== "credit") return undefined;
  if (by === "day" || by === "month") {
    const date = timeOfReceipt(payload).slice(0, by === "day" ? 10 : 7) || "not known";
    return { key: date, shown: date };
  }
  const receipt = payload.kind === "credit" ? source.get(payload.credit.number) : undefined;
  const sold = payload.kind === "credit" ? (receipt === undefined ? undefined : payloadFrom(receipt)) : payload;
  const fields = soldIn(sold);
  if (fields === undefined) return { key: "?", shown: "?" };
  const { token, tariff } = fields;
  return by === "tariff"
    ? { key: tariff.id, shown: tariff.id }
    : { key: token.user.id, shown: `${token.card} (contract ${token.contract})` };
}

/**
 * What was sold per day, month, card or tariff, and currency: credits taken off. Exact sums. A session that was corrected
 * is one sale, and its energy counts once: in the row of its first receipt.
 */
export function summaryOf(source: ReceiptSource, by: TableGrouping, range: DateRange): readonly SummaryRow[] {
  const rows = new Map<string, SummaryRow>();
  for (const payload of issuedWithin(source, range)) {
    const group = groupOf(payload, by, source);
    if (group === undefined) continue;
    const row = bookRow(payload, {});
    const isCorrection = payload.kind === "sale" && payload.corrects !== undefined;
    const key = `${group.key}\n${row.currency}`;
    const before = rows.get(key) ?? {
      group: group.shown,
      currency: row.currency,
      sales: 0,
      credits: 0,
      kwh: "0.000",
      net: "0",
      tax: "0",
      gross: "0",
    };
    rows.set(key, {
      ...before,
      sales: before.sales + (soldIn(payload) === undefined || isCorrection ? 0 : 1),
      credits: before.credits + (payload.kind === "credit" ? 1 : 0),
      kwh: isCorrection
        ? before.kwh
        : kwhExact((milliWhOfKwh(before.kwh) ?? Number.NaN) + (milliWhOfKwh(row.kwh) ?? Number.NaN)),
      net: sumText(before.net, row.net),
      tax: sumText(before.tax, row.tax),
      gross: sumText(before.gross, row.gross),
    });
  }
  return [...rows.values()];
}

/** The summary for the screen. */
export function summaryText(rows: readonly SummaryRow[], by: TableGrouping): string {
  return columnsText(
    [by, "Sales", "Credits", "kWh", "Net", "Tax", "Gross", ""],
    rows.map((row) => [
      row.group,
      String(row.sales),
      String(row.credits),
      row.kwh,
      row.net,
      row.tax,
      row.gross,
      row.currency,
    ]),
    [1, 2, 3, 4, 5, 6],
  );
}

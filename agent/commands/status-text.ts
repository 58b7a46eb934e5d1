// `chargetill status` in words: the same snapshot that the live view draws.

import { endingParts } from "../app/view/connector-words.js";
import { durationText, screenTime } from "../app/view/screen-text.js";
import { remedyLine } from "../core/fault-table.js";
import { dateText, localTime } from "../core/time/time.js";
import { diskForecastText, mib } from "../ledger/upkeep/disk-forecast.js";
import { reservationText, type Snapshot } from "../station/snapshot.js";
import { openLines } from "./payments.js";
import { uplinkStatusLines as uplinkLines } from "./sync.js";

/** The station in a few lines. */
export function statusLines(snapshot: Snapshot): string[] {
  const { moment, timeZone } = snapshot;
  // All times are the station's: beside a driver's receipt nobody reckons in UTC.
  const local = (atMs: number): string => `${dateText(localTime(timeZone, atMs).day)} ${screenTime(timeZone, atMs)}`;
  const sellsSomewhere = snapshot.connectors.some(({ blocked }) => blocked === undefined);
  const lines = [
    `station ${snapshot.station}, chargetill ${snapshot.version}, ${local(moment.at)} local time (clock ${moment.trust})`,
    snapshot.closed === undefined
      ? `${sellsSomewhere ? "selling" : "open, BUT EVERY CONNECTOR IS OUT OF ORDER"}; ` +
        `${snapshot.receipts} receipt${snapshot.receipts === 1 ? "" : "s"} in the book, key ${snapshot.keyId}`
      : `NOT SELLING: ${snapshot.closed}`,
  ];
  for (const connector of snapshot.connectors) {
    lines.push(
      `connector ${connector.id} (${connector.evseId}): ${connector.words}` +
        `${connector.card === undefined ? "" : `, card ${connector.card}`}`,
    );
    if (connector.reservation !== undefined)
      lines.push(`  ${reservationText(connector.reservation, timeZone, moment.at)}`);
    const isForSale = connector.blocked === undefined && connector.state !== "finishing";
    if (connector.energyKwh === undefined && isForSale) lines.push(...connector.price.map((line) => `  ${line}`));
    if (connector.payment !== undefined) lines.push(`  pay by phone: ${connector.payment.url}`);
    if (connector.energyKwh !== undefined)
      lines.push(
        `  ${connector.energyKwh} kWh, ${connector.accrued ?? ""}, ${durationText(connector.elapsedMs ?? 0)}, ` +
          `${connector.powerW ?? 0} W, price now ${connector.unitPrice ?? ""}`,
      );
    const ends = endingParts(connector);
    if (ends.length > 0) lines.push(`  ${ends.join(", ")}`);
  }
  for (const uplink of snapshot.uplinks)
    lines.push(...uplinkLines(uplink, local).map((line, index) => (index === 0 ? `uplink ${line}` : line)));
  lines.push(...paymentLines(snapshot));
  lines.push(...diskLines(snapshot), ...complaintLines(snapshot, local));
  for (const { code, device, message } of snapshot.faults)
    lines.push(`FAULT ${code} at ${device}: ${message}`, `  ${remedyLine(code)}`);
  return lines;
}

/** So many payments are listed; `payments open` lists them all. */
const mostPaymentsShown = 5;

/** What is held on drivers' cards, and what is owed back. */
function paymentLines({ payments }: Pick<Snapshot, "payments">): readonly string[] {
  const lines = payments === undefined ? [] : openLines(payments);
  const more = lines.length - mostPaymentsShown;
  return more > 0
    ? [...lines.slice(0, mostPaymentsShown), `${more} more payments are open: chargetill payments open`]
    : lines;
}

/** So many are listed; the command lists them all. */
const mostComplaintsShown = 5;

/** The open complaints by their age. */
function complaintLines(
  { complaints, moment }: Pick<Snapshot, "complaints" | "moment">,
  local: (atMs: number) => string,
): string[] {
  const lines = complaints
    .slice(0, mostComplaintsShown)
    .map(
      ({ number, receipt, dueMs }) =>
        `complaint ${number} about receipt ${receipt}: ${dueMs < moment.at ? "OVERDUE since" : "to be answered by"} ${local(dueMs)}`,
    );
  const more = complaints.length - lines.length;
  return more > 0 ? [...lines, `${more} more complaints are open: chargetill complaints list --open`] : lines;
}

/** What is left of the disk, and what was written to it. */
function diskLines({ diskForecast, writeStatistics }: Snapshot): string[] {
  const parts: string[] = [];
  if (diskForecast !== undefined) parts.push(`${mib(diskForecast.freeBytes)} free, ${diskForecastText(diskForecast)}`);
  if (writeStatistics !== undefined)
    parts.push(
      `written today ${mib(writeStatistics.todayBytes)} in ${writeStatistics.todaySyncs} fsyncs` +
        `${writeStatistics.bytesPerReceipt === undefined ? "" : `, ${mib(writeStatistics.bytesPerReceipt)} per receipt`}`,
    );
  return parts.length === 0 ? [] : [`disk: ${parts.join("; ")}`];
}

// The station on a screen. With room for it each connector has a frame of its own; with less, the same words run on
// without one; where even that does not fit they are turned like pages. What a driver or technician must read is never
// cut away.
import { remedyLine } from "../../core/fault-table.js";
import type { ConnectorSnapshot, Snapshot } from "../../station/snapshot.js";
import { connectorFigures, connectorTitle } from "./connector-words.js";
import { bold, dim, fit, flowed, screenTime, sideBySide, tint, wrappedText } from "./screen-text.js";

/** What a screen shows, of how many pages. */
export type StationPage = { readonly lines: readonly string[]; readonly pages: number };

/** The page of that number, counted on and on, for a screen of so many columns and rows. */
export function stationPage(snapshot: Snapshot, columns: number, rows: number, page: number): StationPage {
  const framed = framedScreen(snapshot, columns);
  if (framed.length <= rows) return { lines: framed, pages: 1 };
  const head = headLines(snapshot, columns);
  const rest = compactLines(snapshot, columns);
  if (head.length + rest.length <= rows) return { lines: [...head, ...rest], pages: 1 };
  const room = Math.max(1, rows - head.length - 1);
  const pages = Math.ceil(rest.length / room);
  const shown = page % pages;
  const lines = rest.slice(shown * room, (shown + 1) * room);
  return { lines: [...head, ...lines, dim(` page ${shown + 1} of ${pages}`)], pages };
}

/** With a frame around each connector. */
export function framedScreen(snapshot: Snapshot, columns: number): string[] {
  const inner = columns - 4;
  const framed = (connector: ConnectorSnapshot): string[] => [
    dim(`┌${"─".repeat(columns - 2)}┐`),
    ...[...sideBySide(connectorTitle(connector, inner), inner), ...connectorFigures(connector, snapshot, inner)].map(
      (line) => `${dim("│")} ${fit(line, inner, true)} ${dim("│")}`,
    ),
    dim(`└${"─".repeat(columns - 2)}┘`),
  ];
  return [
    dim("─".repeat(columns)),
    ...headLines(snapshot, columns),
    ...snapshot.connectors.flatMap(framed),
    ...standingFaults(snapshot, columns),
    ...helpLines(snapshot, columns),
  ];
}

function headLines(snapshot: Snapshot, columns: number): string[] {
  const { moment, timeZone, operator, closed } = snapshot;
  const trust = moment.trust === "synced" ? "" : ` (clock ${moment.trust})`;
  const time = `${screenTime(timeZone, moment.at)}${trust}`;
  return [
    ...sideBySide([` ${bold("chargetill")}  ${operator}  ${time}`, backendWords(snapshot)], columns).map((line) =>
      fit(line, columns),
    ),
    ...(closed === undefined
      ? []
      : wrappedText(`✗ not selling: ${closed}`, columns).map((line) => fit(` ${tint(31, line)}`, columns))),
  ];
}

/**
 * All but the head, without frames; a price that stands at an earlier connector too is not repeated, and none stands
 * where nothing is sold.
 */
function compactLines(snapshot: Snapshot, columns: number): string[] {
  const inner = columns - 2;
  const { connectors } = snapshot;
  const isPriced = ({ energyKwh, state }: ConnectorSnapshot): boolean =>
    energyKwh === undefined && state !== "finishing" && state !== "out-of-order";
  const lines = connectors.flatMap((connector, index) => {
    const price = connector.price.join("\n");
    const earlier = connectors.slice(0, index).find((one) => isPriced(one) && one.price.join("\n") === price);
    const isRepeated = isPriced(connector) && price !== "" && earlier !== undefined;
    const isSold = connector.state !== "out-of-order";
    const shown = isRepeated ? [`price as at connector ${earlier.id}`] : connector.price;
    const told = { ...connector, price: isSold ? shown : [] };
    const wide = Number.POSITIVE_INFINITY;
    const figures = connectorFigures(told, snapshot, wide, "no-bar").flatMap((line) => line.trim().split("   "));
    return flowed([...connectorTitle(told, wide), ...figures], inner);
  });
  return [
    ...lines.map((line) => fit(` ${line}`, columns)),
    ...standingFaults(snapshot, columns),
    ...helpLines(snapshot, columns),
  ];
}

function standingFaults({ faults }: Snapshot, columns: number): string[] {
  return faults.flatMap(({ code, device, message }) => [
    ...flowed([`${tint(31, "✗")} ${code} at ${device}: ${message}`], columns - 2).map((line) => ` ${line}`),
    ...flowed([remedyLine(code)], columns - 4).map((line) => dim(`   ${line}`)),
  ]);
}

function helpLines({ helpline, receipts, keyId }: Snapshot, columns: number): string[] {
  return sideBySide([` help ${helpline}`, `receipts ${receipts}`, `key ${keyId.slice(0, 19)}…`], columns).map((line) =>
    fit(dim(line), columns),
  );
}

function backendWords(snapshot: Snapshot): string {
  if (snapshot.uplinks.length === 0) return "no backend";
  const waiting = snapshot.uplinks.reduce((sum, { waiting: count }) => sum + count, 0);
  const queue = waiting === 0 ? "" : `, ${waiting} waiting`;
  if (snapshot.offline) return tint(33, `⚠ OFFLINE, selling on${queue}`);
  return snapshot.uplinks.every(({ reachability }) => reachability === "untried")
    ? `○ backend: nothing to send yet${queue}`
    : tint(32, `● backend online${queue}`);
}

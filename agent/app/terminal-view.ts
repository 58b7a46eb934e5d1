// The live view: what happened scrolls by above, how the station stands is drawn below and drawn over. Text first,
// colour never alone.
import type { WriteStream } from "node:tty";
import { remedyLine } from "../core/fault-table.js";
import { clockText, localTime } from "../core/time/time.js";
import { type ConnectorSnapshot, reservationText, type Snapshot } from "../station/snapshot.js";

const redrawMs = 100;
const widest = 100;
/** Faults that are shown; `status` lists all of them. */
const mostFaults = 4;

const bold = (text: string): string => `\x1b[1m${text}\x1b[22m`;
const dim = (text: string): string => `\x1b[2m${text}\x1b[22m`;
const tint = (code: number, text: string): string => `\x1b[${code}m${text}\x1b[39m`;
const marks: Record<ConnectorSnapshot["state"], { sign: string; colour: number }> = {
  available: { sign: "○", colour: 32 },
  "waiting-for-plug": { sign: "◔", colour: 36 },
  occupied: { sign: "◑", colour: 36 },
  starting: { sign: "◕", colour: 36 },
  charging: { sign: "▶", colour: 34 },
  stopping: { sign: "■", colour: 33 },
  settling: { sign: "■", colour: 33 },
  finishing: { sign: "✓", colour: 32 },
  reserved: { sign: "◍", colour: 33 },
  "out-of-order": { sign: "✗", colour: 31 },
};

export class TerminalView {
  readonly #out: WriteStream;
  readonly #look: () => Snapshot | undefined;
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;
  #stale = true;

  constructor(out: WriteStream, look: () => Snapshot | undefined) {
    this.#out = out;
    this.#look = look;
    this.#out.write("\x1b[?25l");
    this.#timer = setInterval(() => this.#draw(), redrawMs);
  }

  changed(): void {
    this.#stale = true;
  }

  /** Puts text into the scroll above the view. */
  say(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
    this.#stale = true;
    this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stale = true;
    this.#draw();
    this.#out.write("\x1b[?25h");
  }

  #clear(): void {
    if (this.#drawn > 0) this.#out.write(`\x1b[${this.#drawn}A\r\x1b[J`);
    this.#drawn = 0;
  }

  #draw(): void {
    if (!this.#stale) return;
    const snapshot = this.#look();
    if (snapshot === undefined) return;
    this.#stale = false;
    const room = Math.max(4, (this.#out.rows ?? 24) - 1);
    const lines = terminalViewLines(snapshot, Math.min(this.#out.columns ?? 80, widest)).slice(0, room);
    this.#clear();
    this.#out.write(`${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }
}

/** The view as lines of at most `columns` visible characters. */
export function terminalViewLines(snapshot: Snapshot, columns: number): string[] {
  const inner = columns - 4;
  const { moment, timeZone } = snapshot;
  const time = screenTime(timeZone, moment.at);
  const trust = moment.trust === "synced" ? "" : ` (clock ${moment.trust})`;
  const backend = backendWords(snapshot);
  const rows = [
    dim("─".repeat(columns)),
    ...sideBySide([` ${bold("chargetill")}  ${snapshot.operator}  ${time}${trust}`, backend], columns).map((line) =>
      fit(line, columns),
    ),
    ...(snapshot.closed === undefined
      ? []
      : wrappedText(`✗ not selling: ${snapshot.closed}`, columns).map((line) => fit(` ${tint(31, line)}`, columns))),
  ];
  for (const connector of snapshot.connectors) {
    const { sign, colour } = marks[connector.state];
    rows.push(dim(`┌${"─".repeat(columns - 2)}┐`));
    const title = sideBySide(
      [
        `${tint(colour, sign)} ${bold(`Connector ${connector.id}`)}`,
        ...wrappedText(connector.words, inner),
        ...(connector.card === undefined ? [] : [`card ${connector.card}`]),
      ],
      inner,
    );
    for (const line of [...title, ...body(connector, snapshot, inner)])
      rows.push(`${dim("│")} ${fit(line, inner, true)} ${dim("│")}`);
    rows.push(dim(`└${"─".repeat(columns - 2)}┘`));
  }
  for (const { code, device, message } of snapshot.faults.slice(0, mostFaults))
    rows.push(
      fit(` ${tint(31, "✗")} ${code} at ${device}: ${message}`, columns),
      fit(dim(`   ${remedyLine(code)}`), columns),
    );
  rows.push(
    fit(
      dim(` help ${snapshot.helpline}   receipts ${snapshot.receipts}   key ${snapshot.keyId.slice(0, 19)}…`),
      columns,
    ),
  );
  return rows;
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

function body(connector: ConnectorSnapshot, snapshot: Snapshot, columns: number): string[] {
  const {
    energyKwh,
    powerW,
    elapsedMs,
    unitPrice,
    accrued,
    ifStoppedNow,
    nextChange,
    idleForMs,
    idleFreeMs,
    leftUnderCap,
  } = connector;
  if (energyKwh === undefined || powerW === undefined || elapsedMs === undefined) {
    if (connector.state === "finishing")
      return [
        `receipt ${connector.receipt ?? ""} is signed: ` +
          `${snapshot.offline ? "it will be sent when the backend is back" : "it goes to the backend"}`,
      ];
    const { reservation } = connector;
    const reserved =
      reservation === undefined ? [] : [reservationText(reservation, snapshot.timeZone, snapshot.moment.at)];
    return [...reserved, ...connector.price].flatMap((line) =>
      wrappedText(line, columns - 2).map((part, index) => `${index === 0 ? "  " : "    "}${part}`),
    );
  }
  const bar = powerBar(powerW, connector.maxPowerW);
  return [
    ...sideBySide(
      [
        `  ${bold(`${energyKwh} kWh`)}`,
        bold(accrued ?? ""),
        durationText(elapsedMs),
        `${(powerW / 1000).toFixed(1)} kW ${bar}`,
      ],
      columns,
    ),
    ...sideBySide(
      [
        ...wrappedText(`price now ${unitPrice ?? ""} incl. tax`, columns - 2).map((line) => `  ${line}`),
        `if stopped now ${ifStoppedNow ?? ""}`,
      ],
      columns,
    ),
    ...(nextChange === undefined
      ? []
      : [`  from ${clockText(snapshot.timeZone, nextChange.atMs)}: ${nextChange.unitPrice}`]),
    ...(idleForMs === undefined || connector.state !== "charging"
      ? []
      : [
          `  the car has asked for no power for ${durationText(idleForMs)}` +
            `${idleFreeMs === undefined ? "" : `: still free for ${durationText(idleFreeMs)}`}`,
        ]),
    ...sideBySide(
      endingParts(connector).map((part, index) => (index === 0 ? `  ${part}` : part)),
      columns,
    ),
    ...(leftUnderCap === undefined ? [] : [dim(`  left under the price cap ${leftUnderCap}`)]),
  ];
}

/** `ends by itself at 80 kWh: 12.345 kWh left`, a part for each limit. */
export const endingParts = ({ endsAt = [] }: ConnectorSnapshot): readonly string[] =>
  endsAt.map(({ at, left }, index) => `${index === 0 ? "ends by itself at" : "at"} ${at}: ${left} left`);

/**
 * Parts beside each other while they fit, else on a line of their own, set in by two: what a driver must read is never
 * cut away.
 */
function sideBySide(parts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(part);
    else if (width(last) + 3 + width(part) <= columns) lines[lines.length - 1] = `${last}   ${part}`;
    else lines.push(`  ${part}`);
  }
  return lines;
}

/** Visible characters: escape sequences take no room. */
const width = (text: string): number => [...text.replace(/\x1b\[[0-9;]*m/g, "")].length;

/**
 * A text in lines of at most `columns` characters, broken between words; the lines after the first leave room to be set
 * in by two.
 */
function wrappedText(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns - 2) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** `18:02:31`, in the station's own time. */
export function screenTime(timeZone: string, at: number): string {
  const { msOfDay } = localTime(timeZone, at);
  return `${clockText(timeZone, at)}:${String(Math.floor(msOfDay / 1000) % 60).padStart(2, "0")}`;
}

function powerBar(powerW: number, maxPowerW: number): string {
  const cells = 20;
  const full = Math.min(cells, Math.round((powerW / maxPowerW) * cells));
  return tint(34, "█".repeat(full)) + dim("░".repeat(cells - full));
}

/** `1:02:03` or `02:03`. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${rest}` : rest;
}

/** Cuts (and, to fill, pads) to `columns` visible characters; escape sequences take no room. */
function fit(text: string, columns: number, fill = false): string {
  let visible = 0;
  let out = "";
  for (const part of text.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith("\x1b[")) {
      out += part;
      continue;
    }
    const chars = [...part];
    const room = columns - visible;
    out += chars.length > room ? `${chars.slice(0, Math.max(0, room - 1)).join("")}${room > 0 ? "…" : ""}` : part;
    visible += Math.min(chars.length, room);
  }
  return `${out}\x1b[22m\x1b[39m${fill ? " ".repeat(Math.max(0, columns - visible)) : ""}`;
}

// One connector in the words of the live view.
import { clockText } from "../../core/time/time.js";
import { addressPieces } from "../../core/words/printable.js";
import { type ConnectorSnapshot, reservationText, type Snapshot } from "../../station/snapshot.js";
import { bold, dim, durationText, sideBySide, tint, wrappedText } from "./screen-text.js";

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

/** The parts of its first line: which it is, how it stands, and whose card. */
export function connectorTitle({ id, state, words, card }: ConnectorSnapshot, columns: number): string[] {
  const { sign, colour } = marks[state];
  return [
    `${tint(colour, sign)} ${bold(`Connector ${id}`)}`,
    ...wrappedText(words, columns),
    ...(card === undefined ? [] : [`card ${card}`]),
  ];
}

/** What stands beneath its title: the figures of a session, or the price before one; `bar` = its power as a bar too. */
export function connectorFigures(
  connector: ConnectorSnapshot,
  snapshot: Snapshot,
  columns: number,
  bar: "bar" | "no-bar" = "bar",
): string[] {
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
    const payment = connector.payment === undefined ? [] : addressLines(connector.payment.url, columns);
    const told = [...reserved, ...connector.price].flatMap((line) =>
      wrappedText(line, columns - 2).map((part, index) => `${index === 0 ? "  " : "    "}${part}`),
    );
    return [...told, ...payment];
  }
  return [
    ...sideBySide(
      [
        `  ${bold(`${energyKwh} kWh`)}`,
        bold(accrued ?? ""),
        durationText(elapsedMs),
        `${(powerW / 1000).toFixed(1)} kW${bar === "bar" ? ` ${powerBar(powerW, connector.maxPowerW)}` : ""}`,
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
    ...(leftUnderCap === undefined ? [] : [`  ${dim(`left under the price cap ${leftUnderCap}`)}`]),
  ];
}

/** Where a driver pays, beneath its words where it does not fit beside them. */
function addressLines(url: string, columns: number): string[] {
  const room = Math.max(1, columns - addressIndent.length);
  const whole = `  pay by phone: ${url}`;
  if (whole.length <= columns) return [whole];
  return ["  pay by phone:", ...addressPieces(url, room).map((piece) => addressIndent + piece)];
}
const addressIndent = "    ";

/** `ends by itself at 80 kWh: 12.345 kWh left`, a part for each limit. */
export const endingParts = ({ endsAt = [] }: ConnectorSnapshot): readonly string[] =>
  endsAt.map(({ at, left }, index) => `${index === 0 ? "ends by itself at" : "at"} ${at}: ${left} left`);

function powerBar(powerW: number, maxPowerW: number): string {
  const cells = 20;
  const full = Math.min(cells, Math.round((powerW / maxPowerW) * cells));
  return tint(34, "█".repeat(full)) + dim("░".repeat(cells - full));
}

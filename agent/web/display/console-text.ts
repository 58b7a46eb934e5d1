// The display as text, for a screen without a browser: the same words and figures, the codes in half blocks.

import { clockText } from "../../core/time/time.js";
import { addressPieces, terminalText } from "../../core/words/printable.js";
import { codeLines } from "../../receipts/output/qr-code.js";
import type { PushedConnector } from "../link/frames.js";
import type { StationView } from "../link/station-link.js";
import { bayWords, publicState } from "../views/bay-state.js";
import { durationFigure, energyFigure, moneyFigure, powerFigure, timeFigure } from "../views/figures.js";
import { priceAt, priceRowTexts } from "../views/price-view.js";
import { pageWords } from "../words/page-language.js";
import { codePath, codesFor } from "./display-codes.js";

/** Signs that are told apart by their form. */
const signs = { free: "( )", taken: "(#)", reserved: "(R)", outOfOrder: "(!)" } as const;

/** Lines of a screen; a code is left out where it does not fit, a line is cut. */
export function consoleLines(view: StationView, columns: number, rows: number): string[] {
  const { language, station } = view.hello;
  const words = pageWords[language];
  const { timeZone, location, operator } = station;
  const head = `${location.name}  ${words.help} ${operator.helpline}  ${clockText(timeZone, view.state.atMs)}`;
  const notice = !view.connected
    ? words.asOf(timeFigure(timeZone, view.state.atMs, view.state.atMs, language))
    : view.state.closed
      ? words.nothingSold
      : undefined;
  const lines = [head, "=".repeat(Math.min(columns, head.length)), ...(notice === undefined ? [] : [notice])];
  const room = Math.floor((rows - lines.length - 1) / Math.max(1, view.state.connectors.length));
  for (const connector of view.state.connectors) lines.push("", ...bayLines(view, connector, columns, room));
  return lines.slice(0, rows).map((line) => [...terminalText(line)].slice(0, columns).join(""));
}

function bayLines(view: StationView, connector: PushedConnector, columns: number, room: number): string[] {
  const { language } = view.hello;
  const words = pageWords[language];
  const { session } = connector;
  const state = publicState(connector, view);
  const price = priceAt(view, connector.id, language);
  const figures =
    session === undefined
      ? price === undefined
        ? [words.nothingSold]
        : [
            ...priceRowTexts(price).map(({ heading, amount, rest }) => `${heading}: ${amount || rest}`),
            ...(price.held === undefined ? [] : [price.held]),
          ]
      : [
          `${words.energy}: ${energyFigure(session.energyMilliWh, language)}`,
          `${words.costSoFar}: ${moneyFigure(session.accrued, session.currency, language)}`,
          `${words.power}: ${powerFigure(session.powerW, language)}`,
          `${words.duration}: ${durationFigure(session.elapsedMs)}`,
        ];
  const said = session === undefined ? bayWords(connector, view, words) : words.states.charging;
  const left = [`${signs[state]} ${words.bay(connector.id)}: ${said}`, ...figures];
  const path = codePath(connector);
  const { payment } = connector;
  const codes =
    payment !== undefined ? { page: payment.url } : state === "outOfOrder" ? undefined : codesFor(view, path);
  if (codes === undefined) return left;
  const under = payment !== undefined ? words.payByPhone : path.startsWith("/r/") ? words.scanLive : words.scan;
  const texts = [
    ...(codes.wifi === undefined ? [] : [{ code: codes.wifi.code, under: words.joinWifi(codes.wifi.name) }]),
    { code: codes.page, under },
  ].map((text) => [...codeLines(text.code), text.under]);
  const beside = texts.reduce<string[]>((all, text) => sideColumns(all, text), left);
  // Half a code leads nowhere.
  const fits = beside.length <= room && beside.every((line) => [...line].length <= columns);
  return fits ? beside : [...left, ...addressPieces(codes.page, columns)];
}

/** Two texts beside each other. */
function sideColumns(left: readonly string[], right: readonly string[]): string[] {
  const width = Math.max(...left.map((line) => [...line].length)) + 3;
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row) => {
    const begun = left[row] ?? "";
    return `${begun}${" ".repeat(width - [...begun].length)}${right[row] ?? ""}`.trimEnd();
  });
}

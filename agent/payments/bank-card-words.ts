// What a driver reads before he holds a bank card to the terminal: what is held, what becomes of it, and how he stops.
import type { Config } from "../../config/schema.js";
import { moneyText } from "../core/number/money.js";
import { paymentWords } from "../core/words/payment-words.js";

type Told = Pick<Config, "payments" | "readers" | "terminal" | "language">;

/** The reader whose connectors the terminal serves: the one that the config names, else the first. */
export const terminalReader = ({ payments, readers }: Pick<Told, "payments" | "readers">): string | undefined =>
  payments.reader ?? Object.keys(readers)[0];

/** What is held at a connector's terminal, such as "50.00 EUR"; undefined where no terminal serves it. */
export const heldOnCardAt = (config: Told, reader: string): string | undefined =>
  config.terminal !== undefined && reader === terminalReader(config)
    ? `${moneyText(config.payments.hold, config.terminal.currency)} ${config.terminal.currency}`
    : undefined;

/** The lines for a connector's display; none where no terminal serves it. */
export function bankCardLines(config: Told, reader: string, isOpen: boolean): string[] {
  const amount = heldOnCardAt(config, reader);
  if (amount === undefined) return [];
  const words = paymentWords[config.language];
  return isOpen ? [words.held(amount), words.sameCardStops] : [words.away];
}

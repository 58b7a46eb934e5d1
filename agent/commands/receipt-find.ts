// chargetill receipts find: the receipt of a driver who knows this and that about it.
import { type Command, InvalidArgumentError } from "commander";
import { Failure } from "../core/failure.js";
import { compare, ratioOfText } from "../core/number/money.js";
import { type ReceiptPayload, soldIn } from "../core/receipt/receipt-payload.js";
import type { BookEntry } from "../ledger/book/book-page.js";
import { personOf } from "../receipts/disclosures.js";
import { laterReceipts, payloadFrom, type ReceiptSource } from "../receipts/output/exports.js";
import { bookRow, listText } from "../receipts/output/tables.js";
import type { OpenReceiptSources } from "./receipt.js";
import { cardOption, print, printResult, type StationOptions, stationCommand, wholeNumber } from "./shared/command.js";

type Wanted = {
  readonly card?: string;
  readonly on?: string;
  readonly connector?: number;
  readonly total?: string;
};

const matching = (pattern: RegExp, expected: string) => (text: string) => {
  if (!pattern.test(text)) throw new InvalidArgumentError(`expected ${expected}.`);
  return text;
};

/** `chargetill receipts find`. */
export function findCommand(open: OpenReceiptSources): Command {
  return stationCommand(
    "find",
    "receipts by what a driver knows of them; all that is named must fit",
    "receipts find --card 6E80 --on 2026-11-24 --total 3.33",
  )
    .option(...cardOption, matching(/^[0-9A-Za-z-]{2,36}$/, "2 to 36 letters and digits"))
    .option(
      "--on <date>",
      "a day of the session, such as 2026-11-24",
      matching(/^\d{4}-\d\d-\d\d$/, "a date such as 2026-11-24"),
    )
    .option("--connector <number>", "the connector's number", wholeNumber("--connector", 1, 64))
    .option(
      "--total <amount>",
      "the exact total, such as 3.33",
      matching(/^\d{1,7}([.,]\d{1,4})?$/, "an amount such as 3.33"),
    )
    .action((options: StationOptions & Wanted) => {
      const { card, on, connector, total } = options;
      if ([card, on, connector, total].every((one) => one === undefined))
        throw new Failure("usage/invalid", "receipts find: give --card, --on, --connector, --total, or several");
      const { receipts } = open(options);
      const rows = [...found(receipts, options)].map((payload) =>
        bookRow(payload, laterReceipts(receipts, payload.number)),
      );
      if (rows.length === 0 && options.json !== true) print("no receipt fits");
      else printResult(options, rows, [listText(rows).trimEnd()]);
      process.exitCode = rows.length === 0 ? 1 : 0;
    });
}

function* found(receipts: ReceiptSource, wanted: Wanted): Generator<ReceiptPayload> {
  for (const entry of receipts.entries()) {
    const payload = payloadFrom(entry);
    if (isWanted(payload, cardsOf(entry, payload, receipts), wanted)) yield payload;
  }
}

/** What is known of card and contract: of forgotten ones the last four characters. */
function cardsOf(entry: BookEntry, payload: ReceiptPayload, { disclosures }: ReceiptSource): readonly string[] {
  const token = soldIn(payload)?.token;
  if (token === undefined) return [];
  const { uid, contractId } = disclosures === undefined ? { uid: "", contractId: "" } : personOf(entry, disclosures);
  return [token.card, token.contract, ...(uid === token.user.id ? [] : [uid, contractId])];
}

function isWanted(payload: ReceiptPayload, cards: readonly string[], { card, on, connector, total }: Wanted): boolean {
  const sold = soldIn(payload);
  if (sold === undefined) return false;
  const { start, end, price } = sold;
  const ends = (text: string): boolean => text.toUpperCase().endsWith((card ?? "").toUpperCase());
  return (
    (card === undefined || cards.some(ends)) &&
    // Local days: a session over midnight is of both.
    (on === undefined || (start.slice(0, 10) <= on && on <= end.slice(0, 10))) &&
    (connector === undefined || sold.connector.id === connector) &&
    (total === undefined || compare(ratioOfText(price.due.gross), ratioOfText(total.replace(",", "."))) === 0)
  );
}

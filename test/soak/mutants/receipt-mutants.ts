// A number once, a session once, a sum that adds up, a receipt that is priced again: the rules of a receipt.
import type { Mutant } from "./mutant.js";

const issuer = "agent/receipts/receipt-issuer.ts";
const chain = "agent/receipts/receipt-chain.ts";
const corrections = "agent/receipts/corrections.ts";
const complaints = "agent/core/corrections/correction-complaints.ts";
const sale = "agent/core/verify/verify-sale.ts";
const inCorrections = ["agent/core/corrections/corrections"];
const inIssuer = ["agent/receipts/receipt-issuer"];
const inVerify = ["agent/core/verify/verify"];

export const receiptMutants: readonly Mutant[] = [
  {
    rule: "a number that went to another receipt meanwhile is not used",
    file: issuer,
    find: "at.numbered === undefined || (at.signed === undefined && at.numbered.number <= book.count())",
    replace: "at.numbered === undefined",
    tests: ["agent/receipts/settling"],
  },
  {
    rule: "a session that has its receipt gets no second one",
    file: issuer,
    find: "if (booked !== undefined) {",
    replace: "if (false) {",
    tests: ["agent/receipts/settling"],
  },
  {
    rule: "no other receipt takes the number of a session that is being settled",
    file: issuer,
    find: "this.chain.unsigned === undefined || this.#parts.numberGiven()",
    replace: "this.chain.unsigned === undefined",
    tests: ["agent/receipts/settling"],
  },
  {
    rule: "nothing is issued over a book that is an old copy",
    file: chain,
    find: "if (count > parts.book.count())",
    replace: "if (false)",
    tests: ["agent/receipts/settling"],
  },
  {
    rule: "nothing is issued over a book that the journal is ahead of",
    file: chain,
    find: "if (known > book.count())",
    replace: "if (false)",
    tests: ["agent/receipts/settling"],
  },
  {
    rule: "nothing is issued while a receipt of the journal could not be booked",
    file: chain,
    find: "if (this.#owed !== undefined)",
    replace: "if (false)",
    tests: ["agent/receipts/settling"],
  },
  {
    rule: "a credit takes back the very receipt that it names",
    file: complaints,
    find: "hexText(hash(utf8(jws))) !== credit.receipt",
    replace: "false",
    tests: inCorrections,
  },
  {
    rule: "a book in which one receipt is taken back twice does not hold",
    file: complaints,
    find: "credits.get(name) ?? number",
    replace: "number",
    tests: inCorrections,
  },
  {
    rule: "relative times never stand beside those of a clock that was set",
    file: "agent/core/ocmf/ocmf.ts",
    find: 'moment.trust === "unsynced" && moment.boot',
    replace: "moment.boot",
    tests: ["agent/core/ocmf/ocmf"],
  },
  {
    rule: "a sale is credited once",
    file: corrections,
    find: "if (before !== undefined)",
    replace: "if (false)",
    tests: inIssuer,
  },
  {
    rule: "a sale is sold again only after it was taken back",
    file: corrections,
    find: 'if (!later.some(({ kind }) => kind === "credit"))',
    replace: "if (false)",
    tests: inIssuer,
  },
  {
    rule: "a sale is corrected once",
    file: corrections,
    find: "if (again !== undefined)",
    replace: "if (false)",
    tests: inIssuer,
  },
  {
    rule: "the running totals go on from receipt to receipt",
    file: "agent/core/receipt/totals.ts",
    find: "gross: sumText(known.gross, gross),",
    replace: "gross,",
    tests: ["agent/core/receipt/receipt"],
  },
  {
    rule: "a receipt whose sum differs from its samples and tariff fails",
    file: sale,
    find: "if (!sameAmount(again.due.gross, price.due.gross))",
    replace: "if (false)",
    tests: inVerify,
  },
  {
    rule: "a receipt whose tariff was changed fails",
    file: sale,
    find: "if (digest !== sale.tariff.digest)",
    replace: "if (false)",
    tests: inVerify,
  },
  {
    rule: "a receipt whose lines do not add up fails",
    file: sale,
    find: "if (!isNear(",
    replace: "if (false && !isNear(",
    tests: inVerify,
  },
  {
    rule: "a receipt whose registers are not its energy fails",
    file: sale,
    find: "if (used !== milliWhOfKwh(energyKwh))",
    replace: "if (false)",
    tests: inVerify,
  },
  {
    rule: "a disclosure opens only what the receipt commits to",
    file: "agent/core/disclosure/disclosure.ts",
    find: "commitments[read.name] !== commitmentOf(text, hash)",
    replace: "false",
    tests: ["agent/core/disclosure/disclosure", "agent/core/receipt/withheld-person"],
  },
  {
    rule: "a withheld field is disclosed once",
    file: "agent/core/disclosure/disclosure.ts",
    find: "Object.hasOwn(values, read.name)) complaints",
    replace: "false) complaints",
    tests: ["agent/core/disclosure/disclosure"],
  },
  {
    rule: "disclosed running totals are compared with what the receipts add up to",
    file: "agent/core/verify/verify-book.ts",
    find: "told === undefined ? undefined : firstDifference(told, totalsAfter(walk.totals, payload))",
    replace: "undefined",
    tests: ["agent/core/verify/verify-book"],
  },
  {
    rule: "a book is added up from its receipts, not from what is disclosed",
    file: "agent/core/receipt/totals.ts",
    find: "return totalsWith(before, payload.reservation.price, 0, 1);",
    replace: "return before;",
    tests: ["agent/core/receipt/reservation-receipt"],
  },
  {
    rule: "a price shown that is not the tariff's fails",
    file: "agent/core/print/shown-price.ts",
    find: "texts.includes(shown.text) ? {}",
    replace: "true ? {}",
    tests: ["agent/core/receipt/optional-places"],
  },
  {
    rule: "a file for a driver discloses nothing that was not asked for",
    file: "agent/receipts/output/exports.ts",
    find: "isPersonal ? disclosuresOf(source.disclosures?.(number) ?? [], personalNames) : []",
    replace: "source.disclosures?.(number) ?? []",
    tests: ["agent/receipts/dispute-bundle"],
  },
  {
    rule: "whose a receipt is stays known until every backend has it",
    file: "agent/receipts/privacy/forgetting.ts",
    find: "numbers.filter((number) => !isDone(number))",
    replace: "numbers.filter(() => false)",
    tests: ["agent/commands/privacy"],
  },
  {
    rule: "an operator key that others may read is refused",
    file: "agent/receipts/privacy/operator-key.ts",
    find: "(kept.mode & 0o077) !== 0",
    replace: "false",
    tests: ["agent/commands/privacy"],
  },
];

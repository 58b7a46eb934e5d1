// What is wrong with a credit alone; and, where the receipt that it takes back is there too, whether it takes back that
// one, all of it, and once.

import { creditFormText, parseCreditForm } from "../codes/credit-form.js";
import { firstDifference } from "../json/json-text.js";
import { fromUtf8, hexText, utf8 } from "../number/bytes.js";
import { negative, sameAmount } from "../receipt/decimal-text.js";
import { type CreditPayload, type ReceiptPayload, soldIn } from "../receipt/receipt-payload.js";
import { type CheckTools, isOwnSignature, unsignedMark } from "../signing/signer.js";
import { isoLocal, parseIsoLocal } from "../time/iso-time.js";
import { creditedSale } from "./credit.js";

/** What is wrong with the code of a credit; undefined where it says what the credit says, and is signed. */
export function creditCodeComplaint(payload: CreditPayload, tools: CheckTools): string | undefined {
  const short = parseCreditForm(payload.credit.short);
  if (short === undefined) return "the short form cannot be read";
  if (fromUtf8(short.signature) === unsignedMark)
    return "unsigned: the signer had failed, and the code says so in the signature's place";
  if (short.text !== creditFormText(payload, payload.key.id))
    return `the code says ${short.text}, which is not what the receipt says`;
  return isOwnSignature(tools, payload.key.spki, utf8(short.text), short.signature, "ieee-p1363")
    ? undefined
    : "the short form is not signed by the receipt's key";
}

/** What is wrong with the times and sums of a credit. */
export function creditComplaints({ number, issuedAt, timeZone, credit }: CreditPayload): readonly string[] {
  const complaints: string[] = [];
  if (credit.number >= number) complaints.push(`it takes back receipt ${credit.number}, which it does not follow`);
  if (isoLocal(parseIsoLocal(issuedAt) ?? 0, timeZone) !== issuedAt)
    complaints.push(`${issuedAt} is not a local time of ${timeZone}`);
  const [start, end] = [parseIsoLocal(credit.sold.start), parseIsoLocal(credit.sold.end)];
  if (start === undefined || end === undefined || end < start)
    complaints.push(`the sale that it takes back ended (${credit.sold.end}) before it began (${credit.sold.start})`);
  for (const { net, tax, gross } of [credit.due, ...credit.taxes])
    if (!/^(?:-|0+(?:\.0+)?$)/.test(gross)) complaints.push(`${gross} (${net} + ${tax}) is no amount given back`);
  return complaints;
}

type Stored = { readonly jws: string; readonly payload: ReceiptPayload };

/** What is wrong with credits and corrections among receipts that were handed in together, or stand in one book. */
export function correctionComplaints(receipts: readonly Stored[], { hash }: CheckTools): readonly string[] {
  const nameOf = (station: string, number: number | undefined): string => `${station} ${number}`;
  const stored = new Map(receipts.map((one) => [nameOf(one.payload.station.id, one.payload.number), one]));
  const credits = new Map<string, number>();
  return receipts.flatMap(({ payload }): readonly string[] => {
    const { number, station } = payload;
    if (payload.kind === "credit") {
      const name = nameOf(station.id, payload.credit.number);
      const before = credits.get(name) ?? number;
      credits.set(name, number);
      const first = stored.get(name);
      return [
        ...(before === number ? [] : [`receipt ${payload.credit.number} is taken back by ${before} and by ${number}`]),
        ...(first === undefined ? [] : complaintsOfBoth(payload, first, hash)),
      ];
    }
    if (payload.kind !== "sale" || payload.corrects === undefined) return [];
    const first = stored.get(nameOf(station.id, payload.corrects));
    return first === undefined || soldIn(first.payload)?.sessionId === payload.sale.sessionId
      ? []
      : [`receipt ${number} corrects receipt ${payload.corrects}, which is of another session`];
  });
}

/** What is wrong with a credit beside the receipt whose number it names. */
function complaintsOfBoth(
  { number, credit }: CreditPayload,
  { jws, payload }: Stored,
  hash: CheckTools["hash"],
): readonly string[] {
  const sold = soldIn(payload);
  const taken = `receipt ${number} takes back receipt ${credit.number}`;
  if (sold === undefined) return [`${taken}, which is not a sale`];
  if (hexText(hash(utf8(jws))) !== credit.receipt) return [`${taken}, but another one than this`];
  const said = firstDifference(credit.sold, creditedSale(payload), "sold");
  const { due, currency } = sold.price;
  const isWhole =
    credit.currency === currency &&
    (["net", "tax", "gross"] as const).every((sum) => sameAmount(credit.due[sum], negative(due[sum])));
  return [
    ...(said === undefined ? [] : [`${taken}: ${said.path} says ${said.stated}, that receipt ${said.found}`]),
    ...(isWhole ? [] : [`${taken}: it gives back ${credit.due.gross} of ${due.gross} ${currency}`]),
    ...(credit.sessionId === sold.sessionId ? [] : [`${taken}, which is of another session`]),
  ];
}

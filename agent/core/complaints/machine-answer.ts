// What the station can say of a complaint by itself, at once: what was measured, when idling began, which price held,
// and what is not known. Each line follows from the signed receipt, in the words of the receipt.

import type { Language } from "../../../config/languages.js";
import { localNumber } from "../number/local-number.js";
import { receiptBill } from "../print/receipt-bill.js";
import { glanceOf } from "../print/receipt-facts.js";
import { localTimeText } from "../print/receipt-terms.js";
import { interruptionText } from "../print/stop-detail.js";
import { type ReceiptPayload, type SaleFields, soldIn } from "../receipt/receipt-payload.js";
import { receiptSamples } from "../receipt/sale-fields.js";
import { isoLocal } from "../time/iso-time.js";
import type { ReceiptWords } from "../words/language-words.js";
import { languageWords } from "../words/words.js";

export type AnswerLine = { readonly label: string; readonly value: string };

/** The lines about a receipt by which something was sold; none for any other. */
export function machineAnswer(payload: ReceiptPayload, language: Language): readonly AnswerLine[] {
  const sold = soldIn(payload);
  if (sold === undefined) return [];
  const words = languageWords[language].receipt;
  const { labels } = words;
  const sale = payload.kind === "sale" ? payload.sale : undefined;
  const priced = receiptBill(sold, payload, language).rows.flatMap((row): AnswerLine[] =>
    row.kind === "priced"
      ? [
          {
            label: row.what,
            value: [row.span, row.working, row.amount].filter((part) => part !== undefined).join(", "),
          },
        ]
      : [],
  );
  return [
    ...glanceOf(sold, payload, words, language)
      .filter(({ name }) => name === "when" || name === "stopped")
      .map(({ label, value }) => ({ label, value })),
    ...(sale === undefined ? [] : measuredLines(sale, words)),
    ...(sale === undefined ? [] : idleLines(sale, payload.timeZone, words)),
    ...priced,
    {
      label: labels.shown,
      value: `${sold.shown.text.trim().replaceAll(/\s*\n\s*/g, " · ")} (${localTimeText(sold.shown.at, words)})`,
    },
    { label: labels.tariff, value: sold.tariff.id },
    ...unknownLines(sold, sale, words),
  ];
}

function measuredLines({ begin, finish, energyKwh, meter }: SaleFields, words: ReceiptWords): readonly AnswerLine[] {
  const { labels, decimalMark } = words;
  const kwh = (text: string): string => `${localNumber(text, decimalMark)} kWh`;
  return [
    { label: labels.beginRegister, value: kwh(begin.registerKwh) },
    { label: labels.endRegister, value: kwh(finish.registerKwh) },
    { label: labels.energy, value: kwh(energyKwh) },
    { label: labels.meter, value: `${meter.vendor} ${meter.model}, ${labels.serial} ${meter.serial}` },
  ];
}

/** Since when the car stood idle: the first reading of the last stretch of it. */
function idleLines(sale: SaleFields, timeZone: string, words: ReceiptWords): readonly AnswerLine[] {
  const samples = receiptSamples(sale) ?? [];
  const lastIdle = samples.findLastIndex(({ activity }) => activity === "parking");
  const before = samples.findLastIndex(({ activity }, at) => at < lastIdle && activity !== "parking");
  const began = lastIdle < 0 ? undefined : samples[before + 1];
  if (began === undefined) return [];
  return [
    {
      label: `${words.dimensions.PARKING_TIME}, ${words.labels.start.toLocaleLowerCase()}`,
      value: `${localTimeText(isoLocal(began.atMs, timeZone), words)} (${words.labels.idleWhy})`,
    },
  ];
}

/** What nobody knows, and the receipt says so. */
function unknownLines(
  sold: { readonly startClock: string; readonly endClock: string },
  sale: SaleFields | undefined,
  words: ReceiptWords,
): readonly AnswerLine[] {
  const { labels, clocks } = words;
  const isUnset = sold.startClock === "unsynced" || sold.endClock === "unsynced";
  return [
    ...(isUnset ? [{ label: labels.notKnown, value: `${labels.clock} ${clocks.unsynced}` }] : []),
    ...(sale?.interruptions ?? []).map(({ from, to, why }) => ({
      label: labels.interruptions,
      value:
        `${localTimeText(from, words)} ${labels.until} ` +
        `${to === null ? labels.notKnown : localTimeText(to, words)}: ${interruptionText(why, words)}`,
    })),
  ];
}

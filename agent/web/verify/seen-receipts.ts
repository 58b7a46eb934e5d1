// What a person sees at once of what was handed in: place, time, kWh and total of each receipt, and of the QR code.

import type { Language } from "../../../config/languages.js";
import { parseCreditForm } from "../../core/codes/credit-form.js";
import { parseShortForm } from "../../core/codes/short-form.js";
import { legibleText } from "../../core/number/bytes.js";
import { kwhExact, requiredMilliWh } from "../../core/number/energy-text.js";
import { localNumber } from "../../core/number/local-number.js";
import { receiptSheet } from "../../core/print/receipt-sheet.js";
import type { HashFunction } from "../../core/signing/merkle.js";
import { receiptTextsIn } from "../../core/verify/verify.js";
import { languageWords } from "../../core/words/words.js";
import type { GivenFile } from "../../receipts/dispute/given-evidence.js";
import { looksZipped, unzipped } from "../../receipts/dispute/zip.js";

export type SeenReceipt = {
  readonly title: string;
  readonly rows: readonly (readonly [label: string, value: string])[];
};

/** Of a whole book the first ones are shown; each is checked. */
const mostShown = 10;

const clockWords = { S: "synced", I: "holdover", U: "unsynced" } as const;

/** What the text of a QR code says; undefined where it is none. */
export function seenInCode(scanned: string, language: Language): SeenReceipt | undefined {
  const words = languageWords[language].receipt;
  const { labels, clocks, decimalMark, kinds } = words;
  const time = (text: string, mark: string): string => {
    const clock = clockWords[mark as keyof typeof clockWords];
    const [, day = "", clockTime = "", offset = ""] = /^(.{10})T(.{8})(.+)$/.exec(text) ?? [];
    return `${day} ${clockTime} (${offset})${clock === "unsynced" ? `, ${labels.clock} ${clocks[clock]}` : ""}`;
  };
  const sale = parseShortForm(scanned);
  const credit = sale === undefined ? parseCreditForm(scanned) : undefined;
  const read = sale ?? credit;
  if (read === undefined) return undefined;
  const total = [labels.total, `${localNumber(read.total, decimalMark)} ${read.currency}`] as const;
  if (credit !== undefined)
    return {
      title: `${kinds.credit} ${credit.number}`,
      rows: [
        [labels.chargePoint, credit.station],
        [labels.takesBack, String(credit.takesBack)],
        [labels.when, time(credit.issued, credit.clock)],
        total,
      ],
    };
  if (sale === undefined) return undefined;
  const milliWh = requiredMilliWh(sale.endKwh) - requiredMilliWh(sale.beginKwh);
  return {
    title: `${kinds.sale} ${sale.number}`,
    rows: [
      [labels.chargePoint, sale.station],
      [labels.start, time(sale.start, sale.startClock)],
      [labels.end, time(sale.end, sale.endClock)],
      [labels.energy, `${localNumber(kwhExact(milliWh), decimalMark)} kWh`],
      total,
    ],
  };
}

/** The receipts in files and archives, as they read; what cannot be read is left to the checks. */
export function seenInFiles(
  files: readonly GivenFile[],
  hash: HashFunction,
  language: Language,
): readonly SeenReceipt[] {
  const texts = files.flatMap(({ name, bytes }) =>
    looksZipped(bytes)
      ? (unzipped(bytes) ?? []).filter((entry) => entry.name === "receipt.json").map((entry) => ({ ...entry }))
      : [{ name, bytes }],
  );
  return texts
    .flatMap(({ name, bytes }) => receiptTextsIn({ name, text: legibleText(bytes) }))
    .slice(0, mostShown)
    .flatMap((jws): SeenReceipt[] => {
      try {
        const { title, glance } = receiptSheet(jws, hash, { language });
        return [{ title, rows: glance.map(({ label, value }) => [label, value]) }];
      } catch {
        return [];
      }
    });
}

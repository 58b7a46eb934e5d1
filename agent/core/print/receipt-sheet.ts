// A receipt laid out for people, in one language and in no particular width: what every rendering (text, receipt printer,
// page, PDF) prints. What a driver wants to know stands first, what a check needs last. It shows the last four characters
// of a card's UID, never the whole.

import type { Language } from "../../../config/languages.js";
import type { LaterReceipts } from "../corrections/later-receipts.js";
import { hexText, utf8 } from "../number/bytes.js";
import { payloadOf, type ReceiptPayload, soldIn } from "../receipt/receipt-payload.js";
import { markSegment } from "../signing/jws.js";
import type { HashFunction } from "../signing/merkle.js";
import { ReceiptFault } from "../signing/signer.js";
import { printable } from "../words/printable.js";
import { languageWords } from "../words/words.js";
import { receiptBill, sumRows } from "./receipt-bill.js";
import { checkOf, creditGlance, creditRows, detailsOf, fact, glanceOf, helpOf, paymentOf } from "./receipt-facts.js";
import { localTimeText } from "./receipt-terms.js";
import type { GlanceRow, SheetRow, SheetSection } from "./sheet-row.js";

export type Sheet = {
  readonly language: Language;
  readonly title: string;
  readonly operator: readonly string[];
  /** Empty where nothing was sold or taken back. */
  readonly glance: readonly GlanceRow[];
  /** Loud lines under the title: copy, corrected, unsigned. */
  readonly marks: readonly string[];
  readonly sections: readonly SheetSection[];
  readonly notices: readonly string[];
  /** The text of the QR code; absent where the receipt has no short form. */
  readonly code?: string;
  /** For the narrow roll, which has no room for a code. */
  readonly receiptDigest: string;
};

export type SheetOptions = {
  readonly language: Language;
  /** A second print says so. */
  readonly isCopy?: boolean;
  /** What became of the receipt since: the numbers of its credit and of its correction. */
  readonly later?: LaterReceipts;
};

/** The longest text that still makes a code which fits 80 columns. */
const longestCode = 300;

/** Names come from files: nothing in them may steer a printer or a terminal. */
const plain = (text: string): string => printable(text, " ");

/** The sheet of a stored receipt. Throws ReceiptFault where the text is none of ours. */
export function receiptSheet(jws: string, hash: HashFunction, options: SheetOptions): Sheet {
  const payload = payloadOf(jws);
  if (payload === undefined) throw new ReceiptFault("not a receipt of this format");
  const words = languageWords[options.language].receipt;
  const { operator } = payload.station;
  const isUnsigned = jws.endsWith(`.${markSegment}`);
  const short = payload.kind === "sale" ? payload.sale.short : payload.kind === "credit" ? payload.credit.short : "";
  const code = short === "" || isUnsigned ? undefined : codeText(short, payload);
  const receiptDigest = hexText(hash(utf8(jws)));
  return {
    language: options.language,
    title: `${words.kinds[payload.kind]} ${payload.number}`,
    operator: [operator.name, operator.address, `${words.labels.taxId} ${operator.taxId}`].map(plain),
    glance: glanceIn(payload, options.language).map((row) => ({ ...row, value: plain(row.value) })),
    marks: [
      ...(options.isCopy === true ? [words.copy] : []),
      ...(payload.kind === "sale" && payload.corrects !== undefined ? [`${words.corrects} ${payload.corrects}`] : []),
      ...(payload.kind === "credit" ? [`${words.labels.takesBack} ${payload.credit.number}`] : []),
      ...(options.later?.creditedBy === undefined ? [] : [`${words.creditedBy} ${options.later.creditedBy}`]),
      ...(options.later?.correctedBy === undefined ? [] : [`${words.correctedBy} ${options.later.correctedBy}`]),
      ...(isUnsigned ? [words.unsigned] : []),
    ],
    sections: [...bodyOf(payload, options.language), checkOf(payload, soldIn(payload), receiptDigest, words)].map(
      (section) => ({
        ...section,
        rows: section.rows.map((row) => (row.kind === "fact" ? { ...row, value: plain(row.value) } : row)),
      }),
    ),
    notices: [...words.notices],
    ...(code === undefined ? {} : { code }),
    receiptDigest,
  };
}

function glanceIn(payload: ReceiptPayload, language: Language): readonly GlanceRow[] {
  const words = languageWords[language].receipt;
  const sold = soldIn(payload);
  if (sold !== undefined) return glanceOf(sold, payload, words, language);
  return payload.kind === "credit" ? creditGlance(payload, words) : [];
}

/** The short form behind the verify address, where both fit: a phone then opens the page that checks it. */
function codeText(short: string, { station }: ReceiptPayload): string {
  const linked = `${station.verifyUrl ?? ""}#${short}`;
  return station.verifyUrl === undefined || linked.length > longestCode ? short : linked;
}

function bodyOf(payload: ReceiptPayload, language: Language): SheetSection[] {
  const words = languageWords[language].receipt;
  const { labels } = words;
  const isUnset = payload.clock === "unsynced";
  const issued = fact(
    labels.issued,
    `${localTimeText(payload.issuedAt, words)}${isUnset ? ` (${labels.clock} ${words.clocks.unsynced})` : ""}`,
  );
  const details = (...rows: readonly SheetRow[]): SheetSection => ({
    name: "details",
    heading: labels.details,
    rows: [issued, ...rows],
  });
  const help = helpOf(payload, words);
  const sold = soldIn(payload);
  if (sold !== undefined)
    return [
      receiptBill(sold, payload, language),
      paymentOf(sold, words),
      help,
      detailsOf(sold, payload, words, issued, language),
    ];
  switch (payload.kind) {
    case "credit": {
      const { due, taxes, currency } = payload.credit;
      const rows = sumRows(due, taxes, currency, words);
      return [
        { name: "price", heading: `${labels.price} (${currency})`, rows },
        help,
        details(...creditRows(payload, words)),
      ];
    }
    case "recovery": {
      const { first, count, digest } = payload.unsigned;
      return [details(fact(labels.span, `${first}-${first + count - 1}, SHA-256 ${digest}`)), help];
    }
    case "lost": {
      const { first, last, by, note } = payload.lost;
      const said = by === undefined ? [] : [`${by}: ${note ?? ""}`];
      return [details(fact(labels.lostNumbers, [`${first}-${last}`, ...said].join(", "))), help];
    }
    case "key":
      return [details(fact(labels.newKey, payload.next.id)), help];
    default:
      return [details(), help];
  }
}

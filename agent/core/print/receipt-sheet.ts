// A receipt laid out for people, in one language and in no particular width: what every rendering (text, receipt printer,
// page) prints. It shows the last four characters of a card's UID, never the whole.

import type { Language } from "../../../config/languages.js";
import { masked } from "../cdr/token.js";
import { hexText, utf8 } from "../number/bytes.js";
import { localNumber } from "../number/local-number.js";
import type { Price, PriceLine } from "../rating/price.js";
import { productText, sixtiethText, sumText, trimDecimals } from "../receipt/decimal-text.js";
import {
  type CreditPayload,
  payloadOf,
  type ReceiptFrame,
  type ReceiptPayload,
  type ReservationFields,
  type ReservationPayload,
  type SaleFields,
  type SalePayload,
} from "../receipt/receipt-payload.js";
import { markSegment } from "../signing/jws.js";
import type { HashFunction } from "../signing/merkle.js";
import { ReceiptFault } from "../signing/signer.js";
import { isoLocal, parseIsoLocal } from "../time/iso-time.js";
import { minuteMs } from "../time/time.js";
import type { ReceiptWords } from "../words/language-words.js";
import { printable } from "../words/printable.js";
import { languageWords } from "../words/words.js";
import { localTimeText, translatedTerm } from "./receipt-terms.js";

export type SheetRow =
  /** `onRoll: false` = too long for paper of 58 mm, and in the file anyway. */
  | { readonly kind: "fact"; readonly label: string; readonly value: string; readonly onRoll?: false }
  /** A price line: what, the working, and the amount. */
  | { readonly kind: "priced"; readonly what: string; readonly working: string; readonly amount: string }
  | { readonly kind: "sum"; readonly label: string; readonly amount: string; readonly strong: boolean };

type SheetSection = {
  readonly name: "facts" | "price" | "proof";
  readonly heading?: string;
  readonly rows: readonly SheetRow[];
};

export type Sheet = {
  readonly language: Language;
  readonly title: string;
  readonly operator: readonly string[];
  /** Energy and total of a sale, for who wants no more. */
  readonly headline?: string;
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
  readonly correctedBy?: number;
};

/** The longest text that still makes a code which fits 80 columns. */
const longestCode = 300;

const fact = (label: string, value: string): SheetRow => ({ kind: "fact", label, value });
const longFact = (label: string, value: string): SheetRow => ({ kind: "fact", label, value, onRoll: false });
/** Names come from files: nothing in them may steer a printer or a terminal. */
const plain = (text: string): string => printable(text, " ");

/** The sheet of a stored receipt. Throws ReceiptFault where the text is none of ours. */
export function receiptSheet(jws: string, hash: HashFunction, options: SheetOptions): Sheet {
  const payload = payloadOf(jws);
  if (payload === undefined) throw new ReceiptFault("not a receipt of this format");
  const words = languageWords[options.language].receipt;
  const { operator } = payload.station;
  const isUnsigned = jws.endsWith(`.${markSegment}`);
  const code = payload.kind === "sale" && !isUnsigned ? codeText(payload) : undefined;
  return {
    language: options.language,
    title: `${words.kinds[payload.kind]} ${payload.number}`,
    operator: [
      operator.name,
      operator.address,
      `${words.labels.taxId} ${operator.taxId}`,
      `${operator.email} · ${words.labels.helpline} ${operator.helpline}`,
    ].map(plain),
    ...(payload.kind === "sale" ? { headline: headlineOf(payload.sale, words) } : {}),
    marks: [
      ...(options.isCopy === true ? [words.copy] : []),
      ...(payload.kind === "sale" && payload.corrects !== undefined ? [`${words.corrects} ${payload.corrects}`] : []),
      ...(options.correctedBy === undefined ? [] : [`${words.correctedBy} ${options.correctedBy}`]),
      ...(isUnsigned ? [words.unsigned] : []),
    ],
    sections: [...bodyOf(payload, words), proofOf(payload, hexText(hash(utf8(jws))), words)].map((section) => ({
      ...section,
      rows: section.rows.map((row) => (row.kind === "fact" ? { ...row, value: plain(row.value) } : row)),
    })),
    notices: [...words.notices],
    ...(code === undefined ? {} : { code }),
    receiptDigest: hexText(hash(utf8(jws))),
  };
}

const headlineOf = ({ energyKwh, price }: SaleFields, words: ReceiptWords): string =>
  `${localNumber(energyKwh, words.decimalMark)} kWh · ${localNumber(price.due.gross, words.decimalMark)} ${price.currency}`;

/** The short form behind the verify address, where both fit: a phone then opens the page that checks it. */
function codeText({ sale, station }: SalePayload): string {
  const linked = `${station.verifyUrl ?? ""}#${sale.short}`;
  return station.verifyUrl === undefined || linked.length > longestCode ? sale.short : linked;
}

function bodyOf(payload: ReceiptPayload, words: ReceiptWords): SheetSection[] {
  const { labels } = words;
  const isUnset = payload.clock === "unsynced";
  const issued = fact(
    labels.issued,
    `${localTimeText(payload.issuedAt, words)}${isUnset ? ` (${labels.clock} ${words.clocks.unsynced})` : ""}`,
  );
  switch (payload.kind) {
    case "sale":
      return [
        { name: "facts", rows: [issued, ...placeRows(payload.sale, payload, words), ...sessionRows(payload, words)] },
        priceOf(payload.sale, payload, words),
      ];
    case "reservation":
      return [
        {
          name: "facts",
          rows: [issued, ...placeRows(payload.reservation, payload, words), ...reservationRows(payload, words)],
        },
        priceOf(payload.reservation, payload, words),
      ];
    case "credit":
      return [
        { name: "facts", rows: [issued, ...creditRows(payload.credit, words)] },
        {
          name: "price",
          heading: labels.price,
          rows: sumRows(payload.credit.due, payload.credit.taxes, payload.credit.currency, words),
        },
      ];
    case "recovery":
      return [
        {
          name: "facts",
          rows: [
            issued,
            fact(
              labels.span,
              `${payload.unsigned.first}-${payload.unsigned.first + payload.unsigned.count - 1}, SHA-256 ${payload.unsigned.digest}`,
            ),
          ],
        },
      ];
    case "lost": {
      const { first, last, by, note } = payload.lost;
      const said = by === undefined ? [] : [`${by}: ${note ?? ""}`];
      return [{ name: "facts", rows: [issued, fact(labels.lostNumbers, [`${first}-${last}`, ...said].join(", "))] }];
    }
    case "key":
      return [{ name: "facts", rows: [issued, fact(labels.newKey, payload.next.id)] }];
    case "start":
      return [{ name: "facts", rows: [issued] }];
    default:
      return payload satisfies never;
  }
}

/** What was sold: a session, or a reservation alone. */
type Sold = SaleFields | ReservationFields;

function placeRows(sold: Sold, { station }: ReceiptFrame, { labels, decimalMark }: ReceiptWords): SheetRow[] {
  const { connector } = sold;
  const current = connector.powerType === "DC" ? "DC" : "AC";
  const { location } = station;
  const powerKw = localNumber(String(connector.maxPowerW / 1000), decimalMark);
  return [
    fact(
      labels.place,
      `${location.name}, ${location.address}, ${location.postalCode} ${location.city}, ${location.country}`,
    ),
    fact(
      labels.chargePoint,
      `${connector.evseId} (${connector.id}), ${current} ${labels.upTo} ${powerKw} kW, ${connector.standard}`,
    ),
    fact(labels.session, sold.sessionId),
    fact(labels.cdr, sold.cdrId),
    fact(labels.card, masked(sold.token.uid)),
  ];
}

const hoursMinutes = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
};

function sessionRows({ sale, timeZone }: SalePayload, words: ReceiptWords): SheetRow[] {
  const { labels } = words;
  const out = sale.interruptions.map(
    ({ from, to, why }) =>
      `${localTimeText(from, words)} ${to === null ? labels.stillOut : `${labels.until} ${localTimeText(to, words)}`}: ${why}`,
  );
  const lasted = (parseIsoLocal(sale.end) ?? Number.NaN) - (parseIsoLocal(sale.start) ?? Number.NaN);
  const number = (text: string): string => localNumber(text, words.decimalMark);
  return [
    fact(
      labels.start,
      `${localTimeText(sale.start, words)} (${timeZone}, ${labels.clock} ${words.clocks[sale.startClock]})`,
    ),
    fact(labels.end, `${localTimeText(sale.end, words)} (${labels.clock} ${words.clocks[sale.endClock]})`),
    fact(labels.duration, sale.interruptions.some(({ to }) => to === null) ? labels.notKnown : hoursMinutes(lasted)),
    fact(
      labels.meter,
      `${sale.meter.vendor} ${sale.meter.model}, ${labels.serial} ` +
        `${sale.meter.serial}` +
        `${sale.meter.serialByHand === true ? ` (${labels.byHand})` : ""}`,
    ),
    ...acceptedRows(sale, words),
    fact(labels.beginRegister, `${number(sale.begin.registerKwh)} kWh`),
    fact(labels.endRegister, `${number(sale.finish.registerKwh)} kWh`),
    fact(labels.energy, `${number(sale.energyKwh)} kWh`),
    fact(labels.stopped, `${words.reasons[sale.stop.reason]}${sale.stop.detail === "" ? "" : `: ${sale.stop.detail}`}`),
    fact(labels.interruptions, out.length === 0 ? labels.none : out.join("; ")),
    fact(labels.loss, labels.none),
  ];
}

function reservationRows({ reservation, timeZone }: ReservationPayload, words: ReceiptWords): SheetRow[] {
  const { labels } = words;
  const { start, startClock, end, endClock } = reservation;
  const lasted = (parseIsoLocal(end) ?? Number.NaN) - (parseIsoLocal(start) ?? Number.NaN);
  return [
    fact(labels.start, `${localTimeText(start, words)} (${timeZone}, ${labels.clock} ${words.clocks[startClock]})`),
    fact(labels.end, `${localTimeText(end, words)} (${labels.clock} ${words.clocks[endClock]})`),
    fact(labels.duration, hoursMinutes(lasted)),
  ];
}

/** Who accepted a register that is lower than on the meter's last receipt, and why. */
function acceptedRows({ registerAccepted }: SaleFields, words: ReceiptWords): SheetRow[] {
  if (registerAccepted === undefined) return [];
  const { at, lastKwh, registerKwh, by, note } = registerAccepted;
  const number = (text: string): string => localNumber(text, words.decimalMark);
  return [
    fact(
      words.labels.registerAccepted,
      `${number(lastKwh)} kWh -> ${number(registerKwh)} kWh, ${localTimeText(at, words)}, ${by}: ${note}`,
    ),
  ];
}

/** A unit price as the driver pays it, tax included, worked out exactly from the tariff's own figure. */
function grossUnitPrice(line: PriceLine, tariff: unknown): string {
  const isIncluded = (tariff as { readonly tax_included?: unknown } | null)?.tax_included === "YES";
  if (isIncluded) return line.unitPrice;
  return line.taxes.reduce(
    (sum, { ratePercent }) => sumText(sum, productText(line.unitPrice, productText(ratePercent, "0.01"))),
    line.unitPrice,
  );
}

/**
 * Quantity, unit and price of a line: times per minute, as drivers are quoted them, wherever that is exact; else per
 * hour.
 */
function measured(
  line: PriceLine,
  tariff: unknown,
): { readonly quantity: string; readonly unit: string; readonly unitPrice: string } {
  const perUnit = grossUnitPrice(line, tariff);
  const perMinute = line.unit === "h" && line.units % (minuteMs / 100) === 0 ? sixtiethText(perUnit) : undefined;
  if (perMinute === undefined)
    return { quantity: line.quantity, unit: line.unit === "x" ? "" : line.unit, unitPrice: trimDecimals(perUnit, 2) };
  return { quantity: String(line.units / minuteMs), unit: "min", unitPrice: trimDecimals(perMinute, 2) };
}

/** A tax and its rate, "MwSt. 19,5 %"; where the tariff states no rate, the tax alone. */
function rateText({ name, ratePercent }: { readonly name: string; readonly ratePercent: string }, words: ReceiptWords) {
  const tax = translatedTerm(name, words);
  return ratePercent === "" ? tax : `${tax} ${localNumber(ratePercent, words.decimalMark)} %`;
}

function lineRow(line: PriceLine, sale: Sold, timeZone: string, words: ReceiptWords): SheetRow {
  const { currency } = sale.price;
  const { quantity, unit, unitPrice } = measured(line, sale.tariff.value);
  const clock = crossesClockChange(sale.price.lines, timeZone) ? clockWithOffset : clockOf;
  const times = line.unit === "x" ? "" : ` ${clock(line.fromMs, timeZone)}-${clock(line.toMs, timeZone)}`;
  const number = (text: string): string => localNumber(text, words.decimalMark);
  const perUnit = unit === "" ? "" : `/${unit}`;
  const rates = line.taxes.map((rate) => rateText(rate, words)).join(", ");
  const isLate = line.dimension === "FLAT" && line.fromMs > (parseIsoLocal(sale.start) ?? Number.NaN);
  return {
    kind: "priced",
    what: `${words.dimensions[isLate ? "LATE_FLAT" : line.dimension]}${times}`,
    working:
      `${number(quantity)}${unit === "" ? "" : ` ${unit}`} x ${number(unitPrice)} ${currency}${perUnit} ` +
      `${words.labels.inclTax}${rates === "" ? "" : ` (${rates})`}`,
    amount: `${number(trimDecimals(line.amount.incl, 2))} ${currency}`,
  };
}

const clockOf = (atMs: number, timeZone: string): string => isoLocal(atMs, timeZone).slice(11, 16);
const offsetOf = (atMs: number, timeZone: string): string => isoLocal(atMs, timeZone).slice(-6);
const clockWithOffset = (atMs: number, timeZone: string): string =>
  `${clockOf(atMs, timeZone)}${offsetOf(atMs, timeZone)}`;

/** Where clocks are changed during a session, an hour is there twice or not at all: times need their offset then. */
const crossesClockChange = (lines: readonly PriceLine[], timeZone: string): boolean =>
  new Set(lines.flatMap(({ fromMs, toMs }) => [offsetOf(fromMs, timeZone), offsetOf(toMs, timeZone)])).size > 1;

function priceOf(sold: Sold, { timeZone }: ReceiptFrame, words: ReceiptWords): SheetSection {
  const { price, tariff, shown, payment } = sold;
  const { labels } = words;
  return {
    name: "price",
    heading: `${labels.price} (${price.currency}, ${labels.inclTax})`,
    rows: [
      ...price.lines.map((line) => lineRow(line, sold, timeZone, words)),
      ...price.adjustments.map(
        (line): SheetRow => ({
          kind: "priced",
          what: { min_price: labels.minimum, max_price: labels.maximum, waived: labels.waived }[line.kind],
          working: translatedTerm(line.sentence, words),
          amount: `${localNumber(trimDecimals(line.amount.incl, 2), words.decimalMark)} ${price.currency}`,
        }),
      ),
      ...sumRows(price.due, price.taxes, price.currency, words),
      fact(labels.rounding, translatedTerm(price.rounding, words)),
      fact(labels.timeRule, translatedTerm(price.timeRule, words)),
      fact(
        "by" in sold ? labels.toldBefore : labels.shown,
        `${"by" in sold ? `${sold.by}: ` : ""}${shown.text.trim().replaceAll(/\s*\n\s*/g, " · ")} (${localTimeText(shown.at, words)})`,
      ),
      fact(labels.tariff, `${tariff.id}${tariff.version === "" ? "" : `, ${tariff.version}`}`),
      fact(labels.digest, tariff.digest),
      ...(tariff.cutFrom === undefined ? [] : [fact(labels.cutFrom, tariff.cutFrom)]),
      fact(labels.payment, `${labels.billedTo} ${payment.reference}`),
    ],
  };
}

function sumRows(due: Price["due"], taxes: Price["taxes"], currency: string, words: ReceiptWords): SheetRow[] {
  const { labels } = words;
  const number = (text: string): string => localNumber(text, words.decimalMark);
  const amount = (text: string): string => `${number(text)} ${currency}`;
  return [
    { kind: "sum", label: labels.total, amount: amount(due.gross), strong: true },
    ...taxes.map(
      (row): SheetRow => ({
        kind: "sum",
        strong: false,
        amount: amount(row.gross),
        label:
          `${rateText(row, words)}: ${labels.net} ${number(row.net)} + ` +
          `${labels.tax} ${number(row.tax)} = ${labels.gross}`,
      }),
    ),
  ];
}

function creditRows(credit: CreditPayload["credit"], { labels }: ReceiptWords): SheetRow[] {
  return [
    fact(labels.takesBack, `${credit.number}, SHA-256 ${credit.receipt}`),
    fact(labels.session, credit.sessionId),
    fact(labels.cdr, credit.cdrId),
    fact(labels.reason, credit.reason),
  ];
}

function proofOf(payload: ReceiptPayload, digest: string, words: ReceiptWords): SheetSection {
  const { labels } = words;
  const { station, chain, key } = payload;
  return {
    name: "proof",
    rows: [
      fact(labels.station, `${station.id}, ${words.kinds.sale} ${payload.number}`),
      fact(labels.receiptDigest, digest),
      ...(chain.previous === "" ? [] : [longFact(labels.previous, chain.previous)]),
      fact(labels.key, key.id),
      ...(station.verifyUrl === undefined ? [] : [fact(labels.check, station.verifyUrl)]),
      longFact(labels.command, "chargetill verify --key FINGERPRINT FILE"),
      fact(labels.complaints, station.operator.complaints),
      fact(labels.software, `chargetill ${payload.softwareVersion}`),
    ],
  };
}

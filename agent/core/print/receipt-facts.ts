// What a receipt says beside its bill: where and when, how it was paid, whom to ask, what was metered, and what there is
// to check.

import type { CardLevel } from "../cdr/settlement.js";
import { durationInWords } from "../explain/price-text.js";
import { localNumber } from "../number/local-number.js";
import type { CreditPayload, ReceiptFrame, ReceiptPayload, SaleFields } from "../receipt/receipt-payload.js";
import { parseCheckpoint } from "../signing/checkpoint.js";
import { parseIsoLocal } from "../time/iso-time.js";
import type { ReceiptWords } from "../words/language-words.js";
import type { Sold } from "./receipt-bill.js";
import { datedSpan, localTimeText, translatedTerm } from "./receipt-terms.js";
import type { GlanceRow, SheetRow, SheetSection } from "./sheet-row.js";
import { interruptionText, stopText } from "./stop-detail.js";

/** A row of one label and one value. */
export const fact = (label: string, value: string): SheetRow => ({ kind: "fact", label, value });
const longFact = (label: string, value: string): SheetRow => ({ kind: "fact", label, value, onRoll: false });

const isSale = (sold: Sold): sold is SaleFields => "meter" in sold;

/** How long it took in milliseconds; undefined where a power cut left that unknown. */
function lastedMs(sold: Sold): number | undefined {
  if (isSale(sold) && sold.interruptions.some(({ to }) => to === null)) return undefined;
  const lasted = (parseIsoLocal(sold.end) ?? Number.NaN) - (parseIsoLocal(sold.start) ?? Number.NaN);
  return Number.isFinite(lasted) ? lasted : undefined;
}

type SoldTimes = Pick<SaleFields, "start" | "startClock" | "end" | "endClock">;

/** When something was sold, how long it lasted, and whether the clock is to be believed. */
function whenText(sold: SoldTimes, timeZone: string, words: ReceiptWords, lasted?: number): string {
  const start = parseIsoLocal(sold.start);
  const end = parseIsoLocal(sold.end);
  const span = start === undefined || end === undefined ? sold.start : datedSpan(start, end, timeZone, words);
  const isUnset = [sold.startClock, sold.endClock].includes("unsynced");
  return [
    span,
    ...(lasted === undefined ? [] : [`(${durationInWords(Math.floor(lasted / 1000)).replaceAll(" ", "\u00a0")})`]),
    ...(isUnset ? [`(${words.labels.clock} ${words.clocks.unsynced})`] : []),
  ].join(" ");
}

type Place = ReceiptFrame["station"]["location"];
const shortPlace = ({ name, address, postalCode, city }: Place): string => `${name}, ${address}, ${postalCode} ${city}`;
const fullPlace = (place: Place): string => `${shortPlace(place)}, ${place.country}`;

/** What a driver wants to know first: total, kWh, when, where, and why it ended. */
export function glanceOf(
  sold: Sold,
  { station: { location }, timeZone }: ReceiptFrame,
  words: ReceiptWords,
  language: string,
): readonly GlanceRow[] {
  const { labels } = words;
  const number = (text: string): string => localNumber(text, words.decimalMark);
  return [
    { name: "total", label: labels.total, value: `${number(sold.price.due.gross)} ${sold.price.currency}` },
    ...(isSale(sold)
      ? [{ name: "energy", label: labels.energy, value: `${number(sold.energyKwh)} kWh` } as const]
      : []),
    { name: "when", label: labels.when, value: whenText(sold, timeZone, words, lastedMs(sold)) },
    { name: "where", label: labels.where, value: shortPlace(location) },
    ...(isSale(sold)
      ? [{ name: "stopped", label: labels.stopped, value: stopText(sold.stop, language, words) } as const]
      : []),
  ];
}

/** How it was paid, under which tariff, and what was told before. */
export function paymentOf(sold: Sold, words: ReceiptWords): SheetSection {
  const { tariff, shown, token } = sold;
  const { labels } = words;
  return {
    name: "payment",
    heading: labels.payment.toUpperCase(),
    rows: [
      ...paymentRows(sold, words),
      fact(labels.card, token.card),
      ...(token.provider === undefined ? [] : [fact(labels.provider, token.provider)]),
      fact(
        "by" in sold ? labels.toldBefore : labels.shown,
        `${"by" in sold ? `${sold.by}: ` : ""}${shown.text.trim().replaceAll(/\s*\n\s*/g, " · ")} (${localTimeText(shown.at, words)})`,
      ),
      fact(labels.tariff, `${tariff.id}${tariff.version === "" ? "" : `, ${tariff.version}`}`),
    ],
  };
}

/** How the total is paid, as far as that was known when the receipt was made. */
function paymentRows({ payment, price }: Sold, words: ReceiptWords): SheetRow[] {
  const { labels, payments, paymentStates, decimalMark } = words;
  const { brand, reference, state, authorization, terminalId, trace, bookedBy } = payment;
  const money = (label: string, amount: string | undefined): SheetRow[] =>
    amount === undefined ? [] : [fact(label, `${localNumber(amount, decimalMark)} ${price.currency}`)];
  const terminal = [
    ...(terminalId === undefined ? [] : [terminalId]),
    ...(trace === undefined ? [] : [`${labels.trace} ${trace}`]),
  ];
  const how = [
    payments[payment.kind],
    brand,
    reference,
    ...(bookedBy === undefined ? [] : [`(${labels.bookedBy} ${bookedBy})`]),
  ];
  return [
    fact(labels.payment, how.filter((part) => part !== undefined).join(" ")),
    ...(state === undefined ? [] : [fact(labels.paymentState, paymentStates[state])]),
    ...money(labels.held, payment.held),
    ...money(labels.booked, payment.booked),
    ...money(labels.released, payment.released),
    ...money(labels.owedBack, payment.owedBack),
    ...money(labels.notCharged, payment.waived),
    ...(authorization === undefined ? [] : [fact(labels.authorization, authorization)]),
    ...(terminal.length === 0 ? [] : [fact(labels.terminal, terminal.join(", "))]),
  ];
}

/** When the grid let the station give less, how much it could still give, and by whose word. */
function gridRows({ gridLimits = [] }: SaleFields, words: ReceiptWords): SheetRow[] {
  const { labels, decimalMark } = words;
  return gridLimits.map(({ from, to, limitW, source }) => {
    const until = to === null ? labels.stillOut : `${labels.until} ${localTimeText(to, words)}`;
    const limit = `${labels.upTo} ${localNumber(String(limitW / 1000), decimalMark)} kW`;
    return fact(labels.gridLimits, `${localTimeText(from, words)} ${until}: ${limit}, ${labels.source} ${source}`);
  });
}

/** Whom to ask. */
export function helpOf({ station: { operator } }: ReceiptFrame, { labels }: ReceiptWords): SheetSection {
  return {
    name: "help",
    heading: labels.questions,
    rows: [
      fact(labels.helpline, operator.helpline),
      fact(labels.email, operator.email),
      fact(labels.complaints, operator.complaints),
    ],
  };
}

/** Where it was, in full. */
function placeRows(sold: Sold, { station }: ReceiptFrame, { labels, decimalMark }: ReceiptWords): SheetRow[] {
  const { connector } = sold;
  const { location } = station;
  const current = connector.powerType === "DC" ? "DC" : "AC";
  const powerKw = localNumber(String(connector.maxPowerW / 1000), decimalMark);
  return [
    fact(labels.place, fullPlace(location)),
    fact(
      labels.chargePoint,
      `${connector.evseId} (${connector.id}), ${current} ${labels.upTo} ${powerKw} kW, ${connector.standard}`,
    ),
  ];
}

const hoursMinutes = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
};

/** Its times to the second, with their offsets and what the clock was worth. */
function timeRows(sold: Sold, { timeZone }: ReceiptFrame, words: ReceiptWords): SheetRow[] {
  const { labels, clocks } = words;
  const { start, startClock, end, endClock } = sold;
  const lasted = lastedMs(sold);
  return [
    fact(labels.start, `${localTimeText(start, words)} (${timeZone}, ${labels.clock} ${clocks[startClock]})`),
    fact(labels.end, `${localTimeText(end, words)} (${labels.clock} ${clocks[endClock]})`),
    fact(labels.duration, lasted === undefined ? labels.notKnown : hoursMinutes(lasted)),
  ];
}

/** What the meter said, how the session ended, and what came in between. */
function meterRows(sale: SaleFields, words: ReceiptWords, language: string): SheetRow[] {
  const { labels } = words;
  const out = sale.interruptions.map(
    ({ from, to, why }) =>
      `${localTimeText(from, words)} ` +
      `${to === null ? labels.stillOut : `${labels.until} ${localTimeText(to, words)}`}: ${interruptionText(why, words)}`,
  );
  const number = (text: string): string => localNumber(text, words.decimalMark);
  const { vendor, model, serial, serialByHand, calibratedUntil } = sale.meter;
  return [
    fact(
      labels.meter,
      `${vendor} ${model}, ${labels.serial} ${serial}${serialByHand === true ? ` (${labels.byHand})` : ""}`,
    ),
    ...(calibratedUntil === undefined ? [] : [fact(labels.calibrated, calibratedUntil)]),
    ...acceptedRows(sale, words),
    fact(labels.beginRegister, `${number(sale.begin.registerKwh)} kWh`),
    fact(labels.endRegister, `${number(sale.finish.registerKwh)} kWh`),
    fact(labels.energy, `${number(sale.energyKwh)} kWh`),
    fact(labels.stopped, stopText(sale.stop, language, words)),
    fact(labels.interruptions, out.length === 0 ? labels.none : out.join("; ")),
    ...gridRows(sale, words),
    fact(labels.loss, labels.none),
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

/** All that is known of what was sold, after what a driver wants to know first. */
export function detailsOf(
  sold: Sold,
  frame: ReceiptFrame,
  words: ReceiptWords,
  issued: SheetRow,
  language: string,
): SheetSection {
  const { labels } = words;
  return {
    name: "details",
    heading: labels.details,
    rows: [
      issued,
      ...placeRows(sold, frame, words),
      ...timeRows(sold, frame, words),
      ...(isSale(sold) ? meterRows(sold, words, language) : []),
      fact(labels.rounding, translatedTerm(sold.price.rounding, words)),
      fact(labels.timeRule, translatedTerm(sold.price.timeRule, words)),
    ],
  };
}

/** What a credit takes back, why, and how the money goes back. */
export function creditRows({ credit }: CreditPayload, words: ReceiptWords): SheetRow[] {
  const { labels, refunds, clocks } = words;
  const { sold } = credit;
  const isUnset = sold.startClock === "unsynced";
  return [
    fact(labels.takesBack, `${credit.number}, ${localTimeText(sold.issuedAt, words)}`),
    fact(labels.reason, credit.reason),
    fact(labels.refund, refunds[credit.refund]),
    fact(labels.madeBy, credit.by),
    fact(labels.place, fullPlace(sold.location)),
    fact(labels.chargePoint, sold.evseId),
    fact(labels.start, `${localTimeText(sold.start, words)}${isUnset ? ` (${labels.clock} ${clocks.unsynced})` : ""}`),
    fact(labels.end, localTimeText(sold.end, words)),
  ];
}

/** What a driver wants to know first of a credit: how much, and of which sale. */
export function creditGlance({ credit, timeZone }: CreditPayload, words: ReceiptWords): readonly GlanceRow[] {
  const { labels } = words;
  const { sold, due, currency } = credit;
  return [
    { name: "total", label: labels.total, value: `${localNumber(due.gross, words.decimalMark)} ${currency}` },
    { name: "when", label: labels.when, value: whenText(sold, timeZone, words) },
    { name: "where", label: labels.where, value: shortPlace(sold.location) },
    { name: "stopped", label: labels.reason, value: credit.reason },
  ];
}

/** What proved the card; a bare UID proves nothing. */
const cardLevelNames: Readonly<Record<CardLevel, string>> = {
  uid: "UID",
  ntag424: "NTAG 424 DNA",
  desfire: "MIFARE DESFire",
  "2532-100": "VDE-AR-E 2532-100",
};

/** What a check needs: ids, hashes, the key, and how it is done. */
export function checkOf(
  payload: ReceiptPayload,
  sold: Sold | undefined,
  digest: string,
  { labels, kinds }: ReceiptWords,
): SheetSection {
  const { station, chain, key } = payload;
  const about = payload.kind === "credit" ? payload.credit : sold;
  const before = parseCheckpoint(chain.before)?.checkpoint;
  const level = payload.kind === "sale" ? payload.sale.cardLevel : undefined;
  return {
    name: "check",
    heading: labels.checking,
    rows: [
      fact(labels.station, `${station.id}, ${kinds.sale} ${payload.number}`),
      ...(about === undefined ? [] : [fact(labels.session, about.sessionId), fact(labels.cdr, about.cdrId)]),
      ...(payload.kind === "credit" ? [longFact(labels.takesBack, `SHA-256 ${payload.credit.receipt}`)] : []),
      fact(labels.receiptDigest, digest),
      ...(chain.previous === "" ? [] : [longFact(labels.previous, chain.previous)]),
      ...(before === undefined ? [] : [longFact(labels.tree, `${before.size}, SHA-256 ${before.root}`)]),
      ...(sold === undefined ? [] : [fact(labels.digest, sold.tariff.digest)]),
      ...(sold?.tariff.cutFrom === undefined ? [] : [fact(labels.cutFrom, sold.tariff.cutFrom)]),
      ...(level === undefined ? [] : [fact(labels.cardLevel, cardLevelNames[level])]),
      fact(labels.key, key.id),
      ...(station.verifyUrl === undefined ? [] : [fact(labels.check, station.verifyUrl)]),
      longFact(labels.command, "chargetill verify --key FINGERPRINT FILE"),
      fact(labels.software, `chargetill ${payload.softwareVersion}`),
    ],
  };
}

// A settlement worked out on paper: 12.345 kWh at 0.50 and a start fee of 1.00, both before 19 % tax; and a little book
// of such sales.

import type { Settlement } from "../../agent/core/cdr/settlement.js";
import type { CreditOrder } from "../../agent/core/corrections/credit.js";
import { priceBeforeStart } from "../../agent/core/explain/price-before-start.js";
import { canonicalText } from "../../agent/core/json/json-text.js";
import { hexText, utf8 } from "../../agent/core/number/bytes.js";
import { advance, beginRating, type Rating } from "../../agent/core/rating/rating.js";
import { bill, periods } from "../../agent/core/rating/session-bill.js";
import type { Issued, Occasion } from "../../agent/core/receipt/issuing.js";
import { issueReceipt, openChain } from "../../agent/core/receipt/receipt.js";
import type { ChainState } from "../../agent/core/receipt/receipt-chain.js";
import type { Signer } from "../../agent/core/signing/signer.js";
import { parseTariff } from "../../agent/core/tariff/tariff-reader.js";
import type { BookEntry } from "../../agent/ledger/book/book-page.js";
import { sha256 } from "../../agent/ledger/store/digest.js";
import type { ReceiptSource } from "../../agent/receipts/output/exports.js";
import { userNaming } from "../../agent/receipts/privacy/operator-key.js";
import { newKey, signerOf } from "../../agent/receipts/signing-keys.js";

export const timeZone = "Europe/Berlin";
/** 2026-03-28 22:30 in Berlin, the night before the clocks go forward. */
export const startMs = Date.UTC(2026, 2, 28, 21, 30, 0);
const minute = 60_000;

export const station: Settlement["station"] = {
  id: "CT-0042",
  timeZone,
  countryCode: "DE",
  partyId: "ABC",
  operator: {
    name: "Stadtwerke Müllheim",
    address: "Hauptstraße 1, 12345 Müllheim",
    taxId: "DE123456789",
    email: "laden@example.org",
    helpline: "+49 800 1234567",
    complaints: "Write to laden@example.org or to the address above",
  },
  location: {
    id: "LOC1",
    name: "Rathaus",
    address: "Marktplatz 3",
    city: "Müllheim",
    postalCode: "12345",
    country: "DEU",
    latitude: "47.80000",
    longitude: "7.60000",
  },
  verifyUrl: "https://laden.example.org/v",
};

export const tariff = {
  country_code: "DE",
  party_id: "ABC",
  id: "standard",
  currency: "EUR",
  last_updated: "2026-01-01T00:00:00Z",
  elements: [
    {
      price_components: [
        { type: "ENERGY", price: 0.5, vat: 19, step_size: 1 },
        { type: "FLAT", price: 1, vat: 19, step_size: 1 },
      ],
    },
  ],
};

export const meter = { vendor: "Eastron", model: "SDM630", serial: "SN-20190001", firmware: "1.20" };

export function reading(atMs: number, energyMilliWh: number): Settlement["begin"] {
  return {
    moment: { at: atMs, monoMs: atMs - startMs, boot: "boot-1", trust: "synced" },
    energyMilliWh,
    powerW: 8_230,
    serial: meter.serial,
  };
}

const begin = 1_234_500_000;

const samples: Settlement["samples"] = [
  { atMs: startMs, energyMilliWh: begin, powerW: 8_230, activity: "charging" },
  {
    atMs: startMs + 30 * minute,
    energyMilliWh: begin + 4_115_000,
    powerW: 8_230,
    currentMilliA: 35_800,
    activity: "charging",
  },
  { atMs: startMs + 60 * minute, energyMilliWh: begin + 8_230_000, powerW: 8_230, activity: "charging" },
  { atMs: startMs + 90 * minute, energyMilliWh: begin + 12_345_000, powerW: 0, activity: "charging" },
];

function rated(): Rating {
  const parsed = parseTariff(tariff);
  const [first, ...rest] = samples;
  if (!parsed.ok || first === undefined) throw new Error("the tariff of the tests cannot be read");
  return rest.reduce<Rating>(advance, beginRating(parsed.tariff, { timeZone, clockTrusted: true }, first));
}

/** By the engine; what it must come to stands in receipt.test.ts, worked out on paper. */
export const price = bill(rated());

/** The station adds nothing of its own to the tariff. */
const shownTerms: NonNullable<Settlement["shown"]["terms"]> = {
  language: "en",
  idleGraceMs: 0,
  noEnergyMs: 0,
  limits: {},
};
/** On paper: 0.50 and 1.00, both with 19 %. */
export const shownText = [
  "Energy: 0.595 EUR per kWh (incl. 19 % VAT)",
  "Start fee: 1.19 EUR per session (incl. 19 % VAT)",
  "Idle fee (the car asks for no power): free",
].join("\n");

export const sampleToken: Settlement["token"] = {
  uid: "04A1B2C3D4E5F6",
  type: "RFID",
  contractId: "DE-ABC-C12345678-X",
  countryCode: "DE",
  partyId: "ABC",
};
/** The operator's key of the tests: 32 bytes of 07. */
export const operatorKey = Buffer.alloc(32, 7);
export const nameUser = userNaming("hashed", operatorKey);

/** What is shown of the tariff that a settlement is changed to. */
function shownOf({ tariff: other, begin: first, timeZone: zone = timeZone }: Partial<Settlement>): string {
  const parsed = other === undefined ? undefined : parseTariff(other);
  if (parsed?.ok !== true) return shownText;
  return priceBeforeStart(parsed.tariff, first?.moment.at ?? startMs, zone, shownTerms.language, shownTerms)
    .map(({ text }) => text)
    .join("\n");
}

/** The settlement of receipt `receiptNumber`. From receipt 2 on the meter's register climbs from one to the next. */
export function settlement(receiptNumber: number, changes: Partial<Settlement> = {}): Settlement {
  const climbed = Math.max(0, receiptNumber - 2) * 12_345_000;
  const digest = hexText(sha256(utf8(canonicalText(tariff))));
  return {
    receiptNumber,
    pagination: receiptNumber - 1,
    sessionId: `session-${receiptNumber}`,
    cdrId: `cdr-${receiptNumber}`,
    station,
    connector: {
      id: 1,
      evseId: "DE*ABC*E0001*1",
      standard: "IEC_60309_2_three_16",
      format: "SOCKET",
      powerType: "AC_3_PHASE",
      maxPowerW: 11_000,
    },
    token: sampleToken,
    user: nameUser(changes.token ?? sampleToken, changes.authMethod ?? "WHITELIST"),
    authMethod: "WHITELIST",
    meter,
    begin: reading(startMs, begin + climbed),
    end: reading(startMs + 90 * minute, begin + climbed + 12_345_000),
    boundaryReadings: [reading(startMs + 60 * minute, begin + climbed + 8_230_000)],
    samples: samples.map((sample) => ({ ...sample, energyMilliWh: sample.energyMilliWh + climbed })),
    startMs,
    startTrust: "synced",
    endMs: startMs + 90 * minute,
    endTrust: "synced",
    timeZone,
    tariff,
    tariffDigest: digest,
    shown: { text: shownOf(changes), atMs: startMs - 5 * minute, terms: shownTerms },
    price,
    periods: periods(rated()),
    stopReason: "Local",
    stopDetail: "stopped with the card that started",
    interruptions: [],
    issuedMs: startMs + 91 * minute,
    issuedTrust: "synced",
    softwareVersion: "0.1.0",
    ...changes,
  };
}

export const occasion: Occasion = {
  station,
  timeZone,
  issuedMs: startMs - 60 * minute,
  issuedTrust: "synced",
  softwareVersion: "0.1.0",
};

export const key = newKey();
export const signer = signerOf(key);

/** A signer whose hardware is gone. */
export const brokenSigner: Signer = {
  ...signer,
  sign: () => {
    throw new Error("no such device");
  },
  signDer: () => {
    throw new Error("no such device");
  },
};

/** A chain of the start receipt and `sales` sales; entry i is receipt i + 1. */
export function littleBook(sales: number, by: Signer = signer): Issued[] {
  const issued = [openChain(occasion, by, sha256)];
  for (let number = 2; number < sales + 2; number += 1)
    issued.push(issueReceipt(settlement(number), chainOf(issued), by, sha256));
  return issued;
}

export function chainOf(issued: readonly Issued[]): ChainState {
  const last = issued.at(-1);
  if (last === undefined) throw new Error("an empty book has no chain");
  return last.chain;
}

/** What an operator says of a credit. */
export const creditOrder = (reason: string, cdrId: string): CreditOrder => ({
  cdrId,
  reason,
  by: "A. Operator",
  refund: "contract",
});

/** Receipts as the stored book holds them, all of one kind. */
export const entriesOf = (issued: readonly Issued[], kind = "sale"): readonly BookEntry[] =>
  issued.map(({ jws, ocmf }, at) => ({
    number: at + 1,
    sessionId: `session-${at + 1}`,
    cdrId: "",
    jws,
    ocmf,
    cdr: null,
    issuedMs: 0,
    kind,
  }));

/** A book of these receipts, of which none concerns another. */
export const sourceOf = (entries: readonly BookEntry[], issued: readonly Issued[] = []): ReceiptSource => ({
  disclosures: (number) => issued[number - 1]?.disclosures ?? [],
  count: () => entries.length,
  get: (number) => entries[number - 1],
  entries: (from = 1) => entries.slice(from - 1),
  concerning: () => [],
});

/** Receipt `number` of a book. */
export function receiptAt(issued: readonly Issued[], number: number): Issued {
  const found = issued[number - 1];
  if (found === undefined) throw new Error(`there is no receipt ${number}`);
  return found;
}

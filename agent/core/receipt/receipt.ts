// Receipts: a settlement becomes a signed payload, chained to the receipt before it and to a checkpoint over all of
// them. Issuing costs the same after ten receipts and after a hundred thousand. The bytes made here are journalled
// before anyone sees them; nothing is signed twice, and nothing is signed later as if on time.
import type { StationFacts } from "../../../config/schema.js";
import type { Reading, TimeTrust } from "../../../drivers/driver.js";
import type { Settlement } from "../cdr/settlement.js";
import { masked } from "../cdr/token.js";
import { canonicalText } from "../json/json-text.js";
import { fromHex, hexText, utf8 } from "../number/bytes.js";
import { kwhExact } from "../number/energy-text.js";
import { ocmfRecord } from "../ocmf/ocmf.js";
import { checkpointBody, signedCheckpoint } from "../signing/checkpoint.js";
import { type Jws, parseJws, signedJws } from "../signing/jws.js";
import { type Frontier, frontierWith, type Hash, leafHash, proofOfNewest, rootOf } from "../signing/merkle.js";
import { ReceiptFault, type Signer } from "../signing/signer.js";
import { isoLocal } from "../time/iso-time.js";
import { negative } from "./decimal-text.js";
import {
  type CreditPayload,
  type KeyPayload,
  type ReceiptFrame,
  type ReceiptPayload,
  type ReceiptReading,
  type RunningTotals,
  receiptFormat,
  type SaleFields,
  type SalePayload,
  type UnsignedSpan,
} from "./receipt-payload.js";
import { shortForm } from "./short-form.js";
import { noTotals, totalsWith } from "./totals.js";

/** What the next receipt needs to know of all that were issued before. */
export type ChainState = {
  /** How many receipts there are; the next number is one more. */
  readonly count: number;
  /** SHA-256 (hex) of the last JWS as stored, or "". */
  readonly previous: string;
  readonly frontier: Frontier;
  readonly totals: RunningTotals;
  /** The signed checkpoint over all `count` receipts, or "" where it is to be signed with the next one. */
  readonly checkpoint: string;
  /** Receipts at the end of the chain that could not be signed: the next one is a recovery receipt, or unsigned too. */
  readonly unsigned?: UnsignedSpan;
};

export type Issued = {
  readonly jws: string;
  /** The OCMF record, or "" where the receipt has no readings. */
  readonly ocmf: string;
  /** The checkpoint that includes this receipt, and the inclusion proof (hex, leaf upwards) that leads to it. */
  readonly checkpoint: string;
  readonly proof: readonly string[];
  readonly chain: ChainState;
};

/** What a receipt without a session needs. */
export type Occasion = {
  readonly station: StationFacts;
  readonly timeZone: string;
  readonly issuedMs: number;
  readonly timeTrust: TimeTrust;
  readonly softwareVersion: string;
};

export const emptyChain: ChainState = { count: 0, previous: "", frontier: [], totals: noTotals, checkpoint: "" };

const notices = [
  "This station signed the values that it read from the meter: that proves what it recorded and that nobody changed it since. It is no calibration-law approval of the meter.",
  "Not a tax invoice where a mobility provider bills you for this session.",
  "This file holds the whole UID of the card.",
] as const;

/** The signer did not do its work; told apart from faults in what was to be signed. */
export class SignerFailed extends Error {}

function guarded(signer: Signer): Signer {
  const attempt = (work: () => Uint8Array): Uint8Array => {
    try {
      return work();
    } catch (cause) {
      throw new SignerFailed("the signer failed", { cause });
    }
  };
  return {
    ...signer,
    sign: (data) => attempt(() => signer.sign(data)),
    signDer: (data) => attempt(() => signer.signDer(data)),
  };
}

/**
 * Makes a receipt with the signer, or, where it fails or has failed since the last recovery, with the mark in its
 * place.
 */
function signedOrMarked<T>(chain: ChainState, signer: Signer, make: (working: Signer | undefined) => T): T {
  if (chain.unsigned !== undefined) return make(undefined);
  try {
    return make(guarded(signer));
  } catch (error) {
    if (error instanceof SignerFailed) return make(undefined);
    throw error;
  }
}

function checkpointOf(
  origin: string,
  size: number,
  frontier: Frontier,
  signer: Signer | undefined,
  hash: Hash,
): string {
  const checkpoint = { origin, size, root: rootOf(frontier, hash) };
  return signer === undefined ? checkpointBody(checkpoint) : signedCheckpoint(checkpoint, signer, hash);
}

function frame(
  occasion: Occasion,
  chain: ChainState,
  totals: RunningTotals,
  signer: Signer,
  working: Signer | undefined,
  hash: Hash,
): ReceiptFrame {
  const { id, countryCode, partyId, operator, location, verifyUrl } = occasion.station;
  return {
    format: receiptFormat,
    number: chain.count + 1,
    issuedAt: isoLocal(occasion.issuedMs, occasion.timeZone),
    clock: occasion.timeTrust,
    timeZone: occasion.timeZone,
    station: { id, countryCode, partyId, operator, location, ...(verifyUrl === undefined ? {} : { verifyUrl }) },
    key: { id: signer.keyId, spki: signer.spkiHex },
    chain: {
      previous: chain.previous,
      before: chain.checkpoint === "" ? checkpointOf(id, chain.count, chain.frontier, working, hash) : chain.checkpoint,
    },
    totals,
    softwareVersion: occasion.softwareVersion,
    notices,
  };
}

/** A stretch of unsigned receipts with one more: its digest runs on, SHA-256(digest || leaf hash). */
export function spanWith(span: UnsignedSpan | undefined, number: number, leaf: string, hash: Hash): UnsignedSpan {
  const link = fromHex((span?.digest ?? "") + leaf);
  if (link === undefined) throw new TypeError("a hash is hex");
  return { first: span?.first ?? number, count: (span?.count ?? 0) + 1, digest: hexText(hash(link)) };
}

function extended(
  chain: ChainState,
  jws: string,
  payload: ReceiptPayload,
  isSigned: boolean,
  checkpoint: string,
  hash: Hash,
): ChainState {
  const data = utf8(jws);
  const leaf = leafHash(data, hash);
  return {
    count: chain.count + 1,
    previous: hexText(hash(data)),
    frontier: frontierWith(chain.frontier, chain.count, leaf, hash),
    totals: payload.totals,
    checkpoint,
    ...(isSigned ? {} : { unsigned: spanWith(chain.unsigned, payload.number, leaf, hash) }),
  };
}

function issued(
  chain: ChainState,
  payload: ReceiptPayload,
  ocmf: string,
  working: Signer | undefined,
  signer: Signer,
  hash: Hash,
): Issued {
  const jws = signedJws(canonicalText(payload), signer.keyId, working);
  const next = extended(chain, jws, payload, working !== undefined, "", hash);
  const checkpoint = checkpointOf(payload.station.id, next.count, next.frontier, working, hash);
  return {
    jws,
    ocmf,
    checkpoint,
    proof: proofOfNewest(chain.frontier),
    chain: { ...next, checkpoint: working === undefined ? "" : checkpoint },
  };
}

/**
 * The start receipt of zero: number 1, leaf 0, before a checkpoint of size 0. Throws when the signer fails: a chain is
 * not opened unsigned.
 */
export function openChain(occasion: Occasion, signer: Signer, hash: Hash): Issued {
  const payload: ReceiptPayload = { ...frame(occasion, emptyChain, noTotals, signer, signer, hash), kind: "start" };
  return issued(emptyChain, payload, "", signer, signer, hash);
}

/** The id and version of an OCPI tariff, as a receipt names them. */
export function tariffName(tariff: unknown): { readonly id: string; readonly version: string } {
  const { id, last_updated: version } = (typeof tariff === "object" && tariff !== null ? tariff : {}) as Record<
    string,
    unknown
  >;
  if (typeof id !== "string" || id === "") throw new ReceiptFault("the tariff of the session has no id");
  return { id, version: typeof version === "string" ? version : "" };
}

function readingOf(reading: Reading, timeZone: string): ReceiptReading {
  const { moment, energyMilliWh, signed } = reading;
  return {
    at: isoLocal(moment.at, timeZone),
    clock: moment.trust,
    registerKwh: kwhExact(energyMilliWh),
    ...(signed === undefined ? {} : { signed }),
  };
}

function samplesOf({ samples, timeZone }: Settlement): SaleFields["samples"] {
  const first = samples[0];
  if (first === undefined)
    throw new ReceiptFault("a session without samples cannot be rated again, so it gets no receipt");
  return {
    from: isoLocal(first.atMs, timeZone),
    registerKwh: kwhExact(first.energyMilliWh),
    rows: samples.map(({ atMs, energyMilliWh, powerW, currentMilliA, activity }) => [
      atMs - first.atMs,
      energyMilliWh - first.energyMilliWh,
      powerW,
      currentMilliA ?? null,
      activity,
    ]),
  };
}

function saleOf(settlement: Settlement, ocmf: string, short: string): SaleFields {
  const { timeZone, connector, tariff, token } = settlement;
  return {
    sessionId: settlement.sessionId,
    cdrId: settlement.cdrId,
    connector: {
      id: connector.id,
      evseId: connector.evseId,
      standard: connector.standard,
      format: connector.format,
      powerType: connector.powerType,
      maxPowerW: connector.maxPowerW,
    },
    meter: settlement.meter,
    token,
    authMethod: settlement.authMethod,
    ...(settlement.authorizationReference === undefined
      ? {}
      : { authorizationReference: settlement.authorizationReference }),
    start: isoLocal(settlement.startMs, timeZone),
    end: isoLocal(settlement.endMs, timeZone),
    begin: readingOf(settlement.begin, timeZone),
    finish: readingOf(settlement.end, timeZone),
    borders: settlement.boundaryReadings.map((boundary) => readingOf(boundary, timeZone)),
    energyKwh: kwhExact(settlement.end.energyMilliWh - settlement.begin.energyMilliWh),
    samples: samplesOf(settlement),
    timeTrust: settlement.timeTrust,
    tariff: { ...tariffName(tariff), digest: settlement.tariffDigest, value: tariff },
    shown: { text: settlement.shown.text, at: isoLocal(settlement.shown.atMs, timeZone) },
    price: settlement.price,
    periods: settlement.periods,
    payment: { kind: "contract", reference: masked(token.contractId) },
    stop: { reason: settlement.stopReason, detail: settlement.stopDetail },
    interruptions: settlement.interruptions.map(({ fromMs, toMs, why }) => ({
      from: isoLocal(fromMs, timeZone),
      to: toMs === null ? null : isoLocal(toMs, timeZone),
      why,
    })),
    ocmf,
    short,
  };
}

/**
 * The signed OCMF record and receipt of a settlement. Pure but for the signatures; where the signer fails the sale goes
 * on, marked. Throws ReceiptFault where the settlement contradicts itself or the chain: nothing is signed then.
 */
export function issueReceipt(
  settlement: Settlement,
  chain: ChainState,
  signer: Signer,
  hash: Hash,
  corrects?: number,
): Issued {
  const { receiptNumber, price, station } = settlement;
  if (receiptNumber !== chain.count + 1)
    throw new ReceiptFault(`receipt ${receiptNumber} does not follow on ${chain.count} receipts`);
  if (chain.count === 0)
    throw new ReceiptFault("the chain has not been opened: the first receipt is the start receipt of zero");
  const energyMilliWh = settlement.end.energyMilliWh - settlement.begin.energyMilliWh;
  if (price.energyMilliWh !== energyMilliWh)
    throw new ReceiptFault(`the bill has ${price.energyMilliWh} mWh, the meter's register ${energyMilliWh} mWh`);
  const { id: tariffId } = tariffName(settlement.tariff);
  const totals = totalsWith(chain.totals, price, energyMilliWh, 1);
  return signedOrMarked(chain, signer, (working) => {
    const ocmf = ocmfRecord({ ...settlement, tariffId }, working);
    const short = shortForm(settlement, ocmf, signer.keyId, working, hash);
    const payload: SalePayload = {
      ...frame({ ...settlement, station }, chain, totals, signer, working, hash),
      kind: "sale",
      sale: saleOf(settlement, ocmf, short),
      ...(corrects === undefined ? {} : { corrects }),
    };
    return issued(chain, payload, ocmf, working, signer, hash);
  });
}

/**
 * Takes a sale back: a receipt of its own that names the first, which is never touched. `jws` is the receipt that is
 * taken back.
 */
export function issueCredit(
  occasion: Occasion,
  jws: string,
  cdrId: string,
  reason: string,
  chain: ChainState,
  signer: Signer,
  hash: Hash,
): Issued {
  const sold = payloadOf(jws);
  if (sold?.kind !== "sale") throw new ReceiptFault("only the receipt of a sale can be credited");
  const { sale, number } = sold;
  const { currency, due } = sale.price;
  const taxes = sale.price.taxes.map((tax) => ({
    ...tax,
    net: negative(tax.net),
    tax: negative(tax.tax),
    gross: negative(tax.gross),
  }));
  const credit: CreditPayload["credit"] = {
    number,
    receipt: hexText(hash(utf8(jws))),
    sessionId: sale.sessionId,
    cdrId,
    reason,
    currency,
    taxes,
    due: { net: negative(due.net), tax: negative(due.tax), gross: negative(due.gross) },
  };
  const totals = totalsWith(chain.totals, credit, 0, 0);
  return signedOrMarked(chain, signer, (working) =>
    issued(
      chain,
      { ...frame(occasion, chain, totals, signer, working, hash), kind: "credit", credit },
      "",
      working,
      signer,
      hash,
    ),
  );
}

/**
 * A signed zero receipt that commits to the receipts that could not be signed. Throws SignerFailed when the signer
 * still fails.
 */
export function issueRecovery(occasion: Occasion, chain: ChainState, signer: Signer, hash: Hash): Issued {
  const { unsigned, ...rest } = chain;
  if (unsigned === undefined) throw new ReceiptFault("there is no unsigned receipt to recover from");
  const working = guarded(signer);
  return issued(
    rest,
    { ...frame(occasion, chain, chain.totals, working, working, hash), kind: "recovery", unsigned },
    "",
    working,
    working,
    hash,
  );
}

/** What the new key signs at a change of keys. */
export const rotationText = (station: string, number: number, from: string, to: string): string =>
  `chargetill key change;${station};${number};${from};${to}`;

/**
 * The change of key as a receipt: signed by the old key, and inside it by the new one. Throws SignerFailed when either
 * fails.
 */
export function issueKeyChange(occasion: Occasion, chain: ChainState, old: Signer, next: Signer, hash: Hash): Issued {
  if (chain.unsigned !== undefined)
    throw new ReceiptFault("the key cannot change while receipts are unsigned: issue the recovery receipt first");
  const working = guarded(old);
  const base = frame(occasion, chain, chain.totals, working, working, hash);
  const proof = guarded(next).sign(utf8(rotationText(base.station.id, base.number, old.keyId, next.keyId)));
  const payload: KeyPayload = {
    ...base,
    kind: "key",
    next: { id: next.keyId, spki: next.spkiHex, signature: hexText(proof) },
  };
  return issued(chain, payload, "", working, working, hash);
}

/** The payload of a receipt of ours, its signature not judged; undefined where the text is none. */
export function payloadOf(jws: string): ReceiptPayload | undefined {
  const parts = parseJws(jws);
  return parts === undefined ? undefined : payloadIn(parts);
}

function payloadIn(parts: Jws): ReceiptPayload | undefined {
  try {
    const payload = JSON.parse(parts.payload) as ReceiptPayload;
    return payload.format === receiptFormat ? payload : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The chain after a receipt that is already in the book or the journal: recovery computes it anew and signs nothing.
 * `checkpoint` is the signed note over it, where that was kept. Throws ReceiptFault where the receipt does not follow.
 */
export function chainAfter(chain: ChainState, jws: string, hash: Hash, checkpoint = ""): ChainState {
  const parts = parseJws(jws);
  const payload = parts === undefined ? undefined : payloadIn(parts);
  if (parts === undefined || payload === undefined) throw new ReceiptFault(`receipt ${chain.count + 1} cannot be read`);
  if (payload.number !== chain.count + 1 || payload.chain.previous !== chain.previous)
    throw new ReceiptFault(`receipt ${payload.number} does not follow on ${chain.count} receipts`);
  return extended(chain, jws, payload, parts.signature !== undefined, checkpoint, hash);
}

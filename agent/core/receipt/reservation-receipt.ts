// The receipt of a reservation that expired without a session: what it cost, by the price that was told before. It has
// no readings, no meter record and no QR code.

import type { StationFacts } from "../../../config/schema.js";
import type { ReservationSettlement, SessionToken, Settlement, UserIdentity } from "../cdr/settlement.js";
import { masked } from "../cdr/token.js";
import { type Rating, ratingOf } from "../rating/rating.js";
import { type Sample, stationRules } from "../rating/sample.js";
import { bill, periods } from "../rating/session-bill.js";
import type { HashFunction } from "../signing/merkle.js";
import { ReceiptFault, type Signer } from "../signing/signer.js";
import type { NoShow } from "../station/backend-orders.js";
import type { Tariff } from "../tariff/tariff.js";
import { tariffOfSession } from "../tariff/tariff-cut.js";
import { parseTariff } from "../tariff/tariff-reader.js";
import { isoLocal } from "../time/iso-time.js";
import { type Issued, receiptFrame, sealed, signedOrMarked } from "./issuing.js";
import type { ChainState } from "./receipt-chain.js";
import type { ReservationFields, ReservationPayload } from "./receipt-payload.js";
import { personalValues, receiptToken } from "./receipt-token.js";
import { receiptInstant } from "./receipt-values.js";
import { shownFields, tariffOnReceipt } from "./sale-fields.js";
import { totalsWith } from "./totals.js";

export type ReservationFrame = Pick<Settlement, "receiptNumber" | "issuedMs" | "issuedTrust" | "softwareVersion"> & {
  readonly station: StationFacts;
  /** SHA-256 (hex) of a tariff's canonical text. */
  readonly digestOf: (tariff: Tariff) => string;
  readonly nameUser: (token: SessionToken, by: "COMMAND") => UserIdentity;
};

/** What the receipt says of why there is nothing but a reservation. */
const noSessionCame = "the reservation expired, no session came";

/**
 * The settlement of a reservation that expired. It is charged from when it was made until its end as it was told, and
 * never longer than it stood by the monotonic clock. Throws ReceiptFault where its tariff cannot be read.
 */
export function settledNoShow(
  noShow: NoShow,
  { digestOf, nameUser, ...frame }: ReservationFrame,
): ReservationSettlement {
  const { fee, ended, untilMs, token } = noShow;
  const parsed = parseTariff(fee.tariff);
  if (!parsed.ok) throw new ReceiptFault(`the tariff of reservation ${noShow.id} cannot be read`);
  const startMs = fee.since.at;
  const endMs = Math.max(startMs, Math.min(startMs + ended.monoMs - fee.since.monoMs, untilMs));
  const samples = reservedSamples(startMs, endMs);
  const isWhole = digestOf(parsed.tariff) === fee.tariffDigest;
  const kept = isWhole ? parsed : { tariff: parsed.tariff, cutFrom: fee.tariffDigest };
  const { tariff, cutFrom } = tariffOfSession(kept, fee.timeZone, samples, true, digestOf);
  const rating = ratedReservation(tariff, fee.timeZone, samples);
  return {
    ...frame,
    sessionId: fee.sessionId,
    cdrId: fee.sessionId,
    connector: fee.connector,
    token,
    user: nameUser(token, "COMMAND"),
    authMethod: "COMMAND",
    samples,
    startMs,
    endMs,
    startTrust: fee.since.trust,
    endTrust: ended.trust,
    timeZone: fee.timeZone,
    tariff: tariff.source,
    tariffDigest: digestOf(tariff),
    ...(cutFrom === undefined ? {} : { cutFrom }),
    shown: { text: fee.shown, atMs: startMs },
    price: bill(rating),
    periods: periods(rating),
    stopDetail: noSessionCame,
    reservation: { id: noShow.id, by: noShow.by },
  };
}

/** The samples of a reservation alone: no meter says anything of it. */
const reservedSamples = (startMs: number, endMs: number): readonly [Sample, Sample] => {
  const at = (atMs: number): Sample => ({ atMs, energyMilliWh: 0, powerW: 0, currentMilliA: 0, activity: "reserved" });
  return [at(startMs), at(endMs)];
};

/** The samples of a reservation by its receipt. Throws ReceiptFault where they cannot be read. */
export const samplesOfReservation = ({ start, end }: ReservationFields): readonly [Sample, Sample] =>
  reservedSamples(receiptInstant(start), receiptInstant(end));

/** A reservation that no session came for, priced. Only one under a clock that was set is charged at all. */
export const ratedReservation = (tariff: Tariff, timeZone: string, samples: readonly Sample[]): Rating =>
  ratingOf(tariff, stationRules(timeZone, true), samples);

/** The receipt of a reservation that expired; where the signer fails it is issued all the same, marked. */
export function issueReservation(
  settlement: ReservationSettlement,
  chain: ChainState,
  signer: Signer,
  hash: HashFunction,
): Issued {
  if (settlement.receiptNumber !== chain.count + 1)
    throw new ReceiptFault(`receipt ${settlement.receiptNumber} does not follow on ${chain.count} receipts`);
  const totals = totalsWith(chain.totals, settlement.price, 0, 1);
  return signedOrMarked(chain, signer, hash, (issuing) => {
    const { frame, disclosures } = receiptFrame(settlement, { totals, ...personalValues(settlement) }, issuing);
    const payload: ReservationPayload = {
      ...frame,
      kind: "reservation",
      reservation: reservationFields(settlement),
    };
    return sealed(payload, "", disclosures, issuing);
  });
}

/** The fields of the receipt of a reservation that no session came for. */
export function reservationFields(settlement: ReservationSettlement): ReservationFields {
  const { timeZone, token, reservation, shown } = settlement;
  return {
    id: reservation.id,
    by: reservation.by,
    sessionId: settlement.sessionId,
    cdrId: settlement.cdrId,
    connector: settlement.connector,
    token: receiptToken(settlement),
    start: isoLocal(settlement.startMs, timeZone),
    end: isoLocal(settlement.endMs, timeZone),
    startClock: settlement.startTrust,
    endClock: settlement.endTrust,
    tariff: tariffOnReceipt(settlement),
    shown: shownFields(shown, timeZone),
    price: settlement.price,
    periods: settlement.periods,
    payment: settlement.payment ?? { kind: "contract", reference: masked(token.contractId) },
  };
}

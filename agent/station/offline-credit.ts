// What a token has open at the backends: sessions that began without a backend's word and that not all of them have
// acknowledged, and those that run. It bounds what a stranger can take on a card that was blocked while the line was
// down.

import { fixedText } from "../../config/decimal.js";
import type { Config } from "../../config/schema.js";
import { kwhExact, requiredMilliWh } from "../core/number/energy-text.js";
import { add, compare, type Ratio, ratioOfText, roundHalfUp, subtract, zeroRatio } from "../core/number/money.js";
import { livePrice } from "../core/rating/live-price.js";
import { payloadOf } from "../core/receipt/receipt-payload.js";
import type { LimitReached } from "../core/session/limits.js";
import type { LiveReading } from "../core/session/live-reading.js";
import type { Acceptance } from "../core/session/opening.js";
import type { Sale } from "../core/session/sale.js";
import type { Session } from "../core/session/session.js";
import type { Book } from "../ledger/book/book.js";

/** Receipts that at least one backend has not acknowledged: all after one number up to `last`, and some before it. */
export type Unacknowledged = { readonly after: number; readonly besides: ReadonlySet<number>; readonly last: number };

export type OfflineCreditParts = {
  readonly limits: Config["authorisation"]["exposure"];
  readonly book: Pick<Book, "get">;
  /** The name under which receipts know a card. */
  readonly cardName: (uid: string) => string;
  /** Undefined where there is no backend at all. */
  readonly unacknowledged: () => Unacknowledged | undefined;
  readonly sessions: () => Iterable<readonly [number, Session]>;
  readonly liveReading: (connector: number) => LiveReading | undefined;
};

/** Receipts that one slice reads: some ten milliseconds on a small machine. */
const sliceOfReceipts = 20;

type Taken = { readonly energyMilliWh: number; readonly cost: Ratio; readonly currency: string };
type Booked = Taken & { readonly card: string };
/** What one card has open in all: costs by their currency. */
type Sum = { receipts: number; energyMilliWh: number; readonly costs: Map<string, Ratio> };

const isUnasked = ({ authMethod, by }: Acceptance): boolean => authMethod === "WHITELIST" && by === undefined;
const why = "no more may be open for this card until the backend has its receipts";

export class OfflineCredit {
  readonly #parts: OfflineCreditParts;
  /** What counts of the receipts that are open after the first gap, by rising number: all up to `#read` were read. */
  readonly #line = new Map<number, Booked>();
  #read = 0;
  /** Those before it that are open all the same; null = it counts for nothing. */
  readonly #besides = new Map<number, Booked | null>();
  readonly #sums = new Map<string, Sum>();

  constructor(parts: OfflineCreditParts) {
    this.#parts = parts;
  }

  /**
   * Reads a slice of what is open and was not read yet, before anybody waits for it: after a long time offline that is
   * many receipts, and meters are read and taps judged meanwhile. True = there is more; a tap whose answer hangs on it
   * waits, slice by slice.
   */
  look(): boolean {
    return this.#isBounded() && this.#follow(sliceOfReceipts);
  }

  /** What a card may still take without a backend's word: null = nothing more; no field = no limit. */
  left(uid: string): { readonly energyKwh?: string; readonly cost?: string; readonly why: string } | undefined | null {
    const { energyKwh, cost } = this.#parts.limits;
    const open = this.#isBounded() ? this.#open(uid) : undefined;
    if (open === undefined) return undefined;
    const energyLeft = energyKwh === undefined ? undefined : requiredMilliWh(energyKwh) - open.energyMilliWh;
    const costLeft = cost === undefined ? undefined : subtract(ratioOfText(cost), open.cost);
    if ((energyLeft !== undefined && energyLeft <= 0) || (costLeft !== undefined && compare(costLeft, zeroRatio) <= 0))
      return null;
    return {
      ...(energyLeft === undefined ? {} : { energyKwh: kwhExact(energyLeft) }),
      ...(costLeft === undefined ? {} : { cost: fixedText(roundHalfUp(costLeft, 4), 4) }),
      why,
    };
  }

  /**
   * Whether sessions of one card, each of which began with all that was left, have together reached the limit; also
   * when all but one are over.
   */
  reached({ opening }: Sale): LimitReached | undefined {
    const { uid } = opening.acceptance.token;
    // A meter's turn waits for no long reading: what was not read yet counts a little later.
    if (!this.#isBounded() || !isUnasked(opening.acceptance) || this.look() || this.left(uid) !== null)
      return undefined;
    const { energyKwh } = this.#parts.limits;
    const byEnergy = energyKwh !== undefined && (this.#open(uid)?.energyMilliWh ?? 0) >= requiredMilliWh(energyKwh);
    return {
      reason: byEnergy ? "EnergyLimitReached" : "CostLimitReached",
      detail: `the sessions of this card have together reached its limit: ${why}`,
    };
  }

  #isBounded(): boolean {
    return this.#parts.limits.energyKwh !== undefined || this.#parts.limits.cost !== undefined;
  }

  /** Undefined where there is no backend to wait for. Of several currencies the dearest counts: none is translated. */
  #open(uid: string): { readonly energyMilliWh: number; readonly cost: Ratio } | undefined {
    if (this.#parts.unacknowledged() === undefined) return undefined;
    this.#follow(Number.POSITIVE_INFINITY);
    const booked = this.#sums.get(this.#parts.cardName(uid));
    let energyMilliWh = booked?.energyMilliWh ?? 0;
    const costs = new Map(booked?.costs);
    for (const one of this.#running(uid)) {
      energyMilliWh += one.energyMilliWh;
      costs.set(one.currency, add(costs.get(one.currency) ?? zeroRatio, one.cost));
    }
    return {
      energyMilliWh,
      cost: [...costs.values()].reduce((most, one) => (compare(one, most) > 0 ? one : most), zeroRatio),
    };
  }

  /**
   * Lets go of what was acknowledged and reads what is new, `most` receipts at most; true = there is more. No receipt
   * is gone through twice.
   */
  #follow(most: number): boolean {
    const open = this.#parts.unacknowledged();
    if (open === undefined) return false;
    for (const [number, booked] of this.#line) {
      if (number > open.after) break;
      this.#line.delete(number);
      if (open.besides.has(number)) this.#besides.set(number, booked);
      else this.#sum(booked, -1);
    }
    for (const [number, booked] of this.#besides) {
      if (open.besides.has(number)) continue;
      this.#besides.delete(number);
      if (booked !== null) this.#sum(booked, -1);
    }
    let left = most;
    for (const number of open.besides) {
      if (this.#besides.has(number)) continue;
      if (left === 0) return true;
      left -= 1;
      const booked = this.#bookedAs(number);
      this.#besides.set(number, booked);
      if (booked !== null) this.#sum(booked, 1);
    }
    for (let number = Math.max(this.#read, open.after) + 1; number <= open.last; number += 1) {
      if (left === 0) return true;
      left -= 1;
      const booked = this.#bookedAs(number);
      this.#read = number;
      if (booked === null) continue;
      this.#line.set(number, booked);
      this.#sum(booked, 1);
    }
    return false;
  }

  #sum({ card, energyMilliWh, cost, currency }: Booked, times: 1 | -1): void {
    const sum = this.#sums.get(card) ?? { receipts: 0, energyMilliWh: 0, costs: new Map<string, Ratio>() };
    sum.receipts += times;
    sum.energyMilliWh += times * energyMilliWh;
    sum.costs.set(currency, (times === 1 ? add : subtract)(sum.costs.get(currency) ?? zeroRatio, cost));
    if (sum.receipts === 0) this.#sums.delete(card);
    else this.#sums.set(card, sum);
  }

  /** null = no sale, or one that a backend had allowed. */
  #bookedAs(number: number): Booked | null {
    const entry = this.#parts.book.get(number);
    const payload = entry === undefined ? undefined : payloadOf(entry.jws);
    if (payload?.kind !== "sale" || payload.sale.authMethod !== "WHITELIST") return null;
    const { token, energyKwh, price } = payload.sale;
    return {
      card: token.user.id,
      energyMilliWh: requiredMilliWh(energyKwh),
      cost: ratioOfText(price.due.gross),
      currency: price.currency,
    };
  }

  *#running(uid: string): Generator<Taken> {
    for (const [connector, session] of this.#parts.sessions()) {
      if (
        !("sale" in session) ||
        session.sale.opening.acceptance.token.uid !== uid ||
        !isUnasked(session.sale.opening.acceptance)
      )
        continue;
      const liveReading = this.#parts.liveReading(connector);
      const sale = liveReading?.sale ?? session.sale;
      const price = liveReading?.price ?? livePrice(sale.rating);
      yield {
        energyMilliWh: sale.last.energyMilliWh - sale.opening.begin.energyMilliWh,
        cost: ratioOfText(price.ifStoppedNow.incl),
        currency: price.currency,
      };
    }
  }
}

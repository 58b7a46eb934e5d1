// What a token has open at the backends: sessions that began without a backend's word and that not all of them have acknowledged, and those
// that run. It bounds what a stranger can take on a card that was blocked while the line was down.
import type { Config } from "../config/schema.js";
import { kwhText, knownMilliWh } from "./core/energy-text.js";
import { add, compare, decimalOf, fixedText, ratioOf, roundHalfUp, subtract, zero, type Ratio } from "./core/money.js";
import type { Reached } from "./core/limits.js";
import { live } from "./core/rating.js";
import { payloadOf } from "./core/receipt.js";
import type { Acceptance, Sale, Session } from "./core/session.js";
import type { Book } from "./ledger/book.js";
import type { Glance } from "./point.js";

export type ExposureParts = {
  readonly limits: Config["authorisation"]["exposure"];
  readonly book: Pick<Book, "get">;
  /** Numbers of receipts that at least one backend has not acknowledged; undefined where there is no backend at all. */
  readonly unacknowledged: () => Iterable<number> | undefined;
  readonly sessions: () => Iterable<readonly [number, Session]>;
  readonly glance: (connector: number) => Glance | undefined;
};

/** Receipts that one slice reads: some ten milliseconds on a small machine. */
const sliceOfReceipts = 20;

type Open = { readonly energyMilliWh: number; readonly cost: Ratio; readonly currency: string };
type Booked = Open & { readonly uid: string };

const isUnasked = ({ authMethod, by }: Acceptance): boolean => authMethod === "WHITELIST" && by === undefined;
const why = "no more may be open for this card until the backend has its receipts";

export class Exposure {
  readonly #parts: ExposureParts;
  #booked = new Map<number, Booked | null>();

  constructor(parts: ExposureParts) {
    this.#parts = parts;
  }

  /**
   * Reads a slice of what is open and was not read yet, before anybody waits for it: after a long time offline that is many receipts, and
   * meters are read meanwhile. True = there is more; a tap that comes before reads the rest at once.
   */
  look(): boolean {
    if (!this.#isBounded()) return false;
    let read = 0;
    for (const number of this.#parts.unacknowledged() ?? []) {
      if (this.#booked.has(number)) continue;
      if (read === sliceOfReceipts) return true;
      this.#booked.set(number, this.#read(number));
      read += 1;
    }
    return false;
  }

  /** What a card may still take without a backend's word: null = nothing more; no field = no limit. */
  left(uid: string): { readonly energyKwh?: string; readonly cost?: string; readonly why: string } | undefined | null {
    const { energyKwh, cost } = this.#parts.limits;
    const open = this.#isBounded() ? this.#open(uid) : undefined;
    if (open === undefined) return undefined;
    const energyLeft = energyKwh === undefined ? undefined : knownMilliWh(energyKwh) - open.energyMilliWh;
    const costLeft = cost === undefined ? undefined : subtract(limitOf(cost), open.cost);
    if ((energyLeft !== undefined && energyLeft <= 0) || (costLeft !== undefined && compare(costLeft, zero) <= 0)) return null;
    return { ...(energyLeft === undefined ? {} : { energyKwh: kwhText(energyLeft) }), ...(costLeft === undefined ? {} : { cost: fixedText(roundHalfUp(costLeft, 4), 4) }), why };
  }

  /** Whether sessions of one card that run side by side have together reached the limit: each began with all that was left. */
  reached({ opening }: Sale): Reached | undefined {
    const { uid } = opening.acceptance.token;
    if (!this.#isBounded() || !isUnasked(opening.acceptance) || [...this.#running(uid)].length < 2 || this.left(uid) !== null) return undefined;
    const { energyKwh } = this.#parts.limits;
    const byEnergy = energyKwh !== undefined && (this.#open(uid)?.energyMilliWh ?? 0) >= knownMilliWh(energyKwh);
    return { reason: byEnergy ? "EnergyLimitReached" : "CostLimitReached", detail: `the sessions of this card have together reached its limit: ${why}` };
  }

  #isBounded(): boolean {
    return this.#parts.limits.energyKwh !== undefined || this.#parts.limits.cost !== undefined;
  }

  /** Undefined where there is no backend to wait for. Of several currencies the dearest counts: none is translated. */
  #open(uid: string): { readonly energyMilliWh: number; readonly cost: Ratio } | undefined {
    const numbers = this.#parts.unacknowledged();
    if (numbers === undefined) return undefined;
    const open: Open[] = [...this.#bookedOf(numbers, uid), ...this.#running(uid)];
    const costs = new Map<string, Ratio>();
    for (const { cost, currency } of open) costs.set(currency, add(costs.get(currency) ?? zero, cost));
    return { energyMilliWh: open.reduce((sum, one) => sum + one.energyMilliWh, 0), cost: [...costs.values()].reduce((most, one) => (compare(one, most) > 0 ? one : most), zero) };
  }

  #bookedOf(numbers: Iterable<number>, uid: string): Booked[] {
    const still = new Map<number, Booked | null>();
    for (const number of numbers) {
      const known = this.#booked.get(number);
      // null is known too: a receipt of another kind is not read again with each tap.
      still.set(number, known === undefined ? this.#read(number) : known);
    }
    this.#booked = still;
    return [...still.values()].filter((one): one is Booked => one?.uid === uid);
  }

  /** null = no sale, or one that a backend had allowed. */
  #read(number: number): Booked | null {
    const entry = this.#parts.book.get(number);
    const payload = entry === undefined ? undefined : payloadOf(entry.jws);
    if (payload?.kind !== "sale" || payload.sale.authMethod !== "WHITELIST") return null;
    const { token, energyKwh, price } = payload.sale;
    return { uid: token.uid, energyMilliWh: knownMilliWh(energyKwh), cost: limitOf(price.due.gross), currency: price.currency };
  }

  *#running(uid: string): Generator<Open> {
    for (const [connector, session] of this.#parts.sessions()) {
      if (!("sale" in session) || session.sale.opening.acceptance.token.uid !== uid || !isUnasked(session.sale.opening.acceptance)) continue;
      const glance = this.#parts.glance(connector);
      const sale = glance?.sale ?? session.sale;
      const price = glance?.price ?? live(sale.rating);
      yield { energyMilliWh: sale.last.energyMilliWh - sale.opening.begin.energyMilliWh, cost: limitOf(price.ifStoppedNow.incl), currency: price.currency };
    }
  }
}

function limitOf(amount: string): Ratio {
  const decimal = decimalOf(amount);
  if (decimal === undefined) throw new RangeError(`"${amount}" is no amount`);
  return ratioOf(decimal);
}

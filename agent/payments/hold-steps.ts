// The steps of holds at one gateway, one at a time: each is journalled before it is sent, and its outcome before the
// next. Nothing whose outcome is not known is sent again before the gateway was asked what became of it.
import type { Clock, Moment } from "../../drivers/driver.js";
import type {
  GatewayHold,
  GatewayOutcome,
  OpenHold,
  PaymentGateway,
  RefusalCode,
} from "../../drivers/payment-gateway.js";
import { capMinor, type Hold, type Holds, openHolds } from "../core/payment/hold.js";
import type { HoldTask } from "../core/payment/hold-task.js";
import { payableMinor } from "../core/payment/payable.js";
import type { Payable } from "../core/payment-facts.js";
import type { StationEvent } from "../core/station/station-event.js";

export type HoldStepsParts = {
  readonly clock: Clock;
  readonly holds: () => Holds;
  /** Written down when it returns true; false = the station is closing, and nothing more may be sent. */
  readonly record: (event: StationEvent) => boolean;
  /** What a receipt of the book asks for. */
  readonly payable: (receipt: number) => Payable | undefined;
  /** The receipt of a session, among the newest of the book. */
  readonly receiptOf: (sessionId: string) => number | undefined;
  /** Why nothing more may be booked now. */
  readonly whyNotBooked: () => string | undefined;
};

/** How a step went: `moved` = the hold has gone on; else it is tried again later, and `stuck` says why a person may be needed. */
export type StepResult = { readonly moved: boolean; readonly why?: string; readonly stuck?: boolean };

type Refused = Extract<GatewayOutcome<never>, { readonly kind: "refused" }>;

const moved: StepResult = { moved: true };
const closing: StepResult = { moved: false, why: "the station is closing" };
/**
 * After so many refusals of a booking or a release a person is told; it is tried on as long as its hold is open. A bank
 * that cannot be reached and a terminal that is busy mostly pass.
 */
const toldAfter = 3;
const passingToldAfter = 20;
const passing: readonly RefusalCode[] = ["no-bank-line", "not-ready"];

export class HoldSteps {
  readonly #parts: HoldStepsParts;
  /** Sure refusals of a release, or of a booking since its last send without an answer, by reference; not over a restart. */
  readonly #refusals = new Map<string, { readonly times: number; readonly code: RefusalCode; readonly why: string }>();

  constructor(parts: HoldStepsParts) {
    this.#parts = parts;
  }

  /** Does what a hold wants now. */
  async perform(hold: Hold, task: HoldTask, gateway: PaymentGateway): Promise<StepResult> {
    switch (task.kind) {
      case "ask-hold":
        return this.#askHold(hold, gateway);
      case "release":
        return this.#release(hold, task.why, gateway);
      case "settle":
        return this.#settle(hold, task.receipt, gateway);
      case "find-receipt":
        return this.#findReceipt(hold, task.sessionId, gateway);
      case "ask-end":
        return this.#askEnd(hold, gateway);
      default:
        return task satisfies never;
    }
  }

  /** Asks for a hold that was journalled as wanted just now. */
  async send(hold: Hold, gateway: PaymentGateway): Promise<GatewayOutcome<null>> {
    const { reference, amount, openBefore } = hold;
    const outcome = await gateway.hold({ reference, amount, openBefore });
    if (outcome.kind === "done") {
      const { reference: _, amount: held, ...made } = outcome.value;
      this.#made(hold, held.minor, made);
      return { kind: "done", value: null };
    }
    if (outcome.kind === "refused") {
      const { code, message } = outcome;
      this.#record({ type: "HoldFailed", moment: this.#now(), reference, code, why: message });
    } else this.#unsure(hold, outcome.why);
    return outcome;
  }

  /** Handles of holds that are open at the gateway and not ours. Ours that were never told stand among them. */
  unknownAmong(open: readonly OpenHold[]): readonly OpenHold[] {
    const ours = new Set(this.#ourHandles());
    return open.filter(({ handle }) => !ours.has(handle));
  }

  // ---- whether it was made

  /** Why a hold cannot be said to be gone: it is open at the gateway, where that can be reached and knows references. */
  async whyNotGone(number: number, gateway: PaymentGateway | undefined): Promise<string | undefined> {
    const hold = [...this.#parts.holds().values()].find((one) => one.number === number);
    const open = hold === undefined ? undefined : await gateway?.openHolds();
    const seen = open?.kind === "done" ? open.value.find(({ reference }) => reference === hold?.reference) : undefined;
    return seen === undefined ? undefined : `payment ${number} is open at the gateway as hold ${seen.handle}`;
  }

  async #askHold(hold: Hold, gateway: PaymentGateway): Promise<StepResult> {
    const { reference, amount } = hold;
    // What was made since is known, and is not the lost one.
    const openBefore = [...new Set([...hold.openBefore, ...this.#ourHandles()])];
    const outcome = await gateway.findHold({ reference, amount, openBefore });
    if (outcome.kind === "unsure") return this.#unsure(hold, outcome.why);
    if (outcome.kind === "refused") {
      this.#unsure(hold, outcome.message);
      return { moved: false, why: outcome.message, stuck: outcome.code === "not-supported" };
    }
    if (outcome.value === null) {
      const why = "asked after its answer was lost: no hold was made";
      return this.#record({ type: "HoldFailed", moment: this.#now(), reference, code: "cancelled", why });
    }
    const { reference: _, amount: held, ...made } = outcome.value;
    return this.#made(hold, held.minor, made);
  }

  #made(
    { reference, amount, card: shown }: Hold,
    heldMinor: number,
    { card, ...told }: Omit<GatewayHold, "reference" | "amount">,
  ): StepResult {
    // What the tap has told already is not written down twice.
    const isNew = card !== undefined && (card.brand !== shown?.brand || card.lastFour !== shown?.lastFour);
    const made = isNew ? { ...told, card } : told;
    return this.#record({
      type: "HoldMade",
      moment: this.#now(),
      reference,
      made: { ...made, ...(heldMinor === amount.minor ? {} : { heldMinor }) },
    });
  }

  // ---- how it ends

  async #release(hold: Hold, why: string, gateway: PaymentGateway): Promise<StepResult> {
    const { reference } = hold;
    const wanted = this.#record({ type: "ReleaseWanted", moment: this.#now(), reference, why });
    return wanted.moved ? this.#sendRelease(hold, gateway) : wanted;
  }

  async #sendRelease(hold: Hold, gateway: PaymentGateway): Promise<StepResult> {
    if (hold.made === undefined) return { moved: false, why: "the gateway has told no name of it", stuck: true };
    const outcome = await gateway.release(hold.made);
    if (outcome.kind === "unsure") return this.#unsure(hold, outcome.why);
    if (outcome.kind === "done") return this.#released(hold);
    // What is not open any more is asked about: a booking by somebody else must not pass for a release.
    return this.#refused(hold, outcome);
  }

  #released({ reference }: Hold): StepResult {
    this.#refusals.delete(reference);
    return this.#record({ type: "Released", moment: this.#now(), reference });
  }

  async #settle(hold: Hold, receipt: number, gateway: PaymentGateway): Promise<StepResult> {
    const payable = this.#parts.payable(receipt);
    if (payable === undefined) return { moved: false, why: `receipt ${receipt} cannot be read`, stuck: true };
    const minor = payableMinor(payable, capMinor(hold));
    if (minor === 0) return this.#release(hold, `nothing is to be paid of receipt ${receipt}`, gateway);
    const why = this.#parts.whyNotBooked();
    if (why !== undefined) return { moved: false, why, stuck: true };
    const { reference } = hold;
    const wanted = this.#record({ type: "BookWanted", moment: this.#now(), reference, receipt, minor });
    return wanted.moved ? this.#sendBooking({ ...hold, finalMinor: minor }, gateway) : wanted;
  }

  async #sendBooking(hold: Hold, gateway: PaymentGateway): Promise<StepResult> {
    const { reference, made, finalMinor, amount } = hold;
    if (made === undefined || finalMinor === undefined) throw new Error(`hold ${reference} has nothing to book`);
    const outcome = await gateway.book(made, { minor: finalMinor, currency: amount.currency });
    if (outcome.kind === "unsure") {
      this.#refusals.delete(reference);
      return this.#unsure(hold, outcome.why);
    }
    if (outcome.kind === "done") return this.#booked(hold, outcome.value.bookedMinor ?? null);
    return this.#refused(hold, outcome);
  }

  #refused({ reference }: Hold, { code, message: why }: Refused): StepResult {
    const times = (this.#refusals.get(reference)?.times ?? 0) + 1;
    this.#refusals.set(reference, { times, code, why });
    const isLong = times >= (passing.includes(code) ? passingToldAfter : toldAfter);
    return { moved: false, why, stuck: code === "not-supported" || isLong };
  }

  #booked({ reference }: Hold, minor: number | null): StepResult {
    this.#refusals.delete(reference);
    return this.#record({ type: "Booked", moment: this.#now(), reference, minor });
  }

  #bookFailed({ reference }: Hold, code: RefusalCode, why: string): StepResult {
    this.#refusals.delete(reference);
    return this.#record({ type: "BookFailed", moment: this.#now(), reference, code, why });
  }

  async #askEnd(hold: Hold, gateway: PaymentGateway): Promise<StepResult> {
    if (hold.made === undefined) return { moved: false, why: "the gateway has told no name of it", stuck: true };
    const outcome = await gateway.holdStatus(hold.made);
    if (outcome.kind === "unsure") return this.#unsure(hold, outcome.why);
    if (outcome.kind === "refused")
      return { moved: false, why: outcome.message, stuck: outcome.code === "not-supported" };
    const isBooking = hold.state === "book-sent";
    const { value: status } = outcome;
    switch (status.state) {
      case "open":
        return isBooking ? this.#sendBooking(hold, gateway) : this.#sendRelease(hold, gateway);
      case "booked":
        return isBooking
          ? this.#booked(hold, status.bookedMinor ?? null)
          : this.#bookFailed(hold, "other", "it was to be released, and stands as booked at the gateway");
      case "released":
        return isBooking
          ? this.#bookFailed(hold, "hold-not-open", "it stands as released at the gateway, without a booking of ours")
          : this.#released(hold);
      case "ended":
        return isBooking ? this.#bookingOver(hold) : this.#released(hold);
      default:
        return status satisfies never;
    }
  }

  /** What is over after we sent it was done by us, unless the send was surely refused: then it lapsed, or another did it. */
  #bookingOver(hold: Hold): StepResult {
    const refused = this.#refusals.get(hold.reference);
    // A refusal of what is not open may be the answer to a booking that an earlier send has made.
    const isSure = refused !== undefined && (refused.code !== "hold-not-open" || hold.unsure === undefined);
    return isSure
      ? this.#bookFailed(hold, "hold-not-open", `it is over, and its booking was refused: ${refused.why}`)
      : this.#booked(hold, null);
  }

  /** A journal that lost its end has lost the session, but the book may have its receipt. */
  async #findReceipt(hold: Hold, sessionId: string, gateway: PaymentGateway): Promise<StepResult> {
    const receipt = this.#parts.receiptOf(sessionId);
    return receipt === undefined
      ? this.#release(hold, "its session is not known any more", gateway)
      : this.#settle(hold, receipt, gateway);
  }

  // ----

  #ourHandles(): string[] {
    return openHolds(this.#parts.holds()).flatMap(({ made }) => made?.handle ?? []);
  }

  #unsure({ reference }: Hold, why: string): StepResult {
    this.#record({ type: "HoldUnsure", moment: this.#now(), reference, why });
    return { moved: false, why };
  }

  #record(event: StationEvent): StepResult {
    return this.#parts.record(event) ? moved : closing;
  }

  #now(): Moment {
    return this.#parts.clock.now();
  }
}

// What a person asks of payments on the spot, over the control socket: how they stand, and his word on one of them.
import type { Moment } from "../../drivers/driver.js";
import { requestedNumber, requestedSwitch, requestedText } from "../control/request-fields.js";
import { Failure } from "../core/failure.js";
import { capMinor, type Hold, openHolds } from "../core/payment/hold.js";
import { minorText } from "../core/payment/minor-amount.js";
import type { OpenPayment, OwedBack, PaymentsLook } from "../core/payment/payments-look.js";
import type { StationState } from "../core/station/station-state.js";
import { cleanedText } from "../core/words/printable.js";
import type { HoldLedger } from "./hold-ledger.js";
import { type EndedHold, type HoldTable, owedMinor, type Refund } from "./hold-table.js";
import type { Refunds } from "./refunds.js";

/** With those that have ended, the oldest first. */
export type PaymentsList = PaymentsLook & { readonly ended: readonly EndedHold[] };

/** What takes money on the spot, as far as a person asks it. */
export type AskedPayments = {
  readonly ledger: Pick<HoldLedger, "stuck" | "unknown" | "release" | "releaseUnknown" | "reconcile">;
  readonly refunds: Pick<Refunds, "owed" | "refunded" | "look">;
  readonly table: Pick<HoldTable, "data">;
};

/** Payments as they stand; without a gateway there may still be some that one has left open. */
export function paymentsLook(state: Pick<StationState, "holds">, payments: AskedPayments | undefined): PaymentsLook {
  return {
    open: openHolds(state.holds).map((hold) => openPayment(hold, payments?.ledger.stuck(hold.reference))),
    owed: (payments?.refunds.owed() ?? []).map(owedBack),
    unknown: (payments?.ledger.unknown ?? []).map(({ handle }) => handle),
  };
}

function openPayment(hold: Hold, stuck: string | undefined): OpenPayment {
  const { number, reference, gateway, connector, state, sinceMs, made, receipt, unsure, amount } = hold;
  return {
    number,
    reference,
    gateway,
    connector,
    state,
    held: minorText(capMinor(hold), amount.currency),
    currency: amount.currency,
    sinceMs,
    ...(made === undefined ? {} : { handle: made.handle }),
    ...(receipt === undefined ? {} : { receipt }),
    ...(unsure === undefined ? {} : { unsure }),
    ...(stuck === undefined ? {} : { stuck }),
  };
}

const owedBack = (refund: Refund): OwedBack => ({
  receipt: refund.receipt,
  reference: refund.reference,
  owed: minorText(owedMinor(refund), refund.currency),
  booked: minorText(refund.bookedMinor, refund.currency),
  currency: refund.currency,
  sinceMs: refund.sinceMs,
});

/** What comes with a request: the fields that a person named. */
type PaymentRequest = { readonly do: string; readonly [field: string]: unknown };

/** Answers a request about payments; undefined where it is none. Throws Failure where it is refused. */
export async function answerPaymentRequest(
  request: PaymentRequest,
  state: Pick<StationState, "holds">,
  payments: AskedPayments | undefined,
  now: Moment,
): Promise<unknown> {
  switch (request.do) {
    case "payments":
      payments?.refunds.look(now.at);
      if (requestedSwitch(request["ask"], "ask") === true) await payments?.ledger.reconcile();
      return {
        ...paymentsLook(state, payments),
        ended: payments?.table.data.ended ?? [],
      } satisfies PaymentsList;
    case "payment-release": {
      const { ledger } = needed(payments);
      const number = requestedNumber(request["number"], "number");
      refuse(await ledger.release(number, nameIn(request["by"]), requestedSwitch(request["gone"], "gone") === true));
      return { number };
    }
    case "payment-release-unknown": {
      const { ledger } = needed(payments);
      const handle = requestedText(request["handle"], "handle", longestName);
      refuse(await ledger.releaseUnknown(handle, nameIn(request["by"])));
      return { handle };
    }
    case "payment-refunded": {
      const { refunds } = needed(payments);
      refunds.look(now.at);
      const { amount } = request;
      const refund = refunds.refunded(
        {
          receipt: requestedNumber(request["number"], "number"),
          by: nameIn(request["by"]),
          ...(amount === undefined ? {} : { amount: requestedText(amount, "amount", longestName) }),
        },
        now,
      );
      if (typeof refund === "string") throw new Failure("usage/invalid", refund);
      return owedBack(refund);
    }
    default:
      return undefined;
  }
}

const longestName = 100;

/** Who says it stands in the journal for ever: one line. */
function nameIn(value: unknown): string {
  const name = requestedText(value, "by", longestName).trim();
  if (name === "" || cleanedText(name) !== name) throw new Failure("usage/invalid", "by: expected a name in one line");
  return name;
}

function needed(payments: AskedPayments | undefined): AskedPayments {
  if (payments === undefined) throw new Failure("usage/invalid", "this station has no payment terminal");
  return payments;
}

function refuse(why: string | undefined): void {
  if (why !== undefined) throw new Failure("usage/invalid", why);
}

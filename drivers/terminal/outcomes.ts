// What an exchange with the terminal means for money: done, refused, or not known.
import type { Moment } from "../driver.js";
import type { GatewayBooking, GatewayHold, GatewayOutcome, HoldStatus, PaymentTap } from "../payment-gateway.js";
import type { Exchange } from "./exchange.js";
import { refusalOf } from "./refusals.js";
import type { NotSent } from "./terminal-connection.js";
import type { ZvtFields } from "./zvt/fields.js";

/** A hold that cannot be told apart from another client's: a person decides. */
export const notOurs = (message: string): GatewayOutcome<never> => ({
  kind: "refused",
  code: "not-supported",
  message,
});

/** Handles count within one terminal: at another one the same number is somebody else's hold, or none. */
export function refusedElsewhere(
  hold: Pick<GatewayHold, "handle" | "terminalId">,
  here: string | undefined,
): GatewayOutcome<never> | undefined {
  if (hold.terminalId === undefined || here === undefined || hold.terminalId === here) return undefined;
  return notOurs(`${hold.handle} was held at terminal ${hold.terminalId}, and this is ${here}: bring that one back`);
}

/** How a step with money ended. Done is only what the terminal told as good and then completed. */
export function paid<T>(answer: Exchange | NotSent, value: (fields: ZvtFields) => T | undefined): GatewayOutcome<T> {
  switch (answer.kind) {
    case "not-sent":
      return { kind: "refused", code: "not-ready", message: answer.error.message };
    case "broken":
      return { kind: "unsure", why: answer.why };
    case "refused":
      return { kind: "refused", ...refusalOf(answer.code) };
    case "completed": {
      const { status } = answer;
      const told = status?.result === 0 ? value(status) : undefined;
      return told === undefined
        ? { kind: "unsure", why: "the terminal completed the command and did not say what it did" }
        : { kind: "done", value: told };
    }
    default:
      return answer satisfies never;
  }
}

/** What a wait for a card brought; undefined = nobody came. */
export function tapOf(
  read: Exclude<Exchange, { readonly kind: "broken" }>,
  moment: Moment,
  shown: (fields: ZvtFields, moment: Moment) => PaymentTap,
): PaymentTap | undefined {
  if (read.kind === "completed") return read.status?.result === 0 ? shown(read.status, moment) : undefined;
  const refusal = refusalOf(read.code);
  return refusal.code === "card-not-accepted" ? { kind: "unreadable", ...refusal, moment } : undefined;
}

/** A booking as the terminal tells it. */
export const bookingOf = ({ amount, trace, receipt }: ZvtFields): GatewayBooking => ({
  ...(amount === undefined ? {} : { bookedMinor: amount }),
  ...(trace === undefined ? {} : { trace }),
  ...(receipt === undefined ? {} : { handle: receipt }),
});

/** What became of a hold that is no longer open, by the terminal's last payment, where that is its end. */
export function endOf(hold: GatewayHold, last: ZvtFields | undefined): HoldStatus {
  if (last === undefined || last.amount === undefined || last.receipt === hold.handle) return { state: "ended" };
  if (hold.authorization === undefined || last.authorisation !== hold.authorization) return { state: "ended" };
  if (last.amount === 0) return { state: "released" };
  return { state: "booked", ...bookingOf(last) };
}

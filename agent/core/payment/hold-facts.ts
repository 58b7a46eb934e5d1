// What a receipt says of the hold that pays for its session, as it was known when the receipt was made: nothing is booked
// before that.

import type { Payable, PaymentFacts } from "../payment-facts.js";
import { capMinor, type Hold } from "./hold.js";
import { minorOf, minorText } from "./minor-amount.js";
import { payableMinor } from "./payable.js";

/** The payment of a receipt that asks for `payable` and is paid by a hold. */
export function holdFacts(hold: Hold, payable: Payable): PaymentFacts {
  const { reference, made, card } = hold;
  const { currency, gross } = payable;
  const cap = capMinor(hold);
  const { brand, lastFour } = { ...card, ...made?.card };
  const waived = minorOf(gross, currency) - payableMinor(payable, cap);
  return {
    kind: "terminal",
    reference: lastFour === undefined ? reference : `…${lastFour}`,
    state: "held",
    ...(brand === undefined ? {} : { brand }),
    ...(made?.authorization === undefined ? {} : { authorization: made.authorization }),
    ...(made?.terminalId === undefined ? {} : { terminalId: made.terminalId }),
    ...(made?.trace === undefined ? {} : { trace: made.trace }),
    held: minorText(cap, currency),
    ...(waived > 0 ? { waived: minorText(waived, currency) } : {}),
  };
}

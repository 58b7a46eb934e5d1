// Why a driver cannot pay, in words for the display, by what he can do about it.
import type { RefusalCode } from "../../drivers/payment-gateway.js";

export const refusalWordsOfPayment: Readonly<Record<RefusalCode, string>> = {
  declined: "the bank declined the payment: try another card",
  "no-funds": "the bank declined the payment, there is not enough money: try another card",
  "card-expired": "this card has expired: try another card",
  "insert-card": "insert the card into the terminal, or try another card",
  "card-not-accepted": "this card is not accepted here: try another card",
  cancelled: "no card was held to the terminal: nothing is charged",
  "amount-too-high": "the amount that would be held is too high for this card: try another card",
  "amount-too-low": "the amount that would be held is too low for this card: try another card",
  currency: "this card does not take this currency: try another card",
  "no-bank-line": "the terminal reaches no bank now: use a charging card, or try again later",
  "not-ready": "paying by card is not possible now: try again in a minute",
  "hold-not-open": "the payment is not open any more",
  "not-supported": "paying this way is not possible here",
  other: "the payment was refused: try another card",
};

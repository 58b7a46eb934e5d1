// What the codes of an abort mean, by what a driver or a technician can do about it (PA00P015, 10).
import type { RefusalCode } from "../payment-gateway.js";

type Meaning = { readonly code: RefusalCode; readonly words: string };

const meanings: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0x02, { code: "declined", words: "declined: the bank wants to be called" }],
  [0x05, { code: "declined", words: "declined by the bank" }],
  [0x13, { code: "insert-card", words: "too many contactless payments with this card" }],
  [0x21, { code: "card-expired", words: "the card has expired" }],
  [0x33, { code: "insert-card", words: "the bank wants the PIN" }],
  [0x3a, { code: "not-ready", words: "the acquirer has not activated this terminal's number" }],
  [0x3d, { code: "insert-card", words: "the bank wants the PIN" }],
  [0x41, { code: "insert-card", words: "the bank wants the PIN" }],
  [0x64, { code: "card-not-accepted", words: "the card cannot be read" }],
  [0x65, { code: "card-not-accepted", words: "the card has neither chip data nor a track" }],
  [0x66, { code: "card-not-accepted", words: "the card reader had trouble with the card" }],
  [0x67, { code: "card-not-accepted", words: "not permitted for this kind of card" }],
  [0x68, { code: "card-not-accepted", words: "not permitted for this kind of card" }],
  [0x6a, { code: "not-ready", words: "the terminal's turnover file is full: it wants its end of day" }],
  [0x6b, { code: "not-ready", words: "the terminal does not take the station as registered" }],
  [0x6c, { code: "cancelled", words: "nobody came, or the driver cancelled" }],
  [0x6e, { code: "declined", words: "the card is on a blocked list" }],
  [0x6f, { code: "currency", words: "the terminal has another currency" }],
  [0x71, { code: "no-funds", words: "there is not enough money" }],
  [0x72, { code: "card-not-accepted", words: "the card's chip failed" }],
  [0x73, { code: "card-not-accepted", words: "the card's data are wrong" }],
  [0x76, { code: "card-not-accepted", words: "the card is not on the terminal's list" }],
  [0x77, { code: "not-ready", words: "the end of day is not possible now" }],
  [0x78, { code: "card-expired", words: "the card has expired" }],
  [0x79, { code: "card-not-accepted", words: "the card is not valid yet" }],
  [0x7a, { code: "card-not-accepted", words: "the terminal does not know this kind of card" }],
  [0x7d, { code: "no-bank-line", words: "the terminal's line does not work" }],
  [0x83, { code: "not-supported", words: "the terminal cannot do this" }],
  [0x85, { code: "not-ready", words: "the terminal has no key: the acquirer must set it up" }],
  [0x9a, { code: "other", words: "the terminal does not understand the command" }],
  [0x9b, { code: "no-bank-line", words: "the terminal reaches no bank" }],
  [0x9c, { code: "not-ready", words: "the terminal is busy" }],
  [0xa0, { code: "not-ready", words: "the terminal is not ready" }],
  [0xa1, { code: "no-bank-line", words: "the bank does not answer" }],
  [0xa3, { code: "no-bank-line", words: "the terminal has no connection" }],
  [0xa5, { code: "not-supported", words: "the terminal's security rules do not allow it" }],
  [0xb1, { code: "not-ready", words: "the terminal's memory is full" }],
  [0xb2, { code: "not-ready", words: "the terminal's journal is full: it wants its end of day" }],
  [0xb4, { code: "hold-not-open", words: "already reversed" }],
  [0xb5, { code: "hold-not-open", words: "it cannot be reversed" }],
  [0xb7, { code: "amount-too-high", words: "more than what is held" }],
  [0xb8, { code: "hold-not-open", words: "there is no such hold, or one stands" }],
  [0xc2, { code: "not-ready", words: "the terminal wants a diagnosis" }],
  [0xc3, { code: "amount-too-high", words: "more than the terminal may take" }],
  [0xc5, { code: "card-not-accepted", words: "this way to pay is not supported" }],
  [0xc6, { code: "currency", words: "the currency is not possible with this card" }],
  [0xc8, { code: "amount-too-low", words: "less than the terminal may take" }],
  [0xc9, { code: "amount-too-low", words: "less than the terminal may take" }],
  [0xe0, { code: "not-ready", words: "remote maintenance is going on" }],
  [0xe2, { code: "not-ready", words: "the terminal's card reader does not answer" }],
  [0xe4, { code: "not-ready", words: "the terminal must be activated" }],
  [0xec, { code: "insert-card", words: "the bank wants the PIN" }],
  [0xf0, { code: "not-ready", words: "the terminal wants its end of day first" }],
  [0xfc, { code: "insert-card", words: "the card must be inserted" }],
]);

const hexCode = (code: number): string => code.toString(16).toUpperCase().padStart(2, "0");

/** What an abort or a negative acknowledgement says: our code, and a sentence for a technician with the terminal's own. */
export function refusalOf(code: number): { readonly code: RefusalCode; readonly message: string } {
  const meaning = meanings.get(code);
  const words = meaning?.words ?? "the terminal refused";
  return { code: meaning?.code ?? "other", message: `${words} (ZVT ${hexCode(code)})` };
}

/** The states of a status enquiry, where the terminal is not simply ready (PA00P015, 11). */
const states: ReadonlyMap<number, string> = new Map([
  [0x00, "ready"],
  [0x51, "it must be initialised"],
  [0x9c, "it is busy"],
  [0xc2, "it wants a diagnosis"],
  [0xdc, "a card is inserted"],
  [0xdf, "out of order"],
  [0xe0, "remote maintenance is going on"],
  [0xe2, "its card reader does not answer"],
  [0xe4, "it must be activated by the acquirer"],
  [0xf0, "its end of day is due"],
]);

/** A terminal's state in words, with its code where it is not ready. */
export function stateWords(state: number): string {
  const words = states.get(state) ?? "a state that this version does not know";
  return state === 0x00 ? words : `${words} (${hexCode(state)})`;
}

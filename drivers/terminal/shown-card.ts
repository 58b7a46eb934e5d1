// What was shown to the terminal: a bank's card, a plain RFID card, or neither. A bank's is known by an application that
// is not one of the transit and company cards' (PA00P015 leaves that to the station).
import { createHmac } from "node:crypto";
import type { Moment } from "../driver.js";
import type { PaymentCard, PaymentTap } from "../payment-gateway.js";
import type { CardHasher, ZvtCard, ZvtFields } from "./zvt/fields.js";

/** Applications of transit and company cards: nobody can pay with them. */
const notForPayment = ["A00000083", "A00000066"];
/** How a number begins that the card makes up anew each time (ISO 14443-3). */
const randomUid = "08";

/** A hasher with a key of this station: what it makes means nothing to anybody else. */
export const cardHasher =
  (key: Uint8Array): CardHasher =>
  (identity) =>
    createHmac("sha256", key).update(identity).digest("hex");

/** What a read card is to the station. `nonce` = what an unknowable card is known by: once, and never again. */
export function tapOfCard(fields: ZvtFields, moment: Moment, hash: CardHasher, nonce: () => Uint8Array): PaymentTap {
  const { card } = fields;
  const uid = card.uid === undefined ? undefined : readerUid(card.uid);
  if (isBankCard(card)) {
    const lasting = uid === undefined || isRandom(uid) ? nonce() : Buffer.from(uid, "hex");
    return { kind: "bank-card", cardKey: card.key ?? hash(lasting), card: paymentCardOf(fields), moment };
  }
  if (uid === undefined || isRandom(uid))
    return {
      kind: "unreadable",
      code: "card-not-accepted",
      message:
        uid === undefined ? "the card tells neither an application nor a UID" : "the card makes up a new UID each time",
      moment,
    };
  return { kind: "id-card", uid, moment };
}

/** What may be told of a bank's card. */
export const paymentCardOf = ({ cardName, cardLast4 }: ZvtFields): PaymentCard => ({
  ...(cardName === undefined ? {} : { brand: cardName }),
  ...(cardLast4 === undefined ? {} : { lastFour: cardLast4 }),
});

const isBankCard = ({ applications }: ZvtCard): boolean =>
  applications.some((application) => !notForPayment.some((prefix) => application.startsWith(prefix)));

const isRandom = (uid: string): boolean => uid.length === 8 && uid.startsWith(randomUid);

/**
 * The UID as a reader gives it: 4, 7 or 10 bytes. The terminal fills it up with zeros in front, to ten bytes; undefined
 * where it cannot be one.
 */
function readerUid(told: string): string | undefined {
  const whole = told.padStart(20, "0");
  if (!/^[0-9A-F]{20}$/.test(whole) || /^0+$/.test(whole)) return undefined;
  if (!whole.startsWith("000000")) return whole;
  return whole.startsWith("000000000000") ? whole.slice(-8) : whole.slice(-14);
}

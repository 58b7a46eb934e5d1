// Who charged, as a receipt tells it: card and contract by their last four characters, and by the name that the operator
// gives the card. What is whole is withheld, and stands in disclosures beside the receipt.
import type { SessionToken, Settlement, UserIdentity } from "../cdr/settlement.js";
import { masked } from "../cdr/token.js";
import type { PersonalValues } from "../disclosure/disclosure.js";

export type ReceiptToken = Omit<SessionToken, "uid" | "contractId"> & {
  /** The last four characters. */
  readonly card: string;
  readonly contract: string;
  readonly user: UserIdentity;
};

type Person = Pick<Settlement, "token" | "user" | "authorizationReference" | "paymentReference">;

/** The token as it stands in the payload. */
export function receiptToken({ token: { uid, contractId, ...token }, user }: Person): ReceiptToken {
  return { ...token, card: masked(uid), contract: masked(contractId), user };
}

/** What of a settlement is withheld, whole. What is not known any more is not committed to. */
export function personalValues({ token, user, authorizationReference, paymentReference }: Person): PersonalValues {
  return {
    ...(token.uid === user.id ? {} : { card: token.uid }),
    ...(token.contractId === user.id ? {} : { contract: token.contractId }),
    ...(authorizationReference === undefined ? {} : { reference: authorizationReference }),
    ...(paymentReference === undefined ? {} : { payment: paymentReference }),
  };
}

/** The token of a session from its receipt and what is disclosed beside it; what is forgotten has the operator's name. */
export function tokenFrom(
  { card: _, contract: __, user, ...token }: ReceiptToken,
  values: PersonalValues,
): SessionToken {
  const text = (value: unknown): string => (typeof value === "string" ? value : user.id);
  return { uid: text(values.card), contractId: text(values.contract), ...token };
}

/** What is wrong with what is disclosed of a person: it must end as the receipt says. */
export function personComplaints({ card, contract, user }: ReceiptToken, values: PersonalValues): readonly string[] {
  const { card: uid, contract: contractId } = values;
  return [
    ...(typeof uid === "string" && masked(uid) !== card ? [`the disclosed card ends otherwise than ${card}`] : []),
    ...(typeof contractId === "string" && masked(contractId) !== contract
      ? [`the disclosed contract ends otherwise than ${contract}`]
      : []),
    ...(typeof uid === "string" && (user.kind === "ISO14443" || user.kind === "UNDEFINED") && uid !== user.id
      ? ["the disclosed card is not the one of the meter record"]
      : []),
  ];
}

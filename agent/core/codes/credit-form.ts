// The short signed form of a credit, for its QR code: at most 300 bytes, signed by itself. Layout, nine fields joined by
// ";":
//   CC1 ; station id ; receipt number ; receipt that is taken back ; issued ; total with currency ; record ; key ;
// signature. The time is local with offset to the second, followed by its clock's mark (S, I or U); `record` is the first
// 16 bytes of SHA-256 over the receipt that is taken back, exactly as stored; `key` and `signature` are those of a sale's
// short form.
import type { TimeTrust } from "../../../drivers/driver.js";
import { fromBase64url } from "../number/bytes.js";
import type { Signer } from "../signing/signer.js";
import { clockMarks, keyInForm, partsOfForm, signedForm } from "./short-form.js";

/** What the short form of a credit says; `signature` is not judged. */
export type CreditForm = {
  readonly text: string;
  readonly station: string;
  readonly number: number;
  readonly takesBack: number;
  readonly issued: string;
  readonly clock: string;
  readonly total: string;
  readonly currency: string;
  readonly record: string;
  readonly key: string;
  readonly signature: Uint8Array;
};

/** What the short form says, as the payload of the credit has it. */
type CreditFacts = {
  readonly station: { readonly id: string };
  readonly number: number;
  readonly issuedAt: string;
  readonly clock: TimeTrust;
  readonly credit: {
    readonly number: number;
    readonly receipt: string;
    readonly due: { readonly gross: string };
    readonly currency: string;
  };
};

/** The signed text of a credit's short form. */
export function creditFormText({ station, number, issuedAt, clock, credit }: CreditFacts, keyId: string): string {
  return [
    "CC1",
    station.id,
    number,
    credit.number,
    `${issuedAt.replace(/\.\d{3}/, "")}${clockMarks[clock]}`,
    `${credit.due.gross}${credit.currency}`,
    credit.receipt.slice(0, 32),
    keyInForm(keyId),
  ].join(";");
}

/** The short form of a credit. Without a signer the mark stands in the signature's place. */
export function creditForm(facts: CreditFacts, keyId: string, signer: Pick<Signer, "sign"> | undefined): string {
  return signedForm(creditFormText(facts, keyId), signer);
}

const creditFormPattern = new RegExp(
  String.raw`^(CC1;([A-Za-z0-9.-]{1,25});([1-9]\d{0,15});([1-9]\d{0,15});` +
    String.raw`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d)([SIU]);(-?\d+(?:\.\d+)?)([A-Z]{3});` +
    String.raw`([0-9a-f]{32});([0-9a-f]{16}));([\w-]+)$`,
);

/**
 * The short form of a credit taken apart (an address in front of it is left out); undefined where the text is none.
 */
export function parseCreditForm(scanned: string): CreditForm | undefined {
  const parts = partsOfForm(scanned, creditFormPattern);
  if (parts === null) return undefined;
  const [, text = "", station = "", number, takesBack, issued = "", clock = "", total = "", currency = ""] = parts;
  const [record = "", key = "", signed = ""] = parts.slice(9);
  const signature = fromBase64url(signed);
  if (signature === undefined) return undefined;
  return {
    text,
    station,
    number: Number(number),
    takesBack: Number(takesBack),
    issued,
    clock,
    total,
    currency,
    record,
    key,
    signature,
  };
}

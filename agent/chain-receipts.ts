// Receipts that no session leads to: the recovery after a failed signer, a credit, a change of key. Each is one entry for the book; it is
// made of what the book already holds, so a crash before the book has it leaves nothing behind, and asking again makes it anew.
import type { BookEntry } from "./ledger/page.js";
import { issueCredit, issueKeyChange, issueRecovery, type ChainState, type Issued, type Occasion } from "./core/receipt.js";
import type { ReceiptPayload } from "./core/receipt-payload.js";
import type { Signer } from "./core/signer.js";
import { Failure } from "./failure.js";
import { sha256 } from "./keys.js";
import { payloadFrom, stored, type ReceiptSource } from "./receipt-source.js";

export type Entered = { readonly entry: BookEntry; readonly issued: Issued };

function entered(issued: Issued, occasion: Occasion, kind: ReceiptPayload["kind"], ids: { readonly sessionId: string; readonly cdrId: string }, cdr: unknown = null): Entered {
  return { issued, entry: { number: issued.chain.count, ...ids, jws: issued.jws, ocmf: "", cdr, issuedMs: occasion.issuedMs, kind } };
}

const nobody = { sessionId: "", cdrId: "" };

/** The signed zero receipt that closes a stretch of unsigned ones; undefined where there is none, or where the signer still fails. */
export function recoveryEntry(occasion: Occasion, chain: ChainState, signer: Signer): Entered | undefined {
  if (chain.unsigned === undefined) return undefined;
  try {
    return entered(issueRecovery(occasion, chain, signer, sha256), occasion, "recovery", nobody);
  } catch {
    return undefined;
  }
}

/**
 * The credit that takes a sale back. `cdr` is its CDR as it will be posted. Throws Failure usage/invalid where the receipt is no sale, or is
 * taken back already.
 */
export function creditEntry(receipts: ReceiptSource, number: number, reason: string, occasion: Occasion, chain: ChainState, signer: Signer, cdr: unknown = null): Entered {
  const receipt = stored(receipts, number);
  if (payloadFrom(receipt).kind !== "sale") throw new Failure("usage/invalid", `receipt ${number} is no sale: there is nothing to credit`);
  for (const entry of receipts.entries(number + 1)) {
    if (entry.kind !== "credit") continue;
    const payload = payloadFrom(entry);
    if (payload.kind === "credit" && payload.credit.number === number) throw new Failure("usage/invalid", `receipt ${number} was taken back already, by receipt ${payload.number}`);
  }
  const cdrId = creditCdrId(receipt.cdrId);
  return entered(issueCredit(occasion, receipt.jws, cdrId, reason, chain, signer, sha256), occasion, "credit", { sessionId: receipt.sessionId, cdrId }, cdr);
}

/** The id of a credit's CDR: OCPI allows 39 characters for it, three more than for a CDR. */
export const creditCdrId = (cdrId: string): string => `${cdrId}-C`;

/** The receipt of a change of key, signed by both. Throws when a signer fails, or where receipts are unsigned. */
export function keyChangeEntry(occasion: Occasion, chain: ChainState, old: Signer, next: Signer): Entered {
  return entered(issueKeyChange(occasion, chain, old, next, sha256), occasion, "key", nobody);
}

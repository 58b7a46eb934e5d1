// What a verifier finds, check by check, in words that a driver understands. A check that could not be made is said to
// be skipped.

import { ReceiptFault } from "../signing/signer.js";

export type Check = {
  readonly name: string;
  /** `unproven`: nothing contradicts it, but the key was only found inside what is being checked. */
  readonly verdict: "holds" | "fails" | "unproven" | "skipped";
  readonly detail: string;
  /** True where the check rests on a key that the user vouches for: only such a check proves anything. */
  readonly pinned?: true;
};

/** The checks made on one thing: a receipt, a record, a book. */
export type CheckResult = { readonly subject: string; readonly checks: readonly Check[] };

export const holds = (name: string, detail: string): Check => ({ name, verdict: "holds", detail });
/** It holds by a key that the user vouches for. */
export const proven = (name: string, detail: string): Check => ({ name, verdict: "holds", detail, pinned: true });
export const unproven = (name: string, detail: string): Check => ({ name, verdict: "unproven", detail });
export const fails = (name: string, detail: string): Check => ({ name, verdict: "fails", detail });
export const skipped = (name: string, detail: string): Check => ({ name, verdict: "skipped", detail });

/**
 * What was thrown while evidence was worked out: figures that contradict one another, or a defect of the verifier, which
 * accuses nobody and proves nothing.
 */
export function unworkable(error: unknown): Check {
  const words = error instanceof Error ? error.message : String(error);
  if (error instanceof ReceiptFault || error instanceof RangeError)
    return fails("figures", `it contradicts itself: ${words}`);
  const name = error instanceof Error ? `${error.name}: ` : "";
  return fails("figures", `this verifier cannot work it out, so nothing is proven; please report it (${name}${words})`);
}

/** One check out of a list of complaints: it holds where there is none. */
export const overallResult = (name: string, complaints: readonly string[], otherwise: string): Check =>
  complaints.length === 0
    ? holds(name, otherwise)
    : fails(
        name,
        complaints.slice(0, 5).join("; ") + (complaints.length > 5 ? `; and ${complaints.length - 5} more` : ""),
      );

/** 1 where anything fails, else 3 where a key is not proven or nothing rests on a key that was given, else 0. */
export function exitCode(findings: readonly CheckResult[]): 0 | 1 | 3 {
  const checks = findings.flatMap((finding) => finding.checks);
  if (checks.length === 0 || checks.some(({ verdict }) => verdict === "fails")) return 1;
  return checks.some(({ verdict }) => verdict === "unproven") || !checks.some(({ pinned }) => pinned) ? 3 : 0;
}

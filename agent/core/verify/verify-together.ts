// Checks receipts that were handed in together against each other.

import { hexText, utf8 } from "../number/bytes.js";
import type { CheckTools } from "../signing/signer.js";
import { type CheckResult, overallResult } from "./check-result.js";
import type { Witness } from "./verify-book.js";
import { fieldsOfOcmf, paginationOf } from "./verify-ocmf.js";

/** Receipts handed in together: none forked, neighbours chained, and meter records counting up. */
export function checkTogether(receipts: readonly Witness[], { hash }: CheckTools): CheckResult | undefined {
  if (receipts.length < 2) return undefined;
  const complaints: string[] = [];
  const sorted = [...receipts].sort(
    (a, b) => a.payload.station.id.localeCompare(b.payload.station.id) || a.payload.number - b.payload.number,
  );
  sorted.forEach((one, at) => {
    const before = sorted[at - 1];
    if (before === undefined || before.payload.station.id !== one.payload.station.id) return;
    const { number, chain } = one.payload;
    if (before.payload.number === number) {
      if (before.jws !== one.jws)
        complaints.push(
          `forked: ${before.subject} and ${one.subject} are different receipts with the number ${number}`,
        );
      return;
    }
    const isNext = before.payload.number === number - 1;
    if (isNext && chain.previous !== hexText(hash(utf8(before.jws))))
      complaints.push(`receipt ${number} does not follow on receipt ${number - 1} as given`);
    if (before.payload.kind !== "sale" || one.payload.kind !== "sale") return;
    const step = pageOf(one.payload.sale.ocmf) - pageOf(before.payload.sale.ocmf);
    if (isNext ? step !== 1 : !(step >= 1))
      complaints.push(
        `the pagination of the meter records does not count up from receipt ${before.payload.number} to ${number}`,
      );
    if (one.payload.totals.sales <= before.payload.totals.sales)
      complaints.push(`the count of sales falls from receipt ${before.payload.number} to ${number}`);
  });
  return {
    subject: "these receipts together",
    checks: [overallResult("together", complaints, `${receipts.length} receipts agree with each other`)],
  };
}

const pageOf = (record: string): number => paginationOf(fieldsOfOcmf(record));

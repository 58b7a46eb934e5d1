// Checks what was handed in together: receipts against each other, and the tariff that was in force against receipts.

import { correctionComplaints } from "../corrections/correction-complaints.js";
import type { Fault } from "../json/json-reader.js";
import { canonicalText } from "../json/json-text.js";
import { hexText, utf8 } from "../number/bytes.js";
import { localTimeRule } from "../rating/price.js";
import { registerComplaints } from "../receipt/meter-registers.js";
import { type RunningTotals, soldIn } from "../receipt/receipt-payload.js";
import { samplesOfReservation } from "../receipt/reservation-receipt.js";
import { receiptSamples } from "../receipt/sale-fields.js";
import type { CheckTools } from "../signing/signer.js";
import { isTied, type Source, type SourcePair, sourcePairs, truncatedBooks } from "../statements/statements.js";
import type { Tariff } from "../tariff/tariff.js";
import { tariffOfSession } from "../tariff/tariff-cut.js";
import { parseTariff } from "../tariff/tariff-reader.js";
import { type Check, type CheckResult, fails, holds, overallResult, skipped } from "./check-result.js";
import { type EvidenceFile, ocpiTariffIn } from "./evidence-kind.js";
import type { Witness } from "./verify-book.js";
import { fieldsOfOcmf, paginationOf } from "./verify-ocmf.js";
import { checkShown } from "./verify-sale.js";

/** The figures of receipts handed in together: meter records, sales and registers count up. */
export function checkTogether(receipts: readonly Witness[], tools: CheckTools): CheckResult | undefined {
  if (receipts.length < 2) return undefined;
  const complaints: string[] = [];
  const sorted = [...receipts].sort(
    (a, b) => a.payload.station.id.localeCompare(b.payload.station.id) || a.payload.number - b.payload.number,
  );
  sorted.forEach((one, at) => {
    const before = sorted[at - 1];
    if (before === undefined || before.payload.station.id !== one.payload.station.id) return;
    const { number } = one.payload;
    // Which of two of one number is the right one is asked where all files are compared.
    if (before.payload.number === number) return;
    const isNext = before.payload.number === number - 1;
    if (before.payload.kind !== "sale" || one.payload.kind !== "sale") return;
    const step = pageOf(one.payload.sale.ocmf) - pageOf(before.payload.sale.ocmf);
    if (isNext ? step !== 1 : !(step >= 1))
      complaints.push(
        `the pagination of the meter records does not count up from receipt ${before.payload.number} to ${number}`,
      );
    const added = one.payload.corrects === undefined ? 1 : 0;
    const [earlier, later] = [salesIn(before), salesIn(one)];
    if (earlier !== undefined && later !== undefined && later < earlier + added)
      complaints.push(`the count of sales falls from receipt ${before.payload.number} to ${number}`);
  });
  const ofStation = (station: string) =>
    sorted.flatMap(({ payload }) => (payload.station.id === station ? [payload] : []));
  complaints.push(...correctionComplaints(sorted, tools));
  for (const station of new Set(sorted.map(({ payload }) => payload.station.id)))
    complaints.push(...registerComplaints(ofStation(station)));
  return {
    subject: "these receipts together",
    checks: [
      overallResult(
        "together",
        complaints,
        `${receipts.length} receipts, whose meter records, sales and registers count up`,
      ),
    ],
  };
}

/** How many sales a receipt counts, where its totals are disclosed. */
const salesIn = ({ disclosed }: Witness): number | undefined =>
  (disclosed?.values.totals as RunningTotals | undefined)?.sales;

/** More pairs of files are counted, not listed. */
const mostPairs = 40;

/**
 * Every two files held against each other: what contradicts, what is tied, and what nothing ties. That nothing ties what
 * stands `within` another file is not said.
 */
export function checkPairs(sources: readonly Source[], within: ReadonlySet<string>): CheckResult | undefined {
  if (sources.length < 2) return undefined;
  const pairs = sourcePairs(sources);
  const contradictions = [...pairs.flatMap(({ contradiction }) => contradiction ?? []), ...truncatedBooks(pairs)];
  const others = pairs.filter(({ contradiction }) => contradiction === undefined);
  const listed = [
    ...contradictions.map((words) => fails("contradiction", words)),
    ...others.filter(isTied).map(tiedCheck),
    ...others
      .filter((pair) => !isTied(pair) && !within.has(pair.first.name) && !within.has(pair.second.name))
      .map(untiedCheck),
  ];
  if (listed.length === 0) return undefined;
  const rest = listed.slice(mostPairs);
  return {
    subject: "these files together",
    checks: [
      ...listed.slice(0, mostPairs),
      ...(["fails", "skipped", "holds"] as const).flatMap((verdict): Check[] => {
        const count = rest.filter((check) => check.verdict === verdict).length;
        return count === 0 ? [] : [{ name: "further pairs", verdict, detail: `${count} more pairs of files` }];
      }),
    ],
  };
}

const tiedCheck = ({ first, second, common }: SourcePair): Check =>
  holds("tied", `${first.name} and ${second.name} commit to the same first ${common} receipts of ${first.station}`);

const untiedCheck = ({ first, second, common }: SourcePair): Check => {
  const why =
    first.station !== second.station
      ? `they are of ${first.station} and of ${second.station}`
      : common > 0
        ? `the first ${common} receipts are the same in both, but nothing is known of what came later`
        : "a proof of consistency between their checkpoints, or the book, would tell";
  return skipped("not tied", `nothing ties these two: ${first.name} and ${second.name}; ${why}`);
};

const pageOf = (record: string): number => paginationOf(fieldsOfOcmf(record));

/**
 * Whether the receipts handed in with a tariff file were priced by it: by all of it, or by the part of it that their
 * session could meet, which is cut here once more.
 */
export function checkTariffFile(
  { name, text }: EvidenceFile,
  receipts: readonly Witness[],
  tools: CheckTools,
): CheckResult {
  const parsed = parseTariff(ocpiTariffIn(text));
  if (!parsed.ok) return { subject: name, checks: [fails("tariff", wordsOfFault(parsed.faults[0]))] };
  const digestOf = ({ source }: Tariff): string => hexText(tools.hash(utf8(canonicalText(source))));
  const digest = digestOf(parsed.tariff);
  const checks = receipts.flatMap(({ payload }): Check[] => {
    const sold = soldIn(payload);
    if (sold === undefined) return [];
    const { tariff, price } = sold;
    const receipt = `receipt ${payload.number}`;
    if (tariff.digest === digest) return [holds("tariff", `${receipt} holds this tariff, all of it`)];
    if (tariff.cutFrom !== digest) return [];
    const samples = ("samples" in sold ? receiptSamples(sold) : samplesOfReservation(sold)) ?? [];
    const isByClock = price.timeRule === localTimeRule;
    const part = tariffOfSession({ tariff: parsed.tariff }, payload.timeZone, samples, isByClock, digestOf);
    const count = `${part.tariff.elements.length} of ${parsed.tariff.elements.length} elements`;
    return [
      ...(payload.kind === "sale" ? [checkShown(payload, parsed.tariff)] : []),
      digestOf(part.tariff) === tariff.digest
        ? holds("tariff", `${receipt} holds what its session could meet of this tariff: ${count}`)
        : fails("tariff", `${receipt} holds another part of this tariff than its session could meet (${count})`),
    ];
  });
  if (checks.length > 0) return { subject: name, checks };
  return {
    subject: name,
    checks: [fails("tariff", `no receipt that was given was priced by this tariff (digest ${digest.slice(0, 16)}…)`)],
  };
}

const wordsOfFault = (fault: Fault | undefined): string =>
  fault === undefined ? "cannot be read" : `cannot be read: ${fault.path}: ${fault.message}`;

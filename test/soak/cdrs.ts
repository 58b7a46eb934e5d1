// Random sessions, settled as a station settles them: the CDR that is sent, priced again by its own text, is the receipt.
import fc from "fast-check";
import type { CdrFacts, Settlement } from "../../agent/core/cdr/settlement.js";
import { lowerOfBothRule } from "../../agent/core/rating/price.js";
import { faultsOfNoShow, faultsOfSale } from "../support/sale/cdr-faults.js";
import { anyNoShow, anySale, noShowSoldBy, soldBy } from "../support/sale/random-sale.js";

/** What was sold, by what makes a CDR hard to get right. */
const kinds: Readonly<Record<string, (sold: Settlement) => boolean>> = {
  "with energy": ({ price }) => price.energyMilliWh > 0,
  "with more than one price": ({ periods }) => periods.length > 1,
  "with a reservation": ({ periods }) => periods.some(({ activity }) => activity === "reserved"),
  "with grace or a pause": ({ periods }) =>
    periods.some(({ activity }) => activity === "suspended" || activity === "grace"),
  "with a minimum or maximum": ({ price }) => price.adjustments.some(({ kind }) => kind !== "waived"),
  "ended by a limit": ({ stopReason }) => stopReason.endsWith("LimitReached"),
  "with an outage": ({ interruptions }) => interruptions.length > 0,
  "with an outage that no clock measured": ({ interruptions }) => interruptions.some(({ toMs }) => toMs === null),
  "begun without a clock": ({ startTrust }) => startTrust === "unsynced",
  "dated when the clock was set": ({ price }) => price.timeRule === lowerOfBothRule,
  "ended without a clock": ({ startTrust, endTrust }) => startTrust !== "unsynced" && endTrust === "unsynced",
};

const batch = 1_000;
/** One in so many is a reservation that nobody came for. */
const noShowEvery = 20;

/** Throws with the smallest session that does not hold. */
export function soakCdrs(sessions: number, seed: number, say: (line: string) => void): void {
  const seen = new Map(Object.keys(kinds).map((kind) => [kind, 0]));
  const saw = (sold: Settlement): void => {
    for (const [kind, isOne] of Object.entries(kinds)) if (isOne(sold)) seen.set(kind, (seen.get(kind) ?? 0) + 1);
  };
  for (let done = 0; done < sessions; done += batch) {
    const drawn = Math.min(batch, sessions - done);
    const noShows = Math.floor(drawn / noShowEvery);
    const from = seed + done / batch;
    const faults = (sold: Settlement): string[] => {
      saw(sold);
      return faultsOfSale(sold);
    };
    hold(anySale, soldBy, faults, from, drawn - noShows);
    hold(anyNoShow, noShowSoldBy, faultsOfNoShow, from, noShows);
    if ((done + batch) % (10 * batch) === 0) say(`cdrs: ${done + batch} sessions`);
  }
  for (const [kind, count] of seen) say(`cdrs: ${count} ${kind}`);
  say(
    `cdrs: of ${sessions} sessions each CDR of OCPI 2.2.1 and 2.3.0, priced again by its text, costs what its receipt says`,
  );
}

function hold<Story, Sold extends CdrFacts>(
  stories: fc.Arbitrary<Story>,
  soldBy: (story: Story) => Sold,
  faultsOf: (sold: Sold) => readonly string[],
  seed: number,
  numRuns: number,
): void {
  const property = fc.property(stories, (story) => {
    const faults = faultsOf(soldBy(story));
    if (faults.length > 0) throw new Error(faults.join("\n"));
  });
  fc.assert(property, { seed, numRuns, includeErrorInReport: true });
}

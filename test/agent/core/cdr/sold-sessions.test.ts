// Whole sessions, told to the reducer and settled: the CDR that is sent, priced again by its text, is the receipt.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { faultsOfNoShow, faultsOfSale } from "../../../support/sale/cdr-faults.js";
import { anyNoShow, anySale, noShowSoldBy, soldBy } from "../../../support/sale/random-sale.js";

const test = suite("a sold session");
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);
const seed = Number(process.env["CHARGETILL_SEED"] ?? 17);

test("whatever its tariff, clocks and outages: its CDR of either version costs what its receipt says", () => {
  fc.assert(
    fc.property(anySale, (story) => assert.equal(faultsOfSale(soldBy(story)), [])),
    { seed, numRuns: 300 * times },
  );
});

test("so does that of a reservation that nobody came for", () => {
  fc.assert(
    fc.property(anyNoShow, (story) => assert.equal(faultsOfNoShow(noShowSoldBy(story)), [])),
    { seed, numRuns: 100 * times },
  );
});

test.run();

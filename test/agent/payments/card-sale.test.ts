// A driver who pays by bank card: held before the contactor closes, booked as the receipt says, and whatever breaks on the
// way, every hold ends exactly once. The long form is `npm run soak -- payments`.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CardSale } from "../../support/payment/card-sale.js";
import {
  cutAtEveryCall,
  faultsOf,
  killAtEveryCall,
  killAtEveryWrite,
  randomTrouble,
  type Tried,
} from "../../support/payment/sale-trouble.js";

const test = suite("a sale by bank card");

for (const memory of ["terminal", "provider"] as const)
  test(`at a ${memory} is held, then booked as the receipt says`, async () => {
    const sale = new CardSale(memory);
    assert.equal(await faultsOf(sale, "undisturbed"), []);
    assert.equal(sale.deaths, []);
    // 0.09 kWh cost less than the tariff's minimum of 1.00.
    assert.equal(
      sale.bank.ours.map(({ state, bookedMinor, heldMinor }) => [state, bookedMinor, heldMinor]),
      [["booked", 100, 5_000]],
    );
    assert.equal(
      sale.bank.calls.filter((call) => call !== "openHolds"),
      ["hold", "book"],
    );
  });

const survives = (what: string, tried: () => Promise<Tried>, atLeast: number): void =>
  void test(`moves no money twice where ${what}`, async () => {
    const { times, faults } = await tried();
    console.log(`${times} times: ${what}`);
    assert.equal(faults, []);
    assert.ok(times >= atLeast, `${times} places were tried`);
  });

survives("the line is lost at a call, before it is heard or after it was done", cutAtEveryCall, 16);
survives("the process is killed at a call, before it is heard or after it was done", killAtEveryCall, 16);
survives("the process is killed before or after a write of the journal", () => killAtEveryWrite(), 30);
survives("lines and processes break at random", () => randomTrouble([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 10);

test.run();

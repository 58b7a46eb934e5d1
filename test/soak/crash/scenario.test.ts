// The scenario on a disk in memory, uncut: what every other crash test compares with.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { audit } from "../../support/street/books.js";
import { oneSession, shortScenario } from "../../support/street/scenarios.js";
import { Street } from "../../support/street/street.js";

const test = suite("the short scenario, uncut");

for (const [name, scenario, sessions] of [
  ["one session", oneSession, 1],
  ["three sessions", shortScenario, 3],
] as const)
  test(`${name}: told in full, the books are right`, async () => {
    const street = await Street.open(scenario);
    try {
      const ended = await street.live();
      assert.is(ended.how, "scenario-over", JSON.stringify(ended));
      const { sales, billedMilliWh } = audit(street);
      assert.is(sales.length, sessions);
      assert.ok(billedMilliWh > 50_000);
    } finally {
      await street.close();
    }
  });

test.run();

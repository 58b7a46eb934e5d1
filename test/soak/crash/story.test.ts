// The story on a disk in memory, uncut: what every other crash test compares with.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { audit } from "../../support/street/books.js";
import { oneSession, shortStory } from "../../support/street/stories.js";
import { Street } from "../../support/street/street.js";

const test = suite("the short story, uncut");

for (const [name, story, sessions] of [
  ["one session", oneSession, 1],
  ["three sessions", shortStory, 3],
] as const)
  test(`${name}: told in full, the books are right`, async () => {
    const street = await Street.open(story);
    try {
      const ended = await street.live();
      assert.is(ended.how, "story-over", JSON.stringify(ended));
      const { sales, billedMilliWh } = audit(street);
      assert.is(sales.length, sessions);
      assert.ok(billedMilliWh > 50_000);
    } finally {
      await street.close();
    }
  });

test.run();

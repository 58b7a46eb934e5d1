// The costliest lists and frames, in small; `npm run soak -- hostile` sends all of them.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { liveAmongEnemies } from "../hostile.js";

const test = suite("backends that mean harm");

test("a real agent within the service's memory lives through lists and frames that cost more than they weigh", async () => {
  const { lists, frames, limited } = await liveAmongEnemies(
    [
      "8 MiB of nested lists",
      "2.8 million empty objects",
      "rows of which each has fields of its own",
      "objects with fields of their own",
    ],
    () => undefined,
  );
  console.log(limited);
  assert.equal([lists, frames], [3, 1]);
});

test.run();

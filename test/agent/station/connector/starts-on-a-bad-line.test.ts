// A bad line: one frame in twenty is spoilt or never comes. A hundred drivers tap their cards; at most one of them may
// be turned away. (Once six in a hundred were, at one bad frame in a hundred.)
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RtuFault } from "../../../../drivers/bench/rtu-bus.js";
import { scenarioCards } from "../../../../drivers/bench/scenario.js";
import { random } from "../../../support/random.js";
import { audit } from "../../../support/street/books.js";
import { Street } from "../../../support/street/street.js";

const starts = 100;
/** Two changes of a plug within it: more than 120 an hour are no visits, but a loose contact. */
const everyMs = 75_000;
const badShare = 0.05;
const seed = 5;

const test = suite("starts on a bad line");
test(`of ${starts}, at one bad frame in twenty, at most one fails`, async () => {
  const chance = random(seed);
  const kinds: readonly RtuFault[] = [{ kind: "wrong-crc" }, { kind: "silent" }, { kind: "cut", bytes: 4 }];
  const street = await Street.open({
    scenarioMs: starts * everyMs + 20_000,
    agenda: (startMs) =>
      Array.from({ length: starts }, (_, index) => startMs + 4_000 + index * everyMs).flatMap((atMs) => [
        { monoMs: atMs, act: { do: "plug", connector: 1, powerW: 10_000, wantsWh: 30_000 } } as const,
        {
          monoMs: atMs + 4_000,
          act: { do: "present", reader: "front", uids: [scenarioCards.ada], forMs: 2_500 },
        } as const,
        { monoMs: atMs + 30_000, act: { do: "unplug", connector: 1 } } as const,
      ]),
    wire: (bench) =>
      bench.rtu
        .get("rs485")
        ?.disturb(() => (chance() < badShare ? kinds[Math.floor(chance() * kinds.length)] : undefined)),
  });
  try {
    const ended = await street.live();
    assert.is(ended.how, "scenario-over", JSON.stringify(ended));
    const { sales } = audit(street, { prove: false, unbilledAtMost: 10_000 * 30_000 });
    console.log(`${starts - sales.length} of ${starts} starts failed at ${badShare * 100} % bad frames (seed ${seed})`);
    assert.ok(sales.length >= starts - 1, `${sales.length} of ${starts}`);
  } finally {
    await street.close();
  }
});
test.run();

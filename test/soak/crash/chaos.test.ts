// Some rounds of the seeded chaos: a day or so of a street on which everything fails at random. CI plays some days more,
// `npm run soak` weeks.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Bench } from "../../../drivers/bench/bench.js";
import { oneSession } from "../../support/street/scenarios.js";
import { Street } from "../../support/street/street.js";
import { chaos, chaosText } from "../chaos.js";
import { LiveBooks } from "../live-books.js";

const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(performance.timeOrigin % 1_000_000));
console.log(`seed ${seed} (CHARGETILL_SEED=${seed} repeats it)`);
/** Of two and a half hours each, with every kind of mishap in them. A busy machine plays as many, only longer. */
const enoughRounds = 5 * Number(process.env["CHARGETILL_TIMES"] ?? 1);

const test = suite("chaos");

test("whatever fails, the receipts bill what the meters counted, and the backend has each once", async () => {
  const report = await chaos(seed, ({ rounds }) => rounds >= enoughRounds);
  console.log(chaosText(report));
  assert.ok(report.receipts > 1);
});

test("energy that flows and is on no receipt is noticed at once, unless a mishap was told that hides it", async () => {
  const scenario = {
    ...oneSession,
    scenarioMs: 250_000,
    agenda: (startMs: number) =>
      oneSession
        .agenda(startMs)
        .map(({ monoMs, act }) =>
          act.do === "unplug" || monoMs > startMs + 40_000 ? { monoMs: monoMs + 180_000, act } : { monoMs, act },
        ),
  };
  for (const told of [false, true]) {
    const street = await Street.open(scenario);
    try {
      const books = new LiveBooks(street);
      const freeze = (bench: Bench): void => {
        if (told) books.hide(1, bench.clock.now().monoMs, 3);
        bench.rtu.get("rs485")?.freeze(1);
        bench.clock.at(bench.clock.now().monoMs + 150_000, () => bench.rtu.get("rs485")?.thaw(1));
      };
      const during = (bench: Bench): void =>
        void bench.clock.at(bench.clock.now().monoMs + 30_000, () => freeze(bench));
      const lived = street.live({ during, look: (bench, agent) => books.look(agent, bench) });
      const what = await lived.then(
        ({ how }) => how,
        (error: unknown) => String(error),
      );
      if (told) assert.is(what, "scenario-over");
      else assert.match(what, /mWh flowed and nobody is billed/);
      assert.ok(books.looks > 10);
    } finally {
      await street.close();
    }
  }
});

test.run();

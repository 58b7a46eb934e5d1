// A scenario cut short at its writes: by power, by a kill, by a disk that fails. The next agent settles it, and the books
// are right. A seeded sample of all places; `npm run soak` tries every one.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { random } from "../../support/random.js";
import { audit } from "../../support/street/books.js";
import { cutPower, failAt, finish, killAt, madeAnew, noticesWithout, placesToCut } from "../../support/street/cuts.js";
import { oneSession, shortScenario } from "../../support/street/scenarios.js";
import { Street } from "../../support/street/street.js";
import type { Fault } from "../../support/volatile-files.js";

const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(performance.timeOrigin % 1_000_000));
console.log(`seed ${seed} (CHARGETILL_SEED=${seed} repeats it)`);
const chance = random(seed);
/** CI tries more places. */
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);
const pick = <T>(list: readonly T[], count: number): T[] => {
  const left = [...list];
  return Array.from({ length: Math.min(count * times, left.length) }, () =>
    left.splice(Math.floor(chance() * left.length), 1),
  ).flat();
};

const test = suite("a scenario cut short");
const [one, three] = [await placesToCut(oneSession), await placesToCut(shortScenario)];

test("a power cut at any write loses no receipt, doubles none, and bills what flowed", async () => {
  assert.ok(one.places.length > 150, `${one.places.length} places`);
  for (const place of pick(one.places, 4)) await cutPower(oneSession, place, (cuts) => pick(cuts, 2));
  for (const place of pick(three.places, 1)) await cutPower(shortScenario, place, (cuts) => pick(cuts, 1));
});

test("a kill at any write does neither", async () => {
  for (const place of pick(one.places, 3)) await killAt(oneSession, place);
  for (const place of pick(three.places, 1)) await killAt(shortScenario, place);
});

test("a disk operation that fails, once or for good, done or not, opens the contactors and asks for 75; the next start settles", async () => {
  const faults = Array.from({ length: one.operations }, (_, index) => index + 1).flatMap((at): Fault[] =>
    [false, true].flatMap((forever) =>
      [false, true].flatMap((done) =>
        (["EIO", "ENOSPC", "EROFS", "EMFILE"] as const).map((code) => ({ at, forever, done, code })),
      ),
    ),
  );
  for (const fault of pick(faults, 5)) await failAt(oneSession, fault);
});

test("energy that flowed before a power cut keeps its price, however long the outage and whatever the tariff says after it", async () => {
  const street = await Street.open(oneSession);
  try {
    // The price rises at 18:00 local time, 30 s after the scenario's start; the power goes 3 s before, and comes back in
    // the dear evening.
    await street.live({ untilMs: street.before.clock.monoMs + 27_000 });
    street.powerCut("hard", 20 * 60_000);
    await finish(street);
    const [sold] = audit(street).sales;
    assert.equal(sold?.sale.stop.reason, "PowerLoss");
    // The power goes at 17:59:57, nine seconds after the last reading that was kept; at 10.35 kW, 15 Wh take five of
    // them.
    const milliWh = Number(sold?.sale.energyKwh.replace(".", "")) * 1_000;
    assert.ok(milliWh > 30_000);
    // 0.39 per kWh: 0.39 thousandths a Wh.
    assert.equal(Number(sold?.sale.price.totalEnergyCost.incl), Math.round(milliWh * 0.39) / 1_000_000);
  } finally {
    await street.close();
  }
});

test("taking any one fsync of the agent out of the program turns this check red", async () => {
  const sites = [...new Set(one.syncs.map(({ site }) => site))];
  assert.ok(sites.length >= 15, sites.join("\n"));
  for (const site of sites)
    if (!madeAnew.has(site))
      assert.ok(
        await noticesWithout(oneSession, site, one.places, one.syncs),
        `nobody notices that this is missing: ${site}`,
      );
});

test("a disk that takes half of every write is written to all the same", async () => {
  const { places } = await placesToCut({ ...oneSession, wishes: { shortWrites: true } });
  assert.ok(places.length > one.places.length);
});

test.run();

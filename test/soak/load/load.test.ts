// Load, in small: a yard of 64 connectors, thousands of taps in a minute, a tariff of a thousand elements, a book that
// is large, hours that are quiet. `npm run soak -- load` and `npm run soak -- quiet` play the full sizes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { crowd, tapsInAMinute } from "../../support/load/crowd.js";
import { sellOn } from "../../support/load/large-book.js";
import { quietDays } from "../../support/load/quiet-days.js";
import { onPaper, thousandElements } from "../../support/load/thousand-elements.js";
import { slope } from "../../support/memory.js";

const load = suite("load");
/** CI plays more (CHARGETILL_TIMES). */
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);
const taps = Math.min(10_000, 3_000 * times);

load("64 connectors on one agent all charge at once, and every mWh is on a receipt", async () => {
  const { sales } = await crowd(64, 60_000);
  assert.is(sales, 64);
});

load(
  "thousands of taps in a minute are all answered, fill no memory, and a car that charges is looked after meanwhile",
  async () => {
    const { answered, tookMs, writtenBytes, heapMiB } = await tapsInAMinute(taps);
    assert.is(answered, taps);
    assert.ok(tookMs < 60_000, `${tookMs} ms for a minute of taps`);
    assert.ok(
      writtenBytes < 1024 * 1024,
      `${writtenBytes} bytes written: a tap that changes nothing is not written down`,
    );
    assert.ok(heapMiB < 64, `${heapMiB} MiB more`);
  },
);

load("a tariff of a thousand elements is billed as on paper", async () => {
  assert.is(onPaper(10), 30_000);
  assert.is(onPaper(25), 10 * 3_000 + 10 * 3_001 + 5 * 3_002);
  const { elements } = await thousandElements();
  assert.is(elements, 1_000);
});

load("a book of a thousand receipts and more takes no more memory than one of a few", async () => {
  const [few, many] = [await sellOn(100, 2), await sellOn(1_000 * times, 2)];
  assert.ok(many.heapMiB - few.heapMiB < 8, `${few.heapMiB} and ${many.heapMiB} MiB`);
});

load("quiet hours leave no memory behind", async () => {
  const { sales } = await quietDays(0.25, 1, 8);
  assert.is(sales, 8);
});

load("memory that climbs is seen", () => {
  const climbing = Array.from({ length: 20 }, (_, day) => ({ day, heapMiB: 20 + 1.5 * day, rssMiB: 100 }));
  assert.ok(Math.abs(slope(climbing, ({ heapMiB }) => heapMiB) - 1.5) < 1e-9);
  assert.is(
    slope(climbing, ({ rssMiB }) => rssMiB),
    0,
  );
});

load.run();

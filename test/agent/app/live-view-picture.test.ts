// The picture on the README's first screen is what the demo shows, and not what somebody remembers of it.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { liveViewLines, pictureFile, svgOf, textOf } from "../../support/live-view/picture.js";

/** What differs from one demo to the next, or from one release to the next. */
const steady = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/sha256:[0-9a-f]+/, "sha256:KEY").replace(/chargetill \d+\.\d+\.\d+/, "chargetill"));

const test = suite("the picture of the live view");

test("shows what the demo shows at that moment; node dist/test/support/live-view/picture.js draws it anew", async () => {
  assert.equal(steady(textOf(readFileSync(pictureFile, "utf8"))), steady(textOf(svgOf(await liveViewLines()))));
});

test("says the price that holds, the cost so far, and no whole card number", () => {
  const text = textOf(readFileSync(pictureFile, "utf8")).join("\n");
  // 17:53 to 18:00 at 0.39, then 0.49: 1.166 kWh x 0.39 + 3.767 kWh x 0.49 + 0.50 = 0.45474 + 1.84583 + 0.50 = 2.80057.
  assert.match(text, /4\.933 kWh.*2\.80 EUR/);
  assert.match(text, /price now 0\.49 EUR\/kWh incl\. tax/);
  assert.not.match(text, /04A23B1C5D6E80|9F3C77E1/);
});

test.run();

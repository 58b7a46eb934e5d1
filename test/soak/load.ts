// The load at its full size, one after the other, with the figures it was carried at.
import { crowd, tapsInAMinute } from "../support/load/crowd.js";
import { largeText, sellOn } from "../support/load/large-book.js";
import { thousandElements } from "../support/load/thousand-elements.js";

const hourMs = 3_600_000;

export async function soakLoad(say: (line: string) => void): Promise<void> {
  const { connectors, sales, benchMs, tookMs } = await crowd(64, hourMs);
  say(
    `${connectors} connectors on one agent: ${sales} sessions in ${(benchMs / hourMs).toFixed(1)} h of bench time, which took ${(tookMs / 1_000).toFixed(0)} s; every mWh billed`,
  );
  const taps = await tapsInAMinute(10_000);
  say(
    `${taps.taps} taps in a minute: all answered, in ${(taps.tookMs / 1_000).toFixed(1)} s of work; ${taps.writtenBytes} bytes written, heap ${taps.heapMiB.toFixed(1)} MiB more`,
  );
  const tiers = await thousandElements();
  say(`${tiers.elements} tariff elements: ${tiers.wattHours} Wh billed as on paper`);
  await sellOn(0, 2);
  for (const receipts of [100, 10_000, 100_000]) say(largeText(await sellOn(receipts)));
}

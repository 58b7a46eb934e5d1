// A tariff of a thousand elements, the most that a file may have: each ten watt-hours more cost a hundredth of a cent
// more. The bill is worked out here in whole numbers, as on paper, and must be the receipt's.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { Book } from "../../../agent/ledger/book/book.js";
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import type { Agenda } from "../../../drivers/bench/world.js";
import { Yard } from "./yard.js";

const elements = 1_000;
const tierWh = 10;
/** Prices per kWh in ten-thousandths of a euro. */
const firstPrice = 3_000;
const minuteMs = 60_000;

function tariffText(): string {
  return JSON.stringify({
    country_code: "DE",
    party_id: "ABC",
    id: "standard",
    currency: "EUR",
    elements: Array.from({ length: elements }, (_, tier) => ({
      price_components: [{ type: "ENERGY", price: (firstPrice + tier) / 10_000, step_size: 0 }],
      restrictions: {
        min_kwh: (tier * tierWh) / 1_000,
        ...(tier === elements - 1 ? {} : { max_kwh: ((tier + 1) * tierWh) / 1_000 }),
      },
    })),
    last_updated: "2026-11-01T00:00:00Z",
  });
}

/** The price of so many Wh in 1e-7 euro. */
export function onPaper(wattHours: number): number {
  let total = 0;
  for (let from = 0, tier = 0; from < wattHours; from += tierWh, tier += 1)
    total += Math.min(tierWh, wattHours - from) * (firstPrice + Math.min(tier, elements - 1));
  return total;
}

export type Tiers = { readonly elements: number; readonly wattHours: number; readonly tookMs: number };

/** Sells one session through all of its elements. */
export async function thousandElements(): Promise<Tiers> {
  const agenda = (startMs: number): Agenda => [
    { monoMs: startMs + 1_000, act: { do: "plug", connector: 1, powerW: 11_000, wantsWh: 11_000 } },
    { monoMs: startMs + 5_000, act: { do: "present", reader: "front", uids: [scenarioCards.ada], forMs: 3_000 } },
    { monoMs: startMs + 70 * minuteMs, act: { do: "unplug", connector: 1 } },
  ];
  let file = "";
  const yard = await Yard.open({
    agenda,
    change: (config) => {
      file = join(config.state, "..", "thousand.json");
      writeFileSync(file, tariffText());
      return { ...config, tariffs: [file] };
    },
  });
  try {
    const tookMs = await yard.pass(72 * minuteMs);
    const receipt = payloadOf(Book.view(yard.disk, join(yard.folder, "state", "book")).last()?.jws ?? "");
    if (receipt?.kind !== "sale") throw new Error("nothing was sold");
    const wattHours = Math.round(Number(receipt.sale.energyKwh) * 1_000);
    assert.ok(wattHours > elements * tierWh, `${wattHours} Wh pass through all elements`);
    // Up to a cent the totals are exact; four decimals stand on the receipt.
    const exact = onPaper(wattHours);
    assert.equal(
      Math.round(Number(receipt.sale.price.totalEnergyCost.excl) * 10_000),
      Math.round(exact / 1_000),
      "the bill is the one on paper",
    );
    return { elements, wattHours, tookMs };
  } finally {
    await yard.close();
  }
}

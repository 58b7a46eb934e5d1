// The curves of a session as points to draw: power and cost so far over time, worked out by the engine from the receipt
// alone.

import { livePrice } from "../rating/live-price.js";
import { localTimeRule } from "../rating/price.js";
import { advance, beginRating, type Rating } from "../rating/rating.js";
import { stationRules } from "../rating/sample.js";
import type { SalePayload } from "../receipt/receipt-payload.js";
import { receiptSamples } from "../receipt/sale-fields.js";
import { parseTariff } from "../tariff/tariff-reader.js";

export type PowerPoint = { readonly atMs: number; readonly powerW: number; readonly cost: string };

/** More points than a page shows are left out evenly; the first and the last stay. */
const mostPoints = 400;

/** The points of a sale's curves, or none where its tariff or samples cannot be read. */
export function powerCurve(receipt: SalePayload): readonly PowerPoint[] {
  const parsed = parseTariff(receipt.sale.tariff.value);
  const samples = receiptSamples(receipt.sale) ?? [];
  const [first, ...rest] = samples;
  if (!parsed.ok || first === undefined) return [];
  const every = Math.max(1, Math.ceil(samples.length / mostPoints));
  const points: PowerPoint[] = [];
  let rating: Rating = beginRating(
    parsed.tariff,
    stationRules(receipt.timeZone, receipt.sale.price.timeRule === localTimeRule),
    first,
  );
  points.push({ atMs: first.atMs, powerW: first.powerW, cost: livePrice(rating).accrued.incl });
  rest.forEach((sample, at) => {
    rating = advance(rating, sample);
    if ((at + 1) % every === 0 || at === rest.length - 1)
      points.push({ atMs: sample.atMs, powerW: sample.powerW, cost: livePrice(rating).accrued.incl });
  });
  return points;
}

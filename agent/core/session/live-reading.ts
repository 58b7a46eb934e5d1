// The figures that a driver watches while a session runs.
import type { Reading } from "../../../drivers/driver.js";
import type { LivePrice } from "../rating/live-price.js";
import type { Sale } from "./sale.js";

/** The figures a driver watches, with the reading they were made from. */
export type LiveReading = {
  readonly reading: Reading;
  readonly price: LivePrice;
  readonly energyMilliWh: number;
  readonly elapsedMs: number;
  readonly sale: Sale;
};

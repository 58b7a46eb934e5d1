// Which tariff this station sells by: chosen by id and validity. No tariff, no sale.
import { inForce, type Tariff } from "./core/tariff.js";

/** The tariff of that id that is in force at `atMs`; the newest start wins where two are. */
export function tariffAt(tariffs: readonly Tariff[], id: string, atMs: number): Tariff | undefined {
  return tariffs
    .filter((tariff) => tariff.id === id && inForce(tariff, atMs))
    .sort((a, b) => (b.startMs ?? Number.NEGATIVE_INFINITY) - (a.startMs ?? Number.NEGATIVE_INFINITY))[0];
}

// Which tariff this station sells by: chosen by id and validity. No tariff, no sale.
import { inForce, type Tariff } from "../core/tariff/tariff.js";

/** The tariff of that id that is in force at `atMs`; the newest start wins where two are. */
export function tariffAt(tariffs: readonly Tariff[], id: string, atMs: number): Tariff | undefined {
  return newestInForce(
    tariffs.filter((tariff) => tariff.id === id),
    atMs,
  );
}

/** The tariff in force at `atMs` whose validity began last; of two that began together the first in the list. */
export function newestInForce(tariffs: readonly Tariff[], atMs: number): Tariff | undefined {
  const begins = ({ startMs }: Tariff): number => startMs ?? Number.NEGATIVE_INFINITY;
  return tariffs
    .filter((tariff) => inForce(tariff, atMs))
    .reduce<Tariff | undefined>(
      (best, tariff) => (best === undefined || begins(tariff) > begins(best) ? tariff : best),
      undefined,
    );
}

// Day-ahead tariffs as a compiler of market prices writes them: an element for each quarter of an hour.

/** The time of day at which a quarter of an hour begins, counted from any midnight. */
export const quarterText = (quarter: number): string =>
  `${String(Math.floor((quarter % 96) / 4)).padStart(2, "0")}:${String((quarter % 4) * 15).padStart(2, "0")}`;

/** Quarter hours from a local midnight on, `days` of them, and a price for every other time. */
export function dayAhead(firstDay: string, days: number, priceOf: (slot: number) => number): Record<string, unknown> {
  const date = (day: number): string => new Date(Date.parse(firstDay) + day * 86_400_000).toISOString().slice(0, 10);
  const slots = Array.from({ length: days * 96 }, (_, slot) => ({
    price_components: [{ type: "ENERGY", price: priceOf(slot), vat: 19, step_size: 1 }],
    restrictions: {
      start_date: date(Math.floor(slot / 96)),
      end_date: date(Math.floor(slot / 96) + 1),
      start_time: quarterText(slot),
      end_time: quarterText(slot + 1),
    },
  }));
  return {
    country_code: "DE",
    party_id: "ABC",
    id: "spot",
    currency: "EUR",
    elements: [...slots, { price_components: [{ type: "ENERGY", price: 0.5, vat: 19, step_size: 1 }] }],
    last_updated: "2026-11-23T12:00:00Z",
  };
}

// What find.html reads from a station's documents, whatever they hold.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { distanceKm, readStation, usualCosts } from "../../../../agent/web/find/found-station.js";

const test = suite("a station as find.html reads it");

test("counts its bays by their OCPI status", () => {
  const statuses = ["AVAILABLE", "CHARGING", "BLOCKED", "RESERVED", "OUTOFORDER", "INOPERATIVE", "UNKNOWN", "NEW", 7];
  const found = readStation([{ name: "A", evses: statuses.map((status) => ({ status })) }], []);
  assert.equal(found?.bays, { free: 1, taken: 3, broken: 2, unknown: 3 });
});

test("knows nothing where a document is not what it should be, and invents nothing", () => {
  for (const locations of [undefined, null, {}, [], "x", [7], [null]]) assert.is(readStation(locations, []), undefined);
  const bare = readStation(
    [{ name: 7, coordinates: { latitude: "95", longitude: "x" }, evses: [null, { connectors: 1 }] }],
    {
      id: 1,
    },
  );
  assert.equal([bare?.name, bare?.place, bare?.position, bare?.offers], ["", "", undefined, []]);
  assert.equal(bare === undefined ? [] : usualCosts(bare, 0, "en"), []);
});

test("a time zone that nobody knows gives no price", () => {
  const tariff = {
    country_code: "DE",
    party_id: "CTL",
    id: "T",
    currency: "EUR",
    tax_included: "YES",
    elements: [
      {
        price_components: [{ type: "ENERGY", price: 0.5, step_size: 1 }],
        restrictions: { start_time: "08:00", end_time: "20:00" },
      },
    ],
    last_updated: "2026-01-01T00:00:00Z",
  };
  const location = (zone: string) => [
    { time_zone: zone, evses: [{ connectors: [{ max_electric_power: 11_000, tariff_ids: ["T"] }] }] },
  ];
  const costs = (zone: string) => {
    const found = readStation(location(zone), [tariff]);
    return found === undefined ? [] : usualCosts(found, Date.UTC(2026, 10, 24, 9), "en");
  };
  // On paper: 20 kWh x 0.50 from 10:00 to before 20:00 in Berlin.
  assert.equal(costs("Europe/Berlin"), ["10.00 EUR"]);
  assert.equal(costs("Mars/Olympus"), []);
});

test("measures along the earth", () => {
  // A degree of latitude is 2 pi 6371 km / 360 = 111.19 km.
  const from = { latitude: 52, longitude: 13 };
  assert.is(distanceKm(from, { latitude: 53, longitude: 13 }).toFixed(1), "111.2");
  assert.is(distanceKm(from, from), 0);
  assert.is(distanceKm({ latitude: 0, longitude: 179.5 }, { latitude: 0, longitude: -179.5 }).toFixed(1), "111.2");
});

test.run();

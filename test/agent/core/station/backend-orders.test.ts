// Who is kept from a connector by what a backend has ordered.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Acceptance, Opening } from "../../../../agent/core/session/opening.js";
import { available, type Session } from "../../../../agent/core/session/session.js";
import {
  type BackendOrders,
  noOrders,
  type Reservation,
  reservationUsedBy,
  reservedFor,
} from "../../../../agent/core/station/backend-orders.js";
import type { StationEvent } from "../../../../agent/core/station/station-event.js";
import { reduce } from "../../../../agent/core/station/station-reducer.js";
import { emptyStationState, type Layout } from "../../../../agent/core/station/station-state.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";

const test = suite("reservations");
const nowMs = Date.UTC(2026, 10, 24, 12, 0, 0);
const moment = { at: nowMs, monoMs: 0, boot: "b", trust: "synced" as const };
const tokenOf = (uid: string) => ({ uid, type: "RFID" as const, contractId: uid, countryCode: "DE", partyId: "ABC" });

const reservation = (connector: number | null, change: Partial<Reservation> = {}): Reservation => ({
  id: `R${connector ?? "any"}`,
  by: "csms",
  connector,
  token: tokenOf("AA01"),
  untilMs: nowMs + 60_000,
  ...change,
});
const ordersOf = (...all: readonly Reservation[]): BackendOrders => ({
  ...noOrders,
  reservations: new Map(all.map((one) => [one.id, one])),
});
const free = (...ids: readonly number[]): ReadonlyMap<number, Session> => new Map(ids.map((id) => [id, available]));
const owner = { uid: "AA01" };
const stranger = { uid: "BB02" };
/** The id of the reservation that keeps a bearer from connector 1. */
const keptFrom = (orders: BackendOrders, bearer: typeof owner | undefined, sessions = free(1, 2), atMs = nowMs) =>
  reservedFor(orders, sessions, 1, bearer, atMs)?.id;

test("a connector that is reserved is for its card and nobody else", () => {
  const orders = ordersOf(reservation(1));
  assert.is(keptFrom(orders, stranger), "R1");
  assert.is(keptFrom(orders, undefined), "R1", "nor for whoever comes without a card");
  assert.is(keptFrom(orders, owner), undefined);
  assert.is(keptFrom(orders, { uid: "aa01" }), undefined, "upper and lower case are one card");
});

test("a reservation of a group is for every card of the group", () => {
  const orders = ordersOf(reservation(1, { group: "FLEET" }));
  assert.is(keptFrom(orders, { ...stranger, group: "fleet" } as typeof owner), undefined);
  assert.is(keptFrom(orders, { ...stranger, group: "OTHER" } as typeof owner), "R1");
});

test("a reservation ends at its time, and not before", () => {
  const orders = ordersOf(reservation(1, { untilMs: nowMs + 1_000 }));
  assert.is(keptFrom(orders, stranger, free(1, 2), nowMs + 999), "R1");
  assert.is(keptFrom(orders, stranger, free(1, 2), nowMs + 1_000), undefined);
});

test("a reservation of another connector keeps nobody from this one", () => {
  assert.is(keptFrom(ordersOf(reservation(2)), stranger), undefined);
});

test("a reservation of any connector keeps the last free one: as many as there are such reservations", () => {
  const one = ordersOf(reservation(null));
  assert.is(keptFrom(one, stranger, free(1, 2)), undefined, "another one is free");
  assert.is(keptFrom(one, stranger, free(1)), "Rany");
  assert.is(keptFrom(one, owner, free(1)), undefined);
  const two = ordersOf(reservation(null), reservation(null, { id: "Rany2", token: tokenOf("CC03") }));
  assert.is(keptFrom(two, stranger, free(1, 2)), "Rany");
  assert.is(keptFrom(two, stranger, free(1, 2, 3)), undefined);
});

test("a connector that is out of service is not free for a reservation of any", () => {
  const orders = { ...ordersOf(reservation(null)), inoperative: new Map([[2, "csms"]]) };
  assert.is(keptFrom(orders, stranger, free(1, 2)), "Rany");
});

test("a start uses up the connector's own reservation before one of any", () => {
  const orders = ordersOf(reservation(null), reservation(1));
  assert.is(reservationUsedBy(orders, 1, owner, nowMs)?.id, "R1");
  assert.is(reservationUsedBy(orders, 2, owner, nowMs)?.id, "Rany");
  assert.is(reservationUsedBy(orders, 1, stranger, nowMs), undefined);
});

test("the session that was reserved for uses its reservation up: the next car is kept out by none", () => {
  const parsed = parseTariff({
    country_code: "DE",
    party_id: "ABC",
    id: "T",
    currency: "EUR",
    last_updated: "2026-11-01T00:00:00Z",
    elements: [{ price_components: [{ type: "ENERGY", price: 0.4, step_size: 1 }] }],
  });
  if (!parsed.ok) throw new Error("the test's tariff cannot be read");
  const layout: Layout = { connectors: [{ id: 1, reader: "front" }] };
  const acceptance: Acceptance = { token: tokenOf("AA01"), authMethod: "WHITELIST" };
  const opening: Opening = {
    id: "S1",
    acceptance,
    meter: { vendor: "V", model: "M", serial: "M1" },
    tariff: parsed.tariff,
    timeZone: "Europe/Berlin",
    shown: { text: "0.40 EUR/kWh", atMs: nowMs },
    begin: { moment, energyMilliWh: 0, powerW: 0, serial: "M1" },
  };
  const events: readonly StationEvent[] = [
    { type: "Reserved", moment, reservation: reservation(1) },
    { type: "PlugChanged", moment, connector: 1, plugged: true },
    { type: "CardAccepted", moment, connector: 1, acceptance },
    { type: "SessionBegan", moment, connector: 1, opening },
  ];
  const before = events.slice(0, 3).reduce((state, event) => reduce(state, event, layout), emptyStationState(layout));
  assert.is(before.orders.reservations.size, 1);
  const after = events.reduce((state, event) => reduce(state, event, layout), emptyStationState(layout));
  assert.is(after.orders.reservations.size, 0);
});

test.run();

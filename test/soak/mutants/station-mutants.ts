// What is done around a session: the meter that is asked, the card that is judged, the backend that is told.
import type { Mutant } from "./mutant.js";

const outbox = "agent/sync/outbox.ts";
const doubt = "agent/sync/outbox-doubt.ts";
const credit = "agent/station/offline-credit.ts";

const reservations = ["agent/station/remote/reservation-fees"];

export const stationMutants: readonly Mutant[] = [
  {
    rule: "a reading counts only if the same meter still answers after it",
    file: "agent/station/connector/connector-meter.ts",
    find: "if (told !== serial)",
    replace: "if (false)",
    tests: ["drivers/meter/swapped"],
  },
  {
    rule: "a change of what the car does, or of its price, is written down",
    file: "agent/station/connector/session-metering.ts",
    find: "activity.activity !== before.activity || !sameComponents(before.rating, sale.rating) ||",
    replace: "",
    tests: ["agent/station/connector/session-metering"],
  },
  {
    rule: "a card with nothing left offline starts nothing",
    file: "agent/station/authorizer.ts",
    find: "if (left === null)",
    replace: "if (false)",
    tests: ["agent/station/offline-credit"],
  },
  {
    rule: "energy that is not acknowledged counts against the offline limit",
    file: credit,
    find: "requiredMilliWh(energyKwh) - open.energyMilliWh",
    replace: "requiredMilliWh(energyKwh)",
    tests: ["agent/station/offline-credit"],
  },
  {
    rule: "money that is not acknowledged counts against the offline limit",
    file: credit,
    find: "subtract(ratioOfText(cost), open.cost)",
    replace: "ratioOfText(cost)",
    tests: ["agent/station/offline-credit"],
  },
  {
    rule: "sessions that a backend allowed count against no offline limit",
    file: credit,
    find: 'authMethod === "WHITELIST" && by === undefined',
    replace: "true",
    tests: ["agent/station/offline-credit"],
  },
  {
    rule: "a receipt that the backend refuses is parked with its reason",
    file: outbox,
    find: "markParked(this.#queue.state, item, outcome.reason, at)",
    replace: "markAcknowledged(this.#queue.state, item, at)",
    tests: ["agent/sync/outbox"],
  },
  {
    rule: "no receipt is parked for a backend that fails on all of them",
    file: doubt,
    find: "if (proof !== undefined) {",
    replace: "if (suspects.length > 0) {",
    tests: ["agent/sync/outbox"],
  },
  {
    rule: "a receipt is tried several times before it is doubted",
    file: doubt,
    find: "if (attempts < attemptsBeforeDoubt ||",
    replace: "if (attempts < 1 ||",
    tests: ["agent/sync/outbox"],
  },
  {
    rule: "a lost line is believed of a receipt later than an answer of failure",
    file: doubt,
    find: "attempts >= lossesBeforePoison",
    replace: "attempts >= attemptsBeforeDoubt",
    tests: ["agent/sync/outbox"],
  },
  {
    rule: "what is in doubt keeps back nothing new",
    file: "agent/sync/outbox-rest.ts",
    find: "!(ofDoubt && hasOthers)",
    replace: "true",
    tests: ["agent/sync/outbox"],
  },
  {
    rule: "a refusal that may pass is tried again before it is believed",
    file: "agent/sync/ocpp/transactions/event-sender.ts",
    find: "if (mayPass) return {",
    replace: "if (false) return {",
    tests: ["agent/sync/ocpp/transactions/transaction-reporter"],
  },
  {
    rule: "a backend that may have forgotten the station parks nothing by its refusals",
    file: "agent/sync/ocpp/rpc/call-outcome.ts",
    find: "return knowsUs ? {",
    replace: "return true ? {",
    tests: ["agent/sync/ocpp/forgotten"],
  },
  {
    rule: "an end that is refused for what it need not hold is told without it",
    file: "agent/sync/ocpp/transactions/transactions.ts",
    find: "extras.waysWithout(present)",
    replace: "extras.waysWithout([])",
    tests: ["agent/sync/ocpp/transactions/extras"],
  },
  {
    rule: "nothing more is parked once too many wait for a person",
    file: outbox,
    find: "state.parked.length >= mostParked && item.number > state.cursor",
    replace: "false",
    tests: ["soak/crash/bounds"],
  },
  {
    rule: "a receipt is taken in hand on disk before it is sent",
    file: "agent/sync/outbox-state.ts",
    find: 'open: [...state.open, { number, state: "sending", attempts: 0 }],',
    replace: "open: state.open,",
    tests: ["agent/sync/outbox"],
  },
  {
    rule: "an outbox that is ahead of the book sends nothing",
    file: "agent/sync/outbox-queue.ts",
    find: "if (kept.cursor > items.last())",
    replace: "if (false)",
    tests: ["agent/sync/outbox"],
  },
  {
    rule: "a reservation whose price was not told is not charged",
    file: "agent/station/remote/reservation-pricing.ts",
    find: "if (!priceTold)",
    replace: "if (false)",
    tests: reservations,
  },
  {
    rule: "a reservation is charged by no other price than the one that was told",
    file: "agent/core/station/reservation-fee.ts",
    find: "digestNow() !== fee.tariffDigest",
    replace: "false",
    tests: reservations,
  },
  {
    rule: "a driver whose car may have come is not told to have stayed away",
    file: "agent/core/station/reservation-fee.ts",
    find: "fee === undefined || fee.carCame === true",
    replace: "fee === undefined",
    tests: reservations,
  },
  {
    rule: "a reservation costs nothing after a restart in its time",
    file: "agent/core/station/order-reducer.ts",
    find: 'freeReservations(restart === undefined ? orders : rest, null, "the station was restarted")',
    replace: "restart === undefined ? orders : rest",
    tests: reservations,
  },
  {
    rule: "a reservation that was taken back is not charged",
    file: "agent/core/station/order-reducer.ts",
    find: 'event.outcome === "expired"',
    replace: "true",
    tests: reservations,
  },
  {
    rule: "a reservation that has its receipt gets no second one",
    file: "agent/receipts/receipt-issuer.ts",
    find: "if (known !== undefined) return known;",
    replace: "",
    tests: reservations,
  },
];

// The facts of one session, as tests of the session and of the station tell them.

import type { Acceptance, Opening } from "../../../agent/core/session/opening.js";
import type { SessionEvent } from "../../../agent/core/session/session-event.js";
import { parseTariff } from "../../../agent/core/tariff/tariff-reader.js";
import type { Moment, Reading } from "../../../drivers/driver.js";

const start = Date.UTC(2026, 10, 24, 12, 0, 0);
const moment = (seconds: number, boot = "boot-1"): Moment => ({
  at: start + seconds * 1000,
  monoMs: seconds * 1000,
  boot,
  trust: "synced",
});
const reading = (seconds: number, wattHours: number, powerW = 7_000): Reading => ({
  moment: moment(seconds),
  energyMilliWh: wattHours * 1000,
  powerW,
  serial: "M1",
});

const parsed = parseTariff({
  country_code: "DE",
  party_id: "ABC",
  id: "T",
  currency: "EUR",
  last_updated: "2026-11-01T00:00:00Z",
  elements: [{ price_components: [{ type: "ENERGY", price: 0.4, step_size: 1 }] }],
});
if (!parsed.ok) throw new Error("the test's tariff is no tariff");
const { tariff } = parsed;

const acceptance = (uid = "04AABBCCDDEE80", group?: string): Acceptance => ({
  token: { uid, type: "RFID", contractId: "C1", countryCode: "DE", partyId: "ABC" },
  authMethod: "WHITELIST",
  ...(group === undefined ? {} : { group }),
});
const opening: Opening = {
  id: "S1",
  acceptance: acceptance(),
  meter: { vendor: "V", model: "M", serial: "M1" },
  tariff,
  timeZone: "Europe/Berlin",
  shown: { text: "0.40 EUR/kWh", atMs: start },
  begin: reading(20, 100),
};

const plugged = (seconds: number, yes = true): SessionEvent => ({
  type: "PlugChanged",
  moment: moment(seconds),
  connector: 1,
  plugged: yes,
});
const accepted = (seconds: number): SessionEvent => ({
  type: "CardAccepted",
  moment: moment(seconds),
  connector: 1,
  acceptance: acceptance(),
});
const began: SessionEvent = { type: "SessionBegan", moment: moment(20), connector: 1, opening };
const read = (seconds: number, wattHours: number): SessionEvent => ({
  type: "MeterRead",
  moment: moment(seconds),
  connector: 1,
  reading: reading(seconds, wattHours),
  activity: "charging",
  atBoundary: false,
});
const stop: SessionEvent = {
  type: "StopRequested",
  moment: moment(100),
  connector: 1,
  reason: "Local",
  detail: "stopped by card",
};
const ended: SessionEvent = {
  type: "SessionEnded",
  moment: moment(102),
  connector: 1,
  reading: reading(102, 250, 0),
  detail: "",
};
const numbered: SessionEvent = { type: "ReceiptNumbered", moment: moment(103), connector: 1, number: 2, pagination: 1 };
const signed: SessionEvent = {
  type: "ReceiptSigned",
  moment: moment(103),
  connector: 1,
  signed: {
    number: 2,
    jws: "J",
    disclosures: [],
    ocmf: "O",
    checkpoint: "C",
    proof: [],
    cdr: { texts: {}, timeUnknown: false },
  },
};
const settled: SessionEvent = { type: "SessionSettled", moment: moment(103), connector: 1, number: 2 };
const restarted: SessionEvent = {
  type: "Restarted",
  moment: moment(500, "boot-2"),
  connector: 1,
  cause: "PowerLoss",
  downSince: moment(90),
};

/** Plugged in, card accepted, begun at 20 s, stopped at 100 s, ended at 102 s, settled at 103 s. */
export const sessionFacts = {
  start,
  moment,
  reading,
  tariff,
  acceptance,
  opening,
  plugged,
  accepted,
  began,
  read,
  stop,
  ended,
  numbered,
  signed,
  settled,
  restarted,
};

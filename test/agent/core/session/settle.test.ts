// What a session comes to when it is over: the time that is billed, and the clock by which.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Settlement } from "../../../../agent/core/cdr/settlement.js";
import type { Opening } from "../../../../agent/core/session/opening.js";
import { available, type Session } from "../../../../agent/core/session/session.js";
import type { SessionEvent } from "../../../../agent/core/session/session-event.js";
import { reduceSession } from "../../../../agent/core/session/session-reducer.js";
import { settlementOf } from "../../../../agent/core/session/settle.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import type { ConnectorConfig } from "../../../../config/schema.js";
import type { Reading, TimeTrust } from "../../../../drivers/driver.js";
import { settlement } from "../../../support/sample-receipt.js";

const test = suite("settling a session");
const startMs = Date.UTC(2026, 5, 1, 10);
const hourMs = 3_600_000;
/** What an unset clock shows instead. */
const unsetMs = Date.UTC(2000, 0, 1);

type At = { readonly hours: number; readonly kwh: number; readonly powerW?: number; readonly trust?: TimeTrust };

const reading = ({ hours, kwh, powerW = 10_000, trust = "synced" }: At): Reading => ({
  moment: {
    at: (trust === "unsynced" ? unsetMs : startMs) + hours * hourMs,
    monoMs: hours * hourMs,
    boot: "boot-1",
    trust,
  },
  energyMilliWh: kwh * 1_000_000,
  powerW,
  serial: "M1",
});

/** The settlement of a session that was stopped at an hour, with its end reading later. */
function settled(begin: At, stopHours: number, end: At): Settlement {
  const parsed = parseTariff({
    country_code: "DE",
    party_id: "ABC",
    id: "T",
    currency: "EUR",
    last_updated: "2026-01-01T00:00:00Z",
    elements: [
      {
        price_components: [
          { type: "ENERGY", price: 0.5, step_size: 1 },
          { type: "TIME", price: 6, step_size: 1 },
        ],
      },
    ],
  });
  if (!parsed.ok) throw new Error("the test's tariff cannot be read");
  const first = reading(begin);
  const at = { moment: first.moment, connector: 1 };
  const opening: Opening = {
    id: "S1",
    acceptance: { token: settlement(2).token, authMethod: "WHITELIST" },
    meter: { vendor: "V", model: "M", serial: "M1" },
    tariff: parsed.tariff,
    timeZone: "Europe/Berlin",
    shown: { text: "0.50 EUR/kWh", atMs: first.moment.at },
    begin: first,
  };
  const stop = reading({ ...end, hours: stopHours }).moment;
  const last = reading(end);
  const events: readonly SessionEvent[] = [
    { type: "PlugChanged", ...at, plugged: true },
    { type: "CardAccepted", ...at, acceptance: opening.acceptance },
    { type: "SessionBegan", ...at, opening },
    { type: "StopRequested", ...at, moment: stop, reason: "Local", detail: "stopped by card" },
    { type: "SessionEnded", ...at, moment: last.moment, reading: last, detail: "" },
    { type: "ReceiptNumbered", ...at, moment: last.moment, number: 2, pagination: 1 },
  ];
  const session = events.reduce<Session>(reduceSession, available);
  if (session.state !== "settling") throw new Error(`the session is ${session.state}`);
  return settlementOf(session, {
    station: settlement(2).station,
    connector: settlement(2).connector as ConnectorConfig,
    tariffDigest: "00",
    softwareVersion: "0.1.0",
  });
}

test("no time is billed while the end reading is waited for: the station gives no power then", () => {
  const { price, endMs } = settled({ hours: 0, kwh: 0 }, 1, { hours: 1.5, kwh: 10, powerW: 0 });
  assert.is(endMs, startMs + 1.5 * hourMs);
  // 10 kWh at 0.50 and one hour at 6.00, not one and a half.
  assert.is(price.due.gross, "11.00");
});

test("energy that flowed unseen before the stop keeps the price of that time", () => {
  const { samples } = settled({ hours: 0, kwh: 0 }, 1, { hours: 3, kwh: 10, powerW: 0 });
  assert.equal(
    samples.map(({ atMs, energyMilliWh, activity }) => [(atMs - startMs) / hourMs, energyMilliWh, activity]),
    [
      [0, 0, "charging"],
      [1, 10_000_000, "suspended"],
      [3, 10_000_000, "suspended"],
    ],
  );
});

test("a session that began under an unset clock and ended under a good one is dated anew, and pays the lower price", () => {
  const sold = settled({ hours: 0, kwh: 0, trust: "unsynced" }, 2, { hours: 2, kwh: 10, powerW: 0 });
  assert.equal([sold.startMs, sold.endMs, sold.timeTrust], [startMs, startMs + 2 * hourMs, "holdover"]);
  // 10 kWh at 0.50; no time, since nobody vouches for the clock that measured it.
  assert.is(sold.price.due.gross, "5.00");
});

test("a session whose clock was never set says so, and pays no time", () => {
  const sold = settled({ hours: 0, kwh: 0, trust: "unsynced" }, 2, { hours: 2, kwh: 10, powerW: 0, trust: "unsynced" });
  assert.equal([sold.startMs, sold.timeTrust, sold.price.due.gross], [unsetMs, "unsynced", "5.00"]);
});

test("a session without energy costs nothing, however long it stood, and nothing is written 0.00", () => {
  // Two hours at 6.00 are waived: an amount of two figures once left two zeros before the point.
  const { price } = settled({ hours: 0, kwh: 7 }, 2, { hours: 2, kwh: 7, powerW: 0 });
  assert.equal(price.due, { net: "0.00", tax: "0.00", gross: "0.00" });
  assert.equal(price.adjustments.at(-1)?.amount, { excl: "-12", incl: "-12" });
});

test.run();

// What a session comes to when it is over: the time that is billed, and the clock by which.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Settlement } from "../../../../agent/core/cdr/settlement.js";
import { localTimeRule, lowerOfBothRule, untrustedTimeRule } from "../../../../agent/core/rating/price.js";
import type { Opening } from "../../../../agent/core/session/opening.js";
import { available, type Session } from "../../../../agent/core/session/session.js";
import type { SessionEvent } from "../../../../agent/core/session/session-event.js";
import { reduceSession } from "../../../../agent/core/session/session-reducer.js";
import { settlementOf } from "../../../../agent/core/session/settle.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import type { ConnectorConfig } from "../../../../config/schema.js";
import type { Moment, Reading, TimeTrust } from "../../../../drivers/driver.js";
import { nameUser, settlement } from "../../../support/sample-receipt.js";

const test = suite("settling a session");
const startMs = Date.UTC(2026, 5, 1, 10);
const hourMs = 3_600_000;
/** What an unset clock shows instead. */
const unsetMs = Date.UTC(2000, 0, 1);

type At = {
  readonly hours: number;
  readonly kwh: number;
  readonly powerW?: number;
  readonly trust?: TimeTrust;
  readonly boot?: string;
};

const reading = ({ hours, kwh, powerW = 10_000, trust = "synced", boot = "boot-1" }: At): Reading => ({
  moment: {
    at: (trust === "unsynced" ? unsetMs : startMs) + hours * hourMs,
    monoMs: boot === "boot-1" ? hours * hourMs : 60_000,
    boot,
    trust,
  },
  energyMilliWh: kwh * 1_000_000,
  powerW,
  serial: "M1",
});

/** The settlement of a session that was stopped at an hour, with its end reading later. */
function settled(begin: At, stopHours: number, end: At): Settlement {
  const stop = reading({ ...end, hours: stopHours }).moment;
  return settledBy(begin, end, ({ moment: _, ...at }) => [
    { type: "StopRequested", ...at, moment: stop, reason: "Local", detail: "stopped by card" },
  ]);
}

/** The settlement of a session with one reading, after which power was lost. */
function cut(begin: At, between: At, end: At): Settlement {
  const [seen, last] = [reading(between), reading(end)];
  return settledBy(begin, end, ({ connector }) => [
    { type: "MeterRead", connector, moment: seen.moment, reading: seen, activity: "charging", atBoundary: false },
    { type: "Restarted", connector, moment: last.moment, cause: "PowerLoss", downSince: seen.moment },
  ]);
}

function settledBy(
  begin: At,
  end: At,
  between: (at: { readonly moment: Moment; readonly connector: number }) => readonly SessionEvent[],
): Settlement {
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
  const last = reading(end);
  const events: readonly SessionEvent[] = [
    { type: "PlugChanged", ...at, plugged: true },
    { type: "CardAccepted", ...at, acceptance: opening.acceptance },
    { type: "SessionBegan", ...at, opening },
    ...between(at),
    { type: "SessionEnded", ...at, moment: last.moment, reading: last, detail: "" },
    { type: "ReceiptNumbered", ...at, moment: last.moment, number: 2, pagination: 1 },
  ];
  const session = events.reduce<Session>(reduceSession, available);
  if (session.state !== "settling") throw new Error(`the session is ${session.state}`);
  return settlementOf(session, {
    station: settlement(2).station,
    connector: settlement(2).connector as ConnectorConfig,
    digestOf: () => "00",
    nameUser,
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
  assert.equal([sold.startMs, sold.endMs], [startMs, startMs + 2 * hourMs]);
  assert.equal([sold.startTrust, sold.endTrust], ["holdover", "synced"]);
  // 10 kWh at 0.50; no time, since nobody vouches for the clock that measured it.
  assert.is(sold.price.due.gross, "5.00");
});

test("a session whose clock was never set says so, and pays no time", () => {
  const sold = settled({ hours: 0, kwh: 0, trust: "unsynced" }, 2, { hours: 2, kwh: 10, powerW: 0, trust: "unsynced" });
  assert.equal([sold.startMs, sold.startTrust, sold.price.due.gross], [unsetMs, "unsynced", "5.00"]);
});

const rebooted = { hours: 3, kwh: 5, powerW: 0, boot: "boot-2" } as const;
const timesOf = (sold: Settlement): unknown => ({
  start: [sold.startMs, sold.startTrust],
  end: [sold.endMs, sold.endTrust],
  endReading: [sold.end.moment.at, sold.end.moment.trust],
  issued: [sold.issuedMs, sold.issuedTrust],
  out: sold.interruptions.map(({ fromMs, toMs }) => [fromMs, toMs]),
  timeRule: sold.price.timeRule,
});

test("begun under a good clock, ended after a reboot without one: its start is known, and only its end is not", () => {
  const sold = cut({ hours: 0, kwh: 0 }, { hours: 1, kwh: 5 }, { ...rebooted, trust: "unsynced" });
  assert.equal(timesOf(sold), {
    start: [startMs, "synced"],
    end: [startMs + hourMs, "unsynced"],
    endReading: [startMs + hourMs, "unsynced"],
    issued: [unsetMs + 3 * hourMs, "unsynced"],
    out: [[startMs + hourMs, null]],
    timeRule: localTimeRule,
  });
  // 5 kWh at 0.50 and the hour that a good clock saw.
  assert.is(sold.price.due.gross, "8.50");
});

test("begun without a clock, ended after a reboot with one: no time of one clock is taken from the other's", () => {
  const sold = cut({ hours: 0, kwh: 0, trust: "unsynced" }, { hours: 1, kwh: 5, trust: "unsynced" }, rebooted);
  // It once lasted from 2000 to 2026.
  assert.equal(timesOf(sold), {
    start: [unsetMs, "unsynced"],
    end: [unsetMs + hourMs, "unsynced"],
    endReading: [startMs + 3 * hourMs, "synced"],
    issued: [startMs + 3 * hourMs, "synced"],
    out: [[unsetMs + hourMs, null]],
    timeRule: untrustedTimeRule,
  });
});

test("begun without a clock that was set before the power was lost: it has a date, whatever the clock says later", () => {
  const begin = { hours: 0, kwh: 0, trust: "unsynced" } as const;
  const lost = cut(begin, { hours: 1, kwh: 5 }, { ...rebooted, trust: "unsynced" });
  assert.equal(timesOf(lost), {
    start: [startMs, "holdover"],
    end: [startMs + hourMs, "unsynced"],
    endReading: [startMs + hourMs, "unsynced"],
    issued: [unsetMs + 3 * hourMs, "unsynced"],
    out: [[startMs + hourMs, null]],
    timeRule: lowerOfBothRule,
  });
  assert.equal(timesOf(cut(begin, { hours: 1, kwh: 5 }, rebooted)), {
    start: [startMs, "holdover"],
    end: [startMs + 3 * hourMs, "synced"],
    endReading: [startMs + 3 * hourMs, "synced"],
    issued: [startMs + 3 * hourMs, "synced"],
    out: [[startMs + hourMs, startMs + 3 * hourMs]],
    timeRule: lowerOfBothRule,
  });
});

test("two boots without a clock: what the second one says is no time of the session", () => {
  const sold = cut(
    { hours: 0, kwh: 0, trust: "unsynced" },
    { hours: 1, kwh: 5, trust: "unsynced" },
    { ...rebooted, trust: "unsynced" },
  );
  assert.equal([sold.endMs, sold.end.moment.at], [unsetMs + hourMs, unsetMs + hourMs]);
});

test("a session without energy costs nothing, however long it stood, and nothing is written 0.00", () => {
  // Two hours at 6.00 are waived: an amount of two figures once left two zeros before the point.
  const { price } = settled({ hours: 0, kwh: 7 }, 2, { hours: 2, kwh: 7, powerW: 0 });
  assert.equal(price.due, { net: "0.00", tax: "0.00", gross: "0.00" });
  assert.equal(price.adjustments.at(-1)?.amount, { excl: "-12", incl: "-12" });
});

test.run();

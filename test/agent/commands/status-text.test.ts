// `chargetill status` in words.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { statusLines } from "../../../agent/commands/status-text.js";
import type { Snapshot } from "../../../agent/station/snapshot.js";

const at = Date.parse("2026-11-24T17:29:30Z");
const connector = {
  id: 1,
  evseId: "DE*CTL*E0001*1",
  maxPowerW: 11_000,
  state: "available",
  words: "free: plug in and hold your card to the reader",
  price: ["Energy: 0.39 EUR per kWh (incl. 19 % VAT)", "Ends by itself: at 80 kWh"],
} as const;
const snapshot: Snapshot = {
  moment: { at, monoMs: 1, boot: "b", trust: "synced" },
  version: "0.1.0",
  station: "CT-DEMO",
  operator: "Example",
  helpline: "+49",
  timeZone: "Europe/Berlin",
  selling: true,
  receipts: 3,
  keyId: "sha256:k",
  offline: true,
  uplinks: [
    {
      uplink: "backend",
      reachability: "offline",
      sinceMs: at - 3_600_000,
      waiting: 2,
      parked: [],
      lastAck: { number: 1, id: "S1", atMs: at - 7_200_000 },
      nextTryMs: at + 60_000,
    },
  ],
  faults: [],
  complaints: [],
  connectors: [connector],
};

const test = suite("status in words");

test("tells all times by one clock, the station's", () => {
  const lines = statusLines(snapshot);
  assert.is(lines[0], "station CT-DEMO, chargetill 0.1.0, 2026-11-24 18:29:30 local time (clock synced)");
  assert.equal(
    lines.filter((line) => /offline|acknowledged|next try/.test(line)),
    [
      "uplink backend: offline since 2026-11-24 17:29:30",
      "  waiting 2, parked 0, last acknowledged receipt 1 at 2026-11-24 16:29:30",
      "  next try at 2026-11-24 18:30:30",
    ],
  );
  assert.not.match(lines.join("\n"), /\dZ/);
});

test("tells the open complaints by their age, the overdue ones loudly", () => {
  const rows = Array.from({ length: 7 }, (_, index) => ({
    number: index + 1,
    receipt: index + 10,
    dueMs: at - 3_600_000 + index * 86_400_000,
  }));
  assert.equal(
    statusLines({ ...snapshot, complaints: rows }).filter((line) => line.includes("complaint")),
    [
      "complaint 1 about receipt 10: OVERDUE since 2026-11-24 17:29:30",
      "complaint 2 about receipt 11: to be answered by 2026-11-25 17:29:30",
      "complaint 3 about receipt 12: to be answered by 2026-11-26 17:29:30",
      "complaint 4 about receipt 13: to be answered by 2026-11-27 17:29:30",
      "complaint 5 about receipt 14: to be answered by 2026-11-28 17:29:30",
      "2 more complaints are open: chargetill complaints list --open",
    ],
  );
});

test("tells the price beside a free connector", () => {
  assert.equal(statusLines(snapshot).slice(2, 5), [
    "connector 1 (DE*CTL*E0001*1): free: plug in and hold your card to the reader",
    "  Energy: 0.39 EUR per kWh (incl. 19 % VAT)",
    "  Ends by itself: at 80 kWh",
  ]);
});

test("tells of a running session what is left until it ends by itself", () => {
  const lines = statusLines({
    ...snapshot,
    connectors: [
      {
        ...connector,
        state: "charging",
        energyKwh: "12.345",
        elapsedMs: 60_000,
        powerW: 11_000,
        accrued: "5.31 EUR",
        unitPrice: "0.39 EUR/kWh",
        endsAt: [{ at: "80 kWh", left: "67.655 kWh" }],
      },
    ],
  });
  assert.equal(lines.slice(3, 5), [
    "  12.345 kWh, 5.31 EUR, 01:00, 11000 W, price now 0.39 EUR/kWh",
    "  ends by itself at 80 kWh: 67.655 kWh left",
  ]);
});

test.run();

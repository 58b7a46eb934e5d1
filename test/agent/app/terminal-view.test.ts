// The live view in a narrow terminal: what a driver must read is set on more lines, never cut away.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { terminalViewLines } from "../../../agent/app/terminal-view.js";
import type { ConnectorSnapshot, Snapshot } from "../../../agent/station/snapshot.js";

const connector: ConnectorSnapshot = {
  id: 1,
  evseId: "DE*CTL*E0001*1",
  maxPowerW: 11_000,
  state: "charging",
  words: "charging: hold the same card to the reader to stop",
  card: "…6E80",
  energyKwh: "15.000",
  powerW: 7_700,
  elapsedMs: 4_666_000,
  unitPrice: "0.4641 EUR/kWh + 0.119 EUR/min idle",
  accrued: "15.94 EUR",
  ifStoppedNow: "16.06 EUR",
  leftUnderCap: "55.46 EUR",
  nextChange: { atMs: Date.UTC(2026, 10, 24, 17), unitPrice: "0.5831 EUR/kWh" },
  price: [],
};
const snapshot: Snapshot = {
  moment: { at: Date.UTC(2026, 10, 24, 16), monoMs: 0, boot: "b", trust: "synced" },
  version: "1",
  station: "CT-1",
  operator: "Example Charging GmbH",
  helpline: "+49 30 1234567",
  timeZone: "Europe/Berlin",
  selling: true,
  receipts: 3,
  keyId: "sha256:7b7659e4f8ebc90a58b289a73a140d85",
  offline: true,
  uplinks: [],
  faults: [],
  connectors: [connector],
};
const plain = (columns: number): string[] =>
  terminalViewLines(
    { ...snapshot, uplinks: [{ waiting: 12, reachability: "offline" } as Snapshot["uplinks"][number]] },
    columns,
  ).map((line) => line.replace(/\x1b\[[0-9;]*m/g, ""));

const test = suite("the live view");

for (const columns of [100, 80, 60, 50])
  test(`in ${columns} columns every word of a session is there and no line is longer`, () => {
    const lines = plain(columns);
    for (const line of lines) assert.ok([...line].length <= columns, line);
    const text = lines
      .slice(0, -1)
      .map((line) => line.replace(/[│\s]+/g, " ").trim())
      .join(" ");
    for (const words of [
      "OFFLINE, selling on, 12 waiting",
      connector.words,
      "card …6E80",
      "15.000 kWh",
      "15.94 EUR",
      "1:17:46",
      "7.7 kW",
      "0.4641 EUR/kWh + 0.119 EUR/min idle incl. tax",
      "if stopped now 16.06 EUR",
      "from 18:00: 0.5831 EUR/kWh",
      "55.46 EUR",
    ])
      assert.ok(text.includes(words), `"${words}" is missing in:\n${lines.join("\n")}`);
  });

test("a reserved connector says until when, and what that costs, used or not", () => {
  const reserved = (reservation: NonNullable<ConnectorSnapshot["reservation"]>): string =>
    terminalViewLines({ ...snapshot, connectors: [{ ...free, reservation }] }, 100)
      .map((line) => line.replace(/\x1b\[[0-9;]*m/g, ""))
      .join("\n");
  const { id, evseId, maxPowerW } = connector;
  const free: ConnectorSnapshot = {
    id,
    evseId,
    maxPowerW,
    state: "reserved",
    words: "reserved",
    price: ["0.50 EUR/kWh"],
  };
  const untilMs = Date.UTC(2026, 10, 24, 16, 30);
  assert.match(
    reserved({ untilMs, costs: "Reservation: 0.05 EUR/min" }),
    "reserved until 17:30, costs Reservation: 0.05",
  );
  assert.match(reserved({ untilMs, free: "the clock is not set" }), "reserved until 17:30, not charged: the clock");
  assert.match(reserved({ untilMs: untilMs + 86_400_000 }), "reserved until 2026-11-25 17:30");
});

test.run();

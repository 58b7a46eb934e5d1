// The live view in a narrow terminal: what a driver must read is set on more lines, never cut away.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { framedScreen, stationPage } from "../../../../agent/app/view/station-screen.js";
import type { ConnectorSnapshot, Snapshot } from "../../../../agent/station/snapshot.js";

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
  complaints: [],
  connectors: [connector],
};
const plain = (columns: number): string[] =>
  framedScreen(
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

const fault = {
  device: "connector 2",
  code: "meter/timeout",
  message: "unit 2 on rs485 does not answer: check its supply and wiring",
  sinceMs: 0,
} as const;
const freeConnector: ConnectorSnapshot = {
  id: 2,
  evseId: "DE*CTL*E0001*2",
  maxPowerW: 11_000,
  state: "available",
  words: "free: plug in and hold your card to the reader",
  price: [
    "Energy: 0.39 EUR per kWh (incl. 19 % VAT)",
    "Start fee: 0.50 EUR per session (incl. 19 % VAT)",
    "Idle fee (the car asks for no power): 0.10 EUR per minute (incl. 19 % VAT), billed in steps of 1 min",
    "At least 1.00 EUR incl. tax",
    "At most 60.00 EUR incl. tax",
    "Ends by itself: at 80 kWh, after 30 min without any energy",
    "Next change: 18:00 Energy 0.49 EUR per kWh",
    "Dearer in the evening, from 18:00 to 22:00",
  ],
};
const ending = { ...connector, endsAt: [{ at: "80 kWh", left: "65.000 kWh" }] };
const scenes: Readonly<Record<string, readonly ConnectorSnapshot[]>> = {
  "two that charge": [ending, { ...ending, id: 2, card: "…77E1", energyKwh: "3.210" }],
  "one that charges and one that is free": [ending, freeConnector],
  "two that are free": [{ ...freeConnector, id: 1 }, freeConnector],
};

/** All pages of a screen, as they are read. */
function pagesOf(connectors: readonly ConnectorSnapshot[], columns: number, rows: number): string[][] {
  const seen = {
    ...snapshot,
    uplinks: [{ waiting: 12, reachability: "offline" } as Snapshot["uplinks"][number]],
    faults: [fault],
    connectors,
  };
  const { pages } = stationPage(seen, columns, rows, 0);
  return Array.from({ length: pages }, (_, page) =>
    stationPage(seen, columns, rows, page).lines.map((line) => line.replace(/\x1b\[[0-9;]*m/g, "")),
  );
}

const read = (pages: readonly (readonly string[])[]): string =>
  pages
    .flat()
    .join(" ")
    .replace(/[│·\s]+/g, " ");

for (const [scene, connectors] of Object.entries(scenes)) {
  const words = [
    "OFFLINE, selling on, 12 waiting",
    fault.message,
    "meter/timeout at connector 2",
    "chargetill meter scan looks for it",
    "help +49 30 1234567",
    ...connectors.flatMap(({ id, words: state, energyKwh, endsAt = [], price }) => [
      `Connector ${id} ${state}`,
      ...(energyKwh === undefined ? price : [`${energyKwh} kWh`, "if stopped now 16.06 EUR", "55.46 EUR"]),
      ...endsAt.map(({ at, left }) => `${at}: ${left} left`),
    ]),
  ];

  test(`${scene} and a fault fit 80x24`, () => {
    const [lines = [], ...others] = pagesOf(connectors, 80, 24);
    assert.is(others.length, 0);
    assert.ok(lines.length <= 24);
    for (const line of lines) assert.ok([...line].length <= 80, line);
    for (const one of words) assert.ok(read([lines]).includes(one), `"${one}" is missing in:\n${lines.join("\n")}`);
  });

  test(`${scene} and a fault lose nothing at 60x20`, () => {
    const pages = pagesOf(connectors, 60, 20);
    assert.ok(pages.length <= 2, `${pages.length} pages`);
    for (const lines of pages) {
      assert.ok(lines.length <= 20);
      for (const line of lines) assert.ok([...line].length <= 60, line);
    }
    for (const one of words)
      assert.ok(read(pages).includes(one), `"${one}" is missing in:\n${pages.flat().join("\n")}`);
  });
}

test("a connector that can be paid for by phone names the whole address, in a narrow terminal too", () => {
  const url = "https://pay.example.org/CT-1/1/CN63y502maVh?v=v1&maxenergy=80000";
  const { energyKwh: _, ...idle } = connector;
  const payable = { ...idle, state: "available" as const, words: "free", payment: { url, endsMs: 0 } };
  for (const columns of [100, 50]) {
    const text = framedScreen({ ...snapshot, connectors: [payable] }, columns).join("\n");
    assert.ok(text.replaceAll(/\x1b\[[0-9;]*m|[│\s]/g, "").includes(`paybyphone:${url}`), text);
  }
});

test("a reserved connector says until when, and what that costs, used or not", () => {
  const reserved = (reservation: NonNullable<ConnectorSnapshot["reservation"]>): string =>
    framedScreen({ ...snapshot, connectors: [{ ...free, reservation }] }, 100)
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

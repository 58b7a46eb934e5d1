// A crowd: a car at every connector of one agent, and cards held to its reader faster than people can.
import assert from "node:assert/strict";
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import type { Agenda } from "../../../drivers/bench/world.js";
import { type CardReader, type CardTap, type Clock, sleep } from "../../../drivers/driver.js";
import { Yard } from "./yard.js";

const minuteMs = 60_000;

export type Crowd = {
  readonly connectors: number;
  readonly sales: number;
  readonly benchMs: number;
  readonly tookMs: number;
};

/**
 * A car at each connector with a card of its own; all charge at once and are unplugged in turn. Throws where a mWh is
 * missing.
 */
export async function crowd(connectors: number, chargeMs: number): Promise<Crowd> {
  const uid = (id: number): string => (0x10000000 + id).toString(16).toUpperCase();
  const everyMs = 3_500;
  const agenda = (startMs: number): Agenda =>
    Array.from({ length: connectors }, (_, index) => index + 1).flatMap((id): Agenda => {
      const at = startMs + 1_000 + id * everyMs;
      return [
        { monoMs: at, act: { do: "plug", connector: id, powerW: 7_000 + id * 20, wantsWh: 50_000 } },
        { monoMs: at + 1_000, act: { do: "present", reader: "front", uids: [uid(id)], forMs: 2_500 } },
        { monoMs: at + chargeMs, act: { do: "unplug", connector: id } },
      ];
    });
  const tokens = Array.from({ length: connectors }, (_, index) => ({
    uid: uid(index + 1),
    contractId: `DE-CTL-${index + 1}`,
    valid: true,
    whitelist: "ALWAYS" as const,
  }));
  const yard = await Yard.open({
    connectors,
    agenda,
    readerPollMs: 1_000,
    meterPollMs: 15_000,
    change: (config) => ({ ...config, tokens }),
  });
  try {
    const benchMs = chargeMs + connectors * everyMs + 2 * minuteMs;
    const tookMs = await yard.pass(benchMs);
    const { countedMilliWh, billedMilliWh, sales } = yard.books();
    assert.equal(sales, connectors, "every car has its receipt");
    assert.equal(billedMilliWh, countedMilliWh, "the receipts bill what the meters counted");
    assert.ok(billedMilliWh > connectors * 1_000);
    return { connectors, sales, benchMs, tookMs };
  } finally {
    await yard.close();
  }
}

/** A reader at which so many cards are held in one minute: known ones, a stranger's, and unreadable ones. */
class BusyReader implements CardReader {
  constructor(
    readonly clock: Clock,
    readonly taps_: number,
  ) {}

  async *taps(signal: AbortSignal): AsyncGenerator<CardTap, void, void> {
    const startMs = this.clock.now().monoMs + minuteMs;
    for (let tap = 0; tap < this.taps_; tap += 1) {
      const dueMs = startMs + Math.floor((tap * minuteMs) / this.taps_);
      if (!(await sleep(this.clock, dueMs - this.clock.now().monoMs, signal))) return;
      const moment = this.clock.now();
      yield tap % 4 === 3
        ? { kind: "refused", why: "unreadable", moment }
        : {
            kind: "card",
            uid: [scenarioCards.ada, scenarioCards.stranger, scenarioCards.ben][tap % 4] ?? scenarioCards.ada,
            moment,
          };
    }
    await sleep(this.clock, Number.MAX_SAFE_INTEGER / 2, signal);
  }

  holds(): boolean {
    return false;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export type Taps = {
  readonly taps: number;
  readonly answered: number;
  readonly tookMs: number;
  readonly writtenBytes: number;
  readonly heapMiB: number;
};

/**
 * So many taps in a minute of bench time, while another car charges: each is answered, and the meter is looked at all
 * the while.
 */
export async function tapsInAMinute(taps: number): Promise<Taps> {
  const agenda = (startMs: number): Agenda => [
    { monoMs: startMs + 1_000, act: { do: "plug", connector: 1, powerW: 9_000, wantsWh: 50_000 } },
    { monoMs: startMs + 5 * minuteMs, act: { do: "unplug", connector: 1 } },
  ];
  let answered = 0;
  let requests = 0;
  const yard = await Yard.open({
    connectors: 2,
    meterPollMs: 1_000,
    agenda,
    reader: (clock) => new BusyReader(clock, taps),
    tell: ({ type }) => void (answered += Number(type === "tap")),
  });
  try {
    await yard.pass(minuteMs);
    const [writtenBefore, heapBefore] = [yard.disk.bytesWritten, process.memoryUsage().heapUsed];
    requests = [...yard.bench.rtu.values()].reduce((sum, bus) => sum + bus.requests, 0);
    const tookMs = await yard.pass(minuteMs + 100);
    const asked = [...yard.bench.rtu.values()].reduce((sum, bus) => sum + bus.requests, 0) - requests;
    assert.equal(answered, taps, "every tap is answered");
    assert.ok(asked > 30, `the meter was asked ${asked} times meanwhile`);
    const written = yard.disk.bytesWritten - writtenBefore;
    const heapMiB = (process.memoryUsage().heapUsed - heapBefore) / 1024 / 1024;
    await yard.pass(5 * minuteMs);
    const { countedMilliWh, billedMilliWh } = yard.books();
    assert.equal(billedMilliWh, countedMilliWh);
    return { taps, answered, tookMs, writtenBytes: written, heapMiB };
  } finally {
    await yard.close();
  }
}

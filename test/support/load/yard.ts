// A yard of charge points on one agent, for load: as many connectors as wanted, real files, the bench's devices and its
// time. The disk is not made to flush: here it is asked how much the agent can carry, and crashes are tried elsewhere.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent } from "../../../agent/app/agent.js";
import { milliWhOfKwh } from "../../../agent/core/number/energy-text.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { Book } from "../../../agent/ledger/book/book.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { realFiles } from "../../../agent/ledger/store/files.js";
import type { AgentEvent } from "../../../agent/station/events.js";
import { loadConfig } from "../../../config/load.js";
import type { Config } from "../../../config/schema.js";
import { type Bench, firstWorld, openBench } from "../../../drivers/bench/bench.js";
import { CardField } from "../../../drivers/bench/card-field.js";
import { GpioBoard } from "../../../drivers/bench/gpio-board.js";
import type { Agenda } from "../../../drivers/bench/world.js";
import type { CardReader, Clock } from "../../../drivers/driver.js";
import { QuickReader } from "../street/quick-reader.js";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..");
const lazyFiles = { ...realFiles, fsyncSync: () => undefined, fdatasyncSync: () => undefined };
/** Meters on one line; RS-485 carries 32 of them. */
const metersPerLine = 16;
const pinsEach = 3;
/**
 * A meter's silence is waited for in real time: a machine that is busy with other things must not look like a dead
 * meter.
 */
const patienceMs = 15_000;
/** The demo's meters show whole watt-hours. */
const shownMilliWh = 1_000;

export type YardOptions = {
  readonly connectors?: number;
  readonly metersPerLine?: number;
  readonly meterPollMs?: number;
  readonly readerPollMs?: number;
  readonly agenda?: (startMs: number) => Agenda;
  readonly reader?: (clock: Clock) => CardReader;
  readonly change?: (config: Config) => Config;
  /** Lays down what the state folder holds before the first start. */
  readonly before?: (state: string) => void;
  readonly tell?: (event: AgentEvent, bench: Bench) => void;
  /** Faults are part of the scenario; else one ends it. */
  readonly mayFault?: boolean;
  /** Time goes on while a request is on its way, as the world's does. */
  readonly impatient?: boolean;
  readonly notifier?: { tell(...assignments: readonly string[]): void };
};

export class Yard {
  /** How often each kind of event was told. */
  readonly told = new Map<AgentEvent["type"], number>();
  private constructor(
    readonly bench: Bench,
    readonly agent: Agent,
    readonly disk: Disk,
    readonly folder: string,
    readonly startMs: number,
    readonly startedInMs: number,
  ) {}

  /** Opens an agent on a yard; a fault at its start is thrown. */
  static async open(options: YardOptions = {}): Promise<Yard> {
    const folder = mkdtempSync(join(tmpdir(), "chargetill-load-"));
    const state = join(folder, "state");
    const { loaded, config } = yardConfig(options, state);
    options.before?.(state);
    const quiet = { seed: 1, speed: 0, scenario: "quiet" } as const;
    const world = firstWorld(config, quiet);
    const startMs = world.clock.monoMs;
    const agenda = options.agenda?.(startMs) ?? [];
    const board = new GpioBoard(undefined, config.connectors.length * pinsEach + 1);
    const made = openBench(
      config,
      quiet,
      { saved: () => ({ ...world, agenda }), save: () => undefined, close: () => undefined },
      board,
    );
    const buses: Bench = Object.assign(made, {
      reader: (name: string) =>
        options.reader?.(made.clock) ??
        new QuickReader(made.fields.get(name) ?? new CardField(), made.clock, options.readerPollMs ?? 2_000, 2_000),
    });
    if (options.impatient === true) {
      const { clock } = made;
      const impatient: Clock = {
        now: () => clock.now(),
        at: (monoMs, wake) => clock.at(monoMs, wake),
        busy: (work) => work,
      };
      Object.assign(buses, { clock: impatient, binding: (port: string) => made.rtu.get(port)?.patientBinding });
    }
    const disk = new Disk(lazyFiles);
    const told = new Map<AgentEvent["type"], number>();
    const from = performance.now();
    const agent = await Agent.open(
      { ...loaded, config },
      {
        buses,
        version: "load",
        disk,
        random: () => buses.random(),
        ...(options.notifier === undefined ? {} : { notifier: options.notifier }),
        exit: (code) => assert.fail(`the agent ended with ${code}`),
        emit: (event) => {
          told.set(event.type, (told.get(event.type) ?? 0) + 1);
          if (event.type === "fault" && options.mayFault !== true) assert.fail(`${event.device}: ${event.message}`);
          options.tell?.(event, buses);
        },
      },
    );
    const yard = new Yard(buses, agent, disk, folder, startMs, performance.now() - from);
    Object.assign(yard, { told });
    return yard;
  }

  /** Lets so much bench time pass; answers the real milliseconds that it took. */
  async pass(ms: number): Promise<number> {
    const from = performance.now();
    const { clock } = this.bench;
    await new Promise<void>((resolve) => clock.at(clock.now().monoMs + ms, resolve));
    return performance.now() - from;
  }

  /** What the meters counted and what the receipts bill, in mWh of whole Wh, and the sales. */
  books(): { readonly countedMilliWh: number; readonly billedMilliWh: number; readonly sales: number } {
    const before = firstWorld(this.agentConfig(), { seed: 1, speed: 0, scenario: "quiet" });
    let countedMilliWh = 0;
    for (const [id, outlet] of Object.entries(this.bench.world.state().outlets))
      countedMilliWh += shown(outlet.registerMilliWh) - shown(before.outlets[Number(id)]?.registerMilliWh ?? 0);
    let billedMilliWh = 0;
    let sales = 0;
    for (const { jws, kind } of Book.view(this.disk, join(this.folder, "state", "book")).entries()) {
      if (kind !== "sale") continue;
      const payload = payloadOf(jws);
      if (payload?.kind !== "sale") continue;
      billedMilliWh += milliWhOfKwh(payload.sale.energyKwh) ?? Number.NaN;
      sales += 1;
    }
    return { countedMilliWh, billedMilliWh, sales };
  }

  async close(): Promise<void> {
    await this.agent.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private agentConfig(): Config {
    return yardConfig({ connectors: this.agent.snapshot().connectors.length }, "/nowhere").config;
  }
}

const shown = (milliWh: number): number => Math.floor(milliWh / shownMilliWh) * shownMilliWh;

function yardConfig(
  options: YardOptions,
  state: string,
): { loaded: Extract<ReturnType<typeof loadConfig>, { ok: true }>["loaded"]; config: Config } {
  const read = loadConfig(join(root, "config", "demo.yaml"));
  if (!read.ok) throw new Error("the demo's config cannot be read");
  const { loaded } = read;
  const [model] = loaded.config.connectors;
  const line = loaded.config.serialPorts["rs485"];
  if (model === undefined || line === undefined) throw new Error("the demo's config has no connector");
  const count = options.connectors ?? 1;
  const perLine = options.metersPerLine ?? metersPerLine;
  const lines = Math.ceil(count / perLine);
  const connectors = Array.from({ length: count }, (_, index): Config["connectors"][number] => {
    const { indicator: _lamp, ...rest } = model;
    const pin = (which: number) => ({ gpio: index * pinsEach + which, activeLow: false });
    return {
      ...rest,
      id: index + 1,
      evseId: `DE*CTL*E${String(index + 1).padStart(4, "0")}`,
      meter: {
        ...model.meter,
        port: `line-${Math.floor(index / perLine)}`,
        unit: (index % perLine) + 1,
        poll: options.meterPollMs ?? 10_000,
        timeout: patienceMs,
      },
      contactor: { ...pin(0), feedback: pin(1) },
      plug: pin(2),
    };
  });
  const config: Config = {
    ...loaded.config,
    state,
    socket: join(dirname(state), "control.sock"),
    connectors,
    serialPorts: Object.fromEntries(
      Array.from({ length: lines }, (_, index) => [`line-${index}`, { ...line, path: `/dev/bench-${index}` }]),
    ),
    uplinks: [],
  };
  return { loaded, config: options.change?.(config) ?? config };
}

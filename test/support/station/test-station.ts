// A station for tests: real agent, handlers, lists and ledger over a disk in memory; meter, pins and reader are
// values that a test sets, and time passes only when it is told to.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openServices } from "../../../agent/app/services/open-services.js";
import type { Services } from "../../../agent/app/services/services.js";
import * as ocpp from "../../../agent/app/uplinks/uplink-ocpp.js";
import type { Session } from "../../../agent/core/session/session.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import type { AgentEvent } from "../../../agent/station/events.js";
import type { OnlineCheck } from "../../../agent/sync/station-port.js";
import { type LoadedConfig, loadConfig } from "../../../config/load.js";
import type { Config } from "../../../config/schema.js";
import type { ButtonChange, CardTap, EnergyMeter, Indication, Reading } from "../../../drivers/driver.js";
import { BusTrace } from "../../../drivers/machine/bus-trace.js";
import type { Machine } from "../../../drivers/machine/open-machine.js";
import type { OpenGateway } from "../../../drivers/payment-gateway.js";
import { SteppedClock } from "../time/stepped-clock.js";
import { VolatileFiles } from "../volatile-files.js";

const demo = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..", "config", "demo.yaml");

/** The demo's config without uplinks, changed as a test likes. */
export function testStationConfig(change: (config: Config) => Config = (config) => config): LoadedConfig {
  const read = loadConfig(demo);
  if (!read.ok) throw new Error("the demo's config cannot be read");
  const { config } = read.loaded;
  const { receiptOutput: _, ...quiet } = config;
  return {
    ...read.loaded,
    config: change({ ...quiet, state: "/state", uplinks: [], timing: { ...config.timing, settle: 1_000 } }),
  };
}

/** What hangs on a connector. */
export type Outlet = {
  plugged: boolean;
  closed: boolean;
  energyMilliWh: number;
  powerW: number;
  shown: Indication;
  /** What the auxiliary contact says; undefined = none is wired. */
  feedback: () => boolean | undefined;
  /** Whether its button is held down, where the config has one. */
  buttonDown: boolean;
  changed: () => void;
};

/** Where drivers pay, and what becomes of an error that ends the process; by default the test fails by it. */
export type StationExtras = { readonly gateway?: OpenGateway; readonly die?: (error: unknown) => void };

export class TestStation {
  readonly event: AgentEvent[] = [];
  readonly outlets = new Map<number, Outlet>();
  /** The cards that lie on the readers. */
  readonly heldCards = new Set<string>();
  restarts = 0;
  #ids = 0;
  services: Services;

  constructor(
    readonly loaded: LoadedConfig = testStationConfig(),
    readonly clock = new SteppedClock(),
    readonly files = new VolatileFiles(),
    before?: ReadonlyMap<number, Outlet>,
    readonly checks: readonly OnlineCheck[] = [],
    readonly extras: StationExtras = {},
  ) {
    for (const { id } of loaded.config.connectors)
      this.outlets.set(id, {
        ...(before?.get(id) ?? { plugged: false, energyMilliWh: 1_000_000, powerW: 0 }),
        closed: false,
        shown: "off",
        feedback: () => undefined,
        buttonDown: false,
        changed: () => undefined,
      });
    this.services = openServices({
      loaded,
      machine: this.#machine(),
      kinds: { ocpp },
      disk: new Disk(files),
      version: "test",
      meter: ({ id }) => this.#meter(id),
      newId: () => `S${(this.#ids += 1)}-${this.clock.now().monoMs}`,
      random: () => 0.5,
      whyClosed: () => undefined,
      checks,
      restart: () => (this.restarts += 1),
      emit: (event) => this.event.push(event),
      changed: () => undefined,
      die:
        extras.die ??
        ((error) => {
          throw error;
        }),
    });
  }

  get config(): Config {
    return this.loaded.config;
  }

  session(connector: number): Session {
    const session = this.services.station.session(connector);
    if (session === undefined) throw new Error(`no connector ${connector}`);
    return session;
  }

  outlet(connector: number): Outlet {
    const outlet = this.outlets.get(connector);
    if (outlet === undefined) throw new Error(`no connector ${connector}`);
    return outlet;
  }

  async plug(connector: number, plugged = true): Promise<void> {
    const outlet = this.outlet(connector);
    outlet.plugged = plugged;
    outlet.changed();
    await this.clock.pass(100);
  }

  async tap(uid: string, reader = "front"): Promise<void> {
    this.services.station.cardHandler.tapped(reader, { kind: "card", uid, moment: this.clock.now() });
    await this.clock.pass(100);
  }

  /** The answers to taps so far, newest last. */
  answers(): string[] {
    return this.event.flatMap((event) => (event.type === "tap" ? [event.answer] : []));
  }

  /** A charging car draws what it is given. */
  async charge(connector: number, wattHours: number, seconds = 10): Promise<void> {
    const outlet = this.outlet(connector);
    const powerW = Math.round((wattHours * 3_600) / seconds);
    for (let second = 0; second < seconds; second += 1) {
      if (outlet.closed)
        [outlet.energyMilliWh, outlet.powerW] = [
          outlet.energyMilliWh + Math.round((wattHours * 1000) / seconds),
          powerW,
        ];
      if (!outlet.closed) outlet.powerW = 0;
      await this.clock.pass(1_000);
    }
    outlet.powerW = 0;
  }

  /** The process ends and another one begins on the same disk and the same cars. */
  async again(change: (config: Config) => Config = (config) => config): Promise<TestStation> {
    await this.close();
    return new TestStation(
      { ...this.loaded, config: change(this.config) },
      this.clock,
      this.files.afterKill(),
      this.outlets,
      this.checks,
      this.extras,
    );
  }

  async close(): Promise<void> {
    this.services.remote.close();
    this.services.noShows.close();
    await this.services.onTheSpot?.close();
    const closed = this.services.station.close();
    await this.clock.pass(1_000);
    await closed;
    this.services.journal.close();
  }

  #meter(connector: number): EnergyMeter {
    const serial = `M${connector}`;
    return {
      stepMilliWh: 1_000,
      identify: () => this.clock.busy(Promise.resolve({ vendor: "V", model: "M", serial })),
      read: () =>
        this.clock.busy(
          Promise.resolve().then(
            (): Reading => ({
              moment: this.clock.now(),
              energyMilliWh: this.outlet(connector).energyMilliWh,
              powerW: this.outlet(connector).powerW,
              serial,
            }),
          ),
        ),
      confirm: () => this.clock.busy(Promise.resolve(serial)),
      close: () => Promise.resolve(),
    };
  }

  #machine(): Machine {
    return {
      clock: this.clock,
      wiretap: new BusTrace(this.clock),
      openerTrouble: () => undefined,
      progressed: () => undefined,
      meter: () => {
        throw new Error("meters are handed in");
      },
      lineCounts: () => undefined,
      lendLine: () => {
        throw new Error("no line is lent here");
      },
      pins: ({ id, button }) => {
        const outlet = this.outlet(id);
        return {
          contactor: {
            set: (closed) => void (outlet.closed = closed),
            feedback: () => outlet.feedback(),
            close: () => undefined,
          },
          indicator: { show: (shown) => void (outlet.shown = shown), close: () => undefined },
          plug: {
            plugged: () => outlet.plugged,
            plugs: (signal) => plugsOf(outlet, this.clock, signal),
            close: () => undefined,
          },
          ...(button === undefined
            ? {}
            : { button: { down: () => outlet.buttonDown, presses: noPresses, close: () => undefined } }),
        };
      },
      reader: () =>
        Promise.resolve({
          taps: (signal: AbortSignal) => noTaps(signal),
          holds: (uid: string) => this.heldCards.has(uid),
          close: () => Promise.resolve(),
        }),
      ...(this.extras.gateway === undefined ? {} : { gateway: this.extras.gateway }),
      start: () => undefined,
      close: () => Promise.resolve(),
    };
  }
}

/** Nobody comes by himself: a test taps through the station's own door. */
async function* noTaps(signal: AbortSignal): AsyncGenerator<CardTap> {
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

async function* noPresses(signal: AbortSignal): AsyncGenerator<ButtonChange> {
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

async function* plugsOf(
  outlet: Outlet,
  clock: SteppedClock,
  signal: AbortSignal,
): AsyncGenerator<{ plugged: boolean; moment: ReturnType<SteppedClock["now"]> }> {
  let before: boolean | undefined;
  while (!signal.aborted) {
    if (outlet.plugged !== before) yield { plugged: (before = outlet.plugged), moment: clock.now() };
    else
      await new Promise<void>((resolve) => {
        outlet.changed = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
  }
}

// The whole bench, as a machine: buses, pins, antenna and clock tied to one simulated world, in place of the Pi's.
// Everything above the bytes is the real driver. The world lies in bench.world in the state folder and outlives a
// killed agent.
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadMeterMap } from "../../config/meter-map.js";
import type { BenchConfig, Config, ConnectorConfig } from "../../config/schema.js";
import type { MachineBuses } from "../machine/open-machine.js";
import { BenchClock, type ClockState } from "./bench-clock.js";
import { CardField, simulatedChip } from "./card-field.js";
import { GpioBoard } from "./gpio-board.js";
import { RtuBus } from "./rtu-bus.js";
import { demoScenario, scenarioStartsAt } from "./scenario.js";
import { World, type WorldState } from "./world.js";
import { WorldFile, type WorldKeeper } from "./world-file.js";

export type Bench = MachineBuses & {
  readonly clock: BenchClock;
  readonly world: World;
  readonly rtu: ReadonlyMap<string, RtuBus>;
  readonly fields: ReadonlyMap<string, CardField>;
  readonly board: GpioBoard;
  /** Told when the scenario lets the backend go away or come back; awaited in the bench's time. */
  onBackend: (away: boolean) => Promise<void>;
  /** Told when the scenario holds a bank card to the terminal; awaited in the bench's time. */
  onBankCard: (card: "cleo") => Promise<void>;
  /** A number in [0, 1) of the bench's own sequence, for jitter. */
  random(): number;
};

const worldPath = (folder: string): string => join(folder, "bench.world");

/** The bench as it was left in a state folder, for one look at it: nothing is made, written or kept there. */
export function viewBench(config: Config, bench: BenchConfig, folder: string): Bench {
  const path = worldPath(folder);
  const file = existsSync(path) ? new WorldFile<WorldState>(path) : undefined;
  const world = file?.saved() ?? null;
  file?.close();
  return openBench(config, bench, { saved: () => world, save: () => undefined, close: () => undefined });
}

/**
 * Sets up the bench for a config; with a world kept from before, it goes on where that stopped. Time stands still until
 * `start`. `kept` = the folder of the world's file, or another keeper; `board` = other pins than a Pi's header.
 */
export function openBench(
  config: Config,
  bench: BenchConfig,
  kept: string | WorldKeeper<WorldState>,
  board = new GpioBoard(),
): Bench {
  const file = typeof kept === "string" ? new WorldFile<WorldState>(worldPath(kept)) : kept;
  const state = file.saved() ?? firstWorld(config, bench);
  const clock = new BenchClock(state.clock, bench.speed);
  const fields = new Map(Object.keys(config.readers).map((name) => [name, new CardField()]));
  const world = new World(
    clock,
    {
      ...worldPins(config, board),
      field: (reader, uids) => fields.get(reader)?.present(uids.map((uid) => Buffer.from(uid, "hex"))),
      backendAway: (away) => void clock.busy(made.onBackend(away)),
      bankCard: (card) => void clock.busy(made.onBankCard(card)),
      cards: config.tokens.map(({ uid }) => uid),
      save: (saved) => file.save(saved),
    },
    state,
  );
  board.onOutput(({ gpio }) => {
    const wired = config.connectors.find((one) => one.contactor.gpio === gpio);
    if (wired === undefined) return;
    world.contactor(wired.id, board.isActive(wired.contactor));
  });
  const rtu = meterBuses(config, bench, world);
  let jitter = bench.seed;
  let running = Promise.resolve();
  const made: Bench = {
    clock,
    world,
    rtu,
    fields,
    board,
    gpio: () => board,
    binding: (port) => rtu.get(port)?.binding,
    spi: (reader) => simulatedChip((fields.get(reader) ?? new CardField()).buffer),
    stillLamps: bench.speed === 0,
    onBackend: () => Promise.resolve(),
    onBankCard: () => Promise.resolve(),
    random: () => {
      jitter = (jitter * 16_807 + 11) % 2_147_483_647;
      return jitter / 2_147_483_647;
    },
    start: () => {
      world.start();
      running = clock.run();
    },
    close: async () => {
      clock.stop();
      await running;
      file.close();
    },
  };
  return made;
}

/** What the world does to the pins of a connector. */
function worldPins(
  config: Config,
  board: GpioBoard,
): Pick<ConstructorParameters<typeof World>[1], "plugged" | "pressed" | "contacts" | "readerOf"> {
  const connector = (id: number): ConnectorConfig => {
    const found = config.connectors.find((one) => one.id === id);
    if (found === undefined) throw new Error(`the bench has no connector ${id}`);
    return found;
  };
  return {
    plugged: (id, plugged) => board.driveActive(connector(id).plug, plugged),
    pressed: (id, pressed) => {
      const { button } = connector(id);
      if (button !== undefined) board.driveActive(button, pressed);
    },
    contacts: (id, closed) => {
      const { feedback } = connector(id).contactor;
      if (feedback !== undefined) board.driveActive(feedback, closed);
    },
    readerOf: (id) => connector(id).reader,
  };
}

/** A bus for each serial port, with its meters on it; their serial numbers follow from the seed. */
function meterBuses(config: Config, bench: BenchConfig, world: World): Bench["rtu"] {
  const buses = new Map(
    Object.entries(config.serialPorts).map(([name, { baud, parity }]) => [
      name,
      new RtuBus({ baudRate: baud, parity }),
    ]),
  );
  for (const { id, meter } of config.connectors) {
    const serial = String(23_000_000 + ((bench.seed * 31) % 100_000) * 64 + id);
    const values = (): ReturnType<World["meterValues"]> & { serial: string } => ({ ...world.meterValues(id), serial });
    buses.get(meter.port)?.attach(meter.unit, loadMeterMap(meter.model), values);
  }
  return buses;
}

/** The world before anything happened: no car, nobody at the reader, and the scenario's agenda before it. */
export function firstWorld(config: Config, bench: BenchConfig): WorldState {
  const clock: ClockState = { at: scenarioStartsAt, monoMs: 10_000, boot: randomUUID(), trust: "synced" };
  const reader = config.connectors[0]?.reader ?? "front";
  return {
    clock,
    random: bench.seed,
    outlets: Object.fromEntries(
      config.connectors.map(({ id }) => [
        id,
        {
          car: null,
          registerMilliWh: (1_234_000 + id * 111_000 + (bench.seed % 1000)) * 1000,
          restMilliWms: 0,
          sinceMs: clock.monoMs,
        },
      ]),
    ),
    coils: {},
    stuck: {},
    backendAway: false,
    scenarioEnded: false,
    agenda:
      bench.scenario === "demo" ? demoScenario(clock.monoMs, bench.seed, reader, config.terminal !== undefined) : [],
  };
}

// A street with one charge point, in memory: the world, the backend and the disk live here; agents come and go on them.
// An agent's life ends as told: by itself, by a kill, or by a power cut at any operation of its disk. Then the next one
// starts on what is left.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent } from "../../../agent/app/agent.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import type { AgentEvent } from "../../../agent/station/events.js";
import { type LoadedConfig, loadConfig } from "../../../config/load.js";
import type { Config } from "../../../config/schema.js";
import { Backend } from "../../../drivers/bench/backend.js";
import { type Bench, firstWorld, openBench } from "../../../drivers/bench/bench.js";
import { CardField } from "../../../drivers/bench/card-field.js";
import { GpioBoard } from "../../../drivers/bench/gpio-board.js";
import type { Agenda, WorldState } from "../../../drivers/bench/world.js";
import type { WorldKeeper } from "../../../drivers/bench/world-file.js";
import { noCardPresent } from "../../../drivers/rfid/card-presence.js";
import { type Cut, PowerCut, VolatileFiles, type Wishes } from "../volatile-files.js";
import { QuickReader } from "./quick-reader.js";

export const stateFolder = "/state";
const demoConfig = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..", "config", "demo.yaml");
/** Bench time after the scenario's end in which everything must be settled and sent. */
const settleWithinMs = 15 * 60_000;
const lookEveryMs = 1_000;
/** More than a Pi has: a scenario may have as many connectors as a config. */
const mostPins = 256;

/** What the outside world has seen, and may from then on rely on. */
export type Seen = {
  /** Sessions of which a driver was told that they began. */
  readonly began: Set<string>;
  /** Receipt number -> the signed bytes that were handed out. */
  readonly receipts: Map<number, string>;
  /** Receipt number -> how many copies had been sent in all when its acknowledgement was told. */
  readonly acknowledged: Map<number, number>;
  readonly event: AgentEvent[];
};

export type Ended = {
  readonly how: "scenario-over" | "cut" | "exit" | "stuck";
  readonly code?: number;
  readonly why?: string;
};

export type StreetOptions = {
  readonly seed?: number;
  readonly agenda: (startMs: number) => Agenda;
  /** Bench milliseconds from the start to the end of the scenario. */
  readonly scenarioMs: number;
  /** The wall clock at the start, epoch ms. */
  readonly startsAt?: number;
  readonly change?: (config: Config) => Config;
  readonly wishes?: Wishes;
  /** Other devices than the config's, connected before an agent asks for them. */
  readonly wire?: (bench: Bench) => void;
};

let backends = 0;

/** A backend with a token of its own: no other street's agent is taken for one of its own. */
async function backendOf(folder: string): Promise<{ readonly backend: Backend; readonly tokenFile: string }> {
  const token = `street-${process.pid}-${++backends}`;
  const tokenFile = join(folder, token);
  writeFileSync(tokenFile, `${token}\n`);
  return { backend: await Backend.open({ token }), tokenFile };
}

export class Street {
  readonly seen: Seen = { began: new Set(), receipts: new Map(), acknowledged: new Map(), event: [] };
  /** The street as the first agent found it. */
  readonly before: WorldState;
  world: WorldState;
  files: VolatileFiles;
  lives = 0;
  forked = false;
  /** What the disk does to every write from now on: fails with a code, takes its time at every fsync. */
  readonly disk: { code: "EIO" | "EROFS" | "EMFILE" | undefined; slowMs: number } = { code: undefined, slowMs: 0 };
  bench: Bench | undefined;
  agent: Agent | undefined;
  /** The disk of the agent that lives, with its counts. */
  agentDisk: Disk | undefined;
  endMs: number;

  private constructor(
    readonly loaded: LoadedConfig,
    readonly backend: Backend,
    readonly folder: string,
    readonly options: StreetOptions,
    from?: { readonly world: WorldState; readonly files: VolatileFiles },
  ) {
    const blank = firstWorld(loaded.config, { seed: options.seed ?? 1, speed: 0, scenario: "quiet" });
    const clock = {
      ...blank.clock,
      boot: "boot-1",
      ...(options.startsAt === undefined ? {} : { at: options.startsAt }),
    };
    this.before = { ...blank, clock, agenda: options.agenda(clock.monoMs) };
    this.world = from?.world ?? this.before;
    this.files = from?.files ?? new VolatileFiles(options.wishes ?? {});
    this.endMs = clock.monoMs + options.scenarioMs;
  }

  static async open(options: StreetOptions): Promise<Street> {
    const read = loadConfig(demoConfig);
    if (!read.ok) throw new Error("the demo's config cannot be read");
    const folder = mkdtempSync(join(tmpdir(), "chargetill-street-"));
    const { backend, tokenFile } = await backendOf(folder);
    const { config } = read.loaded;
    const quick: Config = {
      ...config,
      state: stateFolder,
      socket: join(folder, "control.sock"),
      readers: { front: { driver: "mfrc522", spi: { bus: 0, device: 0 }, poll: 1_000, debounce: 2_000 } },
      connectors: config.connectors.map((one) => ({
        ...one,
        meter: { ...one.meter, poll: 5_000, timeout: 5_000, lostAfter: 20_000 },
      })),
      timing: { ...config.timing, journalReading: 10_000 },
      uplinks: config.uplinks.map((uplink) => ({
        ...uplink,
        url: backend.url,
        tokenFile,
        backoff: { first: 5_000, most: 30_000 },
      })),
    };
    const loaded: LoadedConfig = { ...read.loaded, config: options.change?.(quick) ?? quick };
    return new Street(loaded, backend, folder, options);
  }

  /**
   * Lets one agent live until the scenario is over and all is settled and sent, or until its end comes otherwise. `look`
   * comes after every change.
   */
  async live(
    limits: {
      readonly untilMs?: number;
      readonly during?: (bench: Bench, agent: Agent) => void;
      readonly look?: (bench: Bench, agent: Agent) => void;
      readonly nothingParked?: boolean;
    } = {},
  ): Promise<Ended> {
    this.lives += 1;
    const { files } = this;
    let over: (ended: Ended) => void = () => undefined;
    const ended = new Promise<Ended>((resolve) => (over = resolve));
    let frozen: WorldState | undefined;
    const freeze = (how: Ended): void => {
      frozen ??= bench.world.state();
      bench.clock.stop();
      over(how);
    };
    const keeper: WorldKeeper<WorldState> = { saved: () => this.world, save: () => undefined, close: () => undefined };
    const made = openBench(
      this.loaded.config,
      { seed: this.options.seed ?? 1, speed: 0, scenario: "quiet" },
      keeper,
      new GpioBoard(undefined, mostPins),
    );
    const memory = { presence: noCardPresent };
    const { poll, debounce } = this.loaded.config.readers["front"] ?? { poll: 1_000, debounce: 2_000 };
    const bench: Bench = Object.assign(made, {
      reader: (name: string) =>
        new QuickReader(made.fields.get(name) ?? new CardField(), made.clock, poll, debounce, memory),
      onBackend: (away: boolean) => this.backend.become(away ? 503 : "well"),
    });
    this.bench = bench;
    this.options.wire?.(bench);
    const life = this.lives;
    const bornMs = bench.clock.now().monoMs;
    let ids = 0;
    const disk = new Disk(
      watched(
        files,
        () => freeze({ how: "cut" }),
        this.disk,
        (ms) => bench.clock.hold(ms),
      ),
    );
    this.agentDisk = disk;
    let living: Agent | undefined;
    let wrong: unknown;
    let lookWaits = false;
    // After all that belongs to the change is told.
    const changed = (): void => {
      if (limits.look === undefined || lookWaits) return;
      lookWaits = true;
      setImmediate(() => {
        lookWaits = false;
        if (frozen !== undefined || living === undefined) return;
        try {
          limits.look?.(bench, living);
        } catch (error) {
          wrong = error;
          freeze({ how: "stuck", why: "the books are wrong" });
        }
      });
    };
    try {
      const agent = await Agent.open(this.loaded, {
        buses: bench,
        version: "test",
        disk,
        random: () => bench.random(),
        newId: () => `${String(life).padStart(8, "0")}-${String((ids += 1)).padStart(4, "0")}-4000-8000-000000000000`,
        emit: (event) => this.#hear(event, files, frozen !== undefined),
        exit: (code) => freeze({ how: "exit", code }),
        changed,
      });
      this.agent = living = agent;
      limits.during?.(bench, agent);
      const look = (): void => {
        if (frozen !== undefined) return;
        const { monoMs } = bench.clock.now();
        if (limits.untilMs !== undefined && monoMs >= limits.untilMs) return freeze({ how: "scenario-over" });
        if (
          monoMs >= this.endMs &&
          isQuiet(agent) &&
          (limits.nothingParked !== true || agent.snapshot().uplinks.every(({ parked }) => parked.length === 0))
        )
          return freeze({ how: "scenario-over" });
        if (monoMs > Math.max(this.endMs, bornMs) + settleWithinMs)
          return freeze({
            how: "stuck",
            why:
              JSON.stringify(agent.snapshot().connectors.map(({ state }) => state)) + (agent.snapshot().closed ?? ""),
          });
        bench.clock.at(monoMs + lookEveryMs, look);
      };
      bench.clock.at(bench.clock.now().monoMs + lookEveryMs, look);
      const how = await ended;
      await agent.close();
      if (wrong !== undefined) throw wrong;
      return how;
    } catch (error) {
      // Trouble at the start ends no agent: only a cut does.
      if (!files.wasCut) throw error;
      frozen ??= bench.world.state();
      await bench.close();
      return { how: "cut" };
    } finally {
      this.world = { ...(frozen ?? bench.world.state()) };
    }
  }

  /** The street goes on: more happens from now on, until `scenarioMs` later. Cars, registers, books and backend stay. */
  goOn(agenda: (startMs: number) => Agenda, scenarioMs: number): void {
    const { monoMs } = this.world.clock;
    this.world = { ...this.world, agenda: [...this.world.agenda, ...agenda(monoMs)] };
    this.endMs = monoMs + scenarioMs;
  }

  /** The power is off and on again: coils fall, the boot is another one, unsynced bytes meet their fate. */
  powerCut(cut: Cut | "hard", outageMs = 20_000, wishes: Wishes = {}): void {
    this.files = cut === "hard" ? this.files.afterHardCut(wishes) : this.files.afterCut(cut, wishes);
    const { clock } = this.world;
    // The monotonic clock goes on, so that the agenda can; under another boot's name nobody may compare it with the one
    // before.
    const outlets = Object.fromEntries(
      Object.entries(this.world.outlets).map(([id, outlet]) => [id, { ...outlet, sinceMs: clock.monoMs + outageMs }]),
    );
    this.world = {
      ...this.world,
      coils: {},
      outlets,
      clock: {
        ...clock,
        at: clock.at + outageMs,
        monoMs: clock.monoMs + outageMs,
        boot: `${clock.boot.split("/")[0]}/${this.lives}`,
      },
    };
  }

  /** The process ended and the machine ran on: pins stay as they were, and power flows, until the next start. */
  restarted(wishes: Wishes = {}): void {
    this.files = this.files.afterKill(wishes);
  }

  /** Another street on a copy of this one, so that a cut can be tried in several ways. */
  async fork(): Promise<Street> {
    const { backend, tokenFile } = await backendOf(this.folder);
    backend.posts.push(...this.backend.posts);
    for (const [id, body] of this.backend.cdrs) backend.cdrs.set(id, body);
    const { config } = this.loaded;
    const loaded = {
      ...this.loaded,
      config: { ...config, uplinks: config.uplinks.map((uplink) => ({ ...uplink, url: backend.url, tokenFile })) },
    };
    const other = new Street(loaded, backend, this.folder, this.options, { world: this.world, files: this.files });
    for (const id of this.seen.began) other.seen.began.add(id);
    for (const [number, jws] of this.seen.receipts) other.seen.receipts.set(number, jws);
    for (const [number, sent] of this.seen.acknowledged) other.seen.acknowledged.set(number, sent);
    other.seen.event.push(...this.seen.event);
    other.lives = this.lives;
    other.forked = true;
    return other;
  }

  /** A fork leaves the folder to the street that it was made from. */
  async close(): Promise<void> {
    await this.backend.close();
    if (!this.forked) rmSync(this.folder, { recursive: true, force: true });
  }

  #hear(event: AgentEvent, files: VolatileFiles, isDead: boolean): void {
    // What a process says after its power is off, nobody hears.
    if (isDead) return;
    this.seen.event.push(event);
    if (event.type === "session-began") this.seen.began.add(event.session);
    if (event.type === "uploaded" && !this.seen.acknowledged.has(event.number))
      this.seen.acknowledged.set(event.number, this.backend.posts.length);
    if (event.type !== "receipt") return;
    const { jws } = JSON.parse(files.peek(event.file).toString("utf8")) as { jws: string };
    this.seen.receipts.set(event.number, jws);
  }
}

/** All sold, settled and sent, no car waiting to be served. */
function isQuiet(agent: Agent): boolean {
  const { connectors, selling } = agent.snapshot();
  return (
    selling &&
    agent.synced() &&
    connectors.every(
      ({ state }) => state === "available" || state === "occupied" || state === "finishing" || state === "out-of-order",
    )
  );
}

const writing = new Set([
  "writeSync",
  "fsyncSync",
  "fdatasyncSync",
  "ftruncateSync",
  "renameSync",
  "linkSync",
  "unlinkSync",
  "mkdirSync",
]);

/**
 * The same files on a disk with its troubles; `cut` is told as soon as an operation meets the power cut, `hold` how
 * long one takes.
 */
function watched(
  files: VolatileFiles,
  cut: () => void,
  disk: Street["disk"],
  hold: (ms: number) => void,
): VolatileFiles {
  return new Proxy(files, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => {
        const writes = writing.has(String(key));
        if (writes && disk.code !== undefined)
          throw Object.assign(new Error(`${disk.code}: simulated, ${String(key)}`), { code: disk.code });
        if (disk.slowMs > 0 && String(key).endsWith("syncSync")) hold(disk.slowMs);
        try {
          return Reflect.apply(value, target, given);
        } catch (error) {
          if (error instanceof PowerCut) cut();
          throw error;
        }
      };
    },
  });
}

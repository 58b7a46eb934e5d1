// The one place where parts are made and tied: ledger, key, cash desk, outboxes and station over the devices of a
// machine. A fault at start does not end the process: contactors stay open, nothing is sold, the fault is shown, and it
// is tried again.
import { randomUUID } from "node:crypto";
import type { LoadedConfig } from "../../config/load.js";
import type { ConnectorConfig } from "../../config/schema.js";
import { DeviceError, type EnergyMeter, type FaultCode } from "../../drivers/driver.js";
import { closePins, type Machine, type MachineBuses, openMachine } from "../../drivers/machine/open.js";
import {
  type ControlAnswer,
  type ControlRequest,
  ControlServer,
  socketPath,
  spareSocketPath,
} from "../control/control-socket.js";
import { StateLock } from "../control/state-lock.js";
import { Failure } from "../core/failure.js";
import { reservedFor } from "../core/session/backend-orders.js";
import { isBusy } from "../core/session/session.js";
import { isChosen, waitingFor } from "../core/session/station-state.js";
import { Disk } from "../ledger/store/disk.js";
import { refusedChanges } from "../station/config-reload.js";
import type { AgentEvent } from "../station/events.js";
import { connectorSnapshot, type Snapshot } from "../station/snapshot.js";
import { type LogSwitch, TraceSessions } from "../technician/trace-sessions.js";
import { answerControlRequest } from "./control-handlers.js";
import { CronJob } from "./cron-job.js";
import { Maintenance } from "./maintenance.js";
import { openServices, type Services } from "./services.js";
import { SystemdNotifier } from "./systemd-notify.js";
import { loadUplinkKinds, type UplinkKinds } from "./uplinks/uplinks.js";
import { pingEveryMs, Watchdog } from "./watchdog.js";
import { watchdogLimitMs } from "./watchdog-limits.js";

export type AgentOptions = {
  readonly buses: MachineBuses;
  readonly version: string;
  readonly tell: (event: AgentEvent) => void;
  readonly changed?: () => void;
  /** In [0, 1): jitter of back-offs. */
  readonly random?: () => number;
  readonly newId?: () => string;
  readonly disk?: Disk;
  /** The log, where somebody may turn its level. */
  readonly log?: LogSwitch;
  /** In place of systemd's. */
  readonly notifier?: Pick<SystemdNotifier, "tell"> & Partial<Pick<SystemdNotifier, "tellNow">>;
  /** The process cannot go on; contactors are open. */
  readonly exit: (code: number) => void;
};

const firstRetryMs = 5_000;
const longestRetryMs = 60_000;

export class Agent {
  #loaded: LoadedConfig;
  readonly #options: AgentOptions;
  readonly #machine: Machine;
  readonly #kinds: UplinkKinds;
  readonly #disk: Disk;
  #lock: StateLock | undefined;
  readonly #notifier: NonNullable<AgentOptions["notifier"]>;
  readonly #watchdog = new Watchdog(() => this.#notifier.tellNow?.("WATCHDOG=1"));
  readonly #meters = new Map<number, EnergyMeter>();
  readonly #housekeeping: Maintenance;
  readonly #watch: TraceSessions;
  #control: ControlServer | undefined;
  /** The pins that are held while there is no shop. */
  readonly #held: Parameters<typeof closePins>[0][] = [];
  /** What was told of them last, so that each try to open does not tell it again. */
  readonly #told = new Map<string, string>();
  #opensControl = false;
  #services: Services | undefined;
  #closed: { readonly code: FaultCode; readonly message: string } | undefined;
  #retry: (() => void) | undefined;
  #ending = false;
  #draining = false;
  readonly #timers: (() => void)[] = [];

  private constructor(loaded: LoadedConfig, options: AgentOptions, disk: Disk, machine: Machine, kinds: UplinkKinds) {
    this.#loaded = loaded;
    this.#options = options;
    this.#notifier =
      options.notifier ??
      new SystemdNotifier({ failed: (text) => options.tell({ news: "note", at: machine.clock.now().at, text }) });
    this.#disk = disk;
    this.#machine = machine;
    this.#kinds = kinds;
    disk.onSync = () => this.#watchdog.synced(machine.clock.now().monoMs);
    this.#watch = new TraceSessions(loaded.config, machine, options.log);
    this.#housekeeping = new Maintenance({
      clock: machine.clock,
      disk,
      config: loaded.config,
      schedule: (expression, work) => new CronJob(expression, () => this.#guard(work)),
      outboxSchedules: loaded.config.uplinks.map((uplink) => uplink.schedule),
      services: () => this.#services,
      tell: (event) => this.#options.tell(event),
      changed: () => {
        this.#services?.station.relight();
        this.#options.changed?.();
      },
      die: (error) => this.#die(error),
    });
  }

  /**
   * Takes the state folder's lock and opens for business, now or as soon as it can: a disk that is full or failing ends
   * nothing, it keeps the contactors open. Throws Failure state/locked where another agent runs.
   */
  static async open(loaded: LoadedConfig, options: AgentOptions): Promise<Agent> {
    const passed = (model: string, serial: string): boolean =>
      agent.#services?.acceptedMeters.has(model, serial) === true;
    const agent: Agent = new Agent(
      loaded,
      options,
      options.disk ?? new Disk(),
      await openMachine(loaded.config, options.buses, passed),
      await loadUplinkKinds(loaded.config),
    );
    agent.#refuseSecond();
    agent.#machine.start();
    try {
      agent.#openShop(firstRetryMs);
    } catch (error) {
      await agent.#machine.close();
      throw error;
    }
    await agent.#openControl();
    agent.#everyMs(pingEveryMs, () => agent.#ping());
    return agent;
  }

  /** Asked before anything is touched, and without a write: a full disk must not hide that another agent runs. */
  #refuseSecond(): void {
    const { state } = this.#loaded.config;
    let holder: ReturnType<typeof StateLock.holder>;
    try {
      holder = StateLock.holder(state, this.#disk.files);
    } catch (error) {
      // A disk that cannot even be read is met again when the lock is taken, with contactors open.
      if (!(error instanceof Failure)) throw error;
    }
    if (holder !== undefined && holder.pid !== process.pid)
      StateLock.take(state, this.#machine.clock.now().at, this.#disk.files);
  }

  /**
   * Without its socket an agent sells as well as with it, but cannot be asked: it is tried again each minute, and where
   * the state folder takes none a spare one stands in. Without the lock the folder's socket may be another agent's.
   */
  async #openControl(): Promise<void> {
    const own = socketPath(this.#loaded);
    if (this.#ending || this.#opensControl || this.#control?.path === own) return;
    this.#opensControl = true;
    const opened =
      (this.#lock === undefined ? undefined : await this.#listen(own)) ??
      (this.#control === undefined ? await this.#listen(spareSocketPath(own)) : undefined);
    this.#opensControl = false;
    if (opened === undefined) return;
    const before = this.#control;
    this.#control = opened;
    await before?.close();
    if (this.#ending) await opened.close();
  }

  async #listen(path: string): Promise<ControlServer | undefined> {
    try {
      return await ControlServer.open(path, async (request) => this.#watch.answer(request) ?? this.#answer(request));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // Where nobody made the folder of the spare one, there is none.
      if (path === socketPath(this.#loaded))
        this.#options.tell({
          news: "fault",
          at: this.#machine.clock.now().at,
          device: "station",
          code: faultCodeOf(error),
          message: error.message,
        });
      return undefined;
    }
  }

  snapshot(): Snapshot {
    const { config } = this.#loaded;
    const station = this.#services?.station;
    const uplinks = this.#services?.outboxes.map((outbox) => outbox.status()) ?? [];
    const moment = this.#machine.clock.now();
    const blocked = this.#whyClosed();
    return {
      moment,
      version: this.#options.version,
      station: config.station.id,
      operator: config.station.operator.name,
      helpline: config.station.operator.helpline,
      timeZone: config.station.timeZone,
      selling: blocked === undefined,
      ...(blocked === undefined ? {} : { closed: blocked }),
      receipts: this.#services?.book.count() ?? 0,
      keyId: this.#services?.issuer.keyId ?? "",
      offline: uplinks.some(
        ({ reachability }) =>
          reachability === "offline" || reachability === "unauthorised" || reachability === "unsure",
      ),
      uplinks,
      ...this.#housekeeping.figures(),
      faults: [
        ...this.#housekeeping.faults(),
        ...(station?.faults.all() ??
          (this.#closed === undefined ? [] : [{ device: "station", ...this.#closed, sinceMs: moment.at }])),
      ],
      connectors: config.connectors.map((connector) => {
        const point = station?.points.get(connector.id);
        const stationState = station?.stationState();
        const waiting =
          stationState === undefined ? undefined : waitingFor(stationState, connector.id, connector.reader);
        return connectorSnapshot(connector, {
          session: station?.session(connector.id) ?? { state: "available" },
          liveReading: point?.liveReading(),
          lowSinceMs: point?.activity().lowSinceMs ?? null,
          idleFreeForMs: config.timing.idleAfter + config.timing.idleGrace,
          cardWaits: waiting?.acceptance.token.uid,
          blocked: blocked ?? station?.feed().blocked(connector.id),
          chosen: stationState !== undefined && isChosen(stationState, connector.id, connector.reader),
          checking: station?.readers.asks(connector.reader) ?? false,
          reserved:
            stationState === undefined
              ? undefined
              : reservedFor(stationState.orders, stationState.sessions, connector.id, undefined, moment.at),
          price: this.#services?.activeTariffs.lines(connector, moment) ?? [],
        });
      }),
    };
  }

  /**
   * Takes up changed tariffs and cards for sessions to come; those that run keep the price they began with. Answers why
   * nothing was taken up: anything else in the file needs a restart, and a file that is half taken up would be neither
   * the old nor the new.
   */
  reload(next: LoadedConfig): readonly string[] {
    const refused = refusedChanges(this.#loaded.config, next.config);
    if (refused.length > 0) return refused;
    try {
      this.#services?.activeTariffs.reload(next);
      this.#loaded = next;
      this.#services?.cards.configured(next.config.tokens);
      this.#options.changed?.();
      return [];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return error.message.split("\n");
    }
  }

  /** Opens all contactors and lets go of everything. Open sessions stay in the journal; the next start ends them. */
  async close(): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#notifier.tell("STOPPING=1");
    this.#services?.station.openAll();
    this.#retry?.();
    this.#letGoOfHeld();
    for (const cancel of this.#timers) cancel();
    this.#housekeeping.close();
    this.#services?.remote.close();
    await this.#services?.station.close();
    await Promise.all(
      [
        ...(this.#services?.paymentLines.map(({ outbox }) => outbox) ?? []),
        ...(this.#services?.outboxes ?? []),
        ...(this.#services?.pulls ?? []),
      ].map((one) => one.stop()),
    );
    for (const check of this.#services?.checks ?? []) check.close?.();
    this.#services?.journal.close();
    await this.#control?.close();
    this.#watch.close();
    await this.#machine.close();
    this.#lock?.release();
  }

  /** The remote word: stops a session. Answers what is true: null = it is stopping, else why not. */
  stop(connector: number): string | null {
    return this.#services === undefined
      ? (this.#whyClosed() ?? "the station is not open")
      : this.#services.station.stop(connector);
  }

  /** True when nothing is left to send. */
  synced(): boolean {
    return this.#services?.outboxes.every((outbox) => outbox.status().waiting === 0) ?? false;
  }

  /** The nightly work, at once: for a soak that lives through years. */
  archive(): void {
    this.#housekeeping.archive();
  }

  /** For what nobody caught: contactors open, then `exit` is asked for. */
  fail(error: unknown): void {
    this.#die(error);
  }

  // ---- opening

  #openShop(retryMs: number): void {
    const { clock } = this.#machine;
    this.#letGoOfHeld();
    try {
      this.#disk.makeFolder(this.#loaded.config.state);
      this.#lock ??= StateLock.take(this.#loaded.config.state, clock.now().at, this.#disk.files);
      // What a crash left closed opens before anything is proven, which takes its time.
      this.#openContactors();
      this.#services = this.#open();
      this.#closed = undefined;
    } catch (error) {
      if (!(error instanceof Failure) && !(error instanceof DeviceError)) throw error;
      // The pins are another agent's.
      if (error.code === "state/locked") throw error;
      // What was begun is settled in the room that was kept for it.
      if (error.code === "disk/full" && this.#housekeeping.spendReserve()) return this.#openShop(retryMs);
      const news = this.#closed?.message !== error.message;
      this.#closed = { code: faultCodeOf(error), message: error.message };
      if (news) this.#options.tell({ news: "fault", at: clock.now().at, device: "station", ...this.#closed });
      // systemd is told that we run: a fault that only a person can mend is no reason to be restarted.
      this.#notifier.tell("READY=1", `STATUS=not selling: ${error.message.split("\n")[0]}`);
      this.#holdOpen();
      this.#retry = clock.at(clock.now().monoMs + retryMs, () => {
        this.#guard(() => this.#openShop(Math.min(retryMs * 2, longestRetryMs)));
        void this.#openControl();
      });
    }
    // Outside: a fault in what follows must never open a second shop over the first.
    if (this.#services !== undefined) {
      this.#everyMs(60_000, () => {
        this.#housekeeping.minute();
        void this.#openControl();
      });
      this.#housekeeping.minute();
      this.#notifier.tell("READY=1", "STATUS=selling");
    }
    this.#options.changed?.();
  }

  /** The pins are ours alone from the lock on. A pin that fails here is told by whoever keeps it open. */
  #openContactors(): void {
    for (const connector of this.#loaded.config.connectors) {
      try {
        const pins = this.#machine.pins(connector);
        try {
          pins.contactor.set(false);
        } finally {
          closePins(pins);
        }
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
      }
    }
  }

  /**
   * Without a shop the contactors are still ours to open, and the lamps to say that nothing is sold; both are held
   * until the next try.
   */
  #holdOpen(): void {
    for (const connector of this.#loaded.config.connectors) {
      try {
        const pins = this.#machine.pins(connector);
        this.#held.push(pins);
        pins.contactor.set(false);
        pins.indicator.show("fault");
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        const device = `connector ${connector.id}`;
        if (this.#told.get(device) !== error.message)
          this.#options.tell({
            news: "fault",
            at: this.#machine.clock.now().at,
            device,
            code: error.code,
            message: error.message,
          });
        this.#told.set(device, error.message);
      }
    }
  }

  /** Whoever opens the shop opens the pins. */
  #letGoOfHeld(): void {
    for (const pins of this.#held.splice(0)) {
      try {
        closePins(pins);
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
      }
    }
  }

  #open(): Services {
    const { tell, version, random = Math.random, newId = randomUUID } = this.#options;
    return openServices({
      loaded: this.#loaded,
      machine: this.#machine,
      kinds: this.#kinds,
      disk: this.#disk,
      version,
      meter: (connector) => this.#meter(connector),
      newId,
      random,
      whyClosed: () => this.#whyClosed(),
      restart: () => this.#options.exit(0),
      tell,
      changed: () => this.#options.changed?.(),
      die: (error) => this.#die(error),
    });
  }

  #meter(connector: ConnectorConfig): EnergyMeter {
    const meter = this.#meters.get(connector.id) ?? this.#machine.meter(connector);
    this.#meters.set(connector.id, meter);
    return meter;
  }

  // ---- running

  #whyClosed(): string | undefined {
    if (this.#closed !== undefined) return this.#closed.message;
    if (this.#ending) return "the station is closing";
    if (this.#draining) return "the station is being drained: no new sessions";
    return this.#housekeeping.whyClosed();
  }

  #die(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const named = error instanceof Failure || error instanceof DeviceError;
    const code = named ? faultCodeOf(error) : "disk/failed";
    this.#services?.station.halt();
    this.#options.tell({ news: "fault", at: this.#machine.clock.now().at, device: "station", code, message });
    // A broken promise of ours is worth its stack; trouble with a name is not.
    if (!named && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    this.#options.exit(named ? 75 : 70);
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#die(error);
    }
  }

  #ping(): void {
    const now = this.#machine.clock.now().monoMs;
    const points = [...(this.#services?.station.points.values() ?? [])];
    const { connectors } = this.#loaded.config;
    if (points.every((point) => now - point.turnMonoMs < watchdogLimitMs(point.connector, connectors))) {
      this.#watchdog.turned(now);
      this.#notifier.tell("WATCHDOG=1");
    }
  }

  #everyMs(ms: number, work: () => void): void {
    const { clock } = this.#machine;
    const index = this.#timers.length;
    const next = (): void => {
      this.#timers[index] = clock.at(clock.now().monoMs + ms, () => {
        work();
        if (!this.#ending) next();
      });
    };
    next();
  }

  #answer(request: ControlRequest): Promise<ControlAnswer> {
    return answerControlRequest(request, {
      config: this.#loaded.config,
      machine: this.#machine,
      disk: this.#disk,
      services: this.#services,
      whyClosed: () => this.#whyClosed(),
      isEnding: () => this.#ending,
      snapshot: () => this.snapshot(),
      newId: this.#options.newId ?? randomUUID,
      drain: (on) => this.#drain(on),
      die: (error) => this.#die(error),
    });
  }

  /**
   * Sells nothing more and stops what runs, or sells again; answers the connectors whose sessions are not settled yet.
   */
  #drain(on: boolean): number[] {
    this.#draining = on;
    const sessions = [...(this.#services?.station.stationState().sessions ?? [])];
    if (on) for (const [id] of sessions) this.#services?.station.stop(id);
    this.#services?.station.relight();
    this.#options.changed?.();
    return sessions.filter(([, session]) => isBusy(session)).map(([id]) => id);
  }
}

const faultCodes: Partial<Record<Failure["code"], FaultCode>> = {
  "journal/damaged": "journal/damaged",
  "book/damaged": "book/damaged",
  "table/damaged": "book/damaged",
  "disk/full": "disk/full",
  "disk/failed": "disk/failed",
  "key/unusable": "key/unusable",
  "tariff/invalid": "tariff/unreadable",
  "usage/invalid": "tariff/unreadable",
};
const faultCodeOf = (error: Failure | DeviceError): FaultCode =>
  error instanceof DeviceError ? error.code : (faultCodes[error.code] ?? "disk/failed");

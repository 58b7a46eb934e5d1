// The agent: takes the lock of the state folder, opens the services over the devices of the machine, and keeps them
// going. A fault at the start does not end the process: contactors stay open, no session can start, the fault is shown,
// and it is tried again.

import { randomUUID } from "node:crypto";
import type { LoadedConfig } from "../../config/load.js";
import type { ConnectorConfig } from "../../config/schema.js";
import { DeviceError, type EnergyMeter } from "../../drivers/driver.js";
import { type Machine, type MachineBuses, openMachine } from "../../drivers/machine/open-machine.js";
import { type ControlAnswer, type ControlRequest, socketPath } from "../control/control-socket.js";
import { StateLock } from "../control/state-lock.js";
import { Failure } from "../core/failure.js";
import type { FaultCode } from "../core/fault-table.js";
import { isBusy } from "../core/session/session.js";
import { Disk } from "../ledger/store/disk.js";
import { refusedChanges } from "../station/config-reload.js";
import type { AgentEvent } from "../station/events.js";
import type { Snapshot } from "../station/snapshot.js";
import { faultCodeOf } from "../sync/faults.js";
import { acceptedDevices } from "../technician/terminal/accepted-devices.js";
import { type LogSwitch, TraceSessions } from "../technician/trace-sessions.js";
import { agentSnapshot, statusLine } from "./agent-snapshot.js";
import { answerControlRequest } from "./control-handlers.js";
import { ControlListener } from "./control-listener.js";
import { CronJob } from "./cron-job.js";
import { HeldPins } from "./held-pins.js";
import { Maintenance } from "./maintenance.js";
import type { DriverPage } from "./page/driver-page.js";
import { loadDriverPage } from "./page/load-page.js";
import { openServices } from "./services/open-services.js";
import { closeServices, type Services } from "./services/services.js";
import { SystemdNotifier, SystemdStatus } from "./systemd-notifier.js";
import { loadUplinkKinds, type UplinkKinds } from "./uplinks/uplinks.js";
import { lookAtOpener, pingEveryMs, Watchdog, watchdogLimitMs } from "./watchdog.js";

export type AgentOptions = {
  readonly buses: MachineBuses;
  readonly version: string;
  readonly emit: (event: AgentEvent) => void;
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
  readonly #status = new SystemdStatus(
    (word) => this.#notifier.tell(word),
    () => (this.#services === undefined ? undefined : statusLine(this.snapshot())),
  );
  readonly #watchdog = new Watchdog(() => this.#notifier.tellNow?.("WATCHDOG=1"));
  readonly #meters = new Map<number, EnergyMeter>();
  readonly #maintenance: Maintenance;
  readonly #watch: TraceSessions;
  readonly #control: ControlListener;
  readonly #heldPins: HeldPins;
  #services: Services | undefined;
  #page: DriverPage | undefined;
  #openingFault: { readonly code: FaultCode; readonly message: string } | undefined;
  #retry: (() => void) | undefined;
  #ending = false;
  #draining = false;
  readonly #timers: (() => void)[] = [];

  private constructor(loaded: LoadedConfig, options: AgentOptions, disk: Disk, machine: Machine, kinds: UplinkKinds) {
    this.#loaded = loaded;
    this.#options = options;
    this.#notifier =
      options.notifier ??
      new SystemdNotifier({ failed: (text) => options.emit({ type: "note", at: machine.clock.now().at, text }) });
    this.#disk = disk;
    this.#machine = machine;
    this.#kinds = kinds;
    disk.onRead = () => machine.progressed();
    disk.onSync = () => {
      this.#watchdog.synced(machine.clock.now().monoMs);
      machine.progressed();
    };
    this.#watch = new TraceSessions(loaded.config, machine, options.log);
    this.#maintenance = new Maintenance({
      clock: machine.clock,
      disk,
      config: loaded.config,
      schedule: (expression, work) => new CronJob(expression, () => this.#guard(work)),
      outboxSchedules: loaded.config.uplinks.map((uplink) => uplink.schedule),
      services: () => this.#services,
      emit: (event) => this.#emit(event),
      changed: () => {
        // A clock that was set, or a tariff that came into force, changes what is sold too.
        this.#services?.station.relight();
        this.#changed();
      },
      die: (error) => this.#die(error),
    });
    this.#control = new ControlListener({
      path: socketPath(loaded),
      isLocked: () => this.#lock !== undefined,
      answer: async (request) => this.#watch.answer(request) ?? this.answer(request),
      failed: (error) => this.#tellFault("station", faultCodeOf(error), error.message),
      die: (error) => this.#die(error),
    });
    this.#heldPins = new HeldPins({
      connectors: () => this.#loaded.config.connectors,
      pins: (connector) => machine.pins(connector),
      failed: ({ id }, error) => this.#tellFault(`connector ${id}`, error.code, error.message),
    });
  }

  /**
   * Takes the state folder's lock and opens for business, now or as soon as it can: a disk that is full or failing ends
   * nothing, it keeps the contactors open. Throws Failure state/locked where another agent runs.
   */
  static async open(loaded: LoadedConfig, options: AgentOptions): Promise<Agent> {
    const accepted = acceptedDevices(() => agent.#services);
    const agent: Agent = new Agent(
      loaded,
      options,
      options.disk ?? new Disk(),
      await openMachine(loaded.config, options.buses, accepted),
      await loadUplinkKinds(loaded.config),
    );
    StateLock.refuseSecond(loaded.config.state, agent.#machine.clock.now().at, agent.#disk.files);
    agent.#machine.start();
    try {
      agent.#tryToOpen(firstRetryMs);
    } catch (error) {
      await agent.#machine.close();
      throw error;
    }
    await agent.#control.open();
    const { clock } = agent.#machine;
    agent.#page = await loadDriverPage({
      config: loaded.config,
      clock,
      disk: agent.#disk,
      version: options.version,
      services: () => agent.#services,
      whyClosed: () => agent.#whyClosed(),
      note: (text) => agent.#emit({ type: "note", at: clock.now().at, text }),
    });
    agent.#everyMs(pingEveryMs, () => agent.#ping());
    return agent;
  }

  /** How everything stands now. */
  snapshot(): Snapshot {
    return agentSnapshot({
      moment: this.#machine.clock.now(),
      version: this.#options.version,
      config: this.#loaded.config,
      services: this.#services,
      maintenance: this.#maintenance,
      blocked: this.#whyClosed(),
      openingFault: this.#openingFault,
    });
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
      this.#changed();
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
    this.#heldPins.release();
    for (const cancel of this.#timers) cancel();
    this.#maintenance.close();
    if (this.#services !== undefined) await closeServices(this.#services);
    await this.#control.close();
    await this.#page?.close();
    this.#watch.close();
    await this.#machine.close();
    this.#lock?.release();
  }

  /** Stops a session from afar. Answers null where it stops, else why not. */
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
    this.#maintenance.archive();
  }

  /** For what nobody caught: contactors open, then `exit` is asked for. */
  fail(error: unknown): void {
    this.#die(error);
  }

  // ---- opening

  #tryToOpen(retryMs: number): void {
    const { clock } = this.#machine;
    this.#heldPins.release();
    try {
      this.#disk.makeFolder(this.#loaded.config.state);
      this.#lock ??= StateLock.take(this.#loaded.config.state, clock.now().at, this.#disk.files);
      // What a crash left closed opens before anything is proven, which takes its time.
      this.#heldPins.openContactors();
      this.#services = this.#openServices();
      this.#openingFault = undefined;
    } catch (error) {
      if (!(error instanceof Failure) && !(error instanceof DeviceError)) throw error;
      // The pins are another agent's.
      if (error.code === "state/locked") throw error;
      // What was begun is settled in the room that was kept for it.
      if (error.code === "disk/full" && this.#maintenance.spendReserve()) return this.#tryToOpen(retryMs);
      const isNew = this.#openingFault?.message !== error.message;
      this.#openingFault = { code: faultCodeOf(error), message: error.message };
      if (isNew) this.#tellFault("station", faultCodeOf(error), error.message);
      // systemd is told that we run: a fault that only a person can mend is no reason to be restarted.
      this.#notifier.tell("READY=1", `STATUS=not selling: ${error.message.split("\n")[0]}`);
      this.#heldPins.hold();
      this.#retry = clock.at(clock.now().monoMs + retryMs, () => {
        this.#guard(() => this.#tryToOpen(Math.min(retryMs * 2, longestRetryMs)));
        void this.#control.open();
      });
    }
    // Outside: a fault in what follows must never open the services a second time over the first.
    if (this.#services !== undefined) {
      this.#everyMs(60_000, () => {
        this.#maintenance.minute();
        this.#status.tell();
        void this.#control.open();
      });
      this.#maintenance.minute();
      this.#notifier.tell("READY=1");
      this.#status.tell();
    }
    this.#changed();
  }

  #openServices(): Services {
    const { version, random = Math.random, newId = randomUUID } = this.#options;
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
      emit: (event) => this.#emit(event),
      changed: () => this.#changed(),
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
    if (this.#openingFault !== undefined) return this.#openingFault.message;
    if (this.#ending) return "the station is closing";
    if (this.#draining) return "the station is being drained: no new sessions";
    return this.#maintenance.whyClosed();
  }

  #die(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const named = error instanceof Failure || error instanceof DeviceError;
    // A broken promise of ours has a code of its own: it must not send a technician to a device that is well.
    const code = named ? faultCodeOf(error) : "agent/defect";
    this.#services?.station.halt();
    this.#tellFault("station", code, message);
    // It is worth its stack, too; trouble with a name is not.
    if (!named && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    this.#options.exit(named ? 75 : 70);
  }

  /** An event, and with one that changes what is in order the station's line in `systemctl status`. */
  #emit(event: AgentEvent): void {
    this.#options.emit(event);
    this.#page?.heard(event);
    if (event.type === "fault" || event.type === "recovered") this.#status.tell();
  }

  #changed(): void {
    this.#options.changed?.();
    this.#page?.changed();
  }

  #tellFault(device: string, code: FaultCode, message: string): void {
    this.#emit({ type: "fault", at: this.#machine.clock.now().at, device, code, message });
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#die(error);
    }
  }

  #ping(): void {
    lookAtOpener(this.#machine, this.#services?.station.faults);
    const now = this.#machine.clock.now().monoMs;
    const points = [...(this.#services?.station.connectors.values() ?? [])];
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

  /** What a command asks over the socket, for who holds the agent in its own process. */
  answer(request: ControlRequest): Promise<ControlAnswer> {
    return answerControlRequest(request, {
      file: this.#loaded.file,
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
    this.#changed();
    return sessions.filter(([, session]) => isBusy(session)).map(([id]) => id);
  }
}

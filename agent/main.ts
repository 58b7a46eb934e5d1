// The one place where parts are made and tied: ledger, key, cash desk, outboxes and station over the devices of a machine.
// A fault at start does not end the process: contactors stay open, nothing is sold, the fault is shown, and it is tried again.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import cron, { type ScheduledTask } from "node-cron";
import type { LoadedConfig } from "../config/load.js";
import type { ConnectorConfig } from "../config/schema.js";
import { DeviceError, type EnergyMeter, type FaultCode, type Moment } from "../drivers/driver.js";
import { openMachine, type Machine, type MachineBuses } from "../drivers/open.js";
import { Cards } from "./cards.js";
import { CashDesk, emptyDesk, type DeskState } from "./cash-desk.js";
import { ControlServer, socketPath, type ControlAnswer, type ControlRequest } from "./control.js";
import { wireDifference } from "./core/cdr-check.js";
import { makeCopies, type CdrCopies } from "./core/cdr-copies.js";
import { entryOf, eventOf, type Entered } from "./core/entry.js";
import { ReceiptFault } from "./core/signer.js";
import { parseTariff } from "./core/tariff.js";
import type { Event } from "./core/till.js";
import { authorizeLocally } from "./core/token.js";
import { Failure } from "./failure.js";
import { handOut } from "./hand-out.js";
import { fieldAnswer } from "./field-desk.js";
import { adoptKey, finishKeyChange, publishKey, stageKey } from "./key-change.js";
import { openSigner, sha256 } from "./keys.js";
import { Book } from "./ledger/book.js";
import { Disk } from "./ledger/disk.js";
import { Journal } from "./ledger/journal.js";
import { Table } from "./ledger/table.js";
import { Lock } from "./lock.js";
import type { News } from "./news.js";
import { NeededEntries } from "./needed-entries.js";
import { Notifier } from "./notify.js";
import { turnWithinMs } from "./patience.js";
import { PassedMeters } from "./passed-meters.js";
import { PriceBoard, type InForce } from "./price-board.js";
import { refusedChanges } from "./reload.js";
import { connectorSnapshot, kwhText, type Snapshot } from "./snapshot.js";
import { layoutOf, Station } from "./station.js";
import type { Outbox } from "./sync/outbox.js";
import { openOutboxes } from "./uplinks.js";

export type AgentOptions = {
  readonly buses: MachineBuses;
  readonly version: string;
  readonly tell: (news: News) => void;
  readonly changed?: () => void;
  /** In [0, 1): jitter of back-offs. */
  readonly random?: () => number;
  readonly newId?: () => string;
  readonly disk?: Disk;
  /** In place of systemd's. */
  readonly notifier?: Pick<Notifier, "tell">;
  /** The process cannot go on; contactors are open. */
  readonly exit: (code: number) => void;
};

/** What is open while the shop is: all that needs the disk to be well. */
type Shop = { readonly journal: Journal<Entered>; readonly book: Book; readonly desk: CashDesk; readonly cards: Cards; readonly passed: PassedMeters; readonly needed: NeededEntries; readonly outboxes: readonly Outbox[]; readonly station: Station; readonly mayRotate: boolean };

const firstRetryMs = 5_000;
const longestRetryMs = 60_000;
const watchdogPingMs = 10_000;
const clockJumpMs = 60_000;
/** Minutes of most of a day: each looks at its share of the sealed pages. */
const pagesInTurns = 1_000;
/** Less free space than this and no session starts: a receipt and its journal must always fit. */
const leastFreeBytes = 16 * 1024 * 1024;

export class Agent {
  #loaded: LoadedConfig;
  readonly #options: AgentOptions;
  readonly #machine: Machine;
  readonly #disk: Disk;
  #lock: Lock | undefined;
  readonly #notifier: Pick<Notifier, "tell">;
  readonly #meters = new Map<number, EnergyMeter>();
  #control: ControlServer | undefined;
  #shop: Shop | undefined;
  #board: PriceBoard | undefined;
  #closed: { readonly code: FaultCode; readonly message: string } | undefined;
  #fullDisk = false;
  #rotten: string | undefined;
  #retry: (() => void) | undefined;
  #jobs: ScheduledTask[] = [];
  #wallMinusMonoMs = 0;
  #ending = false;
  #draining = false;
  #timers: (() => void)[] = [];

  private constructor(loaded: LoadedConfig, options: AgentOptions, disk: Disk, machine: Machine) {
    this.#loaded = loaded;
    this.#options = options;
    this.#notifier = options.notifier ?? new Notifier();
    this.#disk = disk;
    this.#machine = machine;
  }

  /**
   * Takes the state folder's lock and opens for business, now or as soon as it can: a disk that is full or failing ends nothing, it keeps
   * the contactors open. Throws Failure state/locked where another agent runs.
   */
  static async open(loaded: LoadedConfig, options: AgentOptions): Promise<Agent> {
    const passed = (model: string, serial: string): boolean => agent.#shop?.passed.has(model, serial) === true;
    const agent: Agent = new Agent(loaded, options, options.disk ?? new Disk(), await openMachine(loaded.config, options.buses, passed));
    agent.#refuseSecond();
    agent.#machine.start();
    try {
      agent.#openShop(firstRetryMs);
    } catch (error) {
      await agent.#machine.close();
      throw error;
    }
    await agent.#openControl();
    agent.#everyMs(watchdogPingMs, () => agent.#ping());
    return agent;
  }

  /** Asked before anything is touched, and without a write: a full disk must not hide that another agent runs. */
  #refuseSecond(): void {
    const { state } = this.#loaded.config;
    let holder: ReturnType<typeof Lock.holder>;
    try {
      holder = Lock.holder(state, this.#disk.files);
    } catch (error) {
      // A disk that cannot even be read is met again when the lock is taken, with contactors open.
      if (!(error instanceof Failure)) throw error;
    }
    if (holder !== undefined && holder.pid !== process.pid) Lock.take(state, this.#machine.clock.now().at, this.#disk.files);
  }

  /** Without its socket an agent sells as well as with it, but cannot be asked: it is tried again each minute. */
  async #openControl(): Promise<void> {
    if (this.#control !== undefined || this.#lock === undefined || this.#ending) return;
    try {
      this.#control = await ControlServer.open(socketPath(this.#loaded), (request) => this.#answer(request));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#options.tell({ news: "fault", at: this.#machine.clock.now().at, device: "station", code: faultCodeOf(error), message: error.message });
    }
  }

  snapshot(): Snapshot {
    const { config } = this.#loaded;
    const station = this.#shop?.station;
    const uplinks = this.#shop?.outboxes.map((outbox) => outbox.status()) ?? [];
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
      receipts: this.#shop?.book.count() ?? 0,
      keyId: this.#shop?.desk.keyId ?? "",
      offline: uplinks.some(({ reachability }) => reachability === "offline" || reachability === "unauthorised" || reachability === "unsure"),
      uplinks,
      faults: station?.faults.all() ?? (this.#closed === undefined ? [] : [{ device: "station", ...this.#closed, sinceMs: moment.at }]),
      connectors: config.connectors.map((connector) => {
        const point = station?.points.get(connector.id);
        const waiting = station?.till().waiting.get(connector.reader);
        return connectorSnapshot(connector, {
          session: station?.session(connector.id) ?? { state: "available" },
          glance: point?.glance(),
          lowSinceMs: point?.activity().lowSinceMs ?? null,
          idleFreeForMs: config.timing.idleAfter + config.timing.idleGrace,
          cardWaits: waiting?.acceptance.token.uid,
          blocked: blocked ?? station?.faults.of(`connector ${connector.id}`)?.message,
          price: this.#board?.lines(connector, moment) ?? [],
        });
      }),
    };
  }

  /**
   * Takes up changed tariffs and cards for sessions to come; those that run keep the price they began with. Answers why nothing was taken up:
   * anything else in the file needs a restart, and a file that is half taken up would be neither the old nor the new.
   */
  reload(next: LoadedConfig): readonly string[] {
    const refused = refusedChanges(this.#loaded.config, next.config);
    if (refused.length > 0) return refused;
    try {
      this.#board?.reload(next);
      this.#loaded = next;
      this.#shop?.cards.configured(next.config.tokens);
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
    this.#shop?.station.openAll();
    this.#retry?.();
    for (const cancel of this.#timers) cancel();
    for (const job of this.#jobs) void job.destroy();
    await this.#shop?.station.close();
    await Promise.all(this.#shop?.outboxes.map((outbox) => outbox.stop()) ?? []);
    this.#shop?.journal.close();
    await this.#control?.close();
    await this.#machine.close();
    this.#lock?.release();
  }

  /** The remote word: stops a session. Answers what is true: null = it is stopping, else why not. */
  stop(connector: number): string | null {
    return this.#shop === undefined ? (this.#whyClosed() ?? "the station is not open") : this.#shop.station.stop(connector);
  }

  /** True when nothing is left to send. */
  synced(): boolean {
    return this.#shop?.outboxes.every((outbox) => outbox.status().waiting === 0) ?? false;
  }

  /** For what nobody caught: contactors open, then `exit` is asked for. */
  fail(error: unknown): void {
    this.#die(error);
  }

  // ---- opening

  #openShop(retryMs: number): void {
    const { clock } = this.#machine;
    try {
      this.#disk.makeFolder(this.#loaded.config.state);
      this.#lock ??= Lock.take(this.#loaded.config.state, clock.now().at, this.#disk.files);
      this.#shop = this.#open();
      this.#closed = undefined;
    } catch (error) {
      if (!(error instanceof Failure) && !(error instanceof DeviceError)) throw error;
      // The pins are another agent's.
      if (error.code === "state/locked") throw error;
      const news = this.#closed?.message !== error.message;
      this.#closed = { code: faultCodeOf(error), message: error.message };
      if (news) this.#options.tell({ news: "fault", at: clock.now().at, device: "station", ...this.#closed });
      // systemd is told that we run: a fault that only a person can mend is no reason to be restarted.
      this.#notifier.tell("READY=1", `STATUS=not selling: ${error.message.split("\n")[0]}`);
      this.#holdOpen();
      this.#retry = clock.at(clock.now().monoMs + retryMs, () => this.#guard(() => this.#openShop(Math.min(retryMs * 2, longestRetryMs))));
    }
    // Outside: a fault in what follows must never open a second shop over the first.
    if (this.#shop !== undefined) {
      this.#everyMs(60_000, () => {
        this.#minute();
        void this.#openControl();
      });
      this.#minute();
      this.#notifier.tell("READY=1", "STATUS=selling");
    }
    this.#options.changed?.();
  }

  /** Without a shop the contactors are still ours to open. */
  #holdOpen(): void {
    for (const connector of this.#loaded.config.connectors) {
      try {
        const { contactor, plug, indicator } = this.#machine.pins(connector);
        contactor.set(false);
        indicator.show("fault");
        for (const device of [plug, indicator, contactor]) device.close();
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        this.#options.tell({ news: "fault", at: this.#machine.clock.now().at, device: `connector ${connector.id}`, code: error.code, message: error.message });
      }
    }
  }

  #open(): Shop {
    const { config } = this.#loaded;
    const { clock } = this.#machine;
    const disk = this.#disk;
    const at = (name: string): string => join(config.state, name);
    const inForce = Table.open<InForce>(disk, at("in-force.json"), (value) => value as InForce, {});
    const board = new PriceBoard(this.#loaded, { read: () => inForce.data, write: (state) => void inForce.update(() => state) });
    board.remember(clock.now());
    const book = Book.open(disk, at("book"));
    finishKeyChange(disk, config.state, book);
    const signer = openSigner(this.#keyStore(), book.count() === 0);
    // Also where it was damaged or replaced: what people compare fingerprints with is the key that signs.
    publishKey(disk, config.state, signer.publicKey);
    const deskTable = Table.open<DeskState>(disk, at("desk.json"), (value) => value as DeskState, emptyDesk);
    const cards = Cards.open(disk, config.state, config);
    const passed = PassedMeters.open(disk, config.state);
    const outboxes: Outbox[] = [];
    const desk = new CashDesk(
      {
        station: config.station,
        timeZone: config.station.timeZone,
        version: this.#options.version,
        book,
        state: { read: () => deskTable.data, write: (state) => void deskTable.update(() => state) },
        signer,
        hash: sha256,
        cdr: (settlement, ocmf, spkiHex) => makeCopies(settlement, ocmf === "" ? undefined : { ocmf, publicKeySpkiHex: spkiHex }, config.uplinks.length === 0 ? ["2.2.1"] : config.uplinks.map(({ version }) => version)),
        handOut: (signed) => handOut(disk, config, signed, (text) => this.#options.tell({ news: "note", at: clock.now().at, text })),
        numberGiven: () => [...station.till().sessions.values()].some((session) => session.state === "settling" && session.numbered !== undefined && session.numbered.number > book.count()),
        settled: (entry, connector, settlement, file) => {
          const { price } = settlement;
          for (const text of Object.values((entry.cdr as CdrCopies).texts)) {
            // Sent all the same: the receipt is right, and the backend holds the tariff and the readings.
            const difference = wireDifference(text, settlement);
            if (difference !== undefined) this.#options.tell({ news: "note", at: clock.now().at, text: `receipt ${entry.number}: a receiver will work out another price: ${difference}` });
          }
          const kwh = kwhText(settlement.end.energyMilliWh - settlement.begin.energyMilliWh);
          this.#options.tell({ news: "receipt", at: clock.now().at, connector, number: entry.number, kwh, total: price.due.gross, currency: price.currency, file });
          for (const outbox of outboxes) outbox.kick();
        },
      },
      clock.now(),
    );
    outboxes.push(
      ...openOutboxes({
        config,
        clock,
        disk,
        book,
        random: this.#options.random ?? Math.random,
        checkpoint: () => desk.chain.checkpoint,
        faults: () => station.faults,
        tell: this.#options.tell,
        changed: () => this.#options.changed?.(),
        die: (error) => this.#die(error),
      }),
    );
    // What may still refuse comes before the journal: a start that is tried again for ever must leave no file open.
    for (const connector of config.connectors) this.#meter(connector);
    if (config.receiptOutput?.folder !== undefined) disk.makeFolder(at(config.receiptOutput.folder));
    const { journal, entries, cutBytes } = Journal.open(disk, at("journal"), eventOf);
    if (cutBytes > 0) this.#options.tell({ news: "note", at: clock.now().at, text: `the journal's last line was torn by a power cut and has been cut (${cutBytes} bytes that nobody acted on)` });
    const history = entries.map(({ seq, event, moment }) => ({ seq, event: { ...event, moment } as Event }));
    const needed = new NeededEntries(layoutOf(config), history);
    const station: Station = new Station(
      {
        config,
        clock,
        append: (event) => {
          const [entry] = journal.append([entryOf(event)], event.moment);
          if (entry !== undefined) needed.saw(entry.seq, event, station.till());
        },
        meter: (connector) => this.#meter(connector),
        pins: (connector) => Promise.resolve().then(() => this.#machine.pins(connector)),
        reader: (name) => this.#machine.reader(name),
        authorize: (uid, atMs) => {
          board.look(clock.now());
          return authorizeLocally(cards.known, uid, atMs);
        },
        open: (connector, acceptance, meter, begin) => board.opening((this.#options.newId ?? randomUUID)(), connector, acceptance, meter, begin),
        settle: (connector, record) => desk.settle(connector, () => settlingOf(station, connector.id), record, () => clock.now()),
        closedShop: () => this.#whyClosed(),
        tell: this.#options.tell,
        changed: () => this.#options.changed?.(),
        die: (error) => this.#die(error),
        version: this.#options.version,
      },
      history.map(({ event }) => event),
    );
    this.#board = board;
    this.#options.tell({ news: "started", at: clock.now().at, version: this.#options.version, station: config.station.id, receipts: book.count(), keyId: signer.keyId });
    station.start(entries.at(-1)?.moment);
    for (const outbox of outboxes) outbox.kick();
    return { journal, book, desk, cards, passed, needed, outboxes, station, mayRotate: !signer.handed };
  }

  #meter(connector: ConnectorConfig): EnergyMeter {
    const meter = this.#meters.get(connector.id) ?? this.#machine.meter(connector);
    this.#meters.set(connector.id, meter);
    return meter;
  }

  #keyStore(): Parameters<typeof openSigner>[0] {
    return {
      folder: this.#loaded.config.state,
      credentials: process.env["CREDENTIALS_DIRECTORY"],
      read: (path) => {
        const bytes = this.#disk.read(path);
        return bytes === undefined ? undefined : { bytes, mode: this.#disk.mode(path) };
      },
      write: (path, text) => this.#disk.replace(path, Buffer.from(text)),
    };
  }

  // ---- running

  #whyClosed(): string | undefined {
    if (this.#closed !== undefined) return this.#closed.message;
    if (this.#ending) return "the station is closing";
    if (this.#draining) return "the station is being drained: no new sessions";
    if (this.#rotten !== undefined) return this.#rotten;
    if (this.#fullDisk) return "the disk is full: a receipt might not fit";
    return undefined;
  }

  #die(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const named = error instanceof Failure || error instanceof DeviceError;
    const code = named ? faultCodeOf(error) : "disk/failed";
    this.#shop?.station.halt();
    this.#options.tell({ news: "fault", at: this.#machine.clock.now().at, device: "station", code, message });
    // A broken promise of ours is worth its stack; trouble with a name is not.
    if (!named && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    this.#options.exit(named ? 75 : 70);
  }

  /** Once a minute: schedules after the clock is good and anew after it jumped, and a look at the disk's room. */
  #minute(): void {
    const { clock } = this.#machine;
    const { at, monoMs, trust } = clock.now();
    const jumped = Math.abs(at - monoMs - this.#wallMinusMonoMs) > clockJumpMs;
    this.#wallMinusMonoMs = at - monoMs;
    this.#guard(() => {
      this.#shop?.desk.recover(clock.now());
    this.#guard(() => this.#board?.remember(clock.now()));
    this.#board?.look(clock.now());
      // In turn, so that within a day every sealed page was proven and no look takes long.
      if (this.#shop !== undefined) this.#provePages(this.#shop);
      this.#fullDisk = this.#disk.freeBytes(this.#loaded.config.state) < leastFreeBytes;
    });
    if (trust === "unsynced" || (!jumped && this.#jobs.length > 0)) return;
    for (const job of this.#jobs) void job.destroy();
    const { uplinks } = this.#loaded.config;
    const shop = this.#shop;
    if (shop === undefined) return;
    // UTC, since in a zone with daylight saving nothing would fire in the repeated hour; each job only asks "is it due?".
    this.#jobs = uplinks.map((uplink, index) => cron.schedule(uplink.schedule, () => void shop.outboxes[index]?.due(), { timezone: "UTC", noOverlap: true }));
    this.#jobs.push(cron.schedule("17 3 * * *", () => this.archive(), { timezone: "UTC", noOverlap: true }));
  }

  /**
   * A sealed page that rotted is no reason to end the process, nor the session of a car that charges: no other session starts, it is shown, and
   * the page is looked at again each minute, so that one brought back from a backup opens the shop unaided.
   */
  #provePages({ book, station }: Shop): void {
    try {
      book.verifyNext(Math.ceil(book.sealedPages / pagesInTurns));
      this.#rotten = undefined;
      station.faults.clear("station", "book/damaged");
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "book/damaged") throw error;
      this.#rotten = error.message;
      station.faults.raise("station", "book/damaged", error.message, this.#machine.clock.now().at);
    }
    this.#options.changed?.();
  }

  /** Each night: the journal of settled sessions goes into the archive, up to the oldest entry that an open session still needs. */
  archive(): void {
    const shop = this.#shop;
    if (shop === undefined) return;
    this.#guard(() => {
      shop.journal.forget(shop.needed.first(shop.station.till(), shop.journal.lastSeq));
    });
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
    const points = [...(this.#shop?.station.points.values() ?? [])];
    const { connectors } = this.#loaded.config;
    if (points.every((point) => now - point.turnMonoMs < turnWithinMs(point.connector, connectors))) this.#notifier.tell("WATCHDOG=1");
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

  async #answer(request: ControlRequest): Promise<ControlAnswer> {
    switch (request.do) {
      case "status":
        return { ok: true, value: this.snapshot() };
      case "stop": {
        const refused = this.stop(Number(request["connector"]));
        return refused === null ? { ok: true, value: { stopping: Number(request["connector"]) } } : { ok: false, why: refused };
      }
      case "drain":
        return { ok: true, value: { open: this.#drain(request["on"] !== false) } };
      case "credit":
        return this.#issue((shop, now) => shop.desk.credit(Number(request["number"]), reasonOf(request["reason"]), now));
      case "correct":
        return this.#issue((shop, now) => {
          const parsed = parseTariff(request["tariff"]);
          if (!parsed.ok) throw new Failure("tariff/invalid", `the tariff cannot be read: ${parsed.faults[0]?.path ?? ""}: ${parsed.faults[0]?.message ?? ""}`);
          return shop.desk.correct(Number(request["number"]), parsed.tariff, (this.#options.newId ?? randomUUID)(), now);
        });
      case "rotate-key":
        return this.#issue((shop, now) => {
          if (!shop.mayRotate) throw new Failure("usage/invalid", "the key is handed in from outside (systemd credential): change it there");
          const number = shop.desk.changeKey(stageKey(this.#disk, this.#loaded.config.state), now);
          adoptKey(this.#disk, this.#loaded.config.state);
          return number;
        });
      case "sync-status":
        return { ok: true, value: this.#shop?.outboxes.map((outbox) => outbox.status()) ?? [] };
      case "sync-now":
        return { ok: true, value: await Promise.all(this.#shop?.outboxes.map((outbox) => outbox.now()) ?? []) };
      case "sync-resend":
        return { ok: true, value: this.#resend(request["number"], request["uplink"]) };
      default:
        return (await this.#askField(request)) ?? { ok: false, why: `this agent knows no "${request.do}"` };
    }
  }

  /** Sells nothing more and stops what runs, or sells again; answers the connectors whose sessions are not settled yet. */
  #drain(on: boolean): number[] {
    this.#draining = on;
    const sessions = [...(this.#shop?.station.till().sessions ?? [])];
    if (on) for (const [id] of sessions) this.#shop?.station.stop(id);
    this.#options.changed?.();
    return sessions.filter(([, { state }]) => ["starting", "charging", "stopping", "settling"].includes(state)).map(([id]) => id);
  }

  async #askField(request: ControlRequest): Promise<ControlAnswer | undefined> {
    const shop = this.#shop;
    if (shop === undefined) return { ok: false, why: this.#whyClosed() ?? "the station is not open" };
    const { station, cards, passed } = shop;
    return fieldAnswer(request, { config: this.#loaded.config, machine: this.#machine, station, cards, passed });
  }

  /** Issues a receipt by hand and hands it to the uplinks. */
  #issue(make: (shop: Shop, now: Moment) => number): ControlAnswer {
    const shop = this.#shop;
    if (shop === undefined) return { ok: false, why: this.#whyClosed() ?? "the station is not open" };
    try {
      const number = make(shop, this.#machine.clock.now());
      for (const outbox of shop.outboxes) outbox.kick();
      return { ok: true, value: { receipt: number, keyId: shop.desk.keyId } };
    } catch (error) {
      if (error instanceof ReceiptFault) return { ok: false, why: error.message };
      if (!(error instanceof Failure)) throw error;
      if (error.code === "disk/failed" || error.code === "disk/full") this.#die(error);
      return { ok: false, why: error.message };
    }
  }

  #resend(wanted: unknown, uplink: unknown): { uplink: string; numbers: number[] }[] {
    return (this.#shop?.outboxes ?? [])
      .filter((outbox) => uplink === undefined || outbox.status().uplink === uplink)
      .map((outbox) => {
        const parked = outbox.status().parked.map(({ number }) => number);
        const numbers = parked.filter((number) => (wanted === "all" || number === wanted) && outbox.resend(number));
        return { uplink: outbox.status().uplink, numbers };
      });
  }
}

const longestReason = 200;

/** The reason of a credit stands in a signed receipt for ever and is printed on 32 columns: a line of words, not less and not more. */
function reasonOf(text: unknown): string {
  const reason = typeof text === "string" ? text.trim() : "";
  if (reason === "" || reason.length > longestReason || /\p{Cc}/u.test(reason)) throw new Failure("usage/invalid", `the reason is one line of 1 to ${longestReason} characters`);
  return reason;
}

function settlingOf(station: Station, connector: number): Extract<ReturnType<Station["session"]>, { state: "settling" }> | undefined {
  const session = station.session(connector);
  return session?.state === "settling" ? session : undefined;
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
const faultCodeOf = (error: Failure | DeviceError): FaultCode => (error instanceof DeviceError ? error.code : (faultCodes[error.code] ?? "disk/failed"));


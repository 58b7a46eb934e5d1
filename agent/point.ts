// One connector at work: asks the session what it wants and meets it with meter, contactor, plug and lamp.
// One loop, one meter request at a time; every answer becomes an event, is written down, and the loop asks again.
import { testContactor, type ContactorTest } from "../drivers/gpio/contactor-test.js";
import { DeviceError, sleep, type Clock, type Contactor, type EnergyMeter, type Indication, type Indicator, type MeterIdentity, type PlugSensor, type Reading } from "../drivers/driver.js";
import type { Config, ConnectorConfig } from "../config/schema.js";
import { drawing, track, type ActivityTrack } from "./core/activity.js";
import { kwhText } from "./core/energy-text.js";
import { compare, decimalOf, ratioOf } from "./core/money.js";
import { implausible, type Outlook } from "./core/plausible.js";
import { live, nextBorder, sameComponents, type LivePrice } from "./core/rating.js";
import { addReading, sessionTimeMs, wants, type Acceptance, type Opening, type Sale, type Session, type SessionEvent } from "./core/session.js";
import type { StopReason } from "./core/settlement.js";
import type { Faults } from "./faults.js";

/** The devices of a connector that hang on pins; they are opened together. */
export type Pins = { readonly contactor: Contactor; readonly plug: PlugSensor; readonly indicator: Indicator };

/** What a point needs of the station around it. */
export type PointDesk = {
  readonly clock: Clock;
  readonly config: Config;
  readonly faults: Faults;
  session(): Session;
  /** Writes the event down and moves the session; false when it had no meaning. */
  record(event: SessionEvent): boolean;
  /** The opening of a session that may begin now with this meter and reading, or why it may not. */
  open(acceptance: Acceptance, meter: MeterIdentity, begin: Reading): Opening | string;
  /** Settles the session that waits for it; false when it could not be done yet. */
  settle(): boolean;
  /** Nothing is sold at this connector while the answer is a reason. */
  blocked(): string | undefined;
  /** What the lamp should say. */
  indication(): Indication;
  changed(): void;
  note(text: string): void;
  /** An error that is none of a device's: the process cannot go on. */
  die(error: unknown): void;
};

/** The figures a driver watches, with the reading they were made from. */
export type Glance = { readonly reading: Reading; readonly price: LivePrice; readonly energyMilliWh: number; readonly elapsedMs: number; readonly sale: Sale };

/** Under this power the current counts as zero: the least an energy meter of class B can tell. */
const zeroPowerW = 20;
const idlePollMs = 15_000;
const retryMs = 5_000;

export class Point {
  readonly device: string;
  readonly #abort = new AbortController();
  #pins: Pins | undefined;
  #track: ActivityTrack = drawing;
  #glance: Glance | undefined;
  #outlook: Outlook | undefined;
  #keptMonoMs = 0;
  #goodMonoMs = 0;
  #identity: MeterIdentity | undefined;
  #nudge: (() => void) | undefined;
  #nudged = false;
  #checkFeedback: (() => void) | undefined;
  #closed = false;
  #testing = false;
  #turnMonoMs = Number.NEGATIVE_INFINITY;
  #refusalOver: (() => void) | undefined;

  constructor(
    readonly connector: ConnectorConfig,
    readonly meter: EnergyMeter,
    readonly openPins: () => Promise<Pins>,
    readonly desk: PointDesk,
  ) {
    this.device = `connector ${connector.id}`;
  }

  glance(): Glance | undefined {
    return this.desk.session().state === "charging" ? this.#glance : undefined;
  }

  /** The session's own activity, with the samples that are not kept. */
  activity(): ActivityTrack {
    return this.#track;
  }

  /** When the loop last began a turn: the watchdog's proof that this connector is looked after. */
  get turnMonoMs(): number {
    return this.#turnMonoMs;
  }

  /** Runs until closed. Devices that fail are tried again for ever; nothing is sold meanwhile. */
  async run(): Promise<void> {
    const { signal } = this.#abort;
    try {
      await this.#openPins(signal);
      void this.#watchPlug(signal).catch((error: unknown) => this.desk.die(error));
      while (!signal.aborted) {
        const pauseMs = await this.#turn();
        await this.#pause(pauseMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) this.desk.die(error);
    }
  }

  /** Brings contactor and lamp to what the session wants. Opening waits for nothing and comes first. */
  meet(): void {
    this.#guard(() => this.#drive(wants(this.desk.session()).contactor));
    if (this.#refusalOver === undefined) this.#show(this.desk.indication());
    this.#nudged = true;
    this.#nudge?.();
  }

  /** The safe direction, at once and whatever the session says. */
  openContactor(): void {
    this.#guard(() => this.#drive(false));
  }

  /** Shows a refusal for a while, then what the session says again. */
  refuse(): void {
    this.#refusalOver?.();
    this.#show("refused");
    const { clock, config } = this.desk;
    this.#refusalOver = clock.at(clock.now().monoMs + config.timing.refusalShown, () => {
      this.#refusalOver = undefined;
      this.#show(this.desk.indication());
    });
  }

  /** What plug and auxiliary contact say now; undefined while the pins are not open. */
  sensed(): { readonly plugged: boolean; readonly feedback: boolean | undefined } | undefined {
    const pins = this.#pins;
    return pins === undefined ? undefined : { plugged: pins.plug.plugged(), feedback: pins.contactor.feedback() };
  }

  /** Closes the contactor for `ms` with nobody there. A session that begins meanwhile takes over. Answers with a reason where it may not be. */
  async testContactor(ms: number): Promise<ContactorTest | string> {
    const pins = this.#pins;
    const session = this.desk.session();
    if (pins === undefined) return this.desk.faults.of(this.device)?.message ?? "its pins are not open yet";
    if (this.#testing || session.state !== "available") return `connector ${this.connector.id} is not free (${this.#testing ? "being tested" : session.state}): test it when no car is there`;
    this.#testing = true;
    try {
      return await testContactor(pins, this.desk.clock, { ms, settleMs: this.desk.config.timing.contactor, stillOurs: () => !this.#closed });
    } finally {
      this.#testing = false;
    }
  }

  async close(): Promise<void> {
    this.openContactor();
    this.#abort.abort();
    this.#checkFeedback?.();
    this.#refusalOver?.();
    this.#nudge?.();
    const pins = this.#pins;
    this.#pins = undefined;
    const lettingGo = [() => pins?.indicator.show("off"), () => pins?.plug.close(), () => pins?.indicator.close(), () => pins?.contactor.close()];
    for (const letGo of lettingGo) {
      try {
        letGo();
      } catch (error) {
        // A pin that fails as we leave it keeps none of the others from being left.
        if (!(error instanceof DeviceError)) throw error;
      }
    }
    await this.meter.close();
  }

  async #openPins(signal: AbortSignal): Promise<void> {
    const { clock, faults } = this.desk;
    while (!signal.aborted) {
      // Trying again is progress too: a missing pin is shown, and no reason for the watchdog to kill us.
      this.#turnMonoMs = clock.now().monoMs;
      try {
        this.#pins = await this.openPins();
        faults.clear(this.device, "gpio/");
        this.#drive(false, true);
        this.#show(this.desk.indication());
        return;
      } catch (error) {
        faults.raiseError(this.device, error, clock.now().at);
        await sleep(clock, retryMs, signal);
      }
    }
  }

  async #watchPlug(signal: AbortSignal): Promise<void> {
    const plug = this.#pins?.plug;
    if (plug === undefined) return;
    for await (const { plugged, moment } of plug.plugs(signal)) this.desk.record({ type: "PlugChanged", moment, connector: this.connector.id, plugged });
  }

  /** One turn of the loop: does what the session wants next; answers how long the next may wait. */
  async #turn(): Promise<number> {
    const session = this.desk.session();
    const want = wants(session);
    this.#nudged = false;
    this.#turnMonoMs = this.desk.clock.now().monoMs;
    switch (want.task) {
      case "begin":
        return session.state === "starting" ? this.#begin(session.acceptance) : 0;
      case "watch":
        return session.state === "charging" ? this.#watch(session.sale) : 0;
      case "end":
        return session.state === "stopping" ? this.#end(session) : 0;
      case "settle":
        return this.desk.settle() ? 0 : retryMs;
      case null:
        await this.#idle();
        return idlePollMs;
      default:
        return want.task satisfies never;
    }
  }

  /** Between sessions the meter is asked now and then, so that a dead one is known before a driver comes. */
  async #idle(): Promise<void> {
    if (this.#checkFeedback === undefined && !this.#testing) this.#judgeContactor(this.#pins?.contactor.feedback());
    if (this.#identity !== undefined && this.desk.faults.of(this.device) === undefined) {
      await this.#read();
      return;
    }
    await this.#identify();
  }

  async #identify(): Promise<MeterIdentity | undefined> {
    try {
      this.#identity = await this.meter.identify();
      this.#answered();
      return this.#identity;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #answered(): void {
    this.desk.faults.clear(this.device, "meter/");
    this.desk.faults.clear(this.device, "port/");
  }

  /** A device that fails while we let go of it is no fault. */
  #failed(error: unknown): void {
    if (!this.#abort.signal.aborted) this.desk.faults.raiseError(this.device, error, this.desk.clock.now().at);
  }

  /** A reading, or undefined with its fault raised. A meter's faults are cleared by a good reading only, so that none flickers. */
  async #read(doubt: (reading: Reading) => DeviceError | undefined = () => undefined): Promise<Reading | undefined> {
    try {
      const reading = await this.meter.read();
      const doubted = doubt(reading);
      if (doubted !== undefined) throw doubted;
      this.#answered();
      return reading;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  async #begin(acceptance: Acceptance): Promise<number> {
    const { clock } = this.desk;
    const fail = (why: string): number => {
      this.desk.record({ type: "StartFailed", moment: clock.now(), connector: this.connector.id, why });
      this.desk.note(`connector ${this.connector.id}: no session: ${why}`);
      this.refuse();
      return 0;
    };
    const blocked = this.desk.blocked();
    if (blocked !== undefined) return fail(blocked);
    // The serial number is asked in every session: a meter swapped since the last one must not go unnoticed.
    const identity = await this.#identify();
    const begin = identity === undefined ? undefined : await this.#read();
    if (identity === undefined || begin === undefined) return fail(this.desk.faults.of(this.device)?.message ?? "the meter does not answer");
    if (this.desk.session().state !== "starting") return 0;
    const opening = this.desk.open(acceptance, identity, begin);
    if (typeof opening === "string") return fail(opening);
    this.#track = drawing;
    this.#outlook = undefined;
    this.#goodMonoMs = this.#keptMonoMs = begin.moment.monoMs;
    this.desk.record({ type: "SessionBegan", moment: clock.now(), connector: this.connector.id, opening });
    return this.connector.meter.poll;
  }

  async #watch(sale: Sale): Promise<number> {
    const { clock, config, faults } = this.desk;
    const { timing } = config;
    const readAtMs = clock.now().monoMs;
    const reading = await this.#plausibleReading(sale);
    const session = this.desk.session();
    if (session.state !== "charging") return 0;
    if (reading === undefined) {
      const silentMs = clock.now().monoMs - this.#goodMonoMs;
      if (silentMs < this.connector.meter.lostAfter) return this.connector.meter.poll;
      const why = faults.of(this.device)?.message ?? "the meter gave no good value";
      this.#stop("MeterFault", `no good meter value for ${Math.round(silentMs / 1000)} s: ${why}`);
      return 0;
    }
    this.#goodMonoMs = reading.moment.monoMs;
    const atMs = sessionTimeMs(sale.opening, reading.moment, sale.samples.sample.atMs);
    const rules = { idlePowerW: config.idlePowerW, idleAfterMs: timing.idleAfter, idleGraceMs: timing.idleGrace };
    this.#track = track(this.#track, atMs, reading.powerW, rules);
    const border = nextBorder(sale.rating);
    const crossed = border !== undefined && atMs >= border;
    const { activity } = this.#track;
    const glanced = addReading(sale, reading, activity, crossed);
    // What moves money is written down: a crossing, a change of what the car does, a change of price, and one reading now and then.
    const keep = crossed || activity !== sale.activity || !sameComponents(sale.rating, glanced.rating) || reading.moment.monoMs - this.#keptMonoMs >= timing.journalReading;
    if (keep) {
      this.#keptMonoMs = reading.moment.monoMs;
      this.desk.record({ type: "MeterRead", moment: clock.now(), connector: this.connector.id, reading, activity, border: crossed });
    }
    const price = live(glanced.rating);
    const energyMilliWh = reading.energyMilliWh - sale.opening.begin.energyMilliWh;
    const elapsedMs = atMs - sale.opening.begin.moment.at;
    this.#glance = { reading, price, energyMilliWh, elapsedMs, sale: glanced };
    this.desk.changed();
    const limit = this.#limitReached(sale, energyMilliWh, elapsedMs, price);
    if (limit !== undefined) {
      this.#stop(limit.reason, limit.detail);
      return 0;
    }
    // The next turn comes at the poll's beat, or just when time alone changes the price.
    const nextPollMs = readAtMs + this.connector.meter.poll - clock.now().monoMs;
    const ahead = nextBorder(glanced.rating);
    return Math.max(0, ahead === undefined ? nextPollMs : Math.min(nextPollMs, ahead - atMs));
  }

  #limitReached(sale: Sale, energyMilliWh: number, elapsedMs: number, price: LivePrice): { reason: StopReason; detail: string } | undefined {
    const { limits } = this.connector;
    const { limits: granted } = sale.opening.acceptance;
    for (const [limit, why] of [[limits.energyKwh, ""], [granted?.energyKwh, `: ${granted?.why ?? ""}`]] as const)
      if (limit !== undefined && reaches(kwhText(energyMilliWh), limit)) return { reason: "EnergyLimitReached", detail: `the limit of ${limit} kWh is reached${why}` };
    for (const [limit, why] of [[limits.cost, ""], [granted?.cost, `: ${granted?.why ?? ""}`]] as const)
      if (limit !== undefined && reaches(price.ifStoppedNow.incl, limit)) return { reason: "CostLimitReached", detail: `the limit of ${limit} ${price.currency} is reached${why}` };
    if (limits.time !== undefined && elapsedMs >= limits.time) return { reason: "TimeLimitReached", detail: "the time limit is reached" };
    const { noEnergy } = this.desk.config.timing;
    if (noEnergy > 0 && energyMilliWh === 0 && elapsedMs >= noEnergy) return { reason: "TimeLimitReached", detail: `no energy flowed within ${Math.round(noEnergy / 60_000)} min` };
    return undefined;
  }

  #stop(reason: StopReason, detail: string): void {
    this.openContactor();
    this.desk.record({ type: "StopRequested", moment: this.desk.clock.now(), connector: this.connector.id, reason, detail });
  }

  /** The final reading is taken after the contactor has opened and the current is zero. */
  async #end(session: Extract<Session, { state: "stopping" }>): Promise<number> {
    const { clock, config } = this.desk;
    const ended = (reading: Reading | null, detail: string): number => {
      this.desk.record({ type: "SessionEnded", moment: clock.now(), connector: this.connector.id, reading, detail });
      return 0;
    };
    const reading = await this.#plausibleReading(session.sale);
    const now = clock.now();
    const late = now.boot !== session.since.boot || now.monoMs - session.since.monoMs >= config.timing.settle;
    if (reading !== undefined && reading.powerW <= zeroPowerW) return ended(reading, "");
    if (!late) return Math.min(this.connector.meter.poll, 1_000);
    if (reading !== undefined) return ended(reading, `the meter still showed ${reading.powerW} W after the contactor opened`);
    return ended(null, `no end reading could be had: billed to the last good reading (${this.desk.faults.of(this.device)?.message ?? "meter silent"})`);
  }

  /** A reading that can be true after the last one; anything else raises a fault and is not used. */
  #plausibleReading(sale: Sale): Promise<Reading | undefined> {
    return this.#read((reading) => {
      const { outlook, fault } = implausible(sale, reading, this.#outlook, this.connector.maxPowerW, this.desk.config.timing.journalReading);
      this.#outlook = outlook;
      return fault === undefined ? undefined : new DeviceError(fault.code, fault.message);
    });
  }

  #show(indication: Indication): void {
    this.#guard(() => this.#pins?.indicator.show(indication));
  }

  /** A pin that fails in use ends the process, and the next start takes it anew; whoever used it here first does the rest of its work. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.desk.die(error);
    }
  }

  /** Drives the coil; after a change the auxiliary contact is asked whether the main contacts followed. */
  #drive(closed: boolean, check = this.#closed !== closed): void {
    const contactor = this.#pins?.contactor;
    if (contactor === undefined) return;
    contactor.set(closed);
    this.#closed = closed;
    if (!check) return;
    const { clock } = this.desk;
    this.#checkFeedback?.();
    this.#checkFeedback = clock.at(clock.now().monoMs + this.desk.config.timing.contactor, () => {
      this.#checkFeedback = undefined;
      this.#guard(() => this.#judgeContactor(contactor.feedback()));
    });
  }

  #judgeContactor(feedback: boolean | undefined): void {
    const { clock, faults } = this.desk;
    if (feedback === undefined || feedback === this.#closed) {
      faults.clear(this.device, "contactor/");
      return;
    }
    const pin = `GPIO ${this.connector.contactor.feedback?.gpio ?? "?"}`;
    if (this.#closed) {
      faults.raise(this.device, "contactor/not-closing", `the contactor was told to close and its feedback (${pin}) says open: check coil and wiring`, clock.now().at);
      this.#stop("ContactorFault", "the contactor did not close");
    } else {
      faults.raise(this.device, "contactor/welded", `the contactor was told to open and its feedback (${pin}) says closed: switch off the supply, then replace it`, clock.now().at);
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#nudged || signal.aborted) return Promise.resolve();
    const { clock } = this.desk;
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#nudge = undefined;
        resolve();
      };
      const cancel = clock.at(clock.now().monoMs + Math.max(0, ms), done);
      this.#nudge = done;
    });
  }
}

/** Whether a decimal text is at least another; both come from schemas or from the rating. */
function reaches(amount: string, limit: string): boolean {
  const [a, b] = [decimalOf(amount), decimalOf(limit)];
  if (a === undefined || b === undefined) throw new RangeError(`"${amount}" or "${limit}" is no decimal`);
  return compare(ratioOf(a), ratioOf(b)) >= 0;
}

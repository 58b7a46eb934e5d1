// One connector at work: asks the session what it wants and meets it with meter, contactor, plug and lamp.
// One loop, one meter request at a time; every answer becomes an event, is written down, and the loop asks again.

import type { Config, ConnectorConfig } from "../../config/schema.js";
import {
  type ButtonNews,
  type Clock,
  DeviceError,
  type EnergyMeter,
  type Indication,
  type MeterIdentity,
  type Pins,
  type Reading,
  sleep,
} from "../../drivers/driver.js";
import type { ContactorTest } from "../../drivers/gpio/contactor-test.js";
import type { StopReason } from "../core/cdr/settlement.js";
import { type ActivityTrack, drawing, track } from "../core/rating/activity.js";
import { live, nextBoundary, sameComponents } from "../core/rating/rating.js";
import { type LimitReached, limitReached } from "../core/session/limits.js";
import type { LiveReading } from "../core/session/live-reading.js";
import { type Doubt, implausible, type PlausibilityState, powerWhileOpen } from "../core/session/meter-plausibility.js";
import {
  type Acceptance,
  addReading,
  type Opening,
  type Sale,
  type Session,
  type SessionEvent,
  sessionTimeMs,
  wants,
} from "../core/session/session.js";
import type { Faults } from "../sync/faults.js";
import { ContactorControl } from "./contactor-control.js";

/** What a point needs of the station around it. */
export type ConnectorContext = {
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
  /** Whether the sessions of this card have together reached what it may have open. */
  exposed(sale: Sale): LimitReached | undefined;
  /** What the lamp should say. */
  indication(): Indication;
  /** The connector's button has something to tell. */
  button(news: ButtonNews): void;
  changed(): void;
  note(text: string): void;
  /** An error that is none of a device's: the process cannot go on. */
  die(error: unknown): void;
};

/** Under this power the current counts as zero: the least an energy meter of class B can tell. */
const zeroPowerW = 20;
const idlePollMs = 15_000;
/** Between sessions a meter is asked who it is at least this often. */
const identityEveryMs = 60_000;
const retryMs = 5_000;

export class ConnectorController {
  readonly device: string;
  readonly #abort = new AbortController();
  readonly #contactorControl: ContactorControl;
  #pins: Pins | undefined;
  #track: ActivityTrack = drawing;
  #liveReading: LiveReading | undefined;
  #plausibility: PlausibilityState | undefined;
  #keptMonoMs = 0;
  #goodMonoMs = 0;
  #identity: MeterIdentity | undefined;
  #identifiedMonoMs = Number.NEGATIVE_INFINITY;
  /** The meter did not say that it is still the one it was: no reading of it counts until it does. */
  #doubted = false;
  #nudge: (() => void) | undefined;
  #nudged = false;
  #turnMonoMs = Number.NEGATIVE_INFINITY;
  #refusalOver: (() => void) | undefined;

  constructor(
    readonly connector: ConnectorConfig,
    readonly meter: EnergyMeter,
    readonly openPins: () => Promise<Pins>,
    readonly context: ConnectorContext,
  ) {
    this.device = `connector ${connector.id}`;
    const { clock, config, faults } = context;
    this.#contactorControl = new ContactorControl({
      name: this.device,
      clock,
      settleMs: config.timing.contactor,
      feedbackPin: `GPIO ${connector.contactor.feedback?.gpio ?? "?"}`,
      raise: (code, message) => faults.raise(this.device, code, message, clock.now().at),
      clear: () => faults.clear(this.device, "contactor/"),
      notClosing: () => this.#stop("ContactorFault", "the contactor did not close"),
      guard: (work) => this.#guard(work),
    });
  }

  /** Of the session that runs: until its first look there is none, since the last one was of the session before. */
  liveReading(): LiveReading | undefined {
    const session = this.context.session();
    return session.state === "charging" && this.#liveReading?.sale.opening.id === session.sale.opening.id
      ? this.#liveReading
      : undefined;
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
      for (const watch of [this.#watchPlug(signal), this.#watchButton(signal)])
        void watch.catch((error: unknown) => this.context.die(error));
      while (!signal.aborted) {
        const pauseMs = await this.#turn();
        await this.#pause(pauseMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) this.context.die(error);
    }
  }

  /** Brings contactor and lamp to what the session wants. Opening waits for nothing and comes first. */
  meet(): void {
    this.#guard(() => this.#contactorControl.drive(wants(this.context.session()).contactor));
    this.relight();
    this.#nudged = true;
    this.#nudge?.();
  }

  /** The lamp again: what it says may have changed without the session, by a fault or by a shop that closed. */
  relight(): void {
    if (this.#refusalOver === undefined) this.#show(this.context.indication());
  }

  /** The safe direction, at once and whatever the session says. */
  openContactor(): void {
    this.#guard(() => this.#contactorControl.drive(false));
  }

  /** Shows a refusal for a while, then what the session says again. */
  refuse(): void {
    this.#refusalOver?.();
    this.#show("refused");
    const { clock, config } = this.context;
    this.#refusalOver = clock.at(clock.now().monoMs + config.timing.refusalShown, () => {
      this.#refusalOver = undefined;
      this.#show(this.context.indication());
    });
  }

  /** What plug, auxiliary contact and button say now; undefined while the pins are not open. */
  sensed():
    | { readonly plugged: boolean; readonly feedback: boolean | undefined; readonly button: boolean | undefined }
    | undefined {
    const pins = this.#pins;
    return pins === undefined
      ? undefined
      : { plugged: pins.plug.plugged(), feedback: this.#contactorControl.feedback(), button: pins.button?.down() };
  }

  /**
   * Closes the contactor for `ms` with nobody there. A session that begins meanwhile takes over. Answers with a reason
   * where it may not be.
   */
  async testContactor(ms: number): Promise<ContactorTest | string> {
    const plug = this.#pins?.plug;
    const { state } = this.context.session();
    if (plug === undefined) return this.context.faults.of(this.device)?.message ?? "its pins are not open yet";
    return this.#contactorControl.test(plug, ms, state === "available" ? undefined : state);
  }

  async close(): Promise<void> {
    this.openContactor();
    this.#abort.abort();
    this.#contactorControl.letGo();
    this.#refusalOver?.();
    this.#nudge?.();
    const pins = this.#pins;
    this.#pins = undefined;
    const lettingGo = [
      () => pins?.indicator.show("off"),
      () => pins?.button?.close(),
      () => pins?.plug.close(),
      () => pins?.indicator.close(),
      () => pins?.contactor.close(),
    ];
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
    const { clock, faults } = this.context;
    while (!signal.aborted) {
      // Trying again is progress too: a missing pin is shown, and no reason for the watchdog to kill us.
      this.#turnMonoMs = clock.now().monoMs;
      try {
        this.#pins = await this.openPins();
        faults.clear(this.device, "gpio/");
        this.#contactorControl.take(this.#pins.contactor);
        this.#show(this.context.indication());
        return;
      } catch (error) {
        faults.raiseError(this.device, error, clock.now().at);
        // A meter that is missing too names itself now, and not when somebody has come for the pins and is gone.
        if (wants(this.context.session()).task === null) await this.#idle();
        await sleep(clock, retryMs, signal);
      }
    }
  }

  async #watchPlug(signal: AbortSignal): Promise<void> {
    const plug = this.#pins?.plug;
    if (plug === undefined) return;
    for await (const { plugged, moment } of plug.plugs(signal))
      this.context.record({ type: "PlugChanged", moment, connector: this.connector.id, plugged });
  }

  async #watchButton(signal: AbortSignal): Promise<void> {
    const button = this.#pins?.button;
    if (button === undefined) return;
    for await (const news of button.presses(signal)) this.context.button(news);
  }

  /** One turn of the loop: does what the session wants next; answers how long the next may wait. */
  async #turn(): Promise<number> {
    const session = this.context.session();
    const want = wants(session);
    this.#nudged = false;
    this.#turnMonoMs = this.context.clock.now().monoMs;
    switch (want.task) {
      case "begin":
        return session.state === "starting" ? this.#begin(session.acceptance) : 0;
      case "watch":
        return session.state === "charging" ? this.#watch(session.sale) : 0;
      case "end":
        return session.state === "stopping" ? this.#end(session) : 0;
      case "settle":
        return this.context.settle() ? 0 : retryMs;
      case null:
        await this.#idle();
        return idlePollMs;
      default:
        return want.task satisfies never;
    }
  }

  /**
   * Between sessions the meter is asked now and then, so that a dead one, or another one, is known before a driver
   * comes.
   */
  async #idle(): Promise<void> {
    this.#contactorControl.look();
    const known = this.#identity;
    const fresh = this.context.clock.now().monoMs - this.#identifiedMonoMs < identityEveryMs;
    if (known === undefined || !fresh || this.context.faults.of(this.device) !== undefined) {
      const told = await this.#identify();
      if (told === undefined) return;
      if (known !== undefined && told.serial !== known.serial)
        this.context.note(
          `${this.device}: its meter is now ${told.model} ${told.serial}; it was ${known.model} ${known.serial}`,
        );
    }
    await this.#restingReading();
  }

  async #identify(): Promise<MeterIdentity | undefined> {
    try {
      this.#identity = await this.meter.identify();
      this.#identifiedMonoMs = this.context.clock.now().monoMs;
      this.#doubted = false;
      return this.#identity;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /**
   * Whether the meter tells this serial number still. Asked after a reading that money is made from: so no other meter
   * can have given it.
   */
  async #confirmed(serial: string): Promise<boolean> {
    try {
      const told = await this.meter.confirm();
      if (told !== serial)
        throw new DeviceError("meter/serial-changed", `the meter is now ${told}, the session began with ${serial}`);
      this.#doubted = false;
      this.#answered();
      return true;
    } catch (error) {
      this.#doubted = true;
      this.#failed(error);
      return false;
    }
  }

  #answered(): void {
    this.context.faults.clear(this.device, "meter/");
    this.context.faults.clear(this.device, "port/");
  }

  /** A device that fails while we let go of it is no fault. */
  #failed(error: unknown): void {
    if (!this.#abort.signal.aborted) this.context.faults.raiseError(this.device, error, this.context.clock.now().at);
  }

  /**
   * A reading, or undefined with its fault raised. A meter's faults are cleared by a good reading only, so that none
   * flickers.
   */
  async #read(doubt: (reading: Reading) => Doubt | undefined): Promise<Reading | undefined> {
    try {
      const reading = await this.meter.read();
      const doubted = doubt(reading);
      if (doubted !== undefined) throw new DeviceError(doubted.code, doubted.message);
      if (!this.#doubted) this.#answered();
      return reading;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  async #begin(acceptance: Acceptance): Promise<number> {
    const { clock } = this.context;
    const fail = (why: string): number => {
      this.context.record({ type: "StartFailed", moment: clock.now(), connector: this.connector.id, why });
      this.context.note(`connector ${this.connector.id}: no session: ${why}`);
      this.refuse();
      return 0;
    };
    const blocked = this.context.blocked();
    if (blocked !== undefined) return fail(blocked);
    // The serial number is asked in every session: a meter swapped since the last one must not go unnoticed.
    const identity = await this.#identify();
    const begin = identity === undefined ? undefined : await this.#restingReading();
    if (identity === undefined || begin === undefined)
      return fail(this.context.faults.of(this.device)?.message ?? "the meter does not answer");
    if (this.context.session().state !== "starting") return 0;
    const opening = this.context.open(acceptance, identity, begin);
    if (typeof opening === "string") return fail(opening);
    this.#track = drawing;
    this.#plausibility = undefined;
    this.#goodMonoMs = this.#keptMonoMs = begin.moment.monoMs;
    this.context.record({ type: "SessionBegan", moment: clock.now(), connector: this.connector.id, opening });
    return this.connector.meter.poll;
  }

  async #watch(sale: Sale): Promise<number> {
    const { clock, config } = this.context;
    const { timing } = config;
    const readAtMs = clock.now().monoMs;
    const reading = await this.#plausibleReading(sale);
    if (this.context.session().state !== "charging") return 0;
    if (reading === undefined) return this.#missed();
    const atMs = sessionTimeMs(sale.opening, reading.moment, sale.samples.sample.atMs);
    const rules = { idlePowerW: config.idlePowerW, idleAfterMs: timing.idleAfter, idleGraceMs: timing.idleGrace };
    const tracked = track(this.#track, atMs, reading.powerW, rules);
    const border = nextBoundary(sale.rating);
    const crossed = border !== undefined && atMs >= border;
    const { activity } = tracked;
    const glanced = addReading(sale, reading, activity, crossed);
    // What moves money is written down: a crossing, a change of what the car does, a change of price, and one reading
    // now and then.
    const keep =
      this.#doubted ||
      crossed ||
      activity !== sale.activity ||
      !sameComponents(sale.rating, glanced.rating) ||
      reading.moment.monoMs - this.#keptMonoMs >= timing.journalReading;
    // It lasts only if the very same meter answers after it too: what is written down is what a session can be billed
    // to.
    if (keep && !(await this.#confirmed(reading.serial)))
      return this.context.session().state === "charging" ? this.#missed() : 0;
    if (this.context.session().state !== "charging") return 0;
    this.#goodMonoMs = reading.moment.monoMs;
    this.#track = tracked;
    if (keep) {
      this.#keptMonoMs = reading.moment.monoMs;
      this.context.record({
        type: "MeterRead",
        moment: clock.now(),
        connector: this.connector.id,
        reading,
        activity,
        border: crossed,
      });
    }
    const price = live(glanced.rating);
    const energyMilliWh = reading.energyMilliWh - sale.opening.begin.energyMilliWh;
    const elapsedMs = atMs - sale.opening.begin.moment.at;
    this.#liveReading = { reading, price, energyMilliWh, elapsedMs, sale: glanced };
    this.context.changed();
    const limit =
      limitReached(
        { energyMilliWh, elapsedMs, price },
        this.connector.limits,
        sale.opening.acceptance.limits,
        timing.noEnergy,
      ) ?? this.context.exposed(glanced);
    if (limit !== undefined) {
      this.#stop(limit.reason, limit.detail);
      return 0;
    }
    // The next turn comes at the poll's beat, or just when time alone changes the price.
    const nextPollMs = readAtMs + this.connector.meter.poll - clock.now().monoMs;
    const ahead = nextBoundary(glanced.rating);
    return Math.max(0, ahead === undefined ? nextPollMs : Math.min(nextPollMs, ahead - atMs));
  }

  /** A look that brought nothing to bill from; too long without one ends the session. */
  #missed(): number {
    const { clock, faults } = this.context;
    const silentMs = clock.now().monoMs - this.#goodMonoMs;
    if (silentMs < this.connector.meter.lostAfter) return this.connector.meter.poll;
    const why = faults.of(this.device)?.message ?? "the meter gave no good value";
    this.#stop("MeterFault", `no good meter value for ${Math.round(silentMs / 1000)} s: ${why}`);
    return 0;
  }

  #stop(reason: StopReason, detail: string): void {
    this.openContactor();
    this.context.record({
      type: "StopRequested",
      moment: this.context.clock.now(),
      connector: this.connector.id,
      reason,
      detail,
    });
  }

  /** The final reading is taken after the contactor has opened and the current is zero. */
  async #end(session: Extract<Session, { state: "stopping" }>): Promise<number> {
    const { clock, config } = this.context;
    const ended = (reading: Reading | null, detail: string): number => {
      this.context.record({ type: "SessionEnded", moment: clock.now(), connector: this.connector.id, reading, detail });
      return 0;
    };
    const seen = await this.#plausibleReading(session.sale);
    const still = seen !== undefined && seen.powerW <= zeroPowerW;
    const now = clock.now();
    const late = now.boot !== session.since.boot || now.monoMs - session.since.monoMs >= config.timing.settle;
    const again = Math.min(this.connector.meter.poll, 1_000);
    if (!still && !late) return again;
    if (seen !== undefined && (await this.#confirmed(seen.serial)))
      return ended(seen, still ? "" : `the meter still showed ${seen.powerW} W after the contactor opened`);
    if (!late) return again;
    return ended(
      null,
      `no end reading could be had: billed to the last good reading (${this.context.faults.of(this.device)?.message ?? "meter silent"})`,
    );
  }

  /** A reading that can be true after the last one; anything else raises a fault and is not used. */
  #plausibleReading(sale: Sale): Promise<Reading | undefined> {
    return this.#read((reading) => {
      const { plausibility, fault } = implausible(
        sale,
        reading,
        this.#plausibility,
        this.connector.maxPowerW,
        this.context.config.timing.journalReading,
      );
      this.#plausibility = plausibility;
      return fault;
    });
  }

  /**
   * A reading while nothing is sold: power that flows all the same is a fault, and a session that began with it could
   * bill the last one's rest.
   */
  #restingReading(): Promise<Reading | undefined> {
    return this.#read((reading) =>
      this.#contactorControl.rests
        ? powerWhileOpen(reading, Math.max(zeroPowerW, this.context.config.idlePowerW))
        : undefined,
    );
  }

  #show(indication: Indication): void {
    this.#guard(() => this.#pins?.indicator.show(indication));
  }

  /**
   * A pin that fails in use ends the process, and the next start takes it anew; whoever used it here first does the
   * rest of its work.
   */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.context.die(error);
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#nudged || signal.aborted) return Promise.resolve();
    const { clock } = this.context;
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

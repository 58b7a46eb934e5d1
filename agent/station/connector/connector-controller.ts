// One connector at work: asks the session what it wants and brings it about with meter, contactor, plug and lamp.
// One loop, one meter request at a time; every answer becomes an event, is written down, and the loop asks again.
import type { ConnectorConfig } from "../../../config/schema.js";
import { type EnergyMeter, type Pins, type Reading, sleep } from "../../../drivers/driver.js";
import type { ContactorTest } from "../../../drivers/gpio/contactor-test.js";
import type { StopReason } from "../../core/cdr/settlement.js";
import type { ActivityTrack } from "../../core/session/activity.js";
import type { LiveReading } from "../../core/session/live-reading.js";
import type { Acceptance } from "../../core/session/opening.js";
import type { Sale } from "../../core/session/sale.js";
import type { Session } from "../../core/session/session.js";
import { wants } from "../../core/session/wants.js";
import type { ConnectorContext } from "./connector-context.js";
import { ConnectorMeter } from "./connector-meter.js";
import { ConnectorPins, type SensedPins } from "./connector-pins.js";
import { ContactorControl } from "./contactor-control.js";
import { LimitWatch } from "./limit-watch.js";
import { SessionMetering, untilNextReading } from "./session-metering.js";
import { TurnPause } from "./turn-pause.js";
import { watchPlug } from "./watch-plug.js";

/** Under this power the current counts as zero: the least an energy meter of class B can tell. */
const zeroPowerW = 20;
const idlePollMs = 15_000;
const retryMs = 5_000;
/** After the contactor opened, the meter is asked for zero power at least this often. */
const endPollMs = 1_000;

export class ConnectorController {
  readonly device: string;
  readonly #abort = new AbortController();
  readonly #contactorControl: ContactorControl;
  readonly #pins: ConnectorPins;
  readonly #meter: ConnectorMeter;
  readonly #metering: SessionMetering;
  readonly #limits: LimitWatch;
  /** Who waits for the next look between sessions. */
  readonly #waitForLook: (() => void)[] = [];
  readonly #pause: TurnPause;
  #turnMonoMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly connector: ConnectorConfig,
    meter: EnergyMeter,
    openPins: () => Promise<Pins>,
    private readonly context: ConnectorContext,
  ) {
    this.device = `connector ${connector.id}`;
    const { device } = this;
    const { clock, config, faults } = context;
    const guard = (work: () => void): void => this.#guard(work);
    this.#contactorControl = new ContactorControl({
      name: device,
      clock,
      settleMs: config.timing.contactor,
      feedbackPin: `GPIO ${connector.contactor.feedback?.gpio ?? "?"}`,
      raise: (code, message) => faults.raise(device, code, message, clock.now().at),
      mended: () => faults.mended(device, "contactor/"),
      notClosing: (why) => this.#stop("ContactorFault", `${why}: no time is charged since the last reading before`),
      guard,
    });
    this.#pins = new ConnectorPins({
      open: openPins,
      clock,
      answerShownMs: config.timing.refusalShown,
      indication: () => context.indication(),
      guard,
    });
    this.#meter = new ConnectorMeter({
      device,
      meter,
      clock,
      faults,
      note: (text) => context.note(text),
      billedMilliWh: (serial) => context.billedMilliWh(serial),
      isEnding: () => this.#abort.signal.aborted,
    });
    this.#metering = new SessionMetering(config);
    const { stepMilliWh } = meter;
    this.#limits = new LimitWatch({ connector, timing: config.timing, stepMilliWh, context });
    this.#pause = new TurnPause(clock);
  }

  // ---- what others may know and ask

  /** Of the session that runs: until its first look there is none, since the last one was of the session before. */
  liveReading(): LiveReading | undefined {
    return this.#metering.liveReading(this.context.session());
  }

  /** The session's own activity, with the readings that are not kept. */
  activity(): ActivityTrack {
    return this.#metering.activity;
  }

  /** When the loop last began a turn: the watchdog's proof that this connector is looked after. */
  get turnMonoMs(): number {
    return this.#turnMonoMs;
  }

  /** What plug, auxiliary contact and button say now; undefined while the pins are not open. */
  sensed(): (SensedPins & { readonly feedback: boolean | undefined }) | undefined {
    const sensed = this.#pins.sensed();
    return sensed === undefined ? undefined : { ...sensed, feedback: this.#contactorControl.feedback() };
  }

  /** Brings contactor and lamp to what the session wants. Opening waits for nothing and comes first. */
  meet(): void {
    this.#guard(() => this.#contactorControl.drive(wants(this.context.session()).contactor));
    this.relight();
    this.#pause.end();
  }

  /** The lamp again: what it says may have changed without the session, by a fault or by a station that closed. */
  relight(): void {
    this.#pins.relight();
  }

  /** Answers a tap or a press by the lamp for a while, then shows what the session says again. */
  answer(indication: "refused" | "confirm-stop"): void {
    this.#pins.answer(indication);
  }

  /** Whether faults stand, and all of them are the meter's. */
  get isMeterDoubted(): boolean {
    const own = this.context.faults.all().filter(({ device }) => device === this.device);
    return own.length > 0 && own.every(({ code }) => code.startsWith("meter/"));
  }

  /** The reading of a register that is lower than on its meter's last receipt, while it is so. */
  get fallenRegister(): Reading | undefined {
    return this.#meter.fallen;
  }

  /** Between sessions: asks the meter anew, now. Resolves when it has answered or failed, or after `withinMs`. */
  async lookAnew(withinMs: number): Promise<void> {
    const over = new AbortController();
    this.#waitForLook.push(() => over.abort());
    this.meet();
    await sleep(this.context.clock, withinMs, over.signal);
  }

  /** The safe direction, at once and whatever the session says. */
  openContactor(): void {
    this.#guard(() => this.#contactorControl.drive(false));
  }

  /**
   * Closes the contactor for `ms` with nobody there. A session that begins meanwhile takes over. Answers with a reason
   * where it may not be.
   */
  async testContactor(ms: number): Promise<ContactorTest | string> {
    const { plug } = this.#pins;
    const { state } = this.context.session();
    if (plug === undefined) return this.context.faults.of(this.device)?.message ?? "its pins are not open yet";
    return this.#contactorControl.test(plug, ms, state === "available" ? undefined : state);
  }

  // ---- the loop

  /** Runs until closed. Devices that fail are tried again for ever; nothing can charge meanwhile. */
  async run(): Promise<void> {
    const { signal } = this.#abort;
    try {
      await this.#openPins(signal);
      for (const watch of [this.#watchPlug(signal), this.#watchButton(signal)])
        void watch.catch((error: unknown) => this.context.die(error));
      while (!signal.aborted) {
        const pauseMs = await this.#turn();
        await this.#pause.wait(pauseMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) this.context.die(error);
    }
  }

  async close(): Promise<void> {
    this.openContactor();
    this.#abort.abort();
    this.#contactorControl.letGo();
    this.#pause.end();
    this.#pins.close();
    await this.#meter.close();
  }

  async #openPins(signal: AbortSignal): Promise<void> {
    const { clock, faults } = this.context;
    while (!signal.aborted) {
      // Trying again is progress too: a missing pin is shown, and no reason for the watchdog to kill us.
      this.#turnMonoMs = clock.now().monoMs;
      try {
        const contactor = await this.#pins.open();
        faults.clear(this.device, "gpio/");
        this.#contactorControl.take(contactor);
        this.relight();
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
    const { plug } = this.#pins;
    if (plug !== undefined) await watchPlug(plug, this.connector, this.context, signal);
  }

  async #watchButton(signal: AbortSignal): Promise<void> {
    const { button } = this.#pins;
    if (button === undefined) return;
    for await (const change of button.presses(signal)) this.context.button(change);
  }

  /** One turn of the loop: does what the session wants next; answers how long the next may wait. */
  async #turn(): Promise<number> {
    const session = this.context.session();
    const want = wants(session);
    this.#pause.begin();
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

  // ---- the tasks of a turn, in the order of a session

  /** Between sessions meter and contactor are looked at now and then. */
  async #idle(): Promise<void> {
    const waiting = this.#waitForLook.splice(0);
    this.#guard(() => this.#contactorControl.look());
    if (await this.#meter.recognise()) await this.#meter.restingReading(...this.#resting());
    for (const told of waiting) told();
  }

  async #begin(acceptance: Acceptance): Promise<number> {
    const { clock } = this.context;
    const fail = (why: string): number => {
      this.context.record({ type: "StartFailed", moment: clock.now(), connector: this.connector.id, why });
      this.context.note(`${this.device}: no session: ${why}`);
      this.answer("refused");
      return 0;
    };
    // A fault of the meter may be over: it is asked anew before anybody is turned away for it.
    if (this.isMeterDoubted) await this.#idle();
    const blocked = this.context.blocked(acceptance.tariff);
    if (blocked !== undefined) return fail(blocked);
    // The serial number is asked in every session: a meter swapped since the last one must not go unnoticed.
    const identity = await this.#meter.identify();
    const begin = identity === undefined ? undefined : await this.#meter.beginReading(...this.#resting());
    if (identity === undefined || begin === undefined)
      return fail(this.context.faults.of(this.device)?.message ?? "the meter does not answer");
    this.#lookAtPlug();
    if (this.context.session().state !== "starting") return 0;
    const stillBlocked = this.context.blocked(acceptance.tariff);
    if (stillBlocked !== undefined) return fail(stillBlocked);
    const opening = this.context.open(acceptance, identity, begin);
    if (typeof opening === "string") return fail(opening);
    const tooLittle = this.#limits.whyNotBegun(opening);
    if (tooLittle !== undefined) return fail(tooLittle);
    this.#meter.forget();
    this.#metering.begin(begin);
    this.context.record({ type: "SessionBegan", moment: clock.now(), connector: this.connector.id, opening });
    return this.connector.meter.poll;
  }

  async #watch(sale: Sale): Promise<number> {
    const { clock } = this.context;
    const askedMonoMs = clock.now().monoMs;
    // What the pins said once is asked again with every reading: an edge can be lost, and contacts drop out.
    this.#guard(() => this.#contactorControl.look());
    this.#lookAtPlug();
    if (!this.#isCharging()) return 0;
    const reading = await this.#plausibleReading(sale);
    if (!this.#isCharging()) return 0;
    if (reading === undefined) return this.#missed();
    const look = this.#metering.look(sale, reading);
    const isKept = this.#meter.isDoubted || this.#metering.mustKeep(sale, look);
    // It lasts only if the very same meter answers after it too: what is written down is what a session can be billed
    // to.
    if (isKept && !(await this.#meter.confirmed(reading.serial))) return this.#isCharging() ? this.#missed() : 0;
    if (!this.#isCharging()) return 0;
    if (isKept)
      this.context.record({
        type: "MeterRead",
        moment: clock.now(),
        connector: this.connector.id,
        reading,
        activity: look.activity.activity,
        atBoundary: look.isAcrossBoundary,
      });
    this.#metering.take(look, isKept);
    this.context.changed();
    const limit = this.#limits.reached(look.live);
    if (limit === undefined)
      return untilNextReading(look, askedMonoMs + this.connector.meter.poll - clock.now().monoMs);
    this.#stop(limit.reason, limit.detail);
    return 0;
  }

  /** The final reading is taken after the contactor has opened and the current is zero. */
  async #end(session: Extract<Session, { state: "stopping" }>): Promise<number> {
    const { clock, config, faults } = this.context;
    const ended = (reading: Reading | null, detail: string): number => {
      this.context.record({ type: "SessionEnded", moment: clock.now(), connector: this.connector.id, reading, detail });
      return 0;
    };
    const seen = await this.#plausibleReading(session.sale);
    const isStill = seen !== undefined && Math.abs(seen.powerW) <= zeroPowerW;
    const now = clock.now();
    const isLate = now.boot !== session.since.boot || now.monoMs - session.since.monoMs >= config.timing.settle;
    const again = Math.min(this.connector.meter.poll, endPollMs);
    if (!isStill && !isLate) return again;
    if (seen !== undefined && (await this.#meter.confirmed(seen.serial)))
      return ended(seen, isStill ? "" : `the meter still showed ${seen.powerW} W after the contactor opened`);
    if (!isLate) return again;
    const why = faults.of(this.device)?.message ?? "meter silent";
    return ended(null, `no end reading could be had: billed to the last good reading (${why})`);
  }

  // ----

  /** A look that brought nothing to bill from; too long without one ends the session. */
  #missed(): number {
    const { clock, faults } = this.context;
    const silentMs = clock.now().monoMs - this.#metering.goodMonoMs;
    const limit = this.#limits.reachedUnseen(this.liveReading());
    if (limit !== undefined) this.#stop(limit.reason, limit.detail);
    if (limit !== undefined || silentMs < this.connector.meter.lostAfter) return this.connector.meter.poll;
    const why = faults.of(this.device)?.message ?? "the meter gave no good value";
    this.#stop("MeterFault", `no good meter value for ${Math.round(silentMs / 1000)} s: ${why}`);
    return 0;
  }

  #stop(reason: StopReason, detail: string): void {
    this.openContactor();
    const moment = this.context.clock.now();
    this.context.record({ type: "StopRequested", moment, connector: this.connector.id, reason, detail });
  }

  /** No time is billed from the last good reading to the next: a meter that runs backwards knows no idle car. */
  #suspend(): void {
    const session = this.context.session();
    if (session.state !== "charging" || session.sale.activity === "suspended") return;
    const moment = this.context.clock.now();
    const { last: reading } = session.sale;
    const { id: connector } = this.connector;
    this.context.record({ type: "MeterRead", moment, connector, reading, activity: "suspended", atBoundary: false });
    this.#metering.restart();
  }

  /** The plug as it is now, where no change was told of it. */
  #lookAtPlug(): void {
    const moment = this.context.clock.now();
    if (this.#pins.sensed()?.plugged === false)
      this.context.record({ type: "PlugChanged", moment, connector: this.connector.id, plugged: false });
  }

  #isCharging(): boolean {
    return this.context.session().state === "charging";
  }

  #plausibleReading(sale: Sale): Promise<Reading | undefined> {
    const { journalReading } = this.context.config.timing;
    return this.#meter.plausibleReading(sale, this.connector.maxPowerW, journalReading, () => this.#suspend());
  }

  #resting(): Parameters<ConnectorMeter["restingReading"]> {
    const leastW = Math.max(zeroPowerW, this.context.config.idlePowerW);
    return [() => this.#contactorControl.rests, leastW, this.connector.maxPowerW];
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
}

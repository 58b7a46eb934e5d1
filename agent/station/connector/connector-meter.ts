// The meter of one connector, as far as it can be relied on: who it is, whether it is still the same, and readings that
// can be true. Anything else raises a fault and is not used.
import {
  type Clock,
  DeviceError,
  type DeviceFaultCode,
  type EnergyMeter,
  type MeterIdentity,
  type Reading,
} from "../../../drivers/driver.js";
import {
  implausible,
  type MeterDoubt,
  type PlausibilityState,
  powerBackwards,
  powerForwards,
  powerWhileOpen,
  registerFell,
} from "../../core/session/meter-plausibility.js";
import type { Sale } from "../../core/session/sale.js";
import type { Faults } from "../../sync/faults.js";

export type ConnectorMeterParts = {
  /** The connector, under whose name faults are raised. */
  readonly device: string;
  readonly meter: EnergyMeter;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly note: (text: string) => void;
  /** At which register a meter was billed from last, or accepted since; undefined = never. */
  readonly billedMilliWh: (serial: string) => number | undefined;
  /** A device that fails while we let go of it is no fault. */
  readonly isEnding: () => boolean;
};

/** Between sessions a meter is asked who it is at least this often. */
const identityEveryMs = 60_000;

/** So many readings at most until enough of them agree. */
const mostBeginLooks = 5;

export class ConnectorMeter {
  readonly #parts: ConnectorMeterParts;
  #identity: MeterIdentity | undefined;
  #identifiedMonoMs = Number.NEGATIVE_INFINITY;
  /** It did not say that it is still the one it was: no reading of it counts until it does. */
  #isDoubted = false;
  #plausibility: PlausibilityState | undefined;
  /** The last reading between sessions. */
  #rested: Reading | undefined;
  /** The last reading between sessions whose register is lower than on the meter's last receipt. */
  #fallen: Reading | undefined;

  constructor(parts: ConnectorMeterParts) {
    this.#parts = parts;
  }

  /** It did not say that it is still the one it was: no reading of it counts until it does. */
  get isDoubted(): boolean {
    return this.#isDoubted;
  }

  /** Asks who it is; undefined with its fault raised. */
  async identify(): Promise<MeterIdentity | undefined> {
    try {
      this.#identity = await this.#parts.meter.identify();
      this.#identifiedMonoMs = this.#parts.clock.now().monoMs;
      this.#isDoubted = false;
      return this.#identity;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /**
   * Between sessions: asks who it is, where that was not asked of late or something is wrong, so that a dead meter, or
   * another one, is known before a driver comes. False when it does not say.
   */
  async recognise(): Promise<boolean> {
    const { device, clock, faults, note } = this.#parts;
    const known = this.#identity;
    const isFresh = clock.now().monoMs - this.#identifiedMonoMs < identityEveryMs;
    if (known !== undefined && isFresh && faults.of(device) === undefined) return true;
    const told = await this.identify();
    if (told === undefined) return false;
    if (known !== undefined && told.serial !== known.serial)
      note(`${device}: its meter is now ${told.model} ${told.serial}; it was ${known.model} ${known.serial}`);
    return true;
  }

  /**
   * Whether it tells this serial number still. Asked after a reading that money is made from: so no other meter can
   * have given it.
   */
  async confirmed(serial: string): Promise<boolean> {
    try {
      const told = await this.#parts.meter.confirm();
      if (told !== serial)
        throw new DeviceError("meter/serial-changed", `the meter is now ${told}, the session began with ${serial}`);
      this.#isDoubted = false;
      this.#answered();
      return true;
    } catch (error) {
      this.#isDoubted = true;
      this.#failed(error);
      return false;
    }
  }

  /** What is plausible is judged anew: a session begins. */
  forget(): void {
    this.#plausibility = undefined;
    this.#rested = undefined;
  }

  /**
   * A reading of a session that can be true after the last one; undefined with its fault raised. `onBackwards` is told
   * first of one whose power flows backwards.
   */
  async plausibleReading(
    sale: Sale,
    maxPowerW: number,
    heartbeatMs: number,
    onBackwards: (reading: Reading) => void,
  ): Promise<Reading | undefined> {
    const read = await this.#read((reading) => {
      const { stepMilliWh } = this.#parts.meter;
      const bounds = { maxPowerW, stepMilliWh, heartbeatMs };
      const { plausibility, fault } = implausible(sale, reading, this.#plausibility, bounds);
      this.#plausibility = plausibility;
      if (fault?.code === "meter/backwards") onBackwards(reading);
      return fault;
    });
    if (read !== undefined && !this.#isDoubted) {
      this.#flows(read, maxPowerW);
      if (read.energyMilliWh > sale.last.energyMilliWh) this.#mended("meter/stale");
    }
    return read;
  }

  /**
   * A reading between sessions; undefined with its fault raised. Power that flows through an open contactor is a fault:
   * a session that began with it could bill the last one's rest.
   */
  async restingReading(
    isContactorOpen: () => boolean,
    zeroPowerW: number,
    maxPowerW: number,
  ): Promise<Reading | undefined> {
    const { billedMilliWh } = this.#parts;
    const read = await this.#read((reading) => {
      const flowing = isContactorOpen() ? powerWhileOpen(reading, zeroPowerW) : powerBackwards(reading, maxPowerW);
      const fallen = registerFell(reading, billedMilliWh(reading.serial));
      this.#fallen = fallen === undefined ? undefined : reading;
      return flowing ?? fallen;
    });
    if (read !== undefined) this.#flows(read, maxPowerW);
    this.#rested = read ?? this.#rested;
    return read;
  }

  /**
   * The reading that a session may begin with: two in a row tell the same register, three where the last one between
   * sessions was another. One false value would be the measure of the whole session. Undefined with its fault raised.
   */
  async beginReading(...resting: Parameters<ConnectorMeter["restingReading"]>): Promise<Reading | undefined> {
    const { meter } = this.#parts;
    const agree = (one: Reading, other: Reading): boolean =>
      one.serial === other.serial && Math.abs(one.energyMilliWh - other.energyMilliWh) <= meter.stepMilliWh;
    const rested = this.#rested;
    let last: Reading | undefined;
    let agreeing = 1;
    for (let looks = 0; looks < mostBeginLooks; looks += 1) {
      const reading = await this.restingReading(...resting);
      if (reading === undefined) return undefined;
      agreeing = last !== undefined && agree(last, reading) ? agreeing + 1 : 1;
      last = reading;
      const isAsRested = rested === undefined || agree(rested, reading);
      if (agreeing >= (isAsRested ? 2 : 3)) return reading;
    }
    const message = `the meter tells another register with each look, the last one ${last?.energyMilliWh} mWh`;
    this.#failed(new DeviceError("meter/implausible", message));
    return undefined;
  }

  /** The reading of a register that is lower than on the meter's last receipt, while it is so. */
  get fallen(): Reading | undefined {
    return this.#fallen;
  }

  close(): Promise<void> {
    return this.#parts.meter.close();
  }

  /** Power that flows into the car under load shows what no meter at rest can: that it is not wired backwards. */
  #flows(reading: Reading, maxPowerW: number): void {
    if (powerForwards(reading, maxPowerW)) this.#mended("meter/backwards");
  }

  #mended(code: DeviceFaultCode): void {
    this.#parts.faults.mended(this.#parts.device, code);
  }

  /** A meter's faults are cleared by a good reading only, so that none flickers. */
  async #read(doubt: (reading: Reading) => MeterDoubt | undefined): Promise<Reading | undefined> {
    try {
      const reading = await this.#parts.meter.read();
      const doubted = doubt(reading);
      if (doubted !== undefined) throw new DeviceError(doubted.code, doubted.message);
      if (!this.#isDoubted) this.#answered();
      return reading;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #answered(): void {
    const { device, faults } = this.#parts;
    faults.clear(device, "meter/");
    faults.clear(device, "port/");
  }

  #failed(error: unknown): void {
    const { device, clock, faults, isEnding } = this.#parts;
    if (!isEnding()) faults.raiseError(device, error, clock.now().at);
  }
}

// An energy meter behind a register map: asks what its plan says, in its order, and makes identities and Readings of
// the answers. It binds what it reads to one device: who answers is asked first, and anew after every silence.

import type { MeterMap } from "../../config/meter-map.js";
import { energyResolutionMilliWh, registerOf, unprovenBecause } from "../../config/meter-map.js";
import type { MeterConfig } from "../../config/schema.js";
import type { EnergyMeter, MeterIdentity, Moment, Reading } from "../driver.js";
import { DeviceError } from "../driver.js";
import type { AskRegisters, MeterPlan, RegisterAnswer, RegisterRequest } from "./register-requests.js";
import { planRequests, requestsFor } from "./register-requests.js";
import { Registers } from "./registers.js";

export type MeterParts = {
  readonly map: MeterMap;
  readonly config: MeterConfig;
  readonly path: string;
  /** One exchange on the bus. */
  readonly ask: (ask: AskRegisters) => Promise<RegisterAnswer>;
  /** So often a request that brought nothing is asked again. */
  readonly repeats: number;
  /** Told once, when the meter is closed. */
  readonly left: () => Promise<void>;
  readonly hasPassed?: (model: string, serial: string) => boolean;
};

/** One register for people: its value in its unit, or why there is none. */
export type RegisterShown =
  | { readonly register: string; readonly value: string; readonly unit: string }
  | { readonly register: string; readonly fault: string };

/** What one disturbed frame looks like; the next one may be well. */
const isTransient = (error: unknown): boolean =>
  error instanceof DeviceError && (error.code === "meter/timeout" || error.code === "meter/garbled");

/** By these names every map calls the power of a phase. */
const phasePowers = ["powerL1", "powerL2", "powerL3"];

/** The register was never written, or says of itself that nothing stands there. */
const noNumber = /^(0*|F{8}|4294967295)$/;
/** Modbus application protocol 1.1b3, 7: there is no such register. */
const illegalAddress = 2;

const isWithoutRegister = (error: unknown): boolean =>
  error instanceof DeviceError &&
  error.code === "meter/exception" &&
  (error.cause as { modbusCode?: unknown } | undefined)?.modbusCode === illegalAddress;

export class ModbusMeter implements EnergyMeter {
  readonly map: MeterMap;
  readonly stepMilliWh: number;
  readonly #parts: MeterParts;
  readonly #name: string;
  #plan: MeterPlan;
  #identity: MeterIdentity | undefined;
  /** It has told its own serial number: from now on nothing less will do. */
  #hasTold = false;
  /** All repeats of a request brought nothing: until it answers it is asked once each time, so that others have the line. */
  #isLost = false;
  #closed = false;

  constructor(parts: MeterParts) {
    const { map, config, path } = parts;
    this.#parts = parts;
    this.map = map;
    this.stepMilliWh = energyResolutionMilliWh(map);
    this.#name = `${map.vendor} ${map.models[0] ?? map.id}, unit ${config.unit} at ${path}`;
    this.#plan = planRequests(map);
    if (parts.hasPassed === undefined) this.#refuseDoubt();
    if (map.identity.serial === undefined && config.serial === undefined)
      throw new DeviceError(
        "meter/unknown",
        `${this.#name}: this model does not tell its serial number; write the number on its label as serial`,
      );
  }

  /** The bus tells who else is on it, so that no other request there is as long as our energy request. */
  planBeside(others: readonly MeterMap[]): void {
    this.#plan = planRequests(this.map, others);
  }

  /**
   * Asks the meter who it is, each time. Refuses another model, another setting, another serial number than the
   * configured one.
   */
  async identify(): Promise<MeterIdentity> {
    this.#identity = undefined;
    const { registers } = await this.#fetch(this.#plan.checks);
    for (const name of this.map.identity.checks) registers.check(registerOf(this.map, name));
    const number = await this.#serialNumber();
    if (this.#parts.hasPassed?.(this.map.id, number.serial) !== true) this.#refuseDoubt();
    const firmware = await this.#firmware();
    const { calibratedUntil } = this.#parts.config;
    this.#identity = {
      vendor: this.map.vendor,
      model: this.map.models[0] ?? this.map.id,
      ...number,
      ...(firmware === undefined ? {} : { firmware }),
      ...(calibratedUntil === undefined ? {} : { calibratedUntil }),
    };
    return this.#identity;
  }

  /** Only the register that bears the serial number; a model that tells none is taken at its configured word. */
  async confirm(): Promise<string> {
    const known = this.#identity;
    if (known === undefined || this.map.identity.serial === undefined) return (known ?? (await this.identify())).serial;
    this.#identity = undefined;
    const { serial } = await this.#serialNumber();
    // Another meter than before has all its other questions ahead of it too.
    if (serial !== known.serial) return (await this.identify()).serial;
    this.#identity = known;
    return serial;
  }

  /** Power and current first, energy last: its moment is that of the reading. */
  async read(): Promise<Reading> {
    try {
      const { serial } = this.#identity ?? (await this.identify());
      const live = await this.#fetch(this.#plan.live);
      const counter = await this.#fetch(this.#plan.energy);
      if (counter.moment === undefined) throw new Error(`${this.map.id} plans no energy request`);
      const currentMilliA = live.registers.currentMilliA();
      return {
        moment: counter.moment,
        energyMilliWh: counter.registers.energyMilliWh(),
        powerW: live.registers.powerW(),
        ...(currentMilliA === undefined ? {} : { currentMilliA }),
        serial,
      };
    } catch (error) {
      // Somebody may have changed the meter while it was away.
      if (
        error instanceof DeviceError &&
        (error.code === "meter/timeout" || error.code === "port/lost" || error.code === "port/missing")
      )
        this.#identity = undefined;
      throw error;
    }
  }

  /**
   * Every register that the map names, one by one, for a technician's eye: a register that is refused does not hide the
   * others.
   */
  async survey(): Promise<RegisterShown[]> {
    const shown: RegisterShown[] = [];
    for (const entry of Object.values(this.map.registers)) {
      try {
        const { registers } = await this.#fetch(requestsFor(this.map, [entry.name]));
        const value = registers.shown(entry);
        shown.push(
          value === undefined
            ? { register: entry.name, fault: "not available" }
            : { register: entry.name, value, unit: entry.counts?.unit ?? "" },
        );
      } catch (error) {
        if (!(error instanceof DeviceError) || error.code === "port/lost" || error.code === "port/missing") throw error;
        shown.push({ register: entry.name, fault: error.message });
      }
    }
    return shown;
  }

  /** The power of each phase in whole watts, where the map has its registers: null = not available. */
  async phasePowersW(): Promise<readonly (number | null)[]> {
    const names = phasePowers.filter((name) => this.map.registers[name] !== undefined);
    if (names.length < phasePowers.length) return [];
    const { registers } = await this.#fetch(requestsFor(this.map, names));
    return names.map((name) => {
      const shown = registers.shown(registerOf(this.map, name));
      return shown === undefined ? null : Math.round(Number(shown));
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#parts.left();
  }

  /** A counter that is coarse, or that too few sources describe, is billed from only on somebody's word. */
  #refuseDoubt(): void {
    const doubt = unprovenBecause(this.map);
    if (doubt === undefined || this.#parts.config.acceptUnproven) return;
    throw new DeviceError(
      "meter/unknown",
      `${this.#name}: ${doubt}; compare it with its display (chargetill meter check), or accept that with acceptUnproven: true`,
    );
  }

  async #fetch(requests: readonly RegisterRequest[]): Promise<{ registers: Registers; moment: Moment | undefined }> {
    const answers: RegisterAnswer[] = [];
    const { unit, timeout } = this.#parts.config;
    const [live] = this.#plan.live;
    const counter = this.#plan.energy.at(-1);
    if (live === undefined || counter === undefined) throw new Error(`${this.map.id} plans no request`);
    for (const request of requests) {
      // Energy is as long as nothing else, so it stands between all the others, and they before it.
      const between = request.words === counter.words ? live : counter;
      answers.push(
        await this.#asked({ ...request, unit, timeoutMs: timeout, worstReplyMs: this.map.worstReplyMs, between }),
      );
    }
    return { registers: new Registers(this.map, this.#name, answers), moment: answers.at(-1)?.moment };
  }

  async #asked(ask: AskRegisters): Promise<RegisterAnswer> {
    for (let repeats = 0; ; repeats += 1) {
      if (this.#closed) throw new DeviceError("port/lost", `${this.#name}: closed`);
      try {
        const answer = await this.#parts.ask(ask);
        this.#isLost = false;
        return answer;
      } catch (error) {
        if (!isTransient(error)) throw error;
        this.#isLost ||= repeats >= this.#parts.repeats;
        if (this.#isLost) throw error;
      }
    }
  }

  /** As the meter tells it; where it has none to tell, as the config names it. */
  async #serialNumber(): Promise<Pick<MeterIdentity, "serial" | "serialByHand">> {
    const configured = this.#parts.config.serial;
    const told = await this.#toldSerial();
    if ("serial" in told) {
      if (configured !== undefined && told.serial !== configured)
        throw new DeviceError(
          "meter/serial-changed",
          `${this.#name}: reports serial number ${told.serial}, the config names ${configured}: was the meter changed?`,
        );
      this.#hasTold = true;
      return told;
    }
    if (this.#hasTold)
      throw new DeviceError(
        "meter/serial-changed",
        `${this.#name}: ${told.none}, and told one before: was the meter changed?`,
        { cause: told.cause },
      );
    if (configured === undefined)
      throw new DeviceError(
        "meter/unknown",
        `${this.#name}: ${told.none}; if it is the model that the config names, write the number on its label as serial`,
        { cause: told.cause },
      );
    return { serial: configured, serialByHand: true };
  }

  async #toldSerial(): Promise<{ serial: string } | { none: string; cause?: unknown }> {
    const name = this.map.identity.serial;
    if (name === undefined) return { none: "reports no serial number" };
    try {
      const serial = (await this.#fetch(this.#plan.serial)).registers.label(registerOf(this.map, name));
      return noNumber.test(serial) ? { none: `reports no serial number ("${serial}")` } : { serial };
    } catch (cause) {
      if (!isWithoutRegister(cause)) throw cause;
      return { none: `has no register for a serial number (exception ${illegalAddress})`, cause };
    }
  }

  /** Good to know and no more: a meter that refuses to tell is still a meter. */
  async #firmware(): Promise<string | undefined> {
    const name = this.map.identity.firmware;
    if (name === undefined) return undefined;
    try {
      return (await this.#fetch(this.#plan.firmware)).registers.label(registerOf(this.map, name));
    } catch (error) {
      if (error instanceof DeviceError && (error.code === "meter/exception" || error.code === "meter/implausible"))
        return undefined;
      throw error;
    }
  }
}

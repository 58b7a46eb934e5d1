// An energy meter behind a register map: asks what its plan says, in its order, and makes identities and Readings of
// the answers. It binds what it reads to one device: who answers is asked first, and anew after every silence.

import type { MeterMap } from "../../config/meter-map.js";
import { registerOf, unprovenBecause } from "../../config/meter-map.js";
import type { MeterConfig } from "../../config/schema.js";
import type { EnergyMeter, MeterIdentity, Moment, Reading } from "../driver.js";
import { DeviceError } from "../driver.js";
import type { AskRegisters, MeterPlan, RegisterAnswer, RegisterRequest } from "./register-requests.js";
import { answerHolds, asked, planRequests } from "./register-requests.js";
import { Registers } from "./registers.js";

export type MeterParts = {
  readonly map: MeterMap;
  readonly config: MeterConfig;
  readonly path: string;
  /** One exchange on the bus. */
  readonly ask: (ask: AskRegisters) => Promise<RegisterAnswer>;
  /** Told once, when the meter is closed. */
  readonly left: () => Promise<void>;
  readonly hasPassed?: (model: string, serial: string) => boolean;
};

/** One register for people: its value in its unit, or why there is none. */
export type Shown =
  | { readonly register: string; readonly value: string; readonly unit: string }
  | { readonly register: string; readonly fault: string };

export class ModbusMeter implements EnergyMeter {
  readonly map: MeterMap;
  readonly #parts: MeterParts;
  readonly #name: string;
  #plan: MeterPlan;
  #identity: MeterIdentity | undefined;
  #closed = false;

  constructor(parts: MeterParts) {
    const { map, config, path } = parts;
    this.#parts = parts;
    this.map = map;
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
    const told = await this.#fetch(this.#plan.identity);
    for (const name of this.map.identity.checks) told.registers.check(registerOf(this.map, name));
    const serial = this.#serial(told.registers);
    if (this.#parts.hasPassed?.(this.map.id, serial) !== true) this.#refuseDoubt();
    const firmware = await this.#firmware();
    this.#identity = {
      vendor: this.map.vendor,
      model: this.map.models[0] ?? this.map.id,
      serial,
      ...(firmware === undefined ? {} : { firmware }),
    };
    return this.#identity;
  }

  /** Only the register that bears the serial number; a model that tells none is taken at its configured word. */
  async confirm(): Promise<string> {
    const name = this.map.identity.serial;
    if (this.#identity === undefined || name === undefined) return (this.#identity ?? (await this.identify())).serial;
    const register = registerOf(this.map, name);
    const known = this.#identity;
    this.#identity = undefined;
    const { registers } = await this.#fetch(this.#plan.identity.filter((request) => answerHolds(request, register)));
    const serial = this.#serial(registers);
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
  async survey(): Promise<Shown[]> {
    const shown: Shown[] = [];
    for (const entry of Object.values(this.map.registers)) {
      try {
        const { registers } = await this.#fetch(asked(this.map, [entry.name]));
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
      if (this.#closed) throw new DeviceError("port/lost", `${this.#name}: closed`);
      // Energy is as long as nothing else, so it stands between all the others, and they before it.
      const between = request.words === counter.words ? live : counter;
      answers.push(
        await this.#parts.ask({ ...request, unit, timeoutMs: timeout, worstReplyMs: this.map.worstReplyMs, between }),
      );
    }
    return { registers: new Registers(this.map, this.#name, answers), moment: answers.at(-1)?.moment };
  }

  #serial(registers: Registers): string {
    const { config } = this.#parts;
    const told =
      this.map.identity.serial === undefined
        ? undefined
        : registers.label(registerOf(this.map, this.map.identity.serial));
    if (told !== undefined && /^(0*|F{8}|4294967295)$/.test(told))
      throw new DeviceError("meter/unknown", `${this.#name}: tells no serial number ("${told}")`);
    if (told !== undefined && config.serial !== undefined && told !== config.serial)
      throw new DeviceError(
        "meter/serial-changed",
        `${this.#name}: tells serial number ${told}, the config names ${config.serial}: was the meter changed?`,
      );
    const serial = told ?? config.serial;
    if (serial === undefined) throw new Error("a meter without serial number was let in");
    return serial;
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

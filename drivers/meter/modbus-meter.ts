// An energy meter behind a register map: words from the bus become an identity or a Reading, or a DeviceError that says why not.
// A value that is not certain is never handed on: not-a-number, negative, impossibly large, or of a meter that is not the one we know.
import { energyResolutionMilliWh, registerOf, unprovenBecause } from "../../config/meter-map.js";
import type { MeterMap, NumberType, Register } from "../../config/meter-map.js";
import type { MeterConfig } from "../../config/schema.js";
import { DeviceError } from "../driver.js";
import type { EnergyMeter, MeterIdentity, Reading } from "../driver.js";
import type { Answer, Ask } from "./bus.js";
import { add, decodeNumber, decodeText, floorToStep, inMilli, nearest } from "./decode.js";
import type { Decimal } from "./decode.js";
import { holds, planRequests } from "./requests.js";
import type { MeterPlan, Request } from "./requests.js";

/** More than any of these counters can show: 100 GWh. */
const mostEnergyMilliWh = 10n ** 14n;
/** Powers of ten that a scale register may name (SunSpec: -10 to 10). */
const mostScale = 10n;

const nothing: Decimal = { digits: 0n, exponent: 0 };

export type MeterParts = {
  readonly map: MeterMap;
  readonly config: MeterConfig;
  readonly path: string;
  /** One exchange on the bus. */
  readonly ask: (ask: Ask) => Promise<Answer>;
  /** Told once, when the meter is closed. */
  readonly left: () => Promise<void>;
  readonly hasPassed?: (model: string, serial: string) => boolean;
};

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
      throw new DeviceError("meter/unknown", `${this.#name}: this model does not tell its serial number; write the number on its label as serial`);
  }

  /** The bus tells who else is on it, so that no other request there is as long as our energy request. */
  planBeside(others: readonly MeterMap[]): void {
    this.#plan = planRequests(this.map, others);
  }

  /** Asks the meter who it is, each time. Refuses another model, another setting, another serial number than the configured one. */
  async identify(): Promise<MeterIdentity> {
    this.#identity = undefined;
    const answers = await this.#fetch(this.#plan.identity);
    for (const name of this.map.identity.checks) this.#check(registerOf(this.map, name), answers);
    const serial = this.#serial(answers);
    if (this.#parts.hasPassed?.(this.map.id, serial) !== true) this.#refuseDoubt();
    const firmware = await this.#firmware();
    this.#identity = { vendor: this.map.vendor, model: this.map.models[0] ?? this.map.id, serial, ...(firmware === undefined ? {} : { firmware }) };
    return this.#identity;
  }

  /** Power and current first, energy last: its moment is that of the reading. After silence the meter is asked anew who it is. */
  async read(): Promise<Reading> {
    try {
      const { serial } = this.#identity ?? (await this.identify());
      const live = await this.#fetch(this.#plan.live);
      const counter = await this.#fetch(this.#plan.energy);
      const last = counter.at(-1);
      if (last === undefined) throw new Error(`${this.map.id} plans no request`);
      const currentMilliA = this.#current(live);
      return {
        moment: last.moment,
        energyMilliWh: this.#energy(counter),
        powerW: nearest(this.#power(live)),
        ...(currentMilliA === undefined ? {} : { currentMilliA }),
        serial,
      };
    } catch (error) {
      // Somebody may have changed the meter while it was away.
      if (error instanceof DeviceError && (error.code === "meter/timeout" || error.code === "port/lost" || error.code === "port/missing")) this.#identity = undefined;
      throw error;
    }
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
    throw new DeviceError("meter/unknown", `${this.#name}: ${doubt}; compare it with its display (chargetill meter check), or accept that with acceptUnproven: true`);
  }

  async #fetch(requests: readonly Request[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    const { unit, timeout } = this.#parts.config;
    const [live] = this.#plan.live;
    const counter = this.#plan.energy.at(-1);
    if (live === undefined || counter === undefined) throw new Error(`${this.map.id} plans no request`);
    for (const request of requests) {
      if (this.#closed) throw new DeviceError("port/lost", `${this.#name}: closed`);
      // Energy is as long as nothing else, so it stands between all the others, and they before it.
      const between = this.#plan.energy.includes(request) ? live : counter;
      answers.push(await this.#parts.ask({ ...request, unit, timeoutMs: timeout, worstReplyMs: this.map.worstReplyMs, between }));
    }
    return answers;
  }

  #bytes(entry: Register, answers: readonly Answer[]): Buffer {
    const holder = answers.find((answer) => holds(answer, entry));
    if (holder === undefined) throw new Error(`${this.map.id}: ${entry.name} was not asked for`);
    const start = 2 * (entry.address - holder.address);
    return holder.bytes.subarray(start, start + 2 * entry.words);
  }

  /** The power of ten that the meter names for this register; 0 where it names none. */
  #scale(entry: Register, answers: readonly Answer[]): number {
    if (entry.scaledBy === undefined) return 0;
    const decoded = decodeNumber(this.#bytes(registerOf(this.map, entry.scaledBy), answers), "i16", this.map);
    if (decoded.kind === "unavailable") throw this.#implausible(`the scale of ${entry.name} is ${decoded.why}`);
    const power = decoded.value.digits;
    if (power > mostScale || power < -mostScale) throw this.#implausible(`the scale of ${entry.name} reads 10^${power}`);
    return Number(power);
  }

  /** In thousandths of the register's unit; undefined when the meter marks it as not available. */
  #number(entry: Register, answers: readonly Answer[]): Decimal | undefined {
    const decoded = decodeNumber(this.#bytes(entry, answers), numberType(entry), this.map);
    if (decoded.kind === "unavailable") return undefined;
    return inMilli(decoded.value, entry, this.#scale(entry, answers));
  }

  #energy(answers: readonly Answer[]): number {
    const step = energyResolutionMilliWh(this.map);
    let sum = nothing;
    for (const name of this.map.reading.energy) {
      const entry = registerOf(this.map, name);
      const bytes = this.#bytes(entry, answers);
      const scale = this.#scale(entry, answers);
      const decoded = decodeNumber(bytes, numberType(entry), this.map);
      if (decoded.kind === "unavailable") throw this.#implausible(`${name} is ${decoded.why}${this.#smell(entry, bytes)}`);
      const value = inMilli(decoded.value, entry, scale);
      const fault = energyFault(value);
      if (fault !== undefined) throw this.#implausible(`${name} ${fault}${this.#smell(entry, bytes)}`);
      if (entry.scaledBy !== undefined && 10 ** ((entry.counts?.exponent ?? 0) + scale) > step)
        throw this.#implausible(`${name} counts in steps of ${10 ** ((entry.counts?.exponent ?? 0) + scale - 3)} Wh, coarser than its map states`);
      sum = add(sum, value);
    }
    return Number(floorToStep(sum, BigInt(step)));
  }

  #power(answers: readonly Answer[]): Decimal {
    const term = (name: string): Decimal => {
      const value = this.#number(registerOf(this.map, name), answers);
      if (value === undefined) throw this.#implausible(`${name} is not available`);
      return { digits: value.digits, exponent: value.exponent - 3 };
    };
    const drawn = this.map.reading.power.map(term).reduce((sum, value) => add(sum, value), nothing);
    return this.map.reading.powerLess.map(term).reduce((sum, value) => add(sum, value, -1n), drawn);
  }

  /** The phases that there are, whatever their direction. */
  #current(answers: readonly Answer[]): number | undefined {
    const phases = this.map.reading.current.map((name) => this.#number(registerOf(this.map, name), answers)).filter((value) => value !== undefined);
    if (phases.length === 0) return undefined;
    return nearest(phases.map(({ digits, exponent }) => ({ digits: digits < 0n ? -digits : digits, exponent })).reduce((sum, value) => add(sum, value), nothing));
  }

  #serial(answers: readonly Answer[]): string {
    const { config } = this.#parts;
    const told = this.map.identity.serial === undefined ? undefined : this.#label(registerOf(this.map, this.map.identity.serial), answers);
    if (told !== undefined && /^(0*|F{8}|4294967295)$/.test(told)) throw new DeviceError("meter/unknown", `${this.#name}: tells no serial number ("${told}")`);
    if (told !== undefined && config.serial !== undefined && told !== config.serial)
      throw new DeviceError("meter/serial-changed", `${this.#name}: tells serial number ${told}, the config names ${config.serial}: was the meter changed?`);
    const serial = told ?? config.serial;
    if (serial === undefined) throw new Error("a meter without serial number was let in");
    return serial;
  }

  /** A text or number as the meter's label prints it. */
  #label(entry: Register, answers: readonly Answer[]): string {
    const bytes = this.#bytes(entry, answers);
    if (entry.type === "ascii" || entry.type === "ascii_lsb") {
      const text = decodeText(bytes);
      if (text === undefined) throw this.#implausible(`${entry.name} is no text (${bytes.toString("hex")})`);
      return text;
    }
    const decoded = decodeNumber(bytes, numberType(entry), { wordOrder: this.map.wordOrder, invalid: [] });
    if (decoded.kind === "unavailable") throw this.#implausible(`${entry.name} is ${decoded.why}`);
    const whole = floorToStep(decoded.value, 1n);
    return entry.print === "hex" ? whole.toString(16).toUpperCase().padStart(4 * entry.words, "0") : whole.toString();
  }

  #check(entry: Register, answers: readonly Answer[]): void {
    const told = this.#label(entry, answers);
    const fits =
      (entry.expect?.includes(Number(told)) ?? true)
      && (entry.expectRange === undefined || (Number(told) >= entry.expectRange[0] && Number(told) <= entry.expectRange[1]))
      && (entry.expectStart?.some((start) => told.startsWith(start)) ?? true);
    if (fits) return;
    const wanted = entry.expect?.join(" or ") ?? entry.expectRange?.join(" to ") ?? entry.expectStart?.join(" or ") ?? "";
    throw new DeviceError("meter/unknown", `${this.#name}: ${entry.name} says "${told}", expected ${wanted}: is it another model, or set up otherwise?${entry.note === undefined ? "" : ` (${entry.note})`}`);
  }

  /** Good to know and no more: a meter that refuses to tell is still a meter. */
  async #firmware(): Promise<string | undefined> {
    const name = this.map.identity.firmware;
    if (name === undefined) return undefined;
    try {
      return this.#label(registerOf(this.map, name), await this.#fetch(this.#plan.firmware));
    } catch (error) {
      if (error instanceof DeviceError && (error.code === "meter/exception" || error.code === "meter/implausible")) return undefined;
      throw error;
    }
  }

  /** A hint when the bytes make sense with their words the other way round. */
  #smell(entry: Register, bytes: Buffer): string {
    const turned = decodeNumber(bytes, numberType(entry), { invalid: this.map.invalid, wordOrder: this.map.wordOrder === "big" ? "little" : "big" });
    const sane = entry.words > 1 && turned.kind === "number" && energyFault(inMilli(turned.value, entry)) === undefined;
    return sane ? "; with the words the other way round it would make sense: check the meter's word order setting" : "";
  }

  #implausible(what: string): DeviceError {
    return new DeviceError("meter/implausible", `${this.#name}: ${what}`);
  }
}

function numberType(entry: Register): NumberType {
  if (entry.type === "ascii" || entry.type === "ascii_lsb") throw new Error(`${entry.name} is a text`);
  return entry.type;
}

/** Why a counter cannot stand there, or undefined. A tiny rest above zero is what a float with turned words looks like. */
function energyFault(value: Decimal): string | undefined {
  if (value.digits < 0n) return "is negative";
  const milliWh = floorToStep(value, 1n);
  if (milliWh > mostEnergyMilliWh) return "is larger than any counter";
  if (value.digits > 0n && milliWh === 0n) return "is next to nothing, but not zero";
  return undefined;
}

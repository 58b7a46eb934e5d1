// What a meter's answers mean, by its map: energy, power, current, labels. Pure: words in, exact figures out, or a
// DeviceError that says why not. A value that is not certain is never handed on: not-a-number, negative, impossibly
// large, in coarser steps than stated.

import { addDecimals, type Decimal, decimalText, negated } from "../../config/decimal.js";
import type { MeterMap, NumberType, Register } from "../../config/meter-map.js";
import { energyResolutionMilliWh, isTextType, registerOf } from "../../config/meter-map.js";
import { DeviceError } from "../driver.js";
import type { Decoded } from "./decode.js";
import { decodeDigits, decodeNumber, decodeText, floorToStep, inMilli, nearestStep } from "./decode.js";
import type { RegisterRequest } from "./register-requests.js";
import { answerHolds } from "./register-requests.js";

/** More than any of these counters can show: 100 GWh. */
const mostEnergyMilliWh = 10n ** 14n;
/**
 * More than any charge point draws: 10 MW, 100 kA. A float that is none reads like that, and what is made of it would
 * not be a whole number any more.
 */
const mostPowerW = 10_000_000;
const mostCurrentMilliA = 100_000_000;
/** Powers of ten that a scale register may name (SunSpec: -10 to 10). */
const mostScale = 10n;

const nothing: Decimal = { digits: 0n, scale: 0 };

export class Registers {
  readonly #map: MeterMap;
  readonly #name: string;
  readonly #answers: readonly (RegisterRequest & { readonly bytes: Buffer })[];

  /** `name` is the meter's, for the sentences. */
  constructor(map: MeterMap, name: string, answers: readonly (RegisterRequest & { readonly bytes: Buffer })[]) {
    this.#map = map;
    this.#name = name;
    this.#answers = answers;
  }

  /** The counter, in whole milliwatt-hours, rounded down to the map's resolution. */
  energyMilliWh(): number {
    const step = energyResolutionMilliWh(this.#map);
    const sum = this.#map.reading.energy
      .map((name) => this.#energyTerm(registerOf(this.#map, name), step))
      .reduce((total, term) => addDecimals(total, term), nothing);
    return Number(floorToStep(sum, BigInt(step)));
  }

  /** Drawn power, in whole watts; negative where energy flows back. */
  powerW(): number {
    const term = (name: string): Decimal => {
      const value = this.milli(registerOf(this.#map, name));
      if (value === undefined) throw this.#implausible(`${name} is not available`);
      return { digits: value.digits, scale: value.scale + 3 };
    };
    const { power, powerLess } = this.#map.reading;
    const powerW = nearestStep(
      powerLess.map(term).reduce(
        (sum, value) => addDecimals(sum, negated(value)),
        power.map(term).reduce((sum, value) => addDecimals(sum, value), nothing),
      ),
    );
    if (Math.abs(powerW) > mostPowerW) throw this.#implausible(`a power of ${powerW} W is more than anybody draws`);
    return powerW;
  }

  /** The sum over the phases that there are, whatever their direction; undefined where the meter gives none. */
  currentMilliA(): number | undefined {
    const phases = this.#map.reading.current
      .map((name) => this.milli(registerOf(this.#map, name)))
      .filter((value) => value !== undefined);
    if (phases.length === 0) return undefined;
    const milliA = nearestStep(
      phases
        .map((value) => (value.digits < 0n ? negated(value) : value))
        .reduce((sum, value) => addDecimals(sum, value), nothing),
    );
    if (milliA > mostCurrentMilliA)
      throw this.#implausible(`a current of ${milliA / 1000} A is more than any cable carries`);
    return milliA;
  }

  /** A number in thousandths of its unit; undefined when the meter marks it as not available. */
  milli(entry: Register): Decimal | undefined {
    const decoded = this.#decoded(entry);
    return decoded.kind === "unavailable" ? undefined : inMilli(decoded.value, entry, this.#scale(entry));
  }

  /** What a register says in the unit that its map names, for people's eyes; undefined when it is not available. */
  shown(entry: Register): string | undefined {
    if (entry.counts === undefined) return this.label(entry);
    const milli = this.milli(entry);
    return milli && decimalText({ digits: milli.digits, scale: milli.scale + 3 });
  }

  /** A text or whole number as the meter's label prints it. */
  label(entry: Register): string {
    if (isTextType(entry.type)) {
      const text = entry.type === "bcd" ? decodeDigits(this.#bytes(entry)) : decodeText(this.#bytes(entry));
      if (text === undefined)
        throw this.#implausible(`${entry.name} is not text (${this.#bytes(entry).toString("hex")})`);
      return text;
    }
    const decoded = decodeNumber(this.#bytes(entry), numberType(entry), {
      wordOrder: this.#map.wordOrder,
      invalid: [],
    });
    if (decoded.kind === "unavailable") throw this.#implausible(`${entry.name} is ${decoded.why}`);
    const whole = floorToStep(decoded.value, 1n);
    return entry.print === "hex"
      ? whole
          .toString(16)
          .toUpperCase()
          .padStart(4 * entry.words, "0")
      : whole.toString();
  }

  /** Refuses a meter of another model, or set up otherwise, by what the map expects of this register. */
  check(entry: Register): void {
    const told = this.label(entry);
    const fits =
      (entry.expect?.includes(Number(told)) ?? true) &&
      (entry.expectRange === undefined ||
        (Number(told) >= entry.expectRange[0] && Number(told) <= entry.expectRange[1])) &&
      (entry.expectStart?.some((start) => told.startsWith(start)) ?? true);
    if (fits) return;
    const wanted =
      entry.expect?.join(" or ") ?? entry.expectRange?.join(" to ") ?? entry.expectStart?.join(" or ") ?? "";
    const note = entry.note === undefined ? "" : ` (${entry.note})`;
    throw new DeviceError(
      "meter/unknown",
      `${this.#name}: ${entry.name} says "${told}", expected ${wanted}: is it another model, or set up otherwise?${note}`,
    );
  }

  #energyTerm(entry: Register, step: number): Decimal {
    const decoded = this.#decoded(entry);
    if (decoded.kind === "unavailable") throw this.#implausible(`${entry.name} is ${decoded.why}${this.#smell(entry)}`);
    const scale = this.#scale(entry);
    const value = inMilli(decoded.value, entry, scale);
    const fault = energyFault(value);
    if (fault !== undefined) throw this.#implausible(`${entry.name} ${fault}${this.#smell(entry)}`);
    const counted = 10 ** ((entry.counts?.exponent ?? 0) + scale);
    if (entry.scaledBy !== undefined && counted > step)
      throw this.#implausible(`${entry.name} counts in steps of ${counted / 1000} Wh, coarser than its map states`);
    return value;
  }

  /** A hint when the bytes make sense with their words the other way round. */
  #smell(entry: Register): string {
    const turned = decodeNumber(this.#bytes(entry), numberType(entry), {
      invalid: this.#map.invalid,
      wordOrder: this.#map.wordOrder === "big" ? "little" : "big",
    });
    const sane = entry.words > 1 && turned.kind === "number" && energyFault(inMilli(turned.value, entry)) === undefined;
    return sane ? "; with the words the other way round it would make sense: check the meter's word order setting" : "";
  }

  #bytes(entry: Register): Buffer {
    const holder = this.#answers.find((answer) => answerHolds(answer, entry));
    if (holder === undefined) throw new Error(`${this.#map.id}: ${entry.name} was not asked for`);
    const start = 2 * (entry.address - holder.address);
    return holder.bytes.subarray(start, start + 2 * entry.words);
  }

  #decoded(entry: Register): Decoded {
    return decodeNumber(this.#bytes(entry), numberType(entry), this.#map);
  }

  /** The power of ten that the meter names for this register; 0 where it names none. */
  #scale(entry: Register): number {
    if (entry.scaledBy === undefined) return 0;
    const decoded = this.#decoded(registerOf(this.#map, entry.scaledBy));
    if (decoded.kind === "unavailable") throw this.#implausible(`the scale of ${entry.name} is ${decoded.why}`);
    const power = decoded.value.digits;
    if (power > mostScale || power < -mostScale)
      throw this.#implausible(`the scale of ${entry.name} reads 10^${power}`);
    return Number(power);
  }

  #implausible(what: string): DeviceError {
    return new DeviceError("meter/implausible", `${this.#name}: ${what}`);
  }
}

function numberType(entry: Register): NumberType {
  if (isTextType(entry.type)) throw new Error(`${entry.name} is a text`);
  return entry.type;
}

/**
 * Why a counter cannot stand there, or undefined. A tiny rest above zero is what a float with turned words looks like.
 */
function energyFault(value: Decimal): string | undefined {
  if (value.digits < 0n) return "is negative";
  const milliWh = floorToStep(value, 1n);
  if (milliWh > mostEnergyMilliWh) return "is larger than any counter";
  if (value.digits > 0n && milliWh === 0n) return "is next to nothing, but not zero";
  return undefined;
}

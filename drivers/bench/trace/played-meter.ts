// One meter of a recording.
import { type MeterMap, registerOf } from "../../../config/meter-map.js";
import { DeviceError } from "../../driver.js";
import type { RegisterShown } from "../../meter/modbus-meter.js";
import { answerHolds, type RegisterAnswer } from "../../meter/register-requests.js";
import { Registers } from "../../meter/registers.js";
import type { PlayedEvent } from "./played-event.js";

/**
 * Listens to one meter's answers and makes readings of them, by the same register map and the same sums as the driver
 * that asked.
 */
export class PlayedMeter {
  #answers: RegisterAnswer[] = [];

  constructor(
    private readonly connector: number,
    private readonly map: MeterMap,
    private readonly port: string,
    private readonly unit: number,
  ) {}

  /** A failed request ends the reading that it belonged to. */
  failed(): void {
    this.#answers = [];
  }

  answered(ms: number, request: string, answer: RegisterAnswer): PlayedEvent[] {
    this.#answers = [
      answer,
      ...this.#answers.filter((other) => other.address !== answer.address || other.function !== answer.function),
    ];
    const registers = new Registers(this.map, `meter ${this.unit} at ${this.port}`, this.#answers);
    const heard: PlayedEvent[] = [
      { ms, heard: "registers", port: this.port, unit: this.unit, request, values: this.#values(registers, answer) },
    ];
    const { energy, power, powerLess, current } = this.map.reading;
    const counter = energy.at(-1);
    const complete = [...energy, ...power, ...powerLess, ...current].every((name) => this.#known(name));
    if (counter === undefined || !answerHolds(answer, registerOf(this.map, counter)) || !complete) return heard;
    this.#answers = [];
    try {
      const currentMilliA = registers.currentMilliA();
      return [
        ...heard,
        {
          ms,
          heard: "reading",
          port: this.port,
          unit: this.unit,
          connector: this.connector,
          energyMilliWh: registers.energyMilliWh(),
          powerW: registers.powerW(),
          ...(currentMilliA === undefined ? {} : { currentMilliA }),
        },
      ];
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      return [
        ...heard,
        { ms, heard: "fault", device: `meter ${this.unit} at ${this.port}`, code: error.code, message: error.message },
      ];
    }
  }

  /** Whether a register, and the scale that it names, were answered. */
  #known(name: string): boolean {
    const entry = registerOf(this.map, name);
    return (
      this.#answers.some((answer) => answerHolds(answer, entry)) &&
      (entry.scaledBy === undefined || this.#known(entry.scaledBy))
    );
  }

  #values(registers: Registers, answer: RegisterAnswer): RegisterShown[] {
    return Object.values(this.map.registers)
      .filter((entry) => answerHolds(answer, entry) && this.#known(entry.name))
      .map((entry): RegisterShown => {
        try {
          const value = registers.shown(entry);
          return value === undefined
            ? { register: entry.name, fault: "not available" }
            : { register: entry.name, value, unit: entry.counts?.unit ?? "" };
        } catch (error) {
          if (!(error instanceof DeviceError)) throw error;
          return { register: entry.name, fault: error.message };
        }
      });
  }
}

// A simulated card: the states of ISO/IEC 14443-3 type A (clause 6) with the whole cascade, and nothing above it.
// It hears a frame and answers bits, or stays silent. What several cards answer at once is put together here too.

import { piccCommand } from "../rfid/chip-registers.js";
import { crcA } from "../rfid/crc-a.js";

export type Bit = 0 | 1;

/** Bytes as they go over the air: least significant bit first (parity bits are left out). */
export const bitsOf = (bytes: Iterable<number>): Bit[] =>
  [...bytes].flatMap((byte) => Array.from({ length: 8 }, (_, i) => ((byte >> i) & 1) as Bit));

/** What the chip needs of a card. */
export interface Card {
  readonly uid: Uint8Array;
  /** The field was gone long enough for the card to forget. */
  powerOn(): void;
  /** Answers one frame of `bits` bits; undefined is silence. */
  hear(frame: readonly number[], bits: number): Bit[] | undefined;
}

export class SimulatedCard implements Card {
  #state: "idle" | "ready" | "active" | "halt" = "idle";
  /** The starred states of the standard: woken from HALT, so that a mistake leads back there. */
  #woken = false;
  #level = 0;
  readonly #parts: readonly (readonly number[])[];

  constructor(readonly uid: Uint8Array) {
    const bytes = [...uid];
    const tagged = (from: number): number[] => [piccCommand.cascadeTag, ...bytes.slice(from, from + 3)];
    const parts =
      bytes.length === 4
        ? [bytes]
        : bytes.length === 7
          ? [tagged(0), bytes.slice(3)]
          : [tagged(0), tagged(3), bytes.slice(6)];
    this.#parts = parts.map((part) => [...part, part.reduce((check, byte) => check ^ byte, 0)]);
  }

  powerOn(): void {
    this.#state = "idle";
    this.#woken = false;
  }

  hear(frame: readonly number[], bits: number): Bit[] | undefined {
    if (bits === 7) return this.#wake(frame[0]);
    if (this.#state === "active") {
      const isHalt = bits === 32 && frame[0] === piccCommand.halt && frame[1] === 0x00 && hasGoodCrc(frame);
      if (isHalt) this.#state = "halt";
      else this.#fallBack();
      return undefined;
    }
    if (this.#state !== "ready") return undefined;
    const part = this.#parts[this.#level];
    const known = (frame[1] ?? 0) >> 4;
    const given = known * 8 + ((frame[1] ?? 0) & 0x07);
    if (part === undefined || frame[0] !== piccCommand.select[this.#level]) return this.#fallBack();
    if (frame[1] === 0x70) return this.#select(part, frame, bits);
    if (given < 16 || given > 55 || bits !== given) return this.#fallBack();
    // Anticollision: a card whose UID begins otherwise waits in silence.
    const wanted = bitsOf(frame.slice(2)).slice(0, given - 16);
    const own = bitsOf(part);
    return wanted.every((bit, index) => bit === own[index]) ? own.slice(given - 16) : undefined;
  }

  #wake(request: number | undefined): Bit[] | undefined {
    const hears =
      this.#state === "idle"
        ? request === piccCommand.reqa || request === piccCommand.wupa
        : this.#state === "halt" && request === piccCommand.wupa;
    if (!hears) return this.#fallBack();
    this.#woken = this.#state === "halt";
    this.#state = "ready";
    this.#level = 0;
    // ATQA: UID size in bits 7..6, bit frame anticollision.
    return bitsOf([0x04 | ((this.#parts.length - 1) << 6), 0x00]);
  }

  #select(part: readonly number[], frame: readonly number[], bits: number): Bit[] | undefined {
    const isMine = bits === 72 && hasGoodCrc(frame) && part.every((byte, index) => byte === frame[index + 2]);
    if (!isMine) return this.#fallBack();
    this.#level += 1;
    const isLast = this.#level === this.#parts.length;
    if (isLast) this.#state = "active";
    const sak = isLast ? (this.#parts.length === 1 ? 0x08 : 0x20) : 0x04;
    return bitsOf([sak, ...crcA([sak])]);
  }

  #fallBack(): undefined {
    if (this.#state === "ready" || this.#state === "active") this.#state = this.#woken ? "halt" : "idle";
  }
}

function hasGoodCrc(frame: readonly number[]): boolean {
  const [low, high] = crcA(frame.slice(0, -2));
  return frame.at(-2) === low && frame.at(-1) === high;
}

/** Several answers on the air at once: where they first differ is the collision; from there on a 1 wins over a 0. */
export function overlay(answers: readonly (readonly Bit[])[]): {
  readonly bits: Bit[];
  readonly collision: number | undefined;
} {
  const length = Math.max(0, ...answers.map((answer) => answer.length));
  const bits = Array.from({ length }, (_, i) => (answers.some((answer) => answer[i] === 1) ? 1 : 0) as Bit);
  const first = bits.findIndex((bit, i) => answers.some((answer) => answer[i] !== bit));
  return { bits, collision: first === -1 ? undefined : first };
}

// A simulated MFRC522 behind the SPI object, register by register (NXP data sheet rev. 3.9), so that mfrc522-rpi runs
// on it unchanged. Its time is its own: each access to a register takes 20 us of it, as on a 1 MHz bus. No real time
// passes.

import { busFault, chipRegister, command, crcIrq, irq } from "../rfid/chip-registers.js";
import { crcA } from "../rfid/crc-a.js";
import type { Spi } from "../rfid/spi.js";
import { CardField, type FieldView } from "./card-field.js";
import { type Bit, type Card, overlay, SimulatedCard } from "./simulated-card.js";

const accessUs = 20;
/** One bit at 106 kbit/s; a card answers 91 us after the last one (ISO/IEC 14443-3, clause 6.2.1.1). */
const bitUs = 9.44;
const frameDelayUs = 91;
const carrierMhz = 13.56;
const fifoBytes = 64;
/**
 * Clause 8.6: the digital part is held in reset for 38 us and the crystal's start; what is written meanwhile is lost.
 */
const startUpUs = 40;
const fieldResetUs = 5_100;
const cardStartUs = 5_000;
/** CRC presets by ModeReg bits 1..0. */
const crcPresets = [0x0000, 0x6363, 0xa671, 0xffff];
const resetValues: readonly [number, number][] = [
  [chipRegister.command, 0x20],
  [chipRegister.comIrq, 0x14],
  [chipRegister.control, 0x10],
  [chipRegister.coll, 0xa0],
  [chipRegister.mode, 0x3f],
  [chipRegister.txControl, 0x80],
  [chipRegister.crcResultHigh, 0xff],
  [chipRegister.crcResultLow, 0xff],
];

/** What the air will bring: an answer's bits at a time, or the timer's end. */
type Pending = { readonly bits: readonly Bit[]; readonly collision: number | undefined; readonly atUs: number };

/** The chip whose antenna reaches into the field that is kept in `buffer`. */
export function openChip(buffer: SharedArrayBuffer): Mfrc522Chip {
  return new Mfrc522Chip(new CardField(buffer));
}

export class Mfrc522Chip implements Spi {
  readonly #registers = new Uint8Array(64);
  readonly #reply = new Uint8Array(2);
  #fifo: number[] = [];
  #nowUs = 0;
  #deafUntilUs = 0;
  #fieldOffUs = 0;
  #fieldOnUs = 0;
  #answer: Pending | undefined;
  #timerAtUs = Number.POSITIVE_INFINITY;
  #view: FieldView;
  #cards: readonly Card[] = [];
  readonly #makeCard: (uid: Uint8Array) => Card;
  readonly #startUpUs: number;
  #chance: () => number;

  /** `makeCard` puts other cards than well-behaved ones into the field; `startUpUs` makes the chip slower to wake. */
  constructor(
    private readonly field: CardField,
    options: { readonly makeCard?: (uid: Uint8Array) => Card; readonly startUpUs?: number } = {},
  ) {
    this.#makeCard = options.makeCard ?? ((uid) => new SimulatedCard(uid));
    this.#startUpUs = options.startUpUs ?? startUpUs;
    this.#view = field.look();
    this.#chance = chance(this.#view.seed);
    this.#cards = this.#view.cards.map(this.#makeCard);
    this.#reset();
  }

  open(): void {}

  close(): void {}

  wait(ms: number): void {
    this.#nowUs += ms * 1000;
  }

  write(bytes: Uint8Array): void {
    this.transfer(bytes);
  }

  transfer(bytes: Uint8Array): Uint8Array {
    this.#nowUs += accessUs;
    if (this.field.sequence() !== this.#view.sequence) this.#lookAround();
    const address = bytes[0] ?? 0;
    const isRead = (address & 0x80) !== 0;
    this.#reply[1] = this.#overBus(this.#access((address >> 1) & 0x3f, isRead, this.#overBus(bytes[1] ?? 0)));
    return this.#reply;
  }

  /** A byte as it comes out of a bus with noise on it. */
  #overBus(value: number): number {
    if (this.#view.busNoise === 0) return value;
    return this.#chance() < this.#view.busNoise / 1e6 ? Math.floor(this.#chance() * 256) : value;
  }

  #access(address: number, isRead: boolean, value: number): number {
    if (this.#view.health !== "well") return this.#view.health === "dead" ? 0x00 : 0xff;
    this.#settle();
    if (isRead) return this.#readRegister(address);
    if (this.#nowUs >= this.#deafUntilUs) this.#writeRegister(address, value);
    return 0;
  }

  #lookAround(): void {
    const before = this.#view;
    this.#view = this.field.look();
    if (before.seed !== this.#view.seed) this.#chance = chance(this.#view.seed);
    if (before.powerCuts !== this.#view.powerCuts) this.#reset();
    const stayed = new Map(this.#cards.map((card) => [Buffer.from(card.uid).toString("hex"), card]));
    this.#cards = this.#view.cards.map((uid) => stayed.get(Buffer.from(uid).toString("hex")) ?? this.#makeCard(uid));
  }

  #reset(): void {
    if (this.#hasField()) this.#fieldOffUs = this.#nowUs;
    this.#registers.fill(0);
    for (const [address, value] of resetValues) this.#registers[address] = value;
    this.#fifo = [];
    this.#answer = undefined;
    this.#timerAtUs = Number.POSITIVE_INFINITY;
    this.#deafUntilUs = this.#nowUs + this.#startUpUs;
  }

  #get(address: number): number {
    return this.#registers[address] ?? 0;
  }

  #raise(address: number, bits: number): void {
    this.#registers[address] = this.#get(address) | bits;
  }

  #hasField(): boolean {
    return (this.#get(chipRegister.txControl) & 0x03) !== 0;
  }

  #readRegister(address: number): number {
    switch (address) {
      case chipRegister.fifoData:
        return this.#fifo.shift() ?? 0;
      case chipRegister.fifoLevel:
        return this.#fifo.length;
      case chipRegister.version:
        return this.#view.version;
      default:
        return this.#get(address);
    }
  }

  #writeRegister(address: number, value: number): void {
    switch (address) {
      case chipRegister.command:
        return this.#begin(value);
      case chipRegister.comIrq:
      case chipRegister.divIrq:
        // Bit 7 says whether the marked bits are set or cleared.
        this.#registers[address] =
          (value & 0x80) !== 0 ? this.#get(address) | (value & 0x7f) : this.#get(address) & ~value;
        return;
      case chipRegister.fifoData:
        if (this.#fifo.length >= fifoBytes) return this.#raise(chipRegister.error, busFault.overflow);
        this.#fifo.push(value);
        return;
      case chipRegister.fifoLevel:
        if ((value & 0x80) === 0) return;
        this.#fifo = [];
        this.#registers[chipRegister.error] = this.#get(chipRegister.error) & ~busFault.overflow;
        return;
      case chipRegister.bitFraming:
        this.#registers[address] = value;
        if ((value & 0x80) !== 0 && (this.#get(chipRegister.command) & 0x0f) === command.transceive) this.#transmit();
        return;
      case chipRegister.txControl: {
        const had = this.#hasField();
        this.#registers[address] = value;
        if (had && !this.#hasField()) this.#fieldOffUs = this.#nowUs;
        if (!had && this.#hasField()) this.#fieldBegins();
        return;
      }
      case chipRegister.version:
      case chipRegister.error:
      case chipRegister.crcResultHigh:
      case chipRegister.crcResultLow:
        return;
      default:
        this.#registers[address] = value;
    }
  }

  #fieldBegins(): void {
    if (this.#nowUs - this.#fieldOffUs < fieldResetUs) return;
    this.#fieldOnUs = this.#nowUs;
    for (const card of this.#cards) card.powerOn();
  }

  #begin(value: number): void {
    this.#registers[chipRegister.command] = value & 0x2f;
    this.#answer = undefined;
    this.#timerAtUs = Number.POSITIVE_INFINITY;
    switch (value & 0x0f) {
      case command.idle:
      case command.transceive:
        return;
      case command.calcCrc: {
        const [low, high] = crcA(this.#fifo, crcPresets[this.#get(chipRegister.mode) & 0x03]);
        this.#fifo = [];
        this.#registers[chipRegister.crcResultLow] = low;
        this.#registers[chipRegister.crcResultHigh] = high;
        return this.#raise(chipRegister.divIrq, crcIrq);
      }
      case command.softReset:
        return this.#reset();
      case command.authent:
        // No card here knows a key: the timer ends it.
        return this.#startTimer(this.#nowUs);
      default:
        this.#registers[chipRegister.command] = command.idle;
        return this.#raise(chipRegister.comIrq, irq.idle);
    }
  }

  /** Clause 8.5: with TAuto the timer starts when the last bit is sent, and stops when an answer begins. */
  #startTimer(fromUs: number): void {
    const timerMode = this.#get(chipRegister.timerMode);
    if ((timerMode & 0x80) === 0) return;
    const prescaler = ((timerMode & 0x0f) << 8) | this.#get(chipRegister.timerPrescaler);
    const reload = (this.#get(chipRegister.timerReloadHigh) << 8) | this.#get(chipRegister.timerReloadLow);
    this.#timerAtUs = fromUs + ((prescaler * 2 + 1) / carrierMhz) * (reload + 1);
  }

  #transmit(): void {
    const lastBits = this.#get(chipRegister.bitFraming) & 0x07;
    const frame = this.#fifo;
    this.#fifo = [];
    const bits = frame.length * 8 - (lastBits === 0 ? 0 : 8 - lastBits);
    this.#registers[chipRegister.error] = 0;
    const sentUs = this.#nowUs + bits * bitUs;
    this.#raise(chipRegister.comIrq, irq.tx);
    this.#startTimer(sentUs);
    if (!this.#hasField() || this.#nowUs - this.#fieldOnUs < cardStartUs) return;
    const answers = this.#cards.flatMap((card) => {
      const answer = card.hear(frame, bits);
      return answer === undefined ? [] : [this.#throughAir(answer)];
    });
    if (answers.length === 0) return;
    const begins = sentUs + frameDelayUs;
    if (this.#timerAtUs < begins) return;
    this.#timerAtUs = Number.POSITIVE_INFINITY;
    const { bits: heard, collision } = overlay(answers);
    this.#answer = { bits: heard, collision, atUs: begins + heard.length * bitUs };
  }

  #throughAir(bits: Bit[]): Bit[] {
    if (this.#view.airNoise === 0) return bits;
    return bits.map((bit) => (this.#chance() < this.#view.airNoise / 1e6 ? ((1 - bit) as Bit) : bit));
  }

  /** Lets happen what was due by now. */
  #settle(): void {
    if (this.#timerAtUs <= this.#nowUs) {
      this.#timerAtUs = Number.POSITIVE_INFINITY;
      this.#raise(chipRegister.comIrq, irq.timer);
    }
    if (this.#answer === undefined || this.#answer.atUs > this.#nowUs) return;
    const { bits, collision } = this.#answer;
    this.#answer = undefined;
    const align = (this.#get(chipRegister.bitFraming) >> 4) & 0x07;
    const bytes = new Array<number>(Math.ceil((bits.length + align) / 8)).fill(0);
    for (const [index, bit] of bits.entries()) {
      const place = index + align;
      bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (bit << (place & 7));
    }
    this.#fifo = bytes;
    this.#registers[chipRegister.control] = (this.#get(chipRegister.control) & ~0x07) | ((bits.length + align) & 0x07);
    if (collision === undefined) this.#registers[chipRegister.coll] = 0xa0;
    else {
      // CollReg 4..0: the bit's position counted from 1, 0 standing for 32; bit 5: no valid position.
      this.#registers[chipRegister.coll] = 0x80 | (collision < 32 ? (collision + 1) & 0x1f : 0x20);
      this.#raise(chipRegister.error, busFault.collision);
    }
    this.#raise(chipRegister.comIrq, irq.rx | (collision === undefined ? 0 : irq.error));
  }
}

/** Repeatable chance in 0..1 from a seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

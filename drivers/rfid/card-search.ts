// One look into the reader's field: from mfrc522-rpi's bytes to a whole UID, or to the reason why there is none.
// The library knows the first cascade level only and checks no CRC, so two cards with 7-byte UIDs look the same to its
// getUid(); here every level is selected, and a UID counts only after the card itself has answered to it with a good
// CRC, twice.
import Mfrc522 from "mfrc522-rpi";
import { type CardDetection, hexByte, isRandomUid } from "./card-detection.js";
import { busFault, chipRegister, command, irq, knownVersions, piccCommand } from "./chip-registers.js";
import { crcA } from "./crc-a.js";
import type { Spi } from "./spi.js";

/**
 * What was found at the start: a chip that is ready, none that answers, or one that does not keep what is written
 * to it.
 */
export type ChipStart =
  | { readonly kind: "ready"; readonly version: number }
  | { readonly kind: "silent"; readonly version: number }
  | { readonly kind: "forgetful"; readonly version: number };

const none: CardDetection = { kind: "none" };
const several: CardDetection = { kind: "several" };
const unreadable: CardDetection = { kind: "unreadable" };

/** TAuto and a tick of 0.5 ms, as the library sets them; 3 ticks are enough for an answer, which begins after 91 us. */
const timerMode = 0x8d;
const timerPrescaler = 0x3e;
const reloadTicks = 2;
const forceAsk = 0x40;
/** CRC preset 0x6363, ModeReg 1..0 = 01. */
const mode = 0x3d;
/** The oscillator's start-up after a soft reset; writes before it are lost. */
const resetMs = 1;
/**
 * A card forgets its state when the field is gone for 5.1 ms, and listens again 5 ms after it is back (ISO/IEC 14443-3,
 * clause 5).
 */
const fieldResetMs = 6;
/** What a bus reads on which nothing answers: its line rests low or high. */
const silent: readonly number[] = [0x00, 0xff];
/** One wrong byte on the bus is not a lost reader: this often the version is read, and the chip is set up. */
const mostTries = 3;

export class CardSearch {
  readonly #chip: Mfrc522;
  #version = 0;
  #lastUid: string | undefined;

  /** Opens the bus; throws what the bus throws. */
  constructor(private readonly spi: Spi) {
    this.#chip = new Mfrc522(spi);
  }

  /** Resets and sets up the chip, if one answers: whether it keeps what is written decides, its version does not. */
  start(): ChipStart {
    const version = this.#readVersion(knownVersions);
    this.#version = version;
    if (silent.includes(version)) return { kind: "silent", version };
    this.#setUp();
    return { kind: this.#isReady() ? "ready" : "forgetful", version };
  }

  /** Looks once. Reckoned for a Pi: an empty field 2 ms, a held card 20 ms, a new one 40 ms. */
  search(): CardDetection {
    const version = this.#readVersion([this.#version]);
    if (version !== this.#version) return { kind: "lost", why: `its version register reads ${hexByte(version)}` };
    if (!this.#isReady()) return { kind: "lost", why: "it does not keep its settings" };
    const first = this.#look();
    if (first.kind === "none") {
      this.#lastUid = undefined;
      return first;
    }
    this.#resetField();
    if (first.kind !== "card" || first.uid === this.#lastUid) return first;
    const second = this.#look();
    this.#resetField();
    this.#lastUid = undefined;
    if (second.kind !== "card") return second.kind === "several" ? several : unreadable;
    if (second.uid !== first.uid) return isRandomUid(first.uid) && isRandomUid(second.uid) ? first : unreadable;
    this.#lastUid = first.uid;
    return first;
  }

  close(): void {
    try {
      if (!silent.includes(this.#version)) this.#chip.antennaOff();
    } finally {
      this.spi.close();
    }
  }

  #readVersion(expected: readonly number[]): number {
    let version = 0;
    for (let tries = 0; tries < mostTries; tries++) {
      version = this.#chip.readRegister(chipRegister.version);
      if (expected.includes(version)) break;
    }
    return version;
  }

  #setUp(): void {
    this.#chip.reset();
    this.spi.wait(resetMs);
    const settings: readonly [number, number][] = [
      [chipRegister.timerMode, timerMode],
      [chipRegister.timerPrescaler, timerPrescaler],
      [chipRegister.timerReloadHigh, 0],
      [chipRegister.timerReloadLow, reloadTicks],
      [chipRegister.txAsk, forceAsk],
      [chipRegister.mode, mode],
    ];
    for (const [address, value] of settings) this.#chip.writeRegister(address, value);
    this.#chip.antennaOn();
    this.spi.wait(fieldResetMs);
    this.#lastUid = undefined;
  }

  /**
   * A dip of the supply puts the chip back to a state with its antenna off, in which no card is ever seen: then it is
   * set up again.
   */
  #isReady(): boolean {
    for (let tries = 0; tries < mostTries; tries++) {
      if (this.#isSetUp()) return true;
      this.#setUp();
    }
    return this.#isSetUp();
  }

  #isSetUp(): boolean {
    return (
      this.#chip.readRegister(chipRegister.timerReloadLow) === reloadTicks &&
      (this.#chip.readRegister(chipRegister.txControl) & 0x03) === 0x03
    );
  }

  /** A selected card stays silent at the next search; without a field it forgets that it was selected. */
  #resetField(): void {
    this.#chip.antennaOff();
    this.spi.wait(fieldResetMs);
    this.#chip.antennaOn();
    this.spi.wait(fieldResetMs);
  }

  #look(): CardDetection {
    const found = this.#chip.findCard();
    if (found.status !== true) return this.#whyNot(none);
    const uid: number[] = [];
    for (const select of piccCommand.select) {
      const part = this.#selectPart(select);
      if (!("bytes" in part)) return part;
      const cascaded = part.bytes[0] === piccCommand.cascadeTag;
      if (part.more) {
        if (!cascaded) return unreadable;
        uid.push(...part.bytes.slice(1));
        continue;
      }
      // The cascade tag never begins a whole UID of 4 or 7 bytes; the third level has no further tag.
      if (cascaded && uid.length < 6) return unreadable;
      uid.push(...part.bytes);
      return {
        kind: "card",
        uid: uid
          .map((byte) => byte.toString(16).padStart(2, "0"))
          .join("")
          .toUpperCase(),
      };
    }
    return unreadable;
  }

  /** Anticollision and select at one cascade level: four bytes and whether the card's SAK says that more follow. */
  #selectPart(select: number): CardDetection | { readonly bytes: readonly number[]; readonly more: boolean } {
    this.#chip.writeRegister(chipRegister.bitFraming, 0);
    const answer = this.#chip.toCard(command.transceive, [select, 0x20]);
    if (!answer.status) return this.#whyNot(unreadable);
    if (answer.bitSize !== 40 || answer.data.length !== 5) return unreadable;
    if (answer.data.reduce((check, byte) => check ^ byte, 0) !== 0) return unreadable;
    const frame = [select, 0x70, ...answer.data];
    // The card checks this CRC; it answers to nothing but its own UID.
    const selected = this.#chip.toCard(command.transceive, [...frame, ...this.#chip.calculateCRC(frame)]);
    if (!selected.status) return this.#whyNot(unreadable);
    const [sak, ...sakCheck] = selected.data;
    if (selected.bitSize !== 24 || sak === undefined || !isSame(sakCheck, crcA([sak]))) return unreadable;
    return { bytes: answer.data.slice(0, 4), more: (sak & 0x04) !== 0 };
  }

  /** Tells silence from a collision and from an answer that made no sense; the library says "error" to all three. */
  #whyNot(silence: CardDetection): CardDetection {
    if ((this.#chip.readRegister(chipRegister.error) & busFault.collision) !== 0) return several;
    const raised = this.#chip.readRegister(chipRegister.comIrq);
    return (raised & irq.rx) === 0 && (raised & irq.timer) !== 0 ? silence : unreadable;
  }
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

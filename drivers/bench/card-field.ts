// The space in front of a simulated reader: which cards lie there, and how ill the chip is. Written by the world, read
// by the chip. One block of shared memory, because the chip answers synchronously in the reader's thread; a counter
// makes each change whole.
import type { SpiChoice } from "../rfid/spi.js";

const word = { sequence: 0, cards: 1, health: 2, busNoise: 3, airNoise: 4, seed: 5, version: 6, powerCuts: 7 } as const;
const cardsFrom = 64;
const cardBytes = 16;
const mostCards = 8;
const mostLooks = 1_000_000;
const fieldBytes = cardsFrom + mostCards * cardBytes;

/** `well`, no supply (all reads 0x00), or nothing on the bus (all reads 0xff). */
export type ChipHealth = "well" | "dead" | "absent";
const healths: readonly ChipHealth[] = ["well", "dead", "absent"];

/** What the chip finds when it looks. */
export type FieldView = {
  readonly sequence: number;
  readonly cards: readonly Uint8Array[];
  readonly health: ChipHealth;
  /** How often the chip has lost its supply so far, and with it its settings. */
  readonly powerCuts: number;
  /** Of a million bytes that cross the bus, either way, this many are random ones. */
  readonly busNoise: number;
  /** Of a million bits that come from cards, this many are turned. */
  readonly airNoise: number;
  readonly seed: number;
  readonly version: number;
};

/** The chip of the bench, with its antenna in this field, in place of the kernel's spidev. */
export const simulatedChip = (field: SharedArrayBuffer): SpiChoice => ({
  kind: "simulated",
  module: new URL("./mfrc522-chip.js", import.meta.url).href,
  field,
});

export class CardField {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  /** Makes a field, or joins the one whose buffer is given. */
  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(fieldBytes)) {
    this.#words = new Int32Array(buffer, 0, cardsFrom / 4);
    this.#bytes = new Uint8Array(buffer);
    if (this.#words[word.version] === 0) this.#words[word.version] = 0x92;
  }

  /** Puts these cards, and no others, into the field. A card that was there stays as it was. */
  present(cards: readonly Uint8Array[]): void {
    if (cards.length > mostCards) throw new RangeError(`a field holds ${mostCards} cards, not ${cards.length}`);
    for (const uid of cards)
      if (![4, 7, 10].includes(uid.length)) throw new RangeError(`a UID has 4, 7 or 10 bytes, not ${uid.length}`);
    this.#change(() => {
      this.#words[word.cards] = cards.length;
      cards.forEach((uid, index) => {
        const from = cardsFrom + index * cardBytes;
        this.#bytes[from] = uid.length;
        this.#bytes.set(uid, from + 1);
      });
    });
  }

  clear(): void {
    this.present([]);
  }

  /** Kills or heals the chip; a healed one comes back with its registers at their reset values. */
  chip(health: ChipHealth): void {
    this.#change(() => {
      this.#words[word.health] = healths.indexOf(health);
      if (health !== "well") this.#words[word.powerCuts] = (this.#words[word.powerCuts] ?? 0) + 1;
    });
  }

  /** What VersionReg reads; 0x92 unless told. */
  chipVersion(version: number): void {
    this.#change(() => (this.#words[word.version] = version));
  }

  /** Parts per million of wrong bytes on the bus and wrong bits in the air, from a seed. */
  noise(busNoise: number, airNoise: number, seed: number): void {
    this.#change(() => {
      this.#words[word.busNoise] = busNoise;
      this.#words[word.airNoise] = airNoise;
      this.#words[word.seed] = seed;
    });
  }

  /** Changes with every write; cheap to ask. */
  sequence(): number {
    return Atomics.load(this.#words, word.sequence);
  }

  /** One whole view, never half of a change. */
  look(): FieldView {
    for (let tries = 0; tries < mostLooks; tries++) {
      const sequence = this.sequence();
      const view = this.#read(sequence);
      // The writer makes the counter odd while it writes, which takes it some microseconds.
      if (sequence % 2 === 0 && this.sequence() === sequence) return view;
    }
    throw new Error("the card field is being changed without end");
  }

  #read(sequence: number): FieldView {
    const count = Math.min(this.#words[word.cards] ?? 0, mostCards);
    const cards = Array.from({ length: count }, (_, index) => {
      const from = cardsFrom + index * cardBytes;
      return this.#bytes.slice(from + 1, from + 1 + (this.#bytes[from] ?? 0));
    });
    const at = (index: number): number => this.#words[index] ?? 0;
    return {
      sequence,
      cards,
      health: healths[at(word.health)] ?? "well",
      powerCuts: at(word.powerCuts),
      busNoise: at(word.busNoise),
      airNoise: at(word.airNoise),
      seed: at(word.seed),
      version: at(word.version),
    };
  }

  #change(write: () => void): void {
    Atomics.add(this.#words, word.sequence, 1);
    write();
    Atomics.add(this.#words, word.sequence, 1);
  }
}

// A chip out of its mind, for the search that must not believe it.
import { chipRegister } from "../../../drivers/rfid/chip-registers.js";
import type { Spi } from "../../../drivers/rfid/spi.js";

/** Answers every question at random; but says a good version and good settings, so that nothing stops at the door. */
export class MadChip implements Spi {
  readonly #constant = new Map<number, number>([
    [chipRegister.version, 0x92],
    [chipRegister.timerReloadLow, 2],
    [chipRegister.txControl, 0x83],
  ]);
  readonly #reply = new Uint8Array(2);
  #state: number;
  constructor(seedOfIt: number) {
    this.#state = seedOfIt | 1;
  }
  open(): void {}
  close(): void {}
  wait(): void {}
  write(): void {}
  transfer(sent: Uint8Array): Uint8Array {
    // xorshift32
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    const address = ((sent[0] ?? 0) >> 1) & 0x3f;
    this.#reply[1] = this.#constant.get(address) ?? (this.#state >>> 7) & 0xff;
    return this.#reply;
  }
}

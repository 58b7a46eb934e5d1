// The bus under the reader chip: what mfrc522-rpi asks of it, and two things that we ask besides (to wait, to close).
// All of it is synchronous, because the library is; that is why it lives in a worker thread.

export interface Spi {
  open(): void;
  /** Two bytes: an address byte (data sheet 8.1.2.3), then the value to write. */
  write(bytes: Uint8Array): void;
  /** Two bytes out, two bytes in; the second one in is the register's value. */
  transfer(bytes: Uint8Array): Uint8Array;
  /** Holds still for `ms` of the chip's time. */
  wait(ms: number): void;
  close(): void;
}

/**
 * Which bus: the kernel's spidev, or a simulated chip: `module` exports `openChip(field)`, and its antenna is in
 * `field` (a CardField's buffer).
 */
export type SpiChoice =
  | { readonly kind: "spidev"; readonly bus: number; readonly device: number }
  | { readonly kind: "simulated"; readonly module: string; readonly field: SharedArrayBuffer };

/** The reader's name in sentences for people. */
export function readerName(choice: SpiChoice): string {
  return choice.kind === "spidev"
    ? `card reader at /dev/spidev${choice.bus}.${choice.device}`
    : "card reader of the bench";
}

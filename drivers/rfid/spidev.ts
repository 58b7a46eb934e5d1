// The reader chip's bus on a Pi: Linux spidev by way of spi-device, which needs no register access and so works on
// every Pi. Native: import this file only when the config names a real reader.
import spiDevice, { type SpiDevice } from "spi-device";
import type { Spi } from "./spi.js";

/** The chip allows 10 MHz (data sheet 8.1.2); cables between board and reader want less. */
const speedHz = 1_000_000;

export class Spidev implements Spi {
  readonly #still = new Int32Array(new SharedArrayBuffer(4));
  readonly #sent = Buffer.alloc(2);
  readonly #received = Buffer.alloc(2);
  readonly #message = [{ byteLength: 2, sendBuffer: this.#sent, receiveBuffer: this.#received, speedHz }];
  #device: SpiDevice | undefined;

  constructor(
    private readonly bus: number,
    private readonly device: number,
  ) {}

  open(): void {
    this.#device ??= spiDevice.openSync(this.bus, this.device, { mode: 0, maxSpeedHz: speedHz });
  }

  write(bytes: Uint8Array): void {
    this.transfer(bytes);
  }

  transfer(bytes: Uint8Array): Uint8Array {
    if (this.#device === undefined) throw new Error("the SPI device is not open");
    this.#sent.set(bytes);
    this.#device.transferSync(this.#message);
    return this.#received;
  }

  wait(ms: number): void {
    Atomics.wait(this.#still, 0, 0, ms);
  }

  close(): void {
    this.#device?.closeSync();
    this.#device = undefined;
  }
}

// The part of mfrc522-rpi 2.1.3 that the card reader uses; the package has no types of its own.
declare module "mfrc522-rpi" {
  class Mfrc522 {
    /** Keeps the SPI object and calls its `open()`. */
    constructor(spi: { open(): void; write(bytes: Uint8Array): void; transfer(bytes: Uint8Array): Uint8Array });
    reset(): void;
    writeRegister(address: number, value: number): void;
    readRegister(address: number): number;
    antennaOn(): void;
    antennaOff(): void;
    toCard(command: number, bytes: readonly number[]): { status: boolean; data: number[]; bitSize: number };
    findCard(): { status: boolean | null; bitSize: number | null };
    getUid(): { status: boolean; data: number[] };
    calculateCRC(bytes: readonly number[]): [low: number, high: number];
  }
  export = Mfrc522;
}

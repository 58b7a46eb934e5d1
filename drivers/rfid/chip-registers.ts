// The MFRC522's register addresses, commands and bits that are used here, by the NXP data sheet (rev. 3.9), clauses 9.3
// and 10.3. The driver and the bench's chip both read this page; the library has a table of its own, so the two check
// each other.

export const chipRegister = {
  command: 0x01,
  comIrq: 0x04,
  divIrq: 0x05,
  error: 0x06,
  fifoData: 0x09,
  fifoLevel: 0x0a,
  control: 0x0c,
  bitFraming: 0x0d,
  coll: 0x0e,
  mode: 0x11,
  txControl: 0x14,
  txAsk: 0x15,
  crcResultHigh: 0x21,
  crcResultLow: 0x22,
  timerMode: 0x2a,
  timerPrescaler: 0x2b,
  timerReloadHigh: 0x2c,
  timerReloadLow: 0x2d,
  version: 0x37,
} as const;

export const command = { idle: 0x00, calcCrc: 0x03, transceive: 0x0c, authent: 0x0e, softReset: 0x0f } as const;

/** ComIrqReg. */
export const irq = { timer: 0x01, error: 0x02, idle: 0x10, rx: 0x20, tx: 0x40 } as const;
/** DivIrqReg: the CRC coprocessor has done its work. */
export const crcIrq = 0x04;
/** ErrorReg. */
export const busFault = { protocol: 0x01, parity: 0x02, crc: 0x04, collision: 0x08, overflow: 0x10 } as const;

/** Commands to a card, ISO/IEC 14443-3 clause 6. */
export const piccCommand = {
  reqa: 0x26,
  wupa: 0x52,
  halt: 0x50,
  select: [0x93, 0x95, 0x97],
  cascadeTag: 0x88,
} as const;

/** What VersionReg reads on chips known to work: NXP 1.0 and 2.0, then Fudan and other clones. */
export const knownVersions: readonly number[] = [0x91, 0x92, 0x88, 0xb2, 0x12, 0x82, 0x89, 0x90];

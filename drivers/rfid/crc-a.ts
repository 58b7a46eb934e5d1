// CRC_A of ISO/IEC 14443-3, clause 6.2.4: preset 0x6363, polynomial x^16 + x^12 + x^5 + 1, low byte sent first.
// The driver counts it beside the chip, because the library believes every answer it gets.

/** [low, high] of CRC_A over `bytes`; the chip can preset the register otherwise (ModeReg). */
export function crcA(bytes: Iterable<number>, preset = 0x6363): [low: number, high: number] {
  let crc = preset;
  for (const byte of bytes) {
    let mixed = (byte ^ crc) & 0xff;
    mixed = (mixed ^ (mixed << 4)) & 0xff;
    crc = (crc >> 8) ^ (mixed << 8) ^ (mixed << 3) ^ (mixed >> 4);
  }
  return [crc & 0xff, (crc >> 8) & 0xff];
}

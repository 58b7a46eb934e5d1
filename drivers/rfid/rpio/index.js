"use strict";
// mfrc522-rpi requires rpio for the chip's reset pin alone. chargetill wires RST to 3V3 and resets the chip
// by its SoftReset command (MFRC522 data sheet, 10.3.1.11), so these calls move no pin and load no native code.
module.exports = {
  HIGH: 1,
  LOW: 0,
  OUTPUT: 1,
  INPUT: 0,
  open() {},
  write() {},
  close() {},
};

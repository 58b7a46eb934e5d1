// The simulated chip and cards against published frames, and the library's stock behaviour on them: the traps that our
// search must not fall into.
import Mfrc522 from "mfrc522-rpi";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CardField } from "../../../drivers/bench/card-field.js";
import { Mfrc522Chip } from "../../../drivers/bench/mfrc522-chip.js";
import { bitsOf, overlay, SimulatedCard } from "../../../drivers/bench/simulated-card.js";
import { CardSearch } from "../../../drivers/rfid/card-search.js";
import { chipRegister } from "../../../drivers/rfid/chip-registers.js";
import { crcA } from "../../../drivers/rfid/crc-a.js";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const frame = (hex: string): number[] => [...bytes(hex)];

/** A chip that counts what crosses the bus. */
class CountingChip extends Mfrc522Chip {
  transfers = 0;
  override transfer(sent: Uint8Array): Uint8Array {
    this.transfers += 1;
    return super.transfer(sent);
  }
}

function stockReader(field: CardField): { chip: CountingChip; library: Mfrc522 } {
  const chip = new CountingChip(field);
  const library = new Mfrc522(chip);
  library.reset();
  chip.wait(1);
  // The first reset's writes fell into the chip's start-up; the README's examples live with that.
  library.writeRegister(chipRegister.timerMode, 0x8d);
  library.writeRegister(chipRegister.timerPrescaler, 0x3e);
  chip.wait(6);
  return { chip, library };
}

/** What the library alone takes for the UID of a card. */
function stockUid(uid: string): string {
  const field = new CardField();
  const { library } = stockReader(field);
  field.present([bytes(uid)]);
  assert.is(library.findCard().status, true);
  const answer = library.getUid();
  assert.is(answer.status, true);
  return Buffer.from(answer.data).toString("hex").toUpperCase();
}

function ourUid(uid: string): string {
  const field = new CardField();
  const search = new CardSearch(new Mfrc522Chip(field));
  assert.is(search.start().kind, "ready");
  field.present([bytes(uid)]);
  const detection = search.search();
  return detection.kind === "card" ? detection.uid : detection.kind;
}

const crc = suite("CRC_A");

crc("the examples of ISO/IEC 14443-3 annex B come out", () => {
  assert.equal(crcA([0x00, 0x00]), [0xa0, 0x1e]);
  assert.equal(crcA([0x12, 0x34]), [0x26, 0xcf]);
});

crc("HLTA and the SAKs end in the check bytes that any sniffed trace shows", () => {
  assert.equal(crcA([0x50, 0x00]), [0x57, 0xcd]);
  assert.equal(crcA([0x08]), [0xb6, 0xdd]);
  assert.equal(crcA([0x04]), [0xda, 0x17]);
  assert.equal(crcA([0x20]), [0xfc, 0x70]);
});

crc.run();

const card = suite("a simulated card");

card("answers REQA with an ATQA that names the size of its UID", () => {
  for (const [uid, atqa] of [
    ["DEADBEEF", "0400"],
    ["04A1B2C3D4E5F6", "4400"],
    ["04112233445566778899", "8400"],
  ] as const)
    assert.equal(new SimulatedCard(bytes(uid)).hear([0x26], 7), bitsOf(frame(atqa)), uid);
});

card("hands out a 7-byte UID in two levels, the first behind the cascade tag", () => {
  const picc = new SimulatedCard(bytes("04A1B2C3D4E5F6"));
  picc.hear([0x26], 7);
  assert.equal(picc.hear([0x93, 0x20], 16), bitsOf(frame("8804A1B29F")));
  assert.equal(picc.hear([...frame("93708804A1B29F"), ...crcA(frame("93708804A1B29F"))], 72), bitsOf(frame("04DA17")));
  assert.equal(picc.hear([0x95, 0x20], 16), bitsOf(frame("C3D4E5F604")));
  assert.equal(picc.hear([...frame("9570C3D4E5F604"), ...crcA(frame("9570C3D4E5F604"))], 72), bitsOf(frame("20FC70")));
});

card("answers a partial UID with the rest of its bits, and only if the part is its own", () => {
  const picc = new SimulatedCard(bytes("DEADBEEF"));
  picc.hear([0x26], 7);
  // 0xDE is 01111011 on the air; the first 4 bits are known.
  assert.equal(picc.hear([0x93, 0x24, 0x0e], 20), bitsOf(frame("DEADBEEF22")).slice(4));
  assert.is(picc.hear([0x93, 0x24, 0x0f], 20), undefined);
  assert.equal(picc.hear([0x93, 0x28, 0xde], 24), undefined, "eight bits are one byte more, not eight bits");
});

card("a selected card stays silent at the next REQA, a halted one until WUPA", () => {
  const picc = new SimulatedCard(bytes("DEADBEEF"));
  const selectIt = (): void => {
    const select = frame("9370DEADBEEF22");
    assert.ok(picc.hear([...select, ...crcA(select)], 72));
  };
  picc.hear([0x26], 7);
  selectIt();
  assert.is(picc.hear([0x26], 7), undefined);
  assert.ok(picc.hear([0x26], 7));
  selectIt();
  picc.hear(frame("500057CD"), 32);
  assert.is(picc.hear([0x26], 7), undefined);
  assert.ok(picc.hear([0x52], 7));
});

card("a wrong CRC in SELECT gets no answer", () => {
  const picc = new SimulatedCard(bytes("DEADBEEF"));
  picc.hear([0x26], 7);
  assert.is(picc.hear([...frame("9370DEADBEEF22"), 0x00, 0x00], 72), undefined);
});

card("two cards at once collide at the first bit in which they differ", () => {
  const both = overlay([bitsOf([0b0000_0101]), bitsOf([0b0000_1101])]);
  assert.is(both.collision, 3);
  assert.equal(both.bits, bitsOf([0b0000_1101]));
  assert.is(overlay([bitsOf([0xa5]), bitsOf([0xa5])]).collision, undefined);
});

card.run();

const stock = suite("mfrc522-rpi as it comes");

stock("takes two different 7-byte cards for the same one; the whole cascade tells them apart", () => {
  assert.is(stockUid("04A1B2C3D4E5F6"), "8804A1B29F");
  assert.is(stockUid("04A1B2C3D4E5F6"), stockUid("04A1B200112233"));
  assert.is(ourUid("04A1B2C3D4E5F6"), "04A1B2C3D4E5F6");
  assert.is(ourUid("04A1B200112233"), "04A1B200112233");
});

stock("waits about 790 transfers for an empty field; a short timer makes that about 100", () => {
  const { chip, library } = stockReader(new CardField());
  const count = (): number => {
    const before = chip.transfers;
    assert.is(library.findCard().status, false);
    return chip.transfers - before;
  };
  const slow = count();
  assert.ok(slow > 760 && slow < 830, `${slow} transfers`);
  library.writeRegister(chipRegister.timerReloadLow, 2);
  const quick = count();
  assert.ok(quick < 110, `${quick} transfers`);
});

stock("counts the CRC that the card expects, by the chip's coprocessor", () => {
  const { library } = stockReader(new CardField());
  assert.equal(library.calculateCRC([0x12, 0x34]), [0x26, 0xcf]);
  assert.equal(library.calculateCRC([0x50, 0x00]), [0x57, 0xcd]);
});

stock("loses what it writes while the chip starts up after a soft reset", () => {
  const chip = new Mfrc522Chip(new CardField());
  const library = new Mfrc522(chip);
  chip.wait(1);
  library.reset();
  assert.is(library.readRegister(chipRegister.timerMode), 0x00);
});

stock.run();

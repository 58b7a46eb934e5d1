// One look into the field: whole UIDs, honest refusals, and no wrong UID however ill the bus, the air or the chip.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CardField } from "../../../drivers/bench/card-field.js";
import { Mfrc522Chip } from "../../../drivers/bench/mfrc522-chip.js";
import { type Bit, bitsOf, type Card, SimulatedCard } from "../../../drivers/bench/simulated-card.js";
import { type CardDetection, isRandomUid } from "../../../drivers/rfid/card-detection.js";
import { CardSearch } from "../../../drivers/rfid/card-search.js";
import { crcA } from "../../../drivers/rfid/crc-a.js";
import { MadChip } from "./mad-chip.js";

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

function reader(): { field: CardField; search: CardSearch } {
  const field = new CardField();
  const search = new CardSearch(new Mfrc522Chip(field));
  assert.equal(search.start(), { kind: "ready", version: 0x92 });
  return { field, search };
}

function look(...uids: string[]): CardDetection {
  const { field, search } = reader();
  field.present(uids.map(bytes));
  return search.search();
}

const test = suite("the search for cards");

test("UIDs of 4, 7 and 10 bytes are read whole", () => {
  for (const uid of [
    "DEADBEEF",
    "00000000",
    "FFFFFFFF",
    "04A1B2C3D4E5F6",
    "04A1B2C3D4E5F7",
    "04112233445566778899",
    "0411223344558877AA99",
  ])
    assert.equal(look(uid), { kind: "card", uid });
});

test("an empty field is empty", () => {
  assert.equal(look(), { kind: "none" });
});

test("a cascade tag is never the beginning of a whole UID", () => {
  assert.is(look("88A1B2C3").kind, "unreadable");
});

test("two cards are several, whether their sizes agree or not", () => {
  assert.is(look("DEADBEEF", "DEADBEEE").kind, "several");
  assert.is(look("DEADBEEF", "04A1B2C3D4E5F6").kind, "several");
  assert.is(look("04A1B2C3D4E5F6", "04A1B2C3D4E5F7").kind, "several", "they differ in the second level only");
  assert.is(look("DEADBEEF", "04A1B2C3D4E5F6", "04112233445566778899").kind, "several");
});

test("a held card is seen in every search, and so is the one that stays when another leaves", () => {
  const { field, search } = reader();
  field.present([bytes("04A1B2C3D4E5F6")]);
  for (let i = 0; i < 20; i++) assert.equal(search.search(), { kind: "card", uid: "04A1B2C3D4E5F6" }, `search ${i}`);
  field.present([bytes("04A1B2C3D4E5F6"), bytes("DEADBEEF")]);
  for (let i = 0; i < 5; i++) assert.is(search.search().kind, "several");
  field.present([bytes("DEADBEEF")]);
  for (let i = 0; i < 5; i++) assert.equal(search.search(), { kind: "card", uid: "DEADBEEF" });
  field.clear();
  assert.is(search.search().kind, "none");
});

test("only a 4-byte UID that begins with 08 is a random one", () => {
  assert.ok(isRandomUid("08123456"));
  assert.not(isRandomUid("08123456789ABC"));
  assert.not(isRandomUid("80123456"));
});

test("a chip that keeps what is written to it is used, whatever version it names; on a silent bus there is none", () => {
  for (const [version, known] of [
    [0x91, true],
    [0x92, true],
    [0x88, true],
    [0xb2, true],
    [0x12, true],
    [0x00, false],
    [0xff, false],
    [0x82, true],
    [0x89, true],
    [0x90, true],
    [0x42, true],
  ] as const) {
    const field = new CardField();
    field.chipVersion(version);
    assert.equal(new CardSearch(new Mfrc522Chip(field)).start(), { kind: known ? "ready" : "silent", version });
  }
});

test("a dip of the supply between two searches costs the chip its settings, and they are given to it again", () => {
  const { field, search } = reader();
  assert.is(search.search().kind, "none");
  field.chip("dead");
  field.chip("well");
  field.present([bytes("DEADBEEF")]);
  assert.equal(search.search(), { kind: "card", uid: "DEADBEEF" });
});

test("a chip that keeps nothing that is written to it is told from one that is ready", () => {
  const deafChip = new (class extends Mfrc522Chip {
    override write(): void {}
  })(new CardField());
  assert.equal(new CardSearch(deafChip).start(), { kind: "forgetful", version: 0x92 });
});

test("a chip that is slow to start after its reset is set up all the same", () => {
  const field = new CardField();
  const search = new CardSearch(new Mfrc522Chip(field, { startUpUs: 900 }));
  search.start();
  field.present([bytes("04A1B2C3D4E5F6")]);
  assert.equal(search.search(), { kind: "card", uid: "04A1B2C3D4E5F6" });
});

test("a chip that is gone is lost, not an empty field", () => {
  const { field, search } = reader();
  field.chip("absent");
  assert.equal(search.search(), { kind: "lost", why: "its version register reads 0xff" });
});

test.run();

const liars = suite("cards that do not keep to the standard");

/** Answers by a script: to REQA, to each anticollision, to each select. It never minds what it is asked before. */
class Liar implements Card {
  looks = 0;
  constructor(
    readonly uid: Uint8Array,
    private readonly script: {
      part(select: number, look: number): readonly number[];
      sak(select: number, look: number): readonly number[];
    },
  ) {}
  powerOn(): void {}
  hear(frame: readonly number[], bits: number): Bit[] | undefined {
    if (bits === 7) {
      this.looks += 1;
      return bitsOf([0x44, 0x00]);
    }
    const select = frame[0] ?? 0;
    return bitsOf(frame[1] === 0x70 ? this.script.sak(select, this.looks) : this.script.part(select, this.looks));
  }
}

function lookAtLiar(
  part: (select: number, look: number) => readonly number[],
  sak: (select: number, look: number) => readonly number[],
): CardDetection {
  const field = new CardField();
  field.present([bytes("DEADBEEF")]);
  const search = new CardSearch(new Mfrc522Chip(field, { makeCard: (uid) => new Liar(uid, { part, sak }) }));
  search.start();
  return search.search();
}

const honest = [0xde, 0xad, 0xbe, 0xef, 0x22];
const whole = [0x08, ...crcA([0x08])];
const more = [0x04, ...crcA([0x04])];
const tagged = [0x88, 0x04, 0xa1, 0xb2, 0x9f];

liars("the script itself can make a good card", () => {
  assert.equal(
    lookAtLiar(
      () => honest,
      () => whole,
    ),
    { kind: "card", uid: "DEADBEEF" },
  );
});

const lies: [
  title: string,
  part: (select: number, look: number) => readonly number[],
  sak: (select: number, look: number) => readonly number[],
][] = [
  ["a UID whose check byte is wrong", () => [0xde, 0xad, 0xbe, 0xef, 0x23], () => whole],
  ["a UID with a byte too many", () => [...honest, 0x00], () => whole],
  ["a UID that is cut", () => honest.slice(0, 4), () => whole],
  ["a SAK whose CRC is wrong", () => honest, () => [0x08, 0xb6, 0xdc]],
  ["a SAK without its CRC", () => honest, () => [0x08]],
  ["a SAK with a byte too many", () => honest, () => [...whole, 0x00]],
  ["a SAK that says more after a UID without a cascade tag", () => honest, () => more],
  ["a SAK that says whole after a cascade tag", () => tagged, () => whole],
  ["a UID that never ends", () => tagged, () => more],
  ["another UID at the second look", (_, look) => (look === 1 ? honest : [0xde, 0xad, 0xbe, 0xee, 0x23]), () => whole],
  [
    "a cascade that ends early at the second look",
    (select, look) => (look === 1 && select === 0x93 ? tagged : honest),
    (select, look) => (look === 1 && select === 0x93 ? more : whole),
  ],
];
for (const [title, part, sak] of lies)
  liars(`${title} is unreadable`, () => assert.equal(lookAtLiar(part, sak), { kind: "unreadable" }));

liars("a card that is gone at the second look was no tap", () => {
  const field = new CardField();
  const present = bytes("DEADBEEF");
  field.present([present]);
  // It leaves while it is being selected for the first time.
  const chip = new Mfrc522Chip(field, {
    makeCard: (uid) =>
      new Liar(uid, {
        part: () => honest,
        sak: () => {
          field.clear();
          return whole;
        },
      }),
  });
  const search = new CardSearch(chip);
  search.start();
  assert.equal(search.search(), { kind: "unreadable" });
  assert.equal(search.search(), { kind: "none" });
});

liars("no single or double bit error on the way from the card yields another UID, not even one that repeats", () => {
  const uid = "DEADBEEF";
  // 40 bits of UID and check byte, then 24 of SAK and CRC.
  const answerBits = 64;
  let current: readonly number[] = [];
  class Garbled extends SimulatedCard {
    override hear(frame: readonly number[], bits: number): Bit[] | undefined {
      const answer = super.hear(frame, bits);
      if (answer === undefined || bits === 7) return answer;
      const from = frame[1] === 0x70 ? 40 : 0;
      return answer.map((bit, i) => (current.includes(from + i) ? ((1 - bit) as Bit) : bit));
    }
  }
  const field = new CardField();
  field.present([bytes(uid)]);
  const search = new CardSearch(new Mfrc522Chip(field, { makeCard: (own) => new Garbled(own) }));
  search.start();
  assert.equal(search.search(), { kind: "card", uid });
  for (let i = 0; i < answerBits; i++)
    for (let j = i; j < answerBits; j++) {
      current = [i, j];
      assert.is(search.search().kind, "unreadable", `bits ${i} and ${j}`);
    }
  current = [];
  assert.equal(search.search(), { kind: "card", uid });
});

liars.run();

const fuzz = suite("the search under noise");

const seed = Number(process.env["SEED"] ?? 20261122);
console.log(`seed ${seed} (set SEED to repeat)`);
const uids = ["DEADBEEF", "04A1B2C3D4E5F6", "04112233445566778899"];

for (const [place, busNoise, airNoise] of [
  ["on the bus", 2_000, 0],
  ["on the bus, heavily", 30_000, 0],
  ["in the air", 0, 10_000],
  ["everywhere", 1_000, 3_000],
] as const)
  fuzz(`noise ${place} makes cards unreadable, never others`, () => {
    const { field, search } = reader();
    field.noise(busNoise, airNoise, seed);
    const seen = { card: 0, none: 0, several: 0, unreadable: 0, lost: 0 };
    for (let i = 0; i < 1_500; i++) {
      const uid = uids[i % uids.length] ?? "";
      field.present([bytes(uid)]);
      const detection = search.search();
      seen[detection.kind] += 1;
      if (detection.kind === "card") assert.is(detection.uid, uid, `search ${i}, seed ${seed}`);
      if (i % 7 === 0) {
        field.clear();
        assert.is.not(search.search().kind, "card", `empty field, search ${i}, seed ${seed}`);
      }
    }
    console.log(`noise ${place}: ${JSON.stringify(seen)}`);
    assert.ok(seen.unreadable + seen.several + seen.lost > 0, "the noise was heard");
  });

fuzz("a chip that answers at random gives no card, and every search ends", () => {
  const search = new CardSearch(new MadChip(seed));
  search.start();
  for (let i = 0; i < 100_000; i++) assert.is.not(search.search().kind, "card", `search ${i}, seed ${seed}`);
});

fuzz.run();

// A million things that a bad line, a bad bus and bad air can say: RTU frames spoilt in every way, a reader chip that answers at random, cards under
// noise. None may come through as what it is not.
import { CardField } from "../../drivers/bench/card-field.js";
import { Mfrc522Chip } from "../../drivers/bench/mfrc522-chip.js";
import { findReply } from "../../drivers/meter/line.js";
import { CardSearch } from "../../drivers/rfid/card-search.js";
import { below, spoilers } from "../meter/damage.js";
import { MadChip } from "../rfid/mad-chip.js";

/** Of a hundred inputs: so many frames, so many mad answers; the rest are cards under noise. */
const framesOfAHundred = 70;
const madOfAHundred = 25;
const uids = ["DEADBEEF", "04A1B2C3D4E5F6", "04112233445566778899"];

/** Puts `inputs` to line and reader. Throws at the first that is believed. */
export async function soakFuzz(inputs: number, seed: number, tell: (line: string) => void): Promise<void> {
  const frames = Math.floor((inputs * framesOfAHundred) / 100);
  const mad = Math.floor((inputs * madOfAHundred) / 100);
  spoiltFrames(frames, seed);
  tell(`fuzz: ${frames} spoilt RTU frames, none accepted`);
  madChip(mad, seed);
  tell(`fuzz: ${mad} searches on a chip that answers at random, no card seen`);
  tell(`fuzz: ${inputs - frames - mad} searches under noise: ${noisyCards(inputs - frames - mad, seed)}; no card that was not there`);
  return Promise.resolve();
}

function spoiltFrames(rounds: number, seed: number): void {
  const random = below(seed);
  const { damages, randomBytes, reply } = spoilers(random);
  const kinds = Object.entries({ ...damages, "plain noise": () => randomBytes(random(80)) });
  for (let round = 0; round < rounds; round += 1) {
    const [unit, code, words] = [1 + random(247), 3 + random(2), 1 + random(60)];
    const sound = reply(unit, code, words);
    const [kind, damage] = kinds[round % kinds.length] ?? ["", (frame: Buffer) => frame];
    const heard = damage(sound);
    const found = findReply(heard, { unit, code, bytes: 2 * words });
    if (found !== undefined && !found.equals(sound)) throw new Error(`seed ${seed}, frame ${round}, ${kind}: ${sound.toString("hex")} came through as ${found.toString("hex")}`);
  }
}

function madChip(searches: number, seed: number): void {
  const search = new CardSearch(new MadChip(seed));
  search.start();
  for (let round = 0; round < searches; round += 1) {
    const sight = search.search();
    if (sight.kind === "card") throw new Error(`seed ${seed}, search ${round}: a chip that answers at random gave card ${sight.uid}`);
  }
}

function noisyCards(searches: number, seed: number): string {
  const random = below(seed);
  const field = new CardField();
  const search = new CardSearch(new Mfrc522Chip(field));
  search.start();
  const seen = { card: 0, none: 0, several: 0, unreadable: 0, lost: 0 };
  for (let round = 0; round < searches; round += 1) {
    if (round % 1_000 === 0) field.noise(random(30_000), random(10_000), seed + round);
    const uid = random(8) === 0 ? undefined : uids[random(uids.length)];
    field.present(uid === undefined ? [] : [Buffer.from(uid, "hex")]);
    const sight = search.search();
    seen[sight.kind] += 1;
    if (sight.kind === "card" && sight.uid !== uid) throw new Error(`seed ${seed}, search ${round}: card ${sight.uid} was read where ${uid ?? "none"} lay`);
  }
  return JSON.stringify(seen);
}

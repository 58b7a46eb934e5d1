// A million things that a bad line, a bad bus and bad air can say: RTU frames spoilt in every way, meters that tell
// nonsense with a good checksum, a reader chip that answers at random, cards under noise. None may come through as what
// it is not, and none may end or hold up a driver.
import { energyResolutionMilliWh, loadMeterMap, meterModels } from "../../config/meter-map.js";
import { CardField } from "../../drivers/bench/card-field.js";
import { Mfrc522Chip } from "../../drivers/bench/mfrc522-chip.js";
import { DeviceError } from "../../drivers/driver.js";
import { requestsFor } from "../../drivers/meter/register-requests.js";
import { Registers } from "../../drivers/meter/registers.js";
import { findReply } from "../../drivers/meter/rtu-line.js";
import { CardSearch } from "../../drivers/rfid/card-search.js";
import { MadChip } from "../drivers/rfid/mad-chip.js";
import { below, spoilers } from "../support/meter/line-damage.js";
import { wired } from "../support/meter/meter-bench.js";

/** Of a hundred inputs: so many of each kind; the rest are cards under noise. */
const ofAHundred = { frames: 60, words: 5, readings: 5, mad: 20 } as const;
const uids = ["DEADBEEF", "04A1B2C3D4E5F6", "04112233445566778899"];

/** Puts `inputs` to line and reader. Throws at the first that is believed. */
export async function soakFuzz(inputs: number, seed: number, tell: (line: string) => void): Promise<void> {
  const share = (kind: keyof typeof ofAHundred): number => Math.floor((inputs * ofAHundred[kind]) / 100);
  const [frames, words, readings, mad] = [share("frames"), share("words"), share("readings"), share("mad")];
  const rest = inputs - frames - words - readings - mad;
  spoiltFrames(frames, seed);
  tell(`fuzz: ${frames} spoilt RTU frames, none accepted`);
  tell(
    `fuzz: ${words} answers of nonsense with a good checksum, to ${meterModels().length} models: ${randomWords(words, seed)}; no figure that is none`,
  );
  tell(
    `fuzz: ${readings} readings of a whole meter on a spoilt line: ${await spoiltReadings(readings, seed)}; no wrong one`,
  );
  madChip(mad, seed);
  tell(`fuzz: ${mad} searches on a chip that answers at random, no card seen`);
  tell(`fuzz: ${rest} searches under noise: ${noisyCards(rest, seed)}; no card that was not there`);
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
    if (found !== undefined && !found.equals(sound))
      throw new Error(
        `seed ${seed}, frame ${round}, ${kind}: ${sound.toString("hex")} came through as ${found.toString("hex")}`,
      );
  }
}

/**
 * Words at random where registers should be: a figure in whole units within bounds, or a device's fault, and nothing
 * else.
 */
function randomWords(rounds: number, seed: number): string {
  const random = below(seed);
  const { randomBytes } = spoilers(random);
  const maps = meterModels().map(loadMeterMap);
  const seen = { figures: 0, refused: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const map = maps[round % maps.length];
    if (map === undefined) throw new Error("no meter map");
    const { energy, power, powerLess, current } = map.reading;
    // Now and then all bits set or none, which meters say when they mean nothing.
    const answers = requestsFor(map, [...energy, ...power, ...powerLess, ...current]).map((request) => ({
      ...request,
      bytes:
        random(8) === 0
          ? Buffer.alloc(2 * request.words, random(2) === 0 ? 0xff : 0x00)
          : randomBytes(2 * request.words),
    }));
    const registers = new Registers(map, map.id, answers);
    for (const figure of [
      () => registers.energyMilliWh(),
      () => registers.powerW(),
      () => registers.currentMilliA() ?? 0,
    ]) {
      try {
        const value = figure();
        if (!Number.isSafeInteger(value))
          throw new Error(
            `seed ${seed}, round ${round}, ${map.id}: ${value} was read from ${answers.map(({ bytes }) => bytes.toString("hex")).join(" ")}`,
          );
        seen.figures += 1;
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        seen.refused += 1;
      }
    }
  }
  return JSON.stringify(seen);
}

/**
 * A meter behind the whole driver, every other reply of which is spoilt: it reads what it holds, or fails by a device's
 * fault.
 */
async function spoiltReadings(rounds: number, seed: number): Promise<string> {
  const random = below(seed);
  const { damages, randomBytes } = spoilers(random);
  const kinds = [
    ...Object.values(damages),
    (frame: Buffer) => Buffer.concat([randomBytes(random(20)), frame]),
    (frame: Buffer) => Buffer.concat([frame, frame]),
  ];
  const models = meterModels();
  const each = Math.ceil(rounds / models.length);
  const seen = { right: 0, failed: 0 };
  for (const [index, model] of models.entries()) {
    const set = wired(model);
    const step = energyResolutionMilliWh(set.map);
    for (let round = index * each; round < Math.min(rounds, (index + 1) * each); round += 1) {
      set.values = { ...set.values, energyMilliWh: set.values.energyMilliWh + 100_000 };
      const damage = kinds[random(kinds.length)];
      if (damage !== undefined && random(2) === 0)
        set.bench.inject(1, { kind: "spoilt", spoil: damage }, 1 + random(3));
      try {
        const { energyMilliWh, serial } = await set.meter.read();
        if (
          energyMilliWh !== Math.floor(set.values.energyMilliWh / step) * step ||
          (set.map.identity.serial !== undefined && serial !== set.values.serial)
        )
          throw new Error(
            `seed ${seed}, reading ${round}, ${model}: ${energyMilliWh} mWh of ${serial} was read where ${set.values.energyMilliWh} of ${set.values.serial} stood`,
          );
        seen.right += 1;
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        seen.failed += 1;
        set.bench.clear();
      }
    }
    await set.bus.close();
  }
  return JSON.stringify(seen);
}

function madChip(searches: number, seed: number): void {
  const search = new CardSearch(new MadChip(seed));
  search.start();
  for (let round = 0; round < searches; round += 1) {
    const detection = search.search();
    if (detection.kind === "card")
      throw new Error(`seed ${seed}, search ${round}: a chip that answers at random gave card ${detection.uid}`);
  }
}

function noisyCards(searches: number, seed: number): string {
  const random = below(seed);
  const field = new CardField();
  const search = new CardSearch(new Mfrc522Chip(field));
  search.start();
  const seen = { card: 0, none: 0, several: 0, unreadable: 0, lost: 0 };
  for (let round = 0; round < searches; round += 1) {
    // From hardly any noise to so much that nothing is read, each as often as the other.
    if (round % 1_000 === 0) field.noise(random(30_000) >> random(12), random(10_000) >> random(12), seed + round);
    const uid = random(8) === 0 ? undefined : uids[random(uids.length)];
    field.present(uid === undefined ? [] : [Buffer.from(uid, "hex")]);
    const detection = search.search();
    seen[detection.kind] += 1;
    if (detection.kind === "card" && detection.uid !== uid)
      throw new Error(`seed ${seed}, search ${round}: card ${detection.uid} was read where ${uid ?? "none"} lay`);
  }
  return JSON.stringify(seen);
}

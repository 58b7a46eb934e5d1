// RTU replies, and the ways in which a line spoils them: by a seed, so that what fails can be had again.
import { withCrc } from "../../../drivers/bench/rtu-bus.js";

/** Whole numbers from 0 to below a limit, from a seed. */
export function below(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

export type Spoilers = {
  randomBytes(length: number): Buffer;
  /** A sound reply with so many random words. */
  reply(unit: number, code: number, words: number): Buffer;
  readonly damages: Readonly<Record<string, (frame: Buffer) => Buffer>>;
};

/** Kinds of damage that CRC-16 is sure to find, or that make a sound frame of another question. */
export function spoilers(random: (limit: number) => number): Spoilers {
  const randomBytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random(256)));
  const reply = (unit: number, code: number, words: number): Buffer =>
    withCrc(Buffer.concat([Buffer.from([unit, code, 2 * words]), randomBytes(2 * words)]));
  const flip = (frame: Buffer, bit: number): void => void (frame[bit >> 3] = (frame[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
  const damages: Record<string, (frame: Buffer) => Buffer> = {
    "one to three bits flipped": (frame) => {
      const spoilt = Buffer.from(frame);
      const bits = new Set(Array.from({ length: 1 + random(3) }, () => random(frame.length * 8)));
      for (const bit of bits) flip(spoilt, bit);
      return spoilt;
    },
    "a burst of up to 16 bits": (frame) => {
      const spoilt = Buffer.from(frame);
      // A burst as the wire sees it: low bit first within each byte.
      const start = random(frame.length * 8 - 16);
      flip(spoilt, start);
      for (let bit = 1; bit < 16; bit++) if (random(2) === 1) flip(spoilt, start + bit);
      return spoilt;
    },
    "cut anywhere": (frame) => frame.subarray(0, random(frame.length)),
    "the beginning lost": (frame) => frame.subarray(1 + random(frame.length - 1)),
    "from another unit": (frame) =>
      reply(((frame.readUInt8(0) + random(246)) % 247) + 1, frame.readUInt8(1), frame.readUInt8(2) / 2),
    "of another length": (frame) =>
      reply(frame.readUInt8(0), frame.readUInt8(1), frame.readUInt8(2) / 2 + 1 + random(20)),
    "of the other function": (frame) => reply(frame.readUInt8(0), 7 - frame.readUInt8(1), frame.readUInt8(2) / 2),
  };
  return { randomBytes, reply, damages };
}

// The station's own key for the hashes by which a bank card is known again: made once, and of no use to anybody else.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Failure } from "../core/failure.js";
import type { Disk } from "../ledger/store/disk.js";

/** Its file in the state folder. */
export const cardKeyFile = "card.key";
const keyBytes = 32;

/** Reads the key, or makes it on the first run. Throws Failure key/unusable where the file is not one, disk/failed. */
export function openCardKey(disk: Disk, state: string): Uint8Array {
  const path = join(state, cardKeyFile);
  const known = disk.read(path);
  if (known !== undefined) {
    if (known.length === keyBytes) return known;
    throw new Failure(
      "key/unusable",
      `${path} is damaged: remove it, and cards that pay now stop by button or backend`,
    );
  }
  const key = randomBytes(keyBytes);
  disk.replace(path, key);
  return key;
}

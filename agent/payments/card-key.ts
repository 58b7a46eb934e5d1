// The station's own key for the hashes by which a bank card is known again: made once, and of no use to anybody else.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Disk } from "../ledger/store/disk.js";

/** Its file in the state folder. */
export const cardKeyFile = "card.key";
const keyBytes = 32;

/**
 * Reads the key, or makes it on the first run. One that is damaged is made anew: all that is lost by it is that a card that
 * pays now stops its session no more, which ends by plug, button or limit. Throws Failure disk/failed, disk/full.
 */
export function openCardKey(disk: Disk, state: string): Uint8Array {
  const path = join(state, cardKeyFile);
  const known = disk.read(path);
  if (known?.length === keyBytes) return known;
  const key = randomBytes(keyBytes);
  disk.replace(path, key);
  return key;
}

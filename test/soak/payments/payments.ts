// Sales by bank card with a line or a process that breaks: everywhere once, and at random so often.
import {
  cutAtEveryCall,
  killAtEveryCall,
  killAtEveryWrite,
  randomTrouble,
  type Tried,
} from "../../support/payment/sale-trouble.js";

const slice = 100;

/** Tries every call and every change of the disk, then `wanted` random sales; throws with the first that loses money. */
export async function soakPayments(wanted: number, seed: number, say: (line: string) => void): Promise<void> {
  if (wanted === 0) return;
  const tell = (what: string, { times, faults }: Tried): void => {
    if (faults.length > 0) throw new Error(faults.join("\n"));
    say(`${times} ${what}: every hold ended once, booked as its receipt says`);
  };
  tell("cut lines at every call", await cutAtEveryCall());
  tell("kills at every call", await killAtEveryCall());
  tell("kills at every change of the disk", await killAtEveryWrite(true));
  for (let from = 0; from < wanted; from += slice) {
    const seeds = Array.from({ length: Math.min(slice, wanted - from) }, (_, index) => seed * 1_000_000 + from + index);
    tell(`sales in random trouble (${from + seeds.length} of ${wanted})`, await randomTrouble(seeds));
  }
}

// The properties of the rating, each with many times the cases that `npm test` draws, and other ones.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Runs the properties with so many times the cases. Throws with what they print when one does not hold. */
export function soakRating(times: number, seed: number, say: (line: string) => void): void {
  for (const name of ["rating/rating-properties", "tariff/tariff-cut"]) {
    const file = fileURLToPath(new URL(`../agent/core/${name}.test.js`, import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
      encoding: "utf8",
      env: { ...process.env, CHARGETILL_SEED: String(seed), CHARGETILL_TIMES: String(times), FORCE_COLOR: "0" },
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
  }
  say(`every property of the rating held in ${times} times the cases of npm test`);
}

// The verifier in a browser against the one of the command line, over changed bytes by the thousand.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** So many changes does the test make by itself. */
const atOnce = 8;

/** Throws with the first change of which the two say different things. */
export function soakVerifier(wanted: number, seed: number, say: (line: string) => void): void {
  const times = Math.ceil(wanted / atOnce);
  const file = fileURLToPath(new URL("../browser/verify-page.test.js", import.meta.url));
  const { status } = spawnSync(process.execPath, [file], {
    stdio: "inherit",
    env: { ...process.env, CHARGETILL_SEED: String(seed), CHARGETILL_TIMES: String(times), CI: "true" },
  });
  if (status !== 0) throw new Error("the page and the command line do not say the same");
  say(`${times * atOnce} changed bytes: the page and the command line say the same, word for word`);
}

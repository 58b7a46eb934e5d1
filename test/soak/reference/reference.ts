// The prices of random CDRs, worked out twice: by `chargetill tariff price --batch`, as its users run it, and by a second
// implementation in another language (price.py), written by someone who had not seen the engine.
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunningCommand } from "../../support/command.js";
import { limitProcess } from "../../support/time/time-limit.js";
import { type Compared, compareAnswers } from "./compare.js";

/** CDRs in one run of each side: what they print is held in memory. */
const cdrsAtOnce = 5_000;
/** Of time in which a processor was free for it. */
const limitMs = 120_000;

const sources = fileURLToPath(new URL("../../../../test/soak/reference", import.meta.url));
/** -B: nothing is written beside the sources. */
const pythonScript = (script: string, args: readonly string[]): readonly string[] => [
  "-B",
  join(sources, script),
  ...args,
];

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");

/** False where Python or its time zones are not on this machine. */
export function hasReference(): boolean {
  const program = "from zoneinfo import ZoneInfo; ZoneInfo('Europe/Berlin')";
  return spawnSync("python3", ["-c", program], { stdio: "ignore" }).status === 0;
}

/** What one of the scripts beside this file prints. Throws where it fails. */
export async function runPython(script: string, args: readonly string[], input = ""): Promise<string[]> {
  const child = spawn("python3", pythonScript(script, args), { stdio: ["pipe", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  // A script that fails reads no further; its words say why.
  child.stdin.on("error", (error) => (err += String(error)));
  child.stdin.end(input);
  const stopWatching = limitProcess(child.pid ?? -1, limitMs, (why) => {
    err += why;
    child.kill("SIGKILL");
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  stopWatching();
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${err}`);
  return linesOf(out);
}

async function runEngine(input: string): Promise<string[]> {
  const running = new RunningCommand(["tariff", "price", "--batch"]);
  running.type(input);
  const { code, out, err } = await running.ended;
  // 1: some of them were refused, as they should be.
  if ((code !== 0 && code !== 1) || err !== "") throw new Error(`tariff price ended with ${code}: ${err}`);
  return linesOf(out);
}

/** Draws `count` CDRs from number `first` on, and prices them by both. */
export async function compareCdrs(seed: number, count: number, first = 0): Promise<Compared> {
  const inputs = await runPython("draw.py", [seed, count, first].map(String));
  const input = `${inputs.join("\n")}\n`;
  const [engine, reference] = await Promise.all([runEngine(input), runPython("price.py", [], input)]);
  return compareAnswers(inputs, engine, reference);
}

/** Prints every CDR that costs something else by the reference, and throws at the end where there was one. */
export async function soakReference(cdrs: number, seed: number, say: (line: string) => void): Promise<void> {
  if (!hasReference()) throw new Error("the reference needs python3 with its zoneinfo and the machine's time zones");
  let [priced, refused, different] = [0, 0, 0];
  for (let first = 0; first < cdrs; first += cdrsAtOnce) {
    const compared = await compareCdrs(seed, Math.min(cdrsAtOnce, cdrs - first), first);
    for (const { name, fields, input } of compared.differences) {
      say(`reference: CDR ${name} of seed ${seed} differs\n  ${fields.join("\n  ")}\n  ${input}`);
      different++;
    }
    priced += compared.priced;
    refused += compared.refused;
    say(`reference: ${priced + refused} CDRs`);
  }
  const summary = `${priced} CDRs priced, ${refused} refused, ${different} that differ from the reference`;
  if (different > 0) throw new Error(summary);
  say(`reference: ${summary}, to the twelfth decimal`);
}

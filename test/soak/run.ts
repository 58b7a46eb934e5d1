// `npm run soak`: every cut, kill and fault of the stories, days of chaos, thousands of real kills. Options: --cuts N, --days N, --kills N, --fuzz N, --seed N.
// Prints what was done to the station and what it survived; the first thing that does not hold ends it with 1.
import { parseArgs } from "node:util";
import { soakChaos } from "./chaos.js";
import { soakCuts } from "./cuts.js";
import { soakFuzz } from "./fuzz.js";
import { soakKills } from "./kills.js";

const { values } = parseArgs({
  options: { cuts: { type: "string", default: "10000" }, days: { type: "string", default: "30" }, kills: { type: "string", default: "2000" }, fuzz: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});
const count = (name: keyof typeof values): number => {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} takes a whole number, not ${values[name]}`);
  return value;
};
const seed = count("seed");
console.log(`seed ${seed}`);

try {
  await soakFuzz(count("fuzz"), seed, console.log);
  await soakCuts(count("cuts"), seed, console.log);
  await soakChaos(count("days"), seed, console.log);
  await soakKills(count("kills"), seed, console.log);
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.stack : error);
  console.error(`seed ${seed} repeats it`);
  process.exit(1);
}

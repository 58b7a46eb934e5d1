// `npm run soak`: what `npm test` samples, at its full size. Prints what was done to the station and what it survived;
// the first thing that does not hold ends it with 1. `--help` names the parts.
import { parseArgs } from "node:util";
import { quietDays, quietText } from "../support/load/quiet-days.js";
import { random } from "../support/random.js";
import { spoiltAnswers } from "../support/terminal/spoilt-terminal.js";
import { everyTrouble, sellInTrouble } from "../support/terminal/terminal-sale.js";
import { spoilEveryByte } from "../support/vectors/spoilt-bytes.js";
import { passwordsCompared } from "../support/web-payment/passwords-compared.js";
import { soakCdrs } from "./cdrs.js";
import { soakChaos } from "./chaos.js";
import { soakCuts } from "./cuts.js";
import { soakDamage } from "./damage.js";
import { soakFuzz } from "./fuzz.js";
import { soakHostile } from "./hostile.js";
import { soakKills } from "./kills.js";
import { soakLoad } from "./load.js";
import { soakMutants } from "./mutants/run-mutants.js";
import { soakPage } from "./page/soak-page.js";
import { soakPayments } from "./payments/payments.js";
import { soakRating } from "./rating.js";
import { soakReference } from "./reference/reference.js";
import { soakSame } from "./same/same.js";
import { soakVerifier } from "./verifier.js";

const help = `npm run soak -- [parts] [options]

Parts (all of them where none is named; an option of a part names it too):
  cuts     power cuts, kills and disk faults at every write of the scenarios, and every fsync taken away   --cuts N (10000)
  damage   state folders spoilt in one place                                                             --damage N (10000)
  chaos    days on which everything fails at random, books compared after every event                    --days N (30)
  kills    real processes, really killed                                                                 --kills N (2000)
  payments sales by bank card: lines and processes that break at every call, every write and at random   --sales N (2000)
  fuzz     spoilt RTU frames, nonsense in registers, meters on a bad line, mad chips, cards under noise  --fuzz N (1000000)
  terminal spoilt answers of a card terminal: nothing hangs, no money is believed that did not move --answers N (100000)
  rating   the properties of the rating, in so many times the cases of npm test                          --rating N (100)
  cdrs     random sessions, settled: each CDR, priced again by its text, costs what its receipt says     --cdrs N (100000)
  bytes    every byte of every kind of proof flipped, doubled and deleted; --bytes N: every Nth        --bytes N (1)
  passwords  one-time passwords of payment codes equal those of a second implementation          --passwords N (100000)
  hostile  lists and frames that cost more than they weigh, against an agent held to its service's memory
  page     clients that mean the driver's page harm: nothing leaks, the station is not late         --clients N (1000)
  load     64 connectors, 10000 taps a minute, 1000 tariff elements, 100000 receipts
  mutants  small changes of the rules that money hangs on: each must turn a test red
  verifier the verifier in Chromium says what the command line says, of changed bytes too           --verifier N (2000)
  quiet    days with two sessions each, memory measured                                                  --quiet N (365)

Only where it is named:
  reference  random tariffs and CDRs cost the same by a second implementation (needs python3)          --cdrs N (60000)
  same     this build sells what another one sells: price cases, random sessions, the demo's receipts    --against FOLDER
           --lines N (20000)  --demos N (5)  --words (compare sentences too)

  --seed N   repeats a run (1)
  --help     this`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bytes: { type: "string" },
    cuts: { type: "string" },
    damage: { type: "string" },
    days: { type: "string" },
    kills: { type: "string" },
    sales: { type: "string" },
    answers: { type: "string" },
    clients: { type: "string" },
    fuzz: { type: "string" },
    passwords: { type: "string" },
    quiet: { type: "string" },
    rating: { type: "string" },
    cdrs: { type: "string" },
    verifier: { type: "string" },
    against: { type: "string" },
    lines: { type: "string" },
    demos: { type: "string" },
    words: { type: "boolean" },
    seed: { type: "string" },
    help: { type: "boolean" },
  },
});
type Count =
  | "bytes"
  | "verifier"
  | "sales"
  | "answers"
  | "clients"
  | "cuts"
  | "damage"
  | "days"
  | "kills"
  | "fuzz"
  | "passwords"
  | "quiet"
  | "rating"
  | "cdrs"
  | "lines"
  | "demos"
  | "seed";
const count = (name: Count, usual: number): number => {
  const value = Number(values[name] ?? usual);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} takes a whole number, not ${values[name]}`);
  return value;
};
const seed = count("seed", 1);
const say = console.log;

type Part = {
  readonly name: string;
  readonly option?: Count | "against";
  /** Left out of a run that names no part. */
  readonly onlyNamed?: true;
  readonly run: () => Promise<void>;
};
const parts: readonly Part[] = [
  { name: "cuts", option: "cuts", run: () => soakCuts(count("cuts", 10_000), seed, say) },
  { name: "damage", option: "damage", run: () => soakDamage(count("damage", 10_000), seed, say) },
  { name: "chaos", option: "days", run: () => soakChaos(count("days", 30), seed, say) },
  { name: "kills", option: "kills", run: () => soakKills(count("kills", 2_000), seed, say) },
  { name: "payments", option: "sales", run: () => soakPayments(count("sales", 2_000), seed, say) },
  { name: "fuzz", option: "fuzz", run: () => soakFuzz(count("fuzz", 1_000_000), seed, say) },
  {
    name: "terminal",
    option: "answers",
    run: async () => {
      const answers = count("answers", 100_000);
      say(`terminal: ${answers} spoilt answers: ${await spoiltAnswers(answers, seed)}; nothing wrong believed`);
      for (const dialect of ["give-back", "final", "book-total"] as const) {
        const { times, faults } = await sellInTrouble(dialect, await everyTrouble(dialect));
        if (faults.length > 0) throw new Error(faults.join("\n"));
        say(
          `terminal: ${times} sales by ${dialect}, the line cut at each step of each command, the process killed or not`,
        );
      }
    },
  },
  { name: "rating", option: "rating", run: () => Promise.resolve(soakRating(count("rating", 100), seed, say)) },
  { name: "cdrs", option: "cdrs", run: () => Promise.resolve(soakCdrs(count("cdrs", 100_000), seed, say)) },
  {
    name: "verifier",
    option: "verifier",
    run: () => Promise.resolve(soakVerifier(count("verifier", 2_000), seed, say)),
  },
  { name: "bytes", option: "bytes", run: () => Promise.resolve(spoilEveryByte(count("bytes", 1), say)) },
  {
    name: "passwords",
    option: "passwords",
    run: async () => {
      const compared = passwordsCompared(count("passwords", 100_000), random(seed));
      say(`passwords: ${compared} random inputs: both implementations answer the same`);
    },
  },
  { name: "hostile", run: () => soakHostile(say) },
  { name: "page", option: "clients", run: () => soakPage(count("clients", 1_000), seed, say) },
  { name: "load", run: () => soakLoad(say) },
  { name: "mutants", run: () => soakMutants(say) },
  {
    name: "quiet",
    option: "quiet",
    run: async () => say(quietText(await quietDays(count("quiet", 365), 2, count("quiet", 365), say))),
  },
  {
    name: "reference",
    option: "cdrs",
    onlyNamed: true,
    run: () => soakReference(count("cdrs", 60_000), seed, say),
  },
  { name: "same", option: "against", onlyNamed: true, run: () => same(values.against) },
];

function same(against: string | undefined): Promise<void> {
  if (against === undefined) throw new Error("same needs --against FOLDER, another checkout that is built");
  const options = { against, lines: count("lines", 20_000), demos: count("demos", 5), seed };
  return soakSame({ ...options, words: values.words === true }, say);
}

if (values.help === true) {
  say(help);
  process.exit(0);
}
const unknown = positionals.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0) {
  console.error(`there is no part "${unknown.join(", ")}"\n\n${help}`);
  process.exit(2);
}
// --days 0 leaves a part out.
const wanted = parts.filter(({ option }) => option === undefined || values[option] !== "0");
/** An option names its part; where two share it, the one that is named beside it, else the first. */
const namedByOption = ({ name, option }: Part): boolean => {
  const sharing = parts.filter((part) => part.option === option);
  const besideIt = sharing.some((part) => positionals.includes(part.name));
  return option !== undefined && values[option] !== undefined && !besideIt && sharing[0]?.name === name;
};
const named = wanted.filter((part) => positionals.includes(part.name) || namedByOption(part));
console.log(`seed ${seed}`);
try {
  for (const { name, run } of named.length > 0 ? named : wanted.filter(({ onlyNamed }) => onlyNamed !== true)) {
    const from = performance.now();
    await run();
    say(`${name}: done in ${((performance.now() - from) / 1_000).toFixed(0)} s`);
  }
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.stack : error);
  console.error(`seed ${seed} repeats it`);
  process.exit(1);
}

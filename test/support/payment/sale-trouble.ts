// Sales by bank card in trouble: every call to the bank and every write of the journal, cut or killed before and after it,
// counted by the code; and random trouble by seed.
import { random as randomFrom } from "../random.js";
import { CardSale, moneyFaults, sellByCard, untilEnded } from "./card-sale.js";
import type { BankMemory, LineFault } from "./remembering-bank.js";

/** How often a thing was tried, and what did not hold of the money. */
export type Tried = { readonly times: number; readonly faults: readonly string[] };

/** A sale in trouble, what that trouble is, and how it is sold. */
type Try = readonly [sale: CardSale, what: string, how?: Parameters<typeof sellByCard>[1]];

const memories: readonly BankMemory[] = ["terminal", "provider"];
const cuts: readonly LineFault[] = ["lost", "answer-lost"];
const stages = ["before", "after"] as const;
/** Enough to see what is wrong: what never ends is waited for an hour of the station's, each time. */
const enoughFaults = 3;

/** One sale with that trouble, and what does not hold of the money after it. */
export async function faultsOf(sale: CardSale, what: string, how?: Try[2]): Promise<string[]> {
  const others = [sale.bank.heldByOther(3_000)];
  await sellByCard(sale, how);
  await untilEnded(sale);
  const faults = moneyFaults(sale, others).map((fault) => `${what}: ${fault}`);
  await sale.close();
  return faults;
}

async function all(tries: Iterable<Try>): Promise<Tried> {
  const faults: string[] = [];
  let times = 0;
  for (const [sale, what, how] of tries) {
    if (faults.length >= enoughFaults) break;
    faults.push(...(await faultsOf(sale, what, how)));
    times += 1;
  }
  return { times, faults };
}

/** The calls of a sale to which nothing happens, and the places where its disk changes. */
async function undisturbed(memory: BankMemory): Promise<CardSale> {
  const sale = new CardSale(memory);
  const faults = await faultsOf(sale, "undisturbed");
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return sale;
}

/** A sale for each call to each bank and each way to disturb it; `disturb` says what it did. */
async function atEveryCall<T>(
  ways: readonly T[],
  disturb: (sale: CardSale, call: number, way: T) => string,
): Promise<Tried> {
  const tries: Try[] = [];
  for (const memory of memories)
    for (const [call, name] of (await undisturbed(memory)).bank.calls.entries())
      for (const way of ways) {
        const sale = new CardSale(memory);
        tries.push([sale, `${name} at a ${memory}, ${disturb(sale, call, way)}`]);
      }
  return all(tries);
}

/** The line is lost at every call, before the bank has heard it and after it has acted. */
export const cutAtEveryCall = (): Promise<Tried> =>
  atEveryCall(cuts, (sale, call, cut) => {
    sale.bank.faults.set(call, cut);
    return cut;
  });

/** The process is killed at every call, before the bank has heard it and after it has acted. */
export const killAtEveryCall = (): Promise<Tried> =>
  atEveryCall(stages, (sale, call, stage) => {
    sale.bank.onCall = (at, when) => void (at === call && when === stage && sale.kill());
    return `killed ${stage} it`;
  });

/** The process is killed before and after every write of the journal, or with `everywhere` at every change of the disk. */
export async function killAtEveryWrite(everywhere = false): Promise<Tried> {
  const { files } = await undisturbed("terminal");
  const written = files.syncs.filter(({ site }) => site.includes("fdatasync")).map(({ operation }) => operation);
  const places = everywhere ? files.changes : written.flatMap((operation) => [operation - 1, operation + 1]);
  return all(places.map((cutAt) => [new CardSale("terminal", { cutAt }), `killed at operation ${cutAt}`] as const));
}

/** Random trouble, several times a sale: a seed repeats it. */
export const randomTrouble = (seeds: Iterable<number>): Promise<Tried> => all(randomTries(seeds));

function* randomTries(seeds: Iterable<number>): Generator<Try> {
  for (const seed of seeds) {
    const random = randomFrom(seed);
    const sale = new CardSale(random() < 0.5 ? "terminal" : "provider");
    for (let call = 0; call < 40; call += 1)
      if (random() < 0.2) sale.bank.faults.set(call, random() < 0.5 ? "lost" : "answer-lost");
    const kills = new Map<number, "before" | "after">();
    for (let call = 0; call < 20; call += 1) if (random() < 0.1) kills.set(call, random() < 0.5 ? "before" : "after");
    sale.bank.onCall = (call, when) => void (kills.get(call) === when && sale.kill());
    // The register moves in whole steps of its signed record.
    const how = { wattHours: 3 * Math.floor(random() * 30), seconds: 30, stops: random() < 0.7 };
    yield [sale, `seed ${seed}`, how];
  }
}

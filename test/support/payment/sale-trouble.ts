// Sales by bank card in trouble: every call to the bank and every write of the journal, cut or killed before and after it,
// counted by the code; and random trouble by seed.
import { random as randomFrom } from "../random.js";
import { CardSale, moneyFaults, sellByCard, untilEnded } from "./card-sale.js";
import type { BankMemory, LineFault } from "./remembering-bank.js";

/** How often a thing was tried, and what did not hold of the money. */
export type Tried = { readonly times: number; readonly faults: readonly string[] };

const memories: readonly BankMemory[] = ["terminal", "provider"];
const cuts: readonly LineFault[] = ["lost", "answer-lost"];
const stages = ["before", "after"] as const;
/** Enough to see what is wrong: what never ends is waited for an hour of the station's, each time. */
const enoughFaults = 3;

/** One sale with that trouble, and what does not hold of the money after it. */
export async function faultsOf(
  sale: CardSale,
  what: string,
  how?: Parameters<typeof sellByCard>[1],
): Promise<string[]> {
  const others = [sale.bank.heldByOther(3_000)];
  await sellByCard(sale, how);
  await untilEnded(sale);
  const faults = moneyFaults(sale, others).map((fault) => `${what}: ${fault}`);
  await sale.close();
  return faults;
}

async function all(tries: Iterable<readonly [CardSale, string]>): Promise<Tried> {
  const faults: string[] = [];
  let times = 0;
  for (const [sale, what] of tries) {
    if (faults.length >= enoughFaults) break;
    faults.push(...(await faultsOf(sale, what)));
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

/** The line is lost at every call, before the bank has heard it and after it has acted. */
export async function cutAtEveryCall(): Promise<Tried> {
  const tries: [CardSale, string][] = [];
  for (const memory of memories)
    for (const [call, name] of (await undisturbed(memory)).bank.calls.entries())
      for (const cut of cuts) {
        const sale = new CardSale(memory);
        sale.bank.faults.set(call, cut);
        tries.push([sale, `${name} at a ${memory}, ${cut}`]);
      }
  return all(tries);
}

/** The process is killed at every call, before the bank has heard it and after it has acted. */
export async function killAtEveryCall(): Promise<Tried> {
  const tries: [CardSale, string][] = [];
  for (const memory of memories)
    for (const [call, name] of (await undisturbed(memory)).bank.calls.entries())
      for (const stage of stages) {
        const sale = new CardSale(memory);
        sale.bank.onCall = (at, when) => void (at === call && when === stage && sale.kill());
        tries.push([sale, `${name} at a ${memory}, killed ${stage} it`]);
      }
  return all(tries);
}

/** The process is killed before and after every write of the journal, or with `everywhere` at every change of the disk. */
export async function killAtEveryWrite(everywhere = false): Promise<Tried> {
  const { files } = await undisturbed("terminal");
  const written = files.syncs.filter(({ site }) => site.includes("fdatasync")).map(({ operation }) => operation);
  const places = everywhere ? files.changes : written.flatMap((operation) => [operation - 1, operation + 1]);
  return all(places.map((cutAt) => [new CardSale("terminal", { cutAt }), `killed at operation ${cutAt}`] as const));
}

/** Random trouble, several times a sale: a seed repeats it. */
export async function randomTrouble(seeds: Iterable<number>): Promise<Tried> {
  const faults: string[] = [];
  let times = 0;
  for (const seed of seeds) {
    if (faults.length >= enoughFaults) break;
    const random = randomFrom(seed);
    const sale = new CardSale(random() < 0.5 ? "terminal" : "provider");
    for (let call = 0; call < 40; call += 1)
      if (random() < 0.2) sale.bank.faults.set(call, random() < 0.5 ? "lost" : "answer-lost");
    const kills = new Map<number, "before" | "after">();
    for (let call = 0; call < 20; call += 1) if (random() < 0.1) kills.set(call, random() < 0.5 ? "before" : "after");
    sale.bank.onCall = (call, when) => void (kills.get(call) === when && sale.kill());
    // The register moves in whole steps of its signed record.
    const how = { wattHours: 3 * Math.floor(random() * 30), seconds: 30, stops: random() < 0.7 };
    faults.push(...(await faultsOf(sale, `seed ${seed}`, how)));
    times += 1;
  }
  return { times, faults };
}

// A driver who pays by bank card, from the plug to the end of his hold, at a station that may be killed and a bank whose
// line may break: what happens, and what must hold of the money afterwards, whatever happened on the way.

import { isEnded } from "../../../agent/core/payment/hold.js";
import { minorOf } from "../../../agent/core/payment/minor-amount.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import type { Config } from "../../../config/schema.js";
import type { PaymentTap } from "../../../drivers/payment-gateway.js";
import { type Outlet, TestStation, testStationConfig } from "../station/test-station.js";
import { SteppedClock } from "../time/stepped-clock.js";
import { VolatileFiles, type Wishes } from "../volatile-files.js";
import { type BankLine, type BankMemory, RememberingBank } from "./remembering-bank.js";

export const ownCard = "a1".repeat(32);
export const otherCard = "b2".repeat(32);

/** A station that dies at each of so many starts will never live. */
const mostStarts = 25;

/** A bank, a street with one car, and a station that is started again whenever it dies. */
export class CardSale {
  readonly clock = new SteppedClock();
  readonly bank: RememberingBank;
  readonly deaths: unknown[] = [];
  files: VolatileFiles;
  #outlets: ReadonlyMap<number, Outlet> | undefined;
  #station: TestStation | undefined;
  #line: BankLine | undefined;
  #isDead = false;
  #closing: Promise<unknown> = Promise.resolve();

  constructor(
    memory: BankMemory = "terminal",
    wishes: Wishes = {},
    readonly change: (config: Config) => Config = (config) => config,
  ) {
    this.bank = new RememberingBank(this.clock, memory);
    this.files = new VolatileFiles(wishes);
  }

  get station(): TestStation {
    if (this.#station === undefined) throw new Error("the station is not there");
    return this.#station;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** The process is gone from one instant to the next: nothing of it reaches disk or bank any more. */
  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    void this.#line?.close();
    const services = this.#station?.services;
    services?.station.halt();
    // A loop of a process that is gone turns no more.
    this.#closing = Promise.all([services?.onTheSpot?.close(), services?.station.close()]).catch(() => undefined);
  }

  /** Starts the station, on the disk as it was left. Answers whether it lives. */
  async start(): Promise<boolean> {
    this.#isDead = false;
    try {
      this.#station = new TestStation(testStationConfig(this.change), this.clock, this.files, this.#outlets, [], {
        gateway: () => {
          this.#line = this.bank.line();
          return Promise.resolve(this.#line);
        },
        die: (error) => {
          this.deaths.push(error);
          this.kill();
        },
      });
      this.#outlets = this.#station.outlets;
    } catch (error) {
      this.deaths.push(error);
      this.#isDead = true;
    }
    await this.clock.pass(1_000);
    return !this.#isDead;
  }

  /** What systemd does: a dead station is started again on what is left of its disk. */
  async revive(): Promise<void> {
    for (let starts = 0; this.#isDead; starts += 1) {
      if (starts === mostStarts) throw new Error(`dead after ${mostStarts} starts: ${String(this.deaths.at(-1))}`);
      await this.#let();
      this.files = this.files.afterKill();
      await this.start();
    }
  }

  async #let(): Promise<void> {
    const services = this.#station?.services;
    if (services === undefined) return;
    for (const outlet of this.#station?.outlets.values() ?? []) outlet.closed = false;
    services.remote.close();
    services.noShows.close();
    await this.clock.pass(1_000);
    await this.#closing;
  }

  tap(cardKey: string): void {
    const tap: PaymentTap = {
      kind: "bank-card",
      cardKey,
      card: { brand: "girocard", lastFour: "4242" },
      moment: this.clock.now(),
    };
    this.#line?.tap(tap);
  }

  async close(): Promise<void> {
    this.kill();
    await this.#let();
  }
}

/** One sale: plug, tap, charge, tap, unplug. Killed on the way, the station is started again and the driver goes on. */
export async function sellByCard(sale: CardSale, { wattHours = 90, seconds = 30, stops = true } = {}): Promise<void> {
  const alive = async (): Promise<void> => sale.revive();
  await sale.start();
  await alive();
  await sale.station.plug(1);
  await alive();
  sale.tap(ownCard);
  await sale.clock.pass(2_000);
  await alive();
  await sale.station.charge(1, wattHours, seconds);
  await alive();
  if (stops) sale.tap(ownCard);
  await sale.clock.pass(10_000);
  await alive();
  await sale.station.plug(1, false);
  await alive();
}

/** Lets time pass until nothing is open any more, as long as `mostMs`. */
export async function untilEnded(sale: CardSale, mostMs = 3_600_000): Promise<void> {
  for (let passed = 0; passed < mostMs; passed += 10_000) {
    await sale.clock.pass(10_000);
    await sale.revive();
    if (isQuiet(sale.station)) return;
  }
}

/** Every hold is ended, and no session is open. */
export function isQuiet({ services }: TestStation): boolean {
  const { holds, sessions } = services.station.stationState();
  return [...holds.values()].every(isEnded) && [...sessions.values()].every(({ state }) => state === "available");
}

/** A line for each hold that the station has not ended. */
export const unendedHolds = ({ services }: TestStation): string[] =>
  [...services.station.stationState().holds.values()]
    .filter((hold) => !isEnded(hold))
    .map(({ reference, state, unsure }) => `hold ${reference} is ${state}, ${unsure ?? "sure"}`);

/** The sales in the station's book: whose they are, and what is booked for them in minor units. */
export function salesIn({ services }: TestStation): readonly { readonly uid: string; readonly due: number }[] {
  const sales: { readonly uid: string; readonly due: number }[] = [];
  for (let number = 1; number <= services.book.count(); number += 1) {
    const payload = payloadOf(services.book.get(number)?.jws ?? "");
    if (payload?.kind !== "sale") continue;
    const { token, price, energyKwh } = payload.sale;
    sales.push({ uid: token.user.id, due: energyKwh === "0" ? 0 : minorOf(price.due.gross, price.currency) });
  }
  return sales;
}

/** What does not hold of the money: empty where all is well. */
export function moneyFaults(sale: CardSale, othersHandles: readonly string[]): string[] {
  const { bank, station } = sale;
  const faults = unendedHolds(station);
  const need = (isSo: boolean, words: string): void => void (isSo || faults.push(words));
  need(bank.open("us").length === 0, `${bank.open("us").length} holds of ours are open at the bank`);
  for (const one of bank.ours) {
    need(one.ends === 1, `hold ${one.handle} was ended ${one.ends} times`);
    need(one.bookedMinor <= one.heldMinor, `${one.bookedMinor} booked of ${one.heldMinor} held`);
  }
  const sales = salesIn(station);
  const booked = bank.ours.filter(({ state }) => state === "booked");
  const dueInAll = sales.reduce((sum, { due }) => sum + due, 0);
  const bookedInAll = booked.reduce((sum, { bookedMinor }) => sum + bookedMinor, 0);
  need(dueInAll === bookedInAll, `receipts ask for ${dueInAll}, booked are ${bookedInAll}`);
  const mostOnes = sales.filter(({ uid }, index) => sales.findIndex((one) => one.uid === uid) !== index);
  need(mostOnes.length === 0, "two receipts name one hold");
  need(
    booked.length === sales.filter(({ due }) => due > 0).length,
    `${booked.length} bookings for ${sales.length} sales`,
  );
  for (const handle of othersHandles)
    need(
      bank.open("other").some((one) => one.handle === handle),
      `the hold ${handle} of somebody else was touched`,
    );
  for (const [id, { closed }] of station.outlets) need(!closed, `the contactor of connector ${id} is closed`);
  return faults;
}

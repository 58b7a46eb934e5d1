// One sale by bank card through the real driver and the bench's terminal, over TCP: the station as it is but for its
// meter, pins and disk. The line can be cut at every step of every command, and the process killed at that instant.
import type { TerminalConfig } from "../../../config/parts/terminal-schema.js";
import {
  type CommandStep,
  commandSteps,
  TerminalSimulator,
} from "../../../drivers/bench/terminal/terminal-simulator.js";
import { openTerminal } from "../../../drivers/terminal/open-terminal.js";
import { isQuiet, salesIn, unendedHolds } from "../payment/card-sale.js";
import type { Tried } from "../payment/sale-trouble.js";
import { TestStation, testStationConfig } from "../station/test-station.js";
import { SteppedClock } from "../time/stepped-clock.js";
import { VolatileFiles } from "../volatile-files.js";
import { terminalConfig, testCards } from "./terminal-bench.js";

/** `nth` = which of these commands, counted from 0. */
export type SaleTrouble = {
  readonly command: string;
  readonly nth: number;
  readonly step: CommandStep;
  readonly kills: boolean;
};

const cardNumber = testCards.bank.number;
/** Seconds until a card that is shown was read, or everything is ended. */
const mostSeconds = 400;

class TerminalSale {
  readonly clock = new SteppedClock();
  files = new VolatileFiles();
  station: TestStation;
  #isDead = false;

  constructor(
    readonly simulator: TerminalSimulator,
    readonly config: TerminalConfig,
  ) {
    this.station = this.#start();
  }

  #start(before?: TestStation["outlets"]): TestStation {
    const loaded = testStationConfig((config) => ({ ...config, terminal: this.config }));
    const gateway = (cardKey: Uint8Array) =>
      openTerminal(this.config, { clock: this.clock, onFrame: () => undefined, cardKey });
    return new TestStation(loaded, this.clock, this.files, before, [], { gateway });
  }

  /** The process is gone; systemd starts it on what is left of its disk. */
  kill(): void {
    this.#isDead = true;
    this.station.services.station.halt();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.pass(ms);
    // What came over the wire meanwhile is read.
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.#isDead) return;
    this.#isDead = false;
    const { services, outlets } = this.station;
    for (const outlet of outlets.values()) outlet.closed = false;
    services.remote.close();
    services.noShows.close();
    await Promise.all([services.onTheSpot?.close(), services.station.close()]).catch(() => undefined);
    this.files = this.files.afterKill();
    this.station = this.#start(outlets);
    await this.clock.pass(1_000);
  }

  /** Holds the bank card to the terminal until it was read. */
  async tap(): Promise<void> {
    let isRead = false;
    void this.simulator.show(testCards.bank).then(() => (isRead = true));
    for (let second = 0; second < mostSeconds && !isRead; second += 1) await this.pass(1_000);
    await this.pass(2_000);
  }
}

/** One sale, with that trouble or none: the commands that the terminal had, and what does not hold of the money. */
export async function terminalSale(
  dialect: TerminalConfig["dialect"],
  trouble?: SaleTrouble,
): Promise<{ readonly commands: readonly string[]; readonly faults: readonly string[] }> {
  const simulator = await TerminalSimulator.open({ dialect });
  const other = simulator.holdOfAnother(3_000);
  const sale = new TerminalSale(simulator, terminalConfig(simulator.port, { dialect }));
  if (trouble !== undefined) {
    simulator.interrupt({ command: trouble.command, step: trouble.step, how: "cut", after: trouble.nth });
    simulator.onCut = () => void (trouble.kills && sale.kill());
  }
  await sale.pass(1_000);
  await sale.station.plug(1);
  await sale.pass(1_000);
  await sale.tap();
  await sale.station.charge(1, 90, 30);
  await sale.pass(1_000);
  await sale.tap();
  await sale.pass(10_000);
  await sale.station.plug(1, false);
  for (let second = 0; second < mostSeconds && !isQuiet(sale.station); second += 10) await sale.pass(10_000);
  const faults = moneyFaultsAt(sale, other);
  await sale.station.services.onTheSpot?.close();
  await sale.station.services.station.close();
  await simulator.close();
  return { commands: simulator.commands, faults };
}

/** What does not hold of the money: empty where all is well. */
function moneyFaultsAt({ simulator, station, files }: TerminalSale, other: string): string[] {
  const faults = unendedHolds(station);
  const need = (isSo: boolean, words: string): void => void (isSo || faults.push(words));
  const ours = simulator.bank.holds.filter(({ reference }) => reference !== "");
  for (const { receipt, endings, minor, bookedMinor } of ours) {
    need(endings === 1, `hold ${receipt} was ended ${endings} times`);
    need(bookedMinor <= minor, `${bookedMinor} booked of ${minor}`);
  }
  const another = simulator.bank.holds.find(({ receipt }) => receipt === other);
  need(another?.state === "open" && another.endings === 0, "the other client's hold was touched");
  const due = salesIn(station).reduce((sum, sale) => sum + sale.due, 0);
  const booked = ours.reduce((sum, { bookedMinor }) => sum + bookedMinor, 0);
  need(due === booked, `receipts ask for ${due}, booked are ${booked}`);
  for (const path of files.allFiles()) need(!files.peek(path).includes(cardNumber), `${path} holds the card's number`);
  return faults;
}

/** Every step of every command of an undisturbed sale, the line cut, and with it the process killed. */
export async function everyTrouble(dialect: TerminalConfig["dialect"]): Promise<readonly SaleTrouble[]> {
  const { commands, faults } = await terminalSale(dialect);
  if (faults.length > 0) throw new Error(`undisturbed: ${faults.join("; ")}`);
  const counts = new Map<string, number>();
  return commands.flatMap((command) => {
    const nth = counts.get(command) ?? 0;
    counts.set(command, nth + 1);
    // The wait for a card is the same each time.
    if (command === "06b0" || (command === "06c0" && nth > 1)) return [];
    return commandSteps.flatMap((step) => [false, true].map((kills) => ({ command, nth, step, kills })));
  });
}

/** Sells with each of these troubles. */
export async function sellInTrouble(
  dialect: TerminalConfig["dialect"],
  troubles: readonly SaleTrouble[],
): Promise<Tried> {
  const faults: string[] = [];
  for (const trouble of troubles) {
    const { command, nth, step, kills } = trouble;
    const words = `${dialect}: command ${nth} ${command}, cut when ${step}${kills ? ", killed" : ""}`;
    faults.push(...(await terminalSale(dialect, trouble)).faults.map((fault) => `${words}: ${fault}`));
  }
  return { times: troubles.length, faults };
}

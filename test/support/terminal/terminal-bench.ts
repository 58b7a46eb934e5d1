// The bench's terminal in this process, and the real driver on it: over TCP, by a clock that moves by hand.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TerminalConfig, terminal } from "../../../config/parts/terminal-schema.js";
import type { ShownCard } from "../../../drivers/bench/terminal/terminal-bank.js";
import { type TerminalOptions, TerminalSimulator } from "../../../drivers/bench/terminal/terminal-simulator.js";
import type { GatewayOutcome, PaymentTap } from "../../../drivers/payment-gateway.js";
import { openTerminal } from "../../../drivers/terminal/open-terminal.js";
import type { OnFrame } from "../../../drivers/terminal/terminal-line.js";
import type { ZvtTerminal } from "../../../drivers/terminal/zvt-terminal.js";
import { HandClock } from "../time/hand-clock.js";

/** Cards of the tests: a bank's with 100.00 in the account, one without money, one that wants its PIN, an RFID card. */
export const testCards = {
  bank: { kind: "bank", number: "5555555555554444", name: "MasterCard", funds: 10_000, maxHold: 10_000 },
  poor: { kind: "bank", number: "4111111111111111", name: "girocard", funds: 100 },
  pin: { kind: "bank", number: "4929000000006", name: "VISA", funds: 10_000, needsPin: true },
  rfid: { kind: "rfid", uid: "04A23B1C5D6E80" },
} as const satisfies Record<string, ShownCard>;

/** A password file with six digits. */
export function terminalPasswordFile(): string {
  const file = join(mkdtempSync(join(tmpdir(), "chargetill-terminal-")), "password");
  writeFileSync(file, "123456\n");
  return file;
}

/** A terminal's config as the file gives it, for a terminal on this machine. */
export const terminalConfig = (port: number, other: Partial<TerminalConfig> = {}): TerminalConfig => ({
  ...terminal.parse({
    address: "127.0.0.1",
    port,
    terminalId: "52523535",
    passwordFile: terminalPasswordFile(),
    dialect: "give-back",
    acceptUnproven: true,
    lateAnswer: "0s",
  }),
  ...other,
});

export type TerminalBench = {
  readonly simulator: TerminalSimulator;
  readonly clock: HandClock;
  readonly config: TerminalConfig;
  terminal: ZvtTerminal;
  /** A new driver on the same terminal, as after a restart. */
  reopen(): Promise<ZvtTerminal>;
  /** Shows a card to the terminal and answers what the driver says of it. */
  tap(card: ShownCard): Promise<PaymentTap>;
  close(): Promise<void>;
};

export async function terminalBench(
  options: TerminalOptions = {},
  other: Partial<TerminalConfig> = {},
  onFrame: OnFrame = () => undefined,
): Promise<TerminalBench> {
  const simulator = await TerminalSimulator.open({ dialect: other.dialect ?? "give-back", ...options });
  const clock = new HandClock();
  const config = terminalConfig(simulator.port, other);
  const open = (): Promise<ZvtTerminal> =>
    openTerminal(config, { clock, onFrame, cardKey: Buffer.alloc(32, 7), isProven: () => false });
  const bench: TerminalBench = {
    simulator,
    clock,
    config,
    terminal: await open(),
    reopen: async () => {
      await bench.terminal.close();
      bench.terminal = await open();
      return bench.terminal;
    },
    tap: async (card) => {
      const over = new AbortController();
      const taps = bench.terminal.taps(over.signal)[Symbol.asyncIterator]();
      const next = taps.next();
      await simulator.show(card);
      const { value } = await next;
      await taps.return?.();
      if (value === undefined) throw new Error("no tap");
      return value;
    },
    close: async () => {
      await bench.terminal.close();
      await simulator.close();
    },
  };
  return bench;
}

/** What was done; throws with the refusal or the doubt in any other case. */
export function doneValue<T>(outcome: GatewayOutcome<T>): T {
  if (outcome.kind === "done") return outcome.value;
  throw new Error(JSON.stringify(outcome));
}

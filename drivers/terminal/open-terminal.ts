// Opens the terminal that the config names: its password, its connection, and whether it may sell.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TerminalConfig } from "../../config/parts/terminal-schema.js";
import { type Clock, DeviceError } from "../driver.js";
import { cardHasher } from "./shown-card.js";
import { TerminalConnection } from "./terminal-connection.js";
import type { OnFrame, TerminalEndpoint } from "./terminal-line.js";
import { zvtCurrency } from "./zvt/currency.js";
import { ZvtTerminal } from "./zvt-terminal.js";

export type OpenTerminalParts = {
  readonly clock: Clock;
  readonly onFrame: OnFrame;
  /** In place of the config's address: the bench. */
  readonly endpoint?: TerminalEndpoint;
  /** What cards are known again by, for as long as the process lives; random where it is not given. */
  readonly cardKey?: Uint8Array;
  /** Whether this terminal has booked its test with this dialect; without, any may sell. */
  readonly isProven?: (terminalId: string, dialect: TerminalConfig["dialect"]) => boolean;
  /** Only to look at it: any terminal that answers is told of. */
  readonly anyId?: true;
};

const keyBytes = 32;

/**
 * Connects to the terminal and registers. Rejects with DeviceError terminal/lost, terminal/changed, terminal/not-ready,
 * terminal/unproven.
 */
export async function openTerminal(config: TerminalConfig, parts: OpenTerminalParts): Promise<ZvtTerminal> {
  const { clock, onFrame, isProven } = parts;
  const password = passwordIn(config.passwordFile);
  const hash = cardHasher(parts.cardKey ?? randomBytes(keyBytes));
  const connection = new TerminalConnection({
    endpoint: parts.endpoint ?? { host: config.address, port: config.port },
    clock,
    password,
    currency: zvtCurrency(config.currency),
    terminalId: parts.anyId === true ? undefined : config.terminalId,
    hash,
    onFrame,
  });
  const terminal = new ZvtTerminal({ config, connection, clock, password, hash, nonce: () => randomBytes(keyBytes) });
  try {
    await terminal.prepare();
    if (!config.acceptUnproven && isProven?.(config.terminalId, config.dialect) === false)
      throw new DeviceError(
        "terminal/unproven",
        `${connection.name}: nobody has proven yet how it books; run: chargetill terminal test`,
      );
    return terminal;
  } catch (error) {
    await terminal.close();
    throw error;
  }
}

/** The six digits in the password file. Throws DeviceError terminal/not-ready. */
function passwordIn(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new DeviceError("terminal/not-ready", `the terminal's password file ${file} cannot be read (${code})`);
  }
  if (!/^\d{6}$/.test(text))
    throw new DeviceError("terminal/not-ready", `the terminal's password file ${file} does not hold six digits`);
  return text;
}

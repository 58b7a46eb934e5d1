// What a technician may ask of the card terminal: how it is, which holds stand, its end of day, and the test that proves
// how it books. Answered by whoever holds the devices.
import { abortsAfter } from "../../../drivers/driver.js";
import type { Machine } from "../../../drivers/machine/open-machine.js";
import { type GatewayOutcome, whyNotDone } from "../../../drivers/payment-gateway.js";
import type { TerminalAccess } from "../../../drivers/terminal/terminal-access.js";
import type { TerminalState } from "../../../drivers/terminal/zvt-terminal.js";
import type { ControlRequest } from "../../control/control-socket.js";
import { requestedNumber, requestedText } from "../../control/request-fields.js";
import { Failure } from "../../core/failure.js";
import { type Holds, openHolds } from "../../core/payment/hold.js";
import type { AcceptedTerminal, AcceptedTerminals } from "./accepted-terminals.js";
import { failedBy, type TerminalTestResult, testTerminal } from "./terminal-test.js";

export type TerminalRequestParts = {
  readonly machine: Pick<Machine, "terminal" | "clock">;
  readonly acceptedTerminals: AcceptedTerminals;
  /** The holds that the station knows; absent = no agent runs. */
  readonly holds?: Holds;
};

/** A hold at the terminal. `payment` = ours, by its number. */
type TerminalHold = { readonly handle: string; readonly payment?: number };

export type TerminalLook = TerminalState & {
  readonly expectedId: string;
  readonly dialect: string;
  readonly proven: AcceptedTerminal | null;
  readonly holds: readonly TerminalHold[] | null;
  /** Why the terminal did not tell its holds. */
  readonly whyNoHolds: string | null;
};

/** A test as far as it has come. */
export type TerminalTestLook = { readonly steps: readonly string[]; readonly result: TerminalTestResult | null };

const cardWaitMs = 60_000;

/** How the terminal is and which holds stand. Throws Failure usage/invalid without one, DeviceError. */
export async function lookAtTerminal(parts: TerminalRequestParts): Promise<TerminalLook> {
  const access = terminalOf(parts);
  const { terminalId, dialect } = access.config;
  return access.ask(async (terminal) => {
    const state = await terminal.look();
    const open = await terminal.openHolds();
    const known = new Map(
      [...(parts.holds ?? [])].flatMap(([, hold]) =>
        hold.made === undefined ? [] : [[hold.made.handle, hold.number] as const],
      ),
    );
    return {
      ...state,
      expectedId: terminalId,
      dialect,
      proven: parts.acceptedTerminals.find(state.terminalId ?? "", dialect) ?? null,
      holds:
        open.kind === "done"
          ? open.value.map(({ handle }) => {
              const payment = known.get(handle);
              return payment === undefined ? { handle } : { handle, payment };
            })
          : null,
      whyNoHolds: open.kind === "done" ? null : whyNotDone(open),
    };
  });
}

/** Its end of day. Throws Failure usage/invalid without one, agent/refused while a hold stands; DeviceError. */
export async function endTerminalDay(parts: TerminalRequestParts): Promise<null> {
  return sure(await terminalOf(parts).ask((terminal) => terminal.endOfDay()));
}

function sure<T>(outcome: GatewayOutcome<T>): T {
  if (outcome.kind === "done") return outcome.value;
  throw new Failure("agent/refused", whyNotDone(outcome));
}

function terminalOf({ machine }: Pick<TerminalRequestParts, "machine">): TerminalAccess {
  if (machine.terminal !== undefined) return machine.terminal;
  throw new Failure("usage/invalid", "the config names no terminal");
}

/** The test that runs, or ran last: it takes longer than one answer may. One for each machine. */
export class TerminalTests {
  #steps: string[] = [];
  #result: TerminalTestResult | null = null;
  #isRunning = false;

  /** Begins it. Throws Failure usage/invalid without a terminal, agent/refused while holds of drivers stand. */
  begin(parts: TerminalRequestParts, request: ControlRequest, die: (error: unknown) => void): null {
    const access = terminalOf(parts);
    if (this.#isRunning) throw new Failure("agent/refused", "a test of the terminal is under way");
    if (parts.holds !== undefined && openHolds(parts.holds).length > 0)
      throw new Failure(
        "agent/refused",
        "drivers' money is held at the terminal: test it when their sessions are over",
      );
    const by = requestedText(request["by"], "by");
    const holdMinor = requestedNumber(request["holdMinor"], "holdMinor");
    if (!Number.isInteger(holdMinor) || holdMinor < 2 || holdMinor > 10_000)
      throw new Failure("usage/invalid", "a test holds from 2 to 10000 minor units");
    this.#steps = [];
    this.#result = null;
    this.#isRunning = true;
    void this.#run(access, parts, { by, holdMinor })
      .catch(die)
      .finally(() => (this.#isRunning = false));
    return null;
  }

  look(): TerminalTestLook {
    return { steps: [...this.#steps], result: this.#result };
  }

  async #run(
    access: TerminalAccess,
    { machine, acceptedTerminals }: TerminalRequestParts,
    { by, holdMinor }: { readonly by: string; readonly holdMinor: number },
  ): Promise<void> {
    const { clock } = machine;
    const { terminalId, dialect } = access.config;
    const say = (step: string): void => void this.#steps.push(step);
    const waiting = abortsAfter(clock, cardWaitMs);
    try {
      this.#result = await access.lend((terminal) =>
        testTerminal(
          { terminal, terminalId, dialect, by, holdMinor, now: () => clock.now(), cardWait: waiting.signal, say },
          (test) => acceptedTerminals.add(test),
        ),
      );
    } catch (error) {
      this.#result = failedBy(error);
    } finally {
      waiting.cancel();
    }
  }
}

// chargetill terminal status | test | eod | holds: the card terminal, for a technician.
import { Command } from "commander";
import type { TerminalConfig } from "../../config/parts/terminal-schema.js";
import { Failure } from "../core/failure.js";
import { minorOf } from "../core/payment/minor-amount.js";
import type { DeviceAccess } from "../technician/device-access.js";
import type { TerminalLook, TerminalTestLook } from "../technician/terminal/terminal-requests.js";
import {
  callerName,
  complain,
  exampleText,
  printResult,
  type StationOptions,
  stationCommand,
} from "./shared/command.js";
import { withDevices } from "./shared/with-devices.js";

/** `chargetill terminal`. */
export function terminalCommand(): Command {
  const terminal = new Command("terminal")
    .description("the card terminal: how it is, which holds stand, its end of day, its test")
    .addHelpText("after", exampleText("terminal status"));
  terminal.addCommand(
    stationCommand("status", "how the terminal is, and whether it may take money", "terminal status").action(status),
  );
  terminal.addCommand(
    stationCommand(
      "test",
      "prove how the terminal books: holds an amount on your own card, books 0.01 and lets the rest go",
      'terminal test --by "A. Technician"',
    )
      .option("--by <name>", "who runs it (default: the user)")
      .option("--hold <amount>", "what is held on your card; some terminals refuse small amounts", "1.00")
      .action(test),
  );
  terminal.addCommand(
    stationCommand(
      "eod",
      "close the terminal's day now; refused while a hold stands, and no hold is ever cancelled for it",
      "terminal eod",
    ).action(endOfDay),
  );
  terminal.addCommand(
    stationCommand("holds", "the holds that stand at the terminal, ours and others'", "terminal holds").action(
      listHolds,
    ),
  );
  return terminal;
}

/** Runs `work` with the devices in reach; terminals need no meters' libraries. */
const withTerminal = (
  options: StationOptions,
  work: (devices: DeviceAccess, terminal: TerminalConfig) => Promise<number>,
): Promise<void> =>
  withDevices(
    options,
    (devices, { config: { terminal } }) => {
      if (terminal === undefined) throw new Failure("usage/invalid", "the config names no terminal");
      return work(devices, terminal);
    },
    { needs: "no-meters" },
  );

async function status(options: StationOptions): Promise<void> {
  await withTerminal(options, async (devices) => {
    const look = await lookedAt(devices);
    printResult(options, look, terminalLines(look));
    return maySell(look) ? 0 : 1;
  });
}

const lookedAt = async (devices: DeviceAccess): Promise<TerminalLook> =>
  (await devices.ask({ do: "terminal-look" })) as TerminalLook;

const maySell = ({ terminalId, expectedId, proven }: TerminalLook): boolean =>
  terminalId === expectedId && proven !== null;

function terminalLines(look: TerminalLook): string[] {
  const { terminalId, expectedId, version, words, dialect, proven, endOfDayDue, holds: open } = look;
  return [
    `terminal ${terminalId ?? "without an id"}${version === null ? "" : `, version ${version}`}: ${words}`,
    ...(terminalId === expectedId ? [] : [`NOT the terminal of the config, which is ${expectedId}: it takes no money`]),
    proven === null
      ? `books by ${dialect}: NOT proven, it takes no money; run: chargetill terminal test`
      : `books by ${dialect}: proven ${new Date(proven.atMs).toISOString()} by ${proven.by}`,
    open === null ? `its holds are not known: ${look.whyNoHolds ?? ""}` : `${holdCount(open.length)} at the terminal`,
    ...(endOfDayDue ? ["its end of day is due: it comes by itself when no hold stands"] : []),
  ];
}

const holdCount = (count: number): string =>
  count === 0 ? "no hold stands" : `${count} hold${count === 1 ? " stands" : "s stand"}`;

async function listHolds(options: StationOptions): Promise<void> {
  await withTerminal(options, async (devices) => {
    const { holds: open, whyNoHolds } = await lookedAt(devices);
    if (open === null) throw new Failure("agent/refused", `the terminal does not tell its holds: ${whyNoHolds ?? ""}`);
    const whose = (payment: number | undefined): string =>
      payment !== undefined
        ? `payment ${payment} of this station`
        : devices.live
          ? "not known here: another client's, or lost; `chargetill payments` lets go of it"
          : "no agent is running: whose it is, is not known";
    printResult(options, { holds: open }, [
      ...open.map(({ handle, payment }) => `hold ${handle}: ${whose(payment)}`),
      ...(open.length === 0 ? ["no hold stands at the terminal"] : []),
    ]);
    return 0;
  });
}

async function endOfDay(options: StationOptions): Promise<void> {
  await withTerminal(options, async (devices) => {
    await devices.ask({ do: "terminal-day-end" });
    printResult(options, { closed: true }, ["the terminal's day is closed"]);
    return 0;
  });
}

const lookEveryMs = 500;
/** A card may take a minute, a bank several: no test lasts longer. */
const mostLooks = 1_200;

async function test(options: StationOptions & { by?: string; hold: string }): Promise<void> {
  await withTerminal(options, async (devices, { currency }) => {
    const holdMinor = heldMinor(options.hold, currency);
    await devices.ask({ do: "terminal-test", by: options.by ?? callerName(), holdMinor });
    const result = await tested(devices);
    printResult(options, result, [result.passed ? `PASSED: ${result.words}` : `FAILED: ${result.words}`]);
    return result.passed ? 0 : 1;
  });
}

/** Follows the test to its end and says each step. */
async function tested(devices: DeviceAccess): Promise<NonNullable<TerminalTestLook["result"]>> {
  let told = 0;
  for (let looks = 0; looks < mostLooks; looks += 1) {
    const { steps, result } = (await devices.ask({ do: "terminal-test-look" })) as TerminalTestLook;
    for (const step of steps.slice(told)) complain(step);
    told = steps.length;
    if (result !== null) return result;
    await devices.pause(lookEveryMs);
  }
  throw new Failure("agent/refused", "the test does not come to an end: see `chargetill terminal holds`");
}

function heldMinor(text: string, currency: string): number {
  if (!/^\d{1,4}(\.\d{1,2})?$/.test(text))
    throw new Failure("usage/invalid", `--hold: expected an amount such as 1.00, found ${text}`);
  return minorOf(text, currency);
}

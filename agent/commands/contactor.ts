// chargetill contactor open | test. Opening is the safe direction: it asks the agent if there is one, drives the pins
// in any case that allows it, and depends on nothing but the pins' numbers. Testing closes a contactor for a moment,
// and only with nobody there.

import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { type ContactorPins, contactorPins } from "../../config/pins/contactor-pins.js";
import { DeviceError } from "../../drivers/driver.js";
import type { ContactorTest } from "../../drivers/gpio/contactor-test.js";
import { Failure } from "../core/failure.js";
import {
  complain,
  defaultConfig,
  exampleText,
  printResult,
  type StationOptions,
  stationCommand,
  wholeNumber,
} from "./shared/command.js";

/** An agent that is well answers at once; the pins are not kept waiting for another. */
const agentWithinMs = 2_000;

type Opened = { readonly connector: string; readonly gpio: number; readonly ok: boolean; readonly why?: string };

/** `chargetill contactor`. */
export function contactorCommand(): Command {
  const contactor = new Command("contactor")
    .description("open or test the contactors")
    .addHelpText("after", exampleText("contactor open --all"));
  contactor.addCommand(
    stationCommand(
      "open",
      "open contactors now, whatever else is wrong; sessions of a running agent are stopped and settled",
      "contactor open --all",
    )
      .option("--all", "accepted for clarity; all contactors are always opened")
      .action(open),
  );
  contactor.addCommand(
    stationCommand(
      "test",
      "close a contactor for a moment and read its auxiliary contact; only with no car connected",
      "contactor test 1 --for 2",
    )
      .argument("<connector>", "the connector's number", wholeNumber("<connector>", 1, 64))
      .option("--for <seconds>", "how long it stays closed", wholeNumber("--for", 1, 5), 1)
      .option("--yes", "do not ask")
      .action(test),
  );
  return contactor;
}

async function open(where: StationOptions): Promise<void> {
  // systemd calls us with this set when the agent has ended: then there is nobody to ask, and a contactor may be closed
  // with nobody watching.
  const { answered, stopped, untold } = process.env["SERVICE_RESULT"] === undefined ? await askToOpen(where) : unasked;
  const found = contactorPins(where.config ?? defaultConfig);
  // A running agent has its pins; driving them from here too does no harm, and is all there is where it hangs.
  const opened = found.bench ? [] : await openPins(found, answered);
  for (const fault of found.faults) complain(fault);
  // What it drives it may drive again.
  if (untold !== undefined) complain(`the running agent could not be reached: ${untold}`);
  const words = opened.map(
    ({ connector, gpio, ok, why }) =>
      `connector ${connector} (GPIO ${gpio}): ${ok ? "open" : `NOT OPENED: ${why ?? ""}`}`,
  );
  if (found.bench) words.push("a bench has no pins: its contactors open with its agent");
  if (stopped.length > 0) words.push(`sessions stopped, receipts follow: connector ${stopped.join(", ")}`);
  printResult(where, { opened, stopped, ...(untold === undefined ? {} : { untold }), faults: found.faults }, words);
  process.exitCode = untold === undefined && found.faults.length === 0 && opened.every(({ ok }) => ok) ? 0 : 1;
}

/** `answered`: the agent has opened its contactors; `untold`: why it could not be asked, though it is there. */
type Asked = { readonly answered: boolean; readonly stopped: readonly number[]; readonly untold?: string | undefined };
const unasked: Asked = { answered: false, stopped: [] };

/**
 * Tells a running agent; no answer, for whatever reason, holds nothing up. What this needs is loaded here: the pins
 * alone need a fraction of it.
 */
async function askToOpen(where: StationOptions): Promise<Asked> {
  const [{ loadedFor }, { askAgent, isAbsent, socketPath }] = await Promise.all([
    import("./shared/with-devices.js"),
    import("../control/control-socket.js"),
  ]);
  let socket: string;
  try {
    socket = socketPath(loadedFor(where));
  } catch (error) {
    if (error instanceof Failure) return unasked;
    throw error;
  }
  const late = new Promise<Asked>((resolve) =>
    setTimeout(
      () => resolve({ ...unasked, untold: `it did not answer within ${agentWithinMs / 1_000} s` }),
      agentWithinMs,
    ).unref(),
  );
  const answer = askAgent(socket, { do: "contactor-open" }).then(
    (value): Asked => ({ answered: true, stopped: (value as { stopped: number[] }).stopped }),
    (error: unknown): Asked => ({
      ...unasked,
      untold: isAbsent(error) ? undefined : error instanceof Error ? error.message : String(error),
    }),
  );
  return Promise.race([answer, late]);
}

async function openPins({ pins }: ContactorPins, answered: boolean): Promise<Opened[]> {
  if (pins.length === 0) return [];
  const failed = (error: unknown): Opened[] =>
    pins.map(({ connector, gpio }) => ({
      connector,
      gpio,
      ok: false,
      why: error instanceof Error ? error.message : String(error),
    }));
  try {
    const { openGpioPort } = await import("../../drivers/gpio/port/open-gpio-port.js");
    const port = openGpioPort();
    // The agent holds its pins for itself, and has opened them.
    if (answered && !port.sharesPins) {
      await port.close();
      return pins.map(({ connector, gpio }) => ({ connector, gpio, ok: true }));
    }
    const opened = pins.map(({ connector, gpio, activeLow }): Opened => {
      // The wrong level would close it. Where the file is not clear, whoever drove the pin last knew.
      const polarity = activeLow ?? port.leftActiveLow(gpio);
      if (polarity === undefined)
        return {
          connector,
          gpio,
          ok: false,
          why:
            "the config does not say clearly whether the pin is active low, and " +
            "nobody has driven it: write activeLow: true or activeLow: false",
        };
      try {
        port.output({ gpio, activeLow: polarity }, false).close();
        return { connector, gpio, ok: true };
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        return { connector, gpio, ok: false, why: error.message };
      }
    });
    await port.close();
    return opened;
  } catch (error) {
    return failed(error);
  }
}

async function test(connector: number, options: StationOptions & { for: number; yes?: true }): Promise<void> {
  const { withDevices } = await import("./shared/with-devices.js");
  await withDevices(
    options,
    async (devices, { config: { connectors } }) => {
      if (!connectors.some(({ id }) => id === connector))
        throw new Failure(
          "usage/invalid",
          `there is no connector ${connector}; there are: ${connectors.map(({ id }) => id).join(", ")}`,
        );
      if (
        options.yes !== true &&
        !(await agreed(
          `Connector ${connector} will be live for ${options.for} s. ` +
            "Make sure nothing is connected and nobody is touching the socket. Type yes to continue: ",
        ))
      )
        throw new Failure("usage/invalid", "contactor test: cancelled; answer yes, or give --yes in a script");
      const { whileClosed, afterOpening, closedMs } = (await devices.ask({
        do: "contactor-test",
        connector,
        ms: options.for * 1_000,
      })) as ContactorTest;
      const wired = whileClosed !== undefined && afterOpening !== undefined;
      const ok = !wired || (whileClosed && !afterOpening);
      const judgement = !wired
        ? "no auxiliary contact is wired: did it click twice?"
        : ok
          ? "its auxiliary contact followed both ways"
          : afterOpening
            ? "ITS AUXILIARY CONTACT STILL SAYS CLOSED: switch the supply off; the contacts " +
              "may be welded, or the feedback is wired the wrong way round (activeLow)"
            : "ITS AUXILIARY CONTACT NEVER SAID CLOSED: check coil, supply and the feedback's wire";
      printResult(
        options,
        { connector, closedMs, whileClosed: whileClosed ?? null, afterOpening: afterOpening ?? null, ok },
        [`connector ${connector}: closed for ${(closedMs / 1000).toFixed(1)} s and opened; ${judgement}`],
      );
      return ok ? 0 : 1;
    },
    { needs: "no-meters" },
  );
}

async function agreed(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = new Promise<undefined>((resolve) => lines.once("close", () => resolve(undefined)));
    const answer = await Promise.race([lines.question(question), closed]);
    // Whoever breaks off leaves the cursor behind the question.
    if (answer === undefined) complain("");
    return answer?.trim().toLowerCase() === "yes";
  } finally {
    lines.close();
  }
}

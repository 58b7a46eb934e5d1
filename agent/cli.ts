#!/usr/bin/env node
import { realpathSync } from "node:fs";
// chargetill's commands. Each takes --config FILE or --data DIR, speaks in words or with --json, and ends with an exit
// code that means something: 0 fine, 1 a check failed, 2 usage, 3 key not proven, 75 a write failed, 78 config.
import { Command } from "commander";
import { complain, print } from "./commands/shared/command.js";
import { asksJson, endingOf, isForeseen } from "./commands/shared/exit.js";
import { ownVersion } from "./control/version.js";

/** What a shell reports of a program that SIGPIPE ended. */
const brokenPipeCode = 141;

/** All commands, in the order of the help. One is loaded when it is named: on a Pi, to load them all takes seconds. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import("./commands/demo.js")).demoCommand(),
  run: async () => (await import("./commands/run.js")).runCommand(),
  page: async () => (await import("./commands/page.js")).pageCommand(),
  status: async () => (await import("./commands/status.js")).statusCommand(),
  stop: async () => (await import("./commands/stop.js")).stopCommand(),
  config: async () => (await import("./commands/config.js")).configCommand(),
  sync: async () =>
    (await import("./commands/sync.js")).syncCommand({
      open: (await import("./commands/sync-client.js")).openSyncClient,
      print,
      exit,
    }),
  verify: async () => (await import("./commands/verify.js")).verifyCommand(),
  receipts: async () => {
    const { openReceiptSources, saveNew } = await import("./commands/open-state.js");
    return (await import("./commands/receipt.js"))
      .receiptCommands(openReceiptSources, saveNew)
      .addCommand((await import("./commands/credit.js")).creditCommand())
      .addCommand((await import("./commands/settle.js")).settleCommand())
      .addCommand((await import("./commands/receipt-find.js")).findCommand(openReceiptSources))
      .addCommand((await import("./commands/receipt-timeline.js")).timelineCommand(saveNew))
      .addCommand((await import("./commands/continue.js")).continueCommand());
  },
  payments: async () => (await import("./commands/payments.js")).paymentCommands(),
  complaints: async () => (await import("./commands/complaints.js")).complaintCommands(),
  privacy: async () => (await import("./commands/privacy.js")).privacyCommand(),
  dispute: async () => {
    const { openDisputeSources, saveNew } = await import("./commands/open-state.js");
    return (await import("./commands/dispute.js")).disputeCommand(openDisputeSources, saveNew);
  },
  key: async () =>
    (await import("./commands/key.js")).keyCommands((await import("./commands/open-state.js")).openKeySources),
  repair: async () =>
    (await import("./commands/repair.js")).repairCommand(
      (await import("./commands/shared/state-folder.js")).folderFor,
      print,
      exit,
    ),
  tariff: async () => (await import("./commands/tariff.js")).tariffCommand(),
  contactor: async () => (await import("./commands/contactor.js")).contactorCommand(),
  doctor: async () => (await import("./commands/doctor.js")).doctorCommand(),
  drain: async () => (await import("./commands/drain.js")).drainCommand(),
  log: async () => (await import("./commands/log.js")).logCommand(),
  meter: async () => (await import("./commands/meter.js")).meterCommand(),
  ports: async () => (await import("./commands/ports.js")).portsCommand(),
  tag: async () => (await import("./commands/tag.js")).tagCommand(),
  terminal: async () => (await import("./commands/terminal.js")).terminalCommand(),
  trace: async () => (await import("./commands/trace.js")).traceCommand(),
  bundle: async () => (await import("./commands/bundle.js")).bundleCommand(),
  commission: async () => (await import("./commands/commission.js")).commissionCommand(),
  completion: async () =>
    (await import("./commands/completion.js")).completionCommand(() => programWith(Object.keys(commands))),
};

// `chargetill receipts list | head` closes our output early: that ends us as it ends every tool, without a stack trace
// and not with "fine".
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(brokenPipeCode);
});

function exit(code: number): void {
  process.exitCode = code;
}

/**
 * The program as far as these words, what follows `chargetill`, need it: one command, none for the version, and all
 * where none is named.
 */
export function programFor(words: readonly string[]): Promise<Command> {
  const [first = ""] = words;
  if (first === "--version" || first === "-V") return programWith([]);
  return programWith(Object.hasOwn(commands, first) ? [first] : Object.keys(commands), asksJson(words));
}

async function programWith(names: readonly string[], json = false): Promise<Command> {
  const program = new Command("chargetill")
    .description("Offline-first billing agent for EV charge points.")
    .version(ownVersion())
    .enablePositionalOptions()
    .addHelpText(
      "after",
      "\nExample:\n  chargetill demo\n\nExit codes: 0 fine, 1 a check failed, 2 usage, 3 key not proven, 75 a write failed, 78 config.",
    );
  for (const name of names) {
    const command = await commands[name]?.();
    if (command !== undefined) program.addCommand(command);
  }
  // With --json a refusal is JSON, and no words of the parser stand beside it.
  const silent = json ? { outputError: () => undefined, writeErr: () => undefined } : {};
  for (const command of [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)])
    command.exitOverride().configureOutput(silent);
  return program;
}

// A test may import the commands; they are run where this file is what was started.
if (realpathSync(process.argv[1] ?? ".") === import.meta.filename) await runWords(process.argv.slice(2));

/**
 * Does what these words, what follows `chargetill`, ask for, and sets the process's exit code. Throws what nobody foresaw,
 * for its stack.
 */
export async function runWords(words: readonly string[]): Promise<void> {
  try {
    await (await programFor(words)).parseAsync([...words], { from: "user" });
  } catch (error) {
    const { code, out, err } = endingOf(error, asksJson(words));
    exit(code);
    if (out !== undefined) print(out);
    if (err !== undefined) complain(err);
    if (!isForeseen(error)) throw error;
  }
}

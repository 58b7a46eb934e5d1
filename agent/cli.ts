#!/usr/bin/env node
// chargetill's commands. Each takes --config FILE or --data DIR, speaks in words or with --json, and ends with an exit code that means something:
// 0 fine, 1 a check failed, 2 usage, 3 key not proven, 75 a write failed while running, 78 config.
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { existsSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { faultLine, loadConfig, type LoadedConfig } from "../config/load.js";
import { createPublicKey } from "node:crypto";
import { emptyDesk, type DeskState } from "./cash-desk.js";
import { bundleCommand } from "./commands/bundle.js";
import { commissionCommand } from "./commands/commission.js";
import { completionCommand } from "./commands/completion.js";
import { configCommands } from "./commands/config.js";
import { contactorCommand } from "./commands/contactor.js";
import { askAgent, socketPath, type ControlRequest } from "./control.js";
import { disputeCommand } from "./commands/dispute.js";
import { logCommand } from "./commands/log.js";
import { traceCommand } from "./commands/trace.js";
import { doctorCommand } from "./commands/doctor.js";
import { drainCommand } from "./commands/drain.js";
import { Failure } from "./failure.js";
import { keyCommands } from "./commands/key.js";
import { publicKeyFile } from "./key-change.js";
import { publicKeyOf, type PublicKey } from "./keys.js";
import { meterCommand } from "./commands/meter.js";
import { portsCommand } from "./commands/ports.js";
import { Book } from "./ledger/book.js";
import { Disk } from "./ledger/disk.js";
import { Table } from "./ledger/table.js";
import { ownVersion } from "./version.js";
import { receiptCommands, type ReceiptDesk } from "./commands/receipt.js";
import { payloadFrom, stored } from "./receipt-source.js";
import { repairCommand } from "./commands/repair.js";
import { journalOfSession } from "./session-journal.js";
import type { Snapshot } from "./snapshot.js";
import { statusLines } from "./status.js";
import { syncCommand, type SyncDesk } from "./commands/sync.js";
import type { OutboxStatus } from "./sync/outbox.js";
import { tagCommand } from "./commands/tag.js";
import { tariffCommand } from "./commands/tariff.js";
import { readTariff } from "./tariff-file.js";
import { verifyCommand } from "./commands/verify.js";
import { filesTrouble } from "./uplink-files.js";

const defaultConfig = "/etc/chargetill/station.yaml";

/** What a shell reports of a program that SIGPIPE ended. */
const brokenPipeCode = 141;

type Where = { readonly config?: string; readonly data?: string };

// `chargetill receipts list | head` closes our output early: that ends us as it ends every tool, without a stack trace and not with "fine".
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(brokenPipeCode);
});

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);
const exit = (code: number): void => void (process.exitCode = code);

/** The config that `--config` names, with the state folder that `--data` names; its faults are printed and undefined is the answer. */
function configFor(where: Where): LoadedConfig | undefined {
  const read = loadConfig(where.config ?? defaultConfig);
  if (!read.ok) {
    for (const fault of read.faults) complain(faultLine(fault));
    return undefined;
  }
  if (where.data === undefined) return read.loaded;
  return { ...read.loaded, config: { ...read.loaded.config, state: resolve(where.data) } };
}

/** The control socket that `--data` or `--config` leads to. */
function socketFor(where: Where): string | undefined {
  if (where.data !== undefined && where.config === undefined) return join(resolve(where.data), "control.sock");
  const loaded = configFor(where);
  return loaded === undefined ? undefined : socketPath(loaded);
}

async function withAgent(where: Where, work: (socket: string) => Promise<void>): Promise<void> {
  const socket = socketFor(where);
  if (socket === undefined) return exit(78);
  await work(socket);
}

function located(command: Command): Command {
  return command.option("--config <file>", `the station's config file (default ${defaultConfig})`).option("--data <dir>", "the state folder, in place of the config's");
}

function wholeNumber(name: string, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,10}$/.test(text) || value > most) throw new InvalidArgumentError(`${name} is a whole number from 0 to ${most}.`);
    return value;
  };
}

function pace(text: string): number {
  const value = Number(text);
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text) || value > 100_000) throw new InvalidArgumentError("expected how many bench seconds pass in a real one, 0 to 100000 (0 = as fast as it goes).");
  return value;
}

// Who reads no further (`| head`) has seen enough: that is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(process.exitCode ?? 0);
});

/** All commands. A test may import them; they are run where this file is what was started. */
export const program = new Command("chargetill").description("A till for charge points.").version(ownVersion()).enablePositionalOptions().addHelpText("after", "\nExample:\n  chargetill demo\n\nExit codes: 0 fine, 1 a check failed, 2 usage, 3 key not proven, 75 a write failed while running, 78 config.");

program
  .command("demo")
  .description("play a story on the simulated bench: the real agent, real drivers, emulated buses")
  .option("--once", "play the story unpaced and end")
  .option("--seed <number>", "the story's quantities", wholeNumber("--seed", 2 ** 31 - 1), 7)
  .option("--speed <number>", "bench seconds per real second; 0 = as fast as it goes (default: 60, with --once 0)", pace)
  .option("--data <dir>", "the state folder (default: a fresh temporary one)")
  .option("--json", "one event a line")
  .addHelpText("after", "\nExample:\n  chargetill demo --once --seed 7 --data /tmp/till")
  .action(async (options: { once?: boolean; seed: number; speed?: number; data?: string; json?: boolean }) => {
    const once = options.once === true;
    // Commands that only look at files must not wait for the whole agent to load: on a Pi that is seconds.
    const { demo } = await import("./demo.js");
    exit(await demo({ once, seed: options.seed, speed: options.speed ?? (once ? 0 : 60), data: options.data, json: options.json === true }, process.stdout));
  });

located(program.command("run").description("run the station; what systemd starts"))
  .addHelpText("after", "\nExample:\n  chargetill run --config /etc/chargetill/station.yaml")
  .action(async (where: Where) => {
    const loaded = configFor(where);
    if (loaded === undefined) return exit(78);
    const { run } = await import("./run.js");
    exit(await run(loaded, () => configFor(where)));
  });

located(program.command("status").description("how the running station stands"))
  .option("--json", "one JSON value")
  .addHelpText("after", "\nExample:\n  chargetill status --data /var/lib/chargetill")
  .action((options: Where & { json?: boolean }) =>
    withAgent(options, async (socket) => {
      const snapshot = (await askAgent(socket, { do: "status" })) as Snapshot;
      if (options.json === true) print(JSON.stringify(snapshot));
      else for (const line of statusLines(snapshot)) print(line);
      exit(snapshot.selling && snapshot.faults.length === 0 ? 0 : 1);
    }),
  );

located(program.command("stop").description("stop the session at a connector: the remote word").argument("<connector>", "the connector's number", wholeNumber("<connector>", 64)))
  .option("--json", "one JSON value")
  .addHelpText("after", "\nExample:\n  chargetill stop 1")
  .action((connector: number, options: Where & { json?: boolean }) =>
    withAgent(options, async (socket) => {
      const value = await askAgent(socket, { do: "stop", connector });
      print(options.json === true ? JSON.stringify(value) : `connector ${connector} is stopping`);
    }),
  );

const config = program.command("config").description("the one config file").addHelpText("after", "\nExample:\n  chargetill config check station.yaml");
config
  .command("check")
  .description("check a config file and the tariffs it names")
  .argument("<file>", "the config file")
  .option("--json", "one JSON value")
  .addHelpText("after", "\nExample:\n  chargetill config check /etc/chargetill/station.yaml")
  .action((file: string, options: { json?: boolean }) => {
    const faults = configFaults(file);
    if (options.json === true) print(JSON.stringify({ file, ok: faults.length === 0, faults }));
    else if (faults.length === 0) print(`${file}: fine`);
    else for (const line of faults) complain(line);
    exit(faults.length === 0 ? 0 : 1);
  });

for (const command of configCommands()) config.addCommand(command);

/** All that is wrong with a config file, its tariffs included, a line each. */
function configFaults(file: string): string[] {
  const read = loadConfig(file);
  if (!read.ok) return read.faults.map(faultLine);
  const { config: checked, resolve: beside } = read.loaded;
  // A file that is not here may lie on the station; one that is here and cannot be right is a fault.
  const faults = checked.uplinks.flatMap((uplink) => filesTrouble(uplink, checked.station.id).flatMap(({ missing, what, advice }) => (missing ? [] : [`${file}: uplink ${uplink.name}: ${what}; ${advice}`])));
  const ids = new Set<string>();
  for (const path of checked.tariffs) {
    try {
      ids.add(readTariff(beside(path), undefined).id);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      faults.push(...error.message.split("\n"));
    }
  }
  if (faults.length > 0) return faults;
  checked.connectors.forEach(({ tariff }, index) => {
    if (!ids.has(tariff)) faults.push(`${file}: connectors[${index}].tariff: no tariff file holds "${tariff}"; they hold: ${[...ids].join(", ")}`);
  });
  return faults;
}

program.addCommand(
  syncCommand({
    open: async (options) => {
      const socket = socketFor(options);
      if (socket === undefined) throw new Failure("config/invalid", "the config cannot be used");
      const desk: SyncDesk = {
        status: async () => (await askAgent(socket, { do: "sync-status" })) as OutboxStatus[],
        now: async () => (await askAgent(socket, { do: "sync-now" })) as OutboxStatus[],
        resend: async (number, uplink) => (await askAgent(socket, { do: "sync-resend", number, ...(uplink === undefined ? {} : { uplink }) })) as { uplink: string; numbers: number[] }[],
        close: () => Promise.resolve(),
      };
      return desk;
    },
    print,
    exit,
  }),
);

/** The state folder that `--data` or `--config` leads to. */
function folderFor(where: Where): string {
  if (where.data !== undefined) return resolve(where.data);
  const loaded = configFor(where);
  if (loaded === undefined) throw new Failure("config/invalid", "the config cannot be used");
  return loaded.config.state;
}

/** The book, for looking only: safe while an agent writes. */
function receiptDesk(where: Where): ReceiptDesk {
  const folder = folderFor(where);
  const disk = new Disk();
  if (!existsSync(folder)) throw new Failure("usage/invalid", `${folder}: there is no such state folder`);
  const language = where.config === undefined ? "en" : (configFor(where)?.config.language ?? "en");
  return { receipts: Book.view(disk, join(folder, "book")), language, newest: () => Table.view<DeskState>(disk, join(folder, "desk.json"), (value) => value as DeskState, emptyDesk).chain.checkpoint };
}

/** A new file for its owner alone; one that is there stays as it is. */
function saveNew(path: string, text: string | Uint8Array): void {
  const disk = new Disk();
  if (disk.read(path) !== undefined) throw new Failure("usage/invalid", `${path}: there is such a file already`);
  disk.replace(path, typeof text === "string" ? Buffer.from(text) : text);
}

/** The public key in a file's bytes. Throws Failure key/unusable where there is none. */
function publicKeyIn(path: string, pem: Uint8Array): PublicKey {
  try {
    return publicKeyOf(createPublicKey(Buffer.from(pem)));
  } catch (cause) {
    throw new Failure("key/unusable", `${path}: this is no public key; the station writes it anew at its next start`, { cause });
  }
}

program.addCommand(verifyCommand());
const receipts = receiptCommands(receiptDesk, saveNew);
located(receipts.command("credit").description("take a sale back by a credit receipt; the first is never touched").argument("<number>", "the receipt's number", wholeNumber("<number>", 999_999_999)))
  .option("--reason <text>", "why, as the credit receipt prints it")
  .option("--corrected-tariff <file>", "then sell the session again by this tariff; alone, after a credit, it does only that")
  .option("--json", "one JSON value")
  .addHelpText("after", '\nExample:\n  chargetill receipts credit 17 --reason "wrong tariff" --corrected-tariff right.json')
  .action((number: number, options: Where & { reason?: string; correctedTariff?: string; json?: boolean }) =>
    withAgent(options, async (socket) => {
      if (options.reason === undefined && options.correctedTariff === undefined) throw new Failure("usage/invalid", "receipts credit: give --reason, --corrected-tariff, or both");
      // A tariff that cannot be read must be known before anything is taken back.
      const tariff = options.correctedTariff === undefined ? undefined : readTariff(options.correctedTariff, undefined).source;
      const issued = async (request: ControlRequest): Promise<number> => ((await askAgent(socket, request)) as { receipt: number }).receipt;
      const credit = options.reason === undefined ? undefined : await issued({ do: "credit", number, reason: options.reason });
      const corrected = tariff === undefined ? undefined : await issued({ do: "correct", number, tariff });
      if (options.json === true) return print(JSON.stringify({ number, ...(credit === undefined ? {} : { credit }), ...(corrected === undefined ? {} : { corrected }) }));
      if (credit !== undefined) print(`receipt ${number} is taken back by credit receipt ${credit}`);
      if (corrected !== undefined) print(`receipt ${number} is corrected by receipt ${corrected}`);
    }),
  );
program.addCommand(receipts);
program.addCommand(disputeCommand((where) => ({ ...receiptDesk(where), journal: (sessionId) => journalOfSession(new Disk(), join(folderFor(where), "journal"), sessionId) }), saveNew));
program.addCommand(
  keyCommands((where) => {
    const folder = folderFor(where);
    const pem = new Disk().read(join(folder, publicKeyFile));
    if (pem === undefined) throw new Failure("usage/invalid", `${folder}: there is no key yet; the station makes it at its first start`);
    const publicKey = publicKeyIn(join(folder, publicKeyFile), pem);
    const { station } = payloadFrom(stored(Book.view(new Disk(), join(folder, "book")), 1));
    return {
      station: station.id,
      publicKey,
      rotate: async () => {
        const socket = socketFor(where);
        if (socket === undefined) throw new Failure("config/invalid", "the config cannot be used");
        await askAgent(socket, { do: "rotate-key" });
        return publicKeyIn(join(folder, publicKeyFile), new Disk().read(join(folder, publicKeyFile)) ?? Buffer.alloc(0));
      },
    };
  }),
);
program.addCommand(repairCommand(folderFor, print, exit));
program.addCommand(tariffCommand());
for (const command of [contactorCommand(), doctorCommand(), drainCommand(), logCommand(), meterCommand(), portsCommand(), tagCommand(), traceCommand(), bundleCommand(), commissionCommand(), completionCommand(() => program)]) program.addCommand(command);

for (const command of [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)]) command.exitOverride();

if (realpathSync(process.argv[1] ?? ".") === import.meta.filename) await runCommand();

async function runCommand(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    failed(error);
  }
}

function failed(error: unknown): void {
  if (error instanceof CommanderError) exit(error.exitCode === 0 ? 0 : 2);
  else if (error instanceof Failure) {
    complain(`chargetill: ${error.message}`);
    exit(error.code === "config/invalid" || error.code === "config/missing" ? 78 : error.code === "usage/invalid" ? 2 : 1);
  } else throw error;
}

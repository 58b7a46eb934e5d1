// `chargetill sync …`: how the uplinks stand, and a push by hand. It speaks to whoever holds the outboxes: the running
// agent, or a client of its own.
import { Command } from "commander";
import type { PaymentStatuses, UplinkStatus } from "../app/uplinks/uplink-status.js";
import { counted } from "../core/number/counted.js";
import type { PullStatus } from "../sync/ocpi/ocpi-pull.js";
import { oddityText } from "../sync/oddities.js";
import { exampleText, receiptNumber, stationCommand } from "./shared/command.js";

export interface SyncClient {
  status(): Promise<readonly UplinkStatus[]>;
  /**
   * Fetches and sends now, whatever schedule and back-off say; answers when all is done or something holds, and tells
   * meanwhile how far it has come.
   */
  now(stillAtIt: (all: readonly UplinkStatus[]) => void): Promise<readonly UplinkStatus[]>;
  /** Puts parked receipts back in line; answers with what was put back, per uplink. */
  resend(
    number: number | "all",
    uplink?: string,
  ): Promise<
    readonly { readonly uplink: string; readonly numbers: readonly number[]; readonly payments?: readonly number[] }[]
  >;
  /** Leaves a parked receipt unsent; answers the uplinks at which it was parked. */
  leave(number: number, uplink?: string): Promise<readonly string[]>;
  /** Sets a waiting receipt aside; answers the uplinks at which it waited. */
  park(number: number, uplink?: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export type SyncOptions = { readonly config?: string; readonly data?: string };

export type SyncShell = {
  /** Reaches the running agent, or what lies on the disk; throws Failure where neither can be had. */
  readonly open: (options: SyncOptions) => Promise<SyncClient>;
  readonly print: (line: string) => void;
  readonly exit: (code: 0 | 1) => void;
};

/**
 * The `sync` command. Exit 1: an uplink needs a person (`status`), something still waits, is parked or could not be
 * fetched (`now`), or there was nothing to put back, to leave or to set aside (`resend`, `leave`, `park`).
 */
export function syncCommand(shell: SyncShell): Command {
  const sync = new Command("sync")
    .description("uplinks: waiting, acknowledged and parked receipts")
    .addHelpText("after", exampleText("sync status"));
  const action =
    <Rest extends unknown[]>(work: (client: SyncClient, print: PrintAll, ...rest: Rest) => Promise<0 | 1>) =>
    async (command: Command, ...rest: Rest): Promise<void> => {
      const { json, config, data } = command.optsWithGlobals<SyncOptions & { json?: boolean }>();
      const client = await shell.open({
        ...(config === undefined ? {} : { config }),
        ...(data === undefined ? {} : { data }),
      });
      try {
        const print = (lines: readonly string[], value: unknown): void =>
          (json !== true ? lines : value === undefined ? [] : [JSON.stringify(value)]).forEach(shell.print);
        shell.exit(await work(client, print, ...rest));
      } finally {
        await client.close();
      }
    };
  const define = (name: string, description: string, example = name): Command => {
    const command = stationCommand(name, description, `sync ${example}`);
    sync.addCommand(command);
    return command;
  };

  const [status, now, parked] = [action(tellStatus), action(pushNow), action(tellParked)];
  const [resend, leave, park] = [action(putBack), action(leaveUnsent), action(parkByHand)];
  define("status", "the state of each uplink").action((_options, command: Command) => status(command));
  define("now", "fetch tokens and tariffs and send waiting receipts now, regardless of schedule and back-off").action(
    (_options, command: Command) => now(command),
  );
  define("parked", "receipts that were refused or kept back, and why").action((_options, command: Command) =>
    parked(command),
  );
  define("resend", "queue a parked receipt again", "resend 17 --uplink backend")
    .argument("<number>", 'the receipt\'s number, or "all"', (text: string) =>
      text === "all" ? text : receiptNumber(text),
    )
    .option("--uplink <name>", "only for this uplink")
    .action((number: number | "all", options: { uplink?: string }, command: Command) =>
      resend(command, number, options.uplink),
    );
  define("leave", "leave a parked receipt unsent: you have looked at it", "leave 17 --uplink backend")
    .argument("<number>", "the receipt's number", receiptNumber)
    .option("--uplink <name>", "only for this uplink")
    .action((number: number, options: { uplink?: string }, command: Command) => leave(command, number, options.uplink));
  define("park", "set aside a receipt that waits, so that those behind it go on", "park 17 --uplink backend")
    .argument("<number>", "the receipt's number", receiptNumber)
    .option("--uplink <name>", "only for this uplink")
    .action((number: number, options: { uplink?: string }, command: Command) => park(command, number, options.uplink));
  return sync;
}

/** Lines for a person, or the value with --json. */
type PrintAll = (lines: readonly string[], value: unknown) => void;

async function tellStatus(client: SyncClient, print: PrintAll): Promise<0 | 1> {
  const all = await client.status();
  print(none(all) ?? all.flatMap((one) => uplinkStatusLines(one)), all);
  return all.every((one) => one.fault === undefined) ? 0 : 1;
}

async function pushNow(client: SyncClient, print: PrintAll): Promise<0 | 1> {
  const stillAtIt = (all: readonly UplinkStatus[]): string[] =>
    all.filter((one) => one.waiting > 0).map(({ uplink, waiting }) => `${uplink}: waiting ${waiting}, still sending`);
  const all = await client.now((sofar) => print(stillAtIt(sofar), undefined));
  print(none(all) ?? all.flatMap((one) => uplinkStatusLines(one)), all);
  const isDone = all.every((one) => one.waiting === 0 && one.pull?.ok !== false && (one.payments?.waiting ?? 0) === 0);
  return isDone ? 0 : 1;
}

async function tellParked(client: SyncClient, print: PrintAll): Promise<0 | 1> {
  const all = await client.status();
  const lines = all.flatMap((one) => [
    ...one.parked.map(
      (item) =>
        `${one.uplink}: receipt ${item.number}, CDR ${item.id}, since ${utcText(item.atMs)}` +
        `${item.left === true ? ", left unsent" : ""}: ${item.reason}`,
    ),
    ...(one.payments?.parked ?? []).map(
      (item) => `${one.uplink}: payment of receipt ${item.id}, since ${utcText(item.atMs)}: ${item.reason}`,
    ),
  ]);
  print(
    none(all) ??
      (lines.length === 0
        ? ["Nothing is parked."]
        : [...lines, 'Send one again with "chargetill sync resend NUMBER".']),
    all.map(({ uplink, parked: items }) => ({ uplink, parked: items })),
  );
  return 0;
}

async function putBack(
  client: SyncClient,
  print: PrintAll,
  number: number | "all",
  uplink: string | undefined,
): Promise<0 | 1> {
  const all = await client.resend(number, uplink);
  const back = all.flatMap(({ uplink: name, numbers, payments = [] }) => [
    ...(numbers.length === 0 ? [] : [`${name}: receipt ${numbers.join(", ")} is queued again.`]),
    ...(payments.length === 0 ? [] : [`${name}: the payment of receipt ${payments.join(", ")} is queued again.`]),
  ]);
  const what = number === "all" ? "No receipt" : `Receipt ${number}`;
  print(back.length === 0 ? [`${what} is not parked: nothing was queued.`] : back, all);
  return back.length === 0 ? 1 : 0;
}

type AtUplinks = (client: SyncClient, number: number, uplink?: string) => Promise<readonly string[]>;

/** What a person decides of one receipt: a line for each uplink at which that was done, or why at none. */
const decided =
  (decide: AtUplinks, done: (number: number) => string, nowhere: string) =>
  async (client: SyncClient, print: PrintAll, number: number, uplink: string | undefined): Promise<0 | 1> => {
    const names = await decide(client, number, uplink);
    const lines = names.map((name) => `${name}: receipt ${number} ${done(number)}`);
    print(lines.length === 0 ? [`Receipt ${number} ${nowhere}.`] : lines, names);
    return lines.length === 0 ? 1 : 0;
  };

const leaveUnsent = decided(
  (client, number, uplink) => client.leave(number, uplink),
  () => "stays unsent; it remains in the list of parked ones.",
  "is not parked",
);

const parkByHand = decided(
  (client, number, uplink) => client.park(number, uplink),
  (number) => `is set aside; "chargetill sync resend ${number}" sends it.`,
  "does not wait",
);

/** One uplink in words; `time` = how its times are written, in UTC where nothing else is said. */
export function uplinkStatusLines(status: UplinkStatus, time: TimeText = utcText): string[] {
  const { uplink, reachability, sinceMs, words, waiting, parked, lastAck, nextTryMs } = status;
  const lines = [
    `${uplink}: ${reachability}${sinceMs === undefined ? "" : ` since ${time(sinceMs)}`}${words === undefined ? "" : `: ${words}`}`,
  ];
  if (status.line !== undefined && status.line !== words) lines.push(`  ${status.line}`);
  if (status.oddities !== undefined) lines.push(`  not as the standard has it: ${oddityText(status.oddities)}`);
  if (status.leftOut !== undefined) lines.push(`  told without: ${status.leftOut.join("; ")}`);
  if (status.fault !== undefined) lines.push(`  fault ${status.fault}: needs attention`);
  lines.push(
    `  waiting ${waiting}, parked ${parked.length}` +
      `${lastAck === undefined ? "" : `, last acknowledged receipt ${lastAck.number} at ${time(lastAck.atMs)}`}`,
  );
  if (status.payments !== undefined && status.payments.known > 0)
    lines.push(...paymentLines(status.payments).map((line) => `  ${line}`));
  if (status.pull !== undefined) lines.push(`  ${pullLine(status.pull, time)}`);
  if (nextTryMs !== undefined && waiting > 0) lines.push(`  next try at ${time(nextTryMs)}`);
  return lines;
}

function paymentLines({ known, waiting, parked = [], words }: PaymentStatuses): string[] {
  if (waiting === undefined)
    return [`payments: not sent, there is no message for them (${known} known; only OCPP 2.1 has one)`];
  return [
    `payments: waiting ${waiting}, parked ${parked.length}, of ${known} known${waiting === 0 || words === undefined ? "" : `: ${words}`}`,
    ...parked.map(({ id, reason }) => `payment of receipt ${id} is parked: ${reason}`),
  ];
}

function pullLine({ atMs, ok, words, tokens, tariffs }: PullStatus, time: TimeText): string {
  if (atMs === undefined) return "tokens and tariffs have not been fetched yet";
  return ok === true
    ? `fetched at ${time(atMs)}: ${words ?? ""}`
    : `fetching FAILED at ${time(atMs)}: ${words ?? ""}; ` +
        `${counted(tokens, "token")} and ${counted(tariffs, "tariff")} from before stay in force`;
}

function none(all: readonly UplinkStatus[]): string[] | undefined {
  return all.length === 0 ? ["No uplink is configured: receipts stay in the receipt book."] : undefined;
}

/** An instant in words. */
type TimeText = (atMs: number) => string;
const utcText: TimeText = (atMs) => new Date(atMs).toISOString();

// `chargetill demo`: the real agent on the simulated bench, and a small backend beside it, playing one scenario.
// The same seed tells the same scenario, to the cent and the watt-hour, whatever the speed.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import type { WriteStream } from "node:tty";
import { fileURLToPath } from "node:url";
import { faultLine, type LoadedConfig, loadConfig } from "../../config/load.js";
import { type TerminalConfig, terminal } from "../../config/parts/terminal-schema.js";
import type { Config } from "../../config/schema.js";
import { Backend } from "../../drivers/bench/backend.js";
import { openBench } from "../../drivers/bench/bench.js";
import type { BenchClock } from "../../drivers/bench/bench-clock.js";
import { scenarioBankCards } from "../../drivers/bench/scenario.js";
import { BenchTerminal } from "../../drivers/bench/terminal/bench-terminal.js";
import { ownVersion } from "../control/version.js";
import { Failure } from "../core/failure.js";
import { Disk } from "../ledger/store/disk.js";
import { cardKeyFile } from "../payments/card-key.js";
import { printedReceipt } from "../receipts/output/terminal-text.js";
import { type AgentEvent, eventLine } from "../station/events.js";
import { Agent } from "./agent.js";
import { demoPage } from "./page/demo-page.js";
import { screenTime } from "./view/screen-text.js";
import { TerminalView } from "./view/terminal-view.js";

export type DemoOptions = {
  readonly once: boolean;
  readonly seed: number;
  /** Bench seconds per real second; 0 = as fast as it goes. */
  readonly speed: number;
  readonly data: string | undefined;
  readonly json: boolean;
};

/** The demo's own config file, as it comes with the program. */
const demoConfigFile = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "config", "demo.yaml");
/** The last sync after the scenario may take this long in real time. */
const syncWithinMs = 30_000;
const backendToken = "demo-token-of-no-value";

/** Plays until the scenario is over (`once`) or until interrupted; answers the exit code. */
export async function demo(options: DemoOptions, out: NodeJS.WriteStream): Promise<number> {
  // Read before anything is opened: a backend that listens would keep the process after a refusal.
  const shipped = shippedConfig();
  const folder = resolve(options.data ?? mkdtempSync(join(tmpdir(), "chargetill-")));
  const disk = new Disk();
  disk.makeFolder(folder);
  const tokenFile = join(folder, "backend.token");
  disk.replace(tokenFile, Buffer.from(`${backendToken}\n`));
  const now: { clock: () => number } = { clock: () => 0 };
  const backend = await Backend.open({ token: backendToken, now: () => now.clock() });
  // Who waits for the end alone, or reads events, looks at no page.
  const page = options.once || options.json ? undefined : await demoPage(folder);
  const cardTerminal = await BenchTerminal.start();
  const loaded = demoConfig(shipped, options, folder, {
    url: backend.url,
    tokenFile,
    terminal: cardTerminal.port,
    page: page?.config,
    disk,
  });
  const bench = openBench(
    loaded.config,
    loaded.config.bench ?? { seed: options.seed, speed: options.speed, scenario: "demo" },
    folder,
  );
  now.clock = () => bench.clock.now().at;
  bench.onBankCard = async (card) => void (await cardTerminal.tell({ do: "show", card: scenarioBankCards[card] }));
  bench.onBackend = (away) => backend.become(away ? "away" : "well");

  let agent: Agent | undefined;
  const screen = screenFor(out, options, () => agent?.snapshot());
  const { timeZone } = loaded.config.station;
  const pace = options.speed === 0 ? "unpaced" : `${options.speed} times as fast as life`;
  screen.text(`chargetill demo: seed ${options.seed}, ${pace}, data in ${folder}`);
  if (page !== undefined) screen.text(`The driver's page: ${page.address}  the display at the bay: ${page.display}`);
  const receipts: string[] = [];
  let fatal = 0;
  const stop = stopSignal();
  try {
    agent = await Agent.open(loaded, {
      buses: bench,
      version: ownVersion(),
      disk,
      random: () => bench.random(),
      newId: seededIds(options.seed, bench.clock),
      emit: (event) => {
        screen.event(event, screenTime(timeZone, event.at));
        if (event.type !== "receipt") return;
        receipts.push(event.file);
        screen.receipt(onScreen(event.file));
      },
      changed: () => screen.changed(),
      exit: (code) => {
        fatal = code;
        stop.now();
      },
    });
    page?.start();
  } catch (error) {
    // What was opened for the agent must not outlive its refusal and keep the process.
    screen.close();
    await backend.close();
    await cardTerminal.close();
    throw error;
  }
  bench.world.scenarioOver().then(
    () =>
      options.once
        ? untilSynced(agent, bench.clock, stop)
        : screen.text("The scenario is over; the street goes on. Ctrl-C ends it."),
    () => stop.now(),
  );
  await stop.stopped;
  const missing = options.once && fatal === 0 && !agent.synced();
  screen.changed();
  screen.close();
  page?.close();
  await agent.close();
  await backend.close();
  await cardTerminal.close();
  screen.summary({ folder, receipts, atBackend: backend.cdrs.size, posts: backend.posts.length });
  if (missing)
    process.stderr.write("chargetill: the scenario is over, but not every receipt was acknowledged by the backend\n");
  return fatal !== 0 ? fatal : missing ? 1 : 0;
}

/** The receipt of a file as a terminal shows it: the code light on dark. */
function onScreen(file: string): string {
  const { jws } = JSON.parse(readFileSync(file, "utf8")) as { jws: string };
  return printedReceipt(jws, 80, { language: "en" }, false);
}

/** The demo's config as it comes with the program. Throws Failure where it is not one that this version takes. */
function shippedConfig(): LoadedConfig {
  const read = loadConfig(demoConfigFile);
  if (!read.ok) throw new Failure("config/invalid", read.faults.map(faultLine).join("\n"));
  return read.loaded;
}

/** What the demo starts beside the agent: its backend, where its card terminal listens, and the driver's page. */
type DemoPeers = {
  readonly url: string;
  readonly tokenFile: string;
  readonly terminal: number;
  readonly page: Config["page"];
  readonly disk: Disk;
};

function demoConfig(shipped: LoadedConfig, options: DemoOptions, folder: string, peers: DemoPeers): LoadedConfig {
  const { config } = shipped;
  const { url, tokenFile, page } = peers;
  const bench = { seed: options.seed, speed: options.speed, scenario: "demo" } as const;
  return {
    ...shipped,
    config: {
      ...config,
      state: folder,
      bench,
      terminal: demoTerminal(options.seed, folder, peers),
      uplinks: config.uplinks.map((uplink) => ({ ...uplink, url, tokenFile })),
      ...(page === undefined ? {} : { page }),
    },
  };
}

/** The bench's terminal as a config names it; the key of its cards follows from the seed. */
function demoTerminal(seed: number, folder: string, { terminal: port, disk }: DemoPeers): TerminalConfig {
  const passwordFile = join(folder, "terminal.password");
  disk.replace(passwordFile, Buffer.from("123456\n"));
  const cardKey = join(folder, cardKeyFile);
  if (disk.read(cardKey) === undefined) disk.replace(cardKey, createHash("sha256").update(`demo ${seed}`).digest());
  return terminal.parse({
    address: "127.0.0.1",
    port,
    terminalId: "52523535",
    passwordFile,
    dialect: "give-back",
    acceptUnproven: true,
    readCard: "1m",
    lateAnswer: "0s",
  });
}

/** UUID-shaped ids that the seed decides, so that two plays of one scenario are the same to the byte. */
function seededIds(seed: number, clock: BenchClock): () => string {
  let count = seed;
  const hex = (value: number, digits: number): string =>
    Math.abs(value).toString(16).padStart(digits, "0").slice(-digits);
  return () => {
    count += 1;
    return `${hex(seed, 8)}-${hex(count, 4)}-4000-8000-${hex(clock.now().at, 12)}`;
  };
}

type Stop = { readonly stopped: Promise<void>; now(): void };

function stopSignal(): Stop {
  let now: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (now = resolve));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => now());
  return { stopped, now: () => now() };
}

/**
 * Ends the demo when nothing is left to send, or when that takes too long. The street stands still from then on: the
 * same seed ends at the same moment.
 */
function untilSynced(agent: Agent | undefined, clock: BenchClock, stop: Stop): void {
  const end = (): void => {
    clearInterval(look);
    clearTimeout(deadline);
    clock.stop();
    stop.now();
  };
  const lookOnce = (): void => {
    if (agent?.synced() === true) end();
  };
  const deadline = setTimeout(end, syncWithinMs);
  const look = setInterval(lookOnce, 20);
  look.unref();
  lookOnce();
}

type Screen = {
  text(line: string): void;
  event(event: AgentEvent, time: string): void;
  receipt(text: string): void;
  changed(): void;
  close(): void;
  summary(end: { folder: string; receipts: readonly string[]; atBackend: number; posts: number }): void;
};

/** Live view in a terminal, plain lines elsewhere, one event a line with --json. */
function screenFor(
  out: NodeJS.WriteStream,
  options: DemoOptions,
  look: () => ReturnType<Agent["snapshot"]> | undefined,
): Screen {
  const live = out.isTTY === true && !options.json ? new TerminalView(out as WriteStream, look) : undefined;
  const line = (text: string): void => (live === undefined ? void out.write(`${text}\n`) : live.say(text));
  const quiet = (): void => undefined;
  const summary: Screen["summary"] = ({ folder, receipts, atBackend, posts }) => {
    const key = join(folder, "station.pub.pem");
    if (options.json) {
      out.write(`${JSON.stringify({ type: "ended", folder, receipts, key, atBackend, posts })}\n`);
      return;
    }
    out.write(
      `\n${receipts.length} receipts in ${join(folder, "receipts")}, ${atBackend} at the backend (${posts} posts).\n`,
    );
    if (receipts.length > 0)
      out.write(
        `Check them without trusting this station:\n\n` +
          `  node ${relative(process.cwd(), fileURLToPath(new URL("../cli.js", import.meta.url)))} verify ` +
          `--key ${key} ${receipts.length > 4 ? join(folder, "receipts", "*.json") : receipts.join(" ")}\n\n`,
      );
  };
  if (options.json)
    return {
      text: quiet,
      event: (event) => void out.write(`${JSON.stringify(event)}\n`),
      receipt: quiet,
      changed: quiet,
      close: quiet,
      summary,
    };
  return {
    text: line,
    event: (event, time) => line(`${time}  ${eventLine(event)}`),
    receipt: (text) => line(`\n${text}`),
    changed: () => live?.changed(),
    close: () => live?.close(),
    summary,
  };
}

// `chargetill run`: the agent on the devices that the config names, until it is told to stop. What systemd starts.
import pino from "pino";
import type { LoadedConfig } from "../config/load.js";
import { realBuses, type MachineBuses } from "../drivers/open.js";
import { Disk } from "./ledger/disk.js";
import { Agent, ownVersion } from "./main.js";
import { newsLine, type News } from "./news.js";

/** Letting go is a matter of milliseconds; what hangs longer is left behind, with contactors open. */
const closeWithinMs = 1_800;

/** Runs until SIGTERM or SIGINT, or until the process cannot go on; answers the exit code. */
export async function run(loaded: LoadedConfig): Promise<number> {
  const { config } = loaded;
  const log = pino({ level: config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 1, sync: true }));
  const disk = new Disk();
  disk.makeFolder(config.state);
  const buses: MachineBuses = config.bench === undefined ? await realBuses(config) : (await import("../drivers/bench/bench.js")).openBench(config, config.bench, config.state);
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (end = resolve));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => end(0));
  const agent = await Agent.open(loaded, { buses, version: ownVersion(), disk, tell: (news) => write(log, news), exit: (code) => end(code) });
  // What nobody caught must not leave a contactor closed behind: pins stay as a dead process left them.
  process.once("uncaughtException", (error) => agent.fail(error));
  const code = await ended;
  setTimeout(() => process.exit(code), closeWithinMs).unref();
  await agent.close();
  return code;
}

function write(log: pino.Logger, news: News): void {
  const line = newsLine(news);
  if (news.news === "fault") log.error(news, line);
  else if (news.news === "uplink" && news.state !== "online") log.warn(news, line);
  else log.info(news, line);
}

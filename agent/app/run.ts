// `chargetill run`: the agent on the devices that the config names, until it is told to stop. What systemd starts.
import pino from "pino";
import type { LoadedConfig } from "../../config/load.js";
import { ownVersion } from "../control/version.js";
import { Failure } from "../core/failure.js";
import { remedyOf } from "../core/fault-table.js";
import { Disk } from "../ledger/store/disk.js";
import { type AgentEvent, eventLine } from "../station/events.js";
import { openBuses } from "../technician/buses.js";
import { type LogSwitch, logLevels } from "../technician/trace-sessions.js";
import { Agent } from "./agent.js";
import { goesToJournal, journalSentence } from "./journal-sentences.js";

/** Letting go is a matter of milliseconds; what hangs longer is left behind, with contactors open. */
const closeWithinMs = 1_800;

/**
 * Runs until SIGTERM or SIGINT, or until the process cannot go on; answers the exit code. SIGHUP takes up what `reread`
 * finds, where it is safe; `reread` throws Failure for a config that cannot be used.
 */
export async function run(loaded: LoadedConfig, reread: () => LoadedConfig): Promise<number> {
  const { config } = loaded;
  const out = pino.destination({ fd: 1, sync: true });
  const isJson = config.log.format === "json" || (config.log.format === "auto" && !goesToJournal(process.env));
  const log = pino(
    { level: config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    isJson ? out : { write: (line) => void out.write(journalSentence(line)) },
  );
  const disk = new Disk();
  // With a bench the folder must be there before the agent, which waits for its disk.
  if (config.bench !== undefined) disk.makeFolder(config.state);
  const buses = await openBuses(config, "work");
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (end = resolve));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => end(0));
  let agent: Agent | undefined;
  // Heard from the first moment on: unheard, the signal would end the process.
  process.on("SIGHUP", () => reload(agent, reread, log));
  const opened = await Agent.open(loaded, {
    buses,
    version: ownVersion(),
    disk,
    emit: (event) => write(log, event),
    log: switchOf(log),
    exit: (code) => end(code),
  });
  agent = opened;
  // What nobody caught must not leave a contactor closed behind: pins stay as a dead process left them.
  process.once("uncaughtException", (error) => opened.fail(error));
  const code = await ended;
  // Not unref'd: with nothing left to wait for but a promise, Node would end with its own code 13.
  const late = setTimeout(() => process.exit(code), closeWithinMs);
  await agent.close();
  clearTimeout(late);
  return code;
}

/** pino's level, as far as a technician turns it. */
const switchOf = (log: pino.Logger): LogSwitch => ({
  level: () => logLevels.find((level) => level === log.level) ?? "info",
  set: (level) => {
    log.level = level;
  },
  debug: (line) => log.debug(line),
});

function reload(agent: Agent | undefined, reread: () => LoadedConfig, log: pino.Logger): void {
  const refused = agent === undefined ? ["the agent is only just starting"] : whyRefused(agent, reread);
  for (const why of refused) log.error(`reload refused: ${why}; nothing has changed`);
  if (refused.length === 0) log.info("reloaded: tariffs and cards are taken up for the sessions to come");
}

function whyRefused(agent: Agent, reread: () => LoadedConfig): readonly string[] {
  try {
    return agent.reload(reread());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.message.split("\n");
  }
}

function write(log: pino.Logger, event: AgentEvent): void {
  const line = eventLine(event);
  if (event.type === "fault") log.error({ ...event, remedy: remedyOf(event.code) }, line);
  else if (event.type === "uplink" && event.state !== "online") log.warn(event, line);
  else log.info(event, line);
}

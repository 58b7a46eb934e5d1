// chargetill log level LEVEL for TIME: how much the running agent logs, for a while. It falls back by itself, so that
// no station is left writing its card full after a visit.
import { Argument, Command } from "commander";
import { askAgent, socketPath } from "../control/control-socket.js";
import { Failure } from "../core/failure.js";
import { isoLocal } from "../core/time/iso-time.js";
import { type LogState, logLevels, watchMs } from "../technician/trace-sessions.js";
import { exampleText, printResult, type StationOptions, stationCommand } from "./shared/command.js";
import { stationOf } from "./shared/with-devices.js";

/** `chargetill log`. */
export function logCommand(): Command {
  const log = new Command("log")
    .description("the log level of the running agent")
    .addHelpText("after", exampleText("log level debug for 10m"));
  log.addCommand(
    stationCommand(
      "level",
      "set the running agent's log level for a time; without a level, print it",
      "log level debug for 10m",
    )
      .addArgument(new Argument("[level]", "how much").choices(logLevels))
      .addArgument(new Argument("[for]", "this word").choices(["for"]))
      .argument("[time]", "such as 90s, 10m or 1h30m; at most 24h (default: 10m)")
      .action(level),
  );
  return log;
}

async function level(
  wanted: string | undefined,
  word: string | undefined,
  time: string | undefined,
  options: StationOptions,
): Promise<void> {
  if (word !== undefined && time === undefined)
    throw new Failure("usage/invalid", "log level: the form is: chargetill log level debug for 10m");
  const ms = watchMs(time ?? "10m");
  if (ms === undefined)
    throw new Failure(
      "usage/invalid",
      `log level: "${time ?? ""}" is not a time from 1s to 24h, such as 90s, 10m or 1h30m`,
    );
  const loaded = await stationOf(options);
  const state = (await askAgent(socketPath(loaded), {
    do: "log-level",
    ...(wanted === undefined ? {} : { level: wanted, ms }),
  })) as LogState;
  const until =
    state.untilMs === null
      ? "as the config says"
      : `until ${isoLocal(state.untilMs, loaded.config.station.timeZone)}, then ${state.was} again`;
  printResult(options, state, [`the agent logs at level ${state.level}, ${until}`]);
}

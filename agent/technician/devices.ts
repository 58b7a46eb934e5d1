// The devices themselves for a technician's command, where no agent runs: under the lock of the state folder, as its
// owner.
import { existsSync } from "node:fs";
import type { LoadedConfig } from "../../config/load.js";
import { sleep } from "../../drivers/driver.js";
import { type MachineNeeds, openMachine } from "../../drivers/machine/open-machine.js";
import { EnrolledCards } from "../cards/enrolled-cards.js";
import { refusedBy } from "../control/control-socket.js";
import { becomeOwner, type FileExchange } from "../control/privileges.js";
import { StateLock } from "../control/state-lock.js";
import { Failure } from "../core/failure.js";
import { Disk } from "../ledger/store/disk.js";
import { AcceptedMeters } from "./accepted-meters.js";
import { openBuses } from "./buses.js";
import type { DeviceAccess } from "./device-access.js";
import { answerDeviceRequest } from "./device-requests.js";
import { acceptedDevices } from "./terminal/accepted-devices.js";
import { AcceptedTerminals } from "./terminal/accepted-terminals.js";
import { TerminalTests } from "./terminal/terminal-requests.js";
import { TraceSessions } from "./trace-sessions.js";

/**
 * `look`: nothing is made, written or kept. Throws Failure state/locked where an agent holds the folder and does not
 * answer.
 */
export async function openDevices(
  loaded: LoadedConfig,
  use: "work" | "look",
  needs: MachineNeeds,
  exchange: FileExchange,
): Promise<DeviceAccess> {
  const { config } = loaded;
  becomeOwner(config.state, exchange);
  const disk = new Disk();
  const looks = use === "look";
  if (!looks) disk.makeFolder(config.state);
  const buses = await openBuses(config, use);
  // Where there is no folder, no agent has ever run here.
  const lock = looks && !existsSync(config.state) ? undefined : StateLock.take(config.state, buses.clock.now().at);
  const acceptedMeters = looks ? AcceptedMeters.view(disk, config.state) : AcceptedMeters.open(disk, config.state);
  const acceptedTerminals = AcceptedTerminals.open(disk, config.state, use);
  const machine = await openMachine(
    config,
    buses,
    acceptedDevices(() => ({ acceptedMeters, acceptedTerminals })),
    needs,
  );
  const parts = {
    config,
    machine,
    cards: looks ? EnrolledCards.view(disk, config.state, config) : EnrolledCards.open(disk, config.state, config),
    acceptedMeters,
    acceptedTerminals,
    terminalTests: new TerminalTests(),
    die: (error: unknown) => {
      throw error;
    },
  };
  const watch = new TraceSessions(config, machine);
  machine.start();
  return {
    live: false,
    buses,
    ask: async (request) => {
      const answer = watch.answer(request) ?? (await answerDeviceRequest(request, parts));
      if (answer === undefined)
        throw new Failure("usage/invalid", `${request.do}: only a running agent can answer that`);
      if (!answer.ok) throw refusedBy(answer);
      return answer.value;
    },
    pause: (ms) => sleep(machine.clock, ms),
    close: async () => {
      watch.close();
      await machine.close();
      lock?.release();
    },
  };
}

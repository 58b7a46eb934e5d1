// Access to the devices, as a technician's command uses it: the same beside a running agent and without one.
import type { MachineBuses } from "../../drivers/machine/open-machine.js";
import type { ControlRequest } from "../control/control-socket.js";

export type DeviceAccess = {
  /** True where the running agent answers. */
  readonly live: boolean;
  /** The buses themselves, where no agent holds them. */
  readonly buses?: MachineBuses;
  /** Throws Failure agent/refused with the device's words. */
  ask(request: ControlRequest): Promise<unknown>;
  /** Waits: for real beside an agent, else by the clock of the devices, which on a bench is its own. */
  pause(ms: number): Promise<unknown>;
  close(): Promise<void>;
};

// What a technician has proven of this station's devices, as the machine asks for it.
import type { AcceptedDevices } from "../../../drivers/machine/open-machine.js";
import type { AcceptedTerminals } from "./accepted-terminals.js";

type Accepted = {
  readonly acceptedMeters: { has(model: string, serial: string): boolean };
  readonly acceptedTerminals: AcceptedTerminals;
};

/** Nothing is proven while the tables are not open. */
export const acceptedDevices = (accepted: () => Accepted | undefined): AcceptedDevices => ({
  meter: (model, serial) => accepted()?.acceptedMeters.has(model, serial) === true,
  terminal: (terminalId, dialect) => accepted()?.acceptedTerminals.find(terminalId, dialect) !== undefined,
});

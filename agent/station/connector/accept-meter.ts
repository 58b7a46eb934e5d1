// A person's word that the meter of a connector may be billed from again: it is journalled with who gave it, clears what
// stood at the meter, and lets a register that fell be the one that the next receipt begins with and tells of.
import type { Clock } from "../../../drivers/driver.js";
import type { RegisterAcceptance } from "../../core/cdr/settlement.js";
import { standsUntilSaid } from "../../core/fault-table.js";
import { isBusy, type Session } from "../../core/session/session.js";
import type { StationEvent } from "../../core/station/station-event.js";
import type { Faults } from "../../sync/faults.js";
import type { ConnectorController } from "./connector-controller.js";

export type MeterWord = {
  readonly by: string;
  readonly note: string;
  /** Only a register that fell is accepted: what else stands was not looked at. */
  readonly registerOnly: boolean;
};

/** What a word was taken up for; `register` in mWh. */
export type MeterAcceptance = {
  readonly connector: number;
  readonly mended: readonly string[];
  readonly register?: { readonly serial: string; readonly lastMilliWh: number; readonly acceptedMilliWh: number };
};

export type AcceptMeterParts = {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly controller: ConnectorController;
  readonly session: Session;
  readonly record: (event: StationEvent) => boolean;
  readonly billedMilliWh: (serial: string) => number | undefined;
  /** Lasts when it returns. */
  readonly acceptRegister: (serial: string, acceptance: RegisterAcceptance) => void;
};

/** Within this time the meter tells whether its fault is gone. */
const lookAnewMs = 2_000;

/**
 * Takes the word up; answers what for, null where nothing waits for one, or why not. Throws Failure disk/failed,
 * disk/full.
 */
export async function acceptMeter(parts: AcceptMeterParts, word: MeterWord): Promise<MeterAcceptance | null | string> {
  const { clock, faults, controller, record } = parts;
  const { device } = controller;
  const { id: connector } = controller.connector;
  if (isBusy(parts.session)) return `${device} is busy (${parts.session.state}): say it when the session is over`;
  const register = fallenRegister(parts);
  const mended = faults
    .all()
    .filter((fault) => fault.device === device && fault.code.startsWith("meter/") && standsUntilSaid(fault.code))
    .map(({ code }) => code);
  const said = { connector, mended: word.registerOnly ? [] : mended, ...(register === undefined ? {} : { register }) };
  if (register === undefined && said.mended.length === 0) return null;
  const moment = clock.now();
  const { by, note } = word;
  if (!record({ type: "MeterAccepted", moment, by, note, ...said })) return "the station is closing";
  if (register !== undefined) {
    const { serial, ...registers } = register;
    parts.acceptRegister(serial, { moment, by, note, ...registers });
  }
  for (const code of said.mended) faults.mended(device, code);
  await controller.lookAnew(lookAnewMs);
  return said;
}

function fallenRegister({ controller, billedMilliWh }: AcceptMeterParts): MeterAcceptance["register"] {
  const fallen = controller.fallenRegister;
  const lastMilliWh = fallen === undefined ? undefined : billedMilliWh(fallen.serial);
  return fallen === undefined || lastMilliWh === undefined || fallen.energyMilliWh >= lastMilliWh
    ? undefined
    : { serial: fallen.serial, lastMilliWh, acceptedMilliWh: fallen.energyMilliWh };
}

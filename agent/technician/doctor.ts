// Looks at everything a station needs and says, for each: what was found, whether that is well, why not, and what to
// do. It changes nothing, and one check that fails hides no other.

import { faultLine, type LoadedConfig, loadConfig } from "../../config/load.js";
import { loadMeterMap } from "../../config/meter-map.js";
import type { TerminalConfig } from "../../config/parts/terminal-schema.js";
import type { Config, ConnectorConfig } from "../../config/schema.js";
import { wallNow } from "../../drivers/clock.js";
import { findPorts } from "../../drivers/machine/find-ports.js";
import { serialPortTrouble } from "../../drivers/meter/port/serial-port.js";
import { compareAddresses } from "../app/uplinks/named-addresses.js";
import { askAgent, faultOf, socketPath } from "../control/control-socket.js";
import { StateLock } from "../control/state-lock.js";
import { Failure } from "../core/failure.js";
import { type FaultCode, isFaultCode, remedyOf } from "../core/fault-table.js";
import { kwhDisplay } from "../core/number/energy-text.js";
import type { Snapshot } from "../station/snapshot.js";
import type { DeviceAccess } from "./device-access.js";
import {
  clockHealth,
  diskHealth,
  type Finding,
  faultFinding,
  machineHere,
  okFinding,
  warnFinding,
} from "./device-checks.js";
import { directionFault, type MeterLook, type PinsLook, serialWords } from "./device-requests.js";
import { calibrations, disk, permissions, records, stolenCard, tariffs } from "./file-checks.js";
import { openDeviceAccess } from "./open-devices.js";
import type { TerminalLook } from "./terminal/terminal-requests.js";

/**
 * All findings, in the order in which a technician would look. `adjust` puts the command line's words over the config.
 */
export async function examine(
  file: string,
  adjust: (loaded: LoadedConfig) => LoadedConfig,
): Promise<readonly Finding[]> {
  const read = loadConfig(file);
  if (!read.ok)
    return read.faults.map((each) =>
      faultFinding("config", file, faultLine(each), `correct it, then: chargetill config check ${file}`),
    );
  const loaded = adjust(read.loaded);
  const { config } = loaded;
  return [
    okFinding("config", file),
    ...permissions(loaded),
    ...tariffs(loaded),
    ...(await devices(loaded)),
    ...(await backendAddresses(config)),
    ...supply(),
    ...diskHealth(config.state, machineHere),
    ...disk(loaded),
    ...records(loaded),
    ...calibrations(config, wallNow()),
    stolenCard(config, machineHere),
  ];
}

/** The addresses of backends, beside what these say of themselves. */
async function backendAddresses(config: Config): Promise<Finding[]> {
  return (await compareAddresses(config)).map(({ uplink, value, trouble }) => {
    const check = `versions of ${uplink}`;
    return trouble === undefined ? okFinding(check, value) : warnFinding(check, value, trouble.why, trouble.fix);
  });
}

/** The agent, and the devices through it or by themselves. */
async function devices(loaded: LoadedConfig): Promise<Finding[]> {
  const { config } = loaded;
  const findings: Finding[] = [];
  // Before this process becomes the owner of the state folder: root sees who else is at a port.
  const ports = config.bench === undefined ? serialPorts(config) : [];
  let devices: DeviceAccess;
  try {
    devices = await openDeviceAccess(loaded, "look");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const isDisk = error.code === "disk/failed" || error.code === "disk/full";
    return [
      faultFinding(
        "devices",
        "not reachable",
        error.message,
        isDisk ? "see the disk below" : "stop what holds them, or run this as the same user (sudo)",
      ),
    ];
  }
  try {
    const snapshot = devices.live ? ((await askAgent(socketPath(loaded), { do: "status" })) as Snapshot) : undefined;
    findings.push(agent(snapshot), ...standingFaults(snapshot));
    findings.push(...ports);
    if (config.bench === undefined) findings.push(...gpioChip());
    // An agent that is not open answers nothing about its devices but why it is not.
    if (snapshot?.keyId === "")
      return [
        ...findings,
        warnFinding("devices", "not checked", "the agent holds them, and is not open", "see the agent"),
      ];
    for (const connector of config.connectors)
      findings.push(...(await meter(devices, connector)), await pins(devices, connector));
    for (const name of Object.keys(config.readers)) findings.push(await reader(devices, name));
    if (config.terminal !== undefined) findings.push(await cardTerminal(devices, config.terminal));
    findings.push(clock(snapshot ?? { moment: devices.buses?.clock.now() ?? { trust: "unsynced" } }));
    if (config.bench === undefined) findings.push(...clockHealth(wallNow(), machineHere));
  } finally {
    await devices.close();
  }
  return findings;
}

function agent(snapshot: Snapshot | undefined): Finding {
  if (snapshot === undefined)
    return warnFinding(
      "agent",
      "not running",
      "nothing is sold",
      "systemctl start chargetill; journalctl -u chargetill says why it ended",
    );
  if (!snapshot.selling)
    return faultFinding("agent", "running, NOT selling", snapshot.closed ?? "", "chargetill status");
  return okFinding(
    "agent",
    `selling, version ${snapshot.version}, ${snapshot.receipts} receipt${snapshot.receipts === 1 ? "" : "s"}`,
  );
}

/** What the running agent has raised, but for the devices, which are looked at one by one below. */
function standingFaults(snapshot: Snapshot | undefined): Finding[] {
  return (snapshot?.faults ?? [])
    .filter(({ code }) => !/^(?:meter|port|reader|gpio|terminal)\//.test(code))
    .map(({ code, device, message }) => faultFinding("fault", `${code} at ${device}`, message, remedyOf(code)));
}

/** Each port of the config; an agent that runs on the state folder may use them. */
function serialPorts({ serialPorts: ports, state }: Config): Finding[] {
  let agentPid: number | undefined;
  try {
    agentPid = StateLock.holder(state)?.pid;
  } catch (error) {
    // A folder that cannot be read is the file checks' to tell.
    if (!(error instanceof Failure)) throw error;
  }
  return Object.entries(ports).map(([name, port]) => {
    const value = `${name}: ${port.path}`;
    const trouble = serialPortTrouble(port, [process.pid, ...(agentPid === undefined ? [] : [agentPid])]);
    if (trouble === undefined) return okFinding("serial port", value);
    const told = trouble.isFault ? faultFinding : warnFinding;
    return told("serial port", value, trouble.why, trouble.fix);
  });
}

/** The chips that the pins' numbers are counted on. */
function gpioChip(): Finding[] {
  const chips = findPorts().filter(({ kind }) => kind === "gpio");
  if (chips.length === 0)
    return [
      faultFinding(
        "GPIO chip",
        "none",
        "neither /sys/class/gpio nor /dev/gpiochip* shows one: contactors cannot be switched",
        "this is not a Raspberry Pi, or its kernel has no GPIO",
      ),
    ];
  return chips.map(({ name, device, usable, why }) =>
    usable
      ? okFinding("GPIO chip", `${name} (${device})`)
      : faultFinding(
          "GPIO chip",
          `${name} (${device})`,
          why ?? "it may not be used",
          "run this as root (sudo), or as the user chargetill",
        ),
  );
}

/** Two looks: who it is, and a counter that does not run backwards. */
async function meter(devices: DeviceAccess, connector: ConnectorConfig): Promise<Finding[]> {
  const check = `meter ${connector.id}`;
  const { model, serial } = connector.meter;
  try {
    const ask = async (): Promise<MeterLook> =>
      (await devices.ask({ do: "meter-look", connector: connector.id, phases: true })) as MeterLook;
    const [first, second] = [await ask(), await ask()];
    const value =
      `${first.identity.model}, serial ${serialWords(first.identity)}, ` +
      `${kwhDisplay(second.reading.energyMilliWh)} kWh, ${second.reading.powerW} W`;
    if (second.reading.energyMilliWh < first.reading.energyMilliWh)
      return [
        faultFinding(
          check,
          value,
          "its counter ran backwards between two looks",
          "check that the model is the right one, and that its energy register is an import counter",
        ),
      ];
    const backwards = directionFault(second, connector.maxPowerW);
    if (backwards !== undefined) return [faultFinding(check, value, backwards, remedyOf("meter/backwards"))];
    const { note } = loadMeterMap(model).identity;
    const bound =
      serial === undefined
        ? [
            warnFinding(
              `${check} serial`,
              first.identity.serial,
              "the config binds this connector to no serial number: another meter " +
                "in its place would be noted, and billed from all the same",
              `write serial: "${first.identity.serial}" into connector ${connector.id}'s meter`,
            ),
          ]
        : [];
    const byHand =
      first.identity.serialByHand === true
        ? "; it reports no serial number: another meter of this model in its place would not be noticed"
        : "";
    return [
      okFinding(
        check,
        `${value}, counting forwards${byHand}${note === undefined ? "" : `; the model is the config's word (${note})`}`,
      ),
      ...bound,
    ];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [
      faultFinding(
        check,
        `${model}, unit ${connector.meter.unit} at ${connector.meter.port}`,
        error.message,
        remedyFor(error, "meter/timeout"),
      ),
    ];
  }
}

/** What to do about the cause that the device tells, and not about the usual one. */
function remedyFor(error: Failure, usual: FaultCode): string {
  const told = faultOf(error);
  return remedyOf(isFaultCode(told) ? told : usual);
}

async function cardTerminal(devices: DeviceAccess, { address, port }: TerminalConfig): Promise<Finding> {
  const check = "terminal";
  try {
    const look = (await devices.ask({ do: "terminal-look" })) as TerminalLook;
    const { terminalId, expectedId, version, words, proven, dialect, holds, whyNoHolds } = look;
    const value = `${terminalId ?? "no id"}${version === null ? "" : `, version ${version}`}, ${words}`;
    if (terminalId !== expectedId)
      return faultFinding(check, value, `the config names terminal ${expectedId}`, remedyOf("terminal/changed"));
    if (proven === null)
      return faultFinding(
        check,
        value,
        `nobody has proven that it books by ${dialect}: it takes no money`,
        remedyOf("terminal/unproven"),
      );
    if (holds === null)
      return warnFinding(check, value, `its holds are not known: ${whyNoHolds ?? ""}`, "chargetill terminal holds");
    const strangers = devices.live ? holds.filter(({ payment }) => payment === undefined) : [];
    if (strangers.length > 0)
      return warnFinding(
        check,
        value,
        `holds stand there that are not known here: ${strangers.map(({ handle }) => handle).join(", ")}`,
        "chargetill terminal holds",
      );
    return okFinding(check, `${value}, books by ${dialect} (proven)`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return faultFinding(check, `${address}:${port}`, error.message, remedyFor(error, "terminal/lost"));
  }
}

async function pins(devices: DeviceAccess, connector: ConnectorConfig): Promise<Finding> {
  const check = `pins ${connector.id}`;
  try {
    const { plugged, feedback, button } = (await devices.ask({ do: "pins-look", connector: connector.id })) as PinsLook;
    const contact = feedback === null ? "not wired" : feedback ? "closed" : "open";
    const pressed = button === null ? "" : `, button ${button}`;
    const value = `plug ${plugged ? "in" : "out"}, contactor feedback ${contact}${pressed}`;
    if (feedback === null)
      return warnFinding(
        check,
        value,
        "without an auxiliary contact a welded contactor goes unnoticed, and one that drops out looks like an idle car",
        "wire one to a pin and name it under contactor.feedback",
      );
    if (feedback && !devices.live)
      return faultFinding(
        check,
        value,
        "the contactor says closed while nothing drives it",
        remedyOf("contactor/welded"),
      );
    if (button === "down")
      return warnFinding(check, value, "it is held, stuck, or wired the other way round", remedyOf("button/stuck"));
    return okFinding(check, value);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return faultFinding(check, "not reachable", error.message, remedyFor(error, "gpio/missing"));
  }
}

async function reader(devices: DeviceAccess, name: string): Promise<Finding> {
  try {
    const remark = await devices.ask({ do: "reader-look", reader: name });
    return typeof remark === "string"
      ? warnFinding(`reader ${name}`, "its chip answers", remark, "try some cards: chargetill tag read")
      : okFinding(`reader ${name}`, "its chip answers");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return faultFinding(`reader ${name}`, "does not answer", error.message, remedyFor(error, "reader/missing"));
  }
}

function clock({ moment: { trust } }: { readonly moment: { readonly trust: string } }): Finding {
  const rtc = machineHere.names("/sys/class/rtc").length > 0;
  const value = `${trust}${rtc ? ", with a real-time clock" : ", no real-time clock"}`;
  if (trust === "unsynced")
    return faultFinding(
      "clock",
      value,
      "it was not set since the start: prices by time are not charged, and a station that never knew the " +
        "time sells only by a tariff without dates or times",
      rtc ? "timedatectl says why it is not synchronised" : "give it a network with NTP, or a real-time clock",
    );
  return trust === "holdover"
    ? warnFinding("clock", value, "no time server has answered for a while", "timedatectl timesync-status")
    : okFinding("clock", value);
}

/** What the Pi says of its supply, where it does. */
function supply(): Finding[] {
  const throttled = machineHere.text("/sys/devices/platform/soc/soc:firmware/get_throttled");
  if (throttled === undefined) return [];
  if ((Number.parseInt(throttled, 16) & 0x10001) === 0) return [okFinding("supply", "no undervoltage since the start")];
  return [
    warnFinding(
      "supply",
      `get_throttled ${throttled}`,
      "the supply voltage was too low",
      "use a stronger supply and a short, thick cable",
    ),
  ];
}

// Looks at everything a station needs and says, for each: what was found, whether that is well, why not, and what to do.
// It changes nothing, and one check that fails hides no other.
import { accessSync, constants } from "node:fs";
import { faultLine, loadConfig, type LoadedConfig } from "../../config/load.js";
import { loadMeterMap } from "../../config/meter-map.js";
import type { ConnectorConfig } from "../../config/schema.js";
import { wallNow } from "../../drivers/clock.js";
import { findPorts } from "../../drivers/machine/ports.js";
import { askAgent, socketPath } from "../control/control-socket.js";
import { disk, permissions, records, tariffs } from "./file-checks.js";
import { Failure } from "../core/failure.js";
import type { FieldAccess } from "./device-access.js";
import type { MeterLook, PinsLook } from "./device-requests.js";
import { clockHealth, diskHealth, fault, machineHere, ok, warn, type Finding } from "./device-checks.js";
import { openField } from "./open-devices.js";
import { kwhText, type Snapshot } from "../station/snapshot.js";

/** All findings, in the order in which a technician would look. `adjust` puts the command line's words over the config. */
export async function examine(file: string, adjust: (loaded: LoadedConfig) => LoadedConfig): Promise<readonly Finding[]> {
  const read = loadConfig(file);
  if (!read.ok) return read.faults.map((each) => fault("config", file, faultLine(each), `correct it, then: chargetill config check ${file}`));
  const loaded = adjust(read.loaded);
  const { config } = loaded;
  return [ok("config", file), ...permissions(loaded), ...tariffs(loaded), ...(await devices(loaded)), ...supply(), ...diskHealth(config.state, machineHere), ...disk(loaded), ...records(loaded)];
}

/** The agent, and the devices through it or by themselves. */
async function devices(loaded: LoadedConfig): Promise<Finding[]> {
  const { config } = loaded;
  const findings: Finding[] = [];
  let field: FieldAccess;
  try {
    field = await openField(loaded, "look");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const isDisk = error.code === "disk/failed" || error.code === "disk/full";
    return [fault("devices", "not within reach", error.message, isDisk ? "see what is said of the disk below" : "stop what holds them, or run this as the same user (sudo)")];
  }
  try {
    const snapshot = field.live ? ((await askAgent(socketPath(loaded), { do: "status" })) as Snapshot) : undefined;
    findings.push(agent(snapshot));
    if (config.bench === undefined) findings.push(...Object.entries(config.serialPorts).map(([name, port]) => serialPort(name, port.path)), ...gpioChip());
    // An agent that is not open answers nothing about its devices but why it is not.
    if (snapshot?.keyId === "") return [...findings, warn("devices", "not looked at", "the agent holds them, and is not open", "see what is said of the agent")];
    for (const connector of config.connectors) findings.push(...(await meter(field, connector)), await pins(field, connector));
    for (const name of Object.keys(config.readers)) findings.push(await reader(field, name));
    findings.push(clock(snapshot ?? { moment: field.buses?.clock.now() ?? { trust: "unsynced" } }));
    if (config.bench === undefined) findings.push(...clockHealth(wallNow(), machineHere));
  } finally {
    await field.close();
  }
  return findings;
}

function agent(snapshot: Snapshot | undefined): Finding {
  if (snapshot === undefined) return warn("agent", "not running", "nothing is sold", "systemctl start chargetill; journalctl -u chargetill says why it ended");
  if (!snapshot.selling) return fault("agent", "running, NOT selling", snapshot.closed ?? "", "chargetill status");
  return ok("agent", `selling, version ${snapshot.version}, ${snapshot.receipts} receipt${snapshot.receipts === 1 ? "" : "s"}`);
}

function serialPort(name: string, path: string): Finding {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    return fault("serial port", `${name}: ${path}`, missing ? "it is not there" : "this user may not open it", missing ? "plug the adapter in; chargetill ports shows what is there" : "add the user to the group dialout");
  }
  return /\/by-(id|path)\//.test(path) || /ttyAMA|serial\d/.test(path) ? ok("serial port", `${name}: ${path}`) : warn("serial port", `${name}: ${path}`, "this name changes when plugs are moved", "use the name under /dev/serial/by-id (chargetill ports)");
}

/** The chips that the pins' numbers are counted on. */
function gpioChip(): Finding[] {
  const chips = findPorts().filter(({ kind }) => kind === "gpio");
  if (chips.length === 0) return [fault("GPIO chip", "none", "/sys/class/gpio shows none: contactors cannot be switched", "this is no Raspberry Pi, or its kernel has no sysfs GPIO")];
  return chips.map(({ name, device, usable, why }) => (usable ? ok("GPIO chip", `${name} (${device})`) : fault("GPIO chip", `${name} (${device})`, why ?? "it may not be used", "run this as root (sudo), or as the user chargetill")));
}

/** Two looks: who it is, and a counter that does not run backwards. */
async function meter(field: FieldAccess, connector: ConnectorConfig): Promise<Finding[]> {
  const check = `meter ${connector.id}`;
  const { model, serial } = connector.meter;
  try {
    const ask = async (): Promise<MeterLook> => (await field.ask({ do: "meter-look", connector: connector.id })) as MeterLook;
    const [first, second] = [await ask(), await ask()];
    const value = `${first.identity.model}, serial ${first.identity.serial}, ${kwhText(second.reading.energyMilliWh)} kWh, ${second.reading.powerW} W`;
    if (second.reading.energyMilliWh < first.reading.energyMilliWh) return [fault(check, value, "its counter ran backwards between two looks", "check that the model is the right one, and that its energy register is an import counter")];
    const { note } = loadMeterMap(model).identity;
    const bound = serial === undefined ? [warn(`${check} serial`, first.identity.serial, "the config binds this connector to no serial number: another meter in its place would be noted, and billed from all the same", `write serial: "${first.identity.serial}" into connector ${connector.id}'s meter`)] : [];
    return [ok(check, `${value}, counting forwards${note === undefined ? "" : `; the model is the config's word (${note})`}`), ...bound];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [fault(check, `${model}, unit ${connector.meter.unit} at ${connector.meter.port}`, error.message, "check supply, A and B, baud rate, parity and unit; chargetill meter scan looks for it")];
  }
}

async function pins(field: FieldAccess, connector: ConnectorConfig): Promise<Finding> {
  const check = `pins ${connector.id}`;
  try {
    const { plugged, feedback, button } = (await field.ask({ do: "pins-look", connector: connector.id })) as PinsLook;
    const value = `plug ${plugged ? "in" : "out"}, contactor feedback ${feedback === null ? "not wired" : feedback ? "closed" : "open"}${button === null ? "" : `, button ${button}`}`;
    if (feedback === null) return warn(check, value, "without an auxiliary contact a welded contactor goes unnoticed", "wire one to a pin and name it under contactor.feedback");
    if (feedback && !field.live) return fault(check, value, "the contactor says closed while nothing drives it", "switch the supply off; look for welded contacts or a feedback wired the other way round (activeLow)");
    if (button === "down") return warn(check, value, "it is held, stuck, or wired the other way round", "let go of it and look again; then its wire, and activeLow under button");
    return ok(check, value);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return fault(check, "not within reach", error.message, "see GPIO numbers in the config, and config.txt for overlays that hold a pin");
  }
}

async function reader(field: FieldAccess, name: string): Promise<Finding> {
  try {
    await field.ask({ do: "reader-look", reader: name });
    return ok(`reader ${name}`, "its chip answers");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return fault(`reader ${name}`, "does not answer", error.message, "check its power and wiring (3.3 V, never 5 V)");
  }
}

function clock({ moment: { trust } }: { readonly moment: { readonly trust: string } }): Finding {
  const rtc = machineHere.names("/sys/class/rtc").length > 0;
  const value = `${trust}${rtc ? ", with a real-time clock" : ", no real-time clock"}`;
  if (trust === "unsynced") return fault("clock", value, "it was not set since the start: prices by time are not charged, and a station that never knew the time sells nothing", rtc ? "timedatectl says why it is not synchronised" : "give it a network with NTP, or a real-time clock");
  return trust === "holdover" ? warn("clock", value, "no time server was heard for a while", "timedatectl timesync-status") : ok("clock", value);
}

/** What the Pi says of its supply, where it does. */
function supply(): Finding[] {
  const throttled = machineHere.text("/sys/devices/platform/soc/soc:firmware/get_throttled");
  if (throttled === undefined) return [];
  if ((Number.parseInt(throttled, 16) & 0x10001) === 0) return [ok("supply", "no undervoltage since the start")];
  return [warn("supply", `get_throttled ${throttled}`, "the supply voltage was too low", "use a stronger supply and a short, thick cable")];
}

// Looks at everything a station needs and says, for each: what was found, whether that is well, why not, and what to do.
// It changes nothing, and one check that fails hides no other.
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { faultLine, loadConfig, type LoadedConfig } from "../config/load.js";
import { loadMeterMap } from "../config/meter-map.js";
import type { ConnectorConfig } from "../config/schema.js";
import { wallNow } from "../drivers/clock.js";
import { lintTariff } from "./core/lint.js";
import { askAgent, socketPath } from "./control.js";
import { Failure } from "./failure.js";
import { openField, type FieldAccess } from "./field-access.js";
import type { MeterLook, PinsLook } from "./field-desk.js";
import { clockHealth, diskHealth, fault, machineHere, ok, warn, type Finding } from "./field-health.js";
import { keyFile } from "./keys.js";
import { Book } from "./ledger/book.js";
import { Disk } from "./ledger/disk.js";
import { Table } from "./ledger/table.js";
import { kwhText, type Snapshot } from "./snapshot.js";
import { roomWords } from "./room.js";
import { emptyOutbox, parseOutboxTable, type OutboxState } from "./sync/outbox-state.js";
import { readTariff } from "./tariff-file.js";
import { filesTrouble } from "./uplink-files.js";

const leastFreeBytes = 64 * 1024 * 1024;
const comfortableFreeBytes = 512 * 1024 * 1024;

/** All findings, in the order in which a technician would look. `adjust` puts the command line's words over the config. */
export async function examine(file: string, adjust: (loaded: LoadedConfig) => LoadedConfig): Promise<readonly Finding[]> {
  const read = loadConfig(file);
  if (!read.ok) return read.faults.map((each) => fault("config", file, faultLine(each), `correct it, then: chargetill config check ${file}`));
  const loaded = adjust(read.loaded);
  const { config } = loaded;
  const findings: Finding[] = [ok("config", file), ...permissions(loaded), ...tariffs(loaded)];
  let field: FieldAccess;
  try {
    field = await openField(loaded, "look");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [...findings, fault("devices", "not within reach", error.message, "stop what holds them, or run this as the same user (sudo)")];
  }
  try {
    const snapshot = field.live ? ((await askAgent(socketPath(loaded), { do: "status" })) as Snapshot) : undefined;
    findings.push(agent(snapshot));
    for (const [name, port] of Object.entries(config.serialPorts)) if (config.bench === undefined) findings.push(serialPort(name, port.path));
    for (const connector of config.connectors) findings.push(...(await meter(field, connector)), await pins(field, connector));
    for (const name of Object.keys(config.readers)) findings.push(await reader(field, name));
    findings.push(clock(snapshot ?? { moment: field.buses?.clock.now() ?? { trust: "unsynced" } }));
    if (config.bench === undefined) findings.push(...clockHealth(wallNow(), machineHere));
  } finally {
    await field.close();
  }
  findings.push(...supply(), ...diskHealth(config.state, machineHere), ...disk(loaded), ...records(loaded));
  return findings;
}

function permissions({ file, config }: LoadedConfig): Finding[] {
  const findings: Finding[] = [];
  const open = statSync(file).mode & 0o007;
  if (open !== 0 && config.tokens.length > 0 && config.bench === undefined) findings.push(warn("permissions", file, "everybody on this machine can read it, and it holds whole card numbers", `chmod o= ${file}`));
  try {
    accessSync(config.state, constants.R_OK | constants.W_OK | constants.X_OK);
    findings.push(ok("state folder", config.state));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    findings.push(missing ? warn("state folder", config.state, "it is not there yet: nothing has run here", "the first start makes it") : fault("state folder", config.state, "this user may not write in it", "run this as root (sudo), or as the user chargetill"));
  }
  for (const uplink of config.uplinks) for (const { what, advice } of filesTrouble(uplink, config.station.id)) findings.push(warn("uplink", uplink.name, what, advice));
  return findings;
}

function tariffs({ config, resolve }: LoadedConfig): Finding[] {
  return config.tariffs.map((name) => {
    try {
      const tariff = readTariff(resolve(name), undefined);
      const notes = lintTariff(tariff, { timeZone: config.station.timeZone, nowMs: wallNow() });
      const [first] = notes;
      if (first === undefined) return ok("tariff", `${tariff.id} (${name})`);
      return warn("tariff", `${tariff.id} (${name})`, `${notes.length} notes, the first: ${first.message}`, `chargetill tariff check ${resolve(name)}`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return fault("tariff", name, error.message.split("\n")[0] ?? "", `correct it, then: chargetill tariff check ${resolve(name)}`);
    }
  });
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
    return [ok(check, note === undefined ? value : `${value}; the model is the config's word (${note})`), ...bound];
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
  if (trust === "unsynced") return fault("clock", value, "it was never set: no session can begin by a tariff", rtc ? "timedatectl says why it is not synchronised" : "give it a network with NTP, or a real-time clock");
  return trust === "holdover" ? warn("clock", value, "no time server was heard for a while", "timedatectl timesync-status") : ok("clock", value);
}

/** What the Pi says of its supply, where it does. */
function supply(): Finding[] {
  const throttled = machineHere.text("/sys/devices/platform/soc/soc:firmware/get_throttled");
  if (throttled === undefined) return [];
  if ((Number.parseInt(throttled, 16) & 0x10001) === 0) return [ok("supply", "no undervoltage since the start")];
  return [warn("supply", `get_throttled ${throttled}`, "the supply voltage was too low", "use a stronger supply and a short, thick cable")];
}

function disk({ config }: LoadedConfig): Finding[] {
  try {
    // Before the first start the folder is not there yet: then the room is that of the disk it will lie on.
    let there = config.state;
    while (!existsSync(there)) there = dirname(there);
    const free = new Disk().freeBytes(there);
    const value = `${Math.floor(free / 1024 / 1024)} MiB free${roomWords(new Disk(), config, wallNow())}`;
    if (free < leastFreeBytes) return [fault("disk room", value, "sales stop when a receipt might not fit", "free some space: journalctl --vacuum-size=50M, apt clean")];
    return [free < comfortableFreeBytes ? warn("disk room", value, "little is left", "journalctl --vacuum-size=50M, apt clean") : ok("disk room", value)];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [];
  }
}

/** Key, receipts and what is unsent, as they lie in the state folder. */
function records({ config }: LoadedConfig): Finding[] {
  const disk = new Disk();
  const findings: Finding[] = [];
  const key = join(config.state, keyFile);
  try {
    const mode = statSync(key).mode & 0o777;
    findings.push((mode & 0o077) === 0 ? ok("key", key) : fault("key", key, `others may read the signing key (mode ${mode.toString(8)})`, `chmod 600 ${key}`));
  } catch {
    findings.push(process.env["CREDENTIALS_DIRECTORY"] === undefined ? warn("key", "none yet", "the first start makes it, or systemd hands one in", "systemctl start chargetill") : ok("key", "handed in by systemd"));
  }
  try {
    const book = Book.view(disk, join(config.state, "book"));
    const receipts = book.count();
    findings.push(receipts === 0 ? ok("receipts", "none yet") : ok("receipts", `${receipts} on ${book.verifyAll().pages} pages, all proven`));
    for (const { name } of config.uplinks) {
      const { state } = Table.view<{ readonly state: OutboxState }>(disk, join(config.state, `uplink-${name}.json`), parseOutboxTable, { state: emptyOutbox }, { steps: true });
      const waiting = receipts - state.cursor + state.open.length;
      if (state.parked.length > 0) findings.push(warn(`uplink ${name}`, `${state.parked.length} receipts put aside`, "the backend refused them again and again", "chargetill sync status"));
      else findings.push(waiting > 0 ? warn(`uplink ${name}`, `${waiting} receipts wait`, "the backend has not acknowledged them", "chargetill sync status") : ok(`uplink ${name}`, "all receipts acknowledged"));
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    findings.push(fault("receipts", "damaged", error.message, "chargetill repair"));
  }
  return findings;
}

// What a helper far away needs to see of a station: an allow-list of texts, with card numbers and secrets taken out of
// each. Nothing is copied that is not named here: no journal, no receipts, no keys, no token files.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { arch, platform, release, totalmem, uptime } from "node:os";
import { join } from "node:path";
import { configText } from "../../config/config-text.js";
import type { LoadedConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { secretFiles } from "../../config/uplink-schema.js";
import { findPorts } from "../../drivers/machine/find-ports.js";
import type { EnrolledCard } from "../cards/enrolled-cards.js";
import { ownVersion } from "../control/version.js";
import { masked } from "../core/cdr/token.js";
import { Failure } from "../core/failure.js";
import { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";
import { parseWebPayments, webPaymentTable } from "../sync/ocpp/requests/web-payment-settings.js";
import { credentialsTable, parseCredentials } from "../sync/transport/kept-credentials.js";
import type { DeviceAccess } from "./device-access.js";
import { examine } from "./doctor.js";
import { doctorLines } from "./doctor-lines.js";
import { openDeviceAccess } from "./open-devices.js";

export type BundlePart = { readonly name: string; readonly text: string };

const logLines = 5_000;
const largestLogBytes = 8 * 1024 * 1024;

/** All parts, redacted. Devices that cannot be reached are told of in their part. */
export async function bundleParts(loaded: LoadedConfig): Promise<readonly BundlePart[]> {
  const { config } = loaded;
  const findings = await examine(loaded.file, () => loaded);
  const { devices, uids } = await lookAtDevices(loaded);
  const parts: BundlePart[] = [
    { name: "about.txt", text: about() },
    { name: "config.yaml", text: shownConfig(config) },
    { name: "doctor.txt", text: doctorLines(findings).join("\n") },
    { name: "devices.json", text: JSON.stringify(devices, null, 1) },
    { name: "ports.json", text: JSON.stringify(findPorts(), null, 1) },
    { name: "files.txt", text: fileLines(config.state).join("\n") },
    { name: "log.txt", text: await ownLog() },
    {
      name: "kernel.txt",
      text: await output("journalctl", [
        "-k",
        "-n",
        "500",
        "--no-pager",
        "--grep",
        "tty|usb|spi|gpio|mmc|EXT4|voltage|oom",
      ]),
    },
  ];
  const redact = redactionFor(config, uids);
  return parts.map(({ name, text }) => ({ name, text: `${redact(text).trimEnd()}\n` }));
}

/**
 * What a backend gets of it, redacted in the same way: no device is asked, since it is the agent that is asked for it.
 */
export async function stationLog(
  config: Config,
  span: { readonly sinceMs?: number; readonly untilMs?: number },
): Promise<string> {
  const parts = [about(), shownConfig(config), fileLines(config.state).join("\n"), await ownLog(span)];
  return `${redactionFor(config, [])(parts.join("\n\n")).trimEnd()}\n`;
}

/** The config as it is in force, without whole card numbers. */
function shownConfig(config: Config): string {
  const tokens = config.tokens.map((token) => ({ ...token, uid: masked(token.uid) }));
  return configText({ ...config, tokens });
}

/** The newest lines of the agent's log in a span of time. */
function ownLog({ sinceMs, untilMs }: { readonly sinceMs?: number; readonly untilMs?: number } = {}): Promise<string> {
  const bound = (name: string, atMs: number | undefined): string[] =>
    atMs === undefined ? [] : [`--${name}=@${Math.floor(atMs / 1000)}`];
  const lines = ["-u", "chargetill", "-n", String(logLines), ...bound("since", sinceMs), ...bound("until", untilMs)];
  return output("journalctl", [...lines, "-o", "short-iso", "--no-pager"]);
}

const redactionFor = (config: Config, uids: readonly string[]): ((text: string) => string) =>
  redaction(
    [...config.tokens.map(({ uid }) => uid), ...uids, ...uidsOnDisk(config.state)],
    config.uplinks.flatMap(secretFiles),
    config.uplinks.flatMap(({ name }) => secretsOnDisk(config.state, name)),
  );

const uidDigits = [20, 14, 8] as const;
const uidRun = /(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{20}|[0-9A-Fa-f]{14}|[0-9A-Fa-f]{8})(?![0-9A-Fa-f])/g;
const spacedUid = /(?<![0-9A-Fa-f])[0-9A-Fa-f]{2}([:\s-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){2,8}(?![0-9A-Fa-f])/g;

/**
 * Every card that a table of the state folder names, enrolled or sent by a backend: the agent that knows them may not
 * be within reach.
 */
function uidsOnDisk(folder: string): string[] {
  const tables = attempted(() => readdirSync(folder).filter((name) => /^(cards|pulled-).*\.json$/.test(name))) ?? [];
  return tables.flatMap((name) => (fileText(join(folder, name)) ?? "").match(uidRun) ?? []);
}

/** What a backend has set, and the keys that were made for it: taken out of whatever names them. */
export function secretsOnDisk(folder: string, uplink: string): string[] {
  const path = join(folder, credentialsTable(uplink));
  const kept = attempted(() => Table.view(new Disk(), path, parseCredentials));
  const keys = [...(kept?.certificates.map(({ key }) => key) ?? []), kept?.askedKey ?? ""];
  const webPayments = attempted(() => Table.view(new Disk(), join(folder, webPaymentTable(uplink)), parseWebPayments));
  const codeSecrets = Object.values(webPayments?.evses ?? {}).flatMap(({ secret }) => secret ?? []);
  return [...(kept?.passwords.map(({ text }) => text) ?? []), ...keys.map((key) => key.trim()), ...codeSecrets];
}

/**
 * Takes out whole card numbers in any spelling (the last four characters stay), what the files of secrets hold, and all
 * that looks like credentials.
 */
export function redaction(
  uids: readonly string[],
  files: readonly string[],
  others: readonly string[] = [],
): (text: string) => string {
  const known = new Set(uids.map((uid) => uid.toUpperCase()));
  const secrets = [...files.map((path) => fileText(path)?.trim() ?? ""), ...others].flatMap((secret) => {
    // user:password, of which the password alone is a secret too.
    return [secret, secret.slice(secret.indexOf(":") + 1)]
      .filter((part) => part.length >= 4)
      .flatMap((part) => [part, Buffer.from(part).toString("base64")]);
  });
  // Bytes apart may be followed by others that look like more of them.
  const spaced = (found: string): string => {
    const digits = found.replace(/[:\s-]/g, "").toUpperCase();
    const length = uidDigits.find((some) => known.has(digits.slice(0, some)));
    return length === undefined ? found : masked(digits.slice(0, length)) + found.slice((length / 2) * 3 - 1);
  };
  return (text) => {
    let clean = text
      .replace(uidRun, (found) => (known.has(found.toUpperCase()) ? masked(found.toUpperCase()) : found))
      .replace(spacedUid, spaced);
    for (const secret of secrets) clean = clean.replaceAll(secret, "[removed]");
    return clean
      .replace(/\b(Token|Bearer|Basic) +[A-Za-z0-9+/=_.~-]{8,}/g, "$1 [removed]")
      .replace(/:\/\/[^/\s:@]+:[^/\s@]+@/g, "://[removed]@")
      .replace(
        /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
        "[private key removed]",
      );
  };
}

async function lookAtDevices(
  loaded: LoadedConfig,
): Promise<{ readonly devices: unknown; readonly uids: readonly string[] }> {
  let devices: DeviceAccess;
  try {
    devices = await openDeviceAccess(loaded, "look");
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { devices: { unreachable: error.message }, uids: [] };
  }
  const asked = async (request: { readonly do: string; readonly [argument: string]: unknown }): Promise<unknown> => {
    try {
      return await devices.ask(request);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { fault: error.message };
    }
  };
  try {
    const meters: unknown[] = [];
    for (const { id } of loaded.config.connectors)
      meters.push(await asked({ do: "meter-look", connector: id, registers: true }));
    const cards = await asked({ do: "card-list" });
    const status = devices.live ? await asked({ do: "status" }) : "no agent runs";
    return {
      devices: { status, meters },
      uids: Array.isArray(cards) ? (cards as EnrolledCard[]).map(({ uid }) => uid) : [],
    };
  } finally {
    await devices.close();
  }
}

function about(): string {
  const board = fileText("/proc/device-tree/model")?.replaceAll("\0", "") ?? "no device tree";
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(fileText("/etc/os-release") ?? "")?.[1] ?? "unknown system";
  return [
    `chargetill ${ownVersion()}`,
    `Node ${process.version} (ABI ${process.versions.modules}), ${platform()} ${release()} ${arch()}`,
    `${system} on ${board}`,
    `${Math.round(totalmem() / 1024 / 1024)} MiB of memory, up for ${Math.round(uptime() / 3600)} h`,
  ].join("\n");
}

/** Names and sizes of what lies in the state folder, and nothing of its contents. */
function fileLines(folder: string): string[] {
  const disk = new Disk();
  const walk = (path: string, depth: number): string[] =>
    disk.list(path).flatMap((name) => {
      try {
        const stat = disk.files.statSync(join(path, name));
        const size = stat.isDirectory() ? "folder" : `${stat.size} bytes`;
        const line = `${join(path, name)}  ${size}  mode ${(stat.mode & 0o777).toString(8)}`;
        return stat.isDirectory() && depth < 2 ? [line, ...walk(join(path, name), depth + 1)] : [line];
      } catch {
        return [];
      }
    });
  try {
    return walk(folder, 0);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [error.message];
  }
}

function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: 20_000, maxBuffer: largestLogBytes }, (error, stdout) =>
      resolve(stdout !== "" ? stdout : `(${command}: ${error?.message.split("\n")[0] ?? "nothing"})`),
    );
  });
}

const fileText = (path: string): string | undefined => attempted(() => readFileSync(path, "utf8"));

function attempted<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

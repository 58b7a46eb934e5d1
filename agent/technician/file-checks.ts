// What the doctor says of what lies on the disk: who may read and write there, tariffs, room, and the records. It only
// looks.
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { LoadedConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { wallNow } from "../../drivers/clock.js";
import { filesTrouble } from "../app/uplinks/credential-files.js";
import { Failure } from "../core/failure.js";
import { lintTariff } from "../core/lint/lint.js";
import { counted } from "../core/number/counted.js";
import { Book } from "../ledger/book/book.js";
import { Journal } from "../ledger/journal/journal.js";
import { Disk, diskFailure, errorCode } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";
import { diskForecastWords, leastFreeBytes, leastFreeFiles } from "../ledger/upkeep/disk-forecast.js";
import { indexSignerAtHand } from "../receipts/index-signature.js";
import { operatorKeyFile } from "../receipts/privacy/operator-key.js";
import { keyFile } from "../receipts/signing-keys.js";
import { emptyOutbox, type OutboxState, parseOutboxTable, wrongAndUnseen } from "../sync/outbox-state.js";
import { readTariff } from "../tariffs/tariff-file.js";
import {
  type Finding,
  faultFinding,
  isEncrypted,
  type MachineStatus,
  okFinding,
  warnFinding,
} from "./device-checks.js";

const comfortableFreeBytes = 512 * 1024 * 1024;

/** Who may read the config and write in the state folder, and the files of secrets. */
export function permissions({ file, config }: LoadedConfig): Finding[] {
  const findings: Finding[] = [];
  const mode = statSync(file).mode & 0o777;
  const told = `${file}: mode ${mode.toString(8)}`;
  const isOpen = (mode & 0o007) !== 0 && config.tokens.length > 0 && config.bench === undefined;
  findings.push(
    isOpen
      ? warnFinding(
          "permissions",
          told,
          "everybody on this machine can read it, and it holds whole card numbers",
          `chmod o= ${file}`,
        )
      : okFinding("permissions", told),
  );
  try {
    accessSync(config.state, constants.R_OK | constants.W_OK | constants.X_OK);
    findings.push(okFinding("state folder", config.state));
  } catch (error) {
    findings.push(closedFolder(config.state, error));
  }
  for (const uplink of config.uplinks)
    for (const { what, advice } of filesTrouble(uplink, config.station.id))
      findings.push(warnFinding("uplink", uplink.name, what, advice));
  return findings;
}

function closedFolder(folder: string, error: unknown): Finding {
  switch (errorCode(error)) {
    case "ENOENT":
      return warnFinding(
        "state folder",
        folder,
        "it is not there yet: nothing has run here",
        "the first start makes it",
      );
    case "EROFS":
      return faultFinding(
        "state folder",
        folder,
        "its disk is mounted read-only: nothing can be sold",
        "see disk health below",
      );
    default:
      return faultFinding(
        "state folder",
        folder,
        "this user may not write in it",
        "run this as root (sudo), or as the user chargetill",
      );
  }
}

/** Each tariff file, and what the lint has to say of it. */
export function tariffs({ config, resolve }: LoadedConfig): Finding[] {
  return config.tariffs.map((name) => {
    try {
      const tariff = readTariff(resolve(name), undefined);
      const notes = lintTariff(tariff, { timeZone: config.station.timeZone, nowMs: wallNow() });
      const [first] = notes;
      if (first === undefined) return okFinding("tariff", `${tariff.id} (${name})`);
      return warnFinding(
        "tariff",
        `${tariff.id} (${name})`,
        `${notes.length} notes, the first: ${first.message}`,
        `chargetill tariff check ${resolve(name)}`,
      );
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return faultFinding(
        "tariff",
        name,
        error.message.split("\n")[0] ?? "",
        `correct it, then: chargetill tariff check ${resolve(name)}`,
      );
    }
  });
}

/** What is free, and how long it will do. */
export function disk({ config }: LoadedConfig): Finding[] {
  try {
    // Before the first start the folder is not there yet: then the room is that of the disk it will lie on.
    let there = config.state;
    while (!existsSync(there)) there = dirname(there);
    const { bytes: free, files } = new Disk().free(there);
    if (files < leastFreeFiles)
      return [
        faultFinding(
          "disk room",
          `${files} inodes free`,
          `nothing is sold: with less than ${leastFreeFiles} inodes a receipt might not fit`,
          "remove small files; df -i shows the disk, and this the folders that hold " +
            "many: find / -xdev -type f | cut -d/ -f1-4 | sort | uniq -c | sort -n",
        ),
      ];
    const value = `${Math.floor(free / 1024 / 1024)} MiB free${diskForecastWords(new Disk(), config, wallNow())}`;
    if (free < leastFreeBytes)
      return [
        faultFinding(
          "disk room",
          value,
          "nothing is sold: a receipt might not fit",
          "free some space: journalctl --vacuum-size=50M, apt clean",
        ),
      ];
    return [
      free < comfortableFreeBytes
        ? warnFinding("disk room", value, "little is left", "journalctl --vacuum-size=50M, apt clean")
        : okFinding("disk room", value),
    ];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [];
  }
}

/** Key, journal, receipts and what is unsent, as they lie in the state folder. */
export function records({ config }: LoadedConfig): Finding[] {
  const disk = new Disk();
  return [
    keyFinding(config.state),
    operatorKeyFinding(config.state),
    journalFinding(disk, config.state),
    ...receiptFindings(disk, config),
  ];
}

const keyFinding = (state: string): Finding =>
  secretFinding(join(state, keyFile), {
    check: "key",
    name: "the signing key",
    found: "",
    none: warnFinding(
      "key",
      "none yet",
      "the first start makes it, or systemd hands one in",
      "systemctl start chargetill",
    ),
  });

/** What its thief can do is said where it lies: a UID of four bytes is found by trying all of them. */
const operatorKeyFinding = (state: string): Finding =>
  secretFinding(join(state, operatorKeyFile), {
    check: "operator key",
    name: "it",
    found: ": whoever copies it can find cards' UIDs (2^32 tries); in no unencrypted backup",
    none: okFinding("operator key", "none yet: the first start makes it"),
  });

type SecretWords = { readonly check: string; readonly name: string; readonly found: string; readonly none: Finding };

/** Whether a key is its owner's alone, in the state folder or from systemd. `found` is said behind its path. */
function secretFinding(path: string, { check, name, found, none }: SecretWords): Finding {
  try {
    const mode = statSync(path).mode & 0o777;
    return (mode & 0o077) === 0
      ? okFinding(check, `${path}${found}`)
      : faultFinding(check, path, `others may read ${name} (mode ${mode.toString(8)})`, `chmod 600 ${path}`);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") return unwell(check, diskFailure("read", path, error));
    const handed = process.env["CREDENTIALS_DIRECTORY"];
    const isHanded = handed !== undefined && existsSync(join(handed, basename(path)));
    return isHanded ? okFinding(check, "handed in by systemd") : none;
  }
}

/** So long before its end a meter's calibration is worth a word. */
const calibrationAheadMs = 90 * 86_400_000;

/** Meters whose calibration, as the config has it from their labels, has ended or will soon. */
export function calibrations({ connectors }: Pick<Config, "connectors">, nowMs: number): Finding[] {
  return connectors.flatMap(({ id, meter: { calibratedUntil } }): Finding[] => {
    if (calibratedUntil === undefined) return [];
    const name = `calibration of meter ${id}`;
    const value = `until ${calibratedUntil}`;
    // The day itself still counts, wherever the station is.
    const endMs = Date.parse(calibratedUntil) + 86_400_000;
    const fix = "have it replaced or calibrated, then set meter.calibratedUntil";
    if (endMs < nowMs) return [warnFinding(name, value, "it has ended, and receipts say so", fix)];
    return [
      endMs - calibrationAheadMs < nowMs ? warnFinding(name, value, "it ends soon", fix) : okFinding(name, value),
    ];
  });
}

/** What whoever takes the card out of the station has then. */
export function stolenCard({ state }: Pick<Config, "state">, machine: MachineStatus): Finding {
  const name = "stolen card";
  const encrypted = isEncrypted(state, machine);
  if (encrypted === undefined) return okFinding(name, `on which device ${state} lies is not told`);
  if (encrypted) return okFinding(name, `${state} lies encrypted: its thief can read nothing of it`);
  const lies = (file: string): boolean => existsSync(join(state, file));
  const gets = [
    ...(lies(keyFile) ? ["the signing key (receipts in this station's name: change it, chargetill key rotate)"] : []),
    ...(lies(operatorKeyFile) ? ["the operator's key (names of cards on all stations that have it)"] : []),
    "whole card numbers, receipts, and the secrets that lie in files",
  ];
  return okFinding(
    name,
    `${state} is not encrypted: its thief gets ${gets.join("; ")}. INSTALL: An encrypted state folder`,
  );
}

function journalFinding(disk: Disk, state: string): Finding {
  try {
    const entries = Journal.view(disk, join(state, "journal"), (value) => value).length;
    const found = entries === 0 ? "nothing in it yet" : `${entries} entries since the last archive, chain whole`;
    return okFinding("journal", found);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return unwell("journal", error);
  }
}

/** The book, and what each backend has not acknowledged of it. */
function receiptFindings(disk: Disk, { state, uplinks }: Config): Finding[] {
  const findings: Finding[] = [];
  try {
    const book = Book.view(disk, join(state, "book"), { indexSigner: indexSignerAtHand(disk, state) });
    const receipts = book.count();
    findings.push(
      receipts === 0
        ? okFinding("receipts", "none yet")
        : okFinding("receipts", `${receipts} on ${counted(book.verifyAll().pages, "page")}, chain whole`),
    );
    if (uplinks.length === 0) findings.push(okFinding("unsent", "no backend is configured: receipts stay in the book"));
    for (const { name } of uplinks) findings.push(uplinkFinding(disk, state, name, receipts));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    findings.push(unwell("receipts", error));
  }
  return findings;
}

function uplinkFinding(disk: Disk, folder: string, name: string, receipts: number): Finding {
  const { state } = Table.view<{ readonly state: OutboxState }>(
    disk,
    join(folder, `uplink-${name}.json`),
    parseOutboxTable,
    { state: emptyOutbox },
    { steps: true },
  );
  const check = `uplink ${name}`;
  const waiting = receipts - state.cursor + state.open.length;
  const warn = (value: string, why: string): Finding => warnFinding(check, value, why, "chargetill sync status");
  if (state.parked.length > 0)
    return warn(
      `${counted(state.parked.length, "receipt")} put aside`,
      wrongAndUnseen(state.parked).length === 0
        ? "the backend refused them, or their date is not known"
        : "a CDR does not cost what its receipt says: chargetill sync parked",
    );
  if (waiting > 0) return warn(`${counted(waiting, "receipt")} waiting`, "the backend has not acknowledged them");
  return okFinding(check, "all receipts acknowledged");
}

/** A disk that cannot be read says nothing about what lies on it. */
const unwell = (check: string, { code, message, cause }: Failure): Finding => {
  if (code !== "disk/failed" && code !== "disk/full")
    return faultFinding(check, "damaged", message, "chargetill repair");
  return faultFinding(
    check,
    "cannot be read",
    message,
    errorCode(cause) === "EACCES"
      ? "run this as root (sudo), or as the user chargetill"
      : "see the finding on the disk",
  );
};

// chargetill commission: runs the doctor and, where asked, tests the contactors and compares the meters with a known
// load, and writes down what was found, signed by the station's key: what a technician hands over. A station with a
// fault is written down too, as one that failed.

import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { wallNow } from "../../drivers/clock.js";
import type { ContactorTest } from "../../drivers/gpio/contactor-test.js";
import { leaveFile } from "../control/privileges.js";
import { ownVersion } from "../control/version.js";
import { Failure } from "../core/failure.js";
import { kwhExact } from "../core/number/energy-text.js";
import {
  type CommissionedDevice,
  type CommissioningRecord,
  commissioningFormat,
  isInOrder,
  signedRecord,
} from "../core/verify/commissioning.js";
import { Disk } from "../ledger/store/disk.js";
import type { MeterAcceptance } from "../station/connector/accept-meter.js";
import type { DeviceAccess } from "../technician/device-access.js";
import { serialWords } from "../technician/device-requests.js";
import { examine } from "../technician/doctor.js";
import { doctorLines } from "../technician/doctor-lines.js";
import { checkMeter } from "../technician/meter-acceptance.js";
import {
  complain,
  printResult,
  type StationOptions,
  screenColumns,
  stationCommand,
  toleranceOption,
} from "./shared/command.js";
import { stationSigner } from "./shared/station-signer.js";
import { loadedFor, withDevices } from "./shared/with-devices.js";

/** A load for one connector's meter, or, without one, for all. */
type Load = { readonly connector?: number; readonly loadW: number };

/** `chargetill commission`. Exit 1 when something failed; the record says what. */
export function commissionCommand(): Command {
  return stationCommand(
    "commission",
    "run the doctor and write a signed record of what was found",
    'commission --by "A. Technician" --contactors --load 1:2000',
  )
    .requiredOption("--by <name>", "who did the work")
    .option(
      "--contactors",
      "also close each contactor for a second: nothing may be connected, nobody may touch a socket",
    )
    .option(
      "--load <watts>",
      "compare the meters with a running load, as a reference instrument shows it: 2000, or 1:2000 for connector 1 only (repeatable)",
      loads,
      [],
    )
    .addOption(toleranceOption())
    .option(
      "--out <file>",
      "where to write the record, without its extension (default: ./commissioning-STATION); .json and .txt are written",
    )
    .action(commission);
}

function loads(text: string, before: readonly Load[]): readonly Load[] {
  const [, connector, watts] = /^(?:(\d{1,2}):)?(\d{3,7})$/.exec(text) ?? [];
  const loadW = Number(watts);
  if (watts === undefined || loadW < 100 || loadW > 1_000_000)
    throw new InvalidArgumentError("expected watts from 100 to 1000000, such as 2000, or 1:2000 for connector 1.");
  return [...before, { loadW, ...(connector === undefined ? {} : { connector: Number(connector) }) }];
}

async function commission(
  options: StationOptions & { by: string; contactors?: true; load: readonly Load[]; tolerance: number; out?: string },
): Promise<void> {
  const loaded = loadedFor(options);
  const { config } = loaded;
  const ids = config.connectors.map(({ id }) => id);
  const stranger = options.load.find(({ connector }) => connector !== undefined && !ids.includes(connector));
  if (stranger !== undefined)
    throw new Failure(
      "usage/invalid",
      `--load: there is no connector ${stranger.connector ?? ""}; there are: ${ids.join(", ")}`,
    );
  const out = resolve(options.out ?? `commissioning-${config.station.id}`);
  const contactors: CommissionedDevice[] = [];
  const meters: CommissionedDevice[] = [];
  // Devices first: as root this goes on as the owner of the state folder, and must not have begun anything before.
  await withDevices(
    options,
    async (devices) => {
      for (const connector of ids) {
        contactors.push(
          options.contactors === true
            ? await testOne(devices, connector)
            : { connector, checked: false, passed: false, words: "skipped: not asked for (--contactors)" },
        );
        const load =
          options.load.find((one) => one.connector === connector) ??
          options.load.find((one) => one.connector === undefined);
        const meter: CommissionedDevice =
          load === undefined
            ? { connector, checked: false, passed: false, words: "skipped: no load given" }
            : await meterOne(devices, config, connector, { loadW: load.loadW, tolerancePercent: options.tolerance });
        meters.push(await withWord(devices, meter, options.by));
      }
      return 0;
    },
    { leaves: () => [`${out}.json`, `${out}.txt`] },
  );
  const findings = await examine(loaded.file, () => loaded);
  const disk = new Disk();
  const signer = stationSigner(disk, config.state);
  const passed = isInOrder({ findings, contactors, meters });
  const record: CommissioningRecord = {
    format: commissioningFormat,
    station: config.station.id,
    version: ownVersion(),
    at: new Date(wallNow()).toISOString(),
    by: options.by,
    passed,
    findings,
    contactors,
    meters,
  };
  const recordLines = (columns?: number): string[] => [
    `Commissioning record of station ${record.station}, chargetill ${record.version}`,
    `by ${record.by}, ${record.at}: ${passed ? "PASSED" : "FAILED"}`,
    "",
    ...doctorLines(findings, columns),
    ...contactors.map((one) => deviceLine("contactor", one)),
    ...meters.map((one) => deviceLine("meter", one)),
    "",
    `Signed by ${signer.keyId}; the signed record is the .json beside this text (a JWS, ES256): chargetill verify checks it.`,
  ];
  leaveFile(`${out}.json`, Buffer.from(signedRecord(record, signer)));
  leaveFile(`${out}.txt`, Buffer.from(`${recordLines().join("\n")}\n`));
  printResult(options, { passed, files: [`${out}.json`, `${out}.txt`], findings, contactors, meters }, [
    ...recordLines(screenColumns()),
    `written to ${out}.json and ${out}.txt`,
  ]);
  process.exitCode = passed ? 0 : 1;
}

const deviceLine = (what: string, { connector, checked, passed, words }: CommissionedDevice): string =>
  `${what} ${connector}: ${!checked ? "NOT CHECKED" : passed ? "ok" : "FAULT"}, ${words}`;

/** What refuses a test is what the record says of it. */
async function tried(
  connector: number,
  work: () => Promise<Omit<CommissionedDevice, "connector" | "checked">>,
): Promise<CommissionedDevice> {
  try {
    return { connector, checked: true, ...(await work()) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { connector, checked: true, passed: false, words: error.message };
  }
}

const testOne = (devices: DeviceAccess, connector: number): Promise<CommissionedDevice> =>
  tried(connector, async () => {
    const { whileClosed, afterOpening } = (await devices.ask({
      do: "contactor-test",
      connector,
      ms: 1_000,
    })) as ContactorTest;
    if (whileClosed === undefined || afterOpening === undefined)
      return { passed: true, words: "closed and opened; no auxiliary contact is wired" };
    const followed = whileClosed && !afterOpening;
    return {
      passed: followed,
      words: followed ? "its auxiliary contact followed both ways" : "its auxiliary contact did not follow",
    };
  });

/**
 * The commissioning of a meter is a person's word about it, unless it failed its check: a register that fell is
 * accepted, and after a passed check what stood at the meter is mended. Only a running agent takes the word.
 */
async function withWord(devices: DeviceAccess, meter: CommissionedDevice, by: string): Promise<CommissionedDevice> {
  const { connector, checked, passed, words } = meter;
  if (!devices.live || (checked && !passed)) return meter;
  const request = { do: "meter-accept", connector, by, note: "commissioning", registerOnly: !checked };
  try {
    const said = acceptedWords((await devices.ask({ ...request, ifNeeded: true })) as MeterAcceptance | null);
    return said === "" ? meter : { ...meter, words: `${words}; ${said}` };
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "agent/refused") throw error;
    return { ...meter, words: `${words}; NOT accepted: ${error.message}` };
  }
}

const acceptedWords = (accepted: MeterAcceptance | null): string =>
  [
    ...(accepted?.mended ?? []).map((code) => `${code} is taken for mended`),
    ...(accepted?.register === undefined
      ? []
      : [
          `its register of ${kwhExact(accepted.register.acceptedMilliWh)} kWh is accepted, after ` +
            `${kwhExact(accepted.register.lastMilliWh)} kWh on its last receipt`,
        ]),
  ].join("; ");

const meterOne = (
  devices: DeviceAccess,
  config: Parameters<typeof checkMeter>[1],
  connector: number,
  load: Parameters<typeof checkMeter>[3],
): Promise<CommissionedDevice> =>
  tried(connector, async () => {
    const checked = await checkMeter(devices, config, connector, load, complain);
    const words = checked.findings.map((finding) => finding.words).join("; ");
    return { passed: checked.passed, words: `${checked.model} ${serialWords(checked)}: ${words}` };
  });

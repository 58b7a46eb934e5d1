// chargetill commission: runs the doctor and, where asked, tests the contactors, and writes down what was found, signed by the station's key:
// what a technician hands over when the work is done. A station with a fault is written down too, as one that failed.
import type { Command } from "commander";
import { resolve } from "node:path";
import { wallNow } from "../../drivers/clock.js";
import type { ContactorTest } from "../../drivers/gpio/contactor-test.js";
import { base64url, utf8 } from "../core/bytes.js";
import { canonicalText } from "../core/canonical.js";
import { doctorLines } from "./doctor.js";
import { examine } from "../doctor.js";
import { Failure } from "../failure.js";
import { fieldCommand, loadedFor, tell, withField, type Where } from "./field.js";
import { openSigner } from "../keys.js";
import { Disk } from "../ledger/disk.js";
import { ownVersion } from "../version.js";

const format = "chargetill commissioning 1";
/** A type of its own: no receipt can ever be taken for a record, nor a record for a receipt. */
const recordType = "chargetill-commissioning+json";

type Tested = { readonly connector: number; readonly passed: boolean; readonly words: string };

/** `chargetill commission`. Exit 1 when something failed; the record says what. */
export function commissionCommand(): Command {
  return fieldCommand("commission", "run the doctor and write a signed record of what was found", 'commission --by "A. Technician" --contactors')
    .requiredOption("--by <name>", "who did the work")
    .option("--contactors", "close each contactor for a second too: nobody and nothing may be at the sockets")
    .option("--out <file>", "the record without its ending (default: commissioning-STATION here); .json and .txt are written")
    .action(async (options: Where & { by: string; contactors?: true; out?: string }) => {
      const loaded = loadedFor(options);
      const { config } = loaded;
      // Devices first: as root this goes on as the owner of the state folder, and must not have begun anything before.
      const tested: Tested[] = [];
      await withField(options, async (field) => {
        if (options.contactors === true) for (const { id } of config.connectors) tested.push(await testOne((request) => field.ask(request), id));
        return 0;
      });
      const findings = await examine(loaded.file, () => loaded);
      const passed = findings.every(({ verdict }) => verdict !== "fault") && tested.every((each) => each.passed);
      const disk = new Disk();
      const signer = openSigner({ folder: config.state, read: (path) => keyAt(disk, path), write: () => undefined }, false);
      const payload = canonicalText({ format, station: config.station.id, version: ownVersion(), at: new Date(wallNow()).toISOString(), by: options.by, passed, findings, contactors: tested });
      const input = `${base64url(utf8(canonicalText({ alg: "ES256", kid: signer.keyId, typ: recordType })))}.${base64url(utf8(payload))}`;
      const jws = `${input}.${base64url(signer.sign(utf8(input)))}`;
      const lines = [
        `Commissioning record of station ${config.station.id}, chargetill ${ownVersion()}`,
        `by ${options.by}, ${new Date(wallNow()).toISOString()}: ${passed ? "PASSED" : "NOT PASSED"}`,
        "",
        ...doctorLines(findings),
        ...tested.map(({ connector, passed: fine, words }) => `contactor ${connector}: ${fine ? "ok" : "FAULT"}, ${words}`),
        "",
        `Signed by ${signer.keyId}; the signed record is the .json beside this text (a JWS, ES256).`,
      ];
      const out = resolve(options.out ?? `commissioning-${config.station.id}`);
      disk.replace(`${out}.json`, Buffer.from(`${JSON.stringify({ format, keySpkiHex: signer.spkiHex, jws })}\n`));
      disk.replace(`${out}.txt`, Buffer.from(`${lines.join("\n")}\n`));
      tell(options, { passed, files: [`${out}.json`, `${out}.txt`], findings, contactors: tested }, [...lines, `written to ${out}.json and ${out}.txt`]);
      process.exitCode = passed ? 0 : 1;
    });
}

function keyAt(disk: Disk, path: string): { readonly bytes: Uint8Array; readonly mode: number } {
  const bytes = disk.read(path);
  if (bytes === undefined) throw new Failure("key/unusable", `${path}: there is no signing key yet; the station makes it at its first start`);
  return { bytes, mode: disk.files.statSync(path).mode };
}

async function testOne(ask: (request: { readonly do: string; readonly connector: number; readonly ms: number }) => Promise<unknown>, connector: number): Promise<Tested> {
  try {
    const { whileClosed, afterOpening } = (await ask({ do: "contactor-test", connector, ms: 1_000 })) as ContactorTest;
    if (whileClosed === undefined || afterOpening === undefined) return { connector, passed: true, words: "closed and opened; no auxiliary contact is wired" };
    const followed = whileClosed && !afterOpening;
    return { connector, passed: followed, words: followed ? "its auxiliary contact followed both ways" : "its auxiliary contact did not follow" };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { connector, passed: false, words: error.message };
  }
}

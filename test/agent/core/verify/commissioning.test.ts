// The commissioning record as `verify` judges it, and the doctor's questions to clock and disk, on machines of paper.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { exitCode } from "../../../../agent/core/verify/check-result.js";
import {
  type CommissioningRecord,
  commissioningFormat,
  signedRecord,
} from "../../../../agent/core/verify/commissioning.js";
import { rerate } from "../../../../agent/core/verify/rerate.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { openSigner } from "../../../../agent/receipts/signing-keys.js";
import { clockHealth, diskHealth, type MachineStatus, machineAt } from "../../../../agent/technician/device-checks.js";
import { stolenCard } from "../../../../agent/technician/file-checks.js";
import { freshFolder } from "../../../support/command.js";

const record = suite("a commissioning record");

const folder = freshFolder();
const signer = openSigner({ folder, read: () => undefined, write: () => undefined }, true);
const made: CommissioningRecord = {
  format: commissioningFormat,
  station: "CT-1",
  version: "0.1.0",
  at: "2026-11-24T12:00:00.000Z",
  by: "A. Technician",
  passed: true,
  findings: [
    { check: "clock", value: "synced", verdict: "ok" },
    { check: "agent", value: "not running", verdict: "warn", why: "nothing is sold", fix: "start it" },
  ],
  contactors: [{ connector: 1, checked: true, passed: true, words: "followed" }],
  meters: [{ connector: 1, checked: false, passed: false, words: "skipped: no load given" }],
};
const keyOf = { fingerprints: new Set([signer.keyId.replace("sha256:", "")]), keys: [] };
const verdicts = (text: string, pins = keyOf): string[] =>
  verifyEvidence([{ name: "record.json", text }], pins, verifyTools(rerate)).flatMap(({ checks }) =>
    checks.map(({ name, verdict }) => `${name} ${verdict}`),
  );

record("that is whole holds under the key that was given, and is unproven under none", () => {
  const text = signedRecord(made, signer);
  assert.equal(verdicts(text), ["form holds", "key holds", "signature holds", "verdict holds"]);
  assert.is(
    exitCode(
      verifyEvidence([{ name: "record.json", text }], { fingerprints: new Set(), keys: [] }, verifyTools(rerate)),
    ),
    3,
  );
  assert.ok(verdicts(text, { fingerprints: new Set(["0".repeat(64)]), keys: [] }).includes("key fails"));
});

record("whose words or signature were changed fails, in whatever place", () => {
  const file = JSON.parse(signedRecord(made, signer)) as { jws: string };
  const [head = "", body = "", tail = ""] = file.jws.split(".");
  const other = Buffer.from(
    Buffer.from(body, "base64url").toString("utf8").replace("A. Technician", "B. Technician"),
  ).toString("base64url");
  const with_ = (jws: string): string => JSON.stringify({ ...file, jws });
  assert.ok(verdicts(with_(`${head}.${other}.${tail}`)).includes("signature fails"));
  assert.ok(
    verdicts(with_(`${head}.${body}.${tail.startsWith("A") ? "B" : "A"}${tail.slice(1)}`)).includes("signature fails"),
  );
  assert.equal(verdicts(with_(`${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`)), ["form fails"]);
  assert.equal(verdicts(with_(`${head}.${body.slice(0, -3)}.${tail}`)).includes("form holds"), false);
});

record(
  "that says passed over a fault that stands in it fails, whoever signed it; one that says not passed holds",
  () => {
    const faulty = {
      ...made,
      findings: [
        ...made.findings,
        { check: "meter 1", value: "", verdict: "fault" as const, why: "it does not answer", fix: "" },
      ],
    };
    assert.ok(verdicts(signedRecord(faulty, signer)).includes("verdict fails"));
    assert.equal(verdicts(signedRecord({ ...faulty, passed: false }, signer)), [
      "form holds",
      "key holds",
      "signature holds",
      "verdict holds",
    ]);
    assert.ok(
      verdicts(
        signedRecord({ ...made, meters: [{ connector: 1, checked: true, passed: false, words: "8 % off" }] }, signer),
      ).includes("verdict fails"),
    );
  },
);

record.run();

const health = suite("what the doctor asks of clock and disk");

/** A machine whose files are these and whose commands say this. */
function machine(
  files: Readonly<Record<string, string>>,
  outputs: Readonly<Record<string, string>> = {},
  links: Readonly<Record<string, string>> = {},
): MachineStatus {
  const root = freshFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    mkdirSync(join(root, target), { recursive: true });
    symlinkSync(join(root, target), join(root, path));
  }
  return { ...machineAt(root), output: (command, ...args) => outputs[[command, ...args].join(" ")] };
}
const wallMs = 1_790_000_000_000;
const told = (findings: ReturnType<typeof diskHealth>): string[] =>
  findings.map(({ check, verdict, value }) => `${check} ${verdict}: ${value}`);

health("chrony names its server and the clock's drift, and a clock that is off is a warning", () => {
  const tracking = (offset: string): string =>
    `C0A80001,ntp.example.org,3,1790000000.1,${offset},0.0001,0.0002,-12.345,0.01,0.1,0.02,0.01,64.0,Normal`;
  const rtc = { "sys/class/rtc/rtc0/since_epoch": "1790000001", "sys/class/rtc/rtc0/name": "rtc-rpi rpi-rtc" };
  assert.equal(told(clockHealth(wallMs, machine(rtc, { "chronyc -c tracking": tracking("0.000123") }))), [
    "clock source ok: chrony by ntp.example.org (stratum 3), 0.1 ms off, its crystal -12.3 ppm",
    "clock chip ok: rtc-rpi rpi-rtc, 1 s off the system's time",
  ]);
  assert.is(clockHealth(wallMs, machine(rtc, { "chronyc -c tracking": tracking("2.5") }))[0]?.verdict, "warn");
});

health("timesyncd is asked where there is no chrony; where neither tells, that is said", () => {
  const status =
    "       Server: 192.0.2.1 (ntp.example.org)\nPoll interval: 34min 8s\n       Offset: -1.250ms\n    Frequency: +4.561ppm";
  assert.equal(told(clockHealth(wallMs, machine({}, { "timedatectl timesync-status": status }))), [
    "clock source ok: systemd-timesyncd by 192.0.2.1 (ntp.example.org), -1.3 ms off, its crystal +4.561ppm",
    "clock chip ok: none: after a power cut the time is unknown until a time server answers",
  ]);
  const [source] = clockHealth(wallMs, machine({}));
  assert.equal([source?.verdict, source?.value], ["warn", "unknown"]);
});

health("a clock chip that is off, or that cannot be read, is a warning", () => {
  assert.is(
    clockHealth(wallMs, machine({ "sys/class/rtc/rtc0/since_epoch": "1789990000" }))[1]?.value,
    "rtc0, -10000 s off the system's time",
  );
  const chips = [{ "sys/class/rtc/rtc0/since_epoch": "1789990000" }, { "sys/class/rtc/rtc0/name": "ds3231" }].map(
    (files) => clockHealth(wallMs, machine(files))[1]?.verdict,
  );
  assert.equal(chips, ["warn", "warn"]);
});

const mounted = (options: string): string =>
  `22 1 0:21 / /proc rw - proc proc rw\n28 1 179:2 / / ${options} shared:1 - ext4 /dev/mmcblk0p2 ${options}`;
const card = (errors: string, options = "rw"): Record<string, string> => ({
  "proc/self/mountinfo": mounted(options),
  "sys/fs/ext4/mmcblk0p2/errors_count": errors,
  "sys/devices/mmcblk0/mmcblk0p2/partition": "2",
});
const links = {
  "sys/dev/block/179:2": "sys/devices/mmcblk0/mmcblk0p2",
  "sys/class/block/mmcblk0p2": "sys/devices/mmcblk0/mmcblk0p2",
};

health("what the thief of a card gets is said, and that an encrypted one tells nothing", () => {
  const said = (files: Record<string, string>, more: Record<string, string> = {}): string =>
    stolenCard({ state: "/var/lib/chargetill" }, machine(files, {}, { ...links, ...more })).value;
  assert.match(said(card("0")), /not encrypted: its thief gets .*whole card numbers/);
  const opened = {
    "proc/self/mountinfo": "28 1 254:0 / / rw shared:1 - ext4 /dev/mapper/state rw",
    "sys/class/block/dm-0/dm/uuid": "CRYPT-LUKS2-0123-state",
  };
  const mapped = { "sys/dev/block/254:0": "sys/devices/virtual/block/dm-0" };
  assert.match(said(opened, mapped), /lies encrypted/);
  // A volume of LVM whose disk is encrypted.
  const volume = {
    ...opened,
    "sys/class/block/dm-0/dm/uuid": "LVM-abc",
    "sys/class/block/dm-0/slaves/dm-1/dev": "254:1",
    "sys/class/block/dm-1/dm/uuid": "CRYPT-LUKS2-4567-disk",
  };
  assert.match(said(volume, mapped), /lies encrypted/);
  assert.match(said({ ...opened, "sys/class/block/dm-0/dm/uuid": "LVM-abc" }, mapped), /not encrypted/);
  assert.match(said({}), /is not told/);
});

health("a file system that is well is told from one that counted errors and from one that is read-only", () => {
  assert.equal(told(diskHealth("/var/lib/chargetill", machine(card("0"), {}, links))), [
    "disk health ok: mmcblk0p2 (ext4), writable, no errors counted",
    "disk wear ok: mmcblk0 does not tell (an SD card)",
  ]);
  assert.is(diskHealth("/var/lib/chargetill", machine(card("4"), {}, links))[0]?.verdict, "warn");
  assert.is(diskHealth("/var/lib/chargetill", machine(card("0", "ro"), {}, links))[0]?.verdict, "fault");
  // As a kernel 6.18 tells of an ext4 that met an error: the mount still says rw.
  assert.is(
    diskHealth("/var/lib/chargetill", machine(card("1", "rw,errors=remount-ro,emergency_ro"), {}, links))[0]?.verdict,
    "fault",
  );
  assert.is(diskHealth("/var/lib/chargetill", machine({}))[0]?.verdict, "warn");
});

health("an eMMC tells how much of its life is used", () => {
  const worn = (life: string, spare: string): string =>
    told(
      diskHealth(
        "/x",
        machine(
          { ...card("0"), "sys/block/mmcblk0/device/life_time": life, "sys/block/mmcblk0/device/pre_eol_info": spare },
          {},
          links,
        ),
      ),
    )[1] ?? "";
  assert.is(worn("0x01 0x03", "0x01"), "disk wear ok: mmcblk0: 20 to 30 % of its life is used");
  assert.is(worn("0x09 0x02", "0x01"), "disk wear warn: mmcblk0: 80 to 90 % of its life is used");
  assert.is(worn("0x0b 0x02", "0x01"), "disk wear fault: mmcblk0: worn beyond its rated life");
  assert.match(worn("0x01 0x01", "0x03"), /^disk wear fault/);
});

health.run();

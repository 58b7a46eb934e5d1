// What the doctor says of what lies on the disk: of a station that has never run, of one that is well, and of each thing
// that can be wrong, with what to do.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Book } from "../../../agent/ledger/book/book.js";
import { Journal } from "../../../agent/ledger/journal/journal.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { Table } from "../../../agent/ledger/store/table.js";
import { privatePem } from "../../../agent/receipts/signing-keys.js";
import { emptyOutbox, type OutboxState, parseOutboxTable } from "../../../agent/sync/outbox-state.js";
import type { Finding } from "../../../agent/technician/device-checks.js";
import {
  calibrations,
  disk as diskRoom,
  permissions,
  records,
  tariffs,
} from "../../../agent/technician/file-checks.js";
import { type LoadedConfig, loadConfig } from "../../../config/load.js";
import { type BenchStation, benchStation } from "../../support/bench-station.js";
import { freshFolder } from "../../support/command.js";
import { key, littleBook, startMs } from "../../support/sample-receipt.js";

const test = suite("what the doctor says of files");

/** The bench station's config with a backend, whose token is in a file. */
const withBackend = (tokenFile: string) => (text: string) =>
  `${text}uplinks:
  - name: backend
    kind: ocpi
    url: http://127.0.0.1:9/cdrs
    version: "2.3.0"
    tokenFile: ${tokenFile}
    toCountryCode: DE
    toPartyId: EMP
`;

type Place = BenchStation & { readonly loaded: LoadedConfig };
/** A station with its config, in a folder of its own; nothing has run there. */
function place(change: (text: string) => string = (text) => text): Place {
  const station = benchStation({ change });
  const read = loadConfig(station.config);
  if (!read.ok) throw new Error(JSON.stringify(read));
  return { ...station, loaded: read.loaded };
}

/** One that has sold: a key, a journal, a book of `sales` sales. */
function sold(sales: number, change?: (text: string) => string): Place {
  const one = place(change);
  const disk = new Disk();
  mkdirSync(one.state);
  writeFileSync(join(one.state, "station.key"), privatePem(key), { mode: 0o600 });
  const { journal } = Journal.open(disk, join(one.state, "journal"), (value) => value);
  journal.append([{ type: "Started" }], { at: startMs, monoMs: 0, boot: "b", trust: "synced" });
  journal.close();
  const book = Book.open(disk, join(one.state, "book"));
  for (const [at, { jws, ocmf }] of littleBook(sales).entries())
    book.append({
      number: at + 1,
      sessionId: `session-${at + 1}`,
      cdrId: `cdr-${at + 1}`,
      jws,
      ocmf,
      cdr: null,
      issuedMs: 0,
      kind: ocmf === "" ? "start" : "sale",
    });
  return one;
}

/** What the outbox of the backend remembers. */
function remember({ state }: Place, change: Partial<OutboxState>): void {
  const table = Table.open(new Disk(), join(state, "uplink-backend.json"), parseOutboxTable, { state: emptyOutbox });
  table.update(() => ({ state: { ...emptyOutbox, ...change } }));
}

/** `verdict value: why -> fix` of each finding of one check. */
const told = (findings: readonly Finding[], check: string): string[] =>
  findings
    .filter((finding) => finding.check === check)
    .map(({ verdict, value, why, fix }) => [verdict, value, ...(why === undefined ? [] : [why, fix])].join(" | "));

test("before the first start it says what is not there yet, and blames nobody", () => {
  const { loaded, state } = place(withBackend("/dev/null"));
  assert.equal(told(permissions(loaded), "state folder"), [
    `warn | ${state} | it is not there yet: nothing has run here | the first start makes it`,
  ]);
  const found = records(loaded);
  assert.equal(told(found, "key"), [
    "warn | none yet | the first start makes it, or systemd hands one in | systemctl start chargetill",
  ]);
  assert.equal(told(found, "journal"), ["ok | nothing in it yet"]);
  assert.equal(told(found, "receipts"), ["ok | none yet"]);
  assert.equal(told(found, "uplink backend"), ["ok | all receipts acknowledged"]);
  assert.match(told(diskRoom(loaded), "disk room").join(), /MiB free/, "the room is that of the disk it will lie on");
});

test("a key that systemd hands in is not missed", () => {
  const { loaded } = place();
  const before = process.env["CREDENTIALS_DIRECTORY"];
  const handed = freshFolder();
  process.env["CREDENTIALS_DIRECTORY"] = handed;
  try {
    // Other secrets are handed in, and no key.
    assert.match(told(records(loaded), "key").join(), /warn \| none yet/);
    writeFileSync(join(handed, "station.key"), "");
    assert.equal(told(records(loaded), "key"), ["ok | handed in by systemd"]);
  } finally {
    if (before === undefined) delete process.env["CREDENTIALS_DIRECTORY"];
    else process.env["CREDENTIALS_DIRECTORY"] = before;
  }
});

test("a meter whose calibration has ended, or ends within three months, is a warning", () => {
  const { loaded } = place();
  const [first] = loaded.config.connectors;
  if (first === undefined) throw new Error("a station has a connector");
  const verdicts = (calibratedUntil: string, now: string): string[] =>
    calibrations({ connectors: [{ ...first, meter: { ...first.meter, calibratedUntil } }] }, Date.parse(now)).map(
      ({ verdict, value }) => `${verdict} ${value}`,
    );
  assert.equal(verdicts("2031-12-31", "2026-11-30T12:00:00Z"), ["ok until 2031-12-31"]);
  assert.equal(verdicts("2031-12-31", "2031-10-15T12:00:00Z"), ["warn until 2031-12-31"]);
  assert.equal(verdicts("2031-12-31", "2031-12-31T23:00:00Z"), ["warn until 2031-12-31"]);
  assert.equal(verdicts("2031-12-31", "2032-01-02T00:00:00Z"), ["warn until 2031-12-31"]);
  assert.equal(calibrations({ connectors: [first] }, 0), []);
});

test("of a station that is well it says how much was proven", () => {
  const { loaded, state } = sold(2);
  assert.equal(told(permissions(loaded), "state folder"), [`ok | ${state}`]);
  const found = records(loaded);
  assert.equal(told(found, "key"), [`ok | ${join(state, "station.key")}`]);
  assert.equal(told(found, "journal"), ["ok | 1 entries since the last archive, chain whole"]);
  assert.equal(told(found, "receipts"), ["ok | 3 on 1 page, chain whole"]);
  assert.equal(told(found, "unsent"), ["ok | no backend is configured: receipts stay in the book"]);
});

test("a key that others may read is a fault, with the command that mends it", () => {
  const { loaded, state } = sold(1);
  const path = join(state, "station.key");
  chmodSync(path, 0o640);
  assert.equal(told(records(loaded), "key"), [
    `fault | ${path} | others may read the signing key (mode 640) | chmod 600 ${path}`,
  ]);
});

test("a config that everybody may read is told where it holds card numbers, at a real station", () => {
  const { loaded, config } = place();
  const real: LoadedConfig = { ...loaded, config: { ...loaded.config, bench: undefined } as LoadedConfig["config"] };
  assert.ok(loaded.config.tokens.length > 0);
  const of = (mode: number, of: LoadedConfig): string[] => {
    chmodSync(config, mode);
    return told(permissions(of), "permissions");
  };
  assert.equal(of(0o644, real), [
    `warn | ${config}: mode 644 | everybody on this machine can read it, and it holds whole card numbers | chmod o= ${config}`,
  ]);
  assert.equal(of(0o640, real), [`ok | ${config}: mode 640`]);
  assert.equal(of(0o644, loaded), [`ok | ${config}: mode 644`], "the cards of the bench are nobody's");
});

test("a token that cannot be read is told before the first connection says it", () => {
  const { loaded } = place(withBackend("/nowhere/token"));
  assert.match(
    told(permissions(loaded), "uplink").join(),
    /^warn \| backend \| \/nowhere\/token cannot be read \(ENOENT\)/,
  );
});

test("a tariff that cannot be read is a fault, one that the lint has notes on a warning", () => {
  const { loaded, tariff } = place();
  assert.match(told(tariffs(loaded), "tariff").join(), /^ok \| \S+ \(/);
  const text = JSON.parse(readFileSync(tariff, "utf8")) as object;
  // What ended long ago is sold by nobody.
  writeFileSync(tariff, JSON.stringify({ ...text, end_date_time: "2020-01-01T00:00:00Z" }));
  assert.match(
    told(tariffs(loaded), "tariff").join(),
    new RegExp(`^warn \\| .* \\| \\d+ notes, the first: .* \\| chargetill tariff check ${tariff}$`),
  );
  for (const broken of ["{", "{}"]) {
    writeFileSync(tariff, broken);
    assert.match(told(tariffs(loaded), "tariff").join(), /^fault \| .* \| correct it, then: chargetill tariff check /);
  }
  rmSync(tariff);
  assert.match(told(tariffs(loaded), "tariff").join(), /^fault \| /);
});

test("receipts that wait, and those that were put aside, are told by their number", () => {
  const waits = sold(2, withBackend("/dev/null"));
  assert.equal(told(records(waits.loaded), "uplink backend"), [
    "warn | 3 receipts waiting | the backend has not acknowledged them | chargetill sync status",
  ]);
  remember(waits, { cursor: 2, open: [{ number: 2, state: "unsure", attempts: 1 }] });
  assert.match(told(records(waits.loaded), "uplink backend").join(), /2 receipts waiting/);
  remember(waits, { cursor: 3 });
  assert.equal(told(records(waits.loaded), "uplink backend"), ["ok | all receipts acknowledged"]);
  remember(waits, { cursor: 3, parked: [{ number: 2, id: "cdr-2", reason: "no", atMs: 0, again: false }] });
  assert.equal(told(records(waits.loaded), "uplink backend"), [
    "warn | 1 receipt put aside | the backend refused them, or their date is not known | chargetill sync status",
  ]);
});

test("what is damaged is a fault that names repair, and one damage hides no other check", () => {
  const { loaded, state } = sold(2, withBackend("/dev/null"));
  const spoil = (folder: string, pattern: RegExp): void => {
    const name = readdirSync(join(state, folder)).find((one) => pattern.test(one)) ?? "";
    const path = join(state, folder, name);
    writeFileSync(path, readFileSync(path, "utf8").replace(/[0-9a-f]{64}/, "f".repeat(64)));
  };
  spoil("journal", /^segment-/);
  spoil("book", /^page-/);
  const found = records(loaded);
  assert.match(told(found, "journal").join(), /^fault \| damaged \| .* \| chargetill repair$/);
  assert.match(told(found, "receipts").join(), /^fault \| damaged \| .* \| chargetill repair$/);
  assert.equal(told(found, "key").length, 1);
});

test("a state folder that is none is said, and what cannot be read there is not called damaged", () => {
  const { loaded, folder } = place();
  writeFileSync(join(folder, "state"), "a file");
  const moved: LoadedConfig = { ...loaded, config: { ...loaded.config, state: join(folder, "state", "below") } };
  assert.match(
    told(permissions(moved), "state folder").join(),
    /^fault \| .* \| this user may not write in it \| run this as root \(sudo\), or as the user chargetill$/,
  );
  assert.match(told(records(moved), "key").join(), /^fault \| cannot be read \| .* \| see the finding on the disk$/);
});

test.run();

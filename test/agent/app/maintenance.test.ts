// The house beside the selling: what takes long is done in shares, and a full disk is left alone.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Maintenance } from "../../../agent/app/maintenance.js";
import type { Services } from "../../../agent/app/services/services.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import type { Config } from "../../../config/schema.js";
import type { Clock, Moment } from "../../../drivers/driver.js";
import { VolatileFiles } from "../../support/volatile-files.js";

const test = suite("housekeeping");
const mib = 1024 * 1024;
const hourMs = 3_600_000;

/** A house whose journal still has so many segments to pack, on a disk of its own. */
function house(segments: number): {
  readonly house: Maintenance;
  readonly files: VolatileFiles;
  readonly packed: number[];
  readonly pass: (ms: number) => void;
  readonly setClock: (ms: number) => void;
  /** How often a job was told that the clock was set. */
  readonly told: () => number;
  readonly deaths: unknown[];
} {
  const files = new VolatileFiles({ capacityBytes: 64 * mib });
  const disk = new Disk(files);
  disk.makeFolder("/state");
  let now: Moment = { at: Date.UTC(2026, 10, 24), monoMs: 0, boot: "b", trust: "synced" };
  const packed: number[] = [];
  const deaths: unknown[] = [];
  let left = segments;
  let told = 0;
  const services = {
    journal: {
      lastSeq: 0,
      forget: (_: number, most: number) => {
        const taken = Math.min(left, most);
        packed.push(taken);
        left -= taken;
        return taken;
      },
    },
    retention: { first: () => 0 },
    station: { stationState: () => undefined, restate: () => undefined, faults: { clear: () => undefined } },
    book: { sealedReceipts: 0, sealedPages: 0, count: () => 0, verifyNext: () => undefined },
    issuer: { recover: () => null },
    activeTariffs: { remember: () => undefined, look: () => undefined },
    outboxes: [],
    pulls: [],
  } as unknown as Services;
  const made = new Maintenance({
    clock: { now: () => now } as Clock,
    disk,
    config: {
      state: "/state",
      connectors: [{}],
      retention: { evidence: 400 * 24 * hourMs, copies: 400 * 24 * hourMs },
    } as unknown as Config,
    schedule: () => ({ clockWasSet: () => void (told += 1), close: () => undefined }),
    outboxSchedules: [],
    services: () => services,
    emit: () => undefined,
    changed: () => undefined,
    die: (error) => deaths.push(error),
  });
  const pass = (ms: number): void => void (now = { ...now, at: now.at + ms, monoMs: now.monoMs + ms });
  const setClock = (ms: number): void => void (now = { ...now, at: now.at + ms });
  return { house: made, files, packed, pass, setClock, told: () => told, deaths };
}

test("a night's work that would hold up the meters is done in shares of a minute, until nothing is left", () => {
  const { house: made, packed } = house(20);
  made.minute();
  assert.equal(packed, [], "by day nothing is packed");
  made.archive();
  for (let minute = 0; minute < 6; minute += 1) made.minute();
  assert.equal(packed, [8, 8, 4]);
});

test("the jobs are told of a wall clock that was set, forward or back, and of none that ran on", () => {
  const { house: made, pass, setClock, told } = house(0);
  made.minute();
  pass(hourMs);
  made.minute();
  setClock(900);
  made.minute();
  assert.is(told(), 0, "less than a second is how a clock is kept right");
  setClock(900);
  made.minute();
  assert.is(told(), 1, "but it adds up");
  setClock(-hourMs);
  made.minute();
  made.minute();
  assert.is(told(), 2);
});

test("nothing of people's figures is written on a disk that is full: that ends no session", () => {
  const { house: made, files, pass, deaths } = house(0);
  made.minute();
  assert.is(made.whyClosed(), undefined);
  for (let nth = 0; nth < 100; nth += 1) new Disk(files).replace("/state/other", Buffer.alloc(1_000));
  files.takeRest();
  pass(2 * hourMs);
  made.minute();
  assert.match(made.whyClosed() ?? "", /the disk is full/);
  assert.equal(deaths, []);
});

test.run();

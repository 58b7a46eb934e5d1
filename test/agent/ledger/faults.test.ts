// Every operation fails: once and from then on, not done and done, with the errors of a dying, full or read-only card.
// The agent exits at the first failure, as the design says, and the next start must find all that was acknowledged; so
// must the one after a power cut.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { Failure } from "../../../agent/core/failure.js";
import type { Book } from "../../../agent/ledger/book/book.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { DiskReserve } from "../../../agent/ledger/store/disk-reserve.js";
import { judge, Ledger, live, moment, openStores, receipt, state } from "../../support/ledger-life.js";
import type { Fault, Wishes } from "../../support/volatile-files.js";
import { VolatileFiles } from "../../support/volatile-files.js";

const faults = suite("failing disks");

/** A life until the first failure, which must be one with a name. */
function liveUntilFailure(files: VolatileFiles, ledger: Ledger): Failure | undefined {
  try {
    live(files, ledger, 2, 2);
    return undefined;
  } catch (cause) {
    assert.ok(cause instanceof Failure, `a failure without a name: ${String(cause)}`);
    return cause;
  }
}

const isRefused = (work: () => void): boolean => {
  try {
    work();
    return false;
  } catch (cause) {
    assert.ok(cause instanceof Failure, String(cause));
    return true;
  }
};

const operationsOfALife = (): number => {
  const files = new VolatileFiles();
  live(files, new Ledger(), 2, 2);
  return files.operations;
};

for (const forever of [false, true])
  for (const done of [false, true])
    faults(
      `an operation that fails ${forever ? "from then on" : "once"} and ${done ? "was done" : "was not done"} loses nothing`,
      () => {
        const codes: readonly Fault["code"][] = ["EIO", "ENOSPC", "EROFS", "EMFILE"];
        let failed = 0;
        for (let at = 1; at <= operationsOfALife(); at += 1) {
          const code = codes[at % codes.length] ?? "EIO";
          const before = new VolatileFiles({ fault: { at, forever, done, code } });
          const ledger = new Ledger();
          const failure = liveUntilFailure(before, ledger);
          if (failure) {
            failed += 1;
            assert.equal(failure.code, code === "ENOSPC" ? "disk/full" : "disk/failed", failure.message);
            assert.match(failure.message, /\/state|folder \//, "the message names the file");
          }
          // Pulled out in the state in which the failure left it, or started again and then pulled out.
          judge(before.afterHardCut(), ledger.copy());
          judge(before.copy(), ledger.copy());
          const restarted = before.afterKill();
          judge(restarted, ledger);
          for (const cut of restarted.possibleCuts()) judge(restarted.afterCut(cut), ledger.copy());
        }
        assert.ok(failed > 100, `${failed} failures seen`);
      },
    );

faults("short writes are written to their end", () => {
  const files = new VolatileFiles({ shortWrites: true });
  const ledger = new Ledger();
  live(files, ledger);
  judge(files.afterHardCut(), ledger);
});

faults("a full disk ends a life with disk/full, and a larger one goes on where it stopped", () => {
  for (let capacityBytes = 0; capacityBytes < 12_000; capacityBytes += 211) {
    const small: Wishes = { capacityBytes };
    const files = new VolatileFiles(small);
    const ledger = new Ledger();
    const failure = liveUntilFailure(files, ledger);
    if (failure) assert.equal(failure.code, "disk/full", failure.message);
    // A start on the full disk either works or says so, and harms nothing.
    const again = files.afterKill(small);
    try {
      judge(again, ledger);
    } catch (cause) {
      assert.ok(cause instanceof Failure && cause.code === "disk/full", String(cause));
    }
    const grown = again.afterHardCut();
    judge(grown, ledger);
    live(grown, ledger, 2, 1);
    judge(grown.afterHardCut(), ledger);
  }
});

faults("after a failed fsync the journal takes nothing more, and what it could not keep is not there later", () => {
  const probe = new VolatileFiles();
  openStores(probe).journal.append(["one"], moment);
  const at = probe.operations;
  const files = new VolatileFiles({ fault: { at, forever: false, done: false, code: "EIO" } });
  const { journal } = openStores(files);
  assert.throws(
    () => journal.append(["one"], moment),
    (cause) => cause instanceof Failure && cause.code === "disk/failed",
  );
  const before = files.operations;
  // The fault is over, but the next fsync would say "fine" over bytes that are gone.
  assert.throws(() => journal.append(["two"], moment), /takes no more entries/);
  assert.equal(files.operations, before, "the descriptor is not used again");
  const restarted = files.afterKill();
  const { events } = openStores(restarted);
  assert.deepEqual(openStores(restarted.afterHardCut()).events, events, "what the start read has been made to last");
});

// The second receipt extends a page (one file is replaced), the third turns it (two are).
for (const [nth, leastFailures] of [
  [2, 14],
  [3, 28],
] as const)
  faults(`receipt ${nth}, whose append failed, can be added again and stands there once`, () => {
    const before = (files: VolatileFiles): Book => {
      const { book } = openStores(files);
      for (let number = 1; number < nth; number += 1) book.append(receipt(number));
      return book;
    };
    const probe = new VolatileFiles();
    const probed = before(probe);
    const start = probe.operations;
    probed.append(receipt(nth));
    let failed = 0;
    for (let at = start + 1; at <= probe.operations; at += 1)
      for (const done of [false, true]) {
        const files = new VolatileFiles({ fault: { at, forever: false, done, code: "EIO" } });
        const book = before(files);
        if (isRefused(() => book.append(receipt(nth)))) {
          failed += 1;
          assert.equal(book.count(), nth - 1, "what did not last is not counted");
        }
        book.append(receipt(nth));
        book.append(receipt(nth));
        assert.deepEqual(
          [...openStores(files.afterHardCut()).book.entries()],
          Array.from({ length: nth }, (_, index) => receipt(index + 1)),
        );
      }
    assert.ok(failed >= leastFailures, `${failed} failures seen`);
  });

faults("a table whose write failed keeps its old value in memory", () => {
  const probe = new VolatileFiles();
  openStores(probe);
  const files = new VolatileFiles({ fault: { at: probe.operations + 2, forever: false, done: false, code: "ENOSPC" } });
  const { table } = openStores(files);
  assert.throws(
    () => table.update(() => ({ sent: 9 })),
    (cause) => cause instanceof Failure && cause.code === "disk/full",
  );
  assert.deepEqual(table.data, { sent: 0 });
  table.update(({ sent }) => ({ sent: sent + 1 }));
  assert.deepEqual(openStores(files.afterHardCut()).table.data, { sent: 1 });
});

faults("on a disk that somebody else has filled, the reserve lets a running sale be settled", () => {
  const files = new VolatileFiles({ capacityBytes: 20_000 });
  const disk = new Disk(files);
  disk.makeFolder(state);
  const reserve = new DiskReserve(disk, `${state}/reserve`, 6000);
  reserve.take();
  const writesBefore = disk.bytesWritten;
  reserve.take();
  assert.equal(disk.bytesWritten, writesBefore, "it is written once");
  openStores(files).journal.append(["tap", "begin"], moment);
  disk.replace("/somebody-elses.log", Buffer.alloc(disk.free(state).bytes));
  assert.ok(
    isRefused(() => openStores(files)),
    "a start finds the disk full",
  );
  assert.equal(reserve.spend(), true);
  assert.equal(reserve.spend(), false);
  const { journal, book, events } = openStores(files);
  assert.equal(events.length, 2);
  journal.append(["end"], moment);
  book.append(receipt(1));
  assert.equal(openStores(files.afterHardCut()).book.count(), 1);
  assert.ok(
    isRefused(() => reserve.take()),
    "no new sale before there is room again",
  );
});

faults("the free space is told in bytes, and every byte written is counted", () => {
  const files = new VolatileFiles({ capacityBytes: 1000 });
  const disk = new Disk(files);
  disk.makeFolder(state);
  disk.replace(`${state}/a`, Buffer.alloc(300));
  assert.equal(disk.free(state).bytes, 700);
  assert.equal(disk.bytesWritten, 300);
});

faults.run();

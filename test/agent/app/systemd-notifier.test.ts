// What systemd hears of us, by a systemd-notify of the test's own that is busy, fails or is not there.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SystemdNotifier } from "../../../agent/app/systemd-notifier.js";

const test = suite("words to systemd");

/** A notifier whose program ends when the test says so, and whose pauses are over when the test says so. */
function bench(): {
  readonly notifier: SystemdNotifier;
  readonly sent: string[];
  readonly failed: string[];
  readonly pausesMs: number[];
  end(failure?: string): void;
  wake(): void;
} {
  const running: ((failure?: string) => void)[] = [];
  const pauses: (() => void)[] = [];
  const sent: string[] = [];
  const failed: string[] = [];
  const pausesMs: number[] = [];
  const notifier = new SystemdNotifier({
    enabled: true,
    send: (assignments, done) => {
      assert.is(running.length, 0, "one message at a time");
      sent.push(assignments.join(" "));
      running.push(done);
    },
    later: (ms, work) => {
      pausesMs.push(ms);
      pauses.push(work);
    },
    failed: (words) => void failed.push(words),
  });
  return {
    notifier,
    sent,
    failed,
    pausesMs,
    end: (failure) => running.shift()?.(failure),
    wake: () => pauses.shift()?.(),
  };
}

test("READY=1 that waits for its turn is not dropped for a ping that comes after it", () => {
  const { notifier, sent, end } = bench();
  notifier.tell("WATCHDOG=1");
  notifier.tell("READY=1", "STATUS=selling");
  notifier.tell("WATCHDOG=1");
  end();
  end();
  assert.equal(sent, ["WATCHDOG=1", "READY=1 STATUS=selling WATCHDOG=1"]);
});

test("of two values of one name that wait, systemd hears the newer", () => {
  const { notifier, sent, end } = bench();
  notifier.tell("WATCHDOG=1");
  notifier.tell("READY=1", "STATUS=not selling: the disk is full");
  notifier.tell("READY=1", "STATUS=selling");
  end();
  end();
  assert.equal(sent, ["WATCHDOG=1", "READY=1 STATUS=selling"]);
});

test("READY=1 that systemd-notify could not deliver is sent again after a pause", () => {
  const { notifier, sent, pausesMs, end, wake } = bench();
  notifier.tell("READY=1");
  end("spawn systemd-notify EAGAIN");
  assert.equal(sent, ["READY=1"]);
  wake();
  end("spawn systemd-notify EAGAIN");
  wake();
  end();
  wake();
  assert.equal(sent, ["READY=1", "READY=1", "READY=1"]);
  assert.equal(pausesMs, [1_000, 2_000]);
});

test("a ping does not wait for the pause after a failure, and takes with it what was lost", () => {
  const { notifier, sent, end, wake } = bench();
  notifier.tell("READY=1", "STATUS=selling");
  end("timed out");
  notifier.tell("WATCHDOG=1");
  end();
  wake();
  assert.equal(sent, ["READY=1 STATUS=selling", "READY=1 STATUS=selling WATCHDOG=1"]);
});

test("a lost value does not come back over a newer one of its name", () => {
  const { notifier, sent, end, wake } = bench();
  notifier.tell("READY=1", "STATUS=not selling: the disk is full");
  notifier.tell("STATUS=selling");
  end("timed out");
  wake();
  end();
  assert.equal(sent, ["READY=1 STATUS=not selling: the disk is full", "STATUS=selling READY=1"]);
});

test("a ping that was lost is not repeated: it would report progress of earlier", () => {
  const { notifier, sent, pausesMs, end } = bench();
  notifier.tell("WATCHDOG=1");
  end("timed out");
  assert.equal([sent, pausesMs], [["WATCHDOG=1"], []]);
});

test("without systemd-notify it is given up after a bounded number of tries, and said", () => {
  const { notifier, sent, failed, pausesMs, end, wake } = bench();
  notifier.tell("READY=1");
  for (let nth = 0; nth < 100; nth += 1) {
    end("spawn systemd-notify ENOENT");
    wake();
  }
  assert.ok(sent.length < 30, String(sent.length));
  assert.ok(Math.max(...pausesMs) <= 8_000);
  assert.is(failed.length, 1);
  assert.match(failed[0] ?? "", /systemd was not told READY=1: .*ENOENT.*; check that systemd is installed/);
  notifier.tell("READY=1");
  assert.is(sent.at(-1), "READY=1");
});

test("nothing is sent where no systemd listens", () => {
  const sent: string[] = [];
  new SystemdNotifier({ enabled: false, send: (words) => void sent.push(words.join(" ")) }).tell("READY=1");
  assert.equal(sent, []);
});

test.run();

// What is let in from outside has a bound: bytes at the socket, receipts that a backend refuses, taps, messages to systemd,
// a clock without a correction.
import net from "node:net";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { askAgent, ControlSocket } from "../../../agent/control/control-socket.js";
import { mostParked } from "../../../agent/sync/outbox.js";
import { trustSince } from "../../../drivers/clock.js";
import { freshFolder } from "../../support/command.js";
import { sample } from "../../support/memory.js";
import { Book, bench, refused, ScriptedUplink, settle } from "../../support/sync/outbox-bench.js";

const socketTests = suite("the control socket");
const floodBytes = 64 * 1024 * 1024;

/** Connects, says `first`, and goes on writing; `said` when all of it has left, `over` with what was answered. */
function flood(path: string, first: string): { readonly said: Promise<void>; readonly over: Promise<string> } {
  const socket = net.connect(path);
  const chunk = Buffer.alloc(256 * 1024, "x");
  let left = floodBytes;
  let answer = "";
  const said = new Promise<void>((resolve) => {
    const more = (): void => {
      while (!socket.destroyed && left > 0) {
        left -= chunk.length;
        if (!socket.write(chunk)) return;
      }
      resolve();
    };
    socket.on("connect", () => socket.write(first, more));
    socket.on("drain", more);
    socket.on("close", () => resolve());
  });
  const over = new Promise<string>((resolve) => {
    socket.on("data", (data: Buffer) => (answer += data.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
  });
  return { said, over };
}

socketTests(
  "keeps nothing of what a client goes on saying after its one line, nor of a line without an end",
  async () => {
    const path = join(freshFolder(), "control.sock");
    let answerNow: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (answerNow = resolve));
    const server = await ControlSocket.open(
      path,
      async (request) => {
        if (request.do === "slow") await asked;
        return { ok: true, value: request.do };
      },
      (error) => {
        throw error;
      },
    );
    try {
      const before = sample(0).heapMiB;
      const slow = flood(path, '{"do":"slow"}\n');
      await slow.said;
      const moreMiB = sample(0).heapMiB - before;
      assert.ok(moreMiB < 8, `${moreMiB.toFixed(0)} MiB more after ${floodBytes / 1024 / 1024} MiB were said`);
      assert.match(await flood(path, "").over, /expected one line of JSON/);
      assert.is(await askAgent(path, { do: "hello" }), "hello", "others are served meanwhile");
      answerNow();
      assert.match(await slow.over, /"value":"slow"/);
    } finally {
      await server.close();
    }
  },
);

socketTests.run();

const outboxes = suite("an outbox whose backend refuses everything");

outboxes(
  `parks no more than ${mostParked} receipts: the rest waits in the book, in order, and a person is told`,
  async () => {
    const wanted = mostParked + 50;
    const { outbox, uplink, store } = bench({ uplink: new ScriptedUplink([], refused), book: new Book(wanted + 1) });
    const status = await outbox.now();
    assert.is(status.parked.length, mostParked);
    assert.is(status.waiting, 50);
    assert.is(status.fault, "uplink/unsure");
    assert.match(status.words ?? "", /1000 receipts are parked, and nothing new is sent/);
    assert.ok(
      (store.text ?? "").length < 512 * 1024,
      `${(store.text ?? "").length} bytes to be written with each change`,
    );
    // The cause is mended, and a person asks for some of them again.
    uplink.answer = () => ({ kind: "accepted" });
    for (const { number } of status.parked) outbox.resend(number);
    await settle();
    const after = await outbox.now();
    assert.equal([after.parked.length, after.waiting], [0, 0]);
    assert.equal([...new Set(uplink.sent)].length, wanted, "each was sent");
  },
);

outboxes.run();

const holdover = suite("a clock without a correction");
const dayMs = 24 * 3_600_000;

holdover("counts as set for a day: at 100 parts per million that is 8.64 seconds", () => {
  assert.is(trustSince(undefined, 5_000), "unsynced");
  assert.is(trustSince(5_000, 5_000), "synced");
  assert.is(trustSince(5_000, 5_001), "holdover");
  assert.is(trustSince(5_000, 5_000 + dayMs), "holdover");
  assert.is(trustSince(5_000, 5_001 + dayMs), "unsynced");
});

holdover.run();

// Thousands of spoilt replies through the real serialport stream and our line: none may come through changed.
// Kinds of damage that CRC-16 is sure to find (Modbus over serial line 1.02, 6.2): up to three flipped bits and bursts
// of up to 16.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SerialBindingPort } from "../../../drivers/meter/rtu-line.js";
import { findReply, RtuLine, serialStream } from "../../../drivers/meter/rtu-line.js";
import { below, spoilers } from "../../support/meter/line-damage.js";
import { port } from "../../support/meter/meter-bench.js";

const seed = 20261122;
const random = below(seed);
const { randomBytes, reply, damages } = spoilers(random);

const spoilt = suite("spoilt frames");

for (const [name, damage] of Object.entries(damages))
  spoilt(`${name}: 6 000 replies, none accepted`, () => {
    console.log(`seed ${seed}`);
    for (let round = 0; round < 6_000; round++) {
      const unit = 1 + random(247);
      const code = 3 + random(2);
      const words = 1 + random(60);
      const sound = reply(unit, code, words);
      const heard = damage(sound);
      const found = findReply(heard, { unit, code, bytes: 2 * words });
      assert.ok(
        found === undefined || found.equals(sound),
        `${sound.toString("hex")} came through as ${found?.toString("hex")}`,
      );
    }
  });

spoilt("6 000 times plain noise is nothing that was asked for", () => {
  for (let round = 0; round < 6_000; round++)
    assert.is(findReply(randomBytes(random(80)), { unit: 1 + random(247), code: 3, bytes: 4 }), undefined);
});
spoilt.run();

/** A serialport stream whose other end is in the test's hand: `feed` is what the line hears. */
async function handLine(): Promise<{ line: RtuLine; feed: (bytes: Buffer) => void }> {
  const waiting: { buffer: Buffer; offset: number; done: (read: { buffer: Buffer; bytesRead: number }) => void }[] = [];
  let arrived = Buffer.alloc(0);
  const serve = (): void => {
    const next = waiting[0];
    if (next === undefined || arrived.length === 0) return;
    waiting.shift();
    const bytesRead = arrived.copy(next.buffer, next.offset);
    arrived = arrived.subarray(bytesRead);
    next.done({ buffer: next.buffer, bytesRead });
  };
  const nothing = (): Promise<void> => Promise.resolve();
  const hand: SerialBindingPort = {
    isOpen: true,
    openOptions: { path: port.path, baudRate: 9600 },
    close: nothing,
    write: nothing,
    update: nothing,
    set: nothing,
    flush: nothing,
    drain: nothing,
    get: () => Promise.resolve({ cts: false, dsr: false, dcd: false }),
    getBaudRate: () => Promise.resolve({ baudRate: 9600 }),
    read: (buffer, offset) =>
      new Promise((done) => {
        waiting.push({ buffer, offset, done });
        serve();
      }),
  };
  const line = new RtuLine(serialStream(port, { list: () => Promise.resolve([]), open: () => Promise.resolve(hand) }));
  await new Promise<void>((resolve, reject) => line.open((error) => (error ? reject(error) : resolve())));
  return {
    line,
    feed: (bytes) => {
      arrived = Buffer.concat([arrived, bytes]);
      serve();
    },
  };
}

const wire = suite("the line");

wire("2 000 requests with leftovers, noise and fragments in any mixture: each gets its own reply, once", async () => {
  console.log(`seed ${seed}`);
  const { line, feed } = await handLine();
  const heard: Buffer[] = [];
  line.on("data", (bytes: Buffer) => heard.push(bytes));
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  for (let round = 0; round < 2_000; round++) {
    const unit = 1 + random(247);
    const words = 1 + random(40);
    // What is left over when the request goes out belongs to nobody, even if it looks like the very reply.
    if (random(2) === 1) {
      feed(random(2) === 1 ? reply(unit, 3, words) : randomBytes(random(20)));
      await turn();
    }
    // A request that was given up with half a reply in the line, whose other half comes when the next one waits.
    let rest: Buffer = Buffer.alloc(0);
    if (random(4) === 0) {
      line.write(Buffer.from([unit, 3, 0, 0, 0, words, 0, 0]));
      const half = reply(unit, 3, words);
      const cut = 3 + random(half.length - 3);
      feed(half.subarray(0, cut));
      rest = half.subarray(cut);
      await turn();
    }
    heard.length = 0;
    line.write(Buffer.from([unit, 3, 0, 0, 0, words, 0, 0]));
    const sound = reply(unit, 3, words);
    const pieces = [
      rest,
      random(2) === 1 ? reply((unit % 247) + 1, 3, words) : randomBytes(random(4)),
      sound,
      random(2) === 1 ? sound : Buffer.alloc(0),
    ];
    const stream = Buffer.concat(pieces);
    for (let at = 0; at < stream.length; ) {
      const size = 1 + random(40);
      feed(stream.subarray(at, at + size));
      at += size;
      if (random(3) === 0) await turn();
    }
    await turn();
    await turn();
    assert.is(heard.length, 1, `round ${round}`);
    assert.ok(
      heard[0]?.equals(sound),
      `round ${round}: ${heard[0]?.toString("hex")} in place of ${sound.toString("hex")}`,
    );
  }
  await line.closed();
});
wire.run();

// What peers write otherwise than the standard has it is taken where it can mean one thing alone, counted by its kind,
// and told of once.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WebSocketServer } from "ws";
import { z } from "zod";
import { uplinkStatusLines } from "../../../../../agent/commands/sync.js";
import { instantSchema, readRequest } from "../../../../../agent/sync/ocpp/requests/request-schemas.js";
import type { Dialect } from "../../../../../agent/sync/ocpp/rpc/frame.js";
import { type Handlers, mostNotes, mostPeerText, Rpc } from "../../../../../agent/sync/ocpp/rpc/rpc.js";
import { Oddities, oddityText } from "../../../../../agent/sync/oddities.js";
import { letGo, ocppConfig, openUplink, world } from "../../../../support/sync/ocpp-bench.js";
import { HandClock } from "../../../../support/time/hand-clock.js";

const test = suite("what a peer writes in its own way");
test.after.each(letGo);

function line(dialect: Dialect, handlers: Handlers = {}) {
  const frames: unknown[][] = [];
  const notes: string[] = [];
  const oddities = new Oddities((text) => notes.push(text));
  const rpc = new Rpc({
    dialect,
    handlers,
    send: (text) => frames.push(JSON.parse(text) as unknown[]),
    clock: new HandClock(),
    timeoutMs: 5_000,
    note: (text) => notes.push(text),
    failed: (error) => assert.unreachable(String(error)),
    saw: (oddity, count) => oddities.saw(oddity, count),
  });
  return { rpc, frames, notes, oddities };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

for (const dialect of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"] as const)
  test(`${dialect}: nulls, [] for {}, times without a zone, ids that are numbers or long: taken and counted`, async () => {
    const asked = z.object({ name: z.string().optional(), expiryDate: instantSchema.optional() });
    const seen: unknown[] = [];
    const { rpc, frames, oddities, notes } = line(dialect, {
      Ask: (payload) => {
        seen.push(readRequest(asked, payload));
        return { status: "Accepted" };
      },
    });
    const long = "x".repeat(64);
    rpc.received('[2,"a","Ask",{"name":null,"expiryDate":null,"customData":{"x":null}}]');
    rpc.received('[2,"b","Ask",[]]');
    rpc.received('[2,"c","Ask",{"expiryDate":"2026-11-30T12:00:00","name":"2026-11-30T12:00:00"}]');
    rpc.received('[2,17,"Ask",null]');
    rpc.received(`[2,"${long}","Ask",{}]`);
    await turn();
    assert.equal(
      seen,
      [{}, {}, { expiryDate: Date.UTC(2026, 10, 30, 12), name: "2026-11-30T12:00:00" }, {}, {}],
      "a name that looks like a time stays as it is",
    );
    // An id goes back as it came.
    assert.equal(
      frames.map(([kind, id]) => [kind, id]),
      ["a", "b", "c", 17, long].map((id) => [3, id]),
    );
    assert.equal(oddities.counts(), [
      { oddity: "null-field", count: 3 },
      { oddity: "list-payload", count: 2 },
      { oddity: "no-zone", count: 1 },
      { oddity: "message-id", count: 2 },
    ]);
    assert.is(notes.length, 4, "each kind is told of once");
    assert.match(
      oddityText(oddities.counts()),
      /^fields that are null, taken as absent: 3; payloads that are \[\] or null, taken as {}: 2;/,
    );
  });

test("an answer is taken in the same way", async () => {
  const { rpc, frames } = line("ocpp2.0.1");
  const answer = async (text: string): Promise<unknown> => {
    const call = rpc.call("Heartbeat", {});
    rpc.received(`[3,"${String(frames.at(-1)?.[1])}",${text}]`);
    return await call;
  };
  assert.equal(await answer("[]"), {});
  assert.equal(await answer("null"), {});
  assert.equal(await answer('{"currentTime":"2026-11-30T12:00:00.5","statusInfo":null}'), {
    currentTime: "2026-11-30T12:00:00.5Z",
  });
});

test("a frame that costs too much to read is refused by its id, and an answer that does is a failure of the peer's", async () => {
  const { rpc, frames } = line("ocpp2.0.1", { Ask: () => ({}) });
  rpc.received(`[2,"deep","Ask",{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}]`);
  rpc.received(`[2,"wide","Ask",{"a":[${"0,".repeat(200_000)}0]}]`);
  assert.equal(
    frames.map((frame) => frame.slice(0, 4)),
    [
      [4, "deep", "FormatViolation", "nested deeper than 64 levels"],
      [4, "wide", "FormatViolation", "more than 100000 values"],
    ],
  );
  const call = rpc.call("Heartbeat", {}).catch((error: unknown) => String(error));
  rpc.received(`[3,"${String(frames.at(-1)?.[1])}",${"[".repeat(100_000)}]`);
  assert.match(String(await call), /its answer is not read: nested deeper than 64 levels/);
});

test("calls that wait have a bound in characters together, so that sixteen large ones do not fill the memory", async () => {
  let go: () => void = () => undefined;
  const { rpc, frames } = line("ocpp2.0.1", { Ask: () => new Promise((resolve) => (go = () => resolve({}))) });
  const large = `{"a":"${"x".repeat(mostPeerText / 2)}"}`;
  for (const id of ["first", "second", "third", "fourth"]) rpc.received(`[2,"${id}","Ask",${large}]`);
  assert.equal(
    frames.map(([kind, id, code]) => [kind, id, code]),
    [
      [4, "third", "InternalError"],
      [4, "fourth", "InternalError"],
    ],
  );
  go();
  await turn();
  assert.is(frames.at(-1)?.[1], "first");
});

test("binary frames are noted so many times and no more", () => {
  const { rpc, notes, frames } = line("ocpp2.0.1");
  for (let frame = 0; frame < 3 * mostNotes; frame += 1) rpc.receivedBinary();
  assert.is(notes.length, mostNotes);
  assert.equal(frames, []);
});

test("no version named on a line for which one is configured: that one is spoken, and `sync status` says so", async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => false });
  await new Promise((resolve) => server.once("listening", resolve));
  const offered: unknown[] = [];
  server.on("connection", (peer, request) => {
    offered.push(request.headers["sec-websocket-protocol"]);
    peer.on("error", () => undefined);
    peer.on("message", (data) => {
      const [, id] = JSON.parse(String(data)) as [number, string];
      peer.send(JSON.stringify([3, id, { status: "Accepted", currentTime: "2026-11-30T12:00:00", interval: 300 }]));
    });
  });
  const { port } = server.address() as { port: number };
  const lasting = world();
  const { outbox, uplink } = openUplink(lasting, ocppConfig(`ws://127.0.0.1:${port}/`, { versions: ["1.6"] }));
  outbox.begin();
  while (!/^connected/.test(uplink.line())) await turn();
  assert.is(uplink.line(), "connected, ocpp1.6");
  // Offered all the same, as the standard asks.
  assert.equal(new Set(offered), new Set(["ocpp1.6"]));
  const lines = uplinkStatusLines(outbox.status()).join("\n");
  assert.match(lines, /not as the standard has it: .*connections on which no version was named, .*: 1/);
  assert.match(lines, /times without a zone, taken as UTC: 1/);
  await outbox.stop();
  for (const peer of server.clients) peer.terminate();
  await new Promise((resolve) => server.close(resolve));
});

test.run();

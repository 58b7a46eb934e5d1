// How a station comes to its CSMS and what it says when it does not: address, versions, password, refusals, and a line
// that went dead.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type WebSocket, WebSocketServer } from "ws";
import { keepAlive, type OpenedSocket, openSocket, stationUrl } from "../../../../../agent/sync/ocpp/rpc/connection.js";
import { type Reconnect, reconnectBy, reconnectMs } from "../../../../../agent/sync/ocpp/rpc/reconnect.js";
import { Csms } from "../../../../support/sync/csms.js";
import { drained, letGo, ocppConfig, openUplink, world } from "../../../../support/sync/ocpp-bench.js";
import { closeLoose, LooseCsms } from "../../../../support/sync/oddities/loose-csms.js";
import { HandClock } from "../../../../support/time/hand-clock.js";

const test = suite("coming to a CSMS");
const folder = mkdtempSync(join(tmpdir(), "chargetill-ocpp-"));
const passwordFile = join(folder, "password");
writeFileSync(passwordFile, "0123456789abcdef\n");
test.after(() => rmSync(folder, { recursive: true, force: true }));
test.after.each(async () => {
  await letGo();
  await closeLoose();
});
/** Servers of a test: closed after it also where an assertion failed before its end, or the process would not end. */
const servers: (() => Promise<void>)[] = [];
test.after.each(async () => {
  for (const close of servers.splice(0)) await close();
});

/** A server that answers an upgrade by script; tells what it was asked. */
async function server(
  answer: "accept" | "no-protocol" | number,
): Promise<{ url: string; asked: http.IncomingMessage[]; sockets: WebSocket[]; close: () => Promise<void> }> {
  const asked: http.IncomingMessage[] = [];
  const sockets: WebSocket[] = [];
  const upgrades = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (answer === "no-protocol" ? false : ([...offered][0] ?? false)),
  });
  const listening = http.createServer();
  listening.on("upgrade", (request, socket, head) => {
    asked.push(request);
    if (typeof answer === "number")
      return void socket.end(`HTTP/1.1 ${answer} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    upgrades.handleUpgrade(request, socket, head, (opened) => sockets.push(opened));
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.terminate();
    listening.closeAllConnections();
    await new Promise((resolve) => listening.close(resolve));
  };
  servers.push(close);
  return { url: `ws://127.0.0.1:${(listening.address() as AddressInfo).port}/base/`, asked, sockets, close };
}

const opened = (url: string, more: Parameters<typeof ocppConfig>[1] = {}): Promise<OpenedSocket> =>
  openSocket(ocppConfig(url, more), "till 1/ä", undefined, new HandClock(), new AbortController().signal);
const wordsOf = (result: OpenedSocket): string => (result.kind === "failed" ? result.words : "open");

test("the identity is percent-encoded at the end of the address, and is the user name of the password", async () => {
  assert.is(stationUrl("wss://csms.example/ocpp/", "a b/c").href, "wss://csms.example/ocpp/a%20b%2Fc");
  assert.is(stationUrl("wss://csms.example", "CT-1").href, "wss://csms.example/CT-1");
  const { url, asked, close } = await server("accept");
  const result = await opened(url, { passwordFile });
  assert.is(result.kind, "open");
  assert.is(asked[0]?.url, "/base/till%201%2F%C3%A4");
  assert.is(asked[0]?.headers.authorization, `Basic ${Buffer.from("till 1/ä:0123456789abcdef").toString("base64")}`);
  // Newest first, whatever the order in the config.
  assert.is(asked[0]?.headers["sec-websocket-protocol"], "ocpp2.1,ocpp2.0.1,ocpp1.6");
  if (result.kind === "open") result.socket.terminate();
  await close();
});

test("a server that agrees on no version is a fault with a word for it", async () => {
  const { url, close } = await server("no-protocol");
  const result = await opened(url, { versions: ["2.1", "2.0.1"] });
  assert.match(wordsOf(result), /accepted none of ocpp2\.1, ocpp2\.0\.1: .*check the uplink's url and versions/);
  assert.is(result.kind === "failed" && result.fault, "uplink/unauthorised");
  await close();
});

for (const [status, words] of [
  [401, /refuses till 1\/ä \(HTTP 401\): check the identity, and check .*password/],
  [403, /refuses till/],
  [404, /knows no station at .*check the uplink's url and identity/],
  [302, /redirects \(HTTP 302\)/],
  [426, /takes no websocket/],
] as const)
  test(`HTTP ${status} at the upgrade is a fault that a person must mend`, async () => {
    const { url, close } = await server(status);
    const result = await opened(url, { passwordFile });
    assert.match(wordsOf(result), words);
    assert.is(result.kind === "failed" && result.fault, "uplink/unauthorised");
    assert.not.match(wordsOf(result), /0123456789abcdef/);
    await close();
  });

test("HTTP 503 and a port where nobody listens are simply tried again", async () => {
  const { url, close } = await server(503);
  const busy = await opened(url);
  assert.equal([busy.kind === "failed" && busy.fault, /HTTP 503/.test(wordsOf(busy))], [undefined, true]);
  await close();
  const away = await opened(url);
  assert.equal([away.kind === "failed" && away.fault, /nothing listens there/.test(wordsOf(away))], [undefined, true]);
});

test("a password file that is missing or holds no password is named, and nothing is asked", async () => {
  const { url, asked, close } = await server("accept");
  assert.match(
    wordsOf(await opened(url, { passwordFile: join(folder, "missing") })),
    /passwordFile .*missing cannot be read \(ENOENT\)/,
  );
  writeFileSync(join(folder, "empty"), "\n");
  assert.match(wordsOf(await opened(url, { passwordFile: join(folder, "empty") })), /must hold one password/);
  assert.match(
    wordsOf(await opened(url.replace("127.0.0.1", "127.0.0.2"), { passwordFile })),
    /must not travel in the open/,
  );
  assert.equal(asked, []);
  await close();
});

test("a station that is stopped while it connects lets go", async () => {
  const stop = new AbortController();
  const opening = openSocket(ocppConfig("ws://127.0.0.1:9/csms"), "CT-1", undefined, new HandClock(), stop.signal);
  stop.abort();
  assert.match(wordsOf(await opening), /given up|nothing listens/);
});

test("a server that never answers the upgrade is given up in time", async () => {
  const listening = http.createServer();
  const asked = new Promise<Duplex>((resolve) => listening.once("upgrade", (_request, socket) => resolve(socket)));
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  const clock = new HandClock();
  const config = ocppConfig(`ws://127.0.0.1:${port}/`);
  const opening = openSocket(config, "CT-1", undefined, clock, new AbortController().signal);
  const socket = await asked;
  clock.advance(config.timeout);
  assert.match(wordsOf(await opening), /no answer in time/);
  socket.destroy();
  await new Promise((resolve) => listening.close(resolve));
});

test("a line on which nothing comes back for two pings is dead; one that answers is not", async () => {
  const { url, sockets, close } = await server("accept");
  const result = await opened(url);
  if (result.kind !== "open") throw new Error(result.words);
  result.socket.resume();
  const clock = new HandClock();
  let words = "";
  keepAlive(
    result.socket,
    clock,
    () => 60_000,
    (why) => void (words = why),
  );
  for (let ping = 0; ping < 3; ping += 1) {
    const answered = new Promise((resolve) => result.socket.once("pong", resolve));
    clock.advance(60_000);
    await answered;
  }
  assert.is(words, "");
  sockets[0]?.pause();
  for (let ping = 0; ping < 3; ping += 1) clock.advance(60_000);
  assert.match(words, /silent for two pings \(120 s\)/);
  result.socket.terminate();
  await close();
});

// A CSMS that set 10 s waited for the first ping by the 60 s before, and took the station for lost.
test("an interval of pings that is set counts at once, also one that was off; so does that of heartbeats", async () => {
  const csms = await LooseCsms.open("ocpp2.0.1");
  let pings = 0;
  csms.server.on("connection", (peer) => peer.on("ping", () => (pings += 1)));
  const lasting = world();
  const { outbox, uplink } = openUplink(lasting, ocppConfig(csms.url));
  outbox.begin();
  assert.ok(await csms.drive(lasting, () => outbox.status().reachability === "online"));
  for (const [pingS, advanceS, expected] of [
    [10, 10, 1],
    [0, 59, 1],
    [5, 5, 2],
    [3_600, 60, 2],
  ] as const) {
    uplink.setIntervals({ pingS });
    lasting.clock.advance(advanceS * 1_000);
    await csms.calm(lasting);
    assert.is(pings, expected, `${pingS} s`);
  }
  const beats = csms.of("Heartbeat").length;
  uplink.setIntervals({ heartbeatS: 400 });
  lasting.clock.advance(1_000);
  await csms.calm(lasting);
  assert.is(csms.of("Heartbeat").length, beats);
  uplink.setIntervals({ heartbeatS: 20 });
  // The last beat, or the boot, is longer ago than that.
  lasting.clock.advance(1);
  await csms.calm(lasting);
  assert.is(csms.of("Heartbeat").length, beats + 1);
});

test("a connection is closed with a close frame: when the station stops, and when the line is given up; a peer that says no goodbye is let go of", async () => {
  const csms = await LooseCsms.open("ocpp2.0.1");
  const lasting = world();
  const first = openUplink(lasting, ocppConfig(csms.url));
  first.outbox.begin();
  assert.ok(await csms.drive(lasting, () => first.outbox.status().reachability === "online"));
  await first.outbox.stop();
  while (csms.goodbyes.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(csms.goodbyes, [1000]);
  const second = openUplink(lasting, ocppConfig(csms.url));
  second.outbox.begin();
  assert.ok(await csms.drive(lasting, () => second.outbox.status().reachability === "online"));
  const [peer] = csms.server.clients;
  peer?.pause();
  await second.outbox.stop();
  lasting.clock.advance(1_000);
  // It reads on: what comes is the frame, and after it the end of the socket.
  peer?.resume();
  while (csms.goodbyes.length === 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(csms.goodbyes, [1000, 1000]);
});

test("a frame larger than any of OCPP ends the line, and it is opened again", async () => {
  const { url, sockets, close } = await server("accept");
  const lasting = world();
  const { outbox, uplink } = openUplink(lasting, ocppConfig(url));
  lasting.book.sell();
  const pushed = outbox.now();
  while (sockets.length === 0) await new Promise((resolve) => setImmediate(resolve));
  sockets[0]?.send("x".repeat(2_000_000));
  await pushed;
  assert.match(uplink.line(), /the connection failed: Max payload size exceeded/);
  await outbox.stop();
  await close();
});

test("a lost line is tried again by the standard's back-off, whatever waits to be sent; a person's word is heard at once", async () => {
  const csms = await Csms.open(["ocpp2.0.1"]);
  const lasting = world();
  let tries = 0;
  const { outbox, uplink } = openUplink(lasting, ocppConfig(csms.url, { backoff: { first: 10, most: 20 } }), {
    agent: () => void (tries += 1) as never,
  });
  uplink.reconnect = { waitMinimumMs: 1_000, randomRangeMs: 500, repeatTimes: 2 };
  const quiet = async (): Promise<void> => {
    for (let calm = 0; calm < 3; calm = lasting.clock.inFlight === 0 ? calm + 1 : 0)
      await new Promise((resolve) => setImmediate(resolve));
  };
  csms.mood = { at: "connect", how: "refused" };
  outbox.begin();
  lasting.book.sell();
  outbox.kick();
  const at: number[] = [];
  // In steps as short as the back-off of what waits.
  for (let ms = 0; ms <= 15_000; ms += 25) {
    const before = tries;
    await quiet();
    if (tries > before || (ms === 0 && tries > 0)) at.push(ms);
    lasting.clock.advance(25);
  }
  // 1000, 2000, 4000 and no longer, each with half of its random 500; each try is seen at the next step.
  assert.equal(
    at.map((ms, index) => ms - (at[index - 1] ?? 0)),
    [0, 1_250, 2_250, 4_250, 4_250],
  );
  csms.mood = undefined;
  await quiet();
  await outbox.now();
  assert.is(tries, 6);
  await drained(outbox);
  // After a connection that stood it begins anew.
  csms.mood = { at: "connect", how: "refused" };
  csms.cut();
  await quiet();
  lasting.clock.advance(1_250);
  await quiet();
  assert.is(tries, 7);
});

test("the back-off is doubled so many times and no more, and what a CSMS sets of it is within a day", () => {
  const waits = (reconnect: Reconnect, random: number): number[] =>
    [1, 2, 3, 4, 9].map((count) => reconnectMs(count, reconnect, random));
  assert.equal(
    waits({ waitMinimumMs: 5_000, randomRangeMs: 2_000, repeatTimes: 2 }, 0),
    [5_000, 10_000, 20_000, 20_000, 20_000],
  );
  assert.equal(
    waits({ waitMinimumMs: 5_000, randomRangeMs: 2_000, repeatTimes: 0 }, 0.5),
    [6_000, 6_000, 6_000, 6_000, 6_000],
  );
  assert.is(reconnectMs(11, { waitMinimumMs: 3_600_000, randomRangeMs: 0, repeatTimes: 10 }, 0), 86_400_000);
  assert.equal(reconnectBy({ first: 5_000, most: 900_000 }), {
    waitMinimumMs: 5_000,
    randomRangeMs: 2_500,
    repeatTimes: 7,
  });
});

test("the CSMS may change to another version between two connections, and a session is not told twice", async () => {
  const newer = await Csms.open(["ocpp2.1"]);
  const older = await Csms.open(["ocpp2.0.1"]);
  const lasting = world();
  const number = lasting.book.sell();
  const first = openUplink(lasting, ocppConfig(newer.url));
  newer.mood = { at: "Ended", how: "lost-answer" };
  await first.outbox.now();
  await first.outbox.stop();
  const second = openUplink(lasting, ocppConfig(older.url));
  await drained(second.outbox);
  assert.is(second.outbox.stateOf(number), "acked");
  const [ended] = older.of("TransactionEvent");
  assert.is(older.of("TransactionEvent").length, 1);
  // The same place in the transaction, in words that the older version knows.
  assert.equal(
    [ended?.payload["eventType"], ended?.payload["seqNo"], ended?.payload["costDetails"]],
    ["Ended", 1, undefined],
  );
  assert.equal(older.violations, []);
});

test("an end that may have arrived in 1.6 is not told again in 2.x: it is parked, and a person may send it", async () => {
  const old = await Csms.open(["ocpp1.6"]);
  const young = await Csms.open(["ocpp2.0.1"]);
  const lasting = world();
  const number = lasting.book.sell();
  old.mood = { at: "Ended", how: "lost-answer" };
  const first = openUplink(lasting, ocppConfig(old.url));
  await first.outbox.now();
  await first.outbox.stop();
  const second = openUplink(lasting, ocppConfig(young.url));
  await second.outbox.now();
  assert.match(
    second.outbox.status().parked[0]?.reason ?? "",
    /its end was sent in OCPP 1\.6 without an answer, and the backend speaks ocpp2\.0\.1 now/,
  );
  assert.equal(young.of("TransactionEvent"), []);
  assert.equal(second.outbox.resend(number), [number]);
  await drained(second.outbox);
  assert.equal(
    young.of("TransactionEvent").map(({ payload }) => payload["eventType"]),
    ["Started", "Ended"],
  );
});

test.run();

// A CSMS that floods, never reads, fails in passing, or speaks late: what it costs has a bound, and nothing is lost or
// sold for it.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type WebSocket, WebSocketServer } from "ws";
import { mostPerMessage } from "../../../../agent/sync/ocpp/cards/local-list.js";
import { idTokenOf } from "../../../../agent/sync/ocpp/requests/id-token.js";
import { longestFrame } from "../../../../agent/sync/ocpp/rpc/connection.js";
import { mostNotes, Rpc } from "../../../../agent/sync/ocpp/rpc/rpc.js";
import { mostListedCards } from "../../../../agent/sync/station-port.js";
import { tunnelsOf } from "../../../../agent/sync/transport/tunnels.js";
import { Csms } from "../../../support/sync/csms.js";
import { drained, letGo, ocppConfig, openUplink, type World, world } from "../../../support/sync/ocpp-bench.js";
import { LoopbackProxy } from "../../../support/sync/proxy-bench.js";
import { SimulatedStation } from "../../../support/sync/simulated-station.js";
import { HandClock } from "../../../support/time/hand-clock.js";

const test = suite("an unruly CSMS");
test.after.each(letGo);

async function quiet({ clock }: World): Promise<void> {
  for (let calm = 0; calm < 3; calm = clock.inFlight === 0 ? calm + 1 : 0)
    await new Promise((resolve) => setImmediate(resolve));
}

test("that asks and asks and never reads an answer is let go before the answers fill the memory", async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => "ocpp2.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  const gone = new Promise<number>((resolve) =>
    server.on("connection", (peer: WebSocket) => {
      peer.on("error", () => {});
      let asked = 0;
      const ask = (): void => {
        if (peer.readyState !== peer.OPEN) return resolve(asked);
        peer.pause();
        for (let more = 0; more < 10; more += 1) peer.send(`[2,"${(asked += 1)}","GetReport",{}]`);
        setImmediate(ask);
      };
      // Its socket's own window stays shut too.
      peer.once("message", () => ask());
    }),
  );
  const answered = { calls: 0 };
  const handlers = () => ({ GetReport: () => ({ words: "x".repeat(100_000), of: (answered.calls += 1) }) });
  const port = (server.address() as { port: number }).port;
  const { outbox, uplink } = openUplink(world(), ocppConfig(`ws://127.0.0.1:${port}/`), { handlers });
  outbox.begin();
  for (let turns = 0; turns < 20_000 && !/does not read/.test(uplink.line()); turns += 1)
    await new Promise((resolve) => setImmediate(resolve));
  assert.match(uplink.line(), /the backend does not read: \d+ bytes wait for it/);
  // What the system holds for the socket, 4 MiB of ours, and one answer.
  assert.ok(answered.calls < 400, String(answered.calls));
  await outbox.stop();
  for (const peer of server.clients) peer.terminate();
  void gone;
  server.close();
});

test("that sends nothing but nonsense is noted so many times and no more", () => {
  const notes: string[] = [];
  const rpc = new Rpc({
    dialect: "ocpp1.6",
    handlers: {},
    send: () => {},
    clock: new HandClock(),
    timeoutMs: 1_000,
    note: (text) => notes.push(text),
    failed: (error) => {
      throw error;
    },
  });
  for (let frame = 0; frame < 1_000; frame += 1) rpc.received(`nonsense ${frame}`);
  assert.is(notes.length, mostNotes);
  assert.match(notes.at(-1) ?? "", /what else it does is not noted until it connects again/);
  rpc.close("done");
});

test("that fails to take a notice in passing is told it again, one that does not know it is not", async () => {
  for (const [code, again] of [
    ["InternalError", true],
    ["NotImplemented", false],
  ] as const) {
    const csms = await Csms.open(["ocpp2.0.1"]);
    const lasting = world();
    const { outbox } = openUplink(lasting, ocppConfig(csms.url), {}, new SimulatedStation(lasting.clock, lasting.book));
    csms.answers["StatusNotification"] = () => {
      throw Object.assign(new Error(code), { rpcErrorCode: code });
    };
    outbox.begin();
    await csms.until(() => csms.of("StatusNotification").length >= 2);
    await quiet(lasting);
    delete csms.answers["StatusNotification"];
    const before = csms.of("StatusNotification").length;
    assert.is(before, 2);
    lasting.clock.advance(60_000);
    if (again) await csms.until(() => csms.of("StatusNotification").length >= before + 2);
    await quiet(lasting);
    assert.is(csms.of("StatusNotification").length, before + (again ? 2 : 0));
    await letGo();
  }
});

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  test(`${protocol}: that refuses the token of a session which began while the line was down and still runs ends it`, async () => {
    const csms = await Csms.open([protocol]);
    const lasting = world();
    const station = new SimulatedStation(lasting.clock, lasting.book);
    const refused: string[] = [];
    const { outbox } = openUplink(
      lasting,
      ocppConfig(csms.url),
      { deauthorise: (session, status) => void refused.push(`${session} ${status}`) },
      station,
    );
    csms.mood = { at: "connect", how: "refused" };
    csms.answers["TransactionEvent"] = ({ eventType }) =>
      eventType === "Started" ? { idTokenInfo: { status: "ConcurrentTx" } } : {};
    csms.answers["StartTransaction"] = () => ({ transactionId: 7, idTagInfo: { status: "ConcurrentTx" } });
    outbox.begin();
    station.begins(1, "runs");
    await quiet(lasting);
    csms.mood = undefined;
    lasting.clock.advance(2_000);
    await csms.until(() => csms.of(protocol === "ocpp1.6" ? "StartTransaction" : "TransactionEvent").length === 1);
    await quiet(lasting);
    assert.equal(refused, ["runs ConcurrentTx"]);
  });

test("cannot break its own line by a list of the length that it may send", () => {
  const entry = {
    idToken: { idToken: "X".repeat(36), type: "ISO14443" },
    idTokenInfo: {
      status: "Accepted",
      cacheExpiryDateTime: "2026-01-01T00:00:00.000+00:00",
      groupIdToken: { idToken: "Y".repeat(36), type: "Central" },
      language1: "de",
      personalMessage: { format: "UTF8", content: "z".repeat(100) },
      evseId: [1, 2, 3, 4],
    },
  };
  assert.ok(
    JSON.stringify(entry).length * mostPerMessage < longestFrame,
    String(JSON.stringify(entry).length * mostPerMessage),
  );
  assert.ok(mostPerMessage < mostListedCards);
});

test("hears of each card what it is: cards of both standards, and what a backend made up", () => {
  for (const [type, uid, idToken, kind] of [
    ["RFID", "04a1b2c3d4e5f6", "04A1B2C3D4E5F6", "ISO14443"],
    ["RFID", "e0040150aabbccdd", "E0040150AABBCCDD", "ISO15693"],
    ["RFID", "1234567890abcdef", "1234567890abcdef", "Central"],
    ["APP_USER", "04A1B2C3D4E5F6", "04A1B2C3D4E5F6", "Central"],
    ["OTHER", "driver-7", "driver-7", "Central"],
  ] as const)
    for (const dialect of ["ocpp2.1", "ocpp2.0.1"] as const)
      assert.equal(idTokenOf({ type, uid }, dialect), { idToken, type: kind });
  // A kind of 2.1 alone is what 2.0.1 calls a token that a backend made; one that both have is spelled as the standard
  // does.
  for (const [idTokenType, in21, in201] of [
    ["EVCCID", "EVCCID", "Central"],
    ["com.example.plate", "com.example.plate", "Central"],
    ["keycode", "KeyCode", "KeyCode"],
  ] as const)
    assert.equal(
      [
        idTokenOf({ type: "OTHER", uid: "X", idTokenType }, "ocpp2.1").type,
        idTokenOf({ type: "OTHER", uid: "X", idTokenType }, "ocpp2.0.1").type,
      ],
      [in21, in201],
    );
});

test("behind a proxy is reached, and told all; and a proxy that says no is named", async () => {
  const proxy = await LoopbackProxy.open();
  const csms = await Csms.open(["ocpp2.0.1"]);
  const lasting = world();
  const config = ocppConfig(csms.url, { proxy: proxy.url });
  const { outbox } = openUplink(lasting, config, { agent: () => tunnelsOf(config, lasting.clock) });
  lasting.book.sell();
  proxy.mood = 407;
  const refused = await outbox.now();
  assert.match(refused.words ?? "", /proxy/);
  assert.is(refused.parked.length, 0);
  proxy.mood = "well";
  await drained(outbox);
  assert.equal(
    csms.of("TransactionEvent").map(({ payload }) => payload["eventType"]),
    ["Started", "Ended"],
  );
  assert.ok(proxy.asked.every((place) => place === new URL(csms.url).host));
  // Nobody who has no proxy goes through it.
  const asked = proxy.asked.length;
  await outbox.stop();
  const straight = openUplink(lasting, ocppConfig(csms.url));
  lasting.book.sell();
  await drained(straight.outbox);
  assert.is(proxy.asked.length, asked);
  await letGo();
  await proxy.close();
});

test.run();

// The way out through an HTTP proxy, for receipts and for websockets, with TLS end to end; and what is said when the
// proxy says no.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WebSocket, WebSocketServer } from "ws";
import { SecureTunnels, Tunnels } from "../../../../agent/sync/transport/tunnels.js";
import type { Outcome } from "../../../../agent/sync/uplink.js";
import { configSchema } from "../../../../config/schema.js";
import { Backend } from "../../../../drivers/bench/backend.js";
import { LoopbackProxy, type ProxyMood } from "../../../support/sync/proxy-bench.js";
import { item, TokenFile, token, unstopped, uplinkTo } from "../../../support/sync/uplink-bench.js";
import { HandClock } from "../../../support/time/hand-clock.js";

const files = new TokenFile();
const at = (name: string): string => join(files.folder, name);
const backend = await Backend.open({ token });
const proxy = await LoopbackProxy.open();
const test = suite("an uplink behind a proxy");
const words = (outcome: Outcome): string => ("words" in outcome ? (outcome.words ?? "") : "");

test.before.each(() => {
  proxy.mood = "well";
  proxy.credentials = undefined;
});
test.after(async () => {
  await Promise.all([proxy.close(), backend.close()]);
  files.remove();
});

async function send(url: string, more: Parameters<typeof uplinkTo>[2] = {}): Promise<Outcome> {
  const uplink = uplinkTo(url, files.path, { proxy: proxy.url, ...more });
  const outcome = await uplink.send(item, unstopped());
  uplink.close();
  return outcome;
}

test("sends its receipts through it", async () => {
  assert.is((await send(backend.url)).kind, "accepted");
  assert.is(proxy.asked.at(-1), new URL(backend.url).host);
});

test("shows the proxy the user and password of the file, and says so when they are wrong", async () => {
  proxy.credentials = "till:se:cret";
  writeFileSync(at("proxy"), "till:se:cret\n");
  assert.is((await send(backend.url, { proxyAuthFile: at("proxy") })).kind, "accepted");
  const refused = await send(backend.url);
  assert.equal([refused.kind, "fault" in refused && refused.fault], ["retry", "uplink/unauthorised"]);
  assert.match(words(refused), /proxy asks for a user and password/);
  writeFileSync(at("proxy"), "no password here");
  assert.match(words(await send(backend.url, { proxyAuthFile: at("proxy") })), /must hold one line, user:password/);
  assert.not.match(words(refused), /cret/);
});

const refusals: readonly [ProxyMood, boolean, RegExp][] = [
  [403, true, /does not allow this station to reach the backend/],
  [405, true, /does not do CONNECT/],
  ["garbage", true, /does not answer as an HTTP proxy/],
  [502, false, /cannot reach the backend/],
  [504, false, /got no answer from the backend/],
  [500, false, /answers 500/],
  ["cut", false, /the connection was cut/],
];
for (const [mood, needsPerson, said] of refusals) {
  test(`a proxy that answers ${mood} costs no attempt and is named`, async () => {
    proxy.mood = mood;
    const outcome = await send(backend.url);
    assert.equal(
      [outcome.kind, outcome.kind === "retry" && outcome.countsAsAttempt, "fault" in outcome],
      ["retry", false, needsPerson],
    );
    assert.match(words(outcome), said);
    assert.match(words(outcome), /proxy/);
  });
}

test("a proxy that is not there is named, not the backend", async () => {
  const outcome = await send(backend.url, { proxy: "http://127.0.0.1:9" });
  assert.match(words(outcome), /the proxy cannot be reached: nothing listens there/);
});

test("a password does not stand in the config", () => {
  const read = configSchema.shape.uplinks.safeParse([
    {
      name: "a",
      kind: "ocpi",
      url: "https://a.example/cdrs",
      tokenFile: "/t",
      toCountryCode: "DE",
      toPartyId: "ABC",
      proxy: "http://u:p@proxy:3128",
    },
  ]);
  assert.match(read.success ? "" : JSON.stringify(read.error.issues), /proxyAuthFile/);
});
test.run();

const secure = suite("TLS through a proxy");
function openssl(...args: string[]): void {
  const done = spawnSync("openssl", args, { cwd: files.folder, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`openssl ${args[0]} failed: ${done.stderr}`);
}
const listening = await (async () => {
  openssl(
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "s.key",
    "-out",
    "s.pem",
    "-days",
    "2",
    "-subj",
    "/CN=127.0.0.1",
    "-addext",
    "subjectAltName=IP:127.0.0.1",
  );
  const server = https.createServer(
    { key: readFileSync(at("s.key")), cert: readFileSync(at("s.pem")) },
    (request, response) => {
      request.resume();
      response.writeHead(201).end('{"status_code":1000}');
    },
  );
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => socket.on("message", (message) => socket.send(String(message))));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, sockets, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
})();
const ca = readFileSync(at("s.pem"));
secure.after(async () => {
  listening.sockets.close();
  listening.server.closeAllConnections();
  await new Promise((resolve) => listening.server.close(resolve));
});

const reach = (options: https.AgentOptions): Promise<string> => {
  const agent = new SecureTunnels(
    () => ({ host: "127.0.0.1", port: Number(new URL(proxyUrl).port) }),
    new HandClock(),
    options,
  );
  return new Promise((resolve) => {
    const request = https.get(`https://${listening.host}/`, { agent }, (response) => {
      response.resume();
      resolve(String(response.statusCode));
    });
    request.on("error", (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message));
  }).finally(() => agent.destroy()) as Promise<string>;
};
const echo = (url: string, agent: Tunnels | SecureTunnels): Promise<string> =>
  new Promise<string>((resolve, reject) => {
    const socket = new WebSocket(url, { agent, ca });
    socket.on("open", () => socket.send("hello"));
    socket.on("message", (message) => {
      resolve(String(message));
      socket.close();
    });
    socket.on("error", reject);
  }).finally(() => agent.destroy());

let own: LoopbackProxy;
let proxyUrl = "";
secure.before(async () => {
  own = await LoopbackProxy.open();
  proxyUrl = own.url;
});
secure.after(() => own.close());

secure("is verified end to end: a certificate that nobody vouches for ends it", async () => {
  assert.is(await reach({ ca }), "201");
  assert.match(await reach({}), /SELF_SIGNED|UNABLE_TO/);
});

secure("carries a websocket, plain to this machine and under TLS", async () => {
  const hop = { host: "127.0.0.1", port: Number(new URL(proxyUrl).port) };
  assert.is(await echo(`wss://${listening.host}/`, new SecureTunnels(() => hop, new HandClock(), { ca })), "hello");
  const plain = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  plain.on("connection", (socket) => socket.on("message", (message) => socket.send(String(message))));
  await new Promise((resolve) => plain.once("listening", resolve));
  assert.is(
    await echo(`ws://127.0.0.1:${(plain.address() as AddressInfo).port}/`, new Tunnels(() => hop, new HandClock())),
    "hello",
  );
  plain.close();
});
secure.run();

// Who asks, and how often: addresses behind proxies, and buckets of requests.
import net from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ClientAddress } from "../../../../agent/web/server/client-address.js";
import { boundEach } from "../../../../agent/web/server/page-server.js";
import { RequestRate } from "../../../../agent/web/server/request-rate.js";

const test = suite("a client");

test("is the peer, or whom a trusted proxy names, and never whom somebody else names", () => {
  const clients = new ClientAddress(["10.0.0.0/8", "fd00::/8", "192.0.2.1"]);
  const rows: [peer: string, forwarded: string | undefined, client: string][] = [
    ["198.51.100.7", undefined, "198.51.100.7"],
    ["198.51.100.7", "203.0.113.9", "198.51.100.7"],
    ["10.1.2.3", "203.0.113.9", "203.0.113.9"],
    ["::ffff:10.1.2.3", "203.0.113.9", "203.0.113.9"],
    // What the client wrote itself stands before what the proxy added.
    ["10.1.2.3", "1.1.1.1, 203.0.113.9", "203.0.113.9"],
    ["10.1.2.3", "1.1.1.1, 203.0.113.9, 192.0.2.1", "203.0.113.9"],
    ["10.1.2.3", "nonsense", "10.1.2.3"],
    ["10.1.2.3", "", "10.1.2.3"],
    // A household has 64 bits to choose from.
    ["2001:db8:1:2:3:4:5:6", undefined, "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", undefined, "2001:db8:1:2::/64"],
    ["fd00::1", "2001:db8::1", "2001:db8:0:0::/64"],
  ];
  for (const [peer, forwarded, client] of rows) assert.is(clients.of(peer, forwarded), client, `${peer} ${forwarded}`);
});

test("may ask often, then not until a while has passed, and another one is not held up", () => {
  let now = 0;
  const rate = new RequestRate(() => now);
  const takes = (client: string, count: number): number =>
    Array.from({ length: count }, () => rate.take(client)).filter(Boolean).length;
  assert.is(takes("a", 1_000), 40);
  assert.is(takes("b", 1), 1);
  now += 1_000;
  assert.is(takes("a", 1_000), 10);
});

test("that comes with thousands of others costs a bounded memory: the one that asked longest ago is forgotten", () => {
  const rate = new RequestRate(() => 0);
  for (let tries = 0; tries < 50; tries += 1) rate.take("first");
  assert.not(rate.take("first"));
  for (let other = 0; other < 4_096; other += 1) rate.take(`other ${other}`);
  assert.ok(rate.take("first"));
});

const socketFrom = (remoteAddress: string): net.Socket =>
  Object.defineProperty(new net.Socket(), "remoteAddress", { value: remoteAddress });

test("has no more sockets for choosing another address of its IPv6 network; a proxy has as many as it needs", () => {
  const server = net.createServer();
  boundEach(server, new ClientAddress(["192.0.2.1"]));
  const left = (address: (socket: number) => string): number => {
    const sockets = Array.from({ length: 40 }, (_, socket) => socketFrom(address(socket)));
    for (const socket of sockets) server.emit("connection", socket);
    return sockets.filter(({ destroyed }) => !destroyed).length;
  };
  assert.is(
    left((socket) => `2001:db8:1:2::${socket.toString(16)}`),
    32,
  );
  assert.is(
    left((socket) => `2001:db8:1:${(socket + 16).toString(16)}::1`),
    40,
    "each of another network",
  );
  assert.is(
    left(() => "192.0.2.1"),
    40,
  );
});

test.run();

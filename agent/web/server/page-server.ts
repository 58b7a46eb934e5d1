// The HTTP server of the page, bounded in sockets, headers, bodies and time: whoever is slow, or sends without an end,
// is cut off.
import http from "node:http";
import type net from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { ClientAddress } from "./client-address.js";
import { OpenCount } from "./open-count.js";

const mostSockets = 512;
/** Of one client that is no proxy of ours: one that opens sockets and is silent must not take all of them. */
const mostSocketsEach = 32;
const mostHeaderBytes = 8 * 1024;
const headersWithinMs = 5_000;
const requestWithinMs = 10_000;
const keepAliveMs = 5_000;
/** A socket on which nothing moves; what streams sends a word more often. */
const idleMs = 30_000;
const lookEveryMs = 1_000;
/** Requests on one socket. */
const mostRequests = 1_000;

export type PageServer = { readonly port: number; close(): Promise<void> };

/** Listens; rejects where the address is taken. */
export async function openPageServer(
  app: Hono,
  { host, port }: { host: string; port: number },
  clients = new ClientAddress([]),
): Promise<PageServer> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer: http.createServer,
    serverOptions: {
      maxHeaderSize: mostHeaderBytes,
      headersTimeout: headersWithinMs,
      requestTimeout: requestWithinMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: lookEveryMs,
      requireHostHeader: true,
    },
  });
  if (!(server instanceof http.Server)) throw new TypeError("expected a server of HTTP/1.1");
  server.maxConnections = mostSockets;
  server.maxRequestsPerSocket = mostRequests;
  server.setTimeout(idleMs, (socket) => socket.destroy());
  boundEach(server, clients);
  server.on("clientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Cuts off sockets of a client that has too many; of IPv6 its whole network is one. */
export function boundEach(server: Pick<net.Server, "on">, clients: ClientAddress): void {
  const open = new OpenCount(mostSocketsEach);
  server.on("connection", (socket) => {
    const peer = socket.remoteAddress ?? "";
    if (clients.isTrusted(peer)) return;
    const address = clients.of(peer, undefined);
    if (!open.take(address)) return void socket.destroy();
    socket.once("close", () => open.give(address));
  });
}

// The way out through an HTTP proxy: it is asked to CONNECT, and then TLS runs through it end to end, so that it sees
// names and no content. Agents of node:http and node:https, which also serve the websockets of the `ws` package.
import http from "node:http";
import https from "node:https";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import type { UplinkConfig } from "../../../config/uplink-schema.js";
import { type Clock, isDefect } from "../../../drivers/driver.js";
import { Failure } from "../../core/failure.js";
import { readSetting } from "./credential-file.js";

export type Proxy = {
  readonly host: string;
  readonly port: number /** `user:password`, never shown. */;
  readonly credentials?: string;
};

const connectTimeoutMs = 15_000;
/** A proxy's answer to CONNECT is a few lines. */
const longestAnswer = 16 * 1024;

/** What the proxy answered in place of a way, or what kept us from reaching it; told apart by its code alone. */
class ProxyError extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** The proxy that the config names. Throws Failure config/invalid where its password file cannot be used. */
export function proxyOf({ proxy, proxyAuthFile }: Pick<UplinkConfig, "proxy" | "proxyAuthFile">): Proxy | undefined {
  if (proxy === undefined) return undefined;
  const url = new URL(proxy);
  const reached = { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 80) };
  return proxyAuthFile === undefined ? reached : { ...reached, credentials: credentialsIn(proxyAuthFile) };
}

function credentialsIn(path: string): string {
  const text = readSetting("proxyAuthFile", path).toString("utf8").trim();
  if (!/^[^:\p{Cc}]{1,128}:\P{Cc}{1,256}$/u.test(text))
    throw new Failure("config/invalid", `proxyAuthFile ${path} must hold one line, user:password`);
  return text;
}

/** Node's way of handing a connection over; with an error, the socket is a dead one. */
type Done = (error: Error | null, socket: Duplex) => void;

/**
 * Asks the proxy for a way to host and port; answers once, with a socket that speaks to the other end, or with an error
 * that has a code.
 */
function tunnel(
  through: () => Proxy,
  clock: Clock,
  host: string,
  port: number,
  done: (error: Error | null, socket: net.Socket) => void,
): void {
  let proxy: Proxy;
  try {
    proxy = through();
  } catch (error) {
    if (isDefect(error)) throw error;
    return done(error as Error, new net.Socket());
  }
  const socket = net.connect({ host: proxy.host, port: proxy.port });
  let answer = Buffer.alloc(0);
  const over = (error?: Error): void => {
    cancelTimeout();
    socket.removeAllListeners();
    if (error === undefined) return done(null, socket);
    socket.on("error", () => {});
    socket.destroy();
    done(error, socket);
  };
  const cancelTimeout = clock.at(clock.now().monoMs + connectTimeoutMs, () => over(new ProxyError("PROXY ETIMEDOUT")));
  socket.on("error", (error) => over(new ProxyError(`PROXY ${(error as NodeJS.ErrnoException).code ?? "unknown"}`)));
  socket.on("close", () => over(new ProxyError("PROXY ECONNRESET")));
  socket.on("connect", () => {
    const place = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
    const credentials =
      proxy.credentials === undefined
        ? ""
        : `Proxy-Authorization: Basic ${Buffer.from(proxy.credentials, "utf8").toString("base64")}\r\n`;
    socket.write(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n${credentials}\r\n`);
  });
  socket.on("data", (chunk: Buffer) => {
    answer = Buffer.concat([answer, chunk]);
    const end = answer.indexOf("\r\n\r\n");
    if (end < 0) return answer.length > longestAnswer ? over(new ProxyError("PROXY EPROTO")) : undefined;
    const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(answer.toString("latin1", 0, end))?.[1];
    if (status === undefined) return over(new ProxyError("PROXY EPROTO"));
    if (!status.startsWith("2")) return over(new ProxyError(`PROXY ${status}`));
    // The other end speaks only after us: bytes that come early are the proxy's own, and no way.
    if (answer.length > end + 4) return over(new ProxyError("PROXY EPROTO"));
    socket.pause();
    over();
  });
}

/**
 * The agent for an uplink whose way leads through a proxy; undefined where it does not. The password file is read at
 * each connection.
 */
export function tunnelsOf(
  config: Pick<UplinkConfig, "url" | "proxy" | "proxyAuthFile">,
  clock: Clock,
): Tunnels | SecureTunnels | undefined {
  if (config.proxy === undefined) return undefined;
  const proxy = (): Proxy => {
    const found = proxyOf(config);
    if (found === undefined) throw new Failure("config/invalid", "there is no proxy");
    return found;
  };
  return /^(?:https|wss):/.test(config.url) ? new SecureTunnels(proxy, clock) : new Tunnels(proxy, clock);
}

/** Plain HTTP through the proxy, for an address on this machine. */
export class Tunnels extends http.Agent {
  constructor(
    readonly proxy: () => Proxy,
    readonly clock: Clock,
    options: http.AgentOptions = {},
  ) {
    super(options);
  }

  override createConnection(options: http.ClientRequestArgs, done?: Done): undefined {
    tunnel(this.proxy, this.clock, hostOf(options), Number(options.port ?? 80), (error, socket) =>
      done?.(error, socket.resume()),
    );
    return undefined;
  }
}

/** TLS through the proxy, verified against the name that was asked for. */
export class SecureTunnels extends https.Agent {
  constructor(
    readonly proxy: () => Proxy,
    readonly clock: Clock,
    options: https.AgentOptions = {},
  ) {
    super(options);
  }

  override createConnection(options: https.RequestOptions, done?: Done): undefined {
    const host = hostOf(options);
    tunnel(this.proxy, this.clock, host, Number(options.port ?? 443), (error, socket) => {
      if (error !== null) return done?.(error, socket);
      const { path: _, ...rest } = options as tls.ConnectionOptions;
      // `host` too: without a server name, the certificate is compared with it.
      const secured = tls.connect({
        ...rest,
        host,
        socket,
        servername: options.servername ?? (net.isIP(host) === 0 ? host : ""),
      });
      const failed = (cause: Error): void => done?.(cause, secured);
      const closed = (): void =>
        done?.(Object.assign(new Error("the tunnel was closed"), { code: "ECONNRESET" }), secured);
      secured.once("error", failed).once("close", closed);
      secured.once("secureConnect", () => {
        secured.off("error", failed).off("close", closed);
        done?.(null, secured);
      });
    });
    return undefined;
  }
}

function hostOf({ host, hostname }: http.ClientRequestArgs): string {
  return (host ?? hostname ?? "localhost").replace(/^\[|\]$/g, "");
}

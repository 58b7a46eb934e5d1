// Opens the websocket to a CSMS (OCPP-J): the station's identity in the path, subprotocols newest first, basic auth and
// certificates read at each try so that what a technician mends heals without a restart. A connection that is silent
// for two pings is dead.
import type { Agent, IncomingMessage } from "node:http";
import { type DetailedPeerCertificate, rootCertificates, TLSSocket } from "node:tls";
import { WebSocket } from "ws";
import { loopback, type OcppUplinkConfig } from "../../../../config/uplink-schema.js";
import type { Clock } from "../../../../drivers/driver.js";
import { Failure } from "../../../core/failure.js";
import { judgeLost, shownAddress } from "../../ocpi/ocpi-verdict.js";
import { type Identity, identityIn, proveUsable, readSetting } from "../../transport/credential-file.js";
import { errorCodeOf } from "../../transport/error-code.js";
import type { UplinkFault } from "../../uplink.js";
import { type Dialect, dialects } from "./frame.js";

export type OpenedSocket =
  /**
   * `unnamed` = the server named no version, and is taken to speak the one that is configured. `root` = the SHA-256
   * fingerprint of the authority by which the backend was known.
   */
  | {
      readonly kind: "open";
      readonly socket: WebSocket;
      readonly dialect: Dialect;
      readonly unnamed?: true;
      readonly root?: string;
    }
  /** `code` is Node's or OpenSSL's; `refuses` = the backend takes what was shown to it for wrong. */
  | {
      readonly kind: "failed";
      readonly words: string;
      readonly fault?: UplinkFault;
      readonly code?: string;
      readonly refuses?: "password" | "certificate";
    };

/** What is shown to the backend, and by whom it is known, in place of what the config names. */
export type Shown = {
  /** null = none at all. */
  readonly password?: Buffer | null;
  readonly certificate?: { readonly key: string; readonly chain: string };
  /** Authorities beside those of the config, or beside the usual ones where it names none; as PEM. */
  readonly roots?: readonly string[];
};

/** A tariff or a local list is some hundred kilobytes at most. */
export const longestFrame = 1024 * 1024;

/** The address with the station's identity at its end, percent-encoded. */
export function stationUrl(url: string, identity: string): URL {
  const address = new URL(url);
  address.pathname = `${address.pathname.replace(/\/$/, "")}/${encodeURIComponent(identity)}`;
  return address;
}

/**
 * Opens the line, paused. What keeps it from opening is an answer. `agent` is the way through a proxy. A server that
 * names no version is taken to speak the one that is configured, where there is one.
 */
export async function openSocket(
  config: OcppUplinkConfig,
  identity: string,
  agent: Agent | undefined,
  clock: Clock,
  signal: AbortSignal,
  shown: Shown = {},
): Promise<OpenedSocket> {
  const url = stationUrl(config.url, identity);
  const offered = dialects.filter((dialect) => (config.versions as readonly string[]).includes(dialect.slice(4)));
  const open = (taken?: Dialect): Promise<OpenedSocket> =>
    openOnce({
      config,
      identity,
      agent,
      clock,
      signal,
      shown,
      url,
      offered,
      ...(taken === undefined ? {} : { taken }),
    });
  const opened = await open();
  const [only, another] = offered;
  const isUnnamed = opened.kind === "failed" && opened.code === unnamed;
  return isUnnamed && only !== undefined && another === undefined && !signal.aborted ? await open(only) : opened;
}

/** No HTTP answer and no error of Node's: the server opened the line and named no version. */
const unnamed = "NO_SUBPROTOCOL";

type SocketOpening = {
  readonly config: OcppUplinkConfig;
  readonly identity: string;
  readonly agent: Agent | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly shown: Shown;
  readonly url: URL;
  readonly offered: readonly Dialect[];
  /** Spoken though the server names none; it is offered by a header of ours, which the package does not insist on. */
  readonly taken?: Dialect;
};

function openOnce({
  config,
  identity,
  agent,
  clock,
  signal,
  shown,
  url,
  offered,
  taken,
}: SocketOpening): Promise<OpenedSocket> {
  return new Promise((resolve) => {
    let socket: WebSocket;
    let cancelTimeout = (): void => undefined;
    const settle = (opened: OpenedSocket): void => {
      cancelTimeout();
      signal.removeEventListener("abort", onAbort);
      resolve(opened);
    };
    const onAbort = (): void => {
      settle({ kind: "failed", words: "given up, since the station stops" });
      socket?.terminate();
    };
    try {
      const { headers, ...secrets } = credentials(config, url, identity, shown);
      socket = new WebSocket(url, taken === undefined ? [...offered] : [], {
        ...secrets,
        headers: taken === undefined ? headers : { ...headers, "Sec-WebSocket-Protocol": taken },
        ...(agent === undefined ? {} : { agent }),
        maxPayload: longestFrame,
        followRedirects: false,
        perMessageDeflate: false,
      });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return resolve({ kind: "failed", fault: "uplink/unauthorised", words: error.message });
    }
    signal.addEventListener("abort", onAbort, { once: true });
    cancelTimeout = clock.at(clock.now().monoMs + config.timeout, () => {
      settle(notOpened("ETIMEDOUT", url));
      socket.terminate();
    });
    socket.on("unexpected-response", (_request, response) => {
      settle(refusedUpgrade(response, url, identity, config));
      response.destroy();
      socket.terminate();
    });
    let root: string | undefined;
    socket.on("upgrade", (response) => (root = authorityBehind(response.socket)));
    // A listener that stays: a socket that fails later tells it here first, and then closes.
    socket.on("error", (error) => settle(failedToOpen(error, url, offered)));
    socket.on("close", () => settle({ kind: "failed", words: `${shownAddress(url)}: the connection was cut` }));
    socket.on("open", () => {
      const dialect = taken ?? offered.find((one) => one === socket.protocol);
      // Nothing is read before there is someone who listens.
      socket.pause();
      if (dialect !== undefined)
        return settle({
          kind: "open",
          socket,
          dialect,
          ...(taken === undefined ? {} : { unnamed: true }),
          ...(root === undefined ? {} : { root }),
        });
      settle(noDialect(url, offered));
      closeSocket(socket, clock, "no version of OCPP in common");
    });
  });
}

type FailedOpening = Extract<OpenedSocket, { readonly kind: "failed" }>;

/** The fingerprint of the authority at the end of the server's chain; undefined where it is not TLS. */
function authorityBehind(socket: object): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  let certificate = socket.getPeerCertificate(true);
  for (let depth = 0; depth < deepestChain; depth += 1) {
    const issuer = certificate.issuerCertificate as DetailedPeerCertificate | undefined;
    if (issuer === undefined || issuer.fingerprint256 === certificate.fingerprint256) break;
    certificate = issuer;
  }
  return certificate.fingerprint256;
}

/** OpenSSL follows no longer one. */
const deepestChain = 100;

const noDialect = (url: URL, offered: readonly Dialect[]): FailedOpening => ({
  kind: "failed",
  fault: "uplink/unauthorised",
  words:
    `${shownAddress(url)} accepted none of ${offered.join(", ")}: it speaks no ` +
    `version that this uplink may speak; check the uplink's url and versions`,
});

function failedToOpen(error: Error, url: URL, offered: readonly Dialect[]): OpenedSocket {
  if (/no subprotocol/i.test(error.message)) return { ...noDialect(url, offered), code: unnamed };
  if (/subprotocol/i.test(error.message)) return noDialect(url, offered);
  return notOpened(errorCodeOf(error), url);
}

function notOpened(code: string, url: URL): OpenedSocket {
  const outcome = judgeLost({ kind: "lost", sent: false, reused: false, code }, url);
  const words = "words" in outcome && outcome.words !== undefined ? outcome.words : code;
  return {
    kind: "failed",
    words,
    code,
    ...(refusesCertificate(code, url) ? { refuses: "certificate" as const } : {}),
    ...("fault" in outcome && outcome.fault !== undefined ? { fault: outcome.fault } : {}),
  };
}

/** Under TLS 1.3 a server judges our certificate after we have begun to speak, and some just hang up. */
const refusesCertificate = (code: string, url: URL): boolean =>
  url.protocol === "wss:" &&
  ((/ALERT/.test(code) && !/PROTOCOL_VERSION/.test(code)) || code === "ECONNRESET" || code === "EPIPE");

/** What an HTTP answer to the upgrade means; only 101 opens a websocket. */
function refusedUpgrade(
  { statusCode = 0 }: IncomingMessage,
  url: URL,
  identity: string,
  config: OcppUplinkConfig,
): OpenedSocket {
  const at = shownAddress(url);
  const said = `HTTP ${statusCode}`;
  const held = (words: string): FailedOpening => ({ kind: "failed", fault: "uplink/unauthorised", words });
  if (statusCode === 401 || statusCode === 403) {
    const check = config.passwordFile === undefined ? "no passwordFile is set" : `check ${config.passwordFile}`;
    return {
      ...held(`the backend refuses ${identity} (${said}): check the identity, and ${check}`),
      refuses: "password",
    };
  }
  if (statusCode === 404 || statusCode === 410)
    return held(`the backend knows no station at ${at} (${said}): check the uplink's url and identity`);
  if (statusCode >= 300 && statusCode < 400)
    return held(`${at} redirects (${said}), which is not followed: a login page of the network, or a wrong url`);
  if (statusCode >= 200 && statusCode < 300)
    return held(`${at} answers ${said} and opens no websocket: a login page of the network, or a wrong url`);
  if (statusCode === 400 || statusCode === 405 || statusCode === 426)
    return held(`${at} takes no websocket (${said}): check the uplink's url and versions`);
  return { kind: "failed", words: `${at}: ${said}` };
}

type LineHeaders = Identity & {
  readonly headers: Readonly<Record<string, string>>;
  readonly rejectUnauthorized: true;
  readonly minVersion: "TLSv1.2";
};

/** Throws Failure config/invalid. */
function credentials(
  { name, passwordFile, tls }: OcppUplinkConfig,
  url: URL,
  identity: string,
  shown: Shown,
): LineHeaders {
  if (url.protocol !== "wss:" && !loopback.includes(url.hostname))
    throw new Failure(
      "config/invalid",
      `uplink ${name}: ${shownAddress(url)} is not wss, and the password must not travel in the open`,
    );
  const identification = identityOf(tls, shown);
  if (url.protocol === "wss:") proveUsable(identification);
  const headers: Record<string, string> = { "User-Agent": "chargetill" };
  const ofConfig = (): Buffer | null => (passwordFile === undefined ? null : passwordIn(passwordFile));
  const password = shown.password === undefined ? ofConfig() : shown.password;
  if (password !== null)
    headers["Authorization"] =
      `Basic ${Buffer.concat([Buffer.from(`${identity}:`, "utf8"), password]).toString("base64")}`;
  // Said here, since an environment variable could say otherwise.
  return { headers, ...identification, rejectUnauthorized: true, minVersion: "TLSv1.2" };
}

/** The files of the config, but for what is shown in their place. */
function identityOf(
  { caFile, certFile, keyFile }: OcppUplinkConfig["tls"],
  { certificate, roots = [] }: Shown,
): Identity {
  const files = certificate === undefined ? { caFile, certFile, keyFile } : { caFile };
  const identity = identityIn(files);
  return {
    ...identity,
    ...(certificate === undefined ? {} : { cert: certificate.chain, key: certificate.key }),
    ...(roots.length === 0
      ? {}
      : { ca: [...(identity.ca === undefined ? rootCertificates : [identity.ca].flat()), ...roots] }),
  };
}

/** The password, which appears in no message. */
function passwordIn(path: string): Buffer {
  const password = readSetting("passwordFile", path).toString("utf8").trim();
  if (/^[\x20-\x7e]{1,255}$/.test(password)) return Buffer.from(password);
  throw new Failure(
    "config/invalid",
    `passwordFile ${path} must hold one password of printable characters and nothing else (OCPP: 16 to 40 of them)`,
  );
}

/** Without pings it is asked so often whether they are wanted again. */
const withoutPingsMs = 60_000;

/** How long the other end may take to say goodbye too; a station that stops has two seconds in all. */
const goodbyeMs = 1_000;
/** RFC 6455, 7.4.1. */
export const normalClosure = 1000;
/** Bytes of a close frame's reason. */
const longestGoodbye = 123;

/** Closes a connection with a close frame, so that the other end knows that it is over, and lets go of it soon. */
export function closeSocket(socket: WebSocket, clock: Clock, why: string): void {
  if (socket.readyState !== WebSocket.OPEN) return socket.terminate();
  const cancel = clock.at(clock.now().monoMs + goodbyeMs, () => socket.terminate());
  socket.once("close", cancel);
  socket.resume();
  socket.close(normalClosure, why.replace(/[^ -~]/g, "?").slice(0, longestGoodbye));
}

export type Pings = {
  readonly stop: () => void;
  /** The interval is another one: it counts from now. */
  readonly anew: () => void;
};

/**
 * Sends pings and ends a connection on which nothing came back for two of them. `everyMs` is asked anew each time, 0 =
 * off.
 */
export function keepAlive(
  socket: WebSocket,
  clock: Clock,
  everyMs: () => number,
  dead: (words: string) => void,
): Pings {
  let heard = true;
  let missed = 0;
  let cancel = (): void => undefined;
  let noLongerAwaited = (): void => undefined;
  const next = (): void => {
    const ms = everyMs();
    cancel = clock.at(clock.now().monoMs + (ms > 0 ? ms : withoutPingsMs), () => {
      if (ms > 0) {
        missed = heard ? 0 : missed + 1;
        heard = false;
        if (missed >= 2) return dead(`the backend has been silent for two pings (${(2 * ms) / 1000} s)`);
        socket.ping();
        noLongerAwaited();
        void clock.busy(new Promise<void>((resolve) => (noLongerAwaited = resolve)));
      }
      next();
    });
  };
  const hear = (): void => {
    heard = true;
    noLongerAwaited();
  };
  socket.on("pong", hear);
  socket.on("message", hear);
  next();
  return {
    stop: () => {
      cancel();
      noLongerAwaited();
    },
    anew: () => {
      cancel();
      next();
    },
  };
}

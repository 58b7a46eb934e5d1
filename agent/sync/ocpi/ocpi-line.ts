// The line to one OCPI backend: token, certificates, proxy and the headers of every request, whatever is asked over it.
// Token and certificates are read where they are used, so that what a technician mends in a file heals without a
// restart.
import { randomUUID } from "node:crypto";
import http from "node:http";
import https from "node:https";
import { loopback, type OcpiUplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import { Failure } from "../../core/failure.js";
import { CredentialFile, identityIn, proveUsable } from "../transport/credential-file.js";
import { exchangeHttp, type HttpAnswer, type HttpRequest, type LostRequest } from "../transport/http.js";
import { proxyOf, SecureTunnels, Tunnels } from "../transport/tunnels.js";
import { shownAddress } from "./ocpi-verdict.js";

/** Who sends, by OCPI's routing headers. */
export type OcpiParty = { readonly countryCode: string; readonly partyId: string };

export type LineConfig = Pick<
  OcpiUplinkConfig,
  "name" | "tokenFile" | "tokenHeader" | "toCountryCode" | "toPartyId" | "tls" | "proxy" | "proxyAuthFile"
>;

/** Servers close idle connections after 5 s and more; ours are gone before. */
const idleMs = 2_000;

export class OcpiLine {
  readonly #config: LineConfig;
  readonly #from: OcpiParty;
  readonly #clock: Clock;
  readonly #secure: boolean;
  readonly #token: CredentialFile;
  #agent: http.Agent | undefined;

  /**
   * All requests go to addresses of `url`'s scheme. Throws Failure config/invalid where the token would travel in the
   * open.
   */
  constructor(config: LineConfig, from: OcpiParty, url: URL, clock: Clock) {
    this.#clock = clock;
    this.#config = config;
    this.#from = from;
    this.#token = new CredentialFile("tokenFile", config.tokenFile);
    this.#secure = url.protocol === "https:";
    if (!this.#secure && !(url.protocol === "http:" && loopback.includes(url.hostname)))
      throw new Failure(
        "config/invalid",
        `uplink ${config.name}: ${shownAddress(url)} is not https, and the token must not travel in the open`,
      );
  }

  /** The token, where it and the certificates can be read and used now; else why not. */
  ready(): string | { readonly why: string } {
    try {
      const token = tokenIn(this.#token);
      this.#agent ??= this.#open();
      return token;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { why: error.message };
    }
  }

  /**
   * One request with all headers of OCPI. Never rejects; throws Failure config/invalid where a file cannot be read any
   * more.
   */
  async ask(
    request: Omit<HttpRequest, "agent" | "clock">,
    token: string,
    signal: AbortSignal,
  ): Promise<HttpAnswer | LostRequest> {
    const headers = { ...this.#headers(token), ...request.headers };
    const once = (agent: http.Agent): Promise<HttpAnswer | LostRequest> =>
      exchangeHttp({ ...request, agent, clock: this.#clock, headers }, signal);
    this.#agent ??= this.#open();
    const first = await once(this.#agent);
    if (first.kind === "answer") return first;
    this.close();
    if (!first.reused || !["ECONNRESET", "EPIPE"].includes(first.code)) return first;
    // An idle connection was closed under us: the same again on a fresh one.
    this.#agent = this.#open();
    const second = await once(this.#agent);
    if (second.kind === "lost") this.close();
    return second;
  }

  /** The token reads as if it were encoded already, while this line encodes it. */
  looksEncoded(token: string): boolean {
    return this.#config.tokenHeader === "base64" && looksEncoded(token);
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  #headers(token: string): Record<string, string> {
    return {
      Authorization: `Token ${this.#config.tokenHeader === "plain" ? token : Buffer.from(token, "utf8").toString("base64")}`,
      Accept: "application/json",
      "User-Agent": "chargetill",
      "X-Request-ID": randomUUID(),
      "OCPI-from-country-code": this.#from.countryCode,
      "OCPI-from-party-id": this.#from.partyId,
      "OCPI-to-country-code": this.#config.toCountryCode,
      "OCPI-to-party-id": this.#config.toPartyId,
    };
  }

  #open(): http.Agent {
    const kept = { keepAlive: true, maxSockets: 1, timeout: idleMs };
    const proxy = proxyOf(this.#config);
    if (!this.#secure) return proxy === undefined ? new http.Agent(kept) : new Tunnels(() => proxy, this.#clock, kept);
    const identity = identityIn(this.#config.tls);
    proveUsable(identity);
    // Said here, since an environment variable could say otherwise.
    const options = { ...kept, ...identity, rejectUnauthorized: true, minVersion: "TLSv1.2" } as const;
    return proxy === undefined ? new https.Agent(options) : new SecureTunnels(() => proxy, this.#clock, options);
  }
}

/** The token, which appears in no message. */
function tokenIn(file: CredentialFile): string {
  const token = file.text().trim();
  if (/^[\x21-\x7e]{1,512}$/.test(token)) return token;
  throw new Failure(
    "config/invalid",
    `tokenFile ${file.path} must hold one credentials token of printable characters and nothing else`,
  );
}

/**
 * True when the token reads as the base64 of printable text: the commonest wrong token is the one that was encoded
 * before it was stored.
 */
function looksEncoded(token: string): boolean {
  if (token.length < 8 || token.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(token)) return false;
  return /^[\x21-\x7e]+$/.test(Buffer.from(token, "base64").toString("latin1"));
}

/** Where an answer sends us; undefined where it does not say. */
export function redirectTarget(answer: HttpAnswer, from: URL): URL | undefined {
  const { location } = answer.headers;
  return location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
}

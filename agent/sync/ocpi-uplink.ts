// The HTTPS uplink: posts settled sessions as OCPI CDRs to one receiver (mod_cdrs, Receiver Interface, POST).
// The token and the certificates are read where they are used, so that what a technician mends in a file heals without a restart.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { OcpiUplinkConfig } from "../../config/uplink.js";
import { Failure } from "../failure.js";
import { post, type Answer, type Lost } from "./http.js";
import { held, judge, judgeLost, shown } from "./ocpi-verdict.js";
import type { Outcome, Uplink, UplinkItem } from "./uplink.js";

/** Who sends, by OCPI's routing headers. */
export type OcpiParty = { readonly countryCode: string; readonly partyId: string };

/** The newest checkpoint goes beside the CDR, not in it: all copies of a CDR are byte-equal for ever. Base64, since a note has lines. */
export const checkpointHeader = "X-Chargetill-Checkpoint";

const mostRedirects = 3;
/** Servers close idle connections after 5 s and more; ours are gone before. */
const idleMs = 2_000;
const loopback = ["127.0.0.1", "[::1]", "localhost"];

export class OcpiUplink implements Uplink {
  readonly name: string;
  readonly #config: OcpiUplinkConfig;
  readonly #from: OcpiParty;
  readonly #url: URL;
  #agent: http.Agent | undefined;

  /**
   * `checkpoint` is the signed note over all receipts so far, asked at each send: whoever keeps it can tell when any receipt is removed later.
   * Throws Failure config/invalid where the token would travel in the open.
   */
  constructor(config: OcpiUplinkConfig, from: OcpiParty, private readonly checkpoint: () => string = () => "") {
    this.name = config.name;
    this.#config = config;
    this.#from = from;
    this.#url = new URL(config.url);
    if (this.#url.protocol !== "https:" && !(this.#url.protocol === "http:" && loopback.includes(this.#url.hostname)))
      throw new Failure("config/invalid", `uplink ${config.name}: ${shown(this.#url)} is not https, and the token must not travel in the open`);
  }

  async send(item: UplinkItem, signal: AbortSignal): Promise<Outcome> {
    let token: string;
    try {
      token = readToken(this.#config.tokenFile);
      this.#agent ??= this.#open();
    } catch (error) {
      return held(error instanceof Error ? error.message : String(error));
    }
    let url = this.#url;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#post(url, item, token, signal);
      if (answer.kind === "lost") {
        this.close();
        return judgeLost(answer, url);
      }
      if (answer.status !== 307 && answer.status !== 308) {
        const tokenLooksEncoded = looksEncoded(token);
        return judge(answer, { url, tokenFile: this.#config.tokenFile, tokenLooksEncoded, envelope: this.#config.envelope });
      }
      const next = target(answer, url);
      if (next === undefined || redirects === mostRedirects) return held(`${shown(url)} redirects without end or without a target: check the uplink's url`);
      if (next.origin !== url.origin) return held(`${shown(url)} redirects to ${next.origin}, which is not followed since the token would leak: check the uplink's url`);
      url = next;
    }
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  async #post(url: URL, item: UplinkItem, token: string, signal: AbortSignal): Promise<Answer | Lost> {
    const once = (agent: http.Agent): Promise<Answer | Lost> =>
      post({ url, agent, body: item.body, headers: this.#headers(item, token), timeoutMs: this.#config.timeout }, signal);
    const first = await once((this.#agent ??= this.#open()));
    if (first.kind === "answer" || !first.reused || !["ECONNRESET", "EPIPE"].includes(first.code)) return first;
    // An idle connection was closed under us: the same copy again on a fresh one.
    this.close();
    return await once((this.#agent = this.#open()));
  }

  #headers(item: UplinkItem, token: string): Record<string, string> {
    const checkpoint = this.checkpoint();
    return {
      ...(checkpoint === "" ? {} : { [checkpointHeader]: Buffer.from(checkpoint, "utf8").toString("base64") }),
      Authorization: `Token ${Buffer.from(token, "utf8").toString("base64")}`,
      Accept: "application/json",
      "Content-Type": "application/json",
      "User-Agent": "chargetill",
      "X-Request-ID": randomUUID(),
      // All copies of one CDR belong together.
      "X-Correlation-ID": item.id,
      "Idempotency-Key": item.id,
      "OCPI-from-country-code": this.#from.countryCode,
      "OCPI-from-party-id": this.#from.partyId,
      "OCPI-to-country-code": this.#config.toCountryCode,
      "OCPI-to-party-id": this.#config.toPartyId,
    };
  }

  #open(): http.Agent {
    const kept = { keepAlive: true, maxSockets: 1, timeout: idleMs };
    if (this.#url.protocol === "http:") return new http.Agent(kept);
    const { caFile, certFile, keyFile } = this.#config.tls;
    const identity = {
      ...(caFile === undefined ? {} : { ca: readSetting("tls.caFile", caFile) }),
      ...(certFile === undefined ? {} : { cert: readSetting("tls.certFile", certFile) }),
      ...(keyFile === undefined ? {} : { key: readSetting("tls.keyFile", keyFile) }),
    };
    proveUsable(identity);
    // Said here, since an environment variable could say otherwise.
    return new https.Agent({ ...kept, ...identity, rejectUnauthorized: true, minVersion: "TLSv1.2" });
  }
}

function readSetting(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Failure("config/invalid", `${name} ${path} cannot be read (${error instanceof Error && "code" in error ? error.code : "unknown"})`, { cause: error });
  }
}

function proveUsable(identity: SecureContextOptions): void {
  try {
    createSecureContext(identity);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure("config/invalid", `the files under tls cannot be used together (${why}): check tls.caFile, tls.certFile and tls.keyFile`, { cause: error });
  }
}

/** The token, which appears in no message. */
function readToken(path: string): string {
  const token = readSetting("tokenFile", path).toString("utf8").trim();
  if (/^[\x21-\x7e]{1,512}$/.test(token)) return token;
  throw new Failure("config/invalid", `tokenFile ${path} must hold one credentials token of printable characters and nothing else`);
}

/** True when the token reads as the base64 of printable text: the commonest wrong token is the one that was encoded before it was stored. */
function looksEncoded(token: string): boolean {
  if (token.length < 8 || token.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(token)) return false;
  return /^[\x21-\x7e]+$/.test(Buffer.from(token, "base64").toString("latin1"));
}

function target(answer: Answer, from: URL): URL | undefined {
  const location = answer.headers.location;
  return location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
}

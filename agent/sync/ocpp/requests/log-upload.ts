// Brings a log to where the CSMS asks for it (2.x: N01 GetLog; 1.6: GetDiagnostics, and GetLog of the security paper):
// by PUT over HTTPS, to hosts that the config names and to no other, with card numbers and secrets taken out before.
import http from "node:http";
import https from "node:https";
import { rootCertificates } from "node:tls";
import { loopback, type OcppUplinkConfig } from "../../../../config/uplink-schema.js";
import { type Clock, sleep } from "../../../../drivers/driver.js";
import { Failure } from "../../../core/failure.js";
import { identityIn } from "../../transport/credential-file.js";
import { exchangeHttp } from "../../transport/http.js";
import { proxyOf, SecureTunnels, Tunnels } from "../../transport/tunnels.js";
import type { CsmsLink } from "../rpc/link.js";
import { callFailure } from "../rpc/rpc.js";

/** Epoch ms; absent = without that bound. */
export type LogSpan = { readonly sinceMs?: number; readonly untilMs?: number };

export type LogUploadParts = {
  readonly config: OcppUplinkConfig;
  readonly clock: Clock;
  /** Both are fit to be read by strangers. */
  readonly diagnostics: (span: LogSpan) => Promise<string>;
  readonly securityLog: () => string;
  readonly note: (text: string) => void;
};

export type LogOrder = {
  readonly kind: "DiagnosticsLog" | "SecurityLog";
  readonly url: URL;
  readonly span: LogSpan;
  /** Of how it goes a CSMS is told by this message. */
  readonly message: "LogStatusNotification" | "DiagnosticsStatusNotification";
  readonly requestId?: number;
  readonly fileName: string;
  readonly retries: number;
  readonly retryMs: number;
};

const uploadTimeoutMs = 300_000;
/** The answer to an upload is of no interest but for its status. */
const longestUploadAnswer = 64 * 1024;
export const mostUploadRetries = 5;

export class LogUploads {
  readonly #parts: LogUploadParts;
  #running: { readonly order: LogOrder; readonly stop: AbortController } | undefined;

  constructor(parts: LogUploadParts) {
    this.#parts = parts;
  }

  /** Why nothing is sent there; undefined = it is. */
  whyNotTo(url: URL): string | undefined {
    const { logHosts } = this.#parts.config;
    const isSecure = url.protocol === "https:" || (url.protocol === "http:" && loopback.includes(url.hostname));
    if (!isSecure) return "logs go out over https alone";
    return logHosts.includes(url.host) ? undefined : `${url.host} is not one of logHosts in the config`;
  }

  /** One is under way, which another would take the place of. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** To be called when the answer is on its way. */
  begin(order: LogOrder, link: CsmsLink): void {
    const before = this.#running;
    before?.stop.abort();
    if (before?.order.message === "LogStatusNotification") void tell(link, before.order, "AcceptedCanceled");
    const stop = new AbortController();
    this.#running = { order, stop };
    void this.#upload(order, link, stop.signal).catch((error: unknown) => {
      // A log is not worth a station: what went wrong in making it is a word in the log and no more.
      if (this.#running?.stop === stop) this.#running = undefined;
      this.#parts.note(`${order.kind} could not be made: ${String(error)}`);
      void tell(link, order, "UploadFailure");
    });
  }

  /** Gives up what is under way; nobody is told. */
  close(): void {
    this.#running?.stop.abort();
  }

  /** How it stands, as the CSMS asks (TriggerMessage). */
  repeat(message: LogOrder["message"], link: CsmsLink): void {
    const order = this.#running?.order;
    if (order?.message === message) return void tell(link, order, "Uploading");
    void tell(link, { message }, "Idle");
  }

  async #upload(order: LogOrder, link: CsmsLink, signal: AbortSignal): Promise<void> {
    const { clock, diagnostics, securityLog, note } = this.#parts;
    await tell(link, order, "Uploading");
    const text = order.kind === "SecurityLog" ? securityLog() : await clock.busy(diagnostics(order.span));
    let failed: string | undefined = "not tried";
    for (let tries = 0; tries <= order.retries && failed !== undefined && !signal.aborted; tries += 1) {
      if (tries > 0) await sleep(clock, order.retryMs, signal);
      failed = signal.aborted ? "given up" : await clock.busy(this.#put(order.url, text, signal));
    }
    if (signal.aborted) return;
    this.#running = undefined;
    note(
      `${order.kind} ${failed === undefined ? "was sent to" : `could not be sent to`} ${order.url.host}${failed === undefined ? "" : `: ${failed}`}`,
    );
    await tell(link, order, failed === undefined ? "Uploaded" : "UploadFailure");
  }

  /** Undefined = it is there; else why not. */
  async #put(url: URL, body: string, signal: AbortSignal): Promise<string | undefined> {
    const { clock } = this.#parts;
    let agent: http.Agent;
    try {
      agent = this.#agentFor(url);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return error.message;
    }
    const headers = { "Content-Type": "text/plain; charset=utf-8", "User-Agent": "chargetill" };
    const answer = await exchangeHttp(
      { method: "PUT", url, headers, body, agent, clock, timeoutMs: uploadTimeoutMs, longest: longestUploadAnswer },
      signal,
    );
    agent.destroy();
    if (answer.kind === "lost") return answer.code;
    return answer.status >= 200 && answer.status < 300 ? undefined : `HTTP ${answer.status}`;
  }

  #agentFor(url: URL): http.Agent {
    const { config, clock } = this.#parts;
    const proxy = proxyOf(config);
    if (url.protocol === "http:") return proxy === undefined ? new http.Agent() : new Tunnels(() => proxy, clock);
    const { ca } = identityIn({ caFile: config.tls.caFile });
    // Said here, since an environment variable could say otherwise.
    const options = {
      ...(ca === undefined ? {} : { ca: [...rootCertificates, ...[ca].flat()] }),
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
    } as const;
    return proxy === undefined ? new https.Agent(options) : new SecureTunnels(() => proxy, clock, options);
  }
}

/** A status that cannot be told is not told later: the next one says more. */
async function tell(
  link: CsmsLink,
  { message, requestId }: Pick<LogOrder, "message" | "requestId">,
  status: string,
): Promise<void> {
  const payload =
    message === "DiagnosticsStatusNotification"
      ? { status: status === "UploadFailure" ? "UploadFailed" : status }
      : { status, ...(requestId === undefined ? {} : { requestId }) };
  try {
    await link.call(message, payload);
  } catch (error) {
    callFailure(error);
  }
}

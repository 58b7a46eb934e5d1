// One request over node:http or node:https, bounded in time and size, told apart by what can be known afterwards:
// an answer (whole or broken), or none; and if none, whether the other side may have read the request.
import http from "node:http";
import https from "node:https";
import { gunzipSync } from "node:zlib";
import { type Clock, isDefect } from "../../../drivers/driver.js";
import { cleanedText, shortLine } from "../../core/words/printable.js";
import { errorCodeOf } from "./error-code.js";

export type HttpAnswer = {
  readonly kind: "answer";
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** undefined = cut, too long or not decodable; `broken` says which. */
  readonly body: string | undefined;
  readonly broken?: string;
};

export type LostRequest = {
  readonly kind: "lost";
  /** False only where the connection never stood, so that nothing can have arrived. */
  readonly sent: boolean;
  /** The connection was an idle one from before: servers close those at any moment. */
  readonly reused: boolean;
  /** Node's or OpenSSL's code, such as ECONNREFUSED. */
  readonly code: string;
};

export type HttpRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent = a request without one. */
  readonly body?: string;
  readonly agent: http.Agent;
  readonly clock: Clock;
  /** For the whole exchange, from the first byte of the connection to the last of the answer. */
  readonly timeoutMs: number;
  /** Bytes of an answer, packed and unpacked; more than this is none. */
  readonly longest?: number;
};

/** An OCPI answer to a CDR is a few hundred bytes; more than this is not one. */
const longestAnswer = 64 * 1024;
const timedOut = "ETIMEDOUT";

/** Never rejects. */
export function exchangeHttp(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | LostRequest> {
  return new Promise((resolve) => {
    const secure = request.url.protocol === "https:";
    let connected = false;
    let outgoing: http.ClientRequest | undefined;
    const settle = (result: HttpAnswer | LostRequest): void => {
      cancelTimeout();
      signal.removeEventListener("abort", onAbort);
      resolve(result);
    };
    const lost = (code: string): void =>
      settle({ kind: "lost", sent: connected && !/ALERT/.test(code), reused: outgoing?.reusedSocket ?? false, code });
    const giveUp = (code: string): void => {
      lost(code);
      outgoing?.destroy();
    };
    const onAbort = (): void => giveUp("ABORT");
    const { clock, timeoutMs } = request;
    const cancelTimeout = clock.at(clock.now().monoMs + timeoutMs, () => giveUp(timedOut));
    if (signal.aborted) return giveUp("ABORT");
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      outgoing = (secure ? https : http).request(request.url, {
        method: request.method,
        agent: request.agent,
        headers: {
          ...request.headers,
          ...(request.body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(request.body)) }),
          "Accept-Encoding": "gzip",
        },
      });
    } catch (error) {
      if (isDefect(error)) throw error;
      return lost(errorCodeOf(error));
    }
    outgoing.on("socket", (socket) => {
      // A socket that is not connecting any more comes from the agent's pool.
      if (!socket.connecting) connected = true;
      else socket.once(secure ? "secureConnect" : "connect", () => (connected = true));
    });
    let answered = false;
    outgoing.on("response", (incoming) => {
      answered = true;
      read(incoming, request.longest ?? longestAnswer, settle);
    });
    outgoing.on("error", (error) => {
      // Once an answer has begun, what happens to it is its reader's to tell.
      if (!answered) lost(errorCodeOf(error));
    });
    outgoing.end(request.body);
  });
}

/** Reads an answer to its end, or says why it cannot be read. */
function read(incoming: http.IncomingMessage, longest: number, done: (answer: HttpAnswer) => void): void {
  const answer = { kind: "answer", status: incoming.statusCode ?? 0, headers: incoming.headers } as const;
  const broken = (why: string): void => done({ ...answer, body: undefined, broken: why });
  const chunks: Buffer[] = [];
  let length = 0;
  incoming.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= longest) return;
    broken("the answer is longer than any OCPI answer");
    incoming.destroy();
  });
  // A cut answer closes without an end; the error that may come with it adds nothing.
  incoming.on("error", () => {});
  incoming.on("close", () => {
    if (!incoming.complete) broken("the answer was cut off");
  });
  incoming.on("end", () => {
    if (!incoming.complete) return broken("the answer was cut off");
    const text = decoded(Buffer.concat(chunks), longest, incoming.headers["content-encoding"]);
    if ("text" in text) done({ ...answer, body: text.text });
    else broken(text.why);
  });
}

function decoded(
  bytes: Buffer,
  longest: number,
  encoding = "identity",
): { readonly text: string } | { readonly why: string } {
  const coding = encoding.trim().toLowerCase();
  // Nothing is nothing in every coding, and "x-gzip" is gzip (RFC 9110, 8.4.1.3).
  if (coding === "identity" || bytes.length === 0) return { text: textOf(bytes) };
  if (coding !== "gzip" && coding !== "x-gzip")
    return { why: `the answer is encoded as ${shortLine(cleanedText(encoding), 20)}, which was not asked for` };
  try {
    return { text: textOf(gunzipSync(bytes, { maxOutputLength: longest })) };
  } catch {
    return { why: "the answer's gzip is damaged or too long" };
  }
}

/** Some backends begin with a byte order mark, which a reader may pass over (RFC 8259, 8.1). */
const textOf = (bytes: Buffer): string => bytes.toString("utf8").replace(/^\uFEFF/, "");

// What an answer to a posted CDR means, by HTTP status and by the OCPI envelope together (transport_and_format,
// status_codes). Only both together accept: a login page answers 200 as well, and a wrong token has been seen to draw
// HTTP 200 with status_code 3000.

import { deepestJson, parseBoundedJson } from "../../core/json/bounded-json.js";
import { cleanJson } from "../../core/json/clean-json.js";
import { printable } from "../../core/words/printable.js";
import type { HttpAnswer, LostRequest } from "../transport/http.js";
import { heldOutcome, type Outcome } from "../uplink.js";

export type AnswerExpectation = {
  /** For the words. */
  readonly url: URL;
  readonly tokenFile: string;
  /** The token as it stands in the file looks as if it were base64 already. */
  readonly tokenLooksEncoded: boolean;
  /** `none` = an empty 201 or 204 is an acceptance. */
  readonly envelope: "ocpi" | "none";
};

/** `cleaned` = texts in it that were not clean; `values` = how many it holds in all. */
export type OcpiEnvelope = {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
  readonly cleaned: number;
  readonly values: number;
};

/** What an answer to a receipt or about one card may hold; a list has bounds of its own. */
const mostAnswerValues = 2_000;

export function judgeAnswer(answer: HttpAnswer, expected: AnswerExpectation): Outcome {
  const { status } = answer;
  const envelope = envelopeOf(answer.body);
  const words = answerWords(answer, envelope);
  if (status >= 200 && status < 300) return judgeEnvelope(answer, envelope, words, expected);
  if (status === 409) return { kind: "accepted", receipt: words };
  // A web server's words for a missing or unknown client certificate; no receipt is to blame.
  if (status === 400 && envelope === undefined && /ssl certificate/i.test(answer.body ?? ""))
    return heldOutcome(
      `${expected.url.host} does not accept this station's certificate: check tls.certFile and tls.keyFile (${words})`,
    );
  if (status === 400 || status === 422) return { kind: "refused", reason: words + hintTo(words) };
  if (status === 401 || status === 403) return heldByAnswer(`${wrongToken(expected)} (${words})`);
  if (status === 404 || status === 405 || status === 410)
    return heldByAnswer(`the address ${shownAddress(expected.url)} takes no CDRs (${words}): check the uplink's url`);
  if (status >= 300 && status < 400)
    return {
      kind: "unsure",
      countsAsAttempt: true,
      fault: "uplink/unsure",
      words: `${shownAddress(expected.url)} redirects (${words}), which is not followed: a login page, or a wrong url`,
    };
  return again(answer, words);
}

/**
 * Not taken now. 5xx and most of 4xx may be this one receipt's doing, so each counts as an attempt; a server that is
 * busy, or that names a time, speaks of itself.
 */
function again(answer: HttpAnswer, words: string): Outcome {
  const afterMs = retryAfterMs(answer);
  const busy = afterMs !== undefined || [408, 425, 429].includes(answer.status);
  return { kind: "retry", countsAsAttempt: !busy, words, ...(afterMs === undefined ? {} : { afterMs }) };
}

/** An answer for people: HTTP status, and the words of its envelope, or of the page where it is none. */
export function answerWords({ status, body }: HttpAnswer, envelope: OcpiEnvelope | undefined): string {
  if (envelope !== undefined)
    return `HTTP ${status}, OCPI ${envelope.code}${envelope.message === "" ? "" : ` "${envelope.message}"`}`;
  const page =
    status < 400
      ? ""
      : printable((body ?? "").slice(0, longestPage).replace(/<(script|style)[\s\S]*?<\/\1>|<[^>]*>/gi, " "), " ")
          .replace(/\s+/g, " ")
          .trim();
  return `HTTP ${status}${page === "" ? "" : ` "${page.slice(0, longestQuote)}"`}`;
}

/** Receivers of the first 2.2.1 take 512 characters of it, and a signed record has more. */
const hintTo = (words: string): string =>
  /plain_?data/i.test(words) ? "; set signedData: empty for this uplink, then: chargetill sync resend all" : "";

/** As much of an error page as is looked at, and quoted. */
const longestPage = 4_096;
const longestQuote = 80;
const longestMessage = 200;

function judgeEnvelope(
  answer: HttpAnswer,
  envelope: OcpiEnvelope | undefined,
  said: string,
  expected: AnswerExpectation,
): Outcome {
  if (envelope === undefined) {
    if (expected.envelope === "none" && (answer.status === 201 || answer.status === 204) && answer.body?.trim() === "")
      return { kind: "accepted", receipt: said };
    if (answer.broken === "the answer was cut off") return lostAt(`${said}, but ${answer.broken}`);
    const why =
      answer.broken ??
      (answer.body?.trim() === ""
        ? "the answer is empty"
        : "this is not an OCPI answer (a login page of the network?)");
    return {
      kind: "unsure",
      countsAsAttempt: true,
      fault: "uplink/unsure",
      words: `${shownAddress(expected.url)}: ${said}, but ${why}`,
    };
  }
  const { code } = envelope;
  if (code < 2000) return { kind: "accepted", receipt: said };
  if (code < 3000) return { kind: "refused", reason: said + hintTo(said) };
  if (code === 4001)
    return heldByAnswer(`the hub does not know the receiver (${said}): check toCountryCode and toPartyId`);
  const hint = code === 3000 ? `; some backends answer so to a wrong token: check ${expected.tokenFile}` : "";
  return again(answer, said + hint);
}

/**
 * Most likely a setting, and all wait. A gateway before the backend has been seen to say so of one message alone: it
 * counts as an attempt, and where the next one is taken it was that message.
 */
const heldByAnswer = (words: string): Outcome => ({ ...heldOutcome(words), countsAsAttempt: true });

/** It may have been read. Where it goes so each time, while others are taken, it is that message. */
const lostAt = (words: string): Outcome => ({ kind: "unsure", countsAsAttempt: true, lineLost: true, words });

/** No answer: a line that never stood is simply tried again; a request that may have been read is in doubt. */
export function judgeLost(lost: LostRequest, url: URL): Outcome {
  const { words, needsPerson } = whyLost(lost, url);
  if (needsPerson) return heldOutcome(words);
  return lost.sent
    ? lostAt(`${words}; sent, but no answer was seen`)
    : { kind: "retry", countsAsAttempt: false, words };
}

/** Why no answer came, and whether it takes a person to mend that. */
export function whyLost({ code }: LostRequest, url: URL): { readonly words: string; readonly needsPerson: boolean } {
  if (code.startsWith("PROXY ")) return ofProxy(code.slice("PROXY ".length), url);
  const identity = identityWords(code, url);
  if (identity !== undefined) return { words: identity, needsPerson: true };
  // Under TLS 1.3 a server judges our certificate after we have begun to speak, and some just hang up.
  const hint =
    /^(?:https|wss):$/.test(url.protocol) && (code === "ECONNRESET" || code === "EPIPE")
      ? " (a backend that wants another client certificate may do so: check tls.certFile)"
      : "";
  return { words: `${shownAddress(url)}: ${lineWords.get(code) ?? code}${hint}`, needsPerson: false };
}

export function wrongToken({
  tokenFile,
  tokenLooksEncoded,
}: Pick<AnswerExpectation, "tokenFile" | "tokenLooksEncoded">): string {
  const encoded = tokenLooksEncoded ? "; it looks base64-encoded already, but the file must hold the plain token" : "";
  return `the backend does not accept the token in ${tokenFile}${encoded}`;
}

/** An address for people: never with user, password or query. */
export function shownAddress(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

const lineWords: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ECONNREFUSED: "nothing listens there",
    ENOTFOUND: "the name is not known (no network, or no DNS)",
    EAI_AGAIN: "the name cannot be looked up (no network, or no DNS)",
    ENETUNREACH: "there is no network",
    EHOSTUNREACH: "the machine cannot be reached",
    ECONNRESET: "the connection was cut",
    EPIPE: "the connection was cut",
    EPROTO: "no TLS is spoken there (is the port right?)",
    ETIMEDOUT: "no answer in time",
    ABORT: "given up, since the station stops",
  }),
);

/** What the proxy on the way said or did; these need a person, unless they are in `passing`. */
const proxyWords: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "407": "asks for a user and password, or does not accept those in proxyAuthFile",
    "403": "does not allow this station to reach the backend: allow it there",
    "405": "does not do CONNECT: is it an HTTP proxy?",
    EPROTO: "does not answer as an HTTP proxy: check its address and port",
    ENOTFOUND: "has a name that is not known: check its address",
  }),
);
const passing: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "502": "cannot reach the backend (502)",
    "503": "is busy (503)",
    "504": "got no answer from the backend (504)",
  }),
);

function ofProxy(said: string, url: URL): { readonly words: string; readonly needsPerson: boolean } {
  const needsPerson = proxyWords.get(said);
  if (needsPerson !== undefined)
    return { words: `on the way to ${url.host} the proxy ${needsPerson} (${said})`, needsPerson: true };
  return {
    words:
      `on the way to ${url.host} the proxy ` +
      `${passing.get(said) ?? (/^\d{3}$/.test(said) ? `answers ${said}` : `cannot be reached: ${lineWords.get(said) ?? said}`)}`,
    needsPerson: false,
  };
}

function identityWords(code: string, url: URL): string | undefined {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `the certificate of ${url.host} is made out to another name`;
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return `the certificate of ${url.host} is not valid today: check the station's clock, then the backend`;
  if (/SELF_SIGNED|UNABLE_TO_|ISSUER_CERT|INVALID_CA|CERT_UNTRUSTED|CERT_SIGNATURE|CERT_REVOKED/.test(code))
    return `the certificate of ${url.host} is not signed by an authority this station knows: check tls.caFile (${code})`;
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(code))
    return `${url.host} speaks no TLS of version 1.2 or newer (${code}): the backend has to be updated`;
  if (/HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_CIPHER/.test(code))
    return (
      `${url.host} and this station do not agree on TLS: it wants a client certificate (tls.certFile), ` +
      `or they have no cipher suite in common (${code})`
    );
  if (/ALERT/.test(code))
    return `${url.host} does not accept this station's certificate: check tls.certFile and tls.keyFile (${code})`;
  return undefined;
}

/** The OCPI envelope of an answer, if it is one and holds no more than so many values; its texts are clean. */
export function envelopeOf(body: string | undefined, most = mostAnswerValues): OcpiEnvelope | undefined {
  const read = body === undefined ? undefined : parseBoundedJson(body, { values: most, depth: deepestJson });
  if (read?.ok !== true) return undefined;
  const { value, cleaned } = cleanJson(read.value);
  if (typeof value !== "object" || value === null || !("status_code" in value)) return undefined;
  const code = value.status_code;
  if (typeof code !== "number" || !Number.isInteger(code) || code < 1000 || code > 4999) return undefined;
  const message = "status_message" in value && typeof value.status_message === "string" ? value.status_message : "";
  return {
    code,
    message: message.slice(0, longestMessage),
    data: "data" in value ? value.data : undefined,
    cleaned,
    values: read.values,
  };
}

/**
 * Retry-After in seconds, or as a date, which is measured against the answer's own Date so that our clock does not
 * matter.
 */
export function retryAfterMs({ headers }: HttpAnswer): number | undefined {
  const asked = headers["retry-after"];
  if (asked === undefined) return undefined;
  if (/^\d{1,9}$/.test(asked)) return Number(asked) * 1000;
  const afterMs = Date.parse(asked) - Date.parse(headers.date ?? "");
  return Number.isFinite(afterMs) && afterMs > 0 ? afterMs : undefined;
}

// A whole list over OCPI, page after page by the Link header (transport_and_format, Pagination): all of it or nothing.
// What a slow or lying server can cost is bounded in time, pages, rows and bytes, and neither a next page nor a
// redirect is followed to another origin.
import type { Clock } from "../../../drivers/driver.js";
import { deepestJson, jsonCost } from "../../core/json/bounded-json.js";
import type { HttpAnswer } from "../transport/http.js";
import type { UplinkFault } from "../uplink.js";
import { type OcpiLine, redirectTarget } from "./ocpi-line.js";
import { answerWords, envelopeOf, retryAfterMs, shownAddress, whyLost, wrongToken } from "./ocpi-verdict.js";

/** `afterMs` = how long the server asks to be left alone. */
export type FetchTrouble = {
  readonly ok: false;
  readonly words: string;
  readonly fault?: UplinkFault;
  readonly afterMs?: number;
};
/**
 * `serverMs` = the server's time when it gave the first page, where it says so; `cleaned` = texts that were not clean.
 */
export type FetchResult = { readonly ok: true; readonly cleaned: number; readonly serverMs?: number } | FetchTrouble;

export type FetchOptions = {
  readonly clock: Clock;
  readonly url: URL;
  readonly tokenFile: string;
  /** The config's key for the address, for the words. */
  readonly key: "tokensUrl" | "tariffsUrl";
  /** Only what was changed at or after this time, as the backend wrote it. */
  readonly dateFrom?: string;
  readonly timeoutMs: number;
  /** For the whole list. */
  readonly totalMs: number;
  readonly bounds: ListBounds;
};

/** What all pages together may hold: a row of OCPI has some 300 characters and 12 values, a tariff often ten times that. */
export type ListBounds = { readonly rows: number; readonly bytes: number; readonly values: number };

const pageRows = 500;
const mostPages = 2_000;
const mostRedirects = 3;
/**
 * What a page may cost, by the rows that were asked for: bytes packed and unpacked, and values once it is parsed. Short
 * rows make up for long ones, and for a server that gives more of them than it was asked for.
 */
const rowBytes = 8 * 1024;
const rowValues = 200;
const longestPage = pageRows * rowBytes;
const mostPageValues = pageRows * rowValues;

/** Hands over each page as it comes, in parts; what was handed over counts only where the answer is `ok`. Never rejects. */
export async function fetchAll(
  line: OcpiLine,
  options: FetchOptions,
  signal: AbortSignal,
  take: (rows: readonly unknown[]) => void,
): Promise<FetchResult> {
  const token = line.ready();
  if (typeof token !== "string") return { ok: false, words: token.why, fault: "uplink/unauthorised" };
  const { clock, totalMs } = options;
  const over = new AbortController();
  const cancelTimeout = clock.at(clock.now().monoMs + totalMs, () => over.abort());
  try {
    return await fetchPages(line, options, token, { stop: signal, over: over.signal }, take);
  } finally {
    cancelTimeout();
  }
}

async function fetchPages(
  line: OcpiLine,
  options: FetchOptions,
  token: string,
  { stop, over }: { readonly stop: AbortSignal; readonly over: AbortSignal },
  take: (rows: readonly unknown[]) => void,
): Promise<FetchResult> {
  const seen = new Set<string>();
  const sum = { rows: 0, bytes: 0, values: 0, cleaned: 0 };
  let serverMs = Number.NaN;
  let url: URL | undefined = firstPage(options);
  while (url !== undefined) {
    if (seen.has(url.href) || seen.size >= mostPages)
      return bad(options.url, "the pages lead round in a circle or never end");
    seen.add(url.href);
    const answer = await askFor(line, url, options, token, AbortSignal.any([stop, over]));
    if (over.aborted) return bad(options.url, `the list was not whole within ${Math.round(options.totalMs / 1000)} s`);
    if ("ok" in answer) return answer;
    const page = pageOf(answer, url, line.looksEncoded(token), options);
    if ("ok" in page) return page;
    sum.rows += page.rows.length;
    sum.bytes += answer.body?.length ?? 0;
    sum.values += page.values;
    sum.cleaned += page.cleaned;
    const { bounds } = options;
    if (sum.rows > bounds.rows || sum.bytes > bounds.bytes || sum.values > bounds.values)
      return bad(
        options.url,
        "the list is longer than this station holds " +
          `(${bounds.rows} rows, ${bounds.bytes / 1024 / 1024} MiB, ${bounds.values} values)`,
      );
    await takeInParts(page.rows, take);
    if (stop.aborted) return bad(options.url, "given up, since the station stops");
    if (Number.isNaN(serverMs)) serverMs = Date.parse(answer.headers.date ?? "");
    url = page.next;
    const total = Number(answer.headers["x-total-count"] ?? Number.NaN);
    if (url === undefined && Number.isSafeInteger(total) && sum.rows < total)
      return bad(options.url, `the list ends after ${sum.rows} of ${total} rows`);
  }
  return { ok: true, cleaned: sum.cleaned, ...(Number.isNaN(serverMs) ? {} : { serverMs }) };
}

/** A row that cannot be read costs most: between some of them the meters are looked at. */
const rowsAtOnce = 50;

async function takeInParts(rows: readonly unknown[], take: (rows: readonly unknown[]) => void): Promise<void> {
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    take(rows.slice(from, from + rowsAtOnce));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const bad = (url: URL, why: string): FetchTrouble => ({ ok: false, words: `${shownAddress(url)}: ${why}` });

function firstPage({ url, dateFrom }: FetchOptions): URL {
  const first = new URL(url);
  first.searchParams.set("offset", "0");
  first.searchParams.set("limit", String(pageRows));
  if (dateFrom !== undefined) first.searchParams.set("date_from", dateFrom);
  return first;
}

/** One page, over redirects within its origin. */
async function askFor(
  line: OcpiLine,
  first: URL,
  { timeoutMs, key }: FetchOptions,
  token: string,
  signal: AbortSignal,
): Promise<HttpAnswer | FetchTrouble> {
  let url = first;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await line.ask({ method: "GET", url, headers: {}, timeoutMs, longest: longestPage }, token, signal);
    if (answer.kind === "lost") {
      const { words, needsPerson } = whyLost(answer, url);
      return { ok: false, words, ...(needsPerson ? { fault: "uplink/unauthorised" } : {}) };
    }
    if (answer.status < 300 || answer.status > 399) return answer;
    const next = redirectTarget(answer, url);
    const where =
      next === undefined || next.origin === url.origin ? "" : ` to ${next.origin}, where the token must not go`;
    if (where !== "" || next === undefined || redirects === mostRedirects || ![307, 308].includes(answer.status))
      return bad(
        url,
        `redirects${where} (HTTP ${answer.status}), which is not followed: a login page of the network, or a wrong ${key}`,
      );
    url = next;
  }
}

type Page = {
  readonly rows: readonly unknown[];
  readonly values: number;
  readonly cleaned: number;
  readonly next: URL | undefined;
};

function pageOf(answer: HttpAnswer, url: URL, tokenLooksEncoded: boolean, options: FetchOptions): FetchTrouble | Page {
  const { status } = answer;
  const said = (): string => answerWords(answer, envelopeOf(answer.body));
  if (status === 401 || status === 403)
    return {
      ok: false,
      fault: "uplink/unauthorised",
      words: `${wrongToken({ tokenFile: options.tokenFile, tokenLooksEncoded })} (${said()})`,
    };
  if (status === 404 || status === 405 || status === 410)
    return {
      ok: false,
      fault: "uplink/unauthorised",
      words: `${shownAddress(url)} is not a list (${said()}): check ${options.key}`,
    };
  const envelope = envelopeOf(answer.body, mostPageValues);
  const cost = envelope?.values ?? jsonCost(answer.body ?? "", { values: mostPageValues, depth: deepestJson });
  if (typeof cost === "string") return bad(url, `the page is not read: ${cost}`);
  if (status !== 200 || envelope === undefined || envelope.code >= 2000) {
    const why =
      answer.broken ??
      (status === 200 && envelope === undefined ? "this is not an OCPI answer (a login page of the network?)" : said());
    const hint =
      envelope?.code === 3000 ? `; some backends answer so to a wrong token: check ${options.tokenFile}` : "";
    const afterMs = retryAfterMs(answer);
    return { ...bad(url, why + hint), ...(afterMs === undefined ? {} : { afterMs }) };
  }
  const { data, cleaned, values } = envelope;
  if (!Array.isArray(data)) return bad(url, "the answer holds no list");
  const page = { rows: data as unknown[], values, cleaned };
  const link = nextLink(answer.headers["link"]);
  if (link === undefined) return { ...page, next: undefined };
  if (!URL.canParse(link, url.href)) return bad(url, "its next page has no address");
  const next = new URL(link, url);
  if (next.origin !== options.url.origin)
    return bad(url, `its next page is at ${next.origin}, where the token must not go`);
  return { ...page, next };
}

/** The target of `rel="next"` (RFC 8288). */
function nextLink(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.join(", ") : (header ?? "");
  for (const [, target = "", parameters = ""] of text.matchAll(/<([^>]*)>([^<]*)/g))
    if (/;\s*rel\s*=\s*"?(?:[^"]*\s)?next\b/i.test(parameters)) return target;
  return undefined;
}

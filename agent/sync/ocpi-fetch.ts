// A whole list over OCPI, page after page by the Link header (transport_and_format, Pagination): all of it or nothing. What a slow or lying
// server can cost is bounded in time, pages, rows and bytes, and a next page is only looked for where the first one was.
import type { Answer } from "./http.js";
import { looksEncoded, type OcpiLine } from "./ocpi-line.js";
import { envelopeOf, judgeLost, said, shown, wrongToken } from "./ocpi-verdict.js";
import type { UplinkFault } from "./uplink.js";

export type Trouble = { readonly ok: false; readonly words: string; readonly fault?: UplinkFault };
export type Fetched = { readonly ok: true; readonly rows: readonly unknown[] } | Trouble;

export type FetchOptions = {
  readonly url: URL;
  readonly tokenFile: string;
  /** The config's key for the address, for the words. */
  readonly key: "tokensUrl" | "tariffsUrl";
  /** Only what was changed at or after this time, as the backend wrote it. */
  readonly dateFrom?: string;
  readonly timeoutMs: number;
  /** For the whole list. */
  readonly totalMs: number;
  readonly mostRows: number;
};

const pageRows = 500;
const mostPages = 2_000;
const longestPage = 8 * 1024 * 1024;

/** Never rejects. */
export async function fetchAll(line: OcpiLine, options: FetchOptions, signal: AbortSignal): Promise<Fetched> {
  const token = line.ready();
  if (typeof token !== "string") return { ok: false, words: token.why, fault: "uplink/unauthorised" };
  const over = AbortSignal.timeout(options.totalMs);
  const rows: unknown[] = [];
  const seen = new Set<string>();
  let url: URL | undefined = firstPage(options);
  while (url !== undefined) {
    if (seen.has(url.href) || seen.size >= mostPages) return bad(options, "the pages lead round in a circle or never end");
    seen.add(url.href);
    const answer = await line.ask({ method: "GET", url, headers: {}, timeoutMs: options.timeoutMs, longest: longestPage }, token, AbortSignal.any([signal, over]));
    if (over.aborted) return bad(options, `the list was not whole within ${Math.round(options.totalMs / 1000)} s`);
    if (answer.kind === "lost") {
      const { words = "", fault } = judgeLost(answer, url) as { words?: string; fault?: UplinkFault };
      return { ok: false, words, ...(fault === undefined ? {} : { fault }) };
    }
    const page = pageOf(answer, url, token, options);
    if ("ok" in page) return page;
    if (rows.length + page.rows.length > options.mostRows) return bad(options, `the list is longer than the ${options.mostRows} rows that this station holds`);
    rows.push(...page.rows);
    url = page.next;
    const total = Number(answer.headers["x-total-count"] ?? Number.NaN);
    if (url === undefined && Number.isSafeInteger(total) && rows.length < total) return bad(options, `the list ends after ${rows.length} of ${total} rows`);
  }
  return { ok: true, rows };
}

const bad = ({ url }: FetchOptions, why: string): Trouble => ({ ok: false, words: `${shown(url)}: ${why}` });

function firstPage({ url, dateFrom }: FetchOptions): URL {
  const first = new URL(url);
  first.searchParams.set("offset", "0");
  first.searchParams.set("limit", String(pageRows));
  if (dateFrom !== undefined) first.searchParams.set("date_from", dateFrom);
  return first;
}

function pageOf(answer: Answer, url: URL, token: string, options: FetchOptions): Trouble | { readonly rows: readonly unknown[]; readonly next: URL | undefined } {
  const { status } = answer;
  const envelope = envelopeOf(answer.body);
  if (status === 401 || status === 403) return { ok: false, fault: "uplink/unauthorised", words: `${wrongToken({ tokenFile: options.tokenFile, tokenLooksEncoded: looksEncoded(token) })} (${said(answer)})` };
  if (status === 404 || status === 405 || status === 410) return { ok: false, fault: "uplink/unauthorised", words: `${shown(url)} is no list (${said(answer)}): check ${options.key}` };
  if (status !== 200 || envelope === undefined || envelope.code >= 2000) {
    const why = answer.broken ?? (status === 200 && envelope === undefined ? "this is no OCPI answer (a login page of the network?)" : said(answer));
    const hint = envelope?.code === 3000 ? `; some backends answer so to a wrong token: check ${options.tokenFile}` : "";
    return bad({ ...options, url }, why + hint);
  }
  const { data } = JSON.parse(answer.body ?? "{}") as { data?: unknown };
  if (!Array.isArray(data)) return bad({ ...options, url }, "the answer holds no list");
  const link = nextLink(answer.headers["link"]);
  if (link === undefined) return { rows: data as unknown[], next: undefined };
  if (!URL.canParse(link, url.href)) return bad({ ...options, url }, "its next page has no address");
  const next = new URL(link, url);
  if (next.origin !== options.url.origin) return bad({ ...options, url }, `its next page is at ${next.origin}, where the token must not go`);
  return { rows: data as unknown[], next };
}

/** The target of `rel="next"` (RFC 8288). */
function nextLink(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.join(", ") : (header ?? "");
  for (const [, target = "", parameters = ""] of text.matchAll(/<([^>]*)>([^<]*)/g)) if (/;\s*rel\s*=\s*"?(?:[^"]*\s)?next\b/i.test(parameters)) return target;
  return undefined;
}

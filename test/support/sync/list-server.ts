// An OCPI backend on this machine that has tokens and tariffs to fetch and answers about single cards, well or as badly
// as a test wants.
import http from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

export class ListServer {
  tokens: unknown[] = [];
  tariffs: unknown[] = [];
  /** Rows of a page; the station may ask for more. */
  pageRows = 2;
  /** In place of the answer, to the requests whose address `replaces` holds for. */
  instead: ((request: http.IncomingMessage, response: http.ServerResponse) => void) | undefined;
  replaces: (url: string) => boolean = () => true;
  /** What is said of a card. */
  authorize: (
    uid: string,
    body: unknown,
  ) => { readonly status?: number; readonly code?: number; readonly data?: unknown } = () => ({ code: 2004 });
  readonly asked: string[] = [];
  readonly headers: http.IncomingHttpHeaders[] = [];
  readonly #server = http.createServer((request, response) => this.#serve(request, response));

  static async open(): Promise<ListServer> {
    const server = new ListServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    this.asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
    this.headers.push(request.headers);
    if (this.instead !== undefined && this.replaces(request.url ?? "")) return this.instead(request, response);
    const url = new URL(request.url ?? "/", this.url);
    const one = /^\/tokens\/([^/]+)\/authorize$/.exec(url.pathname);
    if (one !== null) return this.#authorize(decodeURIComponent(one[1] ?? ""), request, response);
    const from = url.searchParams.get("date_from");
    const rows = (url.pathname === "/tokens" ? this.tokens : this.tariffs).filter(
      (row) => from === null || Date.parse((row as { last_updated: string }).last_updated) >= Date.parse(from),
    );
    const offset = Number(url.searchParams.get("offset"));
    const page = rows.slice(offset, offset + this.pageRows);
    const more = offset + this.pageRows < rows.length;
    url.searchParams.set("offset", String(offset + this.pageRows));
    response.writeHead(200, {
      "Content-Encoding": "gzip",
      "X-Total-Count": String(rows.length),
      "X-Limit": String(this.pageRows),
      ...(more ? { Link: `<${url.href}>; rel="next"` } : {}),
    });
    response.end(gzipSync(JSON.stringify({ data: page, status_code: 1000, timestamp: "2026-11-24T12:00:00Z" })));
  }

  #authorize(uid: string, request: http.IncomingMessage, response: http.ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const {
        status = 200,
        code = 1000,
        data,
      } = this.authorize(uid, JSON.parse(Buffer.concat(chunks).toString("utf8") || "null"));
      response.writeHead(status).end(JSON.stringify({ data, status_code: code, timestamp: "2026-11-24T12:00:00Z" }));
    });
  }
}

export const wireToken = (uid: string, more: object = {}) => ({
  country_code: "NL",
  party_id: "EMP",
  uid,
  type: "RFID",
  contract_id: `NL-EMP-${uid}`,
  issuer: "EMP",
  valid: true,
  whitelist: "ALWAYS",
  last_updated: "2026-11-01T00:00:00Z",
  ...more,
});
export const wireTariff = (id: string, perKwh: unknown, more: object = {}) => ({
  country_code: "DE",
  party_id: "CTL",
  id,
  currency: "EUR",
  elements: [{ price_components: [{ type: "ENERGY", price: perKwh, step_size: 1 }] }],
  last_updated: "2026-11-01T00:00:00Z",
  ...more,
});

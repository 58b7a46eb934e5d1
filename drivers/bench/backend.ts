// A small backend for the bench: an OCPI CDR receiver on this machine that keeps every POST and can behave as badly as
// real ones do. It counts what a backend counts: one CDR per id, whichever copy came first.
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";

export type BackendMood =
  | "well"
  /** Nothing listens: connections are refused. */
  | "away"
  /** The line is cut as soon as it stands. */
  | "cut"
  /** The line is cut when the request has been read in part. */
  | "cut-request"
  /** The line is cut in the middle of the answer, after storing. */
  | "cut-answer"
  /** Stored, and the line is cut before a word of the answer. */
  | "lost-answer"
  /** Answers are held back until `release()`. */
  | "slow"
  /** A captive portal: 200 with a login page. */
  | "html"
  /** HTTP 200 with an OCPI status_code of 3000. */
  | "3000"
  | "redirect"
  /** Any HTTP status, with an OCPI envelope that fits it. */
  | number;

export type BackendPost = {
  readonly at: number;
  readonly id: string;
  readonly key: string;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly acknowledged: boolean;
};

export type BackendOptions = {
  /** The credentials token that is asked for; without it any is welcome. */
  readonly token?: string;
  readonly gzip?: boolean;
  /** Keep ids and counts only, for long runs. */
  readonly keepPosts?: boolean;
  /** The bench's clock. */
  readonly now?: () => number;
};

const longestBody = 1024 * 1024;
const path = "/ocpi/emsp/cdrs";

export class Backend {
  /** Every POST with its own token that was read whole, in order, copies included. */
  readonly posts: BackendPost[] = [];
  /** What a backend that dedupes by id holds: the first copy of each. */
  readonly cdrs = new Map<string, string>();
  /** Where a "redirect" points. */
  redirectTo = path;
  #mood: BackendMood = "well";
  readonly #released: (() => void)[] = [];
  #received: { readonly count: number; readonly resolve: () => void }[] = [];
  #read = 0;
  #port = 0;
  readonly #options: BackendOptions;
  readonly #sockets = new Set<Socket>();
  readonly #server: http.Server;

  private constructor(options: BackendOptions) {
    this.#options = options;
    this.#server = http.createServer(
      (request, response) => void this.#serve(request, response).catch(() => request.socket.destroy()),
    );
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      if (this.#mood === "cut") socket.destroy();
    });
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(options: BackendOptions = {}): Promise<Backend> {
    const backend = new Backend(options);
    await backend.#listen();
    return backend;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  /** How many POSTs with its own token were read whole. */
  get arrived(): number {
    return this.#read;
  }

  get mood(): BackendMood {
    return this.#mood;
  }

  /** Changes how it behaves from the next request on; lines that stand are cut, as when a backend is restarted. */
  async become(mood: BackendMood): Promise<void> {
    this.#mood = mood;
    this.release();
    const listening = this.#server.listening;
    for (const socket of this.#sockets) socket.destroy();
    if (mood === "away" && listening) await new Promise((resolve) => this.#server.close(resolve));
    if (mood !== "away" && !listening) await this.#listen();
  }

  /** Lets the answers go that "slow" held back. */
  release(): void {
    for (const go of this.#released.splice(0)) go();
  }

  /** Resolves when so many POSTs in all have been read whole. */
  received(count: number): Promise<void> {
    if (this.#read >= count) return Promise.resolve();
    return new Promise((resolve) => this.#received.push({ count, resolve }));
  }

  async close(): Promise<void> {
    this.#mood = "cut";
    this.release();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", () => {
        this.#server.off("error", reject);
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const mood = this.#mood;
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (mood === "cut-request") return void request.socket.destroy();
      length += chunk.length;
      if (length > longestBody) return this.#say(response, 413, 2001, "too long");
      chunks.push(chunk);
    }
    const body = Buffer.concat(chunks).toString("utf8");
    const { token } = this.#options;
    // A free port may have been another backend's a moment ago: what a stranger still sends there is not counted.
    if (token !== undefined && request.headers.authorization !== `Token ${Buffer.from(token).toString("base64")}`)
      return this.#say(response, 401, 2001, "unknown token");
    this.#arrived();
    if (mood === "slow") await new Promise<void>((resolve) => this.#released.push(resolve));
    const stores =
      mood === "well" || mood === "slow" || mood === "cut-answer" || mood === "lost-answer" || mood === 409;
    const id = this.#keep(request, body, stores, stores && mood !== "cut-answer" && mood !== "lost-answer");
    if (mood === "lost-answer") return void request.socket.destroy();
    if (mood === "cut-answer") return this.#half(response);
    if (mood === "html")
      return void response
        .writeHead(200, { "Content-Type": "text/html" })
        .end("<html><title>Welcome to the guest network</title></html>");
    if (mood === "redirect") return void response.writeHead(307, { Location: this.redirectTo }).end();
    if (mood === "3000") return this.#say(response, 200, 3000, "generic server error");
    if (typeof mood === "number")
      return this.#say(response, mood, mood < 300 ? 1000 : mood < 500 ? 2000 : 3000, http.STATUS_CODES[mood] ?? "");
    if (request.method !== "POST") return this.#say(response, 405, 2000, "only POST");
    if (id === undefined) return this.#say(response, 400, 2001, "this is not a CDR");
    response.setHeader("Location", `${this.url}/${encodeURIComponent(id)}`);
    this.#say(response, 201, 1000, "");
  }

  #keep(request: http.IncomingMessage, body: string, stores: boolean, acknowledged: boolean): string | undefined {
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      value = undefined;
    }
    const id =
      typeof value === "object" && value !== null && "id" in value && typeof value.id === "string"
        ? value.id
        : undefined;
    const keepsPosts = this.#options.keepPosts ?? true;
    if (keepsPosts) {
      const key = request.headers["idempotency-key"];
      this.posts.push({
        at: this.#options.now?.() ?? 0,
        id: id ?? "",
        key: typeof key === "string" ? key : "",
        body,
        headers: request.headers,
        acknowledged,
      });
    }
    if (id !== undefined && stores && !this.cdrs.has(id)) this.cdrs.set(id, keepsPosts ? body : "");
    return id;
  }

  #arrived(): void {
    this.#read += 1;
    const reached = this.#received.filter((waiter) => waiter.count <= this.#read);
    this.#received = this.#received.filter((waiter) => waiter.count > this.#read);
    for (const waiter of reached) waiter.resolve();
  }

  #say(response: http.ServerResponse, status: number, code: number, message: string): void {
    const at = new Date(this.#options.now?.() ?? 0).toISOString();
    const text = JSON.stringify({
      status_code: code,
      ...(message === "" ? {} : { status_message: message }),
      timestamp: at,
    });
    const body = this.#options.gzip === true ? gzipSync(text) : Buffer.from(text);
    response.writeHead(status, {
      "Content-Type": "application/json",
      "Content-Length": body.length,
      ...(this.#options.gzip === true ? { "Content-Encoding": "gzip" } : {}),
    });
    response.end(body);
  }

  #half(response: http.ServerResponse): void {
    response.writeHead(201, { "Content-Type": "application/json", "Content-Length": 1000 });
    response.write('{"status_code":1000,', () => response.socket?.destroy());
  }
}

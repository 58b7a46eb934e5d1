// The station's end of the socket that the page connects to: a socket of its own, which knows no command of the control
// socket. Bounded in peers, lines and what waits to be read: a page that hangs is cut off and costs the station nothing.
import { chmodSync, existsSync, mkdirSync, unlinkSync } from "node:fs";
import net from "node:net";
import { dirname } from "node:path";
import { Failure } from "../../core/failure.js";
import { parseBoundedJson } from "../../core/json/bounded-json.js";
import { errorCode } from "../../ledger/store/disk.js";
import {
  askedSchema,
  longestQuestion,
  mostAnswering,
  type PageAnswer,
  type PageQuestion,
  type StationPush,
} from "../../web/link/frames.js";
import { LineReader } from "../../web/link/line-reader.js";

/** The page, the text display beside it, and one of each that is being replaced. */
const mostPeers = 4;
/** What a peer has not read yet; beyond it, it is cut off. */
const mostUnread = 8 * 1024 * 1024;
/** While this much is unread no further state is pushed. */
const enoughUnread = 256 * 1024;
const mostValues = 100;
const deepest = 4;
/** For a peer that asks more than `mostAnswering` at once. */
const againAfterMs = 1_000;

export type PagePeer = {
  /** A state is left out where the peer is behind with reading. */
  push(frame: StationPush): void;
};

export type PageSocketParts = {
  readonly path: string;
  /** A page is there; what it needs first is pushed now. */
  readonly joined: (peer: PagePeer) => void;
  readonly answer: (question: PageQuestion) => Promise<PageAnswer>;
  /** An answer met a fault; the page is told `refused`. */
  readonly failed: (error: unknown) => void;
};

export class PageSocket {
  readonly #peers = new Map<net.Socket, PagePeer>();

  private constructor(
    private readonly parts: PageSocketParts,
    private readonly server: net.Server,
  ) {}

  /** Listens at the path, for the owner and the folder's group. Throws Failure disk/failed where it cannot. */
  static async open(parts: PageSocketParts): Promise<PageSocket> {
    const { path } = parts;
    const refused = (cause: unknown): Failure =>
      new Failure("disk/failed", `${path}: the page's socket cannot be opened (${errorCode(cause) ?? String(cause)})`, {
        cause,
      });
    const server = net.createServer();
    server.maxConnections = mostPeers;
    const socket = new PageSocket(parts, server);
    server.on("connection", (peer) => socket.#serve(peer));
    try {
      // The package makes the folder; a station that is tried out by hand makes its own.
      if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
      if (existsSync(path)) unlinkSync(path);
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(path, resolve);
      });
      chmodSync(path, 0o660);
    } catch (cause) {
      server.close();
      throw refused(cause);
    }
    server.on("error", parts.failed);
    return socket;
  }

  /** Whether anybody would hear a push. */
  get hasPeers(): boolean {
    return this.#peers.size > 0;
  }

  /** Pushes to every page that keeps up. */
  push(frame: StationPush): void {
    for (const peer of this.#peers.values()) peer.push(frame);
  }

  /** Listens no more; pages that are there are cut off. The socket's file goes with it. */
  async close(): Promise<void> {
    for (const peer of this.#peers.keys()) peer.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #serve(socket: net.Socket): void {
    let open = 0;
    const send = (frame: StationPush): void => {
      if (socket.writableLength > mostUnread) socket.destroy();
      else socket.write(`${JSON.stringify(frame)}\n`);
    };
    const peer: PagePeer = {
      push: (frame) => {
        if (frame.type !== "state" || socket.writableLength <= enoughUnread) send(frame);
      },
    };
    const lines = new LineReader(
      longestQuestion,
      (line) => {
        const asked = askedIn(line);
        if (asked === undefined) return void socket.destroy();
        if (open >= mostAnswering)
          return send({ type: "answer", id: asked.id, answer: { ok: false, why: "wait", waitMs: againAfterMs } });
        open += 1;
        void this.#answered(asked.question).then((answer) => {
          open -= 1;
          if (!socket.destroyed) send({ type: "answer", id: asked.id, answer });
        });
      },
      () => socket.destroy(),
    );
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => lines.add(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#peers.delete(socket));
    this.#peers.set(socket, peer);
    this.parts.joined(peer);
  }

  async #answered(question: PageQuestion): Promise<PageAnswer> {
    try {
      return await this.parts.answer(question);
    } catch (error) {
      this.parts.failed(error);
      return { ok: false, why: "refused" };
    }
  }
}

function askedIn(line: string): { readonly id: number; readonly question: PageQuestion } | undefined {
  const json = parseBoundedJson(line, { values: mostValues, depth: deepest });
  const asked = json.ok ? askedSchema.safeParse(json.value) : undefined;
  return asked?.success === true ? asked.data : undefined;
}

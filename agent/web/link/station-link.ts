// The page's end of the socket: keeps what the station pushed last, asks its questions, and connects again for ever.
// Whatever the station says is parsed; a line that does not fit ends the connection.

import net from "node:net";
import { processMs } from "../../../drivers/clock.js";
import { parseBoundedJson } from "../../core/json/bounded-json.js";
import {
  longestPush,
  mostAnswering,
  type PageAnswer,
  type PageQuestion,
  type PushedState,
  pushSchema,
  type StationHello,
  type StationKey,
  type StationPush,
  type StationTariffs,
} from "./frames.js";
import { LineReader } from "./line-reader.js";
import { type LivePoint, SessionCurves } from "./session-curves.js";

const askWithinMs = 10_000;
const againAfterMs = 1_000;
/** Questions that wait for an answer, or for their turn to be asked; more are answered `refused`. */
const mostOpen = 64;
const mostValues = 200_000;
const deepest = 32;

export type StationView = {
  readonly hello: StationHello;
  readonly tariffs: StationTariffs["tariffs"];
  readonly state: PushedState;
  readonly key: StationKey | undefined;
  /** False while the station does not answer: what it said last is old. */
  readonly connected: boolean;
};

type Open = {
  readonly question: PageQuestion;
  readonly answer: (answer: PageAnswer) => void;
  readonly timer: NodeJS.Timeout;
  /** False while it waits for its turn. */
  asked: boolean;
};

export class StationLink {
  #socket: net.Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #hello: StationHello | undefined;
  #tariffs: StationTariffs["tariffs"] = [];
  #state: PushedState | undefined;
  #key: StationKey | undefined;
  #connected = false;
  #closed = false;
  #next = 1;
  /** When the connection went, by the process's own clock. */
  #awaySinceMs = processMs();
  readonly #open = new Map<number, Open>();
  readonly #listeners = new Set<() => void>();
  readonly #curves = new SessionCurves();

  constructor(private readonly path: string) {
    this.#connect();
  }

  /** What the station said last; undefined before its first words. */
  view(): StationView | undefined {
    if (this.#hello === undefined || this.#state === undefined) return undefined;
    return {
      hello: this.#hello,
      tariffs: this.#tariffs,
      state: this.#state,
      key: this.#key,
      connected: this.#connected,
    };
  }

  /** Power so far of the session behind a link. */
  curve(link: string): readonly LivePoint[] {
    return this.#curves.of(link);
  }

  /** How long the station has been away; 0 while it is there. */
  awayMs(): number {
    return this.#connected ? 0 : processMs() - this.#awaySinceMs;
  }

  /** Called whenever the view changes; the answer ends it. */
  listen(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  /** The station's answer; `refused` where it gives none in time. */
  ask(question: PageQuestion): Promise<PageAnswer> {
    if (!this.#connected || this.#open.size >= mostOpen) return Promise.resolve({ ok: false, why: "refused" });
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answered(id, { ok: false, why: "refused" }), askWithinMs);
      this.#open.set(id, { question, answer: resolve, timer, asked: false });
      this.#askMore();
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
  }

  #connect(): void {
    const socket = net.connect(this.path);
    this.#socket = socket;
    const lines = new LineReader(
      longestPush,
      (line) => {
        if (!this.#heard(line)) socket.destroy();
      },
      () => socket.destroy(),
    );
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => lines.add(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#lost());
  }

  #lost(): void {
    if (this.#connected) this.#awaySinceMs = processMs();
    this.#connected = false;
    for (const id of [...this.#open.keys()]) this.#answered(id, { ok: false, why: "refused" });
    this.#tell();
    if (!this.#closed) this.#retry = setTimeout(() => this.#connect(), againAfterMs);
  }

  #heard(line: string): boolean {
    const json = parseBoundedJson(line, { values: mostValues, depth: deepest });
    const push = json.ok ? pushSchema.safeParse(json.value) : undefined;
    if (push?.success !== true) return false;
    this.#take(push.data);
    return true;
  }

  #take(push: StationPush): void {
    switch (push.type) {
      case "hello":
        this.#hello = push;
        break;
      case "tariffs":
        this.#tariffs = push.tariffs;
        break;
      case "key":
        this.#key = push;
        break;
      case "state":
        this.#connected = true;
        this.#state = push;
        this.#curves.add(push);
        break;
      case "curve":
        this.#curves.begin(push);
        break;
      case "answer":
        this.#answered(push.id, push.answer);
        return;
      default:
        return push satisfies never;
    }
    this.#tell();
  }

  #answered(id: number, answer: PageAnswer): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    clearTimeout(open.timer);
    open.answer(answer);
    this.#askMore();
  }

  /** Asks what waits, in its order, as far as the station answers at a time: those asked before stand first. */
  #askMore(): void {
    if (!this.#connected) return;
    for (const [id, open] of [...this.#open].slice(0, mostAnswering)) {
      if (open.asked) continue;
      open.asked = true;
      this.#socket?.write(`${JSON.stringify({ id, question: open.question })}\n`);
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

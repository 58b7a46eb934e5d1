// A CSMS that holds nothing against any schema and answers by the test's word: well, with an error, late, or not at all.
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { World } from "../ocpp-bench.js";

export type LooseAnswer =
  /** Before it the CSMS asks something itself, under each of these ids. */
  | { readonly result: unknown; readonly asksFirst?: readonly (string | number)[] }
  | { readonly error: string; readonly words?: string }
  | "silence"
  /** The line is cut instead, or closed with a close frame. */
  | "cut"
  | "close"
  /** A frame as it stands; "id" = the id of the CALL; `isNone` = it is no answer to it. */
  | { readonly frame: readonly unknown[]; readonly isNone?: true }
  /** Answered when the test lets it: see `answerLate`. */
  | { readonly late: unknown };

export type Asked = {
  readonly action: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly connection: number;
  readonly answer: LooseAnswer;
};

/** Both ends live in this process: what was sent is there at the next turn or the one after. */
const calmTurns = 6;
const open = new Set<LooseCsms>();

/** Closes what a test has left open. */
export async function closeLoose(): Promise<void> {
  for (const csms of open) await csms.close();
}

export class LooseCsms {
  /** Every CALL that came, in order, with what was answered. */
  readonly asked: Asked[] = [];
  /** Close frames that came, by code. */
  readonly goodbyes: number[] = [];
  /** Under which ids the station has answered what this CSMS asked, as they came back. */
  readonly repliedTo: unknown[] = [];
  connections = 0;
  /** Undefined = well. */
  answers: (action: string, payload: Readonly<Record<string, unknown>>, connection: number) => LooseAnswer | undefined =
    () => undefined;
  #unanswered = 0;
  #late: (() => void)[] = [];
  #transaction = 100;

  private constructor(readonly server: WebSocketServer) {
    server.on("connection", (peer: WebSocket) => this.#serve(peer));
  }

  static async open(protocol: string): Promise<LooseCsms> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => protocol });
    await new Promise((resolve) => server.once("listening", resolve));
    const csms = new LooseCsms(server);
    open.add(csms);
    return csms;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/csms`;
  }

  /** A CALL came that is not answered, and nothing else has come since. */
  get isSilent(): boolean {
    return this.#unanswered > 0;
  }

  /** Lets everything run that needs no time: until nothing is in flight, or it is this CSMS that keeps it waiting. */
  async calm({ clock }: World): Promise<void> {
    for (let calm = 0, seen = -1; calm < calmTurns; ) {
      await new Promise((resolve) => setImmediate(resolve));
      const isCalm = (clock.inFlight === 0 || this.isSilent) && this.asked.length === seen;
      calm = isCalm ? calm + 1 : 0;
      seen = this.asked.length;
    }
  }

  /** Lets time pass, from one thing that is due to the next, until it holds; at most so long. */
  async drive(world: World, holds: () => boolean, mostMs = 600_000): Promise<boolean> {
    const until = world.clock.now().monoMs + mostMs;
    for (;;) {
      await this.calm(world);
      if (holds()) return true;
      const { nextMs = mostMs } = world.clock;
      if (world.clock.now().monoMs + nextMs > until) return false;
      world.clock.advance(nextMs);
    }
  }

  /** Sends the answers that were kept. */
  answerLate(): void {
    for (const send of this.#late.splice(0)) send();
  }

  /** Cuts every connection that stands, without a word. */
  cut(): void {
    for (const peer of this.server.clients) peer.terminate();
  }

  of(...actions: string[]): Asked[] {
    return this.asked.filter(({ action }) => actions.includes(action));
  }

  async close(): Promise<void> {
    if (!open.delete(this)) return;
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #serve(peer: WebSocket): void {
    this.connections += 1;
    const connection = this.connections;
    this.#unanswered = 0;
    this.#late = [];
    peer.on("error", () => {});
    peer.on("close", (code) => this.goodbyes.push(code));
    peer.on("message", (data: Buffer) => {
      const [kind, id, action, payload] = JSON.parse(data.toString()) as [number, string, string, Asked["payload"]];
      if (kind !== 2) return void this.repliedTo.push(id);
      this.#unanswered = 0;
      const answer = this.answers(action, payload, connection) ?? { result: this.#well(action) };
      this.asked.push({ action, payload, text: JSON.stringify(payload), connection, answer });
      const send = (frame: readonly unknown[]): void => peer.send(JSON.stringify(frame));
      if (answer === "silence") this.#unanswered += 1;
      else if (answer === "cut") peer.terminate();
      else if (answer === "close") peer.close(1002, "by the test");
      else if ("frame" in answer) {
        if (answer.isNone === true) this.#unanswered += 1;
        send(answer.frame.map((part) => (part === "id" ? id : part)));
      } else if ("late" in answer) {
        this.#unanswered += 1;
        this.#late.push(() => send([3, id, answer.late]));
      } else if ("error" in answer) send([4, id, answer.error, answer.words ?? "by the test", {}]);
      else {
        for (const odd of answer.asksFirst ?? []) send([2, odd, "Heartbeat", { timestamp: "2099-01-01T00:00:00" }]);
        send([3, id, answer.result]);
      }
    });
  }

  #well(action: string): unknown {
    const currentTime = new Date(Date.UTC(2026, 2, 2, 10)).toISOString();
    switch (action) {
      case "BootNotification":
        return { currentTime, interval: 300, status: "Accepted" };
      case "Heartbeat":
        return { currentTime };
      case "StartTransaction":
        return { transactionId: (this.#transaction += 1), idTagInfo: { status: "Accepted" } };
      default:
        return {};
    }
  }
}

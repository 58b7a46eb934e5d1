// Keeps one websocket to a CSMS open for ever: opens it, registers the station on it, and when it is lost opens it
// again after a back-off. BootNotification goes out once after a start of ours, not after each loss of the line; until
// it is accepted nothing else does.
import type { Agent } from "node:http";
import type { WebSocket } from "ws";
import type { OcppUplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import { cleanedText, shortLine } from "../../core/words/printable.js";
import type { Oddities } from "../oddities.js";
import { backoffMs } from "../transport/backoff.js";
import type { KeptCredentials } from "../transport/kept-credentials.js";
import type { UplinkFault } from "../uplink.js";
import { Heartbeat } from "./availability/heartbeat.js";
import { type BootReason, bootAnswer, bootPayload, type StationName, unlessRejected } from "./rpc/boot.js";
import { closeSocket, keepAlive, normalClosure, type OpenedSocket, type Pings } from "./rpc/connection.js";
import type { CallError, Dialect } from "./rpc/frame.js";
import { LineLosses } from "./rpc/line-losses.js";
import {
  bootFailed,
  bootUnreadable,
  type CsmsLineStatus,
  connected,
  lostStatus,
  notAccepted,
  PeerMemory,
  unanswered,
  unheard,
} from "./rpc/line-status.js";
import type { Intervals, Registration } from "./rpc/link.js";
import { type Reconnect, reconnectMs } from "./rpc/reconnect.js";
import { type Handlers, Rpc } from "./rpc/rpc.js";
import { openLine } from "./security/open-line.js";

export type CsmsLineParts = {
  readonly config: OcppUplinkConfig;
  readonly identity: string;
  readonly station: StationName;
  readonly clock: Clock;
  readonly random: () => number;
  readonly bootReason: () => BootReason;
  readonly handlers: (dialect: Dialect) => Handlers;
  /** The way through a proxy. */
  readonly agent?: () => Agent | undefined;
  /** What the CSMS has set. */
  readonly credentials: KeptCredentials;
  readonly intervals: () => Intervals;
  readonly reconnect: () => Reconnect;
  readonly setIntervals: (intervals: Partial<Intervals>) => void;
  /** Accepted on a line that stands; `anew` = after a BootNotification. */
  readonly accepted: (rpc: Rpc, anew: boolean) => void;
  /** No longer accepted, or the line is gone. */
  readonly lost: () => void;
  readonly stands: (status: CsmsLineStatus) => void;
  readonly note: (text: string) => void;
  readonly oddities: Oddities;
  /** The CSMS refuses a certificate that it had made out, and took another one. */
  readonly fellBack: (words: string) => void;
  readonly notOpened: (failed: Extract<OpenedSocket, { readonly kind: "failed" }>) => void;
  /** The CSMS sent a frame that cannot be used. */
  readonly malformed: (why: string) => void;
  readonly die: (error: unknown) => void;
};

/** Where a CSMS that does not accept us yet names no interval. */
const bootAgainMs = 60_000;
/** Bytes that wait for a CSMS to read them; the longest message of ours is a report of a hundred kilobytes. */
const mostUnread = 4 * 1024 * 1024;

export class CsmsLine {
  readonly #parts: CsmsLineParts;
  readonly #heartbeat: Heartbeat;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #rpc: Rpc | undefined;
  #socket: WebSocket | undefined;
  #pings: Pings | undefined;
  #registration: Registration = "Unknown";
  /** The version in which we were accepted since our start. */
  #bootedAs: Dialect | undefined;
  #memory = new PeerMemory();
  readonly #losses: LineLosses;
  #status: CsmsLineStatus = { accepted: false, words: "not connected yet" };
  #failures = 0;
  #trustedRoot: string | undefined;
  /** The line was closed to be opened anew at once. */
  #renews = false;
  /** Ends the rest between two tries; there is one. */
  #nudge: (() => void) | undefined;
  readonly #waiters: (() => void)[] = [];

  constructor(parts: CsmsLineParts) {
    this.#parts = parts;
    this.#losses = new LineLosses(parts.clock);
    this.#heartbeat = new Heartbeat(parts.clock, () => parts.intervals().heartbeatS, parts.note);
  }

  get registration(): Registration {
    return this.#registration;
  }

  get rpc(): Rpc | undefined {
    return this.#rpc;
  }

  /** By which authority the CSMS was known last. */
  get trustedRoot(): string | undefined {
    return this.#trustedRoot;
  }

  get status(): CsmsLineStatus {
    return this.#status;
  }

  /** Opens the line if it is not kept open yet. */
  start(): void {
    if (this.#stop.signal.aborted) return;
    this.#running ??= this.#keep().catch((error: unknown) => this.#fail(error));
  }

  /** A person wants it now: whatever the back-off says, a line that rests is tried at once. */
  hurry(): void {
    this.start();
    if (this.#rpc === undefined || this.#registration === "Unknown") this.#nudge?.();
  }

  /**
   * The line on which we are accepted; or how it stands when the try that is under way is over, at once where none is.
   */
  async reach(signal: AbortSignal): Promise<Rpc | CsmsLineStatus> {
    this.start();
    if (this.#status.accepted && this.#rpc !== undefined) return this.#rpc;
    if (signal.aborted) return this.#status;
    // Connected and not accepted: that is the CSMS's to change.
    if (this.#rpc !== undefined && (this.#registration === "Pending" || this.#registration === "Rejected"))
      return this.#status;
    // What waits to be sent makes no try of its own: when the next one is, the standard says (5.4), and it goes out
    // then.
    if (this.#nudge !== undefined) return this.#status;
    await new Promise<void>((resolve) => {
      const over = (): void => {
        signal.removeEventListener("abort", over);
        resolve();
      };
      this.#waiters.push(over);
      signal.addEventListener("abort", over, { once: true });
    });
    return this.#status.accepted && this.#rpc !== undefined ? this.#rpc : this.#status;
  }

  /** BootNotification again, as the CSMS asks. */
  bootAgain(): void {
    const rpc = this.#rpc;
    if (rpc !== undefined) void this.#register(rpc, "Triggered").catch((error: unknown) => this.#fail(error));
  }

  /** Heartbeat at once, as the CSMS asks. */
  beat(): void {
    const rpc = this.#rpc;
    if (rpc !== undefined) void this.#heartbeat.beat(rpc);
  }

  /** Opens the line anew at once, with what is to be shown from now on. What was sent before still goes out. */
  renew(why: string): void {
    if (this.#socket === undefined) return;
    this.#renews = true;
    this.#socket.close(normalClosure, why);
  }

  /** The intervals are others: a ping's counts from now. */
  intervalsChanged(): void {
    this.#pings?.anew();
    this.#heartbeat.anew();
  }

  close(): void {
    this.#stop.abort();
    this.#end("the station stops");
    this.#nudge?.();
    this.#settled({ accepted: false, words: "the station stops" });
  }

  async #keep(): Promise<void> {
    const { config, identity, clock, random, reconnect, agent, credentials, fellBack } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const opened = await clock.busy(
        openLine({ config, identity, agent: agent?.(), clock, signal, fellBack }, credentials),
      );
      if (signal.aborted) {
        if (opened.kind === "open") closeSocket(opened.socket, clock, "the station stops");
        return;
      }
      let failed: { readonly words: string; readonly fault?: UplinkFault };
      if (opened.kind === "open" && opened.unnamed === true) this.#parts.oddities.saw("no-subprotocol");
      if (opened.kind === "open") this.#trustedRoot = opened.root;
      if (opened.kind === "open") failed = { words: await this.#serve(opened.socket, opened.dialect) };
      else {
        failed = opened;
        this.#parts.notOpened(opened);
      }
      if (signal.aborted) return;
      this.#failures = opened.kind === "open" ? 1 : this.#failures + 1;
      this.#settled(lostStatus(failed, clock.now().trust));
      if (this.#renews) this.#renews = false;
      else await this.#pause(reconnectMs(this.#failures, reconnect(), random()));
    }
  }

  /** Serves one connection until it is gone; answers why. */
  #serve(socket: WebSocket, dialect: Dialect): Promise<string> {
    const { config, clock, handlers, intervals, note } = this.#parts;
    return new Promise((resolve) => {
      const rpc = new Rpc({
        dialect,
        handlers: unlessRejected(handlers(dialect), () => this.#registration),
        send: (text) => this.#send(socket, text, gone),
        clock,
        timeoutMs: config.timeout,
        note,
        failed: (error) => this.#fail(error),
        malformed: this.#parts.malformed,
        saw: (oddity, count) => this.#parts.oddities.saw(oddity, count),
        answered: (action, answer) => this.#answered(rpc, action, answer),
        losses: this.#losses,
      });
      const gone = (why: string): void => {
        if (this.#rpc !== rpc) return;
        this.#end(why);
        resolve(why);
      };
      this.#rpc = rpc;
      this.#socket = socket;
      this.#registration = "Unknown";
      this.#memory = new PeerMemory();
      this.#pings = keepAlive(socket, clock, () => intervals().pingS * 1000, gone);
      socket.on("message", (data, isBinary) => {
        if (isBinary) rpc.receivedBinary();
        else rpc.received(data.toString());
      });
      socket.on("error", (error) => gone(`the connection failed: ${error.message}`));
      socket.on("close", (code, reason) =>
        gone(
          `the connection was closed by the backend or the network (${code}` +
            `${reason.length === 0 ? "" : ` ${shortLine(cleanedText(reason.toString()), 100)}`})`,
        ),
      );
      socket.resume();
      void this.#register(rpc, this.#parts.bootReason()).catch((error: unknown) => this.#fail(error));
    });
  }

  /** Whoever asks and asks and never reads our answers would have them pile up here. */
  #send(socket: WebSocket, text: string, gone: (why: string) => void): void {
    if (socket.bufferedAmount <= mostUnread) {
      try {
        return socket.send(text);
      } catch (error) {
        // A line that takes nothing is no line: it is opened anew.
        gone(`the connection takes no messages: ${error instanceof Error ? error.message : String(error)}`);
        throw error;
      }
    }
    gone(`the backend does not read: ${socket.bufferedAmount} bytes wait for it`);
  }

  async #register(rpc: Rpc, reason: BootReason): Promise<void> {
    const anew = reason === "Triggered" || reason === "Unknown" || this.#bootedAs !== rpc.dialect;
    if (!anew) return this.#resume(rpc, unheard(rpc));
    this.#memory.boots();
    let failures = 0;
    while (this.#rpc === rpc) {
      const waitMs = await this.#boot(rpc, reason, failures);
      if (waitMs === undefined || this.#rpc !== rpc) return;
      // It was our guess that a BootNotification helps: without an answer that decides, all goes on as before.
      if (reason === "Unknown" && this.#registration === "Unknown")
        return this.#resume(rpc, { ...this.#status, accepted: true, silent: true });
      failures += 1;
      await this.#pause(waitMs);
    }
  }

  /** Undefined = accepted, or the line is gone; else when to ask again. */
  async #boot(rpc: Rpc, reason: BootReason, failures: number): Promise<number | undefined> {
    const { clock, station, config, random } = this.#parts;
    let payload: unknown;
    try {
      payload = await clock.busy(rpc.call("BootNotification", bootPayload(rpc.dialect, station, reason)));
    } catch (error) {
      if (this.#rpc !== rpc) return undefined;
      this.#settled(bootFailed(error));
      return backoffMs(failures + 1, config.backoff, random());
    }
    if (this.#rpc !== rpc) return undefined;
    const answer = bootAnswer(payload);
    if (answer === undefined) {
      this.#settled(bootUnreadable);
      return backoffMs(failures + 1, config.backoff, random());
    }
    this.#heartbeat.compareClock(answer.currentMs);
    this.#registration = answer.registration;
    if (answer.registration === "Accepted") {
      if (answer.intervalS > 0) this.#parts.setIntervals({ heartbeatS: answer.intervalS });
      this.#bootedAs = rpc.dialect;
      this.#accept(rpc, true);
      return undefined;
    }
    this.#bootedAs = undefined;
    this.#parts.lost();
    this.#settled(notAccepted(rpc, answer.registration, this.#parts.identity));
    return answer.intervalS === 0 ? bootAgainMs : answer.intervalS * 1000;
  }

  #accept(rpc: Rpc, anew: boolean, status: CsmsLineStatus = connected(rpc)): void {
    this.#registration = "Accepted";
    this.#status = status;
    this.#parts.accepted(rpc, anew);
    this.#settled(status);
    this.#heartbeat.start(rpc);
  }

  /** Accepted on an earlier connection. A Heartbeat shows at once whether the CSMS answers, and that it knows us. */
  #resume(rpc: Rpc, status: CsmsLineStatus): void {
    this.#accept(rpc, false, status);
    this.beat();
  }

  /** How the CSMS answers our messages says whether it is there, and whether it has forgotten us. */
  #answered(rpc: Rpc, action: string, answer: "result" | "none" | CallError): void {
    if (this.#rpc !== rpc || !this.#status.accepted) return;
    if (answer === "none") return this.#settled(unanswered(rpc, action));
    if (answer === "result") {
      if (this.#status.silent === true) this.#settled(connected(rpc));
      return;
    }
    if (!this.#memory.isLost(answer, rpc.knowsUs())) return;
    const words = `registering again, since the backend refuses ${action} (${answer.code}) and may have forgotten us`;
    this.#parts.note(words);
    this.#registration = "Unknown";
    this.#status = { accepted: false, words };
    this.#heartbeat.stop();
    this.#parts.lost();
    void this.#register(rpc, "Unknown").catch((error: unknown) => this.#fail(error));
  }

  #end(why: string): void {
    const [rpc, socket] = [this.#rpc, this.#socket];
    if (rpc === undefined) return;
    this.#pings?.stop();
    [this.#rpc, this.#socket, this.#pings] = [undefined, undefined, undefined];
    this.#registration = "Unknown";
    this.#status = { accepted: false, words: why };
    this.#heartbeat.stop();
    this.#parts.lost();
    rpc.close(why, this.#renews || this.#stop.signal.aborted);
    if (socket !== undefined) closeSocket(socket, this.#parts.clock, why);
    // Whoever waits between two BootNotifications has nothing to wait for.
    this.#nudge?.();
  }

  /**
   * What lasts could not be written: the process ends, and whoever waits for the line is told that it does not stand.
   */
  #fail(error: unknown): void {
    this.#settled({
      accepted: false,
      words: `the uplink failed: ${error instanceof Error ? error.message : String(error)}`,
    });
    this.#parts.die(error);
  }

  #settled(status: CsmsLineStatus): void {
    this.#status = status;
    this.#parts.stands(status);
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #pause(ms: number): Promise<void> {
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      if (this.#stop.signal.aborted) return resolve();
      const done = (): void => {
        cancel();
        if (this.#nudge === done) this.#nudge = undefined;
        resolve();
      };
      const cancel = clock.at(clock.now().monoMs + ms, done);
      this.#nudge = done;
    });
  }
}

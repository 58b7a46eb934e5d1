// Calls and answers over one open websocket (OCPP-J): one CALL of ours is outstanding at a time, the peer's CALLs are
// answered meanwhile, one after the other. What is told apart for a CALL of ours: answered, refused, never sent, or
// sent and nobody knows.
import { randomUUID } from "node:crypto";
import type { Clock } from "../../../../drivers/driver.js";
import { CallError, callText, type Dialect, errorText, type Frame, parseFrame, resultText } from "./frame.js";
import type { LineLosses } from "./line-losses.js";
import type { SawOddity } from "./received-json.js";

/**
 * Answers a CALL of the peer with the payload of the CALLRESULT, or throws a CallError. Any other throw is a defect of
 * ours or a disk that failed: it is answered InternalError and told to `failed`.
 */
type Handler = (payload: unknown) => unknown;
/** By action. An action without a handler is answered NotImplemented. */
export type Handlers = Readonly<Record<string, Handler>>;

/** A handler's answer with something to be done once it is on its way: a reset, or a message that was asked for. */
export class Reply {
  constructor(
    readonly payload: unknown,
    readonly afterwards: () => void,
  ) {}
}

/** Sends a CALL; resolves with the payload of its CALLRESULT. Rejects with CallError or CallLost. */
export type RpcCall = (action: string, payload: object) => Promise<unknown>;

/**
 * What a CALL without an answer says of itself: the line stood all the while; the line was lost at it, on which others
 * had been answered; or it rests, since the line was lost at it too often.
 */
type LossBlame = "time" | "line" | "rests";

/** A CALL without an answer. `sent` = the peer may have read it; no `blame` = it is nobody's fault. */
export class CallLost extends Error {
  override readonly name = "CallLost";
  constructor(
    readonly sent: boolean,
    message: string,
    readonly blame?: LossBlame,
  ) {
    super(message);
  }
}

/** Why a CALL was refused or lost. Anything else that was thrown is thrown again: it is no answer. */
export function callFailure(error: unknown): CallError | CallLost {
  if (error instanceof CallError || error instanceof CallLost) return error;
  throw error;
}

/** Takes the payload of a CALLRESULT that came after the time was over. */
export type TakeLate = (payload: unknown) => void;

export type RpcParts = {
  readonly dialect: Dialect;
  readonly handlers: Handlers;
  /** Throws where the text cannot go out. */
  readonly send: (text: string) => void;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Trouble with the peer's frames, for the log. */
  readonly note: (text: string) => void;
  /** What a handler threw that is no answer to the peer. */
  readonly failed: (error: unknown) => void;
  /** Told of the first frame of the connection that cannot be used. */
  readonly malformed?: (why: string) => void;
  /** What the peer writes otherwise than the standard has it; absent = nobody counts it. */
  readonly saw?: SawOddity;
  /** How the peer answers the CALLs of ours; "none" = not within the time. */
  readonly answered?: (action: string, answer: "result" | "none" | CallError) => void;
  /** At what the line was lost, over all connections. */
  readonly losses?: LineLosses;
};

/**
 * Calls of ours that wait for their turn: nothing that lasts waits here, so more than this means that the peer does not
 * answer.
 */
export const mostWaitingCalls = 64;
/** Calls of the peer that wait for their turn; it should have one outstanding at most. */
export const mostPeerCalls = 16;
/** Characters of those calls together: what one frame may have. */
export const mostPeerText = 1024 * 1024;
/** Calls whose time is over and whose answer would still be of use. */
const mostLateCalls = 16;
/** Words for the log about one connection: a peer that sends nothing but nonsense must not fill a card with them. */
export const mostNotes = 50;

type Outgoing = {
  readonly id: string;
  readonly text: string;
  readonly action: string;
  resolve(payload: unknown): void;
  reject(error: CallError | CallLost): void;
  late?: TakeLate;
};

/** `failure` is what a handler threw that is no answer. */
type Answered = { readonly text: string; readonly afterwards?: () => void; readonly failure?: unknown };

export class Rpc {
  readonly #parts: RpcParts;
  readonly #waiting: Outgoing[] = [];
  /** Their time is over, the newest last. */
  readonly #late: Outgoing[] = [];
  #knowsUs = false;
  #wasAnswered = false;
  readonly #asked: { readonly call: Extract<Frame, { type: "call" }>; readonly length: number }[] = [];
  #outstanding: Outgoing | undefined;
  #cancelTimeout: () => void = () => undefined;
  #answering = false;
  #notes = 0;
  #wasMalformed = false;
  #closed = false;

  constructor(parts: RpcParts) {
    this.#parts = parts;
  }

  get dialect(): Dialect {
    return this.#parts.dialect;
  }

  /** Nothing is outstanding and nothing waits. */
  get quiet(): boolean {
    return this.#outstanding === undefined && this.#waiting.length === 0;
  }

  /** The peer has taken something on this connection, which a Heartbeat alone does not show: it needs no memory. */
  knowsUs(): boolean {
    return this.#knowsUs;
  }

  /** See `Call`. */
  call: RpcCall = (action, payload) => this.callText(action, JSON.stringify(payload));

  /**
   * Like `call`, with the payload as the very text that is to be sent. `late` takes an answer that comes after the
   * promise was rejected because the time was over.
   */
  callText(action: string, payloadText: string, late?: TakeLate): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new CallLost(false, "the connection is closed"));
      if (this.#waiting.length >= mostWaitingCalls)
        return reject(new CallLost(false, `${mostWaitingCalls} calls wait for an answer already`));
      const rests = this.#parts.losses?.keptBack(action);
      if (rests !== undefined) return reject(new CallLost(false, rests, "rests"));
      const id = randomUUID();
      const text = callText(id, action, payloadText);
      this.#waiting.push({ id, action, text, resolve, reject, ...(late === undefined ? {} : { late }) });
      this.#next();
    });
  }

  /** A frame came in. */
  received(text: string): void {
    if (this.#closed) return;
    const { dialect, saw } = this.#parts;
    const frame = parseFrame(text, dialect, saw);
    switch (frame.type) {
      case "call":
        if (this.#isFull(text.length))
          return void this.#sent(
            errorText(
              frame.id,
              new CallError("InternalError", `${this.#asked.length} calls wait for an answer already`),
              dialect,
            ),
          );
        this.#asked.push({ call: frame, length: text.length });
        void this.#answer();
        return;
      case "result":
      case "error":
        return this.#settle(frame);
      case "result-error":
        return this.#note(`the backend could not read an answer of ours: ${frame.error.code} ${frame.error.message}`);
      case "send":
        return this.#note(`the backend sent ${frame.action.slice(0, 50)}, which is not for a station`);
      case "malformed": {
        this.#note(`the backend sent a frame that cannot be used: ${frame.why}`);
        if (!this.#wasMalformed) this.#parts.malformed?.(frame.why);
        this.#wasMalformed = true;
        // 1.6 has no way to answer a frame without an id; the others name it -1.
        if (frame.id === undefined && dialect === "ocpp1.6") return;
        return void this.#sent(errorText(frame.id ?? "-1", new CallError(frame.code, frame.why), dialect));
      }
      default:
        return frame satisfies never;
    }
  }

  /** A binary frame came in, which OCPP-J does not have. */
  receivedBinary(): void {
    this.#note("the backend sent a binary frame, which OCPP-J does not have");
  }

  /**
   * The connection is gone: the outstanding call is in doubt, those that wait were never sent. `isOurs` = we have closed
   * it.
   */
  close(why: string, isOurs = false): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimeout();
    this.#asked.length = 0;
    this.#late.length = 0;
    const lost = this.#outstanding;
    this.#outstanding = undefined;
    if (lost !== undefined && !isOurs) this.#parts.losses?.lostAt(lost.action);
    const blame = this.#wasAnswered && !isOurs ? "line" : undefined;
    lost?.reject(new CallLost(true, `${why}; sent, but no answer was seen`, blame));
    for (const call of this.#waiting.splice(0)) call.reject(new CallLost(false, why));
  }

  #next(): void {
    if (this.#outstanding !== undefined || this.#closed) return;
    const call = this.#waiting.shift();
    if (call === undefined) return;
    this.#outstanding = call;
    const { clock, timeoutMs } = this.#parts;
    this.#cancelTimeout = clock.at(clock.now().monoMs + timeoutMs, () => {
      this.#outstanding = undefined;
      this.#late.push(call);
      if (this.#late.length > mostLateCalls) this.#late.shift();
      call.reject(new CallLost(true, `the backend did not answer ${call.action} within ${timeoutMs / 1000} s`, "time"));
      this.#parts.answered?.(call.action, "none");
      this.#next();
    });
    if (this.#sent(call.text)) return;
    this.#cancelTimeout();
    this.#outstanding = undefined;
    // Nobody knows how far it came.
    call.reject(new CallLost(true, `${call.action} could not be sent to the end`));
    this.#next();
  }

  #settle(frame: Extract<Frame, { type: "result" | "error" }>): void {
    const call = this.#outstanding;
    if (call?.id !== frame.id) {
      if (this.#tookLate(frame)) return;
      // An error without a call of ours may be the answer to an answer; there is nobody to tell.
      this.#note(
        frame.type === "error"
          ? `the backend complains: ${frame.error.code} ${frame.error.message}`
          : "the backend answered a call that is no longer waiting",
      );
      return;
    }
    this.#cancelTimeout();
    this.#outstanding = undefined;
    if (frame.type === "result") call.resolve(frame.payload);
    else call.reject(frame.error);
    this.#told(call.action, frame);
    this.#next();
  }

  /** An answer that comes after its time is one all the same: what it says, the peer has done. */
  #tookLate(frame: Extract<Frame, { type: "result" | "error" }>): boolean {
    const index = this.#late.findIndex(({ id }) => id === frame.id);
    const [call] = index < 0 ? [] : this.#late.splice(index, 1);
    if (call === undefined) return false;
    this.#note(`the backend answered ${call.action} late`);
    if (frame.type === "result") call.late?.(frame.payload);
    this.#told(call.action, frame);
    return true;
  }

  #told(action: string, frame: Extract<Frame, { type: "result" | "error" }>): void {
    this.#wasAnswered = true;
    this.#parts.losses?.answered(action);
    if (frame.type === "result") this.#knowsUs ||= action !== "Heartbeat";
    this.#parts.answered?.(action, frame.type === "result" ? "result" : frame.error);
  }

  #isFull(more: number): boolean {
    const waiting = this.#asked.reduce((sum, { length }) => sum + length, 0);
    return this.#asked.length >= mostPeerCalls || (waiting > 0 && waiting + more > mostPeerText);
  }

  async #answer(): Promise<void> {
    if (this.#answering) return;
    this.#answering = true;
    for (let asked = this.#asked.shift(); asked !== undefined; asked = this.#asked.shift()) {
      const { text, afterwards, failure } = await this.#answerTo(asked.call);
      const isSent = !this.#closed && this.#sent(text);
      if (failure !== undefined) this.#parts.failed(failure);
      try {
        if (isSent) afterwards?.();
      } catch (error) {
        this.#parts.failed(error);
      }
    }
    this.#answering = false;
  }

  async #answerTo({ id, action, payload }: Extract<Frame, { type: "call" }>): Promise<Answered> {
    const { handlers, dialect } = this.#parts;
    const handler = Object.hasOwn(handlers, action) ? handlers[action] : undefined;
    if (handler === undefined)
      return {
        text: errorText(id, new CallError("NotImplemented", "this station does not know that action"), dialect),
      };
    try {
      const answer = await handler(payload);
      return answer instanceof Reply
        ? { text: resultText(id, answer.payload), afterwards: answer.afterwards }
        : { text: resultText(id, answer) };
    } catch (error) {
      if (error instanceof CallError) return { text: errorText(id, error, dialect) };
      this.#note(`${action} of the backend failed here: ${String(error)}`);
      return { text: errorText(id, new CallError("InternalError"), dialect), failure: error };
    }
  }

  #note(text: string): void {
    this.#notes += 1;
    if (this.#notes <= mostNotes)
      this.#parts.note(
        this.#notes < mostNotes ? text : `${text}; what else it does is not noted until it connects again`,
      );
  }

  /** False where it could not go out: that silences neither the other answers nor the calls that wait. */
  #sent(text: string): boolean {
    try {
      this.#parts.send(text);
      return true;
    } catch (error) {
      this.#note(
        `a message to the backend could not be sent: ${error instanceof Error ? error.message : String(error)}`,
      );
      return false;
    }
  }
}

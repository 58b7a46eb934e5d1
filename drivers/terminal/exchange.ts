// One command and all that is said about it, until the terminal completes or aborts it. Whatever breaks on the way is an
// answer too: it says whether the command may have been carried out.
import type { Clock } from "../driver.js";
import { LineBroken, type TerminalLine } from "./terminal-line.js";
import { ackFrame, stopFrame, unknownFrame } from "./zvt/commands.js";
import type { CardHasher, ZvtFields } from "./zvt/fields.js";
import type { ZvtFrame } from "./zvt/frame.js";
import { readMessage, type ZvtMessage } from "./zvt/messages.js";

/**
 * How a command ended. `status` = the last status information, whose result is the bank's; `refused` = sure, nothing was
 * done; `broken` = no completion came: it may have been done.
 */
export type Exchange =
  | { readonly kind: "completed"; readonly status?: ZvtFields; readonly completion: Completion }
  | { readonly kind: "refused"; readonly code: number; readonly fields?: ZvtFields; readonly by: "abort" | "nack" }
  | { readonly kind: "broken"; readonly why: string };

type Completion = Extract<ZvtMessage, { readonly kind: "completion" }>;

/** The first acknowledgement comes within this (PA00P015, 2.4). */
const acknowledgedWithinMs = 5_000;
/** Between two frames; each intermediate status begins the wait anew: the bank, a PIN. */
const betweenFramesMs = 60_000;
/** No command lasts longer, however often the terminal says that it is busy. */
const longestCommandMs = 300_000;

/** After the station has ended a wait for a card, the terminal says so within this. */
const stoppedWithinMs = 5_000;

export type ExchangeParts = {
  readonly line: TerminalLine;
  readonly clock: Clock;
  readonly hash: CardHasher;
  /** Of a wait for a card: after so long without a word, or when the line is interrupted, the station ends it. */
  readonly stopAfterMs?: number;
};

/** Sends a command and follows it to its end. Never rejects for what a line or a terminal can do. */
export async function exchange(command: Uint8Array, parts: ExchangeParts): Promise<Exchange> {
  const { line, clock, hash } = parts;
  // What came unasked belongs to no command.
  for (const _ of line.begin()) line.send(ackFrame);
  try {
    line.send(command);
    const until = clock.now().monoMs + acknowledgedWithinMs;
    const first = readMessage(await clock.busy(line.next(until, "acknowledgement")), hash);
    if (first.kind === "nack") return { kind: "refused", code: first.code, by: "nack" };
    if (first.kind !== "ack") return giveUp(line, "another frame came in place of the acknowledgement");
    if (parts.stopAfterMs === undefined) return await followed(parts, false);
    const frame = await line.nextOrNothing(clock.now().monoMs + parts.stopAfterMs);
    if (frame !== undefined) return await followed(parts, false, frame);
    line.send(stopFrame);
    return await followed(parts, true);
  } catch (error) {
    if (!(error instanceof LineBroken)) throw error;
    return { kind: "broken", why: error.message };
  }
}

/**
 * Reads until the completion or the abort, beginning with `heard`. `isStopped`: the station has ended the command, and one
 * acknowledgement more comes for that.
 */
async function followed(parts: ExchangeParts, isStopped: boolean, heard?: ZvtFrame): Promise<Exchange> {
  const { line, clock, hash, stopAfterMs = 0 } = parts;
  const end = clock.now().monoMs + longestCommandMs;
  let waitsForAck = isStopped;
  let betweenMs = isStopped ? stoppedWithinMs : betweenFramesMs;
  let status: ZvtFields | undefined;
  let frame = heard;
  for (;;) {
    const now = clock.now().monoMs;
    if (now >= end) return giveUp(line, "the command does not come to an end");
    frame ??= await clock.busy(line.next(Math.min(now + betweenMs, end), "answer"));
    const message = readMessage(frame, hash);
    frame = undefined;
    switch (message.kind) {
      case "ack":
      case "nack":
        if (!waitsForAck) return giveUp(line, "an acknowledgement came in the middle of a command");
        waitsForAck = false;
        // A terminal that cannot be stopped ends its wait for a card by itself.
        if (message.kind === "nack") betweenMs += stopAfterMs;
        break;
      case "unknown":
        line.send(unknownFrame);
        break;
      case "intermediate":
      case "print":
        line.send(ackFrame);
        break;
      case "status":
        line.send(ackFrame);
        status = message.fields;
        break;
      case "completion":
        line.send(ackFrame);
        await settleStop(line, clock, waitsForAck);
        return { kind: "completed", completion: message, ...(status === undefined ? {} : { status }) };
      case "abort":
        line.send(ackFrame);
        await settleStop(line, clock, waitsForAck);
        // Told as good and then as aborted: nobody knows which it is.
        if (status?.result === 0) return giveUp(line, "the terminal told a good result and then aborted");
        return { kind: "refused", code: message.code, fields: message.fields, by: "abort" };
      default:
        return message satisfies never;
    }
  }
}

/** The acknowledgement of a stop that crossed the end is taken off the line, or the line is given up: nothing may be
 * left on it that the next command would take for its own. */
async function settleStop(line: TerminalLine, clock: Clock, waitsForAck: boolean): Promise<void> {
  if (!waitsForAck) return;
  const frame = await clock.busy(line.nextOrNothing(clock.now().monoMs + stoppedWithinMs));
  if (frame === undefined || frame.control >> 8 === 0x04 || frame.control >> 8 === 0x06)
    line.close("the end of a wait for a card was not acknowledged");
}

function giveUp(line: TerminalLine, why: string): Exchange {
  line.close(why);
  return { kind: "broken", why };
}

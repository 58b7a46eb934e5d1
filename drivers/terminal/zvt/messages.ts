// Frames of the terminal as messages: what it says, in a union that the driver switches over.
import { spelledLength } from "./field-walk.js";
import { type CardHasher, readFields, type ZvtFields } from "./fields.js";
import type { ZvtFrame } from "./frame.js";

/** The class and instruction of what a terminal and a station say to each other. */
export const control = {
  ack: 0x8000,
  unknownFunction: 0x8483,
  statusInformation: 0x040f,
  intermediate: 0x04ff,
  statusEnquiry: 0x0501,
  registration: 0x0600,
  completion: 0x060f,
  abort: 0x061e,
  repeatReceipt: 0x0620,
  hold: 0x0622,
  partialReversal: 0x0623,
  bookTotal: 0x0624,
  release: 0x0625,
  endOfDay: 0x0650,
  diagnosis: 0x0670,
  initialisation: 0x0693,
  abortByStation: 0x06b0,
  readCard: 0x06c0,
  displayText: 0x06e0,
  printLine: 0x06d1,
  printBlock: 0x06d3,
} as const;

export type ZvtMessage =
  | { readonly kind: "ack" }
  /** Not executed, with the reason. */
  | { readonly kind: "nack"; readonly code: number }
  /** What the terminal's display says while it works. */
  | { readonly kind: "intermediate"; readonly status: number }
  | { readonly kind: "status"; readonly fields: ZvtFields }
  /** The command is done; of a status enquiry it tells version and state. */
  | { readonly kind: "completion"; readonly fields: ZvtFields; readonly version?: string; readonly state?: number }
  | { readonly kind: "abort"; readonly code: number; readonly fields: ZvtFields }
  /** Lines of a receipt and the like: acknowledged and never read. */
  | { readonly kind: "print" }
  | { readonly kind: "unknown"; readonly control: number };

/** Where a frame's fields begin: behind values without a tag, which each kind of frame has of its own. */
export function fieldsStart({ control: kind, data }: ZvtFrame): number {
  switch (kind) {
    case control.registration:
      return Math.min(6, data.length);
    case control.statusEnquiry:
    case control.repeatReceipt:
    case control.endOfDay:
    case control.initialisation:
      return Math.min(3, data.length);
    case control.readCard:
      return Math.min(1, data.length);
    case control.abort:
      return Math.min(data[0] === wrongCurrency ? 3 : 1, data.length);
    case control.intermediate:
      return Math.min(data[1] === containerTag ? 1 : 2, data.length);
    case control.completion:
      return completionStart(data);
    default:
      return 0;
  }
}

/** The abort that tells the terminal's currency behind its code. */
const wrongCurrency = 0x6f;
const containerTag = 0x06;

/** A status enquiry's completion begins with the version as text, told in three digits, and the state. */
function completionStart(data: Uint8Array): number {
  const length = spelledLength(data, 0, 3);
  return length === undefined ? 0 : Math.min(3 + length + 1, data.length);
}

/** What a frame says. Never throws: what cannot be followed is left out, and `isWhole` tells so. */
export function readMessage(frame: ZvtFrame, hash: CardHasher): ZvtMessage {
  const { control: kind, data } = frame;
  const fields = (): ZvtFields => readFields(data, fieldsStart(frame), hash);
  switch (kind) {
    case control.ack:
      return { kind: "ack" };
    case control.intermediate:
      return { kind: "intermediate", status: data[0] ?? 0 };
    case control.statusInformation:
      return { kind: "status", fields: fields() };
    case control.completion:
      return { kind: "completion", fields: fields(), ...stateOf(data) };
    case control.abort:
      return { kind: "abort", code: data[0] ?? 0xff, fields: fields() };
    case control.printLine:
    case control.printBlock:
      return { kind: "print" };
    default:
      return kind >> 8 === 0x84 ? { kind: "nack", code: kind & 0xff } : { kind: "unknown", control: kind };
  }
}

function stateOf(data: Uint8Array): { readonly version?: string; readonly state?: number } {
  const length = spelledLength(data, 0, 3);
  const state = length === undefined ? undefined : data[3 + length];
  if (length === undefined || state === undefined) return {};
  const version = Buffer.from(data.subarray(3, 3 + length))
    .toString("latin1")
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim();
  return { version, state };
}

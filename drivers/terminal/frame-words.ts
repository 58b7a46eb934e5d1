// A frame in words, for a trace that is played again: read by the driver's own codec. It tells nothing of a card but its
// name and kind.
import { refusalOf, stateWords } from "./refusals.js";
import { noReceipt, readFields, type ZvtFields } from "./zvt/fields.js";
import { splitFrames, type ZvtFrame } from "./zvt/frame.js";
import { control, fieldsStart, readMessage } from "./zvt/messages.js";

/** Card hashes of a trace are zeros: nothing is known again by them. */
const noHash = (): string => "";

const commands: ReadonlyMap<number, string> = new Map([
  [control.statusEnquiry, "how are you?"],
  [control.registration, "registration"],
  [control.repeatReceipt, "repeat the last receipt"],
  [control.hold, "hold"],
  [control.partialReversal, "partial reversal"],
  [control.bookTotal, "book"],
  [control.release, "release"],
  [control.endOfDay, "end of day"],
  [control.diagnosis, "diagnosis"],
  [control.initialisation, "initialise"],
  [control.abortByStation, "stop"],
  [control.readCard, "read a card"],
  [control.displayText, "show a text"],
  [control.ack, "acknowledged"],
  [control.unknownFunction, "no such function"],
]);

/** What the frame in `bytes` says; undefined where it is not one whole frame. */
export function frameWords(way: "out" | "in", bytes: Uint8Array): string | undefined {
  const { frames, rest } = splitFrames(bytes);
  const [frame] = frames;
  if (frame === undefined || frames.length !== 1 || rest.length > 0) return undefined;
  return way === "out" ? commandWords(frame) : messageWords(frame);
}

function commandWords(frame: ZvtFrame): string {
  const name = commands.get(frame.control) ?? hex(frame.control);
  const fields = readFields(frame.data, fieldsStart(frame), noHash);
  if (frame.control === control.partialReversal && fields.receipt === noReceipt) return "which holds are open?";
  return [name, ...fieldWords(fields)].join(", ");
}

function messageWords(frame: ZvtFrame): string {
  const message = readMessage(frame, noHash);
  switch (message.kind) {
    case "ack":
      return "acknowledged";
    case "nack":
      return `not done: ${refusalOf(message.code).message}`;
    case "intermediate":
      return `busy (${hex(message.status, 2)})`;
    case "print":
      return "lines to print (not kept)";
    case "unknown":
      return `unknown frame ${hex(message.control)}`;
    case "status":
      return [`result ${message.fields.result ?? "none"}`, ...fieldWords(message.fields)].join(", ");
    case "completion":
      return [
        "done",
        ...(message.state === undefined ? [] : [`${message.version ?? "no version"}: ${stateWords(message.state)}`]),
        ...fieldWords(message.fields),
      ].join(", ");
    case "abort":
      return [`aborted: ${refusalOf(message.code).message}`, ...fieldWords(message.fields)].join(", ");
    default:
      return message satisfies never;
  }
}

function fieldWords({ amount, receipt, listed, terminalId, cardName, card, isWhole }: ZvtFields): string[] {
  const told = (words: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`${words} ${value}`];
  return [
    ...told("amount", amount),
    ...told("receipt", receipt === noReceipt ? "none" : receipt),
    ...told("also", listed.length === 0 ? undefined : listed.join(" ")),
    ...told("terminal", terminalId),
    ...told("card", cardName),
    ...told("applications", card.applications.length === 0 ? undefined : card.applications.join(" ")),
    ...(isWhole ? [] : ["NOT READ TO ITS END"]),
  ];
}

const hex = (value: number, digits = 4): string => value.toString(16).toUpperCase().padStart(digits, "0");

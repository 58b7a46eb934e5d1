// The frames of OCPP-J: JSON arrays of a message type, an id, and what they carry (2.0.1 and 2.1 part 4, 1.6J section
// 4). Pure.
import { printable } from "../../../core/words/printable.js";
import { receivedJson, receivedPayload, type SawOddity } from "./received-json.js";

/** The subprotocols of OCPP-J that a station may agree on, newest first. */
export const dialects = ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"] as const;
export type Dialect = (typeof dialects)[number];

/** In the words of 2.0.1; 1.6 spells some of them otherwise (see `codeFor`). */
export const callErrorCodes = [
  "FormatViolation",
  "GenericError",
  "InternalError",
  "MessageTypeNotSupported",
  "NotImplemented",
  "NotSupported",
  "OccurrenceConstraintViolation",
  "PropertyConstraintViolation",
  "ProtocolError",
  "RpcFrameworkError",
  "SecurityError",
  "TypeConstraintViolation",
] as const;
export type CallErrorCode = (typeof callErrorCodes)[number];

/** A CALL that was answered with CALLERROR: thrown by a handler to refuse, and by `call` when the peer refuses. */
export class CallError extends Error {
  override readonly name = "CallError";
  constructor(
    readonly code: CallErrorCode,
    message = "",
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** Some backends and 1.6 itself spell these so. */
const spellings: ReadonlyMap<string, CallErrorCode> = new Map(
  Object.entries({
    FormationViolation: "FormatViolation",
    OccurenceConstraintViolation: "OccurrenceConstraintViolation",
  }),
);
const in16: Partial<Record<CallErrorCode, string>> = {
  FormatViolation: "FormationViolation",
  OccurrenceConstraintViolation: "OccurenceConstraintViolation",
  RpcFrameworkError: "ProtocolError",
  MessageTypeNotSupported: "ProtocolError",
};

/** The code as a dialect spells it. */
export const errorCodeFor = (code: CallErrorCode, dialect: Dialect): string =>
  dialect === "ocpp1.6" ? (in16[code] ?? code) : code;

/** A code as a peer spelled it; an unknown one is a GenericError, as the standard asks. */
const codeOf = (text: unknown): CallErrorCode =>
  typeof text !== "string"
    ? "GenericError"
    : (spellings.get(text) ?? callErrorCodes.find((code) => code === text) ?? "GenericError");

/** Text by the standard; a number is given back as it came. */
export type MessageId = string | number;

export type Frame =
  | { readonly type: "call"; readonly id: MessageId; readonly action: string; readonly payload: unknown }
  | { readonly type: "send"; readonly id: MessageId; readonly action: string; readonly payload: unknown }
  | { readonly type: "result"; readonly id: MessageId; readonly payload: unknown }
  | { readonly type: "error"; readonly id: MessageId; readonly error: CallError }
  | { readonly type: "result-error"; readonly id: MessageId; readonly error: CallError }
  /** `id` where it could be read. */
  | { readonly type: "malformed"; readonly id?: MessageId; readonly code: CallErrorCode; readonly why: string };

const longestId = 36;
/** Some backends write longer ones; one that is longer still is no id. */
const longestOddId = 255;
/** What is quoted of a peer's words. */
const longestQuote = 200;

/** A peer's words, short. */
const quoted = (text: unknown): string => (typeof text === "string" ? printable(text, " ").slice(0, longestQuote) : "");

function isMessageId(id: unknown, saw: SawOddity): id is MessageId {
  if (typeof id === "string" && id !== "" && id.length <= longestId) return true;
  const isOdd = typeof id === "string" ? id !== "" && id.length <= longestOddId : Number.isFinite(id);
  if (isOdd) saw("message-id");
  return isOdd;
}

/** What costs too much to read has its kind and its id at its beginning all the same. */
const beginning = /^\s*\[\s*([23])\s*,\s*"([\x20\x21\x23-\x5b\x5d-\x7e]{1,36})"/;

/** A CALL that is not read is refused by its id; an answer that is not read is a failure of the peer's, and asked again. */
function unread(text: string, why: string): Frame {
  const [, kind, id] = why === "not valid JSON" ? [] : (beginning.exec(text.slice(0, longestQuote)) ?? []);
  if (id === undefined) return { type: "malformed", code: "RpcFrameworkError", why };
  if (kind === "2") return { type: "malformed", id, code: "FormatViolation", why };
  return { type: "error", id, error: new CallError("InternalError", `its answer is not read: ${why}`) };
}

/** Reads a frame; never throws. Types 5 and 6 are of 2.1 only. `saw` is told of what the standard has otherwise. */
export function parseFrame(text: string, dialect: Dialect, saw: SawOddity = () => undefined): Frame {
  const read = receivedJson(text, saw);
  if (!read.ok) return unread(text, read.why);
  const { value } = read;
  if (!Array.isArray(value)) return { type: "malformed", code: "RpcFrameworkError", why: "not a JSON array" };
  const [kind, id, third, fourth, fifth] = value as readonly unknown[];
  if (!isMessageId(id, saw))
    return { type: "malformed", code: "RpcFrameworkError", why: "its message id cannot be read" };
  const is21 = dialect === "ocpp2.1";
  if (kind === 2 || (kind === 6 && is21)) {
    const payload = receivedPayload(fourth, saw);
    if (typeof third !== "string" || typeof payload !== "object" || payload === null || Array.isArray(payload))
      return { type: "malformed", id, code: "FormatViolation", why: "a CALL needs an action and an object" };
    return { type: kind === 2 ? "call" : "send", id, action: third, payload };
  }
  if (kind === 3) return { type: "result", id, payload: receivedPayload(third, saw) };
  if (kind === 4 || (kind === 5 && is21))
    return {
      type: kind === 4 ? "error" : "result-error",
      id,
      error: new CallError(
        codeOf(third),
        quoted(fourth),
        typeof fifth === "object" && fifth !== null ? (fifth as Record<string, unknown>) : {},
      ),
    };
  return {
    type: "malformed",
    id,
    code: "MessageTypeNotSupported",
    why: `there is no message type ${quoted(JSON.stringify(kind))} in ${dialect}`,
  };
}

export const callText = (id: string, action: string, payloadText: string): string =>
  `[2,${JSON.stringify(id)},${JSON.stringify(action)},${payloadText}]`;
export const resultText = (id: MessageId, payload: unknown): string => JSON.stringify([3, id, payload]);
export const errorText = (id: MessageId, error: CallError, dialect: Dialect): string =>
  JSON.stringify([4, id, errorCodeFor(error.code, dialect), error.message.slice(0, 255), error.details]);

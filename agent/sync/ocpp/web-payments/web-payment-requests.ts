// A CSMS says that somebody has begun to pay on its page, or that it came to nothing: NotifyWebPaymentStarted of 2.1
// (C25), and both as DataTransfer of the vendor cloud.charging.open (paper "Secure Dynamic QR Codes"), where 1.6 has a
// connector in place of an EVSE and its data as text.
import { z } from "zod";
import { parseBoundedJson } from "../../../core/json/bounded-json.js";
import { isObject, isPresent, type JsonObject } from "../../../core/json/json-reader.js";
import { cleanedText, shortLine } from "../../../core/words/printable.js";
import { longestWebPaymentMs, type RemoteAnswer } from "../../station-port.js";
import { type RequestContext, reasonCode } from "../requests/request-context.js";
import { countSchema, listOf, readRequest, statusInfoOf, textSchema } from "../requests/request-schemas.js";
import { CallError } from "../rpc/frame.js";
import type { Handlers } from "../rpc/rpc.js";

const vendor = "cloud.charging.open";
const mostSeconds = longestWebPaymentMs / 1000;
const mostValues = 100;
const deepest = 5;
/** Of the words about a payment that failed, in the log. */
const longestMessage = 200;

const timeoutSchema = z.int().min(0).max(mostSeconds);
const startedAsked = z.object({ evseId: countSchema, timeout: timeoutSchema });

/** NotifyWebPaymentStarted of 2.1; its answer has no status, so that what cannot be is a CALLERROR. */
export const webPaymentStarted = (context: RequestContext): Handlers => ({
  NotifyWebPaymentStarted: (payload) => {
    const { evseId, timeout } = readRequest(startedAsked, payload);
    const answer = started(context, evseId, timeout);
    if (answer.accepted) return {};
    const isUnknown = answer.code === "unknown-connector";
    throw new CallError(isUnknown ? "PropertyConstraintViolation" : "GenericError", answer.why);
  },
});

function started({ remote, link }: RequestContext, connector: number, timeoutS: number): RemoteAnswer {
  if (timeoutS > 0) return remote.webPaymentStarted(connector, timeoutS * 1000, link.uplink);
  return remote.webPaymentEnded(connector, link.uplink, "the payment was given up");
}

/** What was refused of a DataTransfer: its reason, and words. */
type Refused = { readonly reason: string; readonly words?: string };

const dataAsked = z.object({
  vendorId: textSchema(255),
  messageId: textSchema(50).optional(),
  data: z.unknown().optional(),
});

/** DataTransfer of all versions: what else a vendor sends is not known here. */
export function dataTransfer(context: RequestContext): Handlers {
  const is16 = context.link.dialect === "ocpp1.6";
  return {
    DataTransfer: (payload) => {
      const { vendorId, messageId, data } = readRequest(dataAsked, payload);
      if (vendorId !== vendor) return { status: "UnknownVendorId" };
      const read = messages.get(messageId ?? "");
      if (read === undefined) return { status: "UnknownMessageId" };
      const fields = fieldsOf(data);
      const connector = connectorIn(context, fields);
      const refused = connector === undefined ? unknownPlace(context) : read(context, connector, fields);
      if (refused === undefined) return { status: "Accepted" };
      return { status: "Rejected", ...(is16 ? refusedAsText(refused) : statusInfoOf(refused.reason, refused.words)) };
    },
  };
}

/** 1.6 has no statusInfo; the paper's older issue names the words `message`. */
function refusedAsText({ reason, words }: Refused): { readonly data: string } {
  const told = words === undefined ? {} : { additionalInfo: words, message: words };
  return { data: JSON.stringify({ reasonCode: reason, ...told }) };
}

type Reader = (context: RequestContext, connector: number, fields: JsonObject) => Refused | undefined;

const paymentStarted: Reader = (context, connector, fields) => {
  const timeout = timeoutSchema.safeParse(fields["timeout"]);
  if (!timeout.success) return { reason: "invalidTimeout", words: "Invalid 'timeout' value!" };
  return refusedOf(started(context, connector, timeout.data));
};

const paymentFailed: Reader = (context, connector, fields) => {
  const message = messageIn(fields["errorMessage"], context.config.language);
  // The paper's `invalidMessageContent` is a character longer than the schema of 2.x lets a reason be.
  if (message === undefined) return { reason: "invalidMessage", words: "Invalid 'errorMessage' value!" };
  const { remote, link } = context;
  const why = message === "" ? "the payment failed" : `the payment failed: ${message}`;
  return refusedOf(remote.webPaymentEnded(connector, link.uplink, why));
};

const messages: ReadonlyMap<string, Reader> = new Map([
  ["NotifyWebPaymentStarted", paymentStarted],
  ["NotifyWebPaymentFailed", paymentFailed],
]);

const unknownPlace = ({ link }: RequestContext): Refused => ({
  reason: "invalidEvseId",
  words: `Invalid '${link.dialect === "ocpp1.6" ? "connectorId" : "evseId"}' value!`,
});

const refusedOf = (answer: RemoteAnswer): Refused | undefined =>
  answer.accepted ? undefined : { reason: reasonCode[answer.code], words: answer.why };

/** The data as fields: an object in 2.x, its text in 1.6; either is taken. */
function fieldsOf(data: unknown): JsonObject {
  const json = typeof data === "string" ? parseBoundedJson(data, { values: mostValues, depth: deepest }) : undefined;
  const value = json === undefined ? data : json.ok ? json.value : undefined;
  return isObject(value) ? value : {};
}

/** A connector of this station, by the name that the version has for it. */
function connectorIn({ link, config }: RequestContext, fields: JsonObject): number | undefined {
  const id = link.dialect === "ocpp1.6" ? (fields["connectorId"] ?? fields["evseId"]) : fields["evseId"];
  return config.connectors.find((connector) => connector.id === id)?.id;
}

const contentSchema = z.object({
  format: z.enum(["ASCII", "HTML", "URI", "UTF8", "QRCODE"]),
  language: textSchema(8).optional(),
  content: textSchema(1024),
});
const errorMessageSchema = z.union([listOf(contentSchema).max(mostValues), z.record(textSchema(8), textSchema(1024))]);

/** What a person may read in the log, in the station's language where there is such; undefined = not as it should be. */
function messageIn(value: unknown, language: string): string | undefined {
  if (!isPresent(value)) return "";
  const read = errorMessageSchema.safeParse(value);
  if (!read.success) return undefined;
  const texts: readonly Omit<z.infer<typeof contentSchema>, "format">[] = Array.isArray(read.data)
    ? read.data
    : Object.entries(read.data).map(([of, content]) => ({ language: of, content }));
  const chosen = texts.find((one) => one.language?.slice(0, 2).toLowerCase() === language) ?? texts[0];
  return shortLine(cleanedText(chosen?.content ?? ""), longestMessage);
}

// What a CSMS asked, read strictly at the door: a payload that does not fit is refused with the standard's word for how
// it does not. Fields that nobody knows are let pass, as the rules for customData ask.
import { z } from "zod";
import { CallError, type CallErrorCode } from "../rpc/frame.js";

/** More entries than any list of a CSMS has need of; a frame that is larger still is refused by the socket. */
const mostEntries = 10_000;

export const listOf = <Schema extends z.ZodType>(schema: Schema) => z.array(schema).min(1).max(mostEntries);
export const wholeNumberSchema = z.int();
export const countSchema = z.int().min(0);
export const textSchema = (most: number) => z.string().max(most);
export const instantSchema = z.iso.datetime({ offset: true }).transform((value) => Date.parse(value));

/** OCPP 2.x: an EVSE, and maybe a connector of it. */
export const evseSchema = z.object({ id: countSchema, connectorId: countSchema.optional() });
/** OCPP 2.x: an id token; 2.1 leaves the type open and allows 255 characters. */
export const idTokenSchema = z.object({
  idToken: textSchema(255),
  type: textSchema(20),
  additionalInfo: listOf(z.object({ additionalIdToken: textSchema(255), type: textSchema(50) })).optional(),
});
export type RequestedToken = z.infer<typeof idTokenSchema>;

/** Reads a payload. Throws CallError with the standard's word for the first thing that is wrong. */
export function readRequest<Schema extends z.ZodType>(schema: Schema, payload: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined) throw new CallError("FormatViolation");
  throw new CallError(wordFor(issue, payload), `${issue.path.join(".")}: ${issue.message}`);
}

function wordFor(issue: z.core.$ZodIssue, payload: unknown): CallErrorCode {
  switch (issue.code) {
    case "invalid_type":
      return at(payload, issue.path) === undefined ? "OccurrenceConstraintViolation" : "TypeConstraintViolation";
    case "invalid_value":
      return at(payload, issue.path) === undefined ? "OccurrenceConstraintViolation" : "PropertyConstraintViolation";
    case "too_big":
    case "too_small":
      return Array.isArray(at(payload, issue.path)) ? "OccurrenceConstraintViolation" : "PropertyConstraintViolation";
    default:
      return "PropertyConstraintViolation";
  }
}

function at(payload: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    payload,
  );
}

/** Why something was not done: a code of the standard's appendix, and words for a person. */
export type StatusInfo = { readonly reasonCode: string; readonly additionalInfo?: string };

const longestInfo = 512;

export const statusInfoOf = (reasonCode: string, words?: string): { readonly statusInfo: StatusInfo } => ({
  statusInfo: { reasonCode, ...(words === undefined ? {} : { additionalInfo: words.slice(0, longestInfo) }) },
});

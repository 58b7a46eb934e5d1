// The fields that many parts of the config file share: durations, names, decimals, each with a word for what is wrong.
import { z } from "zod";
import { durationMs } from "./duration.js";

// A file is read once: to compile each check first takes longer than the checks do.
z.config({ jitless: true });

/** YAML reads it as a number, and whether seconds or minutes are meant nobody knows. */
const noUnit = (value: unknown): string | undefined =>
  typeof value === "number"
    ? `expected a duration with its unit, such as 90s, 22m or 1h30m, found ${value}: ${value}s or ${value}m?`
    : undefined;

/** What is wrong with a decimal: a comma is named, else `expected`. */
export const decimalWords =
  (expected: string) =>
  ({ input }: { readonly input?: unknown }): string =>
    typeof input === "string" && /^-?\d+,\d+$/.test(input.trim())
      ? `expected a point in place of the comma: "${input.trim().replace(",", ".")}"`
      : expected;

export const durationField = (min: string, max: string) =>
  z.string({ error: ({ input }) => noUnit(input) }).transform((text, context) => {
    const ms = durationMs(text);
    if (ms === undefined) {
      context.addIssue({ code: "custom", message: "expected a duration such as 90s, 22m or 1h30m" });
      return z.NEVER;
    }
    if (ms < (durationMs(min) ?? 0) || ms > (durationMs(max) ?? 0)) {
      context.addIssue({ code: "custom", message: `expected a duration from ${min} to ${max}` });
      return z.NEVER;
    }
    return ms;
  });

/** A duration with a default, given as text so that the file and the default read alike. */
export const durationFieldOr = (text: string, min: string, max: string) =>
  durationField(min, max).default(durationMs(text) ?? 0);

/** Where systemd lays what LoadCredential= of the service names. */
const serviceCredentials = "/run/credentials/chargetill.service";

/**
 * A file that holds a secret: an absolute path, or `credential:NAME` for what systemd hands to the service
 * (LoadCredential=, LoadCredentialEncrypted=).
 */
export const secretFileField = z
  .string()
  .regex(
    /^(?:\/.|credential:[A-Za-z0-9][A-Za-z0-9._-]{0,99}$)/,
    "expected an absolute path, or credential:NAME for a credential of systemd",
  )
  .transform((text) => {
    const name = /^credential:(.*)$/.exec(text)?.[1];
    return name === undefined ? text : `${process.env["CREDENTIALS_DIRECTORY"] ?? serviceCredentials}/${name}`;
  });

export const textField = (max: number) => z.string().trim().min(1).max(max);
export const nameField = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "expected a short name of a-z, 0-9 and -");
export const decimalField = (max: string) =>
  z.string().regex(/^\d{1,9}(\.\d{1,4})?$/, { error: decimalWords(`expected a decimal in quotes, such as "${max}"`) });

// The record that a technician hands over: what was found at a station, by whom and when, signed by the station's key.
// How it is made and how it is checked stand together, so that neither knows a field that the other does not.

import { shapeFault } from "../json/json-shape.js";
import { canonicalText } from "../json/json-text.js";
import { base64url, fromBase64url, fromUtf8, utf8 } from "../number/bytes.js";
import type { CheckTools, Signer } from "../signing/signer.js";
import { type Check, type CheckResult, fails, holds, overallResult } from "./check-result.js";
import { fingerprintOf } from "./trusted-keys.js";

export const commissioningFormat = "chargetill commissioning 1";
/** A type of its own: no receipt can ever be taken for a record, nor a record for a receipt. */
const recordType = "chargetill-commissioning+json";

/** `checked` = false: it was not looked at, and `words` says why. */
export type CommissionedDevice = {
  readonly connector: number;
  readonly checked: boolean;
  readonly passed: boolean;
  readonly words: string;
};

export type CommissioningRecord = {
  readonly format: typeof commissioningFormat;
  readonly station: string;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly by: string;
  readonly passed: boolean;
  readonly findings: readonly {
    readonly check: string;
    readonly value: string;
    readonly verdict: "ok" | "warn" | "fault";
    readonly why?: string;
    readonly fix?: string;
  }[];
  readonly contactors: readonly CommissionedDevice[];
  readonly meters: readonly CommissionedDevice[];
};

/** Whether a station is in order by what the record holds: nothing at fault, and all that was looked at has passed. */
export const isInOrder = ({
  findings,
  contactors,
  meters,
}: Pick<CommissioningRecord, "findings" | "contactors" | "meters">): boolean =>
  findings.every(({ verdict }) => verdict !== "fault") &&
  [...contactors, ...meters].every(({ checked, passed }) => passed || !checked);

const header = (keyId: string): string => canonicalText({ alg: "ES256", kid: keyId, typ: recordType });

/** The signed record as a file's text: a JWS (ES256) with the public key beside it. Throws when the signer fails. */
export function signedRecord(record: CommissioningRecord, signer: Signer): string {
  const input = `${base64url(utf8(header(signer.keyId)))}.${base64url(utf8(canonicalText(record)))}`;
  const jws = `${input}.${base64url(signer.sign(utf8(input)))}`;
  return `${JSON.stringify({ format: commissioningFormat, keySpkiHex: signer.spkiHex, jws })}\n`;
}

const device = {
  type: "object",
  additionalProperties: false,
  required: ["connector", "checked", "passed", "words"],
  properties: {
    connector: { type: "integer" },
    checked: { type: "boolean" },
    passed: { type: "boolean" },
    words: { type: "string" },
  },
};
const recordShape = {
  type: "object",
  additionalProperties: false,
  required: ["format", "station", "version", "at", "by", "passed", "findings", "contactors", "meters"],
  properties: {
    format: { const: commissioningFormat },
    station: { type: "string" },
    version: { type: "string" },
    at: { type: "string" },
    by: { type: "string" },
    passed: { type: "boolean" },
    findings: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["check", "value", "verdict"],
        properties: {
          check: { type: "string" },
          value: { type: "string" },
          verdict: { enum: ["ok", "warn", "fault"] },
          why: { type: "string" },
          fix: { type: "string" },
        },
      },
    },
    contactors: { type: "array", items: device },
    meters: { type: "array", items: device },
  },
};
const fileShape = {
  type: "object",
  additionalProperties: false,
  required: ["format", "keySpkiHex", "jws"],
  properties: {
    format: { const: commissioningFormat },
    keySpkiHex: { type: "string", pattern: "^[0-9a-f]{100,400}$" },
    jws: { type: "string" },
  },
};

type RecordFile = { readonly keySpkiHex: string; readonly jws: string };

function parsed<T>(text: string | undefined, shape: { readonly [word: string]: unknown }, what: string): T | string {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    return `${what} is not valid JSON: it was truncated or changed`;
  }
  return shapeFault(value, shape, shape, what) ?? (value as T);
}

/** Checks a record's file. `checkKey` judges the key that stands in it against those that the user vouches for. */
export function verifyCommissioning(
  name: string,
  text: string,
  checkKey: (spkiHex: string) => Check,
  { check, hash }: CheckTools,
): CheckResult {
  const file = parsed<RecordFile>(text, fileShape, "the file");
  if (typeof file === "string") return { subject: name, checks: [fails("form", file)] };
  const [head = "", body = "", tail = "", more] = file.jws.split(".");
  const payload = fromBase64url(body);
  const signature = fromBase64url(tail);
  const headBytes = fromBase64url(head);
  const keyId = `sha256:${fingerprintOf(file.keySpkiHex, hash) ?? ""}`;
  // One header for one key: algorithms are never chosen by what a file claims.
  if (
    more !== undefined ||
    payload === undefined ||
    signature === undefined ||
    headBytes === undefined ||
    fromUtf8(headBytes) !== header(keyId)
  )
    return {
      subject: name,
      checks: [fails("form", "the signed part is not a commissioning record under the key in the file")],
    };
  const record = parsed<CommissioningRecord>(fromUtf8(payload), recordShape, "the record");
  if (typeof record === "string") return { subject: name, checks: [fails("form", record)] };
  const whole = check(file.keySpkiHex, utf8(`${head}.${body}`), signature, "ieee-p1363");
  const faults = [
    ...record.findings.filter(({ verdict }) => verdict === "fault").map((one) => `${one.check}: ${one.why ?? ""}`),
    ...[...record.contactors, ...record.meters]
      .filter(({ checked, passed }) => checked && !passed)
      .map(({ connector, words }) => `connector ${connector}: ${words}`),
  ];
  const skippedChecks = [...record.contactors, ...record.meters].filter(({ checked }) => !checked).length;
  return {
    subject: `${name}: commissioning of ${record.station}`,
    checks: [
      holds("form", `written by ${record.by} at ${record.at}, chargetill ${record.version}`),
      checkKey(file.keySpkiHex),
      whole
        ? holds("signature", `the record of ${record.station} is signed and unchanged`)
        : fails("signature", "it was changed, or signed by another key"),
      overallResult(
        "verdict",
        record.passed === isInOrder(record)
          ? []
          : [`the record says ${record.passed ? "passed" : "not passed"}, its findings say otherwise`],
        `${record.passed ? "PASSED" : `FAILED: ${faults.join("; ")}`}; ${record.findings.length} findings, ` +
          `${record.contactors.length} contactors, ${record.meters.length} meters, of which ${skippedChecks} not checked`,
      ),
    ],
  };
}

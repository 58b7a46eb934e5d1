// The record that a technician hands over: what was found at a station, by whom and when, signed by the station's key.
// How it is made and how it is checked stand together, so that neither knows a field that the other does not.

import { type DocumentKind, readDocument, signedDocument } from "../signing/signed-document.js";
import type { CheckTools, Signer } from "../signing/signer.js";
import { type Check, type CheckResult, fails, holds, overallResult } from "./check-result.js";

export const commissioningFormat = "chargetill commissioning 1";

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

/** The signed record as a file's text: a JWS (ES256) with the public key beside it. Throws when the signer fails. */
export const signedRecord = (record: CommissioningRecord, signer: Signer): string =>
  signedDocument(recordKind, record, signer);

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
const recordKind: DocumentKind = {
  format: commissioningFormat,
  type: "chargetill-commissioning+json",
  shape: recordShape,
};

/** Checks a record's file. `checkKey` judges the key that stands in it against those that the user vouches for. */
export function verifyCommissioning(
  name: string,
  text: string,
  checkKey: (spkiHex: string) => Check,
  tools: CheckTools,
): CheckResult {
  const read = readDocument<CommissioningRecord>(recordKind, text, tools);
  if (typeof read === "string") return { subject: name, checks: [fails("form", read)] };
  const { value: record, keySpkiHex, isSigned } = read;
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
      checkKey(keySpkiHex),
      isSigned
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

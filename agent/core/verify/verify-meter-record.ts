// Checks meter records by themselves: the files of signed values that other makers hand out (XML), and bare OCMF records.

import { ownGateway } from "../ocmf/ocmf.js";
import { parseOcmfXml } from "../ocmf/ocmf-xml.js";
import type { CheckTools } from "../signing/signer.js";
import { type CheckResult, fails, overallResult, proven, unproven } from "./check-result.js";
import { type EvidenceFile, ocmfIn } from "./evidence-kind.js";
import { checkFoundKey, type TrustedKeys } from "./trusted-keys.js";
import { checkOcmf, checkOcmfTogether, fieldsOfOcmf, paginationOf } from "./verify-ocmf.js";

/** A file of signed meter values in XML, with its keys. */
export function verifyXml({ name, text }: EvidenceFile, pins: TrustedKeys, tools: CheckTools): CheckResult {
  const values = parseOcmfXml(text);
  if (values === undefined || values.length === 0)
    return {
      subject: name,
      checks: [
        fails(
          "form",
          'not a file of signed meter values: <values> with <value>, <signedData format="OCMF"> and <publicKey>',
        ),
      ],
    };
  const checks = values.flatMap(({ record, publicKey, transactionId }) => {
    const fields = fieldsOfOcmf(record);
    // Other makers number their transactions as they like.
    const number =
      values.length > 1 || fields["GI"] !== ownGateway || Number(transactionId) === paginationOf(fields)
        ? []
        : [
            fails(
              "transaction",
              `the file says transaction ${transactionId}, the signed record ${String(fields["PG"])}`,
            ),
          ];
    return [checkFoundKey(publicKey, pins, tools), ...checkOcmf(record, publicKey, tools), ...number];
  });
  const sessions = new Set(values.map((value) => value.transactionId));
  const one = overallResult(
    "one session",
    sessions.size === 1 ? [] : [`${sessions.size} transactions in one file: ${[...sessions].join(", ")}`],
    `transaction ${[...sessions][0] ?? ""}`,
  );
  return { subject: name, checks: [...checks, one, checkOcmfTogether(values.map((value) => value.record))] };
}

/** A bare record: it carries no key, so one has to be given. */
export function verifyRecord({ name, text }: EvidenceFile, pins: TrustedKeys, tools: CheckTools): CheckResult {
  const record = ocmfIn(text) ?? "";
  const [first] = pins.keys;
  if (first === undefined) {
    const [, ...rest] = checkOcmf(record, "", tools);
    return {
      subject: name,
      checks: [
        unproven(
          "key",
          "a bare record carries no key: its signature was not checked; give the public key with --key FILE",
        ),
        ...rest,
      ],
    };
  }
  const signing = pins.keys.find((key) => checkOcmf(record, key, tools)[0]?.verdict === "holds") ?? first;
  // The first check is that of the signature: where it holds, it was checked by a key that the user gave.
  const checks = checkOcmf(record, signing, tools).map((check, at) =>
    at === 0 && check.verdict === "holds" ? proven(check.name, check.detail) : check,
  );
  return { subject: name, checks };
}

// All that was handed in to be checked, archives among it: the one way from bytes to findings, for the command line and
// for the page that checks in a browser.

import { legibleText } from "../../core/number/bytes.js";
import type { CheckResult } from "../../core/verify/check-result.js";
import type { EvidenceFile } from "../../core/verify/evidence-kind.js";
import type { TrustedKeys } from "../../core/verify/trusted-keys.js";
import { receiptTextsIn, verifyEvidence } from "../../core/verify/verify.js";
import { type BundleTools, openedBundle } from "./opened-bundle.js";
import { looksZipped } from "./zip.js";

/** A file as it was handed in. */
export type GivenFile = { readonly name: string; readonly bytes: Uint8Array };

export type Given = {
  readonly files: readonly GivenFile[];
  /** The text of a QR code, where one was scanned. */
  readonly scanned?: string | undefined;
  /** The keys that the user vouches for. */
  readonly pins: TrustedKeys;
};

/**
 * Checks everything that was handed in, each by itself and all together. `version` is this program's. Never throws on
 * what a file may hold.
 */
export function verifyGiven(
  { files, scanned, pins }: Given,
  tools: BundleTools,
  version: string,
): readonly CheckResult[] {
  const bundles = files.filter(({ bytes }) => looksZipped(bytes));
  const texts: EvidenceFile[] = files
    .filter(({ bytes }) => !looksZipped(bytes))
    .map(({ name, bytes }) => ({ name, text: legibleText(bytes) }));
  const others = bundles.length === 0 ? [] : texts.flatMap(receiptTextsIn);
  const opened = bundles.map(({ name, bytes }) => openedBundle(name, bytes, pins, tools, version, others));
  const evidence = [...texts, ...opened.flatMap((bundle) => bundle.evidence)];
  const keys = [...pins.keys, ...opened.flatMap(({ key }) => key ?? [])];
  return [...opened.map(({ finding }) => finding), ...verifyEvidence(evidence, { ...pins, keys }, tools, scanned)];
}

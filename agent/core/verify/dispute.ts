// What a bundle for a dispute holds, as texts: one part is signed (receipt, record, proof), one is worked out from it
// and can be worked out again (readings, tariff, what was shown), one is only what the station wrote down (journal).
// The verifier tells them apart.

import { canonicalText } from "../json/json-text.js";
import { kwhExact } from "../number/energy-text.js";
import { ocmfXml } from "../ocmf/ocmf-xml.js";
import type { ReservationPayload, SalePayload } from "../receipt/receipt-payload.js";
import { receiptSamples } from "../receipt/sale-fields.js";
import { isoLocal } from "../time/iso-time.js";
import { type Check, fails, overallResult, skipped } from "./check-result.js";
import { fieldsOfOcmf, paginationOf } from "./verify-ocmf.js";

const disputeFormat = "chargetill dispute 1";
export const manifestName = "manifest.json";

export type DisputeFile = { readonly name: string; readonly text: string };

/** The receipt that a bundle is about: of a session, or of a reservation that no session came for. */
export type DisputedReceipt = SalePayload | ReservationPayload;

/** The parts that follow from the receipt alone, in the same bytes for everybody. */
export function derivedFiles(receipt: DisputedReceipt): readonly DisputeFile[] {
  const sold = receipt.kind === "sale" ? receipt.sale : receipt.reservation;
  return [
    ...(receipt.kind === "sale" ? [readingsFile(receipt)] : []),
    { name: "tariff.json", text: `${canonicalText(sold.tariff.value)}\n` },
    { name: "shown.txt", text: `${sold.shown.at}\n${sold.shown.text}\n` },
  ];
}

function readingsFile({ sale, timeZone }: SalePayload): DisputeFile {
  const samples = receiptSamples(sale) ?? [];
  const readings = samples.map(({ atMs, energyMilliWh, powerW, currentMilliA, activity }) =>
    [isoLocal(atMs, timeZone), kwhExact(energyMilliWh), powerW, currentMilliA ?? "", activity].join(","),
  );
  const head = "time,register_kwh,power_w,current_ma,activity";
  return { name: "readings.csv", text: `${[head, ...readings].join("\r\n")}\r\n` };
}

/** The meter record, where there is one, as the drivers' transparency software opens it. It holds the card's UID. */
export function recordFiles(receipt: DisputedReceipt): readonly DisputeFile[] {
  if (receipt.kind !== "sale") return [];
  const page = paginationOf(fieldsOfOcmf(receipt.sale.ocmf));
  return [{ name: "record.xml", text: ocmfXml(receipt.sale.ocmf, page, receipt.key.spki) }];
}

type Manifest = {
  readonly format: typeof disputeFormat;
  readonly station: string;
  readonly receipt: number;
  /** True where everything that holds the whole UID was left out: the receipt itself too. */
  readonly redacted: boolean;
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
};

/** The manifest as text. `digest` gives SHA-256 (hex) of a text. */
export function manifestText(
  receipt: DisputedReceipt,
  redacted: boolean,
  files: readonly DisputeFile[],
  digest: (text: string) => string,
): string {
  const manifest: Manifest = {
    format: disputeFormat,
    station: receipt.station.id,
    receipt: receipt.number,
    redacted,
    files: files.map(({ name, text }) => ({ name, sha256: digest(text) })),
  };
  return `${JSON.stringify(manifest, null, 1)}\n`;
}

/** The manifest lists each file with its digest, in order, and nothing else. */
export function checkManifest(files: readonly DisputeFile[], digest: (text: string) => string): Check {
  const [first, ...rest] = files;
  if (first?.name !== manifestName) return fails("bundle", "the manifest does not stand first");
  let manifest: Manifest;
  try {
    manifest = JSON.parse(first.text) as Manifest;
    if (manifest.format !== disputeFormat || !Array.isArray(manifest.files)) throw new TypeError("another format");
  } catch {
    return fails("bundle", "the manifest cannot be read");
  }
  const complaints: string[] = [];
  const listed = manifest.files.map(({ name }) => (typeof name === "string" ? name : "?")).join(", ");
  if (listed !== rest.map(({ name }) => name).join(", "))
    complaints.push("the manifest lists other files than the bundle holds");
  rest.forEach(({ name, text }, at) => {
    if (manifest.files[at]?.sha256 !== digest(text)) complaints.push(`${name} was changed`);
  });
  return overallResult("bundle", complaints, `${rest.length} files as the manifest lists them`);
}

/** What follows from the receipt says in the bundle what it says when worked out again. */
export function checkDerived(files: readonly DisputeFile[], receipt: DisputedReceipt | undefined): readonly Check[] {
  if (receipt === undefined)
    return [
      skipped("worked out from the receipt", "the receipt was left out (redacted): give it too, or trust the station"),
    ];
  const complaints = [...derivedFiles(receipt), ...recordFiles(receipt)]
    .filter(({ name, text }) => files.find((file) => file.name === name)?.text !== text)
    .map(({ name }) => `${name} is not what the receipt says`);
  return [
    overallResult(
      "worked out from the receipt",
      complaints,
      receipt.kind === "sale"
        ? "readings, tariff and the price shown are those of the receipt"
        : "tariff and the price told are those of the receipt",
    ),
    ...(files.some(({ name }) => name === "journal.jsonl")
      ? [skipped("journal", "what the station wrote down; it is not signed and proves nothing by itself")]
      : []),
  ];
}

/** For a person who opens the bundle. */
export const readmeFile = (receipt: DisputedReceipt, redacted: boolean): DisputeFile => ({
  name: "README.txt",
  text: [
    `Evidence for receipt ${receipt.number} of ${receipt.station.id}.`,
    "",
    ...(redacted
      ? ["Everything that holds the whole UID of the card was left out, the signed receipt too."]
      : [
          "receipt.json  the signed receipt, with its checkpoint and proof; it holds the whole UID of the card",
          ...(receipt.kind === "sale"
            ? ["record.xml    the meter's readings, signed, for the transparency software; it holds the UID too"]
            : []),
          "journal.jsonl what the station wrote down while it happened (not signed); it holds the UID too",
        ]),
    "receipt.html  the receipt to read and print",
    ...(receipt.kind === "sale" ? ["readings.csv  every reading the price was made from"] : []),
    "tariff.json   the tariff as it was in force, or what the session could meet of it",
    "shown.txt     the price that was shown before the start, and since when",
    "proof.txt     that the receipt is among all receipts of this station",
    "verdict.txt   what the verifier said when this bundle was made",
    "",
    `Check it yourself: chargetill verify --key sha256:${receipt.key.id.slice(7)} THIS.zip`,
    "The fingerprint is printed on the receipt; compare it with the one at the charge point.",
    "",
  ].join("\n"),
});

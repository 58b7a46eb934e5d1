// What a bundle for a dispute holds, as texts: one part is signed (receipt, record, proof), one is worked out from it
// and can be worked out again (readings, tariff, what was shown), one is only what the station wrote down (journal).
// The verifier tells them apart. The manifest, which the station signs, holds them together.

import { type Language, languages } from "../../../config/languages.js";
import { type LaterReceipts, laterWords } from "../corrections/later-receipts.js";
import { canonicalText, firstDifference } from "../json/json-text.js";
import { kwhExact } from "../number/energy-text.js";
import { ocmfXml } from "../ocmf/ocmf-xml.js";
import type { ReservationPayload, SalePayload } from "../receipt/receipt-payload.js";
import { receiptSamples } from "../receipt/sale-fields.js";
import { type DocumentKind, readDocument, type SignedDocument, signedDocument } from "../signing/signed-document.js";
import type { CheckTools, Signer } from "../signing/signer.js";
import { isoLocal } from "../time/iso-time.js";
import { type Check, fails, holds, overallResult, skipped } from "./check-result.js";
import { fieldsOfOcmf, paginationOf } from "./verify-ocmf.js";

const manifestName = "manifest.json";
/** The receipts of key change since the disputed one, a line each: by them the key that a driver knows leads to today's. */
export const keyChangesName = "keys.txt";

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

/** What the station says of an archive that it made, under its signature. */
export type Manifest = {
  readonly station: string;
  readonly receipt: number;
  readonly kind: DisputedReceipt["kind"];
  /** SHA-256 (hex) of the receipt as it is stored, which names it where it was left out. */
  readonly digest: string;
  /** The id of the key that signed the receipt. */
  readonly key: string;
  /** The version of the program that wrote the page and the verdict: another one may word them otherwise. */
  readonly version: string;
  readonly language: Language;
  /** What had become of the receipt when the archive was made. */
  readonly later: LaterReceipts;
  /** True where everything that names the card was left out: the receipt itself too. */
  readonly redacted: boolean;
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
};

const text = { type: "string" };
const digest = { type: "string", pattern: "^[0-9a-f]{64}$" };
const manifestKind: DocumentKind = {
  format: "chargetill dispute 1",
  type: "chargetill-dispute+json",
  shape: {
    type: "object",
    additionalProperties: false,
    required: ["station", "receipt", "kind", "digest", "key", "version", "language", "later", "redacted", "files"],
    properties: {
      station: text,
      receipt: { type: "integer", minimum: 1 },
      kind: { enum: ["sale", "reservation"] },
      digest,
      key: { type: "string", pattern: "^sha256:[0-9a-f]{64}$" },
      version: text,
      language: { enum: [...languages] },
      later: {
        type: "object",
        additionalProperties: false,
        properties: { creditedBy: { type: "integer", minimum: 1 }, correctedBy: { type: "integer", minimum: 1 } },
      },
      redacted: { type: "boolean" },
      files: {
        type: "array",
        maxItems: 20,
        items: {
          type: "object",
          additionalProperties: false,
          required: ["name", "sha256"],
          properties: { name: text, sha256: digest },
        },
      },
    },
  },
};

/** What the manifest says of the receipt itself. `digest` gives SHA-256 (hex) of a text. */
export const manifestOf = (
  receipt: DisputedReceipt,
  jws: string,
  digestOf: (text: string) => string,
): Pick<Manifest, "station" | "receipt" | "kind" | "digest" | "key"> => ({
  station: receipt.station.id,
  receipt: receipt.number,
  kind: receipt.kind,
  digest: digestOf(jws),
  key: receipt.key.id,
});

/** The signed manifest as a file. Throws when the signer fails. */
export const signedManifest = (manifest: Manifest, signer: Signer): DisputeFile => ({
  name: manifestName,
  text: signedDocument(manifestKind, manifest, signer),
});

/** The manifest in an archive's first file, its key not judged; or what is wrong with it. */
export const readManifest = ([first]: readonly DisputeFile[], tools: CheckTools): SignedDocument<Manifest> | string =>
  first?.name === manifestName
    ? readDocument<Manifest>(manifestKind, first.text, tools)
    : "the manifest does not stand first";

/** The names of an archive's files behind the manifest, in their order: these and no others. */
export const namesIn = ({ kind, redacted }: Pick<Manifest, "kind" | "redacted">): readonly string[] => [
  "README.txt",
  "receipt.html",
  "verify.html",
  ...(kind === "sale" ? ["readings.csv"] : []),
  "tariff.json",
  "shown.txt",
  "proof.txt",
  keyChangesName,
  "verdict.txt",
  "verdict.json",
  ...(redacted ? [] : ["receipt.json", ...(kind === "sale" ? ["record.xml"] : []), "journal.jsonl"]),
];

/** The manifest is signed by its key, and lists each file with its digest, in order, and nothing else. */
export function checkManifest(
  { value: manifest, isSigned }: SignedDocument<Manifest>,
  [, ...rest]: readonly DisputeFile[],
  digestOf: (text: string) => string,
): readonly Check[] {
  const complaints: string[] = [];
  const named = namesIn(manifest).join(", ");
  if (rest.map(({ name }) => name).join(", ") !== named)
    complaints.push(`the archive holds other files than these: ${named}`);
  if (manifest.files.map(({ name }) => name).join(", ") !== named)
    complaints.push("the manifest lists other files than an archive of its kind holds");
  rest.forEach(({ name, text: content }, at) => {
    if (manifest.files[at]?.sha256 !== digestOf(content)) complaints.push(`${name} was changed`);
  });
  return [
    isSigned
      ? holds("manifest", `${manifest.station} has signed for this archive about receipt ${manifest.receipt}`)
      : fails("manifest", "it was changed, or signed by another key"),
    overallResult("bundle", complaints, `${rest.length} files as the manifest lists them`),
  ];
}

/** What follows from the receipt and the manifest says in the bundle what it says when worked out again. */
export function checkDerived(
  files: readonly DisputeFile[],
  manifest: Manifest,
  receipt: DisputedReceipt,
  stated: Pick<Manifest, "station" | "receipt" | "kind" | "digest" | "key"> & Partial<Pick<Manifest, "later">>,
): readonly Check[] {
  const difference = firstDifference(manifest, { ...manifest, ...stated });
  return [
    difference === undefined
      ? holds("receipt named", `the manifest speaks of the receipt in the archive`)
      : fails(
          "receipt named",
          `${difference.path}: the manifest says ${difference.stated}, the receipt in the archive ${difference.found}`,
        ),
    sameFiles(
      "worked out from the receipt",
      [readmeFile(manifest), ...derivedFiles(receipt), ...(manifest.redacted ? [] : recordFiles(receipt))],
      files,
      receipt.kind === "sale"
        ? "readings, tariff and the price shown are those of the receipt"
        : "tariff and the price told are those of the receipt",
    ),
    ...(manifest.redacted
      ? [skipped("verdict", "made of files that were left out (redacted)")]
      : [
          skipped(
            "journal",
            "what the station wrote down, and signed with this archive; nobody else has seen it happen",
          ),
        ]),
  ];
}

/** Files that must stand in an archive just so. */
export const sameFiles = (
  name: string,
  expected: readonly DisputeFile[],
  files: readonly DisputeFile[],
  otherwise: string,
): Check =>
  overallResult(
    name,
    expected
      .filter((one) => files.find((file) => file.name === one.name)?.text !== one.text)
      .map((one) => `${one.name} is not what the receipt says`),
    otherwise,
  );

/** What an archive without its receipt does not prove. */
export const checkRedacted = (files: readonly DisputeFile[], manifest: Manifest): readonly Check[] => [
  sameFiles("read me", [readmeFile(manifest)], files, "it says what the archive holds"),
  skipped(
    "worked out from the receipt",
    "the receipt was left out (redacted), so readings, tariff, price, page and verdict are the station's word and were " +
      `not worked out again; give the receipt with the SHA-256 ${manifest.digest.slice(0, 16)}… too`,
  ),
];

/** For a person who opens the bundle. */
export const readmeFile = ({
  station,
  receipt,
  kind,
  key,
  redacted,
  later,
}: Pick<Manifest, "station" | "receipt" | "kind" | "key" | "redacted" | "later">): DisputeFile => ({
  name: "README.txt",
  text: [
    `Evidence for receipt ${receipt} of ${station}.`,
    ...(laterWords(later) === "" ? [] : [`It was ${laterWords(later)}.`]),
    "",
    ...(redacted
      ? ["Everything that names the card was left out, the signed receipt too."]
      : [
          "receipt.json  the signed receipt, with its checkpoint and proof; what it withholds it tells where it is disclosed",
          ...(kind === "sale" ? ["record.xml    the meter's readings, signed, for the transparency software"] : []),
          "journal.jsonl what the station wrote down while it happened (not signed)",
        ]),
    "receipt.html  the receipt to read and print",
    "verify.html   the verifier, for any browser: open it and drop this archive on it; it needs no network",
    ...(kind === "sale" ? ["readings.csv  every reading the price was made from"] : []),
    "tariff.json   the tariff as it was in force, or what the session could meet of it",
    "shown.txt     the price that was shown before the start, and since when",
    "proof.txt     that the receipt is among all receipts of this station",
    `${keyChangesName}      the receipts by which the station has changed its key since, if it has`,
    "verdict.txt   what the verifier said when this bundle was made",
    `${manifestName} signed by the station: what this archive holds, and about which receipt`,
    "",
    `Check it yourself: chargetill verify --key ${key} THIS.zip`,
    "The fingerprint is printed on the receipt; compare it with the one at the charge point.",
    "",
  ].join("\n"),
});

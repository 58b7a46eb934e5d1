// The file that the drivers' transparency software opens: one session's signed records with the public key, in its own
// small XML. Written and read without an XML library: the shape is fixed, and whatever departs from it is refused
// rather than guessed at.

export type XmlValue = {
  readonly transactionId: string;
  readonly context: string;
  readonly record: string;
  readonly publicKey: string;
};

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const unescaped = (text: string): string =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/**
 * The XML of one session's record: pure ASCII, so that no declaration is needed. `transactionId` is the OCMF
 * pagination's number: the tool wants a decimal integer. A record that holds begin and end stands under
 * Transaction.Begin.
 */
export function ocmfXml(record: string, transactionId: number, spkiHex: string): string {
  return [
    "<values>",
    ` <value transactionId="${transactionId}" context="Transaction.Begin">`,
    `  <signedData format="OCMF" encoding="plain">${escaped(record)}</signedData>`,
    `  <publicKey encoding="plain">${spkiHex}</publicKey>`,
    " </value>",
    "</values>",
    "",
  ].join("\n");
}

const valuePattern =
  /<value transactionId="(\d{1,16})" context="(Transaction\.(?:Begin|End))">\s*<signedData format="OCMF" encoding="plain">([^<>]*)<\/signedData>\s*<publicKey encoding="plain">([0-9a-f]*)<\/publicKey>\s*<\/value>/g;

/** The values of such a file, or undefined where the text holds anything else. */
export function parseOcmfXml(text: string): readonly XmlValue[] | undefined {
  const inner =
    /^\s*(?:<\?xml version="1\.0" encoding="[A-Za-z0-9-]+"(?: standalone="(?:yes|no)")?\?>)?\s*<values>([\s\S]*)<\/values>\s*$/.exec(
      text,
    )?.[1];
  if (inner === undefined || inner.replace(valuePattern, "").trim() !== "") return undefined;
  return [...inner.matchAll(valuePattern)].map(([, transactionId = "", context = "", record = "", publicKey = ""]) => ({
    transactionId,
    context,
    record: unescaped(record).trim(),
    publicKey,
  }));
}

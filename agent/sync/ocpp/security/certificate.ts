// Certificates as OCPP carries them: a chain in PEM, proven before it is kept, and the hashes by which a root is named
// (CertificateHashDataType, after RFC 6960).
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";

/** A leaf, and what lies between it and a root. */
const longestChain = 5;
const pemBlock = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, in its order; undefined where one cannot be read, or there is none. */
export function certificatesOf(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(pemBlock) ?? [];
  if (blocks.length === 0 || blocks.length > longestChain || pem.replace(pemBlock, "").trim() !== "") return undefined;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** A CA that is some minutes ahead of us signs for a moment that has not come yet. */
const clockToleranceMs = 600_000;

export const expiryOf = (certificate: X509Certificate): number => Date.parse(certificate.validTo);
const beginOf = (certificate: X509Certificate): number => Date.parse(certificate.validFrom);

/** How long a certificate is made out for. */
export const lifetimeMs = (certificate: X509Certificate): number => expiryOf(certificate) - beginOf(certificate);

function whyNotValid(certificate: X509Certificate, now: number): string | undefined {
  if (expiryOf(certificate) <= now) return `has expired (${certificate.validTo})`;
  if (beginOf(certificate) > now + clockToleranceMs) return `is not valid yet (${certificate.validFrom})`;
  return undefined;
}

/** Why a chain cannot be the certificate of this key; undefined = it can. `now` in epoch ms. */
export function whyNotOurs(
  chain: readonly X509Certificate[] | undefined,
  key: string,
  now: number,
): string | undefined {
  const [leaf] = chain ?? [];
  if (chain === undefined || leaf === undefined) return "it cannot be read";
  if (!leaf.checkPrivateKey(createPrivateKey(key))) return "it is not for the key that was asked for";
  for (const [index, certificate] of chain.entries()) {
    const why = whyNotValid(certificate, now);
    if (why !== undefined) return `its certificate ${index + 1} ${why}`;
    const issuer = chain[index + 1];
    if (issuer !== undefined && !isIssuedBy(certificate, issuer))
      return `its certificate ${index + 1} is not signed by the one after it`;
  }
  return undefined;
}

/** Why a certificate cannot be a root; undefined = it can. `now` in epoch ms. */
export function whyNoRoot(chain: readonly X509Certificate[] | undefined, now: number): string | undefined {
  const [root, another] = chain ?? [];
  if (root === undefined || another !== undefined) return "it is not one certificate in PEM";
  if (!root.ca) return "it is not the certificate of an authority";
  if (!isIssuedBy(root, root)) return "it is not signed by itself";
  return whyNotValid(root, now);
}

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

export type CertificateHashData = {
  readonly hashAlgorithm: "SHA256" | "SHA384" | "SHA512";
  readonly issuerNameHash: string;
  readonly issuerKeyHash: string;
  readonly serialNumber: string;
};

/** How a root is named; its issuer is itself. */
export async function rootHashData(
  root: X509Certificate,
  hashAlgorithm: CertificateHashData["hashAlgorithm"],
): Promise<CertificateHashData> {
  const { Certificate } = await import("pkijs");
  const parsed = Certificate.fromBER(new Uint8Array(root.raw));
  const hash = (bytes: Uint8Array): string => createHash(hashAlgorithm.toLowerCase()).update(bytes).digest("hex");
  return {
    hashAlgorithm,
    issuerNameHash: hash(new Uint8Array(parsed.issuer.toSchema().toBER(false))),
    issuerKeyHash: hash(parsed.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView),
    // Without leading zeros (errata 2023).
    serialNumber: root.serialNumber.toLowerCase().replace(/^0+(?=.)/, ""),
  };
}

/** The same certificate, whatever the letters of its hashes. */
export const isSameHashData = (one: CertificateHashData, other: CertificateHashData): boolean =>
  one.hashAlgorithm === other.hashAlgorithm &&
  (["issuerNameHash", "issuerKeyHash", "serialNumber"] as const).every(
    (field) => one[field].toLowerCase().replace(/^0+(?=.)/, "") === other[field].toLowerCase().replace(/^0+(?=.)/, ""),
  );

// A key of the station for its client certificate, and the request to have it signed (PKCS #10, 2.x: A02 and A03). The
// key is made here and leaves this machine in no message. The package that writes ASN.1 is loaded at the first request:
// it costs 14 MiB, and a station asks once in a year.
import { createPrivateKey, generateKeyPairSync } from "node:crypto";

/** A new key on P-256, PKCS #8 as PEM. */
export const newStationKey = (): string =>
  generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).privateKey;

/** Whose certificate it is to be. */
export type CertificateSubject = { readonly commonName: string; readonly organization: string };

const commonNameOid = "2.5.4.3";
const organizationOid = "2.5.4.10";
const ecdsaP256 = { name: "ECDSA", namedCurve: "P-256" } as const;

/** The request as PEM, signed by the key that it is for. */
export async function signingRequest(key: string, subject: CertificateSubject): Promise<string> {
  const [{ AttributeTypeAndValue, CertificationRequest, RelativeDistinguishedNames }, asn1] = await Promise.all([
    import("pkijs"),
    import("asn1js"),
  ]);
  // The package would put both into one name of two parts; each is a name of its own.
  const named = (type: string, value: string): InstanceType<typeof asn1.Set> =>
    new asn1.Set({ value: [new AttributeTypeAndValue({ type, value: new asn1.Utf8String({ value }) }).toSchema()] });
  const names = new asn1.Sequence({
    value: [named(commonNameOid, subject.commonName), named(organizationOid, subject.organization)],
  });
  const der = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  const privateKey = await crypto.subtle.importKey("pkcs8", new Uint8Array(der), ecdsaP256, true, ["sign"]);
  const { d: _, ...publicPart } = await crypto.subtle.exportKey("jwk", privateKey);
  const publicKey = await crypto.subtle.importKey("jwk", { ...publicPart, key_ops: ["verify"] }, ecdsaP256, true, [
    "verify",
  ]);
  const request = new CertificationRequest({
    version: 0,
    attributes: [],
    subject: new RelativeDistinguishedNames({ schema: asn1.fromBER(names.toBER()).result }),
  });
  await request.subjectPublicKeyInfo.importKey(publicKey);
  await request.sign(privateKey, "SHA-256");
  return pem("CERTIFICATE REQUEST", Buffer.from(request.toSchema(true).toBER(false)));
}

const pem = (label: string, der: Buffer): string =>
  [`-----BEGIN ${label}-----`, ...(der.toString("base64").match(/.{1,64}/g) ?? []), `-----END ${label}-----`, ""].join(
    "\n",
  );

// Certificates that a CSMS brings (2.x: A02, A03, M03 to M05; 1.6: the security paper): the station's own, made out for
// a key that was made here, and the authorities by which the CSMS is known. What is wrong is refused and changes nothing.
import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { mostRoots } from "../../transport/kept-credentials.js";
import type { RequestContext } from "../requests/request-context.js";
import { listOf, readRequest, statusInfoOf, textSchema } from "../requests/request-schemas.js";
import { type Handlers, Reply } from "../rpc/rpc.js";
import {
  type CertificateHashData,
  certificatesOf,
  isSameHashData,
  rootHashData,
  whyNoRoot,
  whyNotOurs,
} from "./certificate.js";

const longestChainText = 10_000;
const longestRootText = 5_500;
const algorithm = z.enum(["SHA256", "SHA384", "SHA512"]);
const signedAsked = z.object({
  certificateChain: textSchema(longestChainText),
  certificateType: textSchema(50).optional(),
});
const installAsked = z.object({ certificateType: textSchema(50), certificate: textSchema(longestRootText) });
const idsAsked = z.object({ certificateType: listOf(textSchema(50)).optional() });
const idsAsked16 = z.object({ certificateType: textSchema(50) });
const deleteAsked = z.object({
  certificateHashData: z.object({
    hashAlgorithm: algorithm,
    issuerNameHash: textSchema(128),
    issuerKeyHash: textSchema(128),
    serialNumber: textSchema(40),
  }),
});

/** What an answer says beside its status; 1.6 has no place for it. */
type Answer = { readonly status: string; readonly code?: string; readonly why?: string };

const roots2x = "CSMSRootCertificate";
const roots16 = "CentralSystemRootCertificate";

export function certificateAnswers(context: RequestContext): Handlers {
  const told = ({ status, code, why }: Answer): object =>
    code === undefined ? { status } : { status, ...statusInfoOf(code, why) };
  return {
    CertificateSigned: (payload) => {
      const { certificateChain, certificateType = "ChargingStationCertificate" } = readRequest(signedAsked, payload);
      if (certificateType !== "ChargingStationCertificate")
        return told({ status: "Rejected", code: "UnsupportedParam", why: "there is no ISO 15118 here" });
      return signed(context, certificateChain, told);
    },
    InstallCertificate: (payload) => told(installed(context, readRequest(installAsked, payload), roots2x)),
    GetInstalledCertificateIds: async (payload) => {
      const { certificateType } = readRequest(idsAsked, payload);
      const ids = certificateType?.includes(roots2x) === false ? [] : await rootIds(context, "SHA256");
      if (ids.length === 0) return { status: "NotFound" };
      return {
        status: "Accepted",
        certificateHashDataChain: ids.map((certificateHashData) => ({ certificateType: roots2x, certificateHashData })),
      };
    },
    DeleteCertificate: async (payload) =>
      told(await deleted(context, readRequest(deleteAsked, payload).certificateHashData)),
  };
}

export function certificateAnswers16(context: RequestContext): Handlers {
  const told = ({ status }: Answer): object => ({ status });
  return {
    CertificateSigned: (payload) => signed(context, readRequest(signedAsked, payload).certificateChain, told),
    InstallCertificate: (payload) => told(installed(context, readRequest(installAsked, payload), roots16)),
    GetInstalledCertificateIds: async (payload) => {
      const { certificateType } = readRequest(idsAsked16, payload);
      const ids = certificateType === roots16 ? await rootIds(context, "SHA256") : [];
      return ids.length === 0 ? { status: "NotFound" } : { status: "Accepted", certificateHashData: ids };
    },
    DeleteCertificate: async (payload) =>
      told(await deleted(context, readRequest(deleteAsked, payload).certificateHashData)),
  };
}

/** Kept before the answer goes out; the line is opened anew with it after that. */
function signed(
  { link, credentials, now, note }: RequestContext,
  text: string,
  told: (answer: Answer) => object,
): unknown {
  const { askedKey } = credentials;
  if (askedKey === null)
    return told({ status: "Rejected", code: "InvalidCertificate", why: "no certificate was asked for" });
  const why = whyNotOurs(certificatesOf(text), askedKey, now());
  if (why !== undefined) {
    note(`the certificate that the backend sent is not used: ${why}`);
    return new Reply(told({ status: "Rejected", code: "InvalidCertificate", why }), () =>
      link.securityEvent("InvalidChargingStationCertificate", why),
    );
  }
  credentials.setCertificate(askedKey, text);
  note("the backend has sent a new certificate for this station");
  return new Reply(told({ status: "Accepted" }), () => {
    link.renew("a new certificate");
    link.securityEvent("ReconfigurationOfSecurityParameters", "the certificate of the station was renewed");
  });
}

function installed(
  { link, credentials, now, note }: RequestContext,
  { certificateType, certificate }: z.infer<typeof installAsked>,
  type: string,
): Answer {
  if (certificateType !== type)
    return { status: "Rejected", code: "UnsupportedParam", why: `this station has a use for ${type} alone` };
  const chain = certificatesOf(certificate);
  const why = whyNoRoot(chain, now());
  const [root] = chain ?? [];
  if (why !== undefined || root === undefined)
    return { status: "Rejected", code: "InvalidCertificate", why: why ?? "it cannot be read" };
  const { roots } = credentials;
  if (roots.some((one) => new X509Certificate(one).fingerprint256 === root.fingerprint256))
    return { status: "Accepted" };
  if (roots.length >= mostRoots)
    return { status: "Failed", code: "OutOfStorage", why: `${mostRoots} certificates are installed already` };
  credentials.setRoots([...roots, root.toString()]);
  note(`the backend has installed an authority by which it may be known: ${root.fingerprint256}`);
  link.securityEvent("ReconfigurationOfSecurityParameters", "a root certificate was installed");
  return { status: "Accepted" };
}

async function rootIds(
  { credentials }: Pick<RequestContext, "credentials">,
  algorithm: CertificateHashData["hashAlgorithm"],
): Promise<readonly CertificateHashData[]> {
  return await Promise.all(credentials.roots.map((root) => rootHashData(new X509Certificate(root), algorithm)));
}

/** The authority by which the CSMS is known just now is not deleted: the station would not find back to it. */
async function deleted(context: RequestContext, asked: CertificateHashData): Promise<Answer> {
  const { link, credentials, note } = context;
  const ids = await rootIds(context, asked.hashAlgorithm);
  const { roots } = credentials;
  const root = roots[ids.findIndex((id) => isSameHashData(id, asked))];
  if (root === undefined) return { status: "NotFound" };
  const { fingerprint256 } = new X509Certificate(root);
  if (fingerprint256 === link.trustedRoot)
    return { status: "Failed", code: "InvalidCertificate", why: "this connection is trusted by it" };
  credentials.setRoots(roots.filter((one) => one !== root));
  note(`the backend has deleted an authority by which it could be known: ${fingerprint256}`);
  link.securityEvent("ReconfigurationOfSecurityParameters", "a root certificate was deleted");
  return { status: "Accepted" };
}

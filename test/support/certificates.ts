// Authorities and certificates in a folder, made by the openssl command: NAME.pem and NAME.key.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

export type Certificates = {
  authority(name: string): void;
  /** `alternative` as in subjectAltName; `days` may be negative: it has expired. */
  certificate(name: string, by: string, alternative: string, days?: string): void;
  /** The certificate that an authority makes out for a request; both PEM. */
  signed(request: string, by: string, days?: string): string;
  /** How the openssl command names a root that is its own issuer (RFC 6960), in SHA-256. */
  hashData(name: string): {
    readonly issuerNameHash: string;
    readonly issuerKeyHash: string;
    readonly serialNumber: string;
  };
};

export function certificatesIn(folder: string): Certificates {
  const openssl = (...args: string[]): string => {
    const done = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`openssl ${args[0]} failed: ${done.stderr}`);
    return done.stdout;
  };
  return {
    authority(name) {
      openssl(
        "req",
        "-x509",
        ...newKey,
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.pem`,
        "-days",
        "2",
        "-subj",
        `/CN=${name}`,
      );
    },
    signed(request, by, days = "2") {
      writeFileSync(join(folder, "asked.csr"), request);
      return openssl("x509", "-req", "-in", "asked.csr", "-CA", `${by}.pem`, "-CAkey", `${by}.key`, "-days", days);
    },
    hashData(name) {
      const text = openssl(
        "ocsp",
        "-sha256",
        "-issuer",
        `${name}.pem`,
        "-cert",
        `${name}.pem`,
        "-req_text",
        "-no_nonce",
        "-noverify",
      );
      const field = (words: string): string => new RegExp(`${words}: ([0-9A-F]+)`).exec(text)?.[1]?.toLowerCase() ?? "";
      return {
        issuerNameHash: field("Issuer Name Hash"),
        issuerKeyHash: field("Issuer Key Hash"),
        serialNumber: field("Serial Number").replace(/^0+/, ""),
      };
    },
    certificate(name, by, alternative, days = "2") {
      openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
      writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${alternative}\n`);
      openssl(
        "x509",
        "-req",
        "-in",
        `${name}.csr`,
        "-CA",
        `${by}.pem`,
        "-CAkey",
        `${by}.key`,
        "-days",
        days,
        "-extfile",
        `${name}.ext`,
        "-out",
        `${name}.pem`,
      );
    },
  };
}

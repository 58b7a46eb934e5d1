// Opens the line to a CSMS with the credentials that are to be tried, one after the other, until it lets the station
// in: those that it set itself, the last that worked before any other, and then those of the config.
import type { Agent } from "node:http";
import type { OcppUplinkConfig } from "../../../../config/uplink-schema.js";
import type { Clock } from "../../../../drivers/driver.js";
import {
  type KeptCertificate,
  type KeptCredentials,
  type KeptPassword,
  passwordBytes,
} from "../../transport/kept-credentials.js";
import { type OpenedSocket, openSocket, type Shown } from "../rpc/connection.js";

export type LineOpening = {
  readonly config: OcppUplinkConfig;
  readonly identity: string;
  readonly agent: Agent | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A certificate that the CSMS had made out is refused by it, and another one was taken. */
  readonly fellBack: (words: string) => void;
};

type FailedLine = Extract<OpenedSocket, { readonly kind: "failed" }>;

/**
 * As openSocket does, with each certificate in turn, and each password with each. Where none of them is taken, the
 * answer to the first try says why.
 */
export async function openLine(opening: LineOpening, kept: KeptCredentials): Promise<OpenedSocket> {
  const { config, identity, agent, clock, signal, fellBack } = opening;
  let first: FailedLine | undefined;
  const refused: { readonly certificate: KeptCertificate; readonly words: string }[] = [];
  for (const certificate of certificatesToTry(config, kept))
    for (const password of passwordsToTry(config, kept)) {
      const opened = await openSocket(config, identity, agent, clock, signal, shown(kept, password, certificate));
      if (opened.kind === "open") {
        kept.worked({
          certificate,
          ...(typeof password === "string" ? { withoutPassword: password === "none" } : { password }),
        });
        for (const one of refused) {
          kept.certificateRefused(one.certificate);
          fellBack(one.words);
        }
        return opened;
      }
      first ??= opened;
      if (opened.refuses === undefined || signal.aborted) return first;
      if (opened.refuses === "password") continue;
      if (certificate !== undefined) refused.push({ certificate, words: opened.words });
      break;
    }
  return first ?? { kind: "failed", words: "there is nothing to show to the backend" };
}

/** One that the backend has set, that of the config, or none at all (security profile 3). */
type PasswordTry = KeptPassword | "config" | "none";

const shown = (kept: KeptCredentials, password: PasswordTry, certificate: KeptCertificate | undefined): Shown => ({
  ...(password === "config" ? {} : { password: password === "none" ? null : passwordBytes(password) }),
  ...(certificate === undefined ? {} : { certificate }),
  roots: kept.roots,
});

function passwordsToTry({ passwordFile }: OcppUplinkConfig, kept: KeptCredentials): readonly PasswordTry[] {
  const { passwords } = kept;
  const upgraded = kept.upgrade !== null && kept.upgrade.state !== "offered";
  const ofConfig = passwordFile !== undefined || (passwords.length === 0 && !upgraded);
  return [...(upgraded ? (["none"] as const) : []), ...passwords, ...(ofConfig ? (["config"] as const) : [])];
}

/** Undefined = that of the config. Where it has none, none is shown: not after an upgrade to profile 3. */
function certificatesToTry(
  { url, tls }: OcppUplinkConfig,
  kept: KeptCredentials,
): readonly (KeptCertificate | undefined)[] {
  if (!url.startsWith("wss:")) return [undefined];
  const isBound = kept.upgrade?.state === "worked" && kept.certificates.length > 0;
  return isBound && tls.certFile === undefined ? kept.certificates : [...kept.certificates, undefined];
}

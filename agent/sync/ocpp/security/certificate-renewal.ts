// Asks the CSMS for a certificate of the station (2.x: A02 and A03; 1.6: the security paper): when it says so, and in
// time before the one in use expires. The key is kept before the request goes out, and stays the same until there is an
// answer, so that the answer to an earlier request fits as well.
import type { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Clock } from "../../../../drivers/driver.js";
import { dayMs } from "../../../core/time/time.js";
import type { KeptCredentials } from "../../transport/kept-credentials.js";
import { callFailure, type Rpc } from "../rpc/rpc.js";
import { certificatesOf, expiryOf, lifetimeMs } from "./certificate.js";
import { type CertificateSubject, newStationKey, signingRequest } from "./signing-request.js";

export type RenewalParts = {
  readonly clock: Clock;
  readonly credentials: KeptCredentials;
  readonly subject: CertificateSubject;
  /** The certificate of the config, in use while the CSMS has sent none. */
  readonly certFile: string | undefined;
  readonly note: (text: string) => void;
  readonly die: (error: unknown) => void;
};

const hourMs = 3_600_000;
/** A03: within a month of its end; a short-lived one in its last third. */
const renewBeforeMs = 30 * dayMs;
/** CertSigningWaitMinimum: doubled each time, so often (CertSigningRepeatTimes), then once a day. */
export const certSigningWaitMs = 600_000;
export const certSigningRepeatTimes = 4;

export class CertificateRenewal {
  readonly #parts: RenewalParts;
  #rpc: Rpc | undefined;
  #cancel: () => void = () => undefined;
  #tries = 0;
  #nextMonoMs = Number.NEGATIVE_INFINITY;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  /** The station is accepted on this line. */
  attach(rpc: Rpc): void {
    this.#rpc = rpc;
    this.#look();
  }

  detach(): void {
    this.#rpc = undefined;
    this.#cancel();
  }

  /** As the CSMS asks (TriggerMessage). */
  trigger(): void {
    void this.#ask();
  }

  #look(): void {
    this.#cancel();
    const { clock } = this.#parts;
    const { monoMs } = clock.now();
    const isDue = this.#isDue();
    if (!isDue) this.#tries = 0;
    if (isDue && monoMs >= this.#nextMonoMs) void this.#ask();
    const nextMs = isDue ? Math.max(this.#nextMonoMs, monoMs + 1) : monoMs + hourMs;
    this.#cancel = clock.at(Math.min(nextMs, monoMs + hourMs), () => this.#look());
  }

  #isDue(): boolean {
    const { credentials, clock } = this.#parts;
    if (credentials.askedKey !== null) return true;
    const leaf = this.#leaf();
    if (leaf === undefined) return false;
    return expiryOf(leaf) - clock.now().at < Math.min(renewBeforeMs, lifetimeMs(leaf) / 3);
  }

  /** The certificate that is shown first. */
  #leaf(): X509Certificate | undefined {
    const { credentials, certFile } = this.#parts;
    const text = credentials.certificates[0]?.chain ?? (certFile === undefined ? undefined : fileText(certFile));
    return text === undefined ? undefined : certificatesOf(text)?.[0];
  }

  async #ask(): Promise<void> {
    const { clock, credentials, subject, note, die } = this.#parts;
    const rpc = this.#rpc;
    if (rpc === undefined) return;
    this.#tries += 1;
    const waitMs = this.#tries <= certSigningRepeatTimes ? certSigningWaitMs * 2 ** (this.#tries - 1) : dayMs;
    this.#nextMonoMs = clock.now().monoMs + waitMs;
    try {
      const key = credentials.askedKey ?? newStationKey();
      if (credentials.askedKey === null) credentials.askFor(key);
      const csr = await clock.busy(signingRequest(key, subject));
      const type = rpc.dialect === "ocpp1.6" ? {} : { certificateType: "ChargingStationCertificate" };
      const answer = await clock.busy(told(rpc, { csr, ...type }));
      note(`a certificate was asked for: ${answer}`);
    } catch (error) {
      die(error);
    }
  }
}

/** The status of the answer, or why there is none. */
async function told(rpc: Rpc, request: object): Promise<string> {
  try {
    const answer = await rpc.call("SignCertificate", request);
    const status = typeof answer === "object" && answer !== null && "status" in answer ? answer.status : undefined;
    return status === "Accepted" || status === "Rejected" ? status : "the answer is not valid OCPP";
  } catch (error) {
    return callFailure(error).message;
  }
}

function fileText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

// How a line to a CSMS stands, in words for a technician, and what its answers say of its memory. Pure.
import type { TimeTrust } from "../../../../drivers/driver.js";
import type { UplinkFault } from "../../uplink.js";
import { callOutcome } from "./call-outcome.js";
import type { CallError } from "./frame.js";
import type { Rpc } from "./rpc.js";

/** `silent` = accepted, but the CSMS does not answer, or not yet. */
export type CsmsLineStatus = {
  readonly accepted: boolean;
  readonly silent?: true;
  readonly words: string;
  readonly fault?: UplinkFault;
};

type Line = Pick<Rpc, "dialect">;

export const connected = ({ dialect }: Line): CsmsLineStatus => ({ accepted: true, words: `connected, ${dialect}` });

export const unheard = ({ dialect }: Line): CsmsLineStatus => ({
  accepted: true,
  silent: true,
  words: `connected, ${dialect}; nothing was heard yet`,
});

export const unanswered = ({ dialect }: Line, action: string): CsmsLineStatus => ({
  accepted: true,
  silent: true,
  words: `connected, ${dialect}; the backend does not answer ${action}`,
});

/** A line that is lost or could not be opened; a certificate is judged by a clock that may not be set. */
export function lostStatus(
  { words, fault }: { readonly words: string; readonly fault?: UplinkFault },
  trust: TimeTrust,
): CsmsLineStatus {
  const unset =
    trust === "unsynced" && /clock/.test(words) ? "; the clock has not been set since the station was switched on" : "";
  return { accepted: false, words: `${words}${unset}`, ...(fault === undefined ? {} : { fault }) };
}

/** BootNotification was refused, or not answered. */
export function bootFailed(error: unknown): CsmsLineStatus {
  const refusal = callOutcome(error, "BootNotification");
  const words =
    refusal.kind === "refused"
      ? `the backend refused this station's BootNotification: ${refusal.reason}`
      : (refusal.words ?? "the backend did not answer");
  const fault = refusal.kind === "refused" ? "uplink/unauthorised" : refusal.fault;
  return { accepted: false, words, ...(fault === undefined ? {} : { fault }) };
}

export const bootUnreadable: CsmsLineStatus = {
  accepted: false,
  words: "the backend's answer to BootNotification is not valid OCPP",
  fault: "uplink/unsure",
};

export function notAccepted({ dialect }: Line, registration: "Pending" | "Rejected", identity: string): CsmsLineStatus {
  return registration === "Pending"
    ? {
        accepted: false,
        words: `connected, but the backend has not accepted this station yet (Pending), ${dialect}`,
      }
    : {
        accepted: false,
        words: `the backend rejects this station (Rejected): check that it knows ${identity}, ${dialect}`,
        fault: "uplink/unauthorised",
      };
}

/** On a connection without a BootNotification, after so many refusals and nothing else, one goes out. */
const refusalsBeforeBoot = 2;

/**
 * Whether the CSMS at the other end of one connection still knows the station. One that was started anew may refuse all
 * but BootNotification on a mere reconnect: then one goes out (2.x B01, 1.6 4.2), at most one on a connection.
 */
export class PeerMemory {
  #refusals = 0;
  #hasBoot = false;

  /** A BootNotification goes out on this connection. */
  boots(): void {
    this.#hasBoot = true;
  }

  /** A message of ours was refused; says whether the CSMS may have forgotten us. */
  isLost(refusal: CallError, knowsUs: boolean): boolean {
    this.#refusals += 1;
    if (this.#hasBoot) return false;
    return refusal.code === "SecurityError" || (!knowsUs && this.#refusals >= refusalsBeforeBoot);
  }
}

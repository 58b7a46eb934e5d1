// What the answers to a CSMS may ask of the connection on which it asked.
import type { Dialect } from "./frame.js";
import type { Reconnect } from "./reconnect.js";
import type { RpcCall } from "./rpc.js";

/** How the CSMS took our BootNotification. */
export type Registration = "Unknown" | "Accepted" | "Pending" | "Rejected";

/** Intervals that a CSMS may set, in seconds; 0 = off. They hold until the process ends or the CSMS sets them again. */
export type Intervals = {
  /** HeartbeatInterval: OCPPCommCtrlr.HeartbeatInterval. */
  readonly heartbeatS: number;
  /** OCPPCommCtrlr.WebSocketPingInterval. */
  readonly pingS: number;
  /** SampledDataCtrlr.TxUpdatedInterval, MeterValueSampleInterval. */
  readonly meterValuesS: number;
  /** TariffCostCtrlr.Interval[Cost] (2.1). */
  readonly costS: number;
};

/**
 * Until a CSMS says otherwise. The cost so far: each event of it wears the card.
 */
export const usualIntervals: Omit<Intervals, "meterValuesS"> = { heartbeatS: 300, pingS: 60, costS: 300 };

export interface CsmsLink {
  /** The uplink's name in the config. */
  readonly uplink: string;
  readonly dialect: Dialect;
  readonly call: RpcCall;
  /** While it is not Accepted, remote starts and stops are answered Rejected (2.0.1 B02). */
  readonly registration: Registration;
  readonly intervals: Intervals;
  setIntervals(intervals: Partial<Intervals>): void;
  /** How a lost line is tried again. */
  reconnect: Reconnect;
  /**
   * PublicKeyWithSignedMeterValue (2.x): false = Never. A transaction has one signed value, so the other two words mean
   * the same.
   */
  sendsPublicKey: boolean;
  /** TariffCostCtrlr.Enabled[RunningCost] (2.1). */
  sendsRunningCost: boolean;
  /** The transaction id by which the CSMS knows a session that is not over: its own number in 1.6, ours in 2.x. */
  transactionOf(sessionId: string): string | number | undefined;
  sessionOf(transactionId: string | number): string | undefined;
  /** Something of a session that runs has not been told yet, or of any (undefined). */
  untold(sessionId: string | undefined): boolean;
  /**
   * What TriggerMessage names (BootNotification, Heartbeat, StatusNotification, MeterValues, TransactionEvent), at a
   * connector or at all (undefined): to be called after the answer is on its way. Undefined = not implemented;
   * "nothing" = there is nothing of the kind to send now.
   */
  triggered(message: string, connector: number | undefined): (() => void) | "nothing" | undefined;
  /** The SHA-256 fingerprint of the authority by which the CSMS is known; undefined where it is not TLS. */
  readonly trustedRoot: string | undefined;
  /** Opens the connection anew at once, with the credentials that are kept by then. */
  renew(why: string): void;
  /** Tells the CSMS of a security event (2.x appendix 1), with the next connection where there is none now. */
  securityEvent(type: string, techInfo?: string): void;
}

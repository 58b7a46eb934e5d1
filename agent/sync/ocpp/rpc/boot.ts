// BootNotification and its answer, in each version's words: who we are, whether the CSMS takes us, and how often it
// wants to hear from us. Pure.
import { CallError, type Dialect } from "./frame.js";
import type { Registration } from "./link.js";
import type { Handlers } from "./rpc.js";

export type BootReason = "PowerUp" | "ApplicationReset" | "RemoteReset" | "ScheduledReset" | "Triggered" | "Unknown";

export type StationName = { readonly serialNumber: string; readonly version: string };

const vendorName = "chargetill";
const model = "till";

export function bootPayload(dialect: Dialect, { serialNumber, version }: StationName, reason: BootReason): object {
  // A serial number of up to 25 characters; a longer one is left out, since a cut one could be another's.
  const fits = serialNumber.length <= 25;
  const firmwareVersion = version.slice(0, 50);
  if (dialect === "ocpp1.6")
    return {
      chargePointVendor: vendorName,
      chargePointModel: model,
      ...(fits ? { chargePointSerialNumber: serialNumber } : {}),
      firmwareVersion,
    };
  return { reason, chargingStation: { vendorName, model, ...(fits ? { serialNumber } : {}), firmwareVersion } };
}

export type BootAnswer = {
  readonly registration: Exclude<Registration, "Unknown">;
  readonly intervalS: number;
  readonly currentMs?: number;
};

/** Undefined where the answer is none. */
export function bootAnswer(payload: unknown): BootAnswer | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const { status, interval, currentTime } = payload as Record<string, unknown>;
  if (status !== "Accepted" && status !== "Pending" && status !== "Rejected") return undefined;
  const currentMs = typeof currentTime === "string" ? Date.parse(currentTime) : Number.NaN;
  return {
    registration: status,
    intervalS:
      typeof interval === "number" && Number.isFinite(interval) && interval > 0
        ? Math.min(Math.ceil(interval), longestIntervalS)
        : 0,
    ...(Number.isNaN(currentMs) ? {} : { currentMs }),
  };
}

/** A day: nobody is believed who wants to hear from us more seldom. */
const longestIntervalS = 86_400;

/** The same handlers, which serve nobody while we are Rejected (2.0.1 B03). */
export function unlessRejected(handlers: Handlers, registration: () => Registration): Handlers {
  const guard =
    (handler: Handlers[string]): Handlers[string] =>
    (payload) => {
      if (registration() === "Rejected")
        throw new CallError("SecurityError", "this station was rejected at its BootNotification");
      return handler(payload);
    };
  return Object.fromEntries(Object.entries(handlers).map(([action, handler]) => [action, guard(handler)]));
}

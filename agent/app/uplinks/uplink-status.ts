// How an uplink stands, as `sync status` and `status` tell it.
import type { PullStatus } from "../../sync/ocpi/ocpi-pull.js";
import type { OutboxStatus } from "../../sync/outbox-status.js";

/** What is told of payments: `known` here in all; without `waiting` the uplink has no message for them. */
export type PaymentStatuses = {
  readonly known: number;
  readonly waiting?: number;
  readonly parked?: OutboxStatus["parked"];
  readonly words?: string;
};

/**
 * How an uplink stands, what was last fetched over it, where it fetches at all, and what is told of payments, where
 * there are any.
 */
export type UplinkStatus = Omit<OutboxStatus, "sinceMs"> & {
  /** Unknown where no agent runs. */ readonly sinceMs?: number;
  readonly pull?: PullStatus;
  readonly payments?: PaymentStatuses;
};

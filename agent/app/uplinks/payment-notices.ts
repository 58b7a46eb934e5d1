// Payments on their way to one backend: an outbox of their own, in the order in which they were told, each after the
// session that it pays.
import { join } from "node:path";
import type { UplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import type { Disk } from "../../ledger/store/disk.js";
import { Table } from "../../ledger/store/table.js";
import type { PaymentRow, Payments } from "../../receipts/payments.js";
import { Outbox } from "../../sync/outbox.js";
import {
  emptyOutbox,
  type ItemState,
  type OutboxItem,
  type OutboxState,
  parseOutboxTable,
} from "../../sync/outbox-state.js";
import type { OutboxStatus } from "../../sync/outbox-status.js";
import type { Outcome, Uplink, UplinkItem, UplinkTies } from "../../sync/uplink.js";

export type PaymentNoticesParts = {
  readonly config: Pick<UplinkConfig, "name" | "backoff">;
  readonly folder: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: () => number;
  readonly payments: Payments;
  /** The message for a payment, and how it is sent. */
  readonly textOf: (payment: PaymentRow) => string;
  readonly send: (text: string, signal: AbortSignal) => Promise<Outcome>;
  readonly hurry: () => void;
  /** Where the receipt of a session stands on its way to the same backend. */
  readonly stateOf: (receipt: number) => ItemState;
  readonly changed: () => void;
  readonly die: (error: unknown) => void;
};

const paymentNoticesFile = (uplink: string): string => `payments-${uplink}.json`;

const behindParked = (receipt: string): string => `receipt ${receipt} itself is parked: it goes first`;

export class PaymentNotices implements Uplink {
  readonly name: string;
  readonly outbox: Outbox;
  readonly #parts: PaymentNoticesParts;
  #ties: UplinkTies | undefined;
  #seen: OutboxStatus | undefined;

  /** Throws Failure table/damaged, disk/failed. */
  constructor(parts: PaymentNoticesParts) {
    const { config, disk, folder, payments, textOf } = parts;
    this.#parts = parts;
    this.name = config.name;
    const table = Table.open<{ readonly state: OutboxState }>(
      disk,
      join(folder, paymentNoticesFile(config.name)),
      parseOutboxTable,
      { state: emptyOutbox },
      { steps: true },
    );
    payments.atLeast(table.data.state.cursor);
    this.outbox = new Outbox({
      uplink: this,
      items: { last: () => payments.last(), get: (number) => itemOf(payments.get(number), number, textOf) },
      store: { read: () => table.data.state, write: (state) => void table.update(() => ({ state })) },
      clock: parts.clock,
      random: parts.random,
      backoff: config.backoff,
      onChange: parts.changed,
      onFailure: parts.die,
    });
  }

  begin(ties: UplinkTies): void {
    this.#ties = ties;
  }

  hurry(): void {
    this.#parts.hurry();
  }

  /** The outbox of receipts has moved: what waited for it may go now, whatever the back-off says. */
  saw(receipts: OutboxStatus): void {
    const before = this.#seen;
    this.#seen = receipts;
    const isBack = receipts.reachability === "online" && before?.reachability !== "online";
    const isNews =
      receipts.lastAck?.number !== before?.lastAck?.number || receipts.lastAck?.atMs !== before?.lastAck?.atMs;
    if (!isBack && !isNews) return;
    for (const { number, id, reason } of this.outbox.status().parked)
      if (reason === behindParked(id) && this.#parts.stateOf(Number(id)) === "acked") this.outbox.resend(number);
    if (this.outbox.status().waiting > 0) this.#ties?.reached("online", "");
  }

  /** Puts the parked payments of a receipt back in line; answers the receipts. */
  resend(wanted: number | "all"): number[] {
    const parked = this.outbox.status().parked.filter(({ id }) => wanted === "all" || Number(id) === wanted);
    return parked.flatMap(({ number, id }) => (this.outbox.resend(number).length > 0 ? [Number(id)] : []));
  }

  async send({ id, body }: UplinkItem, signal: AbortSignal): Promise<Outcome> {
    if (body === "") return { kind: "refused", reason: "the payment is no longer kept here" };
    const state = this.#parts.stateOf(Number(id));
    if (state === "parked") return { kind: "refused", reason: behindParked(id) };
    if (state !== "acked") return { kind: "retry", countsAsAttempt: false, words: `receipt ${id} goes first` };
    return await this.#parts.send(body, signal);
  }
}

/** Known by the receipt that it pays. */
function itemOf(payment: PaymentRow | undefined, number: number, textOf: PaymentNoticesParts["textOf"]): OutboxItem {
  return payment === undefined
    ? { number, id: "0", body: "" }
    : { number, id: String(payment.receipt), body: textOf(payment) };
}

// The uplinks of a station: an outbox each over the one receipt book, with its cursor in a table of its own, and its
// faults raised and cleared.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Config } from "../../../config/schema.js";
import type { OcpiUplinkConfig, UplinkConfig } from "../../../config/uplink-schema.js";
import { type CdrCopies, copyFor, withPerson, withSignedData } from "../../core/cdr/cdr-copies.js";
import type { Book } from "../../ledger/book/book.js";
import type { BookEntry } from "../../ledger/book/book-page.js";
import { receiptOfSession } from "../../ledger/book/session-receipt.js";
import { Table } from "../../ledger/store/table.js";
import { forgottenWords, isForgotten, personOf, type ShownDisclosures } from "../../receipts/disclosures.js";
import type { Payments } from "../../receipts/payments.js";
import type { Faults } from "../../sync/faults.js";
import { OcpiUplink } from "../../sync/ocpi/ocpi-uplink.js";
import { Outbox } from "../../sync/outbox.js";
import {
  emptyOutbox,
  type ItemState,
  type OutboxItem,
  type OutboxState,
  parseOutboxTable,
  wrongAndUnseen,
} from "../../sync/outbox-state.js";
import type { OutboxStatus } from "../../sync/outbox-status.js";
import type { OnlineCheck } from "../../sync/station-port.js";
import type { Uplink } from "../../sync/uplink.js";
import type { PaymentNotices } from "./payment-notices.js";
import type { OcppChannelParts } from "./uplink-ocpp.js";

export type UplinkParts = OcppChannelParts & {
  readonly book: Book;
  /** Whose the receipts are. */
  readonly disclosures: ShownDisclosures;
  readonly payments: Payments;
  /** The signed checkpoint over all receipts, "" where there is none. */
  readonly checkpoint: () => string;
  readonly faults: () => Faults | undefined;
  /** Told of each backend that can be asked about a card. */
  readonly canBeAsked: (check: OnlineCheck) => void;
  readonly changed: () => void;
  readonly die: (error: unknown) => void;
  readonly kinds: UplinkKinds;
};

/** The kinds of uplink that take long to load: there where the config names one. */
export type UplinkKinds = { readonly ocpp?: typeof import("./uplink-ocpp.js") };

/** Loads what the config names and nothing else: OCPP costs a start a quarter more processor time and 4 MiB. */
export async function loadUplinkKinds({ uplinks }: Pick<Config, "uplinks">): Promise<UplinkKinds> {
  return uplinks.some(({ kind }) => kind === "ocpp") ? { ocpp: await import("./uplink-ocpp.js") } : {};
}

/**
 * The channel to one backend: an outbox over the receipt book, and one over the payments where the backend may have a
 * message for them.
 */
export type UplinkChannel = { readonly outbox: Outbox; readonly payments?: PaymentNotices };

/** Opens the channel to each configured backend. Throws Failure table/damaged, disk/failed. */
export function openUplinkChannels(parts: UplinkParts): UplinkChannel[] {
  return parts.config.uplinks.map((uplink) => openUplinkChannel(uplink, parts));
}

function openUplinkChannel(config: UplinkConfig, parts: UplinkParts): UplinkChannel {
  const { clock, book } = parts;
  const path = join(parts.config.state, `uplink-${config.name}.json`);
  const table = Table.open<{ readonly state: OutboxState }>(
    parts.disk,
    path,
    parseOutboxTable,
    { state: emptyOutbox },
    { steps: true },
  );
  const watch = new UplinkWatch(
    config.name,
    parts,
    table.data.state.lastAck?.number ?? 0,
    table.data.state.lastAck?.atMs ?? 0,
  );
  const waits = (sessionId: string | undefined): boolean =>
    sessionId === undefined ? outbox.status().waiting > 0 : receiptWaits(sessionId, book, outbox);
  const { uplink, paymentLine } = openUplink(config, parts, waits, (receipt) => outbox.stateOf(receipt));
  const outbox: Outbox = new Outbox({
    uplink,
    items: {
      last: () => book.count(),
      get: (number) => {
        const entry = book.get(number);
        return entry === undefined ? null : itemOf(entry, config, parts);
      },
    },
    store: { read: () => table.data.state, write: (state) => void table.update(() => ({ state })) },
    clock,
    random: parts.random,
    backoff: config.backoff,
    onChange: (status) => {
      watch.look(status);
      paymentLine?.saw(status);
    },
    onFailure: parts.die,
  });
  return { outbox, ...(paymentLine === undefined ? {} : { payments: paymentLine }) };
}

/** Whoever asks about a session asks soon after it. */
const newestLookedAt = 200;

/** A receipt of the session is on its way and not acknowledged. */
function receiptWaits(sessionId: string, book: Book, outbox: Outbox): boolean {
  const number = receiptOfSession(book, sessionId, newestLookedAt);
  return number !== undefined && outbox.stateOf(number) !== "acked";
}

/** What an uplink sends of a receipt; null = nothing. */
function itemOf(entry: BookEntry, config: UplinkConfig, { kinds, disclosures }: UplinkParts): OutboxItem | null {
  const item =
    config.kind === "ocpp"
      ? ocppIn(kinds).ocppItem(entry, disclosures(entry.number))
      : cdrItem(entry, config, disclosures);
  return item === null || !isForgotten(entry, disclosures) ? item : { ...item, park: forgottenWords };
}

function cdrItem(entry: BookEntry, config: OcpiUplinkConfig, disclosures: ShownDisclosures): OutboxItem | null {
  if (entry.cdr === null) return null;
  const copy = copyFor(entry.cdr as CdrCopies, config);
  if (copy === null) return null;
  const body = withPerson(copy.body, personOf(entry, disclosures));
  return { number: entry.number, id: entry.cdrId, ...copy, body: withSignedData(body, config.signedData) };
}

type Opened = { readonly uplink: Uplink; readonly paymentLine?: PaymentNotices };

function openUplink(
  config: UplinkConfig,
  parts: UplinkParts,
  waits: (sessionId: string | undefined) => boolean,
  stateOf: (receipt: number) => ItemState,
): Opened {
  if (config.kind === "ocpi")
    return { uplink: new OcpiUplink(config, parts.config.station, parts.clock, parts.checkpoint) };
  const uplink = ocppIn(parts.kinds).openOcpp(config, parts, waits);
  parts.canBeAsked(uplink);
  const paymentLine = ocppIn(parts.kinds).openPaymentNotices(config, { ...parts, stateOf }, uplink);
  return { uplink, ...(paymentLine === undefined ? {} : { paymentLine }) };
}

function ocppIn({ ocpp }: UplinkKinds): NonNullable<UplinkKinds["ocpp"]> {
  assert(ocpp !== undefined, "the config names an uplink of a kind that was not loaded");
  return ocpp;
}

/** Turns the statuses of one uplink into events and faults, each once. */
class UplinkWatch {
  #reachability = "untried";
  #wrong = "";
  #fault: OutboxStatus["fault"];

  constructor(
    readonly name: string,
    readonly parts: Pick<UplinkParts, "clock" | "faults" | "emit" | "changed">,
    private acknowledged: number,
    private acknowledgedAt: number,
  ) {}

  look(status: OutboxStatus): void {
    const { clock, emit, changed } = this.parts;
    const { at } = clock.now();
    const { lastAck, reachability, words = "" } = status;
    if (reachability !== this.#reachability && reachability !== "untried") {
      this.#reachability = reachability;
      emit({ type: "uplink", at, uplink: this.name, state: reachability, detail: words });
    }
    if (lastAck !== undefined && (lastAck.number !== this.acknowledged || lastAck.atMs !== this.acknowledgedAt)) {
      [this.acknowledged, this.acknowledgedAt] = [lastAck.number, lastAck.atMs];
      emit({ type: "uploaded", at, uplink: this.name, number: lastAck.number });
    }
    if (status.fault !== this.#fault) {
      const device = `uplink ${this.name}`;
      this.parts.faults()?.clear(device);
      this.#fault = status.fault;
      if (status.fault !== undefined) this.parts.faults()?.raise(device, status.fault, words, at);
    }
    this.#lookAtWrong(status, at);
    changed();
  }

  /** A CDR that prices differently from its receipt is a fault of ours, until a person has decided about each. */
  #lookAtWrong({ parked }: OutboxStatus, at: number): void {
    const faults = this.parts.faults();
    const wrong = wrongAndUnseen(parked);
    const numbers = wrong.map(({ number }) => number).join(", ");
    if (faults === undefined || numbers === this.#wrong) return;
    this.#wrong = numbers;
    const device = `CDRs for ${this.name}`;
    faults.clear(device);
    if (wrong.length > 0)
      faults.raise(device, "cdr/wrong", `kept back: receipt ${numbers}: ${wrong.at(-1)?.reason ?? ""}`, at);
  }
}

// The services of a station: all that needs the disk to be well. They open whole or not at all (open-services.ts);
// without them contactors stay open and nothing can charge.
import type { LoadedConfig } from "../../../config/load.js";
import type { ConnectorConfig } from "../../../config/schema.js";
import type { EnergyMeter } from "../../../drivers/driver.js";
import type { Machine } from "../../../drivers/machine/open-machine.js";
import type { BackendCards } from "../../cards/backend-cards.js";
import type { EnrolledCards } from "../../cards/enrolled-cards.js";
import type { JournalEntry } from "../../core/station/journal-entry.js";
import type { Book } from "../../ledger/book/book.js";
import type { Journal } from "../../ledger/journal/journal.js";
import type { Disk } from "../../ledger/store/disk.js";
import type { BankCardHandler } from "../../payments/bank-card-handler.js";
import type { GatewayLine } from "../../payments/gateway-line.js";
import type { HoldLedger } from "../../payments/hold-ledger.js";
import type { HoldTable } from "../../payments/hold-table.js";
import type { Refunds } from "../../payments/refunds.js";
import type { Complaints } from "../../receipts/complaints/complaints.js";
import type { Disclosures } from "../../receipts/disclosures.js";
import type { Payments } from "../../receipts/payments.js";
import type { PersonRetention } from "../../receipts/privacy/forgetting.js";
import type { NameUser } from "../../receipts/privacy/operator-key.js";
import type { ReceiptIssuer } from "../../receipts/receipt-issuer.js";
import type { AgentEvent } from "../../station/events.js";
import type { JournalRetention } from "../../station/journal-retention.js";
import type { NoShowSettlement } from "../../station/remote/no-show-settlement.js";
import type { StationRemoteControl } from "../../station/remote/station-remote-control.js";
import type { Station } from "../../station/station.js";
import type { OcpiLive } from "../../sync/ocpi/ocpi-live.js";
import type { OcpiPull } from "../../sync/ocpi/ocpi-pull.js";
import type { Outbox } from "../../sync/outbox.js";
import type { OnlineCheck, PaymentCodeSource } from "../../sync/station-port.js";
import type { ActiveTariffs } from "../../tariffs/active-tariffs.js";
import type { AcceptedMeters } from "../../technician/accepted-meters.js";
import type { AcceptedTerminals } from "../../technician/terminal/accepted-terminals.js";
import type { TerminalTests } from "../../technician/terminal/terminal-requests.js";
import type { PaymentNotices } from "../uplinks/payment-notices.js";
import type { UplinkKinds } from "../uplinks/uplinks.js";

export type Services = {
  readonly journal: Journal<JournalEntry>;
  readonly book: Book;
  readonly disclosures: Disclosures;
  readonly personRetention: PersonRetention;
  readonly nameUser: NameUser;
  readonly issuer: ReceiptIssuer;
  readonly cards: EnrolledCards;
  readonly acceptedMeters: AcceptedMeters;
  readonly acceptedTerminals: AcceptedTerminals;
  readonly terminalTests: TerminalTests;
  readonly activeTariffs: ActiveTariffs;
  readonly retention: JournalRetention;
  readonly outboxes: readonly Outbox[];
  readonly payments: Payments;
  readonly complaints: Complaints;
  /** Of the backends that may have a message for payments. */
  readonly paymentLines: readonly PaymentNotices[];
  /** What takes money on the spot; undefined = the station has no payment gateway. */
  readonly onTheSpot: PaymentServices | undefined;
  readonly station: Station;
  readonly remote: StationRemoteControl;
  readonly noShows: NoShowSettlement;
  readonly lists: BackendCards;
  readonly pulls: readonly OcpiPull[];
  /** Of the backends that are told what happens while it happens. */
  readonly live: readonly OcpiLive[];
  /** Those that have a line of their own, beside the uplinks. */
  readonly checks: readonly OnlineCheck[];
  /** What leads a phone to where its driver pays for a start at a connector; undefined while there is nothing such. */
  readonly paymentCode: PaymentCodeSource;
  /** The key is ours to change; false where it is handed in from outside. */
  readonly mayRotate: boolean;
};

/** What takes money on the spot: the holds, what is owed back, and the line to the gateway. */
export type PaymentServices = {
  readonly ledger: HoldLedger;
  readonly refunds: Refunds;
  readonly table: HoldTable;
  readonly line: GatewayLine;
  readonly cards: BankCardHandler;
  readonly close: () => Promise<void>;
};

/** What the services are opened from. */
export type ServicesParts = {
  readonly loaded: LoadedConfig;
  readonly machine: Machine;
  readonly disk: Disk;
  readonly version: string;
  readonly meter: (connector: ConnectorConfig) => EnergyMeter;
  readonly newId: () => string;
  /** In [0, 1): jitter of back-offs. */
  readonly random: () => number;
  readonly whyClosed: () => string | undefined;
  /** Ends the process, so that systemd starts it again. */
  readonly restart: () => void;
  /** Those that the config names. */
  readonly kinds: UplinkKinds;
  /** Backends that can be asked about a card, beside those of the config. */
  readonly checks?: readonly OnlineCheck[];
  readonly emit: (event: AgentEvent) => void;
  readonly changed: () => void;
  readonly die: (error: unknown) => void;
};

/** Stops what runs and waits for what is in flight; nothing is written after it. */
export async function closeServices(services: Services): Promise<void> {
  const { remote, noShows, station, paymentLines, outboxes, pulls, live, checks, journal } = services;
  remote.close();
  noShows.close();
  await services.onTheSpot?.close();
  await station.close();
  await Promise.all(
    [...paymentLines.map(({ outbox }) => outbox), ...outboxes, ...pulls, ...live].map((one) => one.stop()),
  );
  for (const check of checks) check.close?.();
  journal.close();
}

// An OCPP uplink with its outbox over a book of receipts, on stores that keep text as a disk would; both can be let go
// and opened again.

import type { Settlement } from "../../../agent/core/cdr/settlement.js";
import { withDisclosures } from "../../../agent/core/disclosure/disclosure.js";
import type { Issued } from "../../../agent/core/receipt/issuing.js";
import { issueReceipt, openChain } from "../../../agent/core/receipt/receipt.js";
import { sha256 } from "../../../agent/ledger/store/digest.js";
import { OcppUplink, type OcppUplinkParts } from "../../../agent/sync/ocpp/ocpp-uplink.js";
import { LogUploads } from "../../../agent/sync/ocpp/requests/log-upload.js";
import { noSecurityEvents, SecurityEvents } from "../../../agent/sync/ocpp/security/security-events.js";
import {
  noTransactions,
  parseTransactions,
  type TransactionsState,
  type TransactionsStore,
} from "../../../agent/sync/ocpp/transactions/transactions-state.js";
import { Outbox } from "../../../agent/sync/outbox.js";
import type { OutboxItem, OutboxItems } from "../../../agent/sync/outbox-state.js";
import type { StationFeed } from "../../../agent/sync/station-port.js";
import { KeptCredentials, noCredentials } from "../../../agent/sync/transport/kept-credentials.js";
import type { OcppUplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import { chainOf, occasion, reading, settlement, signer, startMs } from "../sample-receipt.js";
import { HandClock } from "../time/hand-clock.js";
import { closeAll } from "./csms.js";
import { Store } from "./outbox-bench.js";

/** Receipt 1 opens the chain; each sale has a register of its own, so that no two begin alike. */
export class SalesBook implements OutboxItems {
  readonly issued: Issued[] = [openChain(occasion, signer, sha256)];
  last(): number {
    return this.issued.length;
  }
  sell(changes: Partial<Settlement> = {}): number {
    const number = this.issued.length + 1;
    const from = 1_234_500_000 + number * 20_000_000;
    const sale = settlement(number, {
      begin: reading(startMs, from),
      boundaryReadings: [],
      end: reading(startMs + 5_400_000, from + 12_345_000),
      ...changes,
    });
    this.issued.push(issueReceipt(sale, chainOf(this.issued), signer, sha256));
    return number;
  }
  get(number: number): OutboxItem | null {
    const issued = this.issued[number - 1];
    return number < 2 || issued === undefined
      ? null
      : { number, id: `cdr-${number}`, body: withDisclosures(issued.jws, issued.disclosures) };
  }
}

/** Keeps text, so that nothing lives on but what was written. */
export class EventStore implements TransactionsStore {
  text = JSON.stringify(noTransactions);
  writes = 0;
  /** Called before a write; a throw is a write that failed. */
  before: () => void = () => {};
  read(): TransactionsState {
    return parseTransactions(JSON.parse(this.text));
  }
  write(state: TransactionsState): void {
    this.before();
    this.writes += 1;
    this.text = JSON.stringify(state);
  }
}

export function ocppConfig(url: string, more: Partial<OcppUplinkConfig> = {}): OcppUplinkConfig {
  return {
    name: "csms",
    kind: "ocpp",
    url,
    identity: "till 1/ä",
    versions: ["2.1", "2.0.1", "1.6"],
    timeout: 5_000,
    meterValues: 300_000,
    backoff: { first: 100, most: 1_000 },
    tls: {},
    schedule: "* * * * *",
    chargeReservations: false,
    customData: "auto",
    signedData: "auto",
    certificatesByCsms: false,
    logHosts: [],
    ...more,
  };
}

export type OpenUplink = {
  readonly uplink: OcppUplink;
  readonly outbox: Outbox;
  readonly failures: unknown[];
  readonly notes: string[];
};

export type World = {
  readonly book: SalesBook;
  readonly events: EventStore;
  readonly store: Store;
  readonly clock: HandClock;
};

export const world = (): World => ({
  book: new SalesBook(),
  events: new EventStore(),
  store: new Store(),
  clock: new HandClock(),
});

const open = new Set<Outbox>();

/** Lets go of all that a test has opened, however it ended. */
export async function letGo(): Promise<void> {
  for (const outbox of open) await outbox.stop();
  open.clear();
  await closeAll();
}

/** Sends until nothing waits: what was on a line when it was cut takes a second try. */
export async function drained(outbox: Outbox): Promise<void> {
  for (let tries = 0; tries < 5 && outbox.status().waiting > 0; tries += 1) await outbox.now();
  if (outbox.status().waiting > 0) throw new Error(`still waiting: ${JSON.stringify(outbox.status())}`);
}

/** What a CSMS sets, what it is to know and what it may ask for, kept until the process ends. */
export function unlasting(
  config: OcppUplinkConfig,
  clock: Clock,
): Pick<OcppUplinkParts, "credentials" | "securityEvents" | "logs"> {
  let kept = noCredentials;
  let events = noSecurityEvents;
  const note = (): void => undefined;
  return {
    credentials: new KeptCredentials({ read: () => kept, write: (next) => void (kept = next) }),
    securityEvents: new SecurityEvents(
      clock,
      (error) => {
        throw error;
      },
      { read: () => events, write: (next) => void (events = next) },
    ),
    logs: new LogUploads({ config, clock, diagnostics: async () => "", securityLog: () => "", note }),
  };
}

/** Opens uplink and outbox over what lasts of a world. */
export function openUplink(
  world: World,
  config: OcppUplinkConfig,
  parts: Partial<OcppUplinkParts> = {},
  feed?: StationFeed,
): OpenUplink {
  const failures: unknown[] = [];
  const notes: string[] = [];
  const { clock, book, store, events } = world;
  const uplink = new OcppUplink({
    config,
    clock,
    identity: config.identity ?? "till-1",
    party: { countryCode: "DE", partyId: "ABC" },
    version: "0.1.0",
    connectors: [1, 2],
    random: () => 0.5,
    store: events,
    feed: () => feed,
    handlers: () => ({}),
    tariffKnown: () => true,
    takeTariff: () => ({ wanted: false }),
    deauthorise: () => {},
    limit: () => {},
    ...unlasting(config, clock),
    note: (text) => notes.push(text),
    die: (error) => failures.push(error),
    ...parts,
  });
  const outbox = new Outbox({
    uplink,
    items: book,
    store,
    clock,
    random: () => 0.5,
    backoff: config.backoff,
    onFailure: (error) => failures.push(error),
  });
  open.add(outbox);
  return { uplink, outbox, failures, notes };
}

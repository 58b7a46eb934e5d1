// An uplink that speaks OCPP, tied to the station: its tables, and the handlers of what its CSMS asks. Loaded only where the
// config names one.
import { join } from "node:path";
import type { Config } from "../../../config/schema.js";
import type { OcppUplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import type { CdrCopies } from "../../core/cdr/cdr-copies.js";
import { disclosuresOf, personalNames, withDisclosures } from "../../core/disclosure/disclosure.js";
import type { BookEntry } from "../../ledger/book/book-page.js";
import type { Disk } from "../../ledger/store/disk.js";
import { Table } from "../../ledger/store/table.js";
import type { Payments } from "../../receipts/payments.js";
import type { AgentEvent } from "../../station/events.js";
import { OcppUplink } from "../../sync/ocpp/ocpp-uplink.js";
import { requestHandlers } from "../../sync/ocpp/request-handlers.js";
import { type LogSpan, LogUploads } from "../../sync/ocpp/requests/log-upload.js";
import type { RequestContext } from "../../sync/ocpp/requests/request-context.js";
import { Settings } from "../../sync/ocpp/requests/settings.js";
import { WebPaymentSettings } from "../../sync/ocpp/requests/web-payment-settings.js";
import type { CsmsLink } from "../../sync/ocpp/rpc/link.js";
import { CertificateRenewal } from "../../sync/ocpp/security/certificate-renewal.js";
import { SecurityEvents } from "../../sync/ocpp/security/security-events.js";
import { takeDriverTariff } from "../../sync/ocpp/tariffs/driver-tariff.js";
import { completedTransaction } from "../../sync/ocpp/transactions/completed-transaction.js";
import { paymentNotice } from "../../sync/ocpp/transactions/payment-notice.js";
import {
  noTransactions,
  parseTransactionsTable,
  type TransactionsState,
} from "../../sync/ocpp/transactions/transactions-state.js";
import { paymentCodeAt } from "../../sync/ocpp/web-payments/payment-codes.js";
import type { ItemState, OutboxItem } from "../../sync/outbox-state.js";
import type { CardLists, PaymentCodeSource, RemoteControl, StationFeed } from "../../sync/station-port.js";
import { KeptCredentials } from "../../sync/transport/kept-credentials.js";
import { tunnelsOf } from "../../sync/transport/tunnels.js";
import { PaymentNotices } from "./payment-notices.js";

export type OcppChannelParts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly random: () => number;
  readonly version: string;
  /** What backends may look at and ask, once there is a station. */
  readonly feed: () => StationFeed | undefined;
  readonly remoteControl: () => RemoteControl | undefined;
  readonly lists: CardLists;
  /** Told of each backend that has a page where drivers pay. */
  readonly showsCodes: (source: PaymentCodeSource) => void;
  /** The log that a backend may get: without card numbers and secrets. */
  readonly diagnostics: (span: LogSpan) => Promise<string>;
  readonly emit: (event: AgentEvent) => void;
  readonly die: (error: unknown) => void;
};

/**
 * The receipt itself: all that OCPP is told is made from it, so that it reads the same after any restart. null = there
 * is nothing to tell.
 */
export function ocppItem(
  { number, kind, cdrId: id, cdr, jws }: BookEntry,
  disclosures: readonly string[],
): OutboxItem | null {
  const body = withDisclosures(jws, disclosuresOf(disclosures, personalNames));
  if (cdr === null || kind !== "sale" || completedTransaction(body) === undefined) return null;
  return { number, id, body, ...((cdr as CdrCopies).timeUnknown ? { park: "clock" } : {}) };
}

/** Throws Failure table/damaged, disk/failed. */
export function openOcpp(
  config: OcppUplinkConfig,
  parts: OcppChannelParts,
  waits: RequestContext["waits"],
): OcppUplink {
  const { station, connectors, state } = parts.config;
  const { clock, disk, feed, remoteControl } = parts;
  const table = Table.open<{ readonly state: TransactionsState }>(
    disk,
    join(state, `ocpp-${config.name}.json`),
    parseTransactionsTable,
    { state: noTransactions },
    { steps: true },
  );
  const settings = Settings.open(
    disk,
    state,
    config.name,
    (changes) => remoteControl()?.settingSet(changes, config.name).accepted ?? false,
  );
  const credentials = KeptCredentials.open(disk, state, config.name);
  const webPayments = WebPaymentSettings.open(disk, state, config.name);
  const identity = config.identity ?? station.id;
  const note = (text: string): void =>
    parts.emit({ type: "note", at: clock.now().at, text: `uplink ${config.name}: ${text}` });
  const securityEvents = SecurityEvents.open(disk, state, config.name, clock, parts.die);
  const logs = new LogUploads({
    config,
    clock,
    diagnostics: parts.diagnostics,
    securityLog: () => securityEvents.log(),
    note,
  });
  const renewal = new CertificateRenewal({
    clock,
    credentials,
    subject: { commonName: identity, organization: station.operator.name },
    certFile: config.tls.certFile,
    note,
    die: parts.die,
  });
  const contextFor = (link: CsmsLink): RequestContext | undefined =>
    requestContext(link, config, parts, { settings, credentials, webPayments, logs, waits, note });
  const isSetHere = (id: string): boolean =>
    (remoteControl()?.tariffs() ?? []).some(({ tariff, by }) => by === config.name && tariff.id === id);
  const uplink: OcppUplink = new OcppUplink({
    config,
    identity,
    party: station,
    version: parts.version,
    connectors: connectors.map(({ id }) => id),
    clock,
    random: parts.random,
    store: { read: () => table.data.state, write: (next) => void table.update(() => ({ state: next })) },
    feed,
    handlers: (link, dialect) => {
      settings.apply(link);
      const context = contextFor(link);
      return context === undefined ? {} : requestHandlers(context, dialect);
    },
    tariffKnown: (id) => settings.knowsTariff(id) || isSetHere(id),
    takeTariff: (tariff) => {
      const context = contextFor(uplink);
      return context === undefined || !settings.tariffs
        ? { wanted: false }
        : { wanted: true, id: takeDriverTariff(context, tariff) };
    },
    deauthorise: (session, status) =>
      void remoteControl()?.stop(session, `${config.name}: the card is ${status}`, "DeAuthorized"),
    limit: (session, limits) => void remoteControl()?.limit(session, limits, config.name),
    agent: () => tunnelsOf(config, clock),
    credentials,
    securityEvents,
    logs,
    ...(config.certificatesByCsms ? { renewal } : {}),
    note,
    die: parts.die,
  });
  const online = (): boolean => uplink.isAccepted;
  const codeParts = { settings: webPayments, identity, connectors, remote: remoteControl, online };
  parts.showsCodes((connector, now) => paymentCodeAt(connector, now, codeParts));
  return uplink;
}

/** What the requests of a CSMS are answered from; undefined while there is no station. */
function requestContext(
  link: CsmsLink,
  uplink: OcppUplinkConfig,
  { config, version, clock, lists, feed, remoteControl }: OcppChannelParts,
  own: Pick<RequestContext, "settings" | "credentials" | "webPayments" | "logs" | "waits" | "note">,
): RequestContext | undefined {
  const [seen, remote] = [feed(), remoteControl()];
  if (seen === undefined || remote === undefined) return undefined;
  return { link, config, uplink, version, remote, cards: lists, feed: seen, now: () => clock.now().at, ...own };
}

export type PaymentParts = OcppChannelParts & {
  readonly payments: Payments;
  readonly stateOf: (receipt: number) => ItemState;
  readonly changed: () => void;
};

/** Payments on their way to a CSMS that may speak 2.1. Throws Failure table/damaged, disk/failed. */
export function openPaymentNotices(
  config: OcppUplinkConfig,
  parts: PaymentParts,
  uplink: OcppUplink,
): PaymentNotices | undefined {
  if (!config.versions.includes("2.1")) return undefined;
  return new PaymentNotices({
    ...parts,
    config,
    folder: parts.config.state,
    textOf: paymentNotice,
    send: (text, signal) => uplink.tellPayment(text, signal),
    hurry: () => uplink.hurry(),
  });
}

// Opens the connections to the backends: what is sent, fetched and asked; and what is judged from it, who may charge and on how
// much credit while no backend is reached.
import type { Clock } from "../../../drivers/driver.js";
import { BackendCards } from "../../cards/backend-cards.js";
import type { EnrolledCards } from "../../cards/enrolled-cards.js";
import { Failure } from "../../core/failure.js";
import type { Book } from "../../ledger/book/book.js";
import type { ShownDisclosures } from "../../receipts/disclosures.js";
import type { Payments } from "../../receipts/payments.js";
import type { NameUser } from "../../receipts/privacy/operator-key.js";
import type { ReceiptIssuer } from "../../receipts/receipt-issuer.js";
import { Authorizer } from "../../station/authorizer.js";
import { OfflineCredit, type Unacknowledged } from "../../station/offline-credit.js";
import type { StationRemoteControl } from "../../station/remote/station-remote-control.js";
import type { Station } from "../../station/station.js";
import type { OcpiLive } from "../../sync/ocpi/ocpi-live.js";
import type { OcpiPull } from "../../sync/ocpi/ocpi-pull.js";
import type { Outbox } from "../../sync/outbox.js";
import type { OnlineCheck, PaymentCodeSource } from "../../sync/station-port.js";
import type { PushedTariffs } from "../../tariffs/pushed-tariffs.js";
import { openOcpiChecks, openOcpiLive, openOcpiPulls } from "../uplinks/ocpi-schedule.js";
import type { PaymentNotices } from "../uplinks/payment-notices.js";
import { openUplinkChannels } from "../uplinks/uplinks.js";
import type { ServicesParts } from "./services.js";

/** What the backends work on. The station and its remote control are opened later, and asked for only from then on. */
export type BackendTies = {
  readonly book: Book;
  readonly disclosures: ShownDisclosures;
  readonly nameUser: NameUser;
  readonly issuer: ReceiptIssuer;
  readonly payments: Payments;
  readonly cards: EnrolledCards;
  readonly pushedTariffs: PushedTariffs;
  readonly station: () => Station;
  readonly remoteControl: () => StationRemoteControl;
};

export type Backends = {
  readonly outboxes: readonly Outbox[];
  readonly paymentLines: readonly PaymentNotices[];
  readonly pulls: readonly OcpiPull[];
  /** Those that are told what happens while it happens. */
  readonly live: readonly OcpiLive[];
  readonly lists: BackendCards;
  /** Those that have a line of their own, beside the uplinks. */
  readonly checks: readonly OnlineCheck[];
  /** Those that have a page where drivers pay, in the order of the config. */
  readonly paymentCodes: readonly PaymentCodeSource[];
  readonly authorizer: Authorizer;
  readonly offlineCredit: OfflineCredit;
};

/** Opens nothing to the outside yet: that begins with `beginBackends`. */
export function openBackends(parts: ServicesParts, ties: BackendTies): Backends {
  const { loaded, machine, disk, random, emit, changed, die } = parts;
  const { config } = loaded;
  const { clock } = machine;
  const { book, disclosures, nameUser, issuer, payments, cards, pushedTariffs, station, remoteControl } = ties;
  const ownChecks = openOcpiChecks({ config, clock });
  const checks: OnlineCheck[] = [...(parts.checks ?? []), ...ownChecks];
  const paymentCodes: PaymentCodeSource[] = [];
  const lists = new BackendCards(
    { disk, folder: config.state, station: config.station, settings: config.authorisation, clock },
    (event) => void station().enter(event),
  );
  const channels = openUplinkChannels({
    config,
    clock,
    disk,
    book,
    disclosures,
    payments,
    random,
    checkpoint: () => issuer.chain.checkpoint,
    version: parts.version,
    faults: () => station().faults,
    feed: () => station().feed(),
    remoteControl,
    lists,
    canBeAsked: (check) => checks.push(check),
    showsCodes: (source) => paymentCodes.push(source),
    // Loaded when it is asked for.
    diagnostics: async (span) => (await import("../../technician/support-bundle.js")).stationLog(config, span),
    kinds: parts.kinds,
    emit,
    changed,
    die,
  });
  const outboxes = channels.map(({ outbox }) => outbox);
  const offlineCredit = new OfflineCredit({
    limits: config.authorisation.exposure,
    book,
    cardName: (uid) => nameUser({ uid, type: "RFID" }, "WHITELIST").id,
    unacknowledged: () => unacknowledgedOf(outboxes, book.count()),
    sessions: () => station().stationState().sessions,
    liveReading: (connector) => station().connectors.get(connector)?.liveReading(),
  });
  const pulls = openOcpiPulls({
    config,
    clock,
    disk,
    pushedTariffs,
    remoteControl,
    faults: () => station().faults,
    random,
    emit,
    die,
  });
  const authorizer = new Authorizer({
    settings: config.authorisation,
    station: config.station,
    clock,
    token: (uid) => cards.known.get(uid) ?? pulls.map((pull) => pull.token(uid)).find((token) => token !== undefined),
    lists,
    offlineCredit,
    checks: () => checks,
  });
  const paymentLines = channels.flatMap((channel) => channel.payments ?? []);
  const live = openOcpiLive({ config, clock, random, book, disclosures, feed: () => station().feed(), emit, die });
  return { outboxes, paymentLines, pulls, live, lists, checks: ownChecks, paymentCodes, authorizer, offlineCredit };
}

/** The station runs: what waits goes out. */
export function beginBackends({ outboxes, paymentLines, live, offlineCredit }: Backends, clock: Clock): void {
  readAhead(offlineCredit, clock);
  for (const { outbox } of paymentLines) outbox.begin();
  for (const outbox of outboxes) outbox.begin();
  for (const one of live) one.begin();
}

/** What at least one of them has not acknowledged. */
function unacknowledgedOf(outboxes: readonly Outbox[], last: number): Unacknowledged | undefined {
  if (outboxes.length === 0) return undefined;
  const all = outboxes.map((outbox) => outbox.unacknowledged());
  const after = Math.min(...all.map((one) => one.after));
  return { after, besides: new Set(all.flatMap(({ besides }) => besides.filter((number) => number <= after))), last };
}

const betweenSlicesMs = 5;

/**
 * What is open at the backends is read slice by slice beside the work; one that cannot be read is met, and said, where
 * it is needed.
 */
function readAhead(offlineCredit: OfflineCredit, clock: Clock): void {
  const next = (): void => {
    try {
      if (offlineCredit.look()) clock.at(clock.now().monoMs + betweenSlicesMs, next);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  };
  next();
}

// The shop: all that needs the disk to be well. It opens whole or not at all; without it contactors stay open and
// nothing is sold.

import { join } from "node:path";
import type { LoadedConfig } from "../../config/load.js";
import type { Config, ConnectorConfig } from "../../config/schema.js";
import type { Clock, EnergyMeter } from "../../drivers/driver.js";
import type { Machine } from "../../drivers/machine/open.js";
import { BackendCards } from "../cards/backend-cards.js";
import { EnrolledCards } from "../cards/enrolled-cards.js";
import { wireDifference } from "../core/cdr/cdr-check.js";
import { type CdrCopies, makeCopies } from "../core/cdr/cdr-copies.js";
import { Failure } from "../core/failure.js";
import type { Signer } from "../core/receipt/signer.js";
import { entryOf, eventOf, type JournalEntry } from "../core/session/journal-entry.js";
import type { IssuedReceipt, StationEvent } from "../core/session/station-state.js";
import type { OcpiVersion } from "../core/tariff/tariff.js";
import { Book } from "../ledger/book/book.js";
import { Journal } from "../ledger/journal/journal.js";
import { sha256 } from "../ledger/store/digest.js";
import type { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";
import { indexSigner, keysAtHand } from "../receipts/index-signature.js";
import { issuerStateFile, parseIssuerState } from "../receipts/issuer-state.js";
import { finishKeyChange, publishKey } from "../receipts/key-rotation.js";
import { writeReceiptFiles } from "../receipts/output/receipt-files.js";
import { Payments } from "../receipts/payments.js";
import { emptyIssuerState, ReceiptIssuer } from "../receipts/receipt-issuer.js";
import { mustContinue, openSigner } from "../receipts/signing-keys.js";
import { Authorizer } from "../station/authorizer.js";
import type { AgentEvent } from "../station/events.js";
import { JournalReplay } from "../station/journal-replay.js";
import type { JournalRetention } from "../station/journal-retention.js";
import { OfflineCredit, type Unacknowledged } from "../station/offline-credit.js";
import { StationRemoteControl } from "../station/remote-control.js";
import { kwhDisplay } from "../station/snapshot.js";
import { layoutOf, Station } from "../station/station.js";
import type { OcpiPull } from "../sync/ocpi/ocpi-pull.js";
import type { Outbox } from "../sync/outbox.js";
import type { OnlineCheck } from "../sync/station-port.js";
import { ActiveTariffs } from "../tariffs/active-tariffs.js";
import { lastActiveFile, parseLastActive } from "../tariffs/last-active.js";
import { PushedTariffs } from "../tariffs/pushed-tariffs.js";
import { AcceptedMeters } from "../technician/accepted-meters.js";
import { openOcpiChecks, openOcpiPulls } from "./uplinks/ocpi-schedule.js";
import type { PaymentNotices } from "./uplinks/payment-notices.js";
import { openUplinkChannels, type UplinkKinds } from "./uplinks/uplinks.js";

export type Services = {
  readonly journal: Journal<JournalEntry>;
  readonly book: Book;
  readonly issuer: ReceiptIssuer;
  readonly cards: EnrolledCards;
  readonly acceptedMeters: AcceptedMeters;
  readonly activeTariffs: ActiveTariffs;
  readonly retention: JournalRetention;
  readonly outboxes: readonly Outbox[];
  readonly payments: Payments;
  /** Of the backends that may have a message for payments. */
  readonly paymentLines: readonly PaymentNotices[];
  readonly station: Station;
  readonly remote: StationRemoteControl;
  readonly lists: BackendCards;
  readonly pulls: readonly OcpiPull[];
  /** Those that have a line of their own, beside the uplinks. */
  readonly checks: readonly OnlineCheck[];
  /** The key is ours to change; false where it is handed in from outside. */
  readonly mayRotate: boolean;
};

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
  readonly tell: (event: AgentEvent) => void;
  readonly changed: () => void;
  readonly die: (error: unknown) => void;
};

/**
 * Opens everything in the order in which it may still refuse. Throws Failure and DeviceError; then no file is left
 * open.
 */
export function openServices(parts: ServicesParts): Services {
  const { loaded, machine, disk, tell, changed, die } = parts;
  const { config } = loaded;
  const { clock } = machine;
  const at = (name: string): string => join(config.state, name);
  const inForce = Table.open(disk, at(lastActiveFile), parseLastActive, {});
  const pushedTariffs = PushedTariffs.open(disk, config.state);
  const activeTariffs = new ActiveTariffs(
    loaded,
    { read: () => inForce.data, write: (state) => void inForce.update(() => state) },
    pushedTariffs,
  );
  activeTariffs.remember(clock.now());
  const credentials = process.env["CREDENTIALS_DIRECTORY"];
  const signing: { by: () => Signer | undefined } = { by: () => undefined };
  const book = Book.open(disk, at("book"), {
    indexSigner: indexSigner(
      () => signing.by(),
      () => keysAtHand(disk, config.state, credentials),
    ),
  });
  const changing = finishKeyChange(disk, config.state, book, () => issuedIn(disk, at("journal")));
  const signer = openSigner(keyStore(parts, credentials), book.count() === 0);
  // A key that is handed in from outside is changed there, on purpose.
  if (!signer.handed && !changing) mustContinue(book, signer.keyId, config.state);
  signing.by = () => signer;
  // Also where it was damaged or replaced: what people compare fingerprints with is the key that signs.
  publishKey(disk, config.state, signer.publicKey);
  const deskTable = Table.open(disk, at(issuerStateFile), parseIssuerState, emptyIssuerState);
  const cards = EnrolledCards.open(disk, config.state, config);
  const acceptedMeters = AcceptedMeters.open(disk, config.state);
  const payments = Payments.open(disk, config.state);
  const outboxes: Outbox[] = [];
  const issuer = new ReceiptIssuer({
    station: config.station,
    timeZone: config.station.timeZone,
    version: parts.version,
    book,
    state: { read: () => deskTable.data, write: (state) => void deskTable.update(() => state) },
    signer,
    hash: sha256,
    record: (event) => append(event),
    cdr: (settlement, ocmf, spkiHex) =>
      makeCopies(settlement, ocmf === "" ? undefined : { ocmf, publicKeySpkiHex: spkiHex }, cdrVersions(config)),
    handOut: (signed) =>
      writeReceiptFiles(disk, config, signed, (text) => tell({ news: "note", at: clock.now().at, text })),
    numberGiven: () =>
      [...station.stationState().sessions.values()].some(
        (session) =>
          session.state === "settling" && session.numbered !== undefined && session.numbered.number > book.count(),
      ),
    settled: (entry, connector, settlement, file) => {
      const { price } = settlement;
      for (const text of Object.values((entry.cdr as CdrCopies).texts)) {
        // Sent all the same: the receipt is right, and the backend holds the tariff and the readings.
        const difference = wireDifference(text, settlement);
        if (difference !== undefined)
          tell({
            news: "note",
            at: clock.now().at,
            text: `receipt ${entry.number}: a receiver will work out another price: ${difference}`,
          });
      }
      const kwh = kwhDisplay(settlement.end.energyMilliWh - settlement.begin.energyMilliWh);
      tell({
        news: "receipt",
        at: clock.now().at,
        connector,
        session: entry.sessionId,
        number: entry.number,
        kwh,
        total: price.due.gross,
        currency: price.currency,
        file,
      });
      for (const outbox of outboxes) outbox.kick();
    },
  });
  const ownChecks = openOcpiChecks({ config, clock });
  const checks: OnlineCheck[] = [...(parts.checks ?? []), ...ownChecks];
  signing.by = () => issuer.signer;
  book.signList();
  const lists = new BackendCards(
    { disk, folder: config.state, station: config.station, settings: config.authorisation, clock },
    (event) => void station.enter(event),
  );
  const channels = openUplinkChannels({
    config,
    clock,
    disk,
    book,
    payments,
    random: parts.random,
    checkpoint: () => issuer.chain.checkpoint,
    version: parts.version,
    faults: () => station.faults,
    feed: () => station.feed(),
    remoteControl: () => remote,
    lists,
    canBeAsked: (check) => checks.push(check),
    kinds: parts.kinds,
    tell,
    changed,
    die,
  });
  outboxes.push(...channels.map(({ outbox }) => outbox));
  const paymentLines = channels.flatMap((channel) => channel.payments ?? []);
  const offlineCredit = new OfflineCredit({
    limits: config.authorisation.exposure,
    book,
    unacknowledged: () => unacknowledgedOf(outboxes, book.count()),
    sessions: () => station.stationState().sessions,
    liveReading: (connector) => station.points.get(connector)?.liveReading(),
  });
  const pulls = openOcpiPulls({
    config,
    clock,
    disk,
    pushedTariffs,
    remoteControl: () => remote,
    faults: () => station.faults,
    random: parts.random,
    tell,
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
  // What may still refuse comes before the journal: a start that is tried again for ever must leave no file open.
  for (const connector of config.connectors) parts.meter(connector);
  if (config.receiptOutput?.folder !== undefined) disk.makeFolder(at(config.receiptOutput.folder));
  const replay = new JournalReplay(layoutOf(config), book.count());
  const { journal, cutBytes } = Journal.replay(
    disk,
    at("journal"),
    eventOf,
    ({ seq, event, moment }) => replay.saw(seq, { ...event, moment } as StationEvent),
    { wasMade: book.count() > 0 },
  );
  if (cutBytes > 0)
    tell({
      news: "note",
      at: clock.now().at,
      text: `the journal's last line was never finished (a power cut, or a full disk) and has been cut: ${cutBytes} bytes that nobody acted on`,
    });
  const { retention } = replay;
  const append = (event: StationEvent): void => {
    const [entry] = journal.append([entryOf(event)], event.moment);
    if (entry !== undefined) retention.saw(entry.seq, event, station.stationState());
  };
  const station: Station = new Station(
    {
      config,
      clock,
      append,
      meter: parts.meter,
      pins: (connector) => Promise.resolve().then(() => machine.pins(connector)),
      reader: (name) => machine.reader(name),
      authorize: (uid, atMs) => {
        activeTariffs.look(clock.now());
        return authorizer.authorize(uid, atMs);
      },
      exposed: (sale) => offlineCredit.reached(sale),
      open: (connector, acceptance, meter, begin) =>
        activeTariffs.opening(parts.newId(), connector, acceptance, meter, begin),
      settle: (connector, record) =>
        issuer.settle(
          connector,
          () => settlingOf(station, connector.id),
          record,
          () => clock.now(),
        ),
      closedShop: parts.whyClosed,
      tell,
      changed,
      die,
      version: parts.version,
    },
    replay.stationState,
  );
  try {
    issuer.begin(replay.unbooked, clock.now());
    tell({
      news: "started",
      at: clock.now().at,
      version: parts.version,
      station: config.station.id,
      receipts: book.count(),
      keyId: signer.keyId,
    });
    station.start(replay.last);
  } catch (error) {
    journal.close();
    throw error;
  }
  const remote = new StationRemoteControl({
    config,
    clock,
    station,
    activeTariffs,
    pushedTariffs,
    restart: parts.restart,
    tell,
  });
  readAhead(offlineCredit, clock);
  for (const { outbox } of paymentLines) outbox.begin();
  for (const outbox of outboxes) outbox.begin();
  return {
    journal,
    book,
    issuer,
    cards,
    acceptedMeters,
    activeTariffs,
    retention,
    outboxes,
    payments,
    paymentLines,
    station,
    remote,
    lists,
    pulls,
    checks: ownChecks,
    mayRotate: !signer.handed,
  };
}

/** Stops what runs and waits for what is in flight; nothing is written after it. */
export async function closeServices(services: Services): Promise<void> {
  const { remote, station, paymentLines, outboxes, pulls, checks, journal } = services;
  remote.close();
  await station.close();
  await Promise.all([...paymentLines.map(({ outbox }) => outbox), ...outboxes, ...pulls].map((one) => one.stop()));
  for (const check of checks) check.close?.();
  journal.close();
}

/** What at least one of them has not acknowledged. */
function unacknowledgedOf(outboxes: readonly Outbox[], last: number): Unacknowledged | undefined {
  if (outboxes.length === 0) return undefined;
  const all = outboxes.map((outbox) => outbox.unacknowledged());
  const after = Math.min(...all.map((one) => one.after));
  return { after, besides: new Set(all.flatMap(({ besides }) => besides.filter((number) => number <= after))), last };
}

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

const betweenSlicesMs = 5;

/**
 * The receipts that the journal issued without a session. It is opened, not looked at: what is about to be relied on
 * must last.
 */
function issuedIn(disk: Disk, folder: string): IssuedReceipt[] {
  const issued: IssuedReceipt[] = [];
  const { journal } = Journal.replay(
    disk,
    folder,
    eventOf,
    ({ event }) => void (event.type === "ReceiptIssued" && issued.push(event.receipt)),
  );
  journal.close();
  return issued;
}

/** The versions of OCPI in which a CDR is kept: those that are sent, and one for a backend that is yet to come. */
function cdrVersions({ uplinks }: Config): OcpiVersion[] {
  const spoken = uplinks.flatMap((uplink) => (uplink.kind === "ocpi" ? [uplink.version] : []));
  return spoken.length === 0 ? ["2.2.1"] : spoken;
}

function keyStore({ loaded, disk }: ServicesParts, credentials: string | undefined): Parameters<typeof openSigner>[0] {
  return {
    folder: loaded.config.state,
    credentials,
    read: (path) => {
      const bytes = disk.read(path);
      return bytes === undefined ? undefined : { bytes, mode: disk.mode(path) };
    },
    write: (path, text) => disk.replace(path, Buffer.from(text)),
  };
}

function settlingOf(
  station: Station,
  connector: number,
): Extract<ReturnType<Station["session"]>, { state: "settling" }> | undefined {
  const session = station.session(connector);
  return session?.state === "settling" ? session : undefined;
}

// Opens the services of a station in the order in which each may still refuse: tariffs, receipt book and key, cards,
// issuer, backends, and last the journal and the station that it brings back.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { EnrolledCards } from "../../cards/enrolled-cards.js";
import { entryOf, eventOf, type JournalEntry } from "../../core/station/journal-entry.js";
import type { StationEvent } from "../../core/station/station-event.js";
import { layoutOf } from "../../core/station/station-state.js";
import { Journal } from "../../ledger/journal/journal.js";
import { Table } from "../../ledger/store/table.js";
import { Complaints } from "../../receipts/complaints/complaints.js";
import { Payments } from "../../receipts/payments.js";
import { PersonRetention } from "../../receipts/privacy/forgetting.js";
import type { ReceiptIssuer } from "../../receipts/receipt-issuer.js";
import { JournalReplay } from "../../station/journal-replay.js";
import { NoShowSettlement } from "../../station/remote/no-show-settlement.js";
import { StationRemoteControl } from "../../station/remote/station-remote-control.js";
import { Station } from "../../station/station.js";
import type { PaymentCodeSource } from "../../sync/station-port.js";
import { ActiveTariffs } from "../../tariffs/active-tariffs.js";
import { lastActiveFile, parseLastActive } from "../../tariffs/last-active.js";
import { PushedTariffs } from "../../tariffs/pushed-tariffs.js";
import { AcceptedMeters } from "../../technician/accepted-meters.js";
import { AcceptedTerminals } from "../../technician/terminal/accepted-terminals.js";
import { TerminalTests } from "../../technician/terminal/terminal-requests.js";
import { type Backends, beginBackends, openBackends } from "./open-backends.js";
import { openPayments } from "./open-payments.js";
import { openIssuer, openReceiptBook, tellReservation } from "./open-receipts.js";
import type { Services, ServicesParts } from "./services.js";

/** Throws Failure and DeviceError; then no file is left open. */
export function openServices(parts: ServicesParts): Services {
  const { loaded, machine, disk, version, restart, emit } = parts;
  const { config } = loaded;
  const { clock } = machine;
  const { pushedTariffs, activeTariffs } = openTariffs(parts);
  const receiptBook = openReceiptBook(parts);
  const { book, disclosures, nameUser, key } = receiptBook;
  const cards = EnrolledCards.open(disk, config.state, config);
  const acceptedMeters = AcceptedMeters.open(disk, config.state);
  const acceptedTerminals = AcceptedTerminals.open(disk, config.state);
  const payments = Payments.open(disk, config.state);
  const complaints = Complaints.open(disk, config.state, {
    book,
    record: (event) => station.enter(event),
    newSalt: () => randomBytes(16).toString("hex"),
    credit: (number, order, now) => issuer.corrections.credit(number, order, now),
    answerWithinMs: config.complaintAnswer,
  });
  const issuer = openIssuer(parts, receiptBook, {
    station: () => station,
    outboxes: () => backends.outboxes,
    append: (event) => append(event),
  });
  const backends = openBackends(parts, {
    book,
    disclosures: disclosures.of,
    nameUser,
    issuer,
    payments,
    cards,
    pushedTariffs,
    station: () => station,
    remoteControl: () => remote,
  });
  // What may still refuse comes before the journal: a start that is tried again for ever must leave no file open.
  for (const connector of config.connectors) parts.meter(connector);
  if (config.receiptOutput?.folder !== undefined) disk.makeFolder(join(config.state, config.receiptOutput.folder));
  const { journal, replay } = openJournal(parts, book.count());
  const { retention } = replay;
  const append = (event: StationEvent): void => {
    const [entry] = journal.append([entryOf(event)], event.moment);
    if (entry !== undefined) retention.saw(entry.seq, event, station.stationState());
  };
  const station: Station = openStation(parts, { replay, append, activeTariffs, backends, issuer });
  try {
    issuer.begin(replay.unbooked, clock.now());
    const { unknown } = issuer.numbers;
    if (unknown !== undefined) station.faults.raise("station", "numbers/unknown", unknown, clock.now().at);
    const count = book.count();
    emit({
      type: "started",
      at: clock.now().at,
      version,
      station: config.station.id,
      receipts: count,
      keyId: key.keyId,
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
    newId: parts.newId,
    restart,
    emit,
  });
  const noShows = new NoShowSettlement({
    clock,
    station,
    settle: (noShow, now) =>
      issuer.settleReservation(noShow, now, (cdr, settlement) => {
        tellReservation(parts, station.faults, cdr, settlement);
        for (const outbox of backends.outboxes) outbox.kick();
      }),
    note: (text) => emit({ type: "note", at: clock.now().at, text }),
    die: parts.die,
  });
  complaints.resume(clock.now());
  beginBackends(backends, clock);
  const onTheSpot = openPayments(parts, {
    station,
    book,
    payments,
    paymentLines: backends.paymentLines,
    activeTariffs,
  });
  const { outboxes, paymentLines, lists, pulls, live, checks } = backends;
  const mayRotate = !key.handed;
  const opened = {
    journal,
    book,
    disclosures,
    personRetention: new PersonRetention(book, disclosures),
    nameUser,
    issuer,
    cards,
    acceptedMeters,
    acceptedTerminals,
    terminalTests: new TerminalTests(),
    activeTariffs,
    retention,
    payments,
    complaints,
    station,
    remote,
    noShows,
    onTheSpot,
  };
  const paymentCode = firstCode(backends.paymentCodes);
  return { ...opened, outboxes, paymentLines, lists, pulls, live, checks, paymentCode, mayRotate };
}

/** The first that has one: a driver is shown one way to pay. */
function firstCode(sources: readonly PaymentCodeSource[]): PaymentCodeSource {
  return (connector, now) => {
    for (const source of sources) {
      const code = source(connector, now);
      if (code !== undefined) return code;
    }
    return undefined;
  };
}

/** The tariffs of the config and those that backends have pushed, as they are in force now. */
function openTariffs({ loaded, disk, machine }: ServicesParts): {
  readonly pushedTariffs: PushedTariffs;
  readonly activeTariffs: ActiveTariffs;
} {
  const { state } = loaded.config;
  const lastActive = Table.open(disk, join(state, lastActiveFile), parseLastActive, {});
  const pushedTariffs = PushedTariffs.open(disk, state);
  const activeTariffs = new ActiveTariffs(
    loaded,
    { read: () => lastActive.data, write: (data) => void lastActive.update(() => data) },
    pushedTariffs,
  );
  activeTariffs.remember(machine.clock.now());
  return { pushedTariffs, activeTariffs };
}

/** The journal, replayed: the state of the station as it was left. `receipts` = how many the book holds. */
function openJournal(
  { loaded, disk, machine, emit }: ServicesParts,
  receipts: number,
): { readonly journal: Journal<JournalEntry>; readonly replay: JournalReplay } {
  const { config } = loaded;
  const replay = new JournalReplay(layoutOf(config), receipts);
  const { journal, cutBytes } = Journal.replay(
    disk,
    join(config.state, "journal"),
    eventOf,
    ({ seq, event, moment }) => replay.saw(seq, { ...event, moment } as StationEvent),
    { wasMade: receipts > 0 },
  );
  if (cutBytes > 0)
    emit({
      type: "note",
      at: machine.clock.now().at,
      text:
        "the journal's last line was never finished (a power cut, or a full disk) and has been cut: " +
        `${cutBytes} bytes that nobody acted on`,
    });
  return { journal, replay };
}

type StationTies = {
  readonly replay: JournalReplay;
  readonly append: (event: StationEvent) => void;
  readonly activeTariffs: ActiveTariffs;
  readonly backends: Backends;
  readonly issuer: ReceiptIssuer;
};

/** The station in the state of the journal; it does nothing before its `start`. */
function openStation(parts: ServicesParts, ties: StationTies): Station {
  const { loaded, machine, emit, changed, die } = parts;
  const { activeTariffs, backends, issuer } = ties;
  const { clock } = machine;
  const station: Station = new Station(
    {
      config: loaded.config,
      clock,
      append: ties.append,
      meter: parts.meter,
      pins: (connector) => Promise.resolve().then(() => machine.pins(connector)),
      reader: (name) => machine.reader(name),
      authorize: (uid, atMs) => {
        activeTariffs.look(clock.now());
        return backends.authorizer.authorize(uid, atMs);
      },
      exposed: (sale) => backends.offlineCredit.reached(sale),
      open: (connector, acceptance, meter, begin) => {
        const opening = activeTariffs.opening(parts.newId(), connector, acceptance, meter, begin);
        const registerAccepted = issuer.registers.accepted(meter.serial);
        return typeof opening === "string" || registerAccepted === undefined
          ? opening
          : { ...opening, registerAccepted };
      },
      registers: issuer.registers,
      settle: (connector, record) =>
        issuer.settle(
          connector,
          () => settlingOf(station, connector.id),
          record,
          () => clock.now(),
        ),
      whyUnpriced: (connector, tariff) => activeTariffs.whyUnpriced(connector, tariff, clock.now()),
      whyClosed: () => parts.whyClosed() ?? issuer.numbers.unknown,
      emit,
      changed,
      die,
      version: parts.version,
    },
    ties.replay.stationState,
  );
  return station;
}

function settlingOf(
  station: Station,
  connector: number,
): Extract<ReturnType<Station["session"]>, { state: "settling" }> | undefined {
  const session = station.session(connector);
  return session?.state === "settling" ? session : undefined;
}

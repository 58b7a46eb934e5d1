// Opens what receipts are made of: the receipt book, the key that signs, and the issuer that numbers, signs and books.

import { join } from "node:path";
import type { Config } from "../../../config/schema.js";
import { type CdrCopies, makeCopies } from "../../core/cdr/cdr-copies.js";
import type { ReservationSettlement, Settlement } from "../../core/cdr/settlement.js";
import { kwhDisplay } from "../../core/number/energy-text.js";
import { holdFacts } from "../../core/payment/hold-facts.js";
import type { Session } from "../../core/session/session.js";
import type { Signer } from "../../core/signing/signer.js";
import { eventOf } from "../../core/station/journal-entry.js";
import type { IssuedReceipt, StationEvent } from "../../core/station/station-event.js";
import type { OcpiVersion } from "../../core/tariff/tariff.js";
import { Book } from "../../ledger/book/book.js";
import type { BookEntry } from "../../ledger/book/book-page.js";
import { Journal } from "../../ledger/journal/journal.js";
import { sha256 } from "../../ledger/store/digest.js";
import type { Disk } from "../../ledger/store/disk.js";
import { Table } from "../../ledger/store/table.js";
import { Disclosures } from "../../receipts/disclosures.js";
import { indexSigner, keysAtHand } from "../../receipts/index-signature.js";
import { issuerStateFile, parseIssuerState } from "../../receipts/issuer-state.js";
import { finishKeyChange, publishKey } from "../../receipts/key-rotation.js";
import { type KnownMark, knownMarkFile, NumberMark, parseKnownMark } from "../../receipts/number-mark.js";
import { highestHandedOut } from "../../receipts/output/handed-out.js";
import { writeReceiptFiles } from "../../receipts/output/receipt-files.js";
import { type NameUser, openOperatorKey, userNaming } from "../../receipts/privacy/operator-key.js";
import { emptyIssuerState } from "../../receipts/receipt-chain.js";
import { ReceiptIssuer } from "../../receipts/receipt-issuer.js";
import { pageAddress, printedAddress } from "../../receipts/session-links.js";
import { checkTools, mustContinue, openSigner } from "../../receipts/signing-keys.js";
import type { Station } from "../../station/station.js";
import type { Faults } from "../../sync/faults.js";
import type { Outbox } from "../../sync/outbox.js";
import type { ServicesParts } from "./services.js";

/** `handed` = the key comes from outside, and is changed there. */
type SigningKey = ReturnType<typeof openSigner>;

export type ReceiptBook = {
  readonly book: Book;
  readonly disclosures: Disclosures;
  /** Whom signed records name as the user. */
  readonly nameUser: NameUser;
  readonly key: SigningKey;
  /** From here on the list of sealed pages is signed by whichever key this answers. */
  readonly signBy: (signer: () => Signer) => void;
};

/**
 * The receipt book and the key of the station, proven to belong together; a change of key that a crash cut short is
 * finished first.
 */
export function openReceiptBook({ loaded, disk }: ServicesParts): ReceiptBook {
  const { state } = loaded.config;
  const credentials = process.env["CREDENTIALS_DIRECTORY"];
  let signer: () => Signer | undefined = () => undefined;
  const book = Book.open(disk, join(state, "book"), {
    indexSigner: indexSigner(
      () => signer(),
      () => keysAtHand(disk, state, credentials),
    ),
  });
  const changing = finishKeyChange(disk, state, book, () => issuedIn(disk, join(state, "journal")));
  const key = openSigner(keyStore(disk, state, credentials), book.count() === 0);
  // A key that is handed in from outside is changed there, on purpose.
  if (!key.handed && !changing) mustContinue(book, key.keyId, state);
  signer = () => key;
  // Also where it was damaged or replaced: what people compare fingerprints with is the key that signs.
  publishKey(disk, state, key.publicKey);
  const nameUser = userNaming(
    loaded.config.privacy.meterRecordUser,
    openOperatorKey(keyStore(disk, state, credentials)),
  );
  return {
    book,
    disclosures: new Disclosures(disk, state, book.count()),
    nameUser,
    key,
    signBy: (by) => (signer = by),
  };
}

/** What is opened after the issuer, and asked for only when it issues. */
export type IssuerTies = {
  readonly station: () => Station;
  readonly outboxes: () => readonly Outbox[];
  /** Into the journal; durable when it returns. */
  readonly append: (event: StationEvent) => void;
};

/** The issuer over that book, caught up with it; it issues nothing before its `begin`. */
export function openIssuer(
  parts: ServicesParts,
  { book, disclosures, nameUser, key, signBy }: ReceiptBook,
  ties: IssuerTies,
): ReceiptIssuer {
  const { loaded, machine, disk, emit } = parts;
  const { config } = loaded;
  const { clock } = machine;
  const table = Table.open(disk, join(config.state, issuerStateFile), parseIssuerState, emptyIssuerState);
  const isAhead = (numberOf: (session: Extract<Session, { state: "settling" }>) => number | undefined): boolean =>
    [...ties.station().stationState().sessions.values()].some(
      (session) => session.state === "settling" && (numberOf(session) ?? 0) > book.count(),
    );
  const addressOf = printedAddress(disk, config);
  const issuer = new ReceiptIssuer({
    station: checkableStation(config),
    timeZone: config.station.timeZone,
    version: parts.version,
    book,
    state: { read: () => table.data, write: (state) => void table.update(() => state) },
    signer: key,
    hash: sha256,
    record: ties.append,
    disclosures,
    disclosed: disclosures.of,
    nameUser,
    cdr: (settlement, ocmf, spkiHex) =>
      makeCopies(settlement, ocmf === "" ? undefined : { ocmf, publicKeySpkiHex: spkiHex }, cdrVersions(config)),
    handOut: (signed) =>
      writeReceiptFiles(disk, config, { ...signed, address: addressOf(signed.jws) }, (text) =>
        emit({ type: "note", at: clock.now().at, text }),
      ),
    paymentOf: (reference, payable) => {
      const hold = ties.station().stationState().holds.get(reference);
      return hold === undefined ? undefined : holdFacts(hold, payable);
    },
    numberGiven: () => isAhead(({ numbered }) => numbered?.number),
    numberSigned: () => isAhead(({ signed }) => signed?.number),
    mark: new NumberMark({
      disk,
      folder: config.numberMark,
      station: config.station.id,
      known: Table.open<KnownMark>(disk, join(config.state, knownMarkFile), parseKnownMark, { id: null }),
    }),
    handedOut: (booked, spkiHex) => highestHandedOut(disk, config, booked, spkiHex, checkTools),
    settled: (entry, connector, settlement, file) => {
      tellSettled(parts, ties.station().faults, entry, connector, settlement, file);
      for (const outbox of ties.outboxes()) outbox.kick();
    },
  });
  signBy(() => issuer.signer);
  book.signList();
  return issuer;
}

/**
 * The station as its receipts tell of it: they lead to the verifier at its own page where the config names no other,
 * and a phone can open that page from anywhere.
 */
function checkableStation({ station, page }: Pick<Config, "station" | "page">): Config["station"] {
  if (station.verifyUrl !== undefined || page?.reach !== "proxy") return station;
  return { ...station, verifyUrl: `${pageAddress(page)}/verify` };
}

function tellSettled(
  parts: ServicesParts,
  faults: Faults,
  entry: BookEntry,
  connector: number,
  settlement: Settlement,
  file: string,
): void {
  const { machine, emit } = parts;
  const { at } = machine.clock.now();
  const { price, begin, end } = settlement;
  tellWrong(parts, faults, entry.number, entry.cdr as CdrCopies, at);
  emit({
    type: "receipt",
    at,
    connector,
    session: entry.sessionId,
    number: entry.number,
    kwh: kwhDisplay(end.energyMilliWh - begin.energyMilliWh),
    total: price.due.gross,
    currency: price.currency,
    file,
  });
}

/** The receipt of a reservation that no session came for is in the book. */
export function tellReservation(
  parts: ServicesParts,
  faults: Faults,
  cdr: CdrCopies,
  settlement: ReservationSettlement,
): void {
  const { machine, emit } = parts;
  const { at } = machine.clock.now();
  const { price, connector, sessionId: session, receiptNumber: number } = settlement;
  tellWrong(parts, faults, number, cdr, at);
  const { currency } = price;
  emit({
    type: "receipt",
    at,
    connector: connector.id,
    session,
    number,
    kwh: "0",
    total: price.due.gross,
    currency,
    file: "",
  });
}

function tellWrong(
  { loaded: { config }, emit }: ServicesParts,
  faults: Faults,
  number: number,
  { wrong }: CdrCopies,
  at: number,
): void {
  for (const difference of Object.values(wrong ?? {})) {
    emit({ type: "note", at, text: `receipt ${number}: its CDR is kept back: ${difference}` });
    // Where there is an uplink, the fault stands with its outbox, over restarts.
    if (!config.uplinks.some(({ kind }) => kind === "ocpi"))
      faults.raise("CDRs", "cdr/wrong", `kept back: receipt ${number}: ${difference}`, at);
  }
}

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
  return spoken.length === 0 ? ["2.3.0"] : spoken;
}

function keyStore(disk: Disk, folder: string, credentials: string | undefined): Parameters<typeof openSigner>[0] {
  return {
    folder,
    credentials,
    read: (path) => {
      const bytes = disk.read(path);
      return bytes === undefined ? undefined : { bytes, mode: disk.mode(path) };
    },
    write: (path, text) => disk.replace(path, Buffer.from(text)),
  };
}

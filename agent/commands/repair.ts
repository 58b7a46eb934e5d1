// `chargetill repair`: proves all that the state folder keeps, says what is damaged and what would be done, and does it
// only with --yes. Damaged files are set aside, never thrown away; receipts are rebuilt from the bytes that the journal
// and its archive hold.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { wallNow } from "../../drivers/clock.js";
import { backendCardsFile, cardCacheFile, parseCardCache, parseCardLists } from "../cards/backend-cards.js";
import { enrolledCardsFile, parseEnrolledCards } from "../cards/enrolled-cards.js";
import { StateLock } from "../control/state-lock.js";
import { Failure } from "../core/failure.js";
import { payloadOf } from "../core/receipt/receipt-payload.js";
import type { SignedReceipt } from "../core/session/session.js";
import type { IssuedReceipt } from "../core/station/station-event.js";
import { Book } from "../ledger/book/book.js";
import type { BookEntry } from "../ledger/book/book-page.js";
import { entriesAt, ignoreDamage } from "../ledger/journal/journal-reader.js";
import { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";
import { complaintOf, inspectTable, type RepairFinding } from "../ledger/upkeep/repair.js";
import { inspectBook } from "../ledger/upkeep/repair-book.js";
import { entriesLeft, everyEntry, inspectEvidence, inspectJournal } from "../ledger/upkeep/repair-journal.js";
import { emptyHoldTable, holdTablePath, parseHoldTable } from "../payments/hold-table.js";
import { complaintsFile, noComplaints, parseComplaints } from "../receipts/complaints/complaint-table.js";
import { disclosurePages, noDisclosures, pageFrom, parseDisclosures } from "../receipts/disclosures.js";
import { indexSignerAtHand } from "../receipts/index-signature.js";
import { issuerStateFile, parseIssuerState } from "../receipts/issuer-state.js";
import { stagedFile, stagedKey } from "../receipts/key-rotation.js";
import { knownMarkFile, parseKnownMark } from "../receipts/number-mark.js";
import { noPayments, parsePayments, paymentPages } from "../receipts/payments.js";
import { emptyIssuerState } from "../receipts/receipt-chain.js";
import { noSessionLinks, parseSessionLinks, sessionLinksFile } from "../receipts/session-links.js";
import { keyFile, mustContinue, openSigner } from "../receipts/signing-keys.js";
import { nothingPulled, parsePullState } from "../sync/ocpi/ocpi-pull.js";
import { parseSettings } from "../sync/ocpp/requests/settings.js";
import { noWebPayments, parseWebPayments } from "../sync/ocpp/requests/web-payment-settings.js";
import { noSecurityEvents, parseSecurityEvents } from "../sync/ocpp/security/security-events.js";
import { noTransactions, parseTransactionsTable } from "../sync/ocpp/transactions/transactions-state.js";
import { emptyOutbox, parseOutboxTable } from "../sync/outbox-state.js";
import { noCredentials, parseCredentials } from "../sync/transport/kept-credentials.js";
import { lastActiveFile, parseLastActive } from "../tariffs/last-active.js";
import { parsePushedTariffs, pushedTariffsFile } from "../tariffs/pushed-tariffs.js";
import { acceptedMetersFile, parseAcceptedMeters } from "../technician/accepted-meters.js";
import { acceptedTerminalsFile, parseAcceptedTerminals } from "../technician/terminal/accepted-terminals.js";
import { stationCommand } from "./shared/command.js";

/** Looks at every store in the state folder. Writes nothing. Throws disk/failed. */
export function inspectStateFolder(disk: Disk, folder: string): RepairFinding[] {
  const at = (name: string): string => join(folder, name);
  // By their marks too: a table that is gone is damage.
  const named = (kind: string): string[] => [
    ...new Set(
      disk
        .list(folder)
        .flatMap((name) => new RegExp(`^(${kind}-[a-z0-9-]+\\.json)(?:\\.made)?$`).exec(name)?.[1] ?? []),
    ),
  ];
  const uplinks = named("uplink");
  const journalled = receiptsOf(disk, at("journal"));
  const issued = issuedBy(disk, folder, uplinks);
  return [
    ...inspectJournal(disk, at("journal"), { wasMade: issued > 0 || booked(disk, at("book")) > 0 }),
    ...inspectBook(disk, at("book"), journalled, {
      indexSigner: indexSignerAtHand(disk, folder),
      issued,
    }),
    ...inspectEvidence(disk, at("journal")),
    ...inspectKey(disk, folder),
    // Made anew, the receipt chain follows the book from its first receipt; an uplink sends all again, and the backend knows
    // each by its id.
    ...inspectTable(disk, at(issuerStateFile), parseIssuerState, emptyIssuerState),
    ...inspectTable(disk, at(lastActiveFile), parseLastActive, {}),
    ...inspectTable(disk, at(pushedTariffsFile), parsePushedTariffs, []),
    ...inspectTable(disk, at(cardCacheFile), parseCardCache, []),
    ...inspectTable(disk, at(backendCardsFile), parseCardLists, {}),
    ...inspectTable(disk, at(enrolledCardsFile), parseEnrolledCards, []),
    ...inspectTable(disk, at(acceptedMetersFile), parseAcceptedMeters, []),
    // Made anew it has another key: links that were given lead nowhere any more, and receipts are found by what is on them.
    ...inspectTable(disk, at(sessionLinksFile), parseSessionLinks, noSessionLinks()),
    // What drivers wrote is lost with it; that they complained, and how it ended, stands in the journal.
    ...inspectTable(disk, at(complaintsFile), parseComplaints, noComplaints, { personal: true }),
    // Made anew, the terminal takes no money until its test.
    ...inspectTable(disk, at(acceptedTerminalsFile), parseAcceptedTerminals, []),
    // Open payments stand in the journal; of those that have ended only the list for people is lost.
    ...inspectTable(disk, holdTablePath(folder), parseHoldTable, emptyHoldTable),
    // Made anew, it takes the mark outside for its own; only one that is gone is not missed then.
    ...inspectTable(disk, at(knownMarkFile), parseKnownMark, { id: null }),
    ...named("pulled").flatMap((name) => inspectTable(disk, at(name), parsePullState, nothingPulled)),
    ...uplinks.flatMap((name) =>
      inspectTable(disk, at(name), parseOutboxTable, { state: emptyOutbox }, { steps: true }),
    ),
    // What was said of payments stands in the journal too; of those that are lost here no backend is told any more.
    ...paymentPages(disk, folder).flatMap((path) => inspectTable(disk, path, parsePayments, noPayments)),
    // What the journal does not hold any more stays closed, and the receipts hold all the same. What was forgotten since
    // is known again: it has to be forgotten once more.
    ...disclosurePages(disk, folder).flatMap((path) =>
      inspectTable(disk, path, parseDisclosures, noDisclosures, { personal: true }, () => pageFrom(path, journalled)),
    ),
    ...named("payments").flatMap((name) =>
      inspectTable(disk, at(name), parseOutboxTable, { state: emptyOutbox }, { steps: true }),
    ),
    // Without what the backend has set, the password and the certificate of the config are tried again.
    ...named("credentials").flatMap((name) => inspectTable(disk, at(name), parseCredentials, noCredentials)),
    ...named("events").flatMap((name) =>
      inspectTable(disk, at(name), parseSecurityEvents, noSecurityEvents, { steps: true }),
    ),
    // Without what it has set for payments on its page, no code leads there until it sets it again.
    ...named("webpay").flatMap((name) => inspectTable(disk, at(name), parseWebPayments, noWebPayments)),
    // What a backend has set it sets again; a transaction that was open may be told to it once more.
    ...named("settings").flatMap((name) => inspectTable(disk, at(name), parseSettings, {})),
    ...named("ocpp").flatMap((name) =>
      inspectTable(disk, at(name), parseTransactionsTable, { state: noTransactions }, { steps: true }),
    ),
  ];
}

type JournalledReceipt = BookEntry & { readonly disclosures: readonly string[] };

type Noted = {
  readonly type?: string;
  readonly number?: number;
  readonly signed?: SignedReceipt;
  readonly receipt?: IssuedReceipt;
};

/**
 * The receipts whose finished bytes the journal or its archive still hold, by number. Where each stands is found out
 * once, when first asked; a file is in memory at a time, since all evidence of a large station is larger than it.
 */
function receiptsOf(disk: Disk, journal: string): (number: number) => JournalledReceipt | undefined {
  let places: Map<number, string> | undefined;
  let read: { readonly path: string; readonly entries: ReadonlyMap<number, JournalledReceipt> } | undefined;
  const placesNow = (): Map<number, string> => {
    const found = new Map<number, string>();
    for (const { path, entry } of everyEntry(disk, journal)) {
      const issued = issuedIn(entry.event as Noted);
      if (issued !== undefined) found.set(issued.number, path);
    }
    return found;
  };
  return (number) => {
    places ??= placesNow();
    const path = places.get(number);
    if (path === undefined) return undefined;
    if (read?.path !== path)
      read = {
        path,
        entries: new Map(
          [...entriesAt(disk, path, ignoreDamage)]
            .flatMap(({ entry }) => issuedIn(entry.event as Noted) ?? [])
            .map((entry) => [entry.number, entry]),
        ),
      };
    return read.entries.get(number);
  };
}

/** The receipt whose finished bytes an event holds. */
function issuedIn({ type, signed, receipt }: Noted): JournalledReceipt | undefined {
  if (type === "ReceiptIssued" && receipt !== undefined) {
    const { checkpoint: _, ...entry } = receipt;
    return entry;
  }
  const payload = type === "ReceiptSigned" && signed !== undefined ? payloadOf(signed.jws) : undefined;
  if (signed === undefined || payload?.kind !== "sale") return undefined;
  const { sessionId, cdrId } = payload.sale;
  return {
    number: signed.number,
    sessionId,
    cdrId,
    jws: signed.jws,
    disclosures: signed.disclosures,
    ocmf: signed.ocmf,
    cdr: signed.cdr,
    issuedMs: Date.parse(payload.issuedAt),
    kind: "sale",
  };
}

/**
 * The signing key, where it lies in the state folder: one that is handed in from outside is proven by the start alone.
 */
function inspectKey(disk: Disk, folder: string): RepairFinding[] {
  const path = join(folder, keyFile);
  const unusable = (at: string, prove: () => void): RepairFinding[] => {
    try {
      prove();
      return [];
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "key/unusable") throw error;
      const [problem = "", remedy = ""] = error.message.split(/; (?=restore|run)/);
      return [{ path: at, problem, remedy }];
    }
  };
  let isChanging = false;
  const staged = unusable(join(folder, stagedFile), () => {
    isChanging = stagedKey(disk, folder) !== undefined;
  });
  const bytes = disk.read(path);
  if (bytes === undefined) return staged;
  const own = unusable(path, () => {
    const { keyId } = openSigner(
      {
        folder,
        read: (each) => (each === path ? { bytes, mode: disk.mode(path) } : undefined),
        write: () => undefined,
      },
      false,
    );
    // In a change of key the next start finds out which one it is.
    if (!isChanging && staged.length === 0)
      complaintOf(() => mustContinue(Book.view(disk, join(folder, "book")), keyId, folder));
  });
  return [...own, ...staged];
}

/** How many receipts the book says that it has; 0 where it cannot be read. */
function booked(disk: Disk, folder: string): number {
  let count = 0;
  complaintOf(() => (count = Book.view(disk, folder).count()));
  return count;
}

/**
 * The highest receipt number that is known to stand in the book, by all that is written after it: receipt chain, outboxes, and
 * the journal's next steps.
 */
function issuedBy(disk: Disk, folder: string, uplinks: readonly string[]): number {
  let highest = 0;
  const saw = (number: number | undefined): void => {
    if (number !== undefined && Number.isSafeInteger(number)) highest = Math.max(highest, number);
  };
  complaintOf(() =>
    saw(Table.view(disk, join(folder, issuerStateFile), parseIssuerState, emptyIssuerState).chain.count),
  );
  for (const name of uplinks)
    complaintOf(() =>
      saw(Table.view(disk, join(folder, name), parseOutboxTable, { state: emptyOutbox }, { steps: true }).state.cursor),
    );
  for (const { entry } of entriesLeft(disk, join(folder, "journal"))) {
    const { type, number, receipt } = entry.event as Noted;
    if (type === "SessionSettled") saw(number);
    // A number is given only when the one before it is in the book.
    if (type === "ReceiptNumbered" && number !== undefined) saw(number - 1);
    if (type === "ReceiptIssued" && receipt !== undefined) saw(receipt.number - 1);
  }
  return highest;
}

type Options = { readonly yes?: boolean; readonly check?: boolean; readonly json?: boolean };

/**
 * The command. `folderOf` finds the state folder. Exit 1: something is damaged (and, with --yes, something could not be
 * repaired).
 */
export function repairCommand(
  folderOf: (where: { config?: string; data?: string }) => string,
  print: (line: string) => void,
  exit: (code: 0 | 1) => void,
): Command {
  return stationCommand(
    "repair",
    "check everything that is stored; report what is damaged, and repair it with --yes",
    "repair",
  )
    .addHelpText("after", "  systemctl stop chargetill && chargetill repair --yes && systemctl start chargetill")
    .option("--check", "only look (the default)")
    .option("--yes", "repair what can be repaired; damaged files are set aside")
    .action((options: Options & { config?: string; data?: string }) => {
      const folder = folderOf(options);
      if (!existsSync(folder)) throw new Failure("usage/invalid", `${folder}: no such state folder`);
      const disk = new Disk();
      const mends = options.yes === true && options.check !== true;
      const lock = mends ? StateLock.take(folder, wallNow()) : undefined;
      try {
        const findings = inspectStateFolder(disk, folder);
        const done = mends ? findings.filter(({ repair }) => repair !== undefined) : [];
        for (const { repair } of done) repair?.();
        const left = mends ? inspectStateFolder(disk, folder) : findings;
        if (options.json === true)
          print(
            JSON.stringify({
              folder,
              findings: findings.map(({ path, problem, remedy, repair }) => ({
                path,
                problem,
                remedy,
                repairable: repair !== undefined,
              })),
              repaired: done.length,
              left: left.length,
            }),
          );
        else for (const line of reportLines(folder, findings, mends, left)) print(line);
        exit(left.length === 0 ? 0 : 1);
      } finally {
        lock?.release();
      }
    });
}

function reportLines(
  folder: string,
  findings: readonly RepairFinding[],
  mended: boolean,
  left: readonly RepairFinding[],
): string[] {
  if (findings.length === 0) return [`${folder}: everything stored is intact`];
  const lines = findings.flatMap(({ path, problem, remedy, repair }) => [
    problem.startsWith(path) ? problem : `${path}: ${problem}`,
    `  ${repair === undefined ? "by hand" : mended ? "done" : "would be done"}: ${remedy}`,
  ]);
  if (!mended) return [...lines, "", "Nothing was changed. Stop the station, then: chargetill repair --yes"];
  return [
    ...lines,
    "",
    left.length === 0
      ? "Everything stored is intact again."
      : `${left.length} ${left.length === 1 ? "thing is" : "things are"} still damaged.`,
  ];
}

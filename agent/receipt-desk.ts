// The receipts of a station as the commands see them: the book, the newest checkpoint and the journal, read without a hand on anything,
// whether or not an agent is running.
import { join } from "node:path";
import type { DeskState } from "./cash-desk.js";
import { parseCheckpoint } from "./core/checkpoint.js";
import { emptyChain } from "./core/receipt.js";
import type { Signer } from "./core/signer.js";
import type { Language } from "./core/words.js";
import type { DisputeDesk } from "./dispute-command.js";
import { Failure } from "./failure.js";
import { openSigner, type KeyStore, type PublicKey } from "./keys.js";
import { Book } from "./ledger/book.js";
import type { Disk } from "./ledger/disk.js";
import { Journal } from "./ledger/journal.js";
import type { Entry } from "./ledger/line.js";
import { Table } from "./ledger/table.js";
import { newestCheckpoint } from "./receipt-source.js";

/** How a key is read from a disk and written to it. */
export function keyStoreOn(disk: Disk, folder: string, credentials: string | undefined = process.env["CREDENTIALS_DIRECTORY"]): KeyStore {
  return {
    folder,
    credentials,
    read: (path) => {
      const bytes = disk.read(path);
      return bytes === undefined ? undefined : { bytes, mode: disk.files.statSync(path).mode };
    },
    write: (path, text) => disk.replace(path, Buffer.from(text)),
  };
}

/** Writes a new file, durably and for its owner alone; refuses one that is there. Throws Failure usage/invalid, disk/failed, disk/full. */
export function saveNew(disk: Disk, path: string, content: string | Uint8Array): void {
  if (disk.read(path) !== undefined) throw new Failure("usage/invalid", `${path} is there already: name another file`);
  disk.replace(path, Buffer.from(content));
}

/** The signer of a station that has sold already. Throws Failure key/unusable. */
export const signerIn = (disk: Disk, folder: string): Signer & { readonly publicKey: PublicKey } => openSigner(keyStoreOn(disk, folder), false);

/** The desk over a state folder. Throws Failure book/damaged, table/damaged, disk/failed. */
export function openReceiptDesk(disk: Disk, folder: string, language: Language): DisputeDesk {
  const receipts = Book.view(disk, join(folder, "book"));
  return {
    receipts,
    language,
    newest: () => {
      const kept = Table.view<DeskState>(disk, join(folder, "desk.json"), (value) => value as DeskState, { chain: emptyChain, pagination: 0 }).chain.checkpoint;
      const note = parseCheckpoint(kept);
      // The station keeps it signed; where it was lost in a crash, whoever may read the key signs it again: it says the same.
      return note?.signed !== undefined && note.checkpoint.size === receipts.count() ? kept : newestCheckpoint(receipts, signerIn(disk, folder));
    },
    journal: (sessionId) => sessionLines(Journal.view(disk, join(folder, "journal"), (value) => value as JournalEvent), sessionId),
  };
}

type JournalEvent = { readonly type: string; readonly connector?: number; readonly opening?: { readonly id?: string; readonly acceptance?: { readonly token?: { readonly uid?: string } } } };

/**
 * The journal's entries about one session, from its card on, as lines of JSON: those of its connector, and those of the whole station
 * (clock, faults, restarts) meanwhile. What names another card stays out. None where the journal has been archived.
 */
export function sessionLines(entries: readonly Entry<JournalEvent>[], sessionId: string): readonly string[] {
  const began = entries.findIndex(({ event }) => event.type === "SessionBegan" && event.opening?.id === sessionId);
  const opening = entries[began]?.event;
  if (opening === undefined) return [];
  const isOurs = ({ event }: Entry<JournalEvent>, type: string): boolean => event.type === type && event.connector === opening.connector;
  const settled = entries.findIndex((entry, at) => at > began && isOurs(entry, "SessionSettled"));
  const first = entries.findLastIndex((entry, at) => at < began && isOurs(entry, "CardAccepted"));
  const uid = opening.opening?.acceptance?.token?.uid ?? "";
  return entries
    .slice(first < 0 ? began : first, settled < 0 ? undefined : settled + 1)
    .filter(({ event }) => (event.connector === undefined ? !namesAnotherCard(event, uid) : event.connector === opening.connector))
    .map((entry) => JSON.stringify(entry));
}

const namesAnotherCard = (event: JournalEvent, uid: string): boolean => [...JSON.stringify(event).matchAll(/"uid":"([^"]*)"/g)].some(([, other]) => other !== uid);

// What the commands that look at receipts, keys and uplinks work on: book, key and journal in the state folder, for
// looking only; what changes something goes to the running agent.
import { createPublicKey } from "node:crypto";
import { join } from "node:path";
import { askAgent } from "../control/control-socket.js";
import { Failure } from "../core/failure.js";
import { Book } from "../ledger/book/book.js";
import { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";
import { viewComplaints } from "../receipts/complaints/complaint-table.js";
import { viewDisclosures } from "../receipts/disclosures.js";
import { journalOfSession } from "../receipts/dispute/session-journal.js";
import { issuerStateFile, parseIssuerState } from "../receipts/issuer-state.js";
import { publicKeyFile } from "../receipts/key-rotation.js";
import { payloadFrom, sourceOver, storedReceipt } from "../receipts/output/exports.js";
import { viewPayments } from "../receipts/payments.js";
import { emptyIssuerState } from "../receipts/receipt-chain.js";
import { type PublicKey, publicKeyOf } from "../receipts/signing-keys.js";
import type { DisputeSources } from "./dispute.js";
import type { KeySources } from "./key.js";
import type { ReceiptSources } from "./receipt.js";
import { agentSocket } from "./shared/agent.js";
import type { StationOptions } from "./shared/command.js";
import { folderFor, presentFolderFor } from "./shared/state-folder.js";
import { stationSigner } from "./shared/station-signer.js";
import { loadedFor } from "./shared/with-devices.js";

/** The book, for looking only: safe while an agent writes. */
export function openReceiptSources(where: StationOptions): ReceiptSources {
  const folder = presentFolderFor(where);
  const disk = new Disk();
  const config = where.config === undefined ? undefined : loadedFor(where).config;
  return {
    receipts: sourceOver(Book.view(disk, join(folder, "book")), viewDisclosures(disk, folder)),
    language: config?.language ?? "en",
    font: config?.receiptFont,
    payments: (receipt) => viewPayments(disk, folder, receipt),
    newest: () => Table.view(disk, join(folder, issuerStateFile), parseIssuerState, emptyIssuerState).chain.checkpoint,
  };
}

/** A new file for its owner alone; one that is there stays as it is. */
export function saveNew(path: string, text: string | Uint8Array): void {
  const disk = new Disk();
  if (disk.read(path) !== undefined) throw new Failure("usage/invalid", `${path}: there is such a file already`);
  disk.replace(path, typeof text === "string" ? Buffer.from(text) : text);
}

/** The public key in a file's bytes. Throws Failure key/unusable where there is none. */
function publicKeyIn(path: string, pem: Uint8Array): PublicKey {
  try {
    return publicKeyOf(createPublicKey(Buffer.from(pem)));
  } catch (cause) {
    throw new Failure(
      "key/unusable",
      `${path}: this is not a public key; the station writes it again at its next start`,
      {
        cause,
      },
    );
  }
}

/** The book, and the journal's lines about a session. Throws as receiptSource does. */
export function openDisputeSources(where: StationOptions): DisputeSources {
  return {
    ...openReceiptSources(where),
    signer: () => stationSigner(new Disk(), folderFor(where)),
    journal: (sessionId) => {
      const disk = new Disk();
      const isComplainedAbout = viewComplaints(disk, folderFor(where)).some((one) => one.sessionId === sessionId);
      return journalOfSession(disk, join(folderFor(where), "journal"), sessionId, isComplainedAbout);
    },
  };
}

/** The station's public key. Throws Failure usage/invalid where there is none yet. */
export function openKeySources(where: StationOptions): KeySources {
  const folder = folderFor(where);
  const pem = new Disk().read(join(folder, publicKeyFile));
  if (pem === undefined)
    throw new Failure("usage/invalid", `${folder}: no key yet; the station creates it at its first start`);
  const publicKey = publicKeyIn(join(folder, publicKeyFile), pem);
  const { station } = payloadFrom(storedReceipt(Book.view(new Disk(), join(folder, "book")), 1));
  return {
    station: station.id,
    publicKey,
    rotate: async () => {
      await askAgent(await agentSocket(where), { do: "rotate-key" });
      return publicKeyIn(join(folder, publicKeyFile), new Disk().read(join(folder, publicKeyFile)) ?? Buffer.alloc(0));
    },
  };
}

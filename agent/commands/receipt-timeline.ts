// chargetill receipts timeline: what happened around a session, for who answers a driver.
import { join } from "node:path";
import { type Command, Option } from "commander";
import { Failure } from "../core/failure.js";
import { powerCurve } from "../core/print/receipt-curve.js";
import { clockText, dateText, localTime } from "../core/time/time.js";
import { type LaterNote, sessionTimeline, type TimelineItem } from "../core/timeline/timeline.js";
import { Book } from "../ledger/book/book.js";
import { Disk } from "../ledger/store/disk.js";
import { viewComplaints } from "../receipts/complaints/complaint-table.js";
import { eventsOfSession } from "../receipts/dispute/session-journal.js";
import { payloadFrom, storedReceipt } from "../receipts/output/exports.js";
import { timelineSvg } from "../receipts/output/timeline-svg.js";
import { viewPayments } from "../receipts/payments.js";
import { print, receiptNumber, type StationOptions, stationCommand, tableLines } from "./shared/command.js";
import { folderFor } from "./shared/state-folder.js";

type Options = StationOptions & { readonly as: "text" | "svg"; readonly out?: string };

/** `chargetill receipts timeline`. `save` writes a new file, and refuses one that is there. */
export function timelineCommand(save: (path: string, text: string) => void): Command {
  return stationCommand(
    "timeline",
    "what happened around a session: taps, plug, contactor, price, power, faults, clock, payments",
    "receipts timeline 17 --as svg --out timeline-17.svg",
  )
    .argument("<number>", "the receipt's number", receiptNumber)
    .addOption(new Option("--as <form>", "lines of text, or a picture").choices(["text", "svg"]).default("text"))
    .option("--out <file>", "write a new file instead of printing")
    .action((number: number, options: Options) => {
      const folder = folderFor(options);
      const disk = new Disk();
      const book = Book.view(disk, join(folder, "book"));
      const payload = payloadFrom(storedReceipt(book, number));
      if (payload.kind !== "sale")
        throw new Failure("usage/invalid", `receipt ${number} is not of a session: it has no timeline`);
      const events = eventsOfSession(disk, join(folder, "journal"), payload.sale.sessionId);
      const items = sessionTimeline(payload, events, laterNotes(disk, folder, book, number));
      const text =
        options.json === true
          ? JSON.stringify(items)
          : options.as === "svg"
            ? timelineSvg(items, powerCurve(payload), payload.timeZone, `Receipt ${number} of ${payload.station.id}`)
            : textOf(items, payload.timeZone, events.length > 0);
      if (options.out === undefined) print(text.trimEnd());
      else save(options.out, text);
    });
}

/** Payments, complaints, and receipts that concern the first one. */
function laterNotes(disk: Disk, folder: string, book: Pick<Book, "concerning">, number: number): readonly LaterNote[] {
  return [
    ...viewPayments(disk, folder, number).map(
      ({ atMs, status, amount, currency, reference }): LaterNote => ({
        atMs,
        lane: "payment",
        text: `payment ${reference} ${status}, ${amount} ${currency}`,
      }),
    ),
    ...book.concerning(number).map(
      ({ issuedMs, kind, number: later }): LaterNote => ({
        atMs: issuedMs,
        lane: "receipt",
        text: kind === "credit" ? `credited by receipt ${later}` : `sold again by receipt ${later}`,
      }),
    ),
    ...viewComplaints(disk, folder)
      .filter(({ receipt }) => receipt === number)
      .flatMap(({ number: complaint, openedMs, reason, answers, end }): LaterNote[] => [
        { atMs: openedMs, lane: "receipt", text: `complaint ${complaint}: ${reason}` },
        ...answers.map(
          ({ atMs, by }): LaterNote => ({ atMs, lane: "receipt", text: `complaint ${complaint} answered by ${by}` }),
        ),
        ...(end === undefined
          ? []
          : [{ atMs: end.atMs, lane: "receipt" as const, text: `complaint ${complaint} ${end.outcome} by ${end.by}` }]),
      ]),
  ];
}

function textOf(items: readonly TimelineItem[], timeZone: string, hasJournal: boolean): string {
  const rows = items.map(({ atMs, trust, lane, text, from }) => [
    `${dateText(localTime(timeZone, atMs).day)} ${clockText(timeZone, atMs)}${trust === "synced" ? "" : ` (${trust})`}`,
    lane,
    from === "receipt" ? "signed" : from === "journal" ? "noted" : "kept",
    text,
  ]);
  const note = hasJournal
    ? "signed: on the receipt; noted: the station's journal; kept: told later"
    : "the journal no longer holds this session: only what the receipt says";
  return [...tableLines([["time", "what", "from", ""], ...rows]), note].join("\n");
}

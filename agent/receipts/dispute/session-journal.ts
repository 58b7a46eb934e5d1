// The journal's lines about one session, verbatim: what happened at its connector from the plug to the receipt, and the
// faults meanwhile. Of a reservation that no session came for: from the order to its receipt. And what was complained
// about later.
import type { Moment } from "../../../drivers/driver.js";
import type { Failure } from "../../core/failure.js";
import { eventOf } from "../../core/station/journal-entry.js";
import type { StationEvent } from "../../core/station/station-event.js";
import { entriesOf } from "../../ledger/journal/journal-reader.js";
import type { Disk } from "../../ledger/store/disk.js";

type Noted = {
  readonly type?: string;
  readonly connector?: number;
  readonly opening?: { readonly id?: string; readonly reserved?: { readonly id?: string } };
  readonly id?: string;
  readonly sessionId?: string;
  readonly reservation?: { readonly id?: string; readonly fee?: { readonly sessionId?: string } };
};

/** Lines before a session's begin that are kept for it: since its connector was last free, and no more than these. */
const mostBefore = 20;
/** Reservations that are kept in mind for a session that may use them up. */
const mostReserved = 100;

/**
 * The lines about the session of that id; none where the journal no longer holds it. Throws journal/damaged where they
 * stood, or may have stood, in a segment that cannot be read; damage elsewhere is no matter of this session.
 * `withComplaints`: all that was written since is looked through for them.
 */
export function journalOfSession(disk: Disk, folder: string, sessionId: string, withComplaints = false): string[] {
  // Since the connector was last free: what led to the session belongs to it.
  const before = new Map<number, string[]>();
  const reserved = new Map<string, string>();
  let connector: number | undefined;
  /** The reservation whose receipt this is. */
  let reservation: string | undefined;
  let damage: Failure | undefined;
  let isSettled = false;
  const lines: string[] = [];
  const found = entriesOf(disk, folder, (failure) => {
    if (isSettled) return;
    if (connector !== undefined || reservation !== undefined) throw failure;
    // What stands before a gap did not lead to what stands behind it.
    before.clear();
    damage ??= failure;
  });
  for (const { text, entry } of found) {
    const event = entry.event as Noted;
    if (isSettled) {
      if (event.sessionId === sessionId && event.type?.startsWith("Complaint") === true) lines.push(text);
      continue;
    }
    if (reservation !== undefined) {
      const isOfIt = event.id === reservation || event.sessionId === sessionId;
      if (isOfIt || /^(?:Fault|Started)/.test(event.type ?? "")) lines.push(text);
      isSettled = event.type === "ReservationSettled" && event.sessionId === sessionId;
      if (isSettled && !withComplaints) return lines;
      continue;
    }
    if (event.type === "Reserved" && connector === undefined) {
      const { id = "", fee } = event.reservation ?? {};
      if (fee?.sessionId === sessionId) {
        reservation = id;
        lines.push(text);
      }
      keepNewest(reserved, id, text);
      continue;
    }
    if (connector === undefined) {
      if (event.connector === undefined) continue;
      const kept =
        event.type === "PlugChanged" || event.type === "SessionSettled" ? [] : (before.get(event.connector) ?? []);
      before.set(event.connector, [...kept, text].slice(-mostBefore));
      if (event.type !== "SessionBegan" || event.opening?.id !== sessionId) continue;
      connector = event.connector;
      const usedUp = reserved.get(event.opening.reserved?.id ?? "");
      if (usedUp !== undefined) lines.push(usedUp);
      lines.push(...(before.get(connector) ?? []));
      continue;
    }
    if (event.connector === connector || /^(?:Fault|Started)/.test(event.type ?? "")) lines.push(text);
    isSettled = event.connector === connector && event.type === "SessionSettled";
    if (isSettled && !withComplaints) return lines;
  }
  if (lines.length === 0 && damage !== undefined) throw damage;
  return lines;
}

/** Keeps a line by its id, the newest last, and no more than may be used up. */
function keepNewest(reserved: Map<string, string>, id: string, text: string): void {
  reserved.delete(id);
  reserved.set(id, text);
  const [oldest] = reserved.keys();
  if (reserved.size > mostReserved && oldest !== undefined) reserved.delete(oldest);
}

/** The same as events, for who shows what happened. Throws as `journalOfSession`, and where a line cannot be read. */
export const eventsOfSession = (disk: Disk, folder: string, sessionId: string): readonly StationEvent[] =>
  journalOfSession(disk, folder, sessionId).map((line) => {
    const { event, moment } = JSON.parse(line) as { readonly event: unknown; readonly moment: Moment };
    return { ...eventOf(event), moment } as StationEvent;
  });

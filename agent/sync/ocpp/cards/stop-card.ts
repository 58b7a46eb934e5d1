// Whose card stopped a session: the card that began it stands in the receipt, another one of its group does not, and is
// kept beside it until the end is told. Pure.
import type { SessionToken } from "../../../core/cdr/settlement.js";
import type { SaleFields } from "../../../core/receipt/receipt-payload.js";
import { stopDetails } from "../../../core/session/session-event.js";
import type { RecordedFact } from "../../station-port.js";

export type StopToken = Pick<SessionToken, "type" | "uid" | "idTokenType">;

/** The token at the end of a session (2.x idToken of Ended, 1.6 idTag of StopTransaction); undefined = no card. */
export function stopToken(
  { stop: { reason, detail }, token }: { readonly stop: SaleFields["stop"]; readonly token: SessionToken },
  groupCard: string | undefined,
): StopToken | undefined {
  // What happened while the contactor opened stands behind it.
  const [by] = detail.split("; ");
  if (reason !== "Local") return undefined;
  if (by === stopDetails.card) return token;
  return by === stopDetails.groupCard && groupCard !== undefined ? { type: "RFID", uid: groupCard } : undefined;
}

/** The session that was just stopped by another card of its group, and that card. */
export function stoppedByGroupCard({
  event,
  before,
}: RecordedFact): { readonly sessionId: string; readonly uid: string } | undefined {
  if (event.type !== "StopRequested" || event.card === undefined) return undefined;
  const session = before.sessions.get(event.connector);
  return session?.state === "charging" ? { sessionId: session.sale.opening.id, uid: event.card } : undefined;
}

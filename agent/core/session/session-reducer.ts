// How a fact moves the session of one connector.

import type { StopReason } from "../cdr/settlement.js";
import { addReading, dated, ended, interrupted, limitedBy, openSale, type Sale, suspended } from "./sale.js";
import { available, type Session, type SessionIn } from "./session.js";
import type { SessionEvent } from "./session-event.js";

/** The connector's next session; the same object when the event has no meaning here. */
export function reduceSession(session: Session, event: SessionEvent): Session {
  switch (session.state) {
    case "available":
      if (event.type === "PlugChanged" && event.plugged) return { state: "occupied", since: event.moment };
      return session;
    case "occupied":
      if (event.type === "PlugChanged" && !event.plugged) return available;
      if (event.type === "CardAccepted")
        return { state: "starting", acceptance: event.acceptance, since: event.moment };
      return session;
    case "starting":
      if (event.type === "PlugChanged" && !event.plugged) return available;
      if (event.type === "StartFailed" || event.type === "Restarted" || event.type === "StopRequested")
        return { state: "occupied", since: event.moment };
      if (event.type === "SessionBegan") return { state: "charging", sale: openSale(event.opening) };
      return session;
    case "charging":
      return charging(session, event);
    case "stopping":
      return stopping(session, event);
    case "settling":
      return settling(session, event);
    case "finishing":
      if (event.type === "PlugChanged" && !event.plugged) return available;
      return session;
    default:
      return session satisfies never;
  }
}

function charging(session: SessionIn<"charging">, event: SessionEvent): Session {
  const { sale } = session;
  switch (event.type) {
    case "MeterRead":
      return { ...session, sale: addReading(sale, event.reading, event.activity, event.atBoundary) };
    case "PlugChanged":
      return event.plugged ? session : stopped(sale, event, "EVDisconnected", "the cable was pulled");
    case "LimitsSet":
      return { ...session, sale: limitedBy(sale, event) };
    case "StopRequested":
      return stopped(sale, event, event.reason, event.detail);
    case "Restarted":
      return stopped(interrupted(sale, event), event, event.cause, restartDetails[event.cause]);
    default:
      return session;
  }
}

const restartDetails = {
  PowerLoss: "power was lost during the session",
  Reboot: "the station was restarted during the session",
} as const;

/** The contactor opens, and the end reading is waited for. */
function stopped(sale: Sale, event: SessionEvent, reason: StopReason, detail: string): Session {
  const plugged = event.type !== "PlugChanged" || event.plugged;
  const billed = isStationsFault(sale, reason) ? suspended(sale) : sale;
  return { state: "stopping", sale: dated(billed, event.moment), since: event.moment, reason, detail, plugged };
}

/**
 * A station's own fault is never the driver's idle time. A car under a contactor that dropped out could not charge; what
 * a car did under a meter that told nothing is not known, so a stretch that began as idle time counts no further.
 */
const isStationsFault = (sale: Sale, reason: StopReason): boolean =>
  reason === "ContactorFault" || (reason === "MeterFault" && sale.activity === "parking");

function stopping(session: SessionIn<"stopping">, event: SessionEvent): Session {
  switch (event.type) {
    case "SessionEnded": {
      const detail = event.detail === "" ? session.detail : `${session.detail}; ${event.detail}`;
      const sale = event.reading === null ? session.sale : ended(session.sale, session.since, event.reading);
      return { state: "settling", sale, end: sale.last, reason: session.reason, detail, plugged: session.plugged };
    }
    case "PlugChanged":
      return session.plugged === event.plugged ? session : { ...session, plugged: event.plugged };
    case "Restarted":
      return { ...session, sale: interrupted(session.sale, event), since: event.moment };
    default:
      return session;
  }
}

function settling(session: SessionIn<"settling">, event: SessionEvent): Session {
  switch (event.type) {
    case "ReceiptNumbered":
      return {
        ...session,
        numbered: {
          number: event.number,
          pagination: event.pagination,
          issuedMs: event.moment.at,
          issuedTrust: event.moment.trust,
        },
      };
    case "ReceiptSigned":
      return { ...session, signed: event.signed };
    case "SessionSettled":
      return session.plugged
        ? {
            state: "finishing",
            receiptNumber: event.number,
            uid: session.sale.opening.acceptance.token.uid,
            why: session.detail,
          }
        : available;
    case "PlugChanged":
      return session.plugged === event.plugged ? session : { ...session, plugged: event.plugged };
    default:
      return session;
  }
}

// What happened around a session, in order: taps, plug, contactor, price, power, faults, clock, payments. The receipt
// says what was billed, the journal what the station wrote down meanwhile; each line names which of the two.

import type { TimeTrust } from "../../../drivers/driver.js";
import { masked } from "../cdr/token.js";
import { kwhDisplay } from "../number/energy-text.js";
import { receiptActivity, type SalePayload } from "../receipt/receipt-payload.js";
import { receiptSamples } from "../receipt/sale-fields.js";
import type { StationEvent } from "../station/station-event.js";
import { parseIsoLocal } from "../time/iso-time.js";

export const timelineLanes = [
  "card",
  "plug",
  "contactor",
  "price",
  "power",
  "fault",
  "clock",
  "payment",
  "receipt",
] as const;
type TimelineLane = (typeof timelineLanes)[number];

export type TimelineItem = {
  readonly atMs: number;
  readonly trust: TimeTrust;
  readonly lane: TimelineLane;
  readonly text: string;
  /** In a lane with two states: which of them begins. */
  readonly isOn?: boolean;
  /** `receipt` = signed, `journal` = the station's own note, `kept` = told later and kept beside the receipt. */
  readonly from: "receipt" | "journal" | "kept";
};

/** What is said of a session after its receipt. */
export type LaterNote = { readonly atMs: number; readonly lane: TimelineLane; readonly text: string };

/** The items of a session, oldest first. `events` = the journal's, in its order; none where it no longer holds them. */
export function sessionTimeline(
  payload: SalePayload,
  events: readonly StationEvent[],
  later: readonly LaterNote[],
): readonly TimelineItem[] {
  const noted = events.flatMap((event) => journalItems(event).map((item) => itemAt(event, item)));
  const known = new Set(noted.map(({ lane }) => lane));
  const items = [
    ...noted,
    ...clockItems(events),
    ...signedItems(payload).filter(({ lane }) => lane !== "contactor" || !known.has("contactor")),
    ...later.map((note): TimelineItem => ({ ...note, trust: "synced", from: "kept" })),
  ];
  return items.sort((a, b) => a.atMs - b.atMs);
}

type Noted = Pick<TimelineItem, "lane" | "text" | "isOn">;

const itemAt = ({ moment }: StationEvent, item: Noted): TimelineItem => ({
  ...item,
  atMs: moment.at,
  trust: moment.trust,
  from: "journal",
});

const told = (detail: string): string => (detail === "" ? "" : `: ${detail}`);

/** What an event of the journal says; readings are on the receipt. */
function journalItems(event: StationEvent): readonly Noted[] {
  switch (event.type) {
    case "PlugChanged":
      return [{ lane: "plug", text: event.plugged ? "plugged in" : "unplugged", isOn: event.plugged }];
    case "CardWaits":
    case "CardAccepted":
      return [{ lane: "card", text: `card ${masked(event.acceptance.token.uid)} accepted` }];
    case "RemoteStartWaits":
      return [{ lane: "card", text: "start from afar accepted" }];
    case "WebPaymentStarted":
      return [{ lane: "card", text: `somebody pays on the page of ${event.by}` }];
    case "CardLapsed":
    case "RemoteStartLapsed":
    case "WebPaymentEnded":
    case "StartFailed":
      return [{ lane: "card", text: `no start: ${event.why}` }];
    case "Reserved":
      return [{ lane: "card", text: `reserved by ${event.reservation.by}` }];
    case "SessionBegan":
      return [
        {
          lane: "contactor",
          text: `session begins at ${kwhDisplay(event.opening.begin.energyMilliWh)} kWh, contactor closes`,
          isOn: true,
        },
      ];
    case "LimitsSet":
      return [{ lane: "contactor", text: `limits set by ${event.by}` }];
    case "StopRequested":
      return [{ lane: "contactor", text: `contactor opens: ${event.detail} (${event.reason})`, isOn: false }];
    case "SessionEnded":
      return [
        {
          lane: "contactor",
          text:
            event.reading === null
              ? `session over, no end reading${told(event.detail)}`
              : `session over at ${kwhDisplay(event.reading.energyMilliWh)} kWh${told(event.detail)}`,
          isOn: false,
        },
      ];
    case "Restarted":
      return [{ lane: "fault", text: `back after ${event.cause}` }];
    case "Started":
      return [{ lane: "fault", text: `agent ${event.version} started` }];
    case "FaultRaised":
      return [{ lane: "fault", text: `${event.device}: ${event.code}: ${event.message}`, isOn: true }];
    case "FaultCleared":
      return [{ lane: "fault", text: `${event.device}: ${event.code} cleared`, isOn: false }];
    case "ReceiptSigned":
      return [{ lane: "receipt", text: `receipt ${event.signed.number} signed` }];
    default:
      return [];
  }
}

/** When the clock became better or worse, as the journal's moments say. */
function clockItems(events: readonly StationEvent[]): readonly TimelineItem[] {
  return events.flatMap((event, at): TimelineItem[] => {
    const before = events[at - 1]?.moment.trust;
    const { trust } = event.moment;
    if (before === trust) return [];
    return [
      itemAt(event, { lane: "clock", text: before === undefined ? `clock ${trust}` : `clock ${before} -> ${trust}` }),
    ];
  });
}

/** What the receipt says by itself. */
function signedItems({ sale }: SalePayload): readonly TimelineItem[] {
  const signed = (atMs: number, lane: TimelineLane, text: string, isOn?: boolean): TimelineItem => ({
    atMs,
    trust: sale.startClock,
    lane,
    text,
    ...(isOn === undefined ? {} : { isOn }),
    from: "receipt",
  });
  const at = (text: string): readonly number[] => {
    const atMs = parseIsoLocal(text);
    return atMs === undefined ? [] : [atMs];
  };
  const samples = receiptSamples(sale) ?? [];
  return [
    ...at(sale.shown.at).map((atMs) => signed(atMs, "price", "price shown before the start")),
    ...at(sale.start).map((atMs) => signed(atMs, "contactor", `session begins at ${sale.begin.registerKwh} kWh`, true)),
    ...at(sale.end).map((atMs) => signed(atMs, "contactor", `session over at ${sale.finish.registerKwh} kWh`, false)),
    ...sale.price.lines.map(({ fromMs, sentence }) => signed(fromMs, "price", sentence)),
    ...samples.flatMap(({ atMs, powerW, activity }, index) => {
      const before = samples[index - 1]?.activity;
      return before === activity ? [] : [signed(atMs, "power", `${receiptActivity(activity)}, ${powerW} W`)];
    }),
    ...sale.interruptions.flatMap(({ from, to, why }) => [
      ...at(from).map((atMs) => signed(atMs, "fault", `supply interrupted: ${why}`, true)),
      ...(to === null ? [] : at(to).map((atMs) => signed(atMs, "fault", "supply back", false))),
    ]),
  ];
}

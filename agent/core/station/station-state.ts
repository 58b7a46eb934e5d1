// All connectors of the station, the cards that wait at their readers and the connectors chosen there, as one value. It
// is pure: the agent tells it facts, it tells what they mean.

import type { Moment } from "../../../drivers/driver.js";
import type { Holds } from "../payment/hold.js";
import type { Acceptance } from "../session/opening.js";
import { available, type Session } from "../session/session.js";
import { anyConnector, type BackendOrders, noOrders } from "./backend-orders.js";
import type { StandingFaults } from "./standing-faults.js";

/** Which connectors stand at which reader. */
export type Layout = { readonly connectors: readonly { readonly id: number; readonly reader: string }[] };

/**
 * A card accepted at a reader, or a start by remote word, before any car was plugged in. `connector` = the one that its
 * bearer chose by a button.
 */
export type WaitingCard = { readonly acceptance: Acceptance; readonly since: Moment; readonly connector?: number };

/** A connector chosen by its button: the next card at its reader is for this one. */
type Choice = { readonly connector: number; readonly since: Moment };

/** Somebody pays on the page of a backend for a start: the connector is kept for it so long. */
type WebPayment = { readonly by: string; readonly since: Moment; readonly forMs: number };

/** The layout by the config. */
export const layoutOf = ({ connectors }: { readonly connectors: Layout["connectors"] }): Layout => ({
  connectors: connectors.map(({ id, reader }) => ({ id, reader })),
});

export type StationState = {
  readonly sessions: ReadonlyMap<number, Session>;
  /** By the reader that the card was held to. */
  readonly waiting: ReadonlyMap<string, WaitingCard>;
  /** By reader. */
  readonly chosen: ReadonlyMap<string, Choice>;
  /** By the connector that a remote start waits for; `anyConnector` = whichever a car comes to first. */
  readonly awaited: ReadonlyMap<number, WaitingCard>;
  /** By connector. */
  readonly webPayments: ReadonlyMap<number, WebPayment>;
  readonly orders: BackendOrders;
  /** Faults that stand until somebody says that they are mended. */
  readonly standing: StandingFaults;
  /** Money held at payment gateways, and the newest that has ended. */
  readonly holds: Holds;
};

/** Every connector free, nobody waiting. */
export function emptyStationState(layout: Layout): StationState {
  return {
    sessions: new Map(layout.connectors.map(({ id }) => [id, available])),
    waiting: new Map(),
    chosen: new Map(),
    awaited: new Map(),
    webPayments: new Map(),
    orders: noOrders,
    standing: new Map(),
    holds: new Map(),
  };
}

/** The reader at which a connector stands. */
export const readerAt = (layout: Layout, connector: number): string | undefined =>
  layout.connectors.find(({ id }) => id === connector)?.reader;

/** Whether a connector was chosen by its button, for the card that waits at its reader or for the next one. */
export const isChosen = (stationState: StationState, connector: number, reader: string): boolean =>
  stationState.chosen.get(reader)?.connector === connector || stationState.waiting.get(reader)?.connector === connector;

/** The card or remote start that the next car at a connector would take. */
export function waitingFor(stationState: StationState, connector: number, reader: string): WaitingCard | undefined {
  const card = stationState.waiting.get(reader);
  return (
    stationState.awaited.get(connector) ??
    stationState.awaited.get(anyConnector) ??
    ((card?.connector ?? connector) === connector ? card : undefined)
  );
}

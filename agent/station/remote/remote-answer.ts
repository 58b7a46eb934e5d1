// What a backend is answered: its order was entered, or why not.
import type { ConnectorConfig } from "../../../config/schema.js";
import type { StationEvent } from "../../core/station/station-event.js";
import type { Refusal, RemoteAnswer } from "../../sync/station-port.js";
import type { Station } from "../station.js";

/** The station, as far as orders of backends need it. */
export type OrderedStation = Pick<
  Station,
  "enter" | "stationState" | "feed" | "refusal" | "whyUnfit" | "connectors" | "faults"
>;

export const remoteAccepted = { accepted: true } as const;
export const refuseRemote = (code: Refusal["code"], why: string): Refusal => ({ accepted: false, code, why });

/** `stands` = what was asked stands already: an order that changes nothing is still obeyed. */
export function enterOrder(
  station: Pick<Station, "enter">,
  event: StationEvent,
  stands: () => boolean = () => false,
): RemoteAnswer {
  return station.enter(event) || stands()
    ? remoteAccepted
    : refuseRemote("failed", "the station is closing and takes no more orders");
}

/** The connectors that an order is about; null = all. */
export const orderedConnectors = (
  connectors: readonly ConnectorConfig[],
  connector: number | null,
): readonly ConnectorConfig[] => connectors.filter(({ id }) => connector === null || id === connector);

/** The refusal where every candidate refuses: that one is busy is told first, since it passes. */
export function refusalOfAll(reasons: readonly (Refusal | undefined)[]): Refusal | undefined {
  const refusals = reasons.filter((reason) => reason !== undefined);
  if (refusals.length < reasons.length) return undefined;
  return refusals.find(({ code }) => code === "busy") ?? refusals[0];
}

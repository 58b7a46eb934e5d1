// Who stops a session in its first minute is told once what that costs, where it costs the minimum price. The next tap or
// press stops it.
import type { Moment } from "../../../drivers/driver.js";
import { minimumOfEarlyStop } from "../../core/session/early-stop.js";
import type { StationState } from "../../core/station/station-state.js";
import type { ConnectorController } from "./connector-controller.js";

export type StopWarningsParts = {
  readonly connectors: ReadonlyMap<number, Pick<ConnectorController, "liveReading">>;
  readonly stationState: () => StationState;
};

export class StopWarnings {
  /** By connector: the session whose driver was told. */
  readonly #told = new Map<number, string>();

  constructor(private readonly parts: StopWarningsParts) {}

  /**
   * The words that come before a stop at this connector; undefined where it may be carried out. Told once a session.
   * `again`: what a driver does who still wants to stop.
   */
  warning(connector: number, now: Moment, again: "hold the card" | "press"): string | undefined {
    const session = this.parts.stationState().sessions.get(connector);
    if (session?.state !== "charging") return undefined;
    const sale = this.parts.connectors.get(connector)?.liveReading()?.sale ?? session.sale;
    const { id } = sale.opening;
    if (this.#told.get(connector) === id) return undefined;
    const minimum = minimumOfEarlyStop(sale, now);
    if (minimum === undefined) return undefined;
    this.#told.set(connector, id);
    return `stopping now costs the minimum of ${minimum}: ${again} again to stop`;
  }
}

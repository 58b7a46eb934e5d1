// Where a session that a backend asks for may start, judged by how the station is now. It moves nothing.
import type { Config, ConnectorConfig } from "../../../config/schema.js";
import type { Moment } from "../../../drivers/driver.js";
import { isSameId } from "../../core/cdr/token.js";
import type { Session } from "../../core/session/session.js";
import { anyConnector, wholeStation } from "../../core/station/backend-orders.js";
import type { Refusal, RemoteStart } from "../../sync/station-port.js";
import type { ActiveTariffs } from "../../tariffs/active-tariffs.js";
import { type OrderedStation, orderedConnectors, refusalOfAll, refuseRemote } from "./remote-answer.js";

export type StartPlaceParts = {
  readonly config: Pick<Config, "connectors">;
  readonly station: OrderedStation;
  readonly activeTariffs: Pick<ActiveTariffs, "whyUnpriced">;
};

/** `waits` = no car is plugged in yet; `connector` is null where any may come. */
export type StartPlace = { readonly connector: number | null; readonly waits: boolean };

/** The car that waits, the one plugged in last; else a connector to come. */
export function placeForStart(request: RemoteStart, parts: StartPlaceParts, now: Moment): StartPlace | Refusal {
  const stationState = parts.station.stationState();
  if (request.connector !== null && !stationState.sessions.has(request.connector))
    return refuseRemote("unknown-connector", `there is no connector ${request.connector}`);
  const judged = orderedConnectors(parts.config.connectors, request.connector).map((connector) => ({
    connector,
    session: stationState.sessions.get(connector.id),
    refused: startRefused(connector, request, parts, now),
  }));
  const refused = refusalOfAll(judged.map((one) => one.refused));
  if (refused !== undefined) return refused;
  const [occupied] = judged
    .flatMap(({ connector, session, refused: why }) =>
      why === undefined && session?.state === "occupied"
        ? [{ id: connector.id, sinceMonoMs: session.since.monoMs }]
        : [],
    )
    .sort((a, b) => b.sinceMonoMs - a.sinceMonoMs);
  if (occupied !== undefined) return { connector: occupied.id, waits: false };
  const other = stationState.awaited.get(request.connector ?? anyConnector);
  if (other !== undefined && !isSameId(other.acceptance.token.uid, request.token.uid))
    return refuseRemote("busy", "another remote start waits for its car there");
  return { connector: request.connector, waits: true };
}

function startRefused(
  connector: ConnectorConfig,
  request: RemoteStart,
  { station, activeTariffs }: StartPlaceParts,
  now: Moment,
): Refusal | undefined {
  const { id } = connector;
  const unfit = whyUnfit(id, station);
  if (unfit !== undefined) return unfit;
  const session = station.stationState().sessions.get(id);
  if (session?.state === "finishing")
    return refuseRemote("busy", `connector ${id} has finished: its car must leave first`);
  const inUse = whyInUse(id, session);
  if (inUse !== undefined) return inUse;
  const unpriced = activeTariffs.whyUnpriced(connector, request.tariff, now);
  if (unpriced !== undefined) return refuseRemote("no-tariff", unpriced);
  const reserved = station.refusal(
    id,
    { uid: request.token.uid, group: request.group, orderedBy: request.by },
    request.tariff,
  );
  return reserved === undefined ? undefined : refuseRemote("busy", reserved);
}

/** That a session stands at a connector already; undefined where it is free, with or without a car. */
export const whyInUse = (connector: number, session: Session | undefined): Refusal | undefined =>
  session?.state === "available" || session?.state === "occupied"
    ? undefined
    : refuseRemote("busy", `connector ${connector} is in use (${session?.state ?? ""})`);

/** Why no session can start at a connector, by kind. */
export function whyUnfit(connector: number, station: OrderedStation): Refusal | undefined {
  const why = station.whyUnfit(connector);
  if (why === undefined) return undefined;
  const { inoperative } = station.stationState().orders;
  if (station.faults.of(`connector ${connector}`)?.message === why) return refuseRemote("faulted", why);
  return refuseRemote(inoperative.has(wholeStation) || inoperative.has(connector) ? "unavailable" : "closed", why);
}

// The whole agent as it stands now, for `status` and the live view: the station, its backends, its disk, its faults.

import type { Config } from "../../config/schema.js";
import type { Moment } from "../../drivers/driver.js";
import type { FaultCode } from "../core/fault-table.js";
import { reservedFor } from "../core/station/backend-orders.js";
import { isChosen, waitingFor } from "../core/station/station-state.js";
import { bankCardLines } from "../payments/bank-card-words.js";
import { paymentsLook } from "../payments/payment-requests.js";
import { type ConnectorSnapshot, connectorSnapshot, type Snapshot } from "../station/snapshot.js";
import type { StationFault } from "../sync/faults.js";
import type { Maintenance } from "./maintenance.js";
import type { Services } from "./services/services.js";

export type AgentSnapshotParts = {
  readonly moment: Moment;
  readonly version: string;
  readonly config: Config;
  readonly services: Services | undefined;
  readonly maintenance: Pick<Maintenance, "figures" | "faults">;
  /** Why no session can start, where that is so. */
  readonly blocked: string | undefined;
  /** What kept the services from being opened. */
  readonly openingFault: { readonly code: FaultCode; readonly message: string } | undefined;
};

/** Plain data, made anew at each call. */
export function agentSnapshot(parts: AgentSnapshotParts): Snapshot {
  const { moment, version, config, services, maintenance, blocked } = parts;
  const { station } = config;
  const uplinks = services?.outboxes.map((outbox) => outbox.status()) ?? [];
  return {
    moment,
    version,
    station: station.id,
    operator: station.operator.name,
    helpline: station.operator.helpline,
    timeZone: station.timeZone,
    selling: blocked === undefined,
    ...(blocked === undefined ? {} : { closed: blocked }),
    receipts: services?.book.count() ?? 0,
    keyId: services?.issuer.keyId ?? "",
    offline: uplinks.some(
      ({ reachability }) => reachability === "offline" || reachability === "unauthorised" || reachability === "unsure",
    ),
    uplinks,
    ...maintenance.figures(),
    faults: [...maintenance.faults(), ...stationFaults(parts)],
    ...paymentsOf(services),
    complaints: (services?.complaints.open() ?? []).map(({ number, receipt, dueMs }) => ({ number, receipt, dueMs })),
    connectors: config.connectors.map((connector) => snapshotOf(connector, parts)),
  };
}

/** Payments that somebody should know of; those that have ended are not among them. */
function paymentsOf(services: Services | undefined): Pick<Snapshot, "payments"> {
  if (services === undefined) return {};
  const payments = paymentsLook(services.station.stationState(), services.onTheSpot);
  return payments.open.length + payments.owed.length + payments.unknown.length === 0 ? {} : { payments };
}

/** The station in a line for `systemctl status`. */
export function statusLine({ connectors, selling, closed }: Snapshot): string {
  if (!selling) return `not selling: ${(closed ?? "").split("\n")[0]}`;
  const inOrder = connectors.filter(({ blocked }) => blocked === undefined).length;
  return `selling: ${inOrder} of ${connectors.length} connector${connectors.length === 1 ? "" : "s"} in order`;
}

function stationFaults({ services, openingFault, moment }: AgentSnapshotParts): readonly StationFault[] {
  if (services !== undefined) return services.station.faults.all();
  return openingFault === undefined ? [] : [{ device: "station", ...openingFault, sinceMs: moment.at }];
}

function snapshotOf(
  connector: Config["connectors"][number],
  { config, services, blocked, moment }: AgentSnapshotParts,
): ConnectorSnapshot {
  const { id, reader } = connector;
  const idleFreeForMs = config.timing.idleAfter + config.timing.idleGrace;
  const noEnergyMs = config.timing.noEnergy;
  if (services === undefined)
    return connectorSnapshot(connector, {
      session: { state: "available" },
      liveReading: undefined,
      lowSinceMs: null,
      idleFreeForMs,
      noEnergyMs,
      cardWaits: undefined,
      blocked,
      chosen: false,
      checking: false,
      reserved: undefined,
      price: [],
    });
  const { station, activeTariffs } = services;
  const controller = station.connectors.get(id);
  const state = station.stationState();
  return connectorSnapshot(connector, {
    session: station.session(id) ?? { state: "available" },
    liveReading: controller?.liveReading(),
    lowSinceMs: controller?.activity().lowSinceMs ?? null,
    idleFreeForMs,
    noEnergyMs,
    cardWaits: waitingFor(state, id, reader)?.acceptance.token.uid,
    blocked: blocked ?? station.feed().blocked(id),
    chosen: isChosen(state, id, reader),
    checking: station.asks(connector),
    paying: state.webPayments.has(id),
    payment: shownPayment(services.paymentCode(id, moment)),
    reserved: reservedFor(state.orders, state.sessions, id, undefined, moment.at),
    price: [
      ...activeTariffs.lines(connector, moment),
      ...bankCardLines(config, reader, services.onTheSpot?.line.gateway !== undefined),
    ],
  });
}

const shownPayment = (code: ReturnType<Services["paymentCode"]>): ConnectorSnapshot["payment"] =>
  code === undefined ? undefined : { url: code.url, endsMs: code.endsMs };

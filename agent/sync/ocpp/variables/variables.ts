// The device model of 2.x: every component and variable that this station has, as it truly is. What can be set is
// obeyed and lasts; everything else is ReadOnly, and what is not here does not exist.
import type { ConnectorConfig } from "../../../../config/schema.js";
import { connectorStatus } from "../availability/availability.js";
import { connectorType, type RequestContext } from "../requests/request-context.js";
import { allEvses } from "../requests/web-payment-settings.js";
import { webPaymentSettings } from "../web-payments/web-payment-setting.js";
import { controllers } from "./controller-variables.js";
import { type Attributes, type Variable, type VariableRow, variablesIn } from "./variable.js";

/** All variables, with the values of now. */
export function variablesOf(context: RequestContext): Variable[] {
  return [
    ...controllers(context).flatMap(([name, rows]) => variablesIn({ name }, rows, context)),
    ...webPayments(context, { name: "WebPaymentsCtrlr" }, allEvses, ""),
    ...variablesIn({ name: "ChargingStation" }, station, context),
    ...context.config.connectors.flatMap((connector) => evse(context, connector)),
  ];
}

const states = "Available,Occupied,Reserved,Unavailable,Faulted";
const stateOption: Attributes = { dataType: "OptionList", valuesList: states };

const station: readonly VariableRow[] = [
  ["AvailabilityState", stationState, stateOption],
  ["Available", true],
  ["FirmwareVersion", ({ version }) => version],
  ["Model", "till"],
  ["Problem", ({ feed }) => feed.faults().length > 0],
  ["SerialNumber", ({ config }) => config.station.id],
  ["SupplyPhases", ({ config }) => Math.max(...config.connectors.map(phases))],
  ["VendorName", "chargetill"],
];

function evse(context: RequestContext, connector: ConnectorConfig): Variable[] {
  const { id, evseId, maxPowerW } = connector;
  const state = availability(context, id);
  const problem = state === "Faulted";
  const powerW = context.feed.liveReading(id)?.reading.powerW ?? 0;
  const ofEvse: readonly VariableRow[] = [
    ["AllowReset", false],
    ["AvailabilityState", state, stateOption],
    ["Available", true],
    ["EvseId", evseId],
    ["Power", powerW, { dataType: "decimal", unit: "W", most: maxPowerW }],
    ["Problem", problem],
    ["SupplyPhases", phases(connector)],
  ];
  const ofConnector: readonly VariableRow[] = [
    ["AvailabilityState", state, stateOption],
    ["Available", true],
    ["ConnectorType", connectorType(connector)],
    ["Problem", problem],
    ["SupplyPhases", phases(connector)],
  ];
  return [
    ...variablesIn({ name: "EVSE", evse: { id } }, ofEvse, context),
    ...variablesIn({ name: "Connector", evse: { id, connectorId: 1 } }, ofConnector, context),
    ...webPayments(context, { name: "WebPaymentsCtrlr", evse: { id } }, id, evseId),
  ];
}

/** Payments on the page of the CSMS; what an EVSE has not of its own it has of the station. */
const webPayments = (
  context: RequestContext,
  component: Variable["component"],
  evse: number,
  evseId: string,
): Variable[] => [
  ...variablesIn(component, [["Available", true]], context),
  ...webPaymentSettings(context, evse, evseId).map(({ value, set, ...setting }): Variable => {
    const mutability = set === undefined ? "ReadOnly" : value === undefined ? "WriteOnly" : "ReadWrite";
    return { component, ...setting, value: value ?? "", mutability, ...(set === undefined ? {} : { set }) };
  }),
];

const phases = ({ powerType }: ConnectorConfig): number =>
  powerType === "AC_1_PHASE" ? 1 : powerType === "DC" ? 0 : powerType === "AC_3_PHASE" ? 3 : 2;

function stationState(context: RequestContext): string {
  const all = context.config.connectors.map(({ id }) => availability(context, id));
  return all.includes("Available") ? "Available" : (all[0] ?? "Unavailable");
}

/** How a connector stands, as the CSMS is told in StatusNotification. */
function availability({ feed, now }: Pick<RequestContext, "feed" | "now">, connector: number): string {
  return connectorStatus(
    connector,
    { stationState: feed.stationState(), faults: feed.faults(), blocked: (id) => feed.blocked(id) },
    now(),
  ).in2x;
}

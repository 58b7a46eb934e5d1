// The device model of 2.x: every component and variable that this station has, as it truly is. What can be set is
// obeyed and lasts; everything else is ReadOnly, and what is not here does not exist.

import type { ConnectorConfig } from "../../../../config/schema.js";
import type { OcppUplinkConfig } from "../../../../config/uplink-schema.js";
import { mostPushedTariffs } from "../../../tariffs/pushed-tariffs.js";
import { mostListedCards } from "../../station-port.js";
import { connectorStatus } from "../availability/availability.js";
import { mostPerMessage } from "../cards/local-list.js";
import { connectorType, type RequestContext } from "../requests/request-context.js";
import { intervalBounds, reconnectBounds } from "../requests/settings.js";
import type { Reconnect } from "../rpc/reconnect.js";
import { mostPrices } from "../tariffs/tariff-translation.js";

type Component = {
  readonly name: string;
  readonly instance?: string;
  readonly evse?: { readonly id: number; readonly connectorId?: number };
};
export type Variable = {
  readonly component: Component;
  readonly name: string;
  readonly instance?: string;
  readonly dataType:
    | "string"
    | "decimal"
    | "integer"
    | "dateTime"
    | "boolean"
    | "OptionList"
    | "SequenceList"
    | "MemberList";
  readonly value: string;
  readonly mutability: "ReadOnly" | "WriteOnly" | "ReadWrite";
  readonly unit?: string;
  readonly least?: number;
  readonly most?: number;
  readonly valuesList?: string;
  /** Puts a value into force for good; the answer is a reason code against it. */
  readonly set?: (value: string) => string | undefined;
};

/** Entries that one GetVariables, SetVariables or report part holds. */
export const mostItems = 100;
/** What a message may weigh: far more than mostItems entries of any kind do. */
const mostBytes = 1_000_000;
/** Events are tried until they are taken: as often as an integer can say. */
const forEver = 2_147_483_647;

type More = Partial<Omit<Variable, "component" | "name" | "value">>;

/** All variables, with the values of now. */
export function variablesOf(context: RequestContext): Variable[] {
  return [
    ...controllers(context),
    ...station(context),
    ...context.config.connectors.flatMap((connector) => evse(context, connector)),
  ];
}

const valueText = (value: string | number | boolean): string => String(value);

function of(component: Component) {
  return (name: string, value: string | number | boolean, more: More = {}): Variable => ({
    component,
    name,
    value: valueText(value),
    dataType:
      typeof value === "boolean"
        ? "boolean"
        : typeof value === "number"
          ? Number.isInteger(value)
            ? "integer"
            : "decimal"
          : "string",
    mutability: "ReadOnly",
    ...more,
  });
}

const seconds = (ms: number): number => Math.round(ms / 1000);

export function securityProfile({ url, passwordFile, tls }: OcppUplinkConfig): number {
  if (!url.startsWith("wss:")) return passwordFile === undefined ? 0 : 1;
  return tls.certFile === undefined ? 2 : 3;
}

function controllers(context: RequestContext): Variable[] {
  const { link, config, uplink, settings } = context;
  const { station, timing, authorisation } = config;
  const is21 = link.dialect === "ocpp2.1";
  const comm = of({ name: "OCPPCommCtrlr" });
  const security = of({ name: "SecurityCtrlr" });
  const clock = of({ name: "ClockCtrlr" });
  const device = of({ name: "DeviceDataCtrlr" });
  const auth = of({ name: "AuthCtrlr" });
  const cache = of({ name: "AuthCacheCtrlr" });
  const list = of({ name: "LocalAuthListCtrlr" });
  const tx = of({ name: "TxCtrlr" });
  const sampled = of({ name: "SampledDataCtrlr" });
  const aligned = of({ name: "AlignedDataCtrlr" });
  const reservation = of({ name: "ReservationCtrlr" });
  const tariff = of({ name: "TariffCostCtrlr" });
  const { first } = uplink.backoff;
  const { waitMinimumMs, randomRangeMs, repeatTimes } = link.reconnect;
  const reconnect = (key: keyof typeof reconnectBounds, put: (value: number) => Partial<Reconnect>): More => ({
    mutability: "ReadWrite",
    ...reconnectBounds[key],
    set: (text) => {
      const { least, most } = reconnectBounds[key];
      if (!/^\d{1,9}$/.test(text)) return "InvalidValue";
      const value = Number(text);
      if (value < least || value > most) return value < least ? "ValueTooLow" : "ValueTooHigh";
      settings.keep({ [key]: value });
      link.reconnect = { ...link.reconnect, ...put(value) };
      return undefined;
    },
  });
  const interval = (key: keyof typeof intervalBounds, keep: (value: number) => void): More => ({
    unit: "s",
    mutability: "ReadWrite",
    ...intervalBounds[key],
    set: (text) => {
      const { least, most: highest } = intervalBounds[key];
      if (!/^\d{1,9}$/.test(text)) return "InvalidValue";
      const value = Number(text);
      if (value < least) return "ValueTooLow";
      if (value > highest) return "ValueTooHigh";
      keep(value);
      link.setIntervals({ [key]: value });
      return undefined;
    },
  });
  const list2x = (value: string): More => ({ dataType: "MemberList", valuesList: value });
  const missing = (name: string): Variable[] => [of({ name })("Available", false), of({ name })("Enabled", false)];
  return [
    comm("ActiveNetworkProfile", 1),
    comm("FileTransferProtocols", "", list2x("")),
    comm(
      "HeartbeatInterval",
      link.intervals.heartbeatS,
      interval("heartbeatS", () => undefined),
    ),
    comm("MessageAttempts", forEver, { instance: "TransactionEvent" }),
    comm("MessageAttemptInterval", seconds(first), { instance: "TransactionEvent", unit: "s" }),
    comm("MessageTimeout", seconds(uplink.timeout), { instance: "Default", unit: "s" }),
    comm("NetworkConfigurationPriority", "1", { dataType: "SequenceList", valuesList: "1" }),
    comm("NetworkProfileConnectionAttempts", forEver),
    comm("OfflineThreshold", 60, { unit: "s" }),
    comm("PublicKeyWithSignedMeterValue", link.sendsPublicKey ? "OncePerTransaction" : "Never", {
      dataType: "OptionList",
      valuesList: "Never,OncePerTransaction",
      mutability: "ReadWrite",
      set: (text) => setPublicKey(context, text),
    }),
    comm("QueueAllMessages", false),
    comm("ResetRetries", 0),
    comm("RetryBackOffRandomRange", seconds(randomRangeMs), {
      unit: "s",
      ...reconnect("randomRangeS", (value) => ({ randomRangeMs: value * 1000 })),
    }),
    comm(
      "RetryBackOffRepeatTimes",
      repeatTimes,
      reconnect("repeatTimes", (value) => ({ repeatTimes: value })),
    ),
    comm("RetryBackOffWaitMinimum", seconds(waitMinimumMs), {
      unit: "s",
      ...reconnect("waitMinimumS", (value) => ({ waitMinimumMs: value * 1000 })),
    }),
    comm("UnlockOnEVSideDisconnect", false),
    comm(
      "WebSocketPingInterval",
      link.intervals.pingS,
      interval("pingS", (pingS) => settings.keep({ pingS })),
    ),

    security("AdditionalRootCertificateCheck", false),
    security("BasicAuthPassword", "", { mutability: "WriteOnly", most: 40, set: () => "UnsupportedRequest" }),
    security("CertificateEntries", 0),
    security("Identity", uplink.identity ?? station.id),
    security("OrganizationName", station.operator.name),
    security("SecurityProfile", securityProfile(uplink)),

    clock("DateTime", new Date(context.now()).toISOString(), { dataType: "dateTime" }),
    clock("TimeSource", "NTP,RealTimeClock", { dataType: "SequenceList", valuesList: "NTP,RealTimeClock" }),
    clock("TimeZone", station.timeZone),

    ...["GetReport", "GetVariables", "SetVariables"].flatMap((instance) => [
      device("BytesPerMessage", mostBytes, { instance, unit: "B" }),
      device("ItemsPerMessage", mostItems, { instance }),
    ]),

    auth("AuthorizeRemoteStart", false),
    auth("Enabled", true),
    auth("LocalAuthorizeOffline", authorisation.offline !== "none"),
    auth("LocalPreAuthorize", true),
    auth("OfflineTxForUnknownIdEnabled", authorisation.offline === "all"),
    cache("Available", true),
    cache("Enabled", authorisation.cacheLifetime > 0),
    cache("LifeTime", seconds(authorisation.cacheLifetime), { unit: "s" }),
    list("Available", true),
    list("BytesPerMessage", mostBytes, { unit: "B" }),
    list("Enabled", true),
    list("Entries", context.cards.listSize(link.uplink), { most: mostListedCards }),
    list("ItemsPerMessage", mostPerMessage),

    tx("EVConnectionTimeOut", seconds(timing.authorisation), { unit: "s" }),
    tx("StopTxOnEVSideDisconnect", true),
    tx("StopTxOnInvalidId", true),
    tx("TxBeforeAcceptedEnabled", true),
    tx("TxStartPoint", "PowerPathClosed", list2x("PowerPathClosed")),
    tx("TxStopPoint", "PowerPathClosed", list2x("PowerPathClosed")),

    sampled("Available", true),
    sampled("Enabled", true),
    sampled("TxEndedInterval", 0, { unit: "s" }),
    sampled("TxEndedMeasurands", "Energy.Active.Import.Register", list2x("Energy.Active.Import.Register")),
    sampled("TxStartedMeasurands", "Energy.Active.Import.Register", list2x("Energy.Active.Import.Register")),
    sampled(
      "TxUpdatedInterval",
      link.intervals.meterValuesS,
      interval("meterValuesS", (meterValuesS) => settings.keep({ meterValuesS })),
    ),
    sampled(
      "TxUpdatedMeasurands",
      "Energy.Active.Import.Register,Power.Active.Import",
      list2x("Energy.Active.Import.Register,Power.Active.Import"),
    ),
    aligned("Available", false),
    aligned("Interval", 0, { unit: "s" }),
    aligned("Measurands", "", list2x("")),
    aligned("TxEndedInterval", 0, { unit: "s" }),
    aligned("TxEndedMeasurands", "", list2x("")),

    reservation("Available", true),
    reservation("Enabled", true),
    reservation("NonEvseSpecific", true),

    tariff("Available", is21, { instance: "Tariff" }),
    tariff("Available", is21, { instance: "Cost" }),
    ...(is21
      ? [
          tariff("Enabled", settings.tariffs, {
            instance: "Tariff",
            mutability: "ReadWrite",
            set: (text) => setTariffs(context, text),
          }),
          tariff("Enabled", true, { instance: "Cost" }),
          tariff("Enabled", link.sendsRunningCost, {
            instance: "RunningCost",
            mutability: "ReadWrite",
            set: (text) => setRunningCost(context, text),
          }),
          tariff("Interval", link.intervals.costS, {
            instance: "Cost",
            ...interval("costS", (costS) => settings.keep({ costS })),
          }),
          // A driver's tariff that cannot be priced exactly is not sold by (I08).
          tariff("HandleFailedTariff", "Deauthorize", {
            instance: "Tariff",
            dataType: "OptionList",
            valuesList: "Deauthorize",
          }),
          tariff("ConditionsSupported", true, { instance: "Tariff" }),
          tariff("MaxElements", mostPrices, { instance: "Tariff", most: mostPushedTariffs }),
        ]
      : [tariff("Enabled", false, { instance: "Tariff" }), tariff("Enabled", false, { instance: "Cost" })]),
    ...["SmartChargingCtrlr", "MonitoringCtrlr", "DisplayMessageCtrlr", "ISO15118Ctrlr"].flatMap(missing),
  ];
}

function setTariffs({ settings }: RequestContext, text: string): string | undefined {
  const word = text.toLowerCase();
  if (word !== "true" && word !== "false") return "InvalidValue";
  settings.keep({ tariffs: word === "true" });
  return undefined;
}

function setRunningCost({ link, settings }: RequestContext, text: string): string | undefined {
  const word = text.toLowerCase();
  if (word !== "true" && word !== "false") return "InvalidValue";
  settings.keep({ runningCost: word === "true" });
  link.sendsRunningCost = word === "true";
  return undefined;
}

function setPublicKey({ link, settings }: RequestContext, text: string): string | undefined {
  if (text !== "Never" && text !== "OncePerTransaction") return "InvalidValue";
  link.sendsPublicKey = text !== "Never";
  settings.keep({ publicKey: link.sendsPublicKey });
  return undefined;
}

const phases = ({ powerType }: ConnectorConfig): number =>
  powerType === "AC_1_PHASE" ? 1 : powerType === "DC" ? 0 : powerType === "AC_3_PHASE" ? 3 : 2;

function station(context: RequestContext): Variable[] {
  const { config, feed, version } = context;
  const here = of({ name: "ChargingStation" });
  const states = config.connectors.map(({ id }) => availability(context, id));
  return [
    here("AvailabilityState", states.includes("Available") ? "Available" : (states[0] ?? "Unavailable"), {
      dataType: "OptionList",
      valuesList: states2x,
    }),
    here("Available", true),
    here("FirmwareVersion", version),
    here("Model", "till"),
    here("Problem", feed.faults().length > 0),
    here("SerialNumber", config.station.id),
    here("SupplyPhases", Math.max(...config.connectors.map(phases))),
    here("VendorName", "chargetill"),
  ];
}

function evse(context: RequestContext, connector: ConnectorConfig): Variable[] {
  const { id, evseId, maxPowerW } = connector;
  const state = availability(context, id);
  const problem = state === "Faulted";
  const here = of({ name: "EVSE", evse: { id } });
  const plug = of({ name: "Connector", evse: { id, connectorId: 1 } });
  const option: More = { dataType: "OptionList", valuesList: states2x };
  return [
    here("AllowReset", false),
    here("AvailabilityState", state, option),
    here("Available", true),
    here("EvseId", evseId),
    here("Power", context.feed.liveReading(id)?.reading.powerW ?? 0, {
      dataType: "decimal",
      unit: "W",
      most: maxPowerW,
    }),
    here("Problem", problem),
    here("SupplyPhases", phases(connector)),
    plug("AvailabilityState", state, option),
    plug("Available", true),
    plug("ConnectorType", connectorType(connector)),
    plug("Problem", problem),
    plug("SupplyPhases", phases(connector)),
  ];
}

const states2x = "Available,Occupied,Reserved,Unavailable,Faulted";

/** How a connector stands, as the CSMS is told in StatusNotification. */
function availability({ feed, now }: Pick<RequestContext, "feed" | "now">, connector: number): string {
  return connectorStatus(
    connector,
    { stationState: feed.stationState(), faults: feed.faults(), blocked: (id) => feed.blocked(id) },
    now(),
  ).in2x;
}

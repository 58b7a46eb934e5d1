// The controllers of the device model (2.x), a table of variables each: what this station does of OCPP, as it truly is.
import { mostPushedTariffs } from "../../../tariffs/pushed-tariffs.js";
import { mostListedCards } from "../../station-port.js";
import { mostRoots } from "../../transport/kept-credentials.js";
import { mostPerMessage } from "../cards/local-list.js";
import type { RequestContext } from "../requests/request-context.js";
import { certSigningRepeatTimes, certSigningWaitMs } from "../security/certificate-renewal.js";
import { networkSlots, securityProfile } from "../security/security-profile.js";
import { mostPrices } from "../tariffs/tariff-translation.js";
import { supportedLimits } from "../transactions/transaction-limit.js";
import {
  settableInterval,
  settablePassword,
  settablePriority,
  settablePublicKey,
  settableReconnect,
  settableRunningCost,
  settableTariffs,
} from "./settable.js";
import type { Attributes, VariableRow } from "./variable.js";

/** Entries that one GetVariables, SetVariables or report part holds. */
export const mostItems = 100;
/** What a message may weigh: far more than mostItems entries of any kind do. */
const mostBytes = 1_000_000;
/** Events are tried until they are taken: as often as an integer can say. */
const forEver = 2_147_483_647;

const seconds = (ms: number): number => Math.round(ms / 1000);
const inSeconds: Attributes = { unit: "s" };
const members = (valuesList: string): Attributes => ({ dataType: "MemberList", valuesList });
const sequence = (valuesList: string): Attributes => ({ dataType: "SequenceList", valuesList });

const register = "Energy.Active.Import.Register";
const registerAndPower = `${register},Power.Active.Import`;
const timeSources = "NTP,RealTimeClock";

const randomRange = settableReconnect("randomRangeS", (value) => ({ randomRangeMs: value * 1000 }));
const waitMinimum = settableReconnect("waitMinimumS", (value) => ({ waitMinimumMs: value * 1000 }));
const costInterval = settableInterval("costS", (costS) => ({ costS }));

const communication: readonly VariableRow[] = [
  ["ActiveNetworkProfile", (context) => networkSlots(context)[0] ?? 0],
  ["FileTransferProtocols", ({ uplink }) => (uplink.logHosts.length === 0 ? "" : "HTTPS"), members("HTTPS")],
  ["HeartbeatInterval", ({ link }) => link.intervals.heartbeatS, settableInterval("heartbeatS", () => undefined)],
  ["MessageAttempts", forEver, { instance: "TransactionEvent" }],
  [
    "MessageAttemptInterval",
    ({ uplink }) => seconds(uplink.backoff.first),
    { instance: "TransactionEvent", ...inSeconds },
  ],
  ["MessageTimeout", ({ uplink }) => seconds(uplink.timeout), { instance: "Default", ...inSeconds }],
  ["NetworkConfigurationPriority", (context) => networkSlots(context).join(","), settablePriority],
  ["NetworkProfileConnectionAttempts", forEver],
  ["OfflineThreshold", 60, inSeconds],
  [
    "PublicKeyWithSignedMeterValue",
    ({ link }) => (link.sendsPublicKey ? "OncePerTransaction" : "Never"),
    settablePublicKey,
  ],
  ["QueueAllMessages", false],
  ["ResetRetries", 0],
  [
    "RetryBackOffRandomRange",
    ({ link }) => seconds(link.reconnect.randomRangeMs),
    (context) => ({ ...inSeconds, ...randomRange(context) }),
  ],
  [
    "RetryBackOffRepeatTimes",
    ({ link }) => link.reconnect.repeatTimes,
    settableReconnect("repeatTimes", (repeatTimes) => ({ repeatTimes })),
  ],
  [
    "RetryBackOffWaitMinimum",
    ({ link }) => seconds(link.reconnect.waitMinimumMs),
    (context) => ({ ...inSeconds, ...waitMinimum(context) }),
  ],
  ["UnlockOnEVSideDisconnect", false],
  ["WebSocketPingInterval", ({ link }) => link.intervals.pingS, settableInterval("pingS", (pingS) => ({ pingS }))],
];

const security: readonly VariableRow[] = [
  ["AdditionalRootCertificateCheck", false],
  ["BasicAuthPassword", "", settablePassword],
  ["CertificateEntries", ({ credentials }) => credentials.roots.length, { most: mostRoots }],
  ["CertSigningRepeatTimes", certSigningRepeatTimes],
  ["CertSigningWaitMinimum", certSigningWaitMs / 1000, inSeconds],
  ["Identity", ({ uplink, config }) => uplink.identity ?? config.station.id],
  ["OrganizationName", ({ config }) => config.station.operator.name],
  ["SecurityProfile", securityProfile],
];

const clock: readonly VariableRow[] = [
  ["DateTime", ({ now }) => new Date(now()).toISOString(), { dataType: "dateTime" }],
  ["TimeSource", timeSources, sequence(timeSources)],
  ["TimeZone", ({ config }) => config.station.timeZone],
];

const deviceData: readonly VariableRow[] = ["GetReport", "GetVariables", "SetVariables"].flatMap(
  (instance): readonly VariableRow[] => [
    ["BytesPerMessage", mostBytes, { instance, unit: "B" }],
    ["ItemsPerMessage", mostItems, { instance }],
  ],
);

const authorization: readonly VariableRow[] = [
  ["AuthorizeRemoteStart", false],
  ["Enabled", true],
  ["LocalAuthorizeOffline", ({ config }) => config.authorisation.offline !== "none"],
  ["LocalPreAuthorize", true],
  ["OfflineTxForUnknownIdEnabled", ({ config }) => config.authorisation.offline === "all"],
];

const authorizationCache: readonly VariableRow[] = [
  ["Available", true],
  ["Enabled", ({ config }) => config.authorisation.cacheLifetime > 0],
  ["LifeTime", ({ config }) => seconds(config.authorisation.cacheLifetime), inSeconds],
];

const localAuthorizationList: readonly VariableRow[] = [
  ["Available", true],
  ["BytesPerMessage", mostBytes, { unit: "B" }],
  ["Enabled", true],
  ["Entries", ({ cards, link }) => cards.listSize(link.uplink), { most: mostListedCards }],
  ["ItemsPerMessage", mostPerMessage],
];

const transactions: readonly VariableRow[] = [
  ["EVConnectionTimeOut", ({ config }) => seconds(config.timing.authorisation), inSeconds],
  ["StopTxOnEVSideDisconnect", true],
  ["StopTxOnInvalidId", true],
  ["TxBeforeAcceptedEnabled", true],
  ["TxStartPoint", "PowerPathClosed", members("PowerPathClosed")],
  ["TxStopPoint", "PowerPathClosed", members("PowerPathClosed")],
];

const transactions21: readonly VariableRow[] = [
  ...transactions,
  ["SupportedLimits", supportedLimits, members(`${supportedLimits},maxSoC`)],
];

const sampledData: readonly VariableRow[] = [
  ["Available", true],
  ["Enabled", true],
  ["TxEndedInterval", 0, inSeconds],
  ["TxEndedMeasurands", register, members(register)],
  ["TxStartedMeasurands", register, members(register)],
  [
    "TxUpdatedInterval",
    ({ link }) => link.intervals.meterValuesS,
    settableInterval("meterValuesS", (meterValuesS) => ({ meterValuesS })),
  ],
  ["TxUpdatedMeasurands", registerAndPower, members(registerAndPower)],
];

const alignedData: readonly VariableRow[] = [
  ["Available", false],
  ["Interval", 0, inSeconds],
  ["Measurands", "", members("")],
  ["TxEndedInterval", 0, inSeconds],
  ["TxEndedMeasurands", "", members("")],
];

const reservation: readonly VariableRow[] = [
  ["Available", true],
  ["Enabled", true],
  ["NonEvseSpecific", true],
];

const tariffAndCost21: readonly VariableRow[] = [
  ["Available", true, { instance: "Tariff" }],
  ["Available", true, { instance: "Cost" }],
  ["Enabled", ({ settings }) => settings.tariffs, settableTariffs],
  ["Enabled", true, { instance: "Cost" }],
  ["Enabled", ({ link }) => link.sendsRunningCost, settableRunningCost],
  ["Interval", ({ link }) => link.intervals.costS, (context) => ({ instance: "Cost", ...costInterval(context) })],
  // A driver's tariff that cannot be priced exactly is not sold by (I08).
  ["HandleFailedTariff", "Deauthorize", { instance: "Tariff", dataType: "OptionList", valuesList: "Deauthorize" }],
  ["ConditionsSupported", true, { instance: "Tariff" }],
  ["MaxElements", mostPrices, { instance: "Tariff", most: mostPushedTariffs }],
];

const tariffAndCost201: readonly VariableRow[] = [
  ["Available", false, { instance: "Tariff" }],
  ["Available", false, { instance: "Cost" }],
  ["Enabled", false, { instance: "Tariff" }],
  ["Enabled", false, { instance: "Cost" }],
];

/** The station settles by itself and asks no CSMS about a bank card (C18 without AuthorizeDirectPayment, C21). */
const payment: readonly VariableRow[] = [
  ["Available", true],
  ["Enabled", true],
  ["AuthorizationAmount", ({ config }) => Number(config.payments.hold), { dataType: "decimal" }],
  ["IncrementalAuthorizationAmount", 0, { dataType: "decimal" }],
  ["AuthorizeDirectPayment", false],
  ["PaymentDetails", "PspRef", members("PspRef")],
  ["SettlementByCSMS", false],
  ["ReceiptByCSMS", false],
  ["MerchantName", ({ config }) => config.station.operator.name],
  ["MerchantTaxId", ({ config }) => config.station.operator.taxId],
  ["MerchantAddress", ({ config }) => config.station.operator.address],
  ["MerchantCity", ({ config }) => config.station.location.city],
  ["TerminalID", ({ config }) => config.terminal?.terminalId ?? ""],
  ["Connected", ({ feed }) => feed.faults().every(({ code }) => !code.startsWith("terminal/"))],
];

const notHere: readonly VariableRow[] = [
  ["Available", false],
  ["Enabled", false],
];

type Controller = readonly [name: string, rows: readonly VariableRow[]];

const controllersOfBoth: readonly Controller[] = [
  ["OCPPCommCtrlr", communication],
  ["SecurityCtrlr", security],
  ["ClockCtrlr", clock],
  ["DeviceDataCtrlr", deviceData],
  ["AuthCtrlr", authorization],
  ["AuthCacheCtrlr", authorizationCache],
  ["LocalAuthListCtrlr", localAuthorizationList],
  ["SampledDataCtrlr", sampledData],
  ["AlignedDataCtrlr", alignedData],
  ["ReservationCtrlr", reservation],
];

const controllersNotHere: readonly Controller[] = [
  ["SmartChargingCtrlr", notHere],
  ["MonitoringCtrlr", notHere],
  ["DisplayMessageCtrlr", notHere],
  ["ISO15118Ctrlr", notHere],
];

/** By name, in the order of a report. */
export const controllers = ({ link, config }: Pick<RequestContext, "link" | "config">): readonly Controller[] => [
  ...controllersOfBoth,
  ["TxCtrlr", link.dialect === "ocpp2.1" ? transactions21 : transactions],
  ["TariffCostCtrlr", link.dialect === "ocpp2.1" ? tariffAndCost21 : tariffAndCost201],
  ...(link.dialect === "ocpp2.1" && config.terminal !== undefined ? [["PaymentCtrlr", payment] as const] : []),
  ...controllersNotHere,
];

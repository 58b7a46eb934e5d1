// What the answers to a CSMS are made of: the connection on which it asks, the station that it asks about, and how both
// are addressed.
import type { Config, ConnectorConfig } from "../../../../config/schema.js";
import type { OcppUplinkConfig } from "../../../../config/uplink-schema.js";
import type { SessionToken } from "../../../core/cdr/settlement.js";
import type { CardLists, Refusal, RemoteControl, StationFeed } from "../../station-port.js";
import type { KeptCredentials } from "../../transport/kept-credentials.js";
import type { CsmsLink } from "../rpc/link.js";
import { tokenTypeOf, tokenTypeOfTag } from "./id-token.js";
import type { LogUploads } from "./log-upload.js";
import type { RequestedToken } from "./request-schemas.js";
import type { Settings } from "./settings.js";
import type { WebPaymentSettings } from "./web-payment-settings.js";

export type RequestContext = {
  readonly link: CsmsLink;
  readonly config: Pick<
    Config,
    "station" | "connectors" | "timing" | "authorisation" | "payments" | "terminal" | "language"
  >;
  readonly uplink: OcppUplinkConfig;
  readonly version: string;
  readonly remote: RemoteControl;
  readonly cards: CardLists;
  readonly feed: StationFeed;
  readonly settings: Settings;
  readonly webPayments: WebPaymentSettings;
  readonly credentials: KeptCredentials;
  readonly logs: LogUploads;
  /** Epoch ms. */
  readonly now: () => number;
  /** Something waits to be delivered: of one session, or at all. */
  readonly waits: (sessionId: string | undefined) => boolean;
  /** For the log. */
  readonly note: (text: string) => void;
};

/**
 * An EVSE that OCPP names: the station, one connector of it, or none that is here. An EVSE has one connector, number 1.
 */
export type EvsePlace = { readonly connector: number | null } | undefined;

export function evsePlace(
  { config }: Pick<RequestContext, "config">,
  evse: { readonly id: number; readonly connectorId?: number | undefined } | undefined,
): EvsePlace {
  if (evse === undefined || evse.id === 0) return { connector: null };
  const isHere =
    config.connectors.some(({ id }) => id === evse.id) && (evse.connectorId === undefined || evse.connectorId === 1);
  return isHere ? { connector: evse.id } : undefined;
}

/** The standard's reason code (appendix 2.x) for a refusal of the station. */
export const reasonCode: Readonly<Record<Refusal["code"], string>> = {
  "unknown-connector": "UnknownEvse",
  "unknown-session": "TxNotFound",
  "unknown-reservation": "NotFound",
  busy: "TxInProgress",
  faulted: "InternalError",
  unavailable: "NotEnabled",
  closed: "NotEnabled",
  "not-supported": "UnsupportedRequest",
  "no-tariff": "NotFound",
  full: "OutOfStorage",
  failed: "Unspecified",
};

/** A UID or contract id that a CDR can carry. */
const longestToken = 36;

/**
 * The token of a remote word as this station knows tokens; undefined where a CDR could not name it. 1.6 names no kind.
 */
export function requestedSessionToken(
  { config }: Pick<RequestContext, "config">,
  { idToken, type }: Pick<RequestedToken, "idToken"> & { readonly type?: string },
): SessionToken | undefined {
  const uid = uidOf(idToken);
  if (!isPrintable(uid) || uid.length > longestToken || (type !== undefined && !isPrintable(type))) return undefined;
  return {
    uid,
    ...(type === undefined ? { type: tokenTypeOfTag(uid) } : { type: tokenTypeOf(type), idTokenType: type }),
    contractId: uid,
    countryCode: config.station.countryCode,
    partyId: config.station.partyId,
  };
}

/** What may stand on a receipt and on the wire: printable ASCII, which no printer takes for an order, and not blank. */
export const isPrintable = (text: string): boolean => /^[\x20-\x7e]+$/.test(text) && text.trim() !== "";

/** OCPP 2.1 allows a group as many characters as a token. */
const longestGroupId = 255;

/** A group of tokens as a CSMS names it; a blank one would put strangers into one. What is not usable is none. */
export const usableGroup = (text: unknown): { readonly group?: string } =>
  typeof text === "string" && text.length <= longestGroupId && isPrintable(text) ? { group: text } : {};

/** Cards are known by their UID in upper-case hex; OCPP's tokens do not tell upper from lower case. */
const uidOf = (idToken: string): string => (/^[0-9a-f]+$/i.test(idToken) ? idToken.toUpperCase() : idToken);

/** The name that OCPP gives to a connector (ConnectorEnumType of 2.0.1). */
export function connectorType({ standard, format }: ConnectorConfig): string {
  switch (standard) {
    case "IEC_62196_T1":
      return "cType1";
    case "IEC_62196_T1_COMBO":
      return "cCCS1";
    case "IEC_62196_T2":
      return format === "CABLE" ? "cType2" : "sType2";
    case "IEC_62196_T2_COMBO":
      return "cCCS2";
    case "IEC_62196_T3A":
    case "IEC_62196_T3C":
      return "sType3";
    case "CHADEMO":
      return "cG105";
    case "TESLA_S":
      return "cTesla";
    case "IEC_60309_2_single_16":
      return "s309-1P-16A";
    case "IEC_60309_2_three_16":
      return "s309-3P-16A";
    case "IEC_60309_2_three_32":
      return "s309-3P-32A";
    case "IEC_60309_2_three_64":
      return "Other3Ph";
    case "DOMESTIC_E":
    case "DOMESTIC_F":
      return "sCEE-7-7";
    case "DOMESTIC_J":
      return "Other1PhMax16A";
    case "DOMESTIC_G":
      return "sBS1361";
    default:
      return standard satisfies never;
  }
}

// The configuration keys of 1.6 that this station has, as they truly are (9.1 to 9.3 and the security paper): what can
// be set is obeyed.

import { z } from "zod";
import { mostListedCards } from "../../station-port.js";
import { mostRoots } from "../../transport/kept-credentials.js";
import { mostPerMessage } from "../cards/local-list.js";
import type { RequestContext } from "../requests/request-context.js";
import { readRequest, textSchema } from "../requests/request-schemas.js";
import { takeNumber } from "../requests/setting-text.js";
import { intervalBounds } from "../requests/settings.js";
import { type Handlers, Reply } from "../rpc/rpc.js";
import { takePassword, usePassword } from "../security/basic-auth-password.js";
import { certSigningRepeatTimes, certSigningWaitMs } from "../security/certificate-renewal.js";
import { securityProfile, takeProfile16 } from "../security/security-profile.js";
import { webPaymentSettings } from "../web-payments/web-payment-setting.js";

/** Keys of one GetConfiguration. */
const mostKeys = 100;
const longestValue = 500;

type Key = {
  readonly name: string;
  readonly value: string | undefined;
  readonly set?: (value: string) => boolean;
  /** To be done once the CSMS has the answer to a value that was taken. */
  readonly afterwards?: () => void;
};

const getAsked = z.object({ key: z.array(textSchema(50)).max(mostKeys).optional() });
const setAsked = z.object({ key: textSchema(50), value: textSchema(longestValue) });

export function configuration(context: RequestContext): Handlers {
  return {
    GetConfiguration: (payload) => {
      const { key: wanted } = readRequest(getAsked, payload);
      const keys = keysOf(context);
      const find = (name: string): Key | undefined => keys.find((one) => one.name.toLowerCase() === name.toLowerCase());
      // A password can be written, never read.
      const found = (
        wanted === undefined || wanted.length === 0 ? keys : wanted.flatMap((name) => find(name) ?? [])
      ).filter(({ value }) => value !== undefined);
      const unknown = (wanted ?? []).filter((name) => find(name)?.value === undefined);
      return {
        configurationKey: found.map(({ name, value = "", set }) => ({
          key: name,
          readonly: set === undefined,
          value: value.slice(0, longestValue),
        })),
        ...(unknown.length === 0 ? {} : { unknownKey: unknown }),
      };
    },
    ChangeConfiguration: (payload) => {
      const { key, value } = readRequest(setAsked, payload);
      const found = keysOf(context).find(({ name }) => name.toLowerCase() === key.toLowerCase());
      if (found === undefined) return { status: "NotSupported" };
      if (found.set?.(value) !== true) return { status: "Rejected" };
      const answer = { status: "Accepted" };
      return found.afterwards === undefined ? answer : new Reply(answer, found.afterwards);
    },
  };
}

/** As the paper on dynamic codes puts the variables of 2.1 into keys. */
const webPaymentKeys = (context: RequestContext, id: number, evseId: string): readonly Key[] =>
  webPaymentSettings(context, id, evseId).map(({ name, value, set }) => ({
    name: `webPaymentsCtrlr.${id}.${name}`,
    value,
    ...(set === undefined ? {} : { set: (text: string) => set(text) === undefined }),
  }));

function keysOf(context: RequestContext): readonly Key[] {
  const { link, config, uplink, settings } = context;
  const { station, connectors, timing, authorisation } = config;
  const key = (name: string, value: string | number | boolean): Key => ({ name, value: String(value) });
  const seconds = (ms: number): number => Math.round(ms / 1000);
  const interval = (name: string, kind: keyof typeof intervalBounds, keep: (value: number) => void): Key => {
    const take = takeNumber(intervalBounds[kind], (value) => {
      keep(value);
      link.setIntervals({ [kind]: value });
    });
    return { name, value: String(link.intervals[kind]), set: (text) => take(text) === undefined };
  };
  const sampled = "Energy.Active.Import.Register,Power.Active.Import";
  return [
    key("AllowOfflineTxForUnknownId", authorisation.offline === "all"),
    key("AuthorizationCacheEnabled", authorisation.cacheLifetime > 0),
    {
      name: "AuthorizationKey",
      value: undefined,
      set: (value) => takePassword(context, value) === undefined,
      afterwards: () => usePassword(context),
    },
    key("AuthorizeRemoteTxRequests", false),
    key("CertificateStoreMaxLength", mostRoots),
    key("CertSigningRepeatTimes", certSigningRepeatTimes),
    key("CertSigningWaitMinimum", seconds(certSigningWaitMs)),
    key("ClockAlignedDataInterval", 0),
    key("ConnectionTimeOut", seconds(timing.authorisation)),
    key("ConnectorPhaseRotation", [0, ...connectors.map(({ id }) => id)].map((id) => `${id}.Unknown`).join(",")),
    key("CpoName", station.operator.name),
    key("GetConfigurationMaxKeys", mostKeys),
    interval("HeartbeatInterval", "heartbeatS", () => undefined),
    key("LocalAuthListEnabled", true),
    key("LocalAuthListMaxLength", mostListedCards),
    key("LocalAuthorizeOffline", authorisation.offline !== "none"),
    key("LocalPreAuthorize", true),
    interval("MeterValueSampleInterval", "meterValuesS", (meterValuesS) => settings.keep({ meterValuesS })),
    key("MeterValuesAlignedData", ""),
    key("MeterValuesSampledData", sampled),
    key("NumberOfConnectors", connectors.length),
    key("ReserveConnectorZeroSupported", true),
    key("ResetRetries", 0),
    {
      name: "SecurityProfile",
      value: String(securityProfile(context)),
      set: (value) => takeProfile16(context, value),
      afterwards: () => {
        if (context.credentials.upgrade?.state === "wanted") link.renew("another security profile");
      },
    },
    key("SendLocalListMaxLength", mostPerMessage),
    key("StopTransactionOnEVSideDisconnect", true),
    key("StopTransactionOnInvalidId", true),
    key("StopTxnAlignedData", ""),
    key("StopTxnSampledData", "Energy.Active.Import.Register"),
    key("SupportedFeatureProfiles", "Core,LocalAuthListManagement,Reservation,RemoteTrigger"),
    key("TransactionMessageAttempts", 2_147_483_647),
    key("TransactionMessageRetryInterval", seconds(uplink.backoff.first)),
    key("UnlockConnectorOnEVSideDisconnect", false),
    ...connectors.flatMap(({ id, evseId }) => webPaymentKeys(context, id, evseId)),
    interval("WebSocketPingInterval", "pingS", (pingS) => settings.keep({ pingS })),
  ];
}

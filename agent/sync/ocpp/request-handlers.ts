// All that a CSMS may ask, by dialect. Nothing is met with silence: what the standard knows and this station does not
// do is NotSupported, what the standard does not know either is NotImplemented.

import { availabilityHandlers, availabilityHandlers16 } from "./availability/availability-and-reset.js";
import { remoteControl, remoteControl16 } from "./availability/remote-control.js";
import { localList, localList16 } from "./cards/local-list.js";
import { reservations, reservations16 } from "./cards/reservation.js";
import type { RequestContext } from "./requests/request-context.js";
import { CallError, type Dialect } from "./rpc/frame.js";
import type { Handlers } from "./rpc/rpc.js";
import { certificateAnswers, certificateAnswers16 } from "./security/certificate-answers.js";
import { firmwareAnswers, firmwareAnswers16, logAnswers } from "./security/log-answers.js";
import { networkProfiles } from "./security/security-profile.js";
import { tariffAnswers } from "./tariffs/tariff-answers.js";
import { configuration } from "./variables/configuration.js";
import { reports } from "./variables/report.js";
import { variableAnswers } from "./variables/variable-answers.js";
import { dataTransfer, webPaymentStarted } from "./web-payments/web-payment-requests.js";

/**
 * Messages of a CSMS that each dialect knows and this station does not do; each takes in those of the dialect before
 * it.
 */
const not201 = [
  "CertificateSigned",
  "ClearChargingProfile",
  "ClearDisplayMessage",
  "ClearVariableMonitoring",
  "CostUpdated",
  "CustomerInformation",
  "DeleteCertificate",
  "GetChargingProfiles",
  "GetCompositeSchedule",
  "GetDisplayMessages",
  "GetInstalledCertificateIds",
  "GetMonitoringReport",
  "InstallCertificate",
  "PublishFirmware",
  "SetChargingProfile",
  "SetDisplayMessage",
  "SetMonitoringBase",
  "SetMonitoringLevel",
  "SetVariableMonitoring",
  "UnpublishFirmware",
];
const not21 = [
  ...not201,
  "AdjustPeriodicEventStream",
  "AFRRSignal",
  "ClearDERControl",
  "GetDERControl",
  "GetPeriodicEventStream",
  "NotifyAllowedEnergyTransfer",
  "RequestBatterySwap",
  "SetDERControl",
  "UpdateDynamicSchedule",
  "UsePriorityCharging",
];
const not16 = [
  "CertificateSigned",
  "ClearChargingProfile",
  "DeleteCertificate",
  "GetCompositeSchedule",
  "GetInstalledCertificateIds",
  "InstallCertificate",
];

const unsupported = (actions: readonly string[]): Handlers =>
  Object.fromEntries(
    actions.map((action) => [
      action,
      () => {
        throw new CallError("NotSupported", `this station does not do ${action}`);
      },
    ]),
  );

/** The answers to a CSMS, in the dialect that was agreed on for the connection. */
export function requestHandlers(context: RequestContext, dialect: Dialect): Handlers {
  switch (dialect) {
    case "ocpp1.6":
      // 1.6 has a word of its own for a charging profile that is not taken.
      return {
        ...unsupported(not16),
        SetChargingProfile: () => ({ status: "NotSupported" }),
        ...remoteControl16(context),
        ...reservations16(context),
        ...availabilityHandlers16(context),
        ...localList16(context),
        ...configuration(context),
        ...dataTransfer(context),
        ...logAnswers(context),
        ...firmwareAnswers16,
        ...(context.uplink.certificatesByCsms ? certificateAnswers16(context) : {}),
      };
    case "ocpp2.0.1":
      return { ...unsupported(not201), ...in2x(context) };
    case "ocpp2.1":
      return { ...unsupported(not21), ...in2x(context), ...tariffAnswers(context), ...webPaymentStarted(context) };
    default:
      return dialect satisfies never;
  }
}

const in2x = (context: RequestContext): Handlers => ({
  ...remoteControl(context),
  ...reservations(context),
  ...availabilityHandlers(context),
  ...localList(context),
  ...variableAnswers(context),
  ...dataTransfer(context),
  ...reports(context),
  ...networkProfiles(context),
  ...logAnswers(context),
  ...firmwareAnswers,
  ...(context.uplink.certificatesByCsms ? certificateAnswers(context) : {}),
});

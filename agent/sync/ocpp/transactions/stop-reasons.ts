// Why a session ended, in the words of each version of OCPP. Pure.
import type { StopReason } from "../../../core/cdr/settlement.js";
import type { Dialect } from "../rpc/frame.js";

type Words = {
  /** TransactionType.stoppedReason of 2.x. */
  readonly stopped: string;
  /** TransactionEventRequest.triggerReason of 2.x. */
  readonly trigger: string;
  /** StopTransaction.req reason of 1.6. */
  readonly in16: string;
};

/**
 * 2.x has no word for our own measuring and switching faults but AbnormalCondition; a pulled cable is
 * EVCommunicationLost (E10).
 */
const words: Readonly<Record<StopReason, Words>> = {
  Local: { stopped: "Local", trigger: "StopAuthorized", in16: "Local" },
  EVDisconnected: { stopped: "EVDisconnected", trigger: "EVCommunicationLost", in16: "EVDisconnected" },
  Remote: { stopped: "Remote", trigger: "RemoteStop", in16: "Remote" },
  DeAuthorized: { stopped: "DeAuthorized", trigger: "Deauthorized", in16: "DeAuthorized" },
  EnergyLimitReached: { stopped: "EnergyLimitReached", trigger: "EnergyLimitReached", in16: "Other" },
  TimeLimitReached: { stopped: "TimeLimitReached", trigger: "TimeLimitReached", in16: "Other" },
  CostLimitReached: { stopped: "LocalOutOfCredit", trigger: "ChargingStateChanged", in16: "Other" },
  PowerLoss: { stopped: "PowerLoss", trigger: "AbnormalCondition", in16: "PowerLoss" },
  Reboot: { stopped: "Reboot", trigger: "AbnormalCondition", in16: "Reboot" },
  // A restart by the word of a backend settles what runs first (2.x: B12; 1.6: 5.14).
  ImmediateReset: { stopped: "ImmediateReset", trigger: "ResetCommand", in16: "SoftReset" },
  HardReset: { stopped: "ImmediateReset", trigger: "ResetCommand", in16: "HardReset" },
  EmergencyStop: { stopped: "EmergencyStop", trigger: "AbnormalCondition", in16: "EmergencyStop" },
  MeterFault: { stopped: "Other", trigger: "AbnormalCondition", in16: "Other" },
  ContactorFault: { stopped: "Other", trigger: "AbnormalCondition", in16: "Other" },
  Other: { stopped: "Other", trigger: "AbnormalCondition", in16: "Other" },
};

/** CostLimitReached became a trigger of its own with 2.1. */
export function stopReasons(reason: StopReason, dialect: Dialect): Words {
  return reason === "CostLimitReached" && dialect === "ocpp2.1"
    ? { ...words.CostLimitReached, trigger: "CostLimitReached" }
    : words[reason];
}

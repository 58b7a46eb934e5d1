// What a CALL that was not answered with a CALLRESULT means for what it carried: sent again, in doubt, or refused.
import { heldOutcome, type Outcome } from "../../uplink.js";
import { CallError } from "./frame.js";
import { CallLost } from "./rpc.js";

/** `error` as `Call` rejects with it; anything else is thrown again. */
export function callOutcome(error: unknown, action: string): Exclude<Outcome, { kind: "accepted" }> {
  if (error instanceof CallLost)
    return error.sent
      ? { kind: "unsure", words: error.message }
      : { kind: "retry", countsAsAttempt: false, words: error.message };
  if (!(error instanceof CallError)) throw error;
  const said = `${action}: ${error.code}${error.message === "" ? "" : ` "${error.message}"`}`;
  switch (error.code) {
    case "RpcFrameworkError":
    case "InternalError":
    case "GenericError":
      return { kind: "retry", countsAsAttempt: true, words: said };
    case "NotImplemented":
    case "NotSupported":
      return heldOutcome(`the backend does not take ${action} (${said}): check the uplink's url and versions`);
    case "SecurityError":
      return heldOutcome(
        `the backend refuses this station (${said}): check the identity and its password or certificate`,
      );
    case "FormatViolation":
    case "MessageTypeNotSupported":
    case "OccurrenceConstraintViolation":
    case "PropertyConstraintViolation":
    case "ProtocolError":
    case "TypeConstraintViolation":
      return { kind: "refused", reason: said };
    default:
      return error.code satisfies never;
  }
}

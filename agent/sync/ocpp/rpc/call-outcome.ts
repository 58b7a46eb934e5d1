// What a CALL that was not answered with a CALLRESULT means for what it carried: sent again, in doubt, or refused.
import type { Outcome } from "../../uplink.js";
import { CallError } from "./frame.js";
import { CallLost } from "./rpc.js";

/**
 * `error` as `Call` rejects with it; anything else is thrown again. No answer at all counts as an attempt where the line
 * stood, or was lost at it after the peer had answered on it. What the standard means for the station or for the action as a whole (SecurityError,
 * NotSupported) is seen on single messages too: it counts as a failure to take this one, and whether it is the line the
 * next message shows. `knowsUs` = the peer has taken something on this connection: one that has forgotten us may refuse
 * all messages in any words, so its refusals are failures too.
 */
export function callOutcome(error: unknown, action: string, knowsUs = true): Exclude<Outcome, { kind: "accepted" }> {
  if (error instanceof CallLost) {
    if (!error.sent) return { kind: "retry", countsAsAttempt: false, words: error.message };
    return {
      kind: "unsure",
      ...(error.blame === undefined ? {} : { countsAsAttempt: true }),
      ...(error.blame === "line" ? { lineLost: true } : {}),
      words: error.message,
    };
  }
  if (!(error instanceof CallError)) throw error;
  const said = `${action}: ${error.code}${error.message === "" ? "" : ` "${error.message}"`}`;
  switch (error.code) {
    case "RpcFrameworkError":
    case "InternalError":
    case "GenericError":
      return { kind: "retry", countsAsAttempt: true, words: said };
    case "NotImplemented":
    case "NotSupported":
      return failedOutcome(`the backend does not take ${action} (${said}): check the uplink's url and versions`);
    case "SecurityError":
      return failedOutcome(
        `the backend refuses this station (${said}): check the identity and its password or certificate`,
      );
    case "FormatViolation":
    case "MessageTypeNotSupported":
    case "OccurrenceConstraintViolation":
    case "PropertyConstraintViolation":
    case "ProtocolError":
    case "TypeConstraintViolation":
      return knowsUs ? { kind: "refused", reason: said } : { kind: "retry", countsAsAttempt: true, words: said };
    default:
      return error.code satisfies never;
  }
}

/** A setting may be wrong, and a person must see it; or it is this message alone. */
const failedOutcome = (words: string): Extract<Outcome, { readonly kind: "retry" }> => ({
  kind: "retry",
  countsAsAttempt: true,
  fault: "uplink/unauthorised",
  words,
});

// What the control socket is asked about complaints: one taken for a driver who called, answered, closed.

import type { Language } from "../../config/languages.js";
import type { Moment } from "../../drivers/driver.js";
import type { ControlRequest } from "../control/control-socket.js";
import { requestedNumber, requestedSwitch, requestedText } from "../control/request-fields.js";
import type { Complaint } from "../core/complaints/complaint.js";
import type { Services } from "./services/services.js";

/** Does what is asked; answers the complaint as it stands then. Throws Failure. */
export function answerComplaintRequest(
  request: ControlRequest,
  { complaints, outboxes }: Pick<Services, "complaints" | "outboxes">,
  language: Language,
  now: Moment,
): Complaint {
  const number = requestedNumber(request["number"], "number");
  if (request.do === "complaint-open") {
    const { reason, text, contact } = request;
    return complaints.take(number, { reason, text, contact }, language, now);
  }
  const by = requestedText(request["by"], "by", 80);
  if (request.do === "complaint-answer") return complaints.answer(number, by, request["text"], now);
  const closed = complaints.close(number, by, requestedSwitch(request["credit"], "credit") ?? false, now);
  for (const outbox of outboxes) outbox.kick();
  return closed;
}

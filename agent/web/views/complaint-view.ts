// Beneath a receipt: what became of its complaints, and the form for one.
import { html } from "hono/html";
import { complaintReasons, longestComplaint, mostPerReceipt } from "../../core/complaints/complaint.js";
import { machineAnswer } from "../../core/complaints/machine-answer.js";
import { payloadOf, soldIn } from "../../core/receipt/receipt-payload.js";
import type { Linked } from "../link/frames.js";
import { complaintWords } from "../words/complaint-words.js";
import { timeFigure } from "./figures.js";
import type { Html, PageContext } from "./layout.js";

type ShownComplaint = Extract<Linked, { is: "issued" }>["complaints"][number];

export type ComplaintPart = {
  readonly link: string;
  readonly jws: string;
  readonly complaints: readonly ShownComplaint[];
  /** What was typed into a form that was not taken. */
  readonly refused?: { readonly reason: string; readonly text: string; readonly contact: string };
};

/** The complaints about a receipt and the form for another one; nothing where nothing was sold. */
export function complaintPart(context: PageContext, part: ComplaintPart): Html {
  const payload = payloadOf(part.jws);
  if (payload === undefined || soldIn(payload) === undefined) return html``;
  const words = complaintWords[context.language];
  const shown = part.complaints.map((one) => complaintSection(context, one));
  return html`<section class="complaints" id="complaints">
<h2>${words.wrong}</h2>
${shown}
${
  part.complaints.length === 0
    ? ""
    : html`<details open><summary>${words.stationSays}</summary>
<dl class="facts">${machineAnswer(payload, context.language).map(
        ({ label, value }) => html`<dt>${label}</dt><dd>${value}</dd>`,
      )}</dl></details>`
}
${part.complaints.length >= mostPerReceipt ? "" : complaintForm(context, part)}
</section>`;
}

function complaintSection(context: PageContext, complaint: ShownComplaint): Html {
  const { view, language } = context;
  const words = complaintWords[language];
  const { timeZone } = view.hello.station;
  const date = (atMs: number): string => timeFigure(timeZone, atMs, view.state.atMs, language);
  const { number, reason, text, dueMs, answers, end } = complaint;
  const outcome =
    end === undefined
      ? html`<p>${words.due(date(dueMs))}</p>`
      : html`<p><strong>${
          end.credit === undefined ? words.closed(date(end.atMs)) : words.credited(date(end.atMs), end.credit)
        }</strong></p>`;
  return html`<article class="notice" id="complaint-${number}"><h3>${words.number(number)}: ${words.reasons[reason]}</h3>
${text === undefined || text === "" ? "" : html`<blockquote>${text}</blockquote>`}
${answers.map(({ atMs, text: answer }) => html`<p>${words.answered(date(atMs))}: ${answer}</p>`)}
${outcome}</article>
`;
}

function complaintForm({ language }: PageContext, { link, refused }: ComplaintPart): Html {
  const words = complaintWords[language];
  const { reason = "", text = "", contact = "" } = refused ?? {};
  const choices = complaintReasons.map(
    (one) => html`<option value="${one}"${one === reason ? " selected" : ""}>${words.reasons[one]}</option>`,
  );
  return html`<form method="post" action="/r/${link}/complaint?lang=${language}">
${refused === undefined ? "" : html`<p class="bad" role="alert">${words.notTaken}</p>`}
<label for="reason">${words.about}</label><select id="reason" name="reason" required>${choices}</select>
<label for="said">${words.text}</label>
<textarea id="said" name="text" rows="5" maxlength="${longestComplaint}">${text}</textarea>
<label for="contact">${words.contact}</label>
<input id="contact" name="contact" maxlength="120" autocomplete="email" value="${contact}">
<p>${words.privacy}</p>
<button>${words.send}</button>
</form>`;
}

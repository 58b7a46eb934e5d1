// `/r/<secret>` when the session is over: the receipt as it is printed, and the files to keep. `/receipt`: how to find
// one when the link is lost.
import { html } from "hono/html";
import type { LaterReceipts } from "../../core/corrections/later-receipts.js";
import { sha256 } from "../../ledger/store/digest.js";
import { receiptMain } from "../../receipts/output/html.js";
import { framedPage, type Html, type PageContext, trusted } from "./layout.js";

export type ShownReceipt = {
  readonly link: string;
  readonly jws: string;
  readonly hasRecord: boolean;
  readonly later: LaterReceipts;
};

/** The page of a receipt. `more` = what follows beneath it. */
export function receiptPageOf(context: PageContext, receipt: ShownReceipt, more: Html = html``): Html {
  const { words, language } = context;
  const { link, jws, hasRecord, later } = receipt;
  const { title, markup } = receiptMain(jws, sha256, { language, later });
  const small = (about: string): Html | string => (about === "" ? "" : html` <small>${about}</small>`);
  const file = (ending: string, text: string, about = ""): Html =>
    html`<a class="button" href="/r/${link}.${ending}?lang=${language}">${text}${small(about)}</a> `;
  return framedPage(context, {
    title,
    kind: "receipt",
    body: html`${trusted(markup)}
<section class="keep"><h2>${words.keepReceipt}</h2>
<p class="row">${file("pdf", "PDF")}${file("txt", words.text)}${file("json", "JSON", words.forChecking)}
${hasRecord ? file("ocmf.xml", "OCMF", words.forChecking) : ""}</p></section>
${more}`,
  });
}

/** What was typed into the form of `/receipt`, and how the look-up ended. */
export type FindOutcome = {
  readonly typed: { readonly day: string; readonly evse: string; readonly four: string; readonly total: string };
  readonly bad: string;
};

/** The form that finds a receipt by what stands on it. */
export function findPageOf(context: PageContext, outcome?: FindOutcome): Html {
  const { view, words, language } = context;
  const { day = "", evse = "", four = "", total = "" } = outcome?.typed ?? {};
  const choices = view.hello.connectors.map(
    ({ id, evseId }) =>
      html`<option value="${evseId}"${evseId === evse ? " selected" : ""}>${words.bay(id)} · ${evseId}</option>`,
  );
  return framedPage(context, {
    title: words.findReceipt,
    body: html`<h1>${words.findReceipt}</h1>
<p class="place">${words.findHint}</p>
<form method="post" action="/receipt?lang=${language}">
${outcome === undefined ? "" : html`<p class="bad" role="alert">${outcome.bad}</p>`}
<label for="day">${words.day}</label><input id="day" name="day" type="date" required value="${day}">
<label for="evse">EVSE</label><select id="evse" name="evse" required>
${choices}
</select>
<label for="four">${words.lastFour}</label><p id="hint">${words.lastFourHint}</p>
<input id="four" name="four" required minlength="4" maxlength="4" pattern="[0-9A-Za-z]{4}" autocomplete="off"
autocapitalize="characters" spellcheck="false" aria-describedby="hint" value="${four}">
<label for="total">${words.total}</label><input id="total" name="total" required inputmode="decimal" maxlength="12"
autocomplete="off" pattern="[0-9]{1,7}([.,][0-9]{1,4})?" value="${total}">
<button>${words.find}</button>
</form>`,
  });
}

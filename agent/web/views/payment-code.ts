// The code of the page where a driver pays: large enough for any phone, and the same address as a link.
import { html } from "hono/html";
import { type CodeLevel, codeSvg, codeWidthMillimetres } from "../../receipts/output/qr-code.js";
import type { PushedConnector } from "../link/frames.js";
import { type Html, type PageContext, trusted } from "./layout.js";

/** CSS pixels of a module at least: fewer are not read from a screen by every phone. */
const modulePixels = 4;

const levels = { Low: "L", Medium: "M", Quartile: "Q", High: "H" } as const satisfies Record<string, CodeLevel>;

/** The figure alone, for a screen that nobody can follow a link on; nothing where there is no code. */
export function paymentFigure({ words }: PageContext, { payment }: PushedConnector): Html {
  if (payment === undefined) return html``;
  const level = levels[payment.quality];
  const side = Math.round(codeWidthMillimetres(payment.url, modulePixels, level) * 1000) / 1000;
  const code = trusted(codeSvg(payment.url, side, words.payByPhone, level));
  return html`<figure class="pay">${code}${words.payByPhone}</figure>`;
}

/** The figure, and its address as a link and as text. */
export function paymentSection(context: PageContext, connector: PushedConnector): Html {
  const { payment } = connector;
  if (payment === undefined) return html``;
  return html`<p><a class="pay" rel="noreferrer noopener" href="${payment.url}">${context.words.payByPhone}</a></p>
${paymentFigure(context, connector)}<p class="address">${payment.url}</p>`;
}

// Pages that only say something: what was not found, what is refused, what failed.
import { html } from "hono/html";
import { framedPage, type Html, type PageContext } from "./layout.js";

/** A page with a sentence and the ways on from it. */
export function messagePageOf(context: PageContext, text: string, refreshSeconds?: number): Html {
  const { words, language } = context;
  return framedPage(context, {
    title: text,
    ...(refreshSeconds === undefined ? {} : { refreshSeconds }),
    body: html`<h1>${text}</h1>
<p class="row"><a class="button" href="/?lang=${language}">${words.allBays}</a>
<a class="button" href="/receipt?lang=${language}">${words.findReceipt}</a></p>`,
  });
}

// The frame of every page: head, the operator on top, languages and help below.
import { html, raw } from "hono/html";
import { type Language, languages } from "../../../config/languages.js";
import type { StationView } from "../link/station-link.js";
import { pageWords } from "../words/page-language.js";
import type { PageWords } from "../words/page-words.js";

/** A piece of a page, in which every text is escaped. */
export type Html = ReturnType<typeof html>;

/** What every page is made from. */
export type PageContext = {
  readonly view: StationView;
  readonly language: Language;
  readonly words: PageWords;
  /** The path of this page, for the switch of languages. */
  readonly path: string;
  /** The addresses of style and script, with their digests. */
  readonly assets: { readonly style: string; readonly script: string };
};

export type FramedParts = {
  readonly title: string;
  readonly body: Html;
  /** What of the style it takes, beside that of every page. */
  readonly kind?: "receipt";
  /** Without script the page is asked for again after so many seconds. */
  readonly refreshSeconds?: number;
  /** Where the script listens for news. */
  readonly events?: string;
};

/** A number as a phone dials it; undefined where it is none. */
function dialled(helpline: string): string | undefined {
  return /^\+?\d[\d ()/.-]{3,30}$/.test(helpline) ? `tel:${helpline.replace(/[^+\d]/g, "")}` : undefined;
}

/** The helpline as a link where a phone can dial it. */
export function helpline(text: string): Html {
  const address = dialled(text);
  return address === undefined ? html`<span>${text}</span>` : html`<a href="${address}">${text}</a>`;
}

/** A whole page. */
export function framedPage(context: PageContext, { title, body, kind, refreshSeconds, events }: FramedParts): Html {
  const { view, language, words, path, assets } = context;
  const { operator } = view.hello.station;
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex,nofollow">
<meta name="color-scheme" content="light dark">
${refreshSeconds === undefined ? "" : html`<noscript><meta http-equiv="refresh" content="${refreshSeconds}"></noscript>`}
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets.style}">
${events === undefined ? "" : html`<script src="${assets.script}" type="module" data-events="${events}" id="news"></script>`}
</head>
<body>
<a class="skip" href="#main">${title}</a>
<header class="top"><div><p>${operator.name}</p><span>${words.help} ${helpline(operator.helpline)}</span></div></header>
<main id="main"${kind === undefined ? "" : html` class="${kind}"`}>
${body}
</main>
<footer class="foot"><div>
<nav aria-label="${words.language}"><ul>${languages.map((one) => languageItem(one, language, path))}</ul></nav>
</div></footer>
</body>
</html>
`;
}

function languageItem(one: Language, current: Language, path: string): Html {
  const { name } = pageWords[one];
  return one === current
    ? html`<li><span lang="${one}" aria-current="true">${name}</span></li>`
    : html`<li><a lang="${one}" hreflang="${one}" href="${path}?lang=${one}">${name}</a></li>`;
}

/** Text that is HTML already: it comes from a rendering of ours. */
export const trusted = (markup: string): Html => raw(markup);

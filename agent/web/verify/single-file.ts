// A page as one HTML file: script and style inside, allowed by their digests, and nothing else allowed at all. It works
// from a folder, from a station without a network, and over plain http. The same parts give the same bytes: a page
// can work its own file out again from the script and the style that it runs with.

import { base64, utf8 } from "../../core/number/bytes.js";
import type { HashFunction } from "../../core/signing/merkle.js";

export type PageParts = {
  readonly title: string;
  /** For who has scripts switched off. */
  readonly withoutScript: string;
  readonly style: string;
  readonly script: string;
  /** Whose work is in the script, as their licences ask. */
  readonly credits: string;
  /** What the page may ask for, beside its own script and style. */
  readonly mayFetch: "nothing" | "anywhere";
};

const source = (hash: HashFunction, text: string): string => `'sha256-${base64(hash(utf8(text)))}'`;

/** The page's own security policy, which it carries itself and a server sends as a header too. */
const pagePolicy = ({ style, script, mayFetch }: PageParts, hash: HashFunction): string =>
  [
    "default-src 'none'",
    `script-src ${source(hash, script)}`,
    `style-src ${source(hash, style)}`,
    ...(mayFetch === "nothing" ? [] : ["connect-src http: https:"]),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

/** The file's text. `hash` is SHA-256. */
export const singleFile = (parts: PageParts, hash: HashFunction): string =>
  [
    "<!doctype html>",
    `<!-- ${parts.credits} -->`,
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${pagePolicy(parts, hash)}">`,
    '<meta name="referrer" content="no-referrer">',
    '<meta name="robots" content="noindex">',
    `<title>${parts.title}</title>`,
    `<style>${parts.style}</style>`,
    "</head>",
    "<body>",
    `<noscript><p>${parts.withoutScript}</p></noscript>`,
    `<script>${parts.script}</script>`,
    "</body>",
    "</html>",
    "",
  ].join("\n");

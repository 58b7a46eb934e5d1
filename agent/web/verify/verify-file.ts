// verify.html: the verifier as a page in one file, and the words and the look that do not depend on its script.

import type { HashFunction } from "../../core/signing/merkle.js";
import { type PageParts, singleFile } from "./single-file.js";
import { verifyWords } from "./verify-words.js";

/** As the page looks: for a phone, in the sun, in the dark. State is never told by colour alone. */
export const verifyStyle = `
:root{color-scheme:light dark;--ink:#14181c;--soft:#4a5560;--line:#7d8790;--paper:#fff;--tint:#eef3f1;
--good:#0b5f49;--bad:#9b1c1c;--open:#6a4a00}
@media (prefers-color-scheme:dark){
:root{--ink:#eef1f3;--soft:#b3bdc6;--line:#87919a;--paper:#14181c;--tint:#1e2729;
--good:#7fd6b8;--bad:#ff9c94;--open:#f0c36a}}
*{box-sizing:border-box}
body{font:1.125rem/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;color:var(--ink);
background:var(--paper);margin:0}
main{max-width:42rem;margin:0 auto;padding:1.25rem 1rem 2rem}
h1{font-size:1.5rem;line-height:1.2;margin:0 0 .4rem}h2{font-size:1.125rem;margin:0 0 .3rem}
p{margin:.3rem 0 .8rem}.soft{color:var(--soft);font-size:1rem}
.verdict{border:.1875rem solid;border-radius:.25rem;padding:.8rem 1rem;margin:1rem 0}
.verdict h2{font-size:1.375rem}.verdict p{color:var(--ink);margin:.2rem 0 0}
.holds{color:var(--good)}.fails{color:var(--bad);border-style:double}.unproven{color:var(--open);border-style:dashed}
.verdict.verdict{border-left:.75rem solid}
.facts{display:grid;grid-template-columns:minmax(5rem,9rem) 1fr;gap:.3rem 1rem;
background:var(--tint);margin:1rem 0;padding:1rem;border-radius:.25rem}
.facts dt{color:var(--soft);font-size:1rem}.facts dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.facts h3{grid-column:1/-1;margin:0;font-size:1.125rem}
.print{font:1rem/1.6 ui-monospace,"Liberation Mono",monospace;overflow-wrap:anywhere;margin:.2rem 0 .6rem}
label{display:block;font-weight:600;margin:1rem 0 .25rem}
input,textarea{font:inherit;width:100%;padding:.5rem;color:var(--ink);
background:var(--paper);border:1px solid var(--line);border-radius:.25rem}
textarea{font:1rem/1.4 ui-monospace,"Liberation Mono",monospace;resize:vertical}
button{font:inherit;font-weight:600;padding:.6rem 1.1rem;margin:.6rem .5rem 0 0;color:var(--paper);background:var(--ink);
border:2px solid var(--ink);border-radius:.25rem;cursor:pointer}
:focus-visible{outline:.1875rem solid var(--good);outline-offset:.125rem}
summary{cursor:pointer;font-weight:600;padding:.4rem 0}
pre{font:.875rem/1.5 ui-monospace,"Liberation Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere;margin:.5rem 0}
@media (max-width:30rem){.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:.45rem}}
`;

/** The parts of verify.html around its script. */
export const verifyParts = (script: string, style = verifyStyle): PageParts => ({
  title: verifyWords.en.title,
  withoutScript:
    "This page checks receipts in your browser and needs its script for that. " +
    "Without scripts, use the command line: chargetill verify.",
  style,
  script,
  credits:
    "Holds parts of @noble/curves and @noble/hashes (MIT, (c) 2022 Paul Miller, paulmillr.com) and of qrcode " +
    "(MIT, (c) 2012 Ryan Day); their licences are in the source of chargetill.",
  mayFetch: "nothing",
});

/** verify.html around a script. */
export const verifyFile = (script: string, hash: HashFunction, style?: string): string =>
  singleFile(verifyParts(script, style), hash);

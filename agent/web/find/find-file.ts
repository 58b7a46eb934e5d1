// find.html: the operator's charge points on one page, for the operator's own site. The stations are named in a block of
// the file that is no script, so that an operator may change it.

import type { HashFunction } from "../../core/signing/merkle.js";
import { type PageParts, singleFile } from "../verify/single-file.js";
import { findWords } from "./find-words.js";

const findStyle = `
:root{color-scheme:light dark;--ink:#14181c;--soft:#4a5560;--line:#7d8790;--paper:#fff;--tint:#eef3f1;--accent:#0b5f49}
@media (prefers-color-scheme:dark){
:root{--ink:#eef1f3;--soft:#b3bdc6;--line:#87919a;--paper:#14181c;--tint:#1e2729;--accent:#7fd6b8}}
*{box-sizing:border-box}
body{font:1.125rem/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;color:var(--ink);
background:var(--paper);margin:0}
main{max-width:60rem;margin:0 auto;padding:1.25rem 1rem 2rem}
h1{font-size:1.5rem;line-height:1.2;margin:0 0 .6rem}h2{font-size:1.125rem;line-height:1.25;margin:0}
p{margin:.25rem 0}.soft{color:var(--soft);font-size:1rem}
.bar{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:0 0 1rem}
button{font:inherit;font-weight:600;padding:.55rem 1rem;color:var(--paper);background:var(--ink);border:2px solid var(--ink);
border-radius:.25rem;cursor:pointer}
label{display:inline-flex;gap:.5rem;align-items:center;min-height:2.75rem}input{width:1.25rem;height:1.25rem}
ul{list-style:none;margin:0;padding:0;display:grid;gap:.75rem}
@media (min-width:44rem){ul{grid-template-columns:1fr 1fr}}
li{border:1px solid var(--line);border-left:.5rem solid var(--line);border-radius:.25rem;padding:.75rem 1rem}
li.free{border-left-color:var(--accent)}li.dead,li.broken{border-style:dashed;border-left-style:solid}
.state{font-size:1.25rem;font-weight:700}
a{color:inherit;text-underline-offset:.2em;display:inline-block;padding:.3rem 0}
:focus-visible{outline:.1875rem solid var(--accent);outline-offset:.125rem}
`;

const findParts = (script: string): PageParts => ({
  title: findWords.en.title,
  withoutScript: "This page asks the stations itself and needs its script for that.",
  style: findStyle,
  script,
  credits:
    "Name your stations in the block below, as [&quot;https://ct1.example.org&quot;, …]: the addresses of their pages. " +
    "They are asked for /locations.json and /tariffs.json; nobody else is asked for anything.",
  mayFetch: "anywhere",
});

/** The block that names the stations. */
const stationsBlock = (stations: readonly string[]): string =>
  `<script type="application/json" id="stations">${JSON.stringify(stations).replaceAll("<", "\\u003c")}</script>`;

/** find.html around a script, for these stations. */
export const findFile = (script: string, hash: HashFunction, stations: readonly string[] = []): string =>
  singleFile(findParts(script), hash).replace("<body>", () => `<body>\n${stationsBlock(stations)}`);

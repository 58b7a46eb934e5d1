// verify.html in the browser: takes files, the text of a QR code and keys, and shows what the verifier finds. Nothing
// leaves the device: the page may not even ask.

import { utf8 } from "../../core/number/bytes.js";
import { type CheckResult, exitCode } from "../../core/verify/check-result.js";
import { rerate } from "../../core/verify/rerate.js";
import type { TrustedKeys } from "../../core/verify/trusted-keys.js";
import type { VerifyTools } from "../../core/verify/verify-receipt.js";
import { findingsText } from "../../receipts/dispute/findings-text.js";
import { type GivenFile, verifyGiven } from "../../receipts/dispute/given-evidence.js";
import type { BundleTools } from "../../receipts/dispute/opened-bundle.js";
import { pureCheck, pureSha256, recoverKeys } from "../../receipts/dispute/pure-es256.js";
import { browserLanguage, browserWindow, element, type PageElement, type PageFile } from "./dom.js";
import { keysIn } from "./given-keys.js";
import { type SeenReceipt, seenInCode, seenInFiles } from "./seen-receipts.js";
import { verifyFile } from "./verify-file.js";
import { verifyWords } from "./verify-words.js";

/** Put in by the bundler: config/receipt.schema.json, and the version of this program. */
declare const receiptSchema: VerifyTools["schema"];
declare const programVersion: string;

/** What a phone can hold and work through; the command line takes more. */
const largestFile = 64 * 1024 * 1024;

const language = browserLanguage();
const words = verifyWords[language];

const partText = (tag: string): string => browserWindow.document.querySelector(tag)?.textContent ?? "";
const tools: BundleTools = {
  hash: pureSha256,
  check: pureCheck,
  recover: recoverKeys,
  schema: receiptSchema,
  rerate,
  verifierPage: verifyFile(partText("script"), pureSha256, partText("style")),
};

let files: readonly GivenFile[] = [];

const result = element("div", { "aria-live": "polite" });
const chosen = element("input", { type: "file", multiple: "", id: "files" });
const code = element("textarea", { id: "code", rows: "3", spellcheck: "false", autocomplete: "off" });
const keys = element("textarea", {
  id: "key",
  rows: "3",
  spellcheck: "false",
  autocomplete: "off",
  "aria-describedby": "key-help",
});
const problem = element("p", { role: "alert" });

/** Checks what was given, and shows it. */
function show(): void {
  const scanned = code.value.trim();
  const typed = keys.value.trim();
  const pins = typed === "" ? { fingerprints: new Set<string>(), keys: [] } : keysIn(typed, pureSha256);
  problem.textContent = pins === undefined ? words.badKey : "";
  if (pins === undefined || (scanned === "" && files.length === 0)) return result.replaceChildren();
  result.replaceChildren(element("p", {}, words.working));
  // The browser draws that first.
  browserWindow.setTimeout(() => result.replaceChildren(...shown(scanned, pins)), 20);
}

function shown(scanned: string, pins: TrustedKeys): readonly PageElement[] {
  const findings = verifyGiven({ files, pins, ...(scanned === "" ? {} : { scanned }) }, tools, programVersion);
  const inCode = scanned === "" ? undefined : seenInCode(scanned, language);
  const seen = [...(inCode === undefined ? [] : [inCode]), ...seenInFiles(files, pureSha256, language)];
  const exit = exitCode(findings);
  const verdict = { 0: "holds", 1: "fails", 3: "unproven" } as const;
  const found = verdict[exit];
  const mark = { holds: "✓", fails: "✗", unproven: "?" }[found];
  return [
    element(
      "section",
      { class: `verdict ${found}`, "data-exit": String(exit) },
      element("h2", {}, `${mark} ${words[found]}`),
      element("p", {}, words[`${found}Means`]),
    ),
    ...seen.map(factsOf),
    ...(exit === 1 ? [] : fingerprintsIn(findings).map(fingerprintPart)),
    element(
      "details",
      exit === 1 ? { open: "" } : {},
      element("summary", {}, words.details),
      element("pre", { lang: "en", tabindex: "0" }, findingsText(findings)),
    ),
  ];
}

const factsOf = ({ title, rows }: SeenReceipt): PageElement =>
  element(
    "dl",
    { class: "facts", "aria-label": title },
    ...rows.flatMap(([label, value]) => [element("dt", {}, label), element("dd", {}, value)]),
  );

/** The fingerprints of the keys that nobody has vouched for yet. */
const fingerprintsIn = (findings: readonly CheckResult[]): readonly string[] => [
  ...new Set(
    findings
      .flatMap(({ checks }) => checks)
      .filter(({ verdict }) => verdict === "unproven")
      .flatMap(({ detail }) => detail.match(/sha256:[0-9a-f]{64}/) ?? []),
  ),
];

function fingerprintPart(fingerprint: string): PageElement {
  const same = element("button", { type: "button" }, words.same);
  same.addEventListener("click", () => {
    keys.value = [keys.value.trim(), fingerprint].filter((part) => part !== "").join("\n");
    show();
  });
  const grouped = fingerprint.replace("sha256:", "").replaceAll(/(.{4})(?=.)/g, "$1 ");
  return element(
    "section",
    {},
    element("h2", {}, words.fingerprint),
    element("p", { class: "print" }, `sha256: ${grouped}`),
    same,
  );
}

/** Takes files in; a public key among them goes to the keys. */
async function take(list: ArrayLike<PageFile>): Promise<void> {
  const taken: GivenFile[] = [];
  for (const file of Array.from(list)) {
    if (file.size > largestFile) {
      problem.textContent = `${file.name}: ${words.tooLarge}`;
      return;
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    const head = String.fromCharCode(...bytes.subarray(0, utf8(pemHead).length));
    if (head === pemHead) keys.value = `${keys.value.trim()}\n${new TextDecoder().decode(bytes)}`.trim();
    else taken.push({ name: file.name, bytes });
  }
  files = taken;
  show();
}
const pemHead = "-----BEGIN PUBLIC KEY-----";

function codeFromAddress(): void {
  const { hash } = browserWindow.location;
  if (!/C[TC]1/.test(hash)) return;
  code.value = legibleFragment(hash.slice(1));
  show();
}

/** A fragment as it was before the phone wrote some of its letters as %XX. */
function legibleFragment(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

browserWindow.document.title = words.title;
browserWindow.document.documentElement.setAttribute("lang", language);
const check = element("button", { type: "button" }, words.check);
check.addEventListener("click", show);
chosen.addEventListener("change", () => void take(chosen.files ?? []));
browserWindow.document.addEventListener("dragover", (event) => event.preventDefault());
browserWindow.document.addEventListener("drop", (event) => {
  event.preventDefault();
  void take(event.dataTransfer?.files ?? []);
});
browserWindow.addEventListener("hashchange", codeFromAddress);
browserWindow.document.body.append(
  element(
    "main",
    {},
    element("h1", {}, words.title),
    element("p", { class: "soft" }, words.lead),
    problem,
    result,
    element("label", { for: "files" }, words.files),
    chosen,
    element("p", { class: "soft" }, words.drop),
    element("label", { for: "code" }, words.code),
    code,
    element("label", { for: "key" }, words.key),
    keys,
    element("p", { class: "soft", id: "key-help" }, words.keyHelp),
    check,
    element("p", { class: "soft" }, words.ownCopy),
  ),
);
codeFromAddress();

// What a receipt has room for beside its bill: payment, card proof, limits of the grid, witnesses, calibration, provider,
// and the terms that were told with the price.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Settlement } from "../../../../agent/core/cdr/settlement.js";
import { canonicalText } from "../../../../agent/core/json/json-text.js";
import { receiptSheet } from "../../../../agent/core/print/receipt-sheet.js";
import { receiptText } from "../../../../agent/core/print/receipt-text.js";
import type { Issued } from "../../../../agent/core/receipt/issuing.js";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import { payloadOf } from "../../../../agent/core/receipt/receipt-payload.js";
import { signedJws } from "../../../../agent/core/signing/jws.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { receiptHtml } from "../../../../agent/receipts/output/html.js";
import { languages } from "../../../../config/languages.js";
import { chainOf, littleBook, meter, settlement, shownText, signer, startMs } from "../../../support/sample-receipt.js";

const test = suite("optional places of a receipt");
const tools = verifyTools();
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };
const minute = 60_000;
const book = littleBook(0);
const plain = settlement(2);

const everything: Partial<Settlement> = {
  token: { ...plain.token, provider: "Beispiel Mobil" },
  cardLevel: "2532-100",
  payment: {
    kind: "terminal",
    reference: "…4321",
    state: "booked",
    brand: "girocard",
    authorization: "A1B2C3",
    terminalId: "53004221",
    trace: "000231",
    bookedBy: "Beispiel Acquirer",
    held: "50.00",
    booked: "8.54",
    released: "41.46",
    owedBack: "0.00",
  },
  meter: { ...meter, calibratedUntil: "2031-12-31" },
  gridLimits: [
    { fromMs: startMs + 10 * minute, toMs: startMs + 20 * minute, limitW: 4_200, source: "grid operator" },
    { fromMs: startMs + 80 * minute, toMs: null, limitW: 0, source: "grid operator" },
  ],
  seen: { checkpoint: "example.org/chargetill/CT-0042\n1\nroot\n\n— witness AAAA\n", timestamp: "AE9wZW4=" },
};

const issued = (changes: Partial<Settlement> = everything) =>
  issueReceipt(settlement(2, changes), chainOf(book), signer, sha256);
const whole = issued();
const findings = (file: Issued) =>
  verifyEvidence([{ name: "receipt", text: receiptFileText(file, signer.spkiHex) }], pins, tools)
    .flatMap(({ checks }) => checks)
    .filter(({ verdict }) => verdict !== "holds");

type Loose = { [name: string]: Loose };
/** The receipt with a changed payload, signed again by the station itself. */
function resigned(change: (payload: Loose) => void): Issued {
  const payload = JSON.parse(JSON.stringify(payloadOf(whole.jws))) as Loose;
  change(payload);
  return { ...whole, jws: signedJws(canonicalText(payload), signer.keyId, signer) };
}

test("a receipt with every place filled holds, and says them word for word", () => {
  assert.equal(findings(whole), []);
  const payload = payloadOf(whole.jws);
  assert.is(payload?.kind, "sale");
  if (payload?.kind !== "sale") return;
  const { payment, cardLevel, gridLimits, token, meter: ofReceipt, shown } = payload.sale;
  assert.is(
    canonicalText({ payment, cardLevel, gridLimits, provider: token.provider, until: ofReceipt.calibratedUntil }),
    '{"cardLevel":"2532-100","gridLimits":[{"from":"2026-03-28T22:40:00.000+01:00","limitW":4200,' +
      '"source":"grid operator","to":"2026-03-28T22:50:00.000+01:00"},{"from":"2026-03-28T23:50:00.000+01:00",' +
      '"limitW":0,"source":"grid operator","to":null}],"payment":{"authorization":"A1B2C3","booked":"8.54",' +
      '"bookedBy":"Beispiel Acquirer","brand":"girocard","held":"50.00","kind":"terminal","owedBack":"0.00",' +
      '"reference":"…4321","released":"41.46","state":"booked","terminalId":"53004221","trace":"000231"},' +
      '"provider":"Beispiel Mobil","until":"2031-12-31"}',
  );
  assert.equal(shown, {
    text: shownText,
    at: "2026-03-28T22:25:00.000+01:00",
    terms: { language: "en", idleGraceMs: 0, noEnergyMs: 0, limits: {} },
  });
  assert.equal(payload.seen, everything.seen);
});

test("a receipt without them holds too, and bills the contract", () => {
  const bare = issued({});
  assert.equal(findings(bare), []);
  const payload = payloadOf(bare.jws);
  assert.equal(payload?.kind === "sale" ? payload.sale.payment : undefined, { kind: "contract", reference: "…78-X" });
});

test("each of them is printed, in every language and form", () => {
  for (const language of languages) {
    const sheet = receiptSheet(whole.jws, sha256, { language });
    for (const text of [receiptText(sheet, 80), receiptText(sheet, 32), receiptHtml(whole.jws, sha256, { language })]) {
      const flat = text.replaceAll(/\s+/g, " ").replaceAll("50,00", "50.00").replaceAll("41,46", "41.46");
      for (const words of [
        "Beispiel Mobil",
        "VDE-AR-E 2532-100",
        "girocard",
        "…4321",
        "A1B2C3",
        "53004221",
        "000231",
        "50.00 EUR",
        "41.46 EUR",
        "2031-12-31",
        "grid operator",
      ])
        assert.ok(flat.includes(words), `${words} in ${language}`);
    }
  }
});

test("a place that says something else than it may is refused", () => {
  const cases: readonly [RegExp, (payload: Loose) => void][] = [
    [/payment.state is not one of/, ({ sale }) => void (inside(sale, "payment")["state"] = "paid")],
    [/payment.kind is not one of/, ({ sale }) => void (inside(sale, "payment")["kind"] = "cash")],
    [/payment.held is not written as/, ({ sale }) => void (inside(sale, "payment")["held"] = "50 EUR")],
    [/"pan", which is not known/, ({ sale }) => void (inside(sale, "payment")["pan"] = "4111111111111111")],
    [/brand is not written as/, ({ sale }) => void (inside(sale, "payment")["brand"] = "a\nb")],
    [/cardLevel is not one of/, ({ sale }) => void (inside(sale)["cardLevel"] = "secure")],
    [/gridLimits has fewer/, ({ sale }) => void (inside(sale)["gridLimits"] = [])],
    [/calibratedUntil is not written/, ({ sale }) => void (inside(sale, "meter")["calibratedUntil"] = "2031")],
    [/language is not one of/, ({ sale }) => void (inside(sale, "shown", "terms")["language"] = "xx")],
    [/lacks "checkpoint"/, (payload) => void ((payload as Record<string, unknown>)["seen"] = {})],
  ];
  for (const [expected, change] of cases) {
    const [found] = findings(resigned(change));
    assert.match(found?.detail ?? "", expected);
  }
});

const inside = (value: Loose | undefined, ...path: readonly string[]): Record<string, unknown> =>
  path.reduce<Loose>((at, name) => at[name] ?? {}, value ?? {});

test("a price on the display that is not the tariff's is refused, and named", () => {
  const cheaper = { ...plain.shown, text: shownText.replace("0.595", "0.295") };
  const [found] = findings(issued({ shown: cheaper }));
  assert.is(found?.name, "price shown");
  assert.is(found?.verdict, "fails");
  assert.match(found?.detail ?? "", /"Energy: 0\.295 EUR per kWh .*" was shown, the tariff says "Energy: 0\.595 EUR/);
  // The station's own terms are part of what was shown.
  const terms = { language: "de", idleGraceMs: 0, noEnergyMs: 0, limits: {} } as const;
  assert.is(findings(issued({ shown: { ...plain.shown, terms } }))[0]?.verdict, "fails");
  const { terms: _, ...withoutTerms } = plain.shown;
  assert.is(findings(issued({ shown: withoutTerms }))[0]?.verdict, "skipped");
});

test.run();

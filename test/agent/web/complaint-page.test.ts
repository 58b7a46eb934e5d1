// "Something wrong?" beneath a receipt, from the form to the operator's credit; and the verifier beside it.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { complaintReasons } from "../../../agent/core/complaints/complaint.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { exitCode } from "../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../agent/core/verify/verify.js";
import { verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../agent/receipts/dispute/findings-text.js";
import { complaintWords } from "../../../agent/web/words/complaint-words.js";
import { languages } from "../../../config/languages.js";
import { PageBench } from "../../support/web/page-bench.js";

const noPins = { fingerprints: new Set<string>(), keys: [] };
const test = suite("complaints on the driver's page");

/** A bench with a receipt, and the link that leads to it. */
const withReceipt = async (work: (bench: PageBench, link: string) => Promise<void>): Promise<void> => {
  const bench = await PageBench.open();
  try {
    await bench.charging();
    const link = await bench.link();
    await bench.stopped();
    await work(bench, link);
    assert.equal(bench.notes, []);
  } finally {
    await bench.close();
  }
};
const said = { reason: "idle", text: "I left at nine <script>alert(1)</script>", contact: "ada@example.org" };

test("a complaint gets its number, its due date and the station's own answer at once, and the operator's later", () =>
  withReceipt(async (bench, link) => {
    const before = await bench.ask(`${link}?lang=en`);
    assert.match(before.text, /Something wrong\?[\s\S]*<option value="idle">The idle time/);
    assert.not.match(before.text, /What the station can say/);
    const sent = await bench.ask(`${link}/complaint?lang=en`, { form: said });
    assert.equal([sent.status, sent.headers.location], [303, `${link}?lang=en#complaint-1`]);
    const page = (await bench.ask(`${link}?lang=en`)).text;
    assert.match(page, /Complaint 1: The idle time/);
    assert.match(page, /I left at nine &lt;script&gt;/);
    assert.match(page, /You get an answer by \d/);
    assert.match(page, /What the station can say at once[\s\S]*Register end/);
    assert.not.ok(page.includes("ada@example.org"), "nobody else who has the link reads how to reach the driver");
    const { complaints } = bench.station.services;
    complaints.answer(1, "grace", "We have looked at the readings", bench.station.clock.now());
    complaints.close(1, "linus", true, bench.station.clock.now());
    const after = (await bench.ask(`${link}?lang=de`)).text;
    assert.match(after, /Der Betreiber hat am [^<]* geantwortet: We have looked at the readings/);
    assert.match(after, /mit Beleg 3 gutgeschrieben/);
    assert.match(after, /Gutgeschrieben durch Beleg 3/);
    const file = (await bench.ask(`${link}.json`)).text;
    const findings = verifyEvidence([{ name: "receipt", text: file }], noPins, verifyTools());
    assert.is(exitCode(findings), 3, "nothing contradicts, and no key was given");
    assert.match(findingsText(findings), /it was credited by receipt 3/);
    for (const name of ["grace", "linus"]) assert.not.ok(after.includes(name), "who did it is the operator's matter");
  }));

test("three complaints fill a link; what is not whole, not linked or sent from elsewhere is not taken", () =>
  withReceipt(async (bench, link) => {
    const { complaints } = bench.station.services;
    const send = async (form: Record<string, string>, path = `${link}/complaint?lang=en`, headers = {}) =>
      (await bench.ask(path, { form, headers })).status;
    assert.is(await send({ ...said, reason: "weather" }), 409);
    assert.is(await send({ ...said, text: "x".repeat(501) }), 409);
    assert.is(await send(said, `/r/${"A".repeat(22)}/complaint`), 404);
    assert.is(await send(said, `${link}/complaint`, { origin: "http://evil.example" }), 403);
    assert.is((await bench.ask(`${link}/complaint`, { method: "GET" })).status, 404, "nothing changes anything by GET");
    assert.is(complaints.all().length, 0);
    for (const reason of ["energy", "price", "time"]) assert.is(await send({ reason }), 303, reason);
    assert.is(await send({ reason: "time" }), 303, "said again it is the same");
    assert.is(complaints.all().length, 3);
    const full = await bench.ask(`${link}/complaint?lang=en`, { form: said });
    assert.is(full.status, 409);
    assert.is(complaints.all().length, 3);
    assert.not.match((await bench.ask(link)).text, /<form method="post" action="[^"]*complaint/);
  }));

test("a form that was not taken keeps what was typed", () =>
  withReceipt(async (bench, link) => {
    const { text } = await bench.ask(`${link}/complaint?lang=en`, { form: { ...said, contact: "x".repeat(200) } });
    assert.match(text, /could not be taken here/);
    assert.match(text, /<option value="idle" selected>/);
    assert.match(text, /I left at nine &lt;script&gt;/);
  }));

test("has words for every reason in every language", () => {
  for (const language of languages)
    for (const reason of complaintReasons) assert.ok(complaintWords[language].reasons[reason] !== "", language);
});

test("a receipt's code leads to the verifier of its own page, where a phone can open that from anywhere", async () => {
  const urlWith = async (page: object, verifyUrl?: string): Promise<string | undefined> => {
    const bench = await PageBench.open(
      () => page,
      ({ station: { verifyUrl: _, ...station }, ...config }) => ({
        ...config,
        station: verifyUrl === undefined ? station : { ...station, verifyUrl },
      }),
    );
    try {
      return payloadOf(bench.station.services.book.get(1)?.jws ?? "")?.station.verifyUrl;
    } finally {
      await bench.close();
    }
  };
  const proxied = { reach: "proxy", address: "https://ct1.example.org/", trustedProxies: ["127.0.0.1"] };
  assert.is(await urlWith(proxied), "https://ct1.example.org/verify");
  assert.is(await urlWith(proxied, "https://example.org/v"), "https://example.org/v");
  assert.is(await urlWith({ reach: "lan" }), undefined);
});

test("/verify is the file of the releases, with its own policy, packed for who asks", () =>
  withReceipt(async (bench) => {
    const file = readFileSync(new URL("../../../agent/web/verify.html", import.meta.url));
    const plain = await bench.ask("/verify");
    assert.ok(plain.bytes.equals(file));
    assert.match(
      String(plain.headers["content-security-policy"]),
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    const packed = await bench.ask("/verify.html", { headers: { "accept-encoding": "gzip" } });
    assert.is(packed.headers["content-encoding"], "gzip");
    assert.ok(packed.bytes.length < file.length / 2);
  }));

test.run();

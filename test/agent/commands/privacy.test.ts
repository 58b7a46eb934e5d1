// chargetill privacy, on a station that sold to one card: nothing for a driver holds the card, and it can be forgotten.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { privacyCommand } from "../../../agent/commands/privacy.js";
import type { Complaint } from "../../../agent/core/complaints/complaint.js";
import { issueReceipt } from "../../../agent/core/receipt/receipt.js";
import { exitCode } from "../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../agent/core/verify/verify.js";
import { Book } from "../../../agent/ledger/book/book.js";
import { sha256 } from "../../../agent/ledger/store/digest.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { viewComplaints } from "../../../agent/receipts/complaints/complaint-table.js";
import { Disclosures } from "../../../agent/receipts/disclosures.js";
import { pinsOf, verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { maskedJournal } from "../../../agent/receipts/dispute/masked-journal.js";
import { bookFileOf, sourceOver } from "../../../agent/receipts/output/exports.js";
import { forgetPerson, PersonRetention, tracesOf } from "../../../agent/receipts/privacy/forgetting.js";
import { openOperatorKey, operatorKeyFile, userNaming } from "../../../agent/receipts/privacy/operator-key.js";
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import { freshFolder } from "../../support/command.js";
import { chainOf, entriesOf, littleBook, sampleToken, settlement, signer } from "../../support/sample-receipt.js";
import { afterOneSale } from "../../support/street/asked-agent.js";

const privacy = suite("chargetill privacy");

/** What the command prints. */
async function printed(...args: readonly string[]): Promise<string> {
  const write = process.stdout.write;
  let out = "";
  process.stdout.write = (words: string | Uint8Array): boolean => {
    out += String(words);
    return true;
  };
  try {
    await privacyCommand().parseAsync([...args], { from: "user" });
  } finally {
    process.stdout.write = write;
  }
  return out;
}

/** A state folder with a start receipt and three sales to two cards: receipts 2 and 4 are of the same one. */
function soldTo(first: string, second: string) {
  const folder = freshFolder();
  const disk = new Disk();
  const key = openOperatorKey(storeIn(disk, folder));
  const named = userNaming("hashed", key);
  const issued = littleBook(0);
  for (const uid of [first, second, first]) {
    const token = { ...sampleToken, uid };
    const sale = settlement(issued.length + 1, { token, user: named(token, "WHITELIST") });
    issued.push(issueReceipt(sale, chainOf(issued), signer, sha256));
  }
  const book = Book.open(disk, join(folder, "book"));
  const disclosures = new Disclosures(disk, folder, 0);
  entriesOf(issued).forEach((entry, at) => {
    disclosures.keep(entry.number, issued[at]?.disclosures ?? []);
    book.append(entry);
  });
  return { folder, disk, book, disclosures, issued, name: named({ uid: first, type: "RFID" }, "WHITELIST").id };
}

const storeIn = (disk: Disk, folder: string) => ({
  folder,
  read: (path: string) => {
    const bytes = disk.read(path);
    return bytes === undefined ? undefined : { bytes, mode: disk.mode(path) };
  },
  write: (path: string, text: string) => disk.replace(path, Buffer.from(text)),
});

const [ada, ben] = ["04A23B1C5D6E80", "9F3C77E1"];

privacy(
  "a card is known beside its receipts until it is forgotten, and everything holds before and after",
  async () => {
    const { folder, book, disclosures, issued, name } = soldTo(ada, ben);
    const shown = async (...args: string[]): Promise<unknown> =>
      JSON.parse(await printed("show", "--data", folder, "--json", ...args));
    assert.equal(await shown("--card", ada), { receipts: [2, 4], known: [2, 4] });
    assert.equal(await shown("--card", ben), { receipts: [3], known: [3] });
    assert.equal(await shown(), { receipts: 4, known: { card: 3, contract: 3 } });
    assert.match(await printed("show", "--card", ada, "--data", folder), /card …6E80: 2 receipts: 2, 4\nknown whole/);

    const traces = await tracesOf(book, disclosures.of, { uid: ada, name });
    // A backend still waits for receipt 4.
    const some = await forgetPerson(disclosures, traces.known, (number) => number !== 4);
    assert.equal(some, { forgotten: [2], waiting: [4] });
    assert.equal(await forgetPerson(disclosures, traces.known, () => true), { forgotten: [4], waiting: [] });
    assert.equal(await shown("--card", ada), { receipts: [2, 4], known: [] });
    assert.equal(await shown("--card", ben), { receipts: [3], known: [3] });

    for (const page of readdirSync(join(folder, "disclosures"))) {
      const text = readFileSync(join(folder, "disclosures", page), "utf8");
      const told = text.replaceAll(/[A-Za-z0-9_-]{40,}/g, (one) => Buffer.from(one, "base64url").toString());
      assert.not.match(told, ada);
    }
    const source = sourceOver(book, disclosures.of);
    for (const isPersonal of [false, true]) {
      const text = bookFileOf(source, issued.at(-1)?.checkpoint ?? "", isPersonal);
      assert.not.match(text, ada);
      const found = verifyEvidence(
        [{ name: "book", text }],
        pinsOf([signer.keyId], () => ""),
        verifyTools(),
      );
      assert.is(exitCode(found), 0);
      // 3 x 8.54, and the totals are told.
      assert.match(JSON.stringify(found), /3 sales add up to 25\.62 EUR"/);
    }
  },
);

privacy("with age whose a receipt is is forgotten, page by page, but never before a backend has it", () => {
  const { disclosures, book } = soldTo(ada, ben);
  const known = (): number[] => [2, 3, 4].filter((number) => disclosures.of(number).length > 1);
  const retention = new PersonRetention(book, disclosures);
  assert.not(retention.forgetBefore(-1, () => true));
  assert.equal(known(), [2, 3, 4]);
  assert.not(retention.forgetBefore(1, (number) => number < 3));
  assert.equal(known(), [3, 4]);
  assert.not(retention.forgetBefore(1, () => true));
  assert.equal(known(), []);
});

privacy("the running agent forgets a card when it is asked", async () => {
  await afterOneSale(async (ask) => {
    const uid = scenarioCards.ada;
    assert.equal(await ask({ do: "privacy-forget", card: uid }), { forgotten: [2], waiting: [] });
    assert.equal(await ask({ do: "privacy-forget", card: uid }), { forgotten: [], waiting: [] });
  });
});

privacy("what is complained about waits, and is forgotten with its complaint when that is closed", async () => {
  await afterOneSale(async (ask, street) => {
    const card = scenarioCards.ada;
    const opened = (await ask({
      do: "complaint-open",
      number: 2,
      reason: "idle",
      text: "I left at nine",
    })) as Complaint;
    assert.is(opened.written?.text, "I left at nine");
    assert.equal(await ask({ do: "privacy-forget", card }), { forgotten: [], waiting: [2] });
    await ask({ do: "complaint-answer", number: 1, by: "grace", text: "We have looked" });
    const closed = (await ask({ do: "complaint-close", number: 1, by: "grace", credit: true })) as Complaint;
    assert.equal([closed.end?.outcome, closed.end?.credit], ["credited", 3]);
    const again = await ask({ do: "privacy-forget", card });
    assert.equal((again as { forgotten: number[] }).forgotten, [2]);
    const [row] = viewComplaints(new Disk(street.files), street.loaded.config.state);
    assert.equal([row?.written, row?.answers.map(({ by, text }) => [by, text])], [undefined, [["grace", ""]]]);
  });
});

privacy("the operator's key is made for its owner alone, kept, and refused where others may read it", () => {
  const folder = freshFolder();
  const made = openOperatorKey(storeIn(new Disk(), folder));
  const path = join(folder, operatorKeyFile);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.equal(openOperatorKey(storeIn(new Disk(), folder)), made);
  const bytes = readFileSync(path);
  const store = (mode: number, content: Uint8Array = bytes) => ({
    folder,
    read: () => ({ bytes: content, mode }),
    write: () => assert.unreachable("a key that is there is not written"),
  });
  assert.throws(() => openOperatorKey(store(0o640)), /others may read the operator key \(mode 640\)/);
  assert.throws(() => openOperatorKey(store(0o600, Buffer.from("secret"))), /not an operator key/);
  assert.equal(openOperatorKey({ ...store(0o440), credentials: "/run/credentials" }), made);
});

privacy("the journal that others get names nobody: cards and contracts by their end, disclosures gone", () => {
  const line =
    '{"seq":7,"event":{"type":"SessionBegan","opening":{"acceptance":{"token":{"uid":"04A1B2C3D4E5F6",' +
    '"contractId":"DE-ABC-C12345678-X","type":"RFID"},"authorizationReference":"REF-7788"}},' +
    '"signed":{"disclosures":["WyJ"],"jws":"eyJ"}}}';
  const [masked = ""] = maskedJournal([line]);
  assert.equal(JSON.parse(masked), {
    seq: 7,
    event: {
      type: "SessionBegan",
      opening: {
        acceptance: {
          token: { uid: "…E5F6", contractId: "…78-X", type: "RFID" },
          authorizationReference: "…7788",
        },
      },
      signed: { disclosures: [], jws: "eyJ" },
    },
  });
});

privacy.run();

// What bounds the page on the station's side: lines, tries, links.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TryLimit } from "../../../../agent/app/page/try-limit.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { SessionLinks } from "../../../../agent/receipts/session-links.js";
import { linkPattern } from "../../../../agent/web/link/frames.js";
import { LineReader } from "../../../../agent/web/link/line-reader.js";
import { freshFolder } from "../../../support/command.js";

const test = suite("the station's side of the page");

test("gives five tries, then none until the oldest is ten minutes old; whoever is right begins anew", () => {
  const limit = new TryLimit({ tries: 5, withinMs: 600_000 });
  for (let tries = 0; tries < 5; tries += 1) assert.is(limit.take("bay 1", tries * 1_000), 0);
  assert.is(limit.take("bay 1", 10_000), 590_000);
  assert.is(limit.take("bay 2", 10_000), 0);
  assert.is(limit.take("bay 1", 600_000), 0);
  assert.is.not(limit.take("bay 1", 600_000), 0);
  limit.forgive("bay 1");
  assert.is(limit.take("bay 1", 600_001), 0);
});

test("reads lines in any pieces, and stops at one that is too long", () => {
  const heard: string[] = [];
  let tooLong = 0;
  const reader = new LineReader(
    10,
    (line) => heard.push(line),
    () => (tooLong += 1),
  );
  for (const piece of ["ab", "c\nde", "f\n", "\n", "0123456789\n"]) reader.add(piece);
  assert.equal([heard, tooLong], [["abc", "def", "", "0123456789"], 0]);
  reader.add("0123456789x");
  assert.is(tooLong, 1);
});

test("leads each session's link to its receipt, the same link after a restart, until it is over", () => {
  const folder = freshFolder();
  const links = SessionLinks.open(new Disk(), folder);
  const link = links.linkOf("session 1");
  assert.match(link, linkPattern);
  assert.is.not(links.linkOf("session 2"), link);
  assert.is(links.receiptOf(link, 0), undefined);
  links.lead("session 1", 17, { atMs: 0, untilMs: 1_000 });
  const again = SessionLinks.open(new Disk(), folder);
  assert.equal(
    [again.linkOf("session 1"), again.receiptOf(link, 999), again.receiptOf(link, 1_000)],
    [link, 17, undefined],
  );
  assert.is(again.newest(), 17);
  again.lead("session 2", 18, { atMs: 2_000, untilMs: 3_000 });
  assert.not.match(readFileSync(join(folder, "session-links.json"), "utf8"), new RegExp(link), "what is over is gone");
});

test.run();

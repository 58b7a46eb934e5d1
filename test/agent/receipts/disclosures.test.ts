import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { Disclosures } from "../../../agent/receipts/disclosures.js";
import { VolatileFiles } from "../../support/volatile-files.js";

const test = suite("disclosures of receipts");

/** Forty receipts, in two pages, and what lies there. */
function kept(): { readonly files: VolatileFiles; readonly disk: Disk; readonly pages: readonly string[] } {
  const files = new VolatileFiles();
  const disk = new Disk(files);
  const disclosures = new Disclosures(disk, "/state", 0);
  for (let number = 1; number <= 40; number += 1) disclosures.keep(number, [`text-${number}`]);
  return { files, disk, pages: files.allFiles().filter((path) => path.endsWith(".json")) };
}

test("are there again after a start, on each page", () => {
  const { disk } = kept();
  const again = new Disclosures(disk, "/state", 40);
  assert.equal([again.of(1), again.of(33), again.of(40), again.of(41)], [["text-1"], ["text-33"], ["text-40"], []]);
});

test("of an old page that cannot be read are as good as forgotten, and end nothing", () => {
  const { files, disk, pages } = kept();
  files.tamper(pages[0] ?? "", Buffer.from("{"));
  const again = new Disclosures(disk, "/state", 40);
  assert.equal([again.of(1), again.of(33)], [[], ["text-33"]]);
});

test("whose newest page cannot be read are refused at the start, before anything is sold", () => {
  const { files, disk, pages } = kept();
  files.tamper(pages[1] ?? "", Buffer.from("{"));
  assert.throws(() => new Disclosures(disk, "/state", 40), /page-000002\.json/);
});

test.run();

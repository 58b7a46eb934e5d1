// The forecast of the disk: numbers by hand, words with no more digits than a forecast knows.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Book } from "../../../../agent/ledger/book/book.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { diskForecastText, forecastDisk, requiredFreeBytes } from "../../../../agent/ledger/upkeep/disk-forecast.js";
import { receipt } from "../../../support/ledger-life.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const test = suite("room on the disk");
const mib = 1024 * 1024;
const dayMs = 86_400_000;

test("what is kept free for the last session is not sold", () => {
  // 1 GiB less 16 MiB, in receipts of 48 KiB: 21 504; at fifty a day 430 days, fourteen months of thirty days.
  const diskForecast = requiredFreeBytes({ freeBytes: 1024 * mib, bytesPerReceipt: 48 * 1024, receiptsPerDay: 50 });
  assert.is(diskForecast.receipts, 21_504);
  assert.is(diskForecast.months, 14);
  assert.is(diskForecastText(diskForecast), "room for 21 000 receipts, about 14 months");
  assert.is(requiredFreeBytes({ freeBytes: 10 * mib, bytesPerReceipt: 1000, receiptsPerDay: 1 }).receipts, 0);
});

test("words fit the number", () => {
  const words = (receipts: number, months?: number): string =>
    diskForecastText({
      freeBytes: 0,
      bytesPerReceipt: 1,
      receiptsPerDay: 1,
      receipts,
      ...(months === undefined ? {} : { months }),
    });
  assert.is(words(7, 0), "room for 7 receipts, less than a month");
  assert.is(words(1234, 1), "room for 1 200 receipts, about 1 month");
  assert.is(words(9_876_543, 240), "room for 9 800 000 receipts, about 20 years");
  assert.is(words(9_876_543, 9_000), "room for 9 800 000 receipts, more than 50 years");
  assert.is(words(100_000), "room for 100 000 receipts");
});

test("a pace is that of the last month, or since the first receipt; size is measured with copies and evidence", () => {
  const files = new VolatileFiles({ capacityBytes: 64 * mib });
  const disk = new Disk(files);
  const book = Book.open(disk, "/state/book", { pageEntries: 4 });
  const nowMs = Date.UTC(2026, 10, 24);
  // Ten long ago, then three a day for ten days.
  for (let number = 1; number <= 40; number += 1)
    book.append({
      ...receipt(number),
      issuedMs: number <= 10 ? nowMs - 100 * dayMs : nowMs - 10 * dayMs + Math.floor((number - 11) / 3) * dayMs,
    });
  disk.makeFolder("/state/journal/closed");
  disk.replace("/state/journal/closed/segment-00000001.jsonl.gz", Buffer.alloc(4_000));
  disk.makeFolder("/state/receipts");
  for (const name of ["receipt-000040.json", "receipt-000040.txt"])
    disk.replace(`/state/receipts/${name}`, Buffer.alloc(5_000));
  const diskForecast = forecastDisk(disk, { state: "/state", receiptOutput: { folder: "receipts" } }, book, nowMs);
  assert.is(diskForecast.receiptsPerDay, 1);
  assert.is(diskForecast.bytesPerReceipt, (book.bytesPerReceipt ?? 0) + 100 + 10_000);
  assert.is(diskForecast.receipts, Math.floor((disk.free("/state").bytes - 16 * mib) / diskForecast.bytesPerReceipt));
  const young = forecastDisk(disk, { state: "/state" }, Book.view(new Disk(new VolatileFiles()), "/none"), nowMs);
  assert.is(young.months, undefined);
});

test.run();

// The address of a receipt on the driver's page, as it is printed on the roll.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { writeReceiptFiles } from "../../../agent/receipts/output/receipt-files.js";
import { printedAddress, SessionLinks, sessionLinksFile } from "../../../agent/receipts/session-links.js";
import type { Config } from "../../../config/schema.js";
import { freshFolder } from "../../support/command.js";
import { littleBook } from "../../support/sample-receipt.js";
import { testStationConfig } from "../../support/station/test-station.js";

const test = suite("the printed address of a receipt");

const page: NonNullable<Config["page"]> = {
  listen: { host: "127.0.0.1", port: 8080 },
  reach: "proxy",
  address: "https://ct-0001.example.org",
  trustedProxies: ["127.0.0.1"],
  socket: "/run/chargetill-page/page.sock",
  links: 86_400_000,
  stop: false,
};
const sale = littleBook(1).find(({ jws }) => payloadOf(jws)?.kind === "sale");
if (sale === undefined) throw new Error("the sample book has a sale");

test("is that of its session's link, and stands on the roll behind the code that checks it", () => {
  const state = freshFolder();
  const address = printedAddress(new Disk(), { page, state })(sale.jws);
  const payload = payloadOf(sale.jws);
  const sessionId = payload?.kind === "sale" ? payload.sale.sessionId : "";
  assert.is(address, `${page.address}/r/${SessionLinks.open(new Disk(), state).linkOf(sessionId)}`);
  const device = join(freshFolder(), "lp0");
  writeFileSync(device, "");
  const { config } = testStationConfig((plain) => ({
    ...plain,
    receiptOutput: { printer: { device, columns: 32 as const } },
  }));
  const signed = { number: 2, jws: sale.jws, address } as Parameters<typeof writeReceiptFiles>[2];
  writeReceiptFiles(new Disk(), config, signed, (why) => assert.unreachable(why));
  const roll = readFileSync(device, "latin1");
  assert.ok(roll.replaceAll("\n", "").includes(address ?? "none"));
  assert.ok(roll.length < 8_192, `${roll.length} bytes: Linux's usblp takes no more at once`);
});

test("is not printed where only a phone at the station could open it, nor where its table is damaged", () => {
  const state = freshFolder();
  assert.is(printedAddress(new Disk(), { state })(sale.jws), undefined);
  for (const reach of ["lan", "hotspot"] as const)
    assert.is(printedAddress(new Disk(), { page: { ...page, reach }, state })(sale.jws), undefined);
  writeFileSync(join(state, sessionLinksFile), "spoilt");
  assert.is(printedAddress(new Disk(), { page, state })(sale.jws), undefined);
});

test("a backup gave away the key of all links to come: INSTALL.md leaves it out, and a station begins without it", () => {
  const notes = readFileSync(new URL("../../../../systemd/INSTALL.md", import.meta.url), "utf8");
  const backup = /### Backup and restore\n([\s\S]*?)\n### /.exec(notes)?.[1] ?? "";
  const left = [sessionLinksFile, `${sessionLinksFile}.made`];
  for (const name of [...left, "operator.key"]) assert.ok(backup.includes(name), name);
  const state = freshFolder();
  const before = SessionLinks.open(new Disk(), state).linkOf("session 1");
  assert.equal(readdirSync(state).sort(), left);
  for (const name of left) rmSync(join(state, name));
  assert.is.not(SessionLinks.open(new Disk(), state).linkOf("session 1"), before);
});

test.run();

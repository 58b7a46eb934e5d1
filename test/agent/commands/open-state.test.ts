// What the commands read from the state folder beside a running agent: its shape is proven, not taken for granted.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openReceiptSources } from "../../../agent/commands/open-state.js";
import { Failure } from "../../../agent/core/failure.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { Table } from "../../../agent/ledger/store/table.js";
import { issuerStateFile } from "../../../agent/receipts/issuer-state.js";
import { emptyIssuerState } from "../../../agent/receipts/receipt-chain.js";

const test = suite("the state that commands open");

/** A state folder whose receipt chain is whole on the disk and holds `value`. */
function folderWith(value: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), "chargetill-open-state-"));
  Table.open(new Disk(), join(folder, issuerStateFile), (read) => read, value);
  return folder;
}

test("a receipt chain of another shape is named with its field, not handed on", () => {
  const { checkpoint: _, ...chain } = emptyIssuerState.chain;
  const folder = folderWith({ ...emptyIssuerState, chain });
  assert.throws(
    () => openReceiptSources({ data: folder }).newest(),
    (error: unknown) =>
      error instanceof Failure &&
      error.code === "table/damaged" &&
      error.message.includes(issuerStateFile) &&
      error.message.includes("chain.checkpoint"),
  );
});

test("a receipt chain of the right shape gives its checkpoint", () => {
  const folder = folderWith({ ...emptyIssuerState, chain: { ...emptyIssuerState.chain, checkpoint: "signed" } });
  assert.is(openReceiptSources({ data: folder }).newest(), "signed");
});

test.run();

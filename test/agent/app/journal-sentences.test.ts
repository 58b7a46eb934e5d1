// The log in the systemd journal: sentences with priorities, by which `journalctl -p err` finds what is wrong.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { statusLine } from "../../../agent/app/agent-snapshot.js";
import { goesToJournal, journalSentence } from "../../../agent/app/journal-sentences.js";
import { SystemdStatus } from "../../../agent/app/systemd-notifier.js";
import type { Snapshot } from "../../../agent/station/snapshot.js";
import { RunningCommand } from "../../support/command.js";

const test = suite("the log in the journal");
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..");

test("faults are errors, a backend that is away is a warning, what happens is information", () => {
  const line = (fields: object): string => journalSentence(JSON.stringify({ time: "2026-11-24T12:00:00Z", ...fields }));
  assert.is(line({ level: 30, msg: "connector 1: receipt 2 signed" }), "<6>connector 1: receipt 2 signed\n");
  assert.is(line({ level: 40, msg: "uplink backend: offline" }), "<4>uplink backend: offline\n");
  assert.is(
    line({ level: 50, msg: "FAULT meter/timeout at connector 1: no answer", remedy: "check the line" }),
    "<3>FAULT meter/timeout at connector 1: no answer; to do: check the line\n",
  );
  assert.is(line({ level: 20, msg: "sent 8 bytes" }), "<7>sent 8 bytes\n");
  assert.is(line({ level: 50, msg: "first\nsecond" }), "<3>first\n<3>second\n");
});

test("the form follows where the output goes: systemd names the journal's stream", () => {
  assert.is(goesToJournal({ JOURNAL_STREAM: "8:12345" }), true);
  assert.is(goesToJournal({}), false);
});

test("under systemd the running station logs sentences, and one that was told to keeps to JSON", async () => {
  const demo = readFileSync(join(root, "config", "demo.yaml"), "utf8");
  for (const [format, begins] of [
    ["auto", /^<6>chargetill .* at station CT-DEMO/m],
    ["json", /^\{"level":30,/m],
  ] as const) {
    const folder = mkdtempSync(join(tmpdir(), "chargetill-journal-"));
    const text = demo
      .replace("state: /var/lib/chargetill-demo", `state: ${join(folder, "state")}\nlog: { format: ${format} }`)
      .replace("tariffs/standard.json", join(root, "config", "tariffs", "standard.json"))
      .replace(/^uplinks:[\s\S]*$/m, "");
    writeFileSync(join(folder, "station.yaml"), text);
    const agent = new RunningCommand(["run", "--config", join(folder, "station.yaml")], { JOURNAL_STREAM: "8:1" });
    await agent.until(begins);
    agent.kill("SIGTERM");
    assert.is((await agent.ended).code, 0);
  }
});

/** A connector in each state; the states of those that are out of order end in "!". */
const snapshot = (states: readonly string[], closed?: string): Snapshot =>
  ({
    selling: closed === undefined,
    ...(closed === undefined ? {} : { closed }),
    connectors: states.map((state) => ({ state, ...(state.endsWith("!") ? { blocked: "no meter answers" } : {}) })),
  }) as unknown as Snapshot;

test("systemctl status says how many connectors are in order, each time that it changes", () => {
  const sent: string[] = [];
  let now: Snapshot | undefined;
  const status = new SystemdStatus(
    (word) => sent.push(word),
    () => (now === undefined ? undefined : statusLine(now)),
  );
  for (const each of [
    undefined,
    snapshot(["available", "charging"]),
    snapshot(["charging", "available"]),
    snapshot(["available", "occupied!"]),
    snapshot(["out-of-order!"], "the disk is full\nfree some"),
    snapshot(["available"]),
  ]) {
    now = each;
    status.tell();
  }
  assert.equal(sent, [
    "STATUS=selling: 2 of 2 connectors in order",
    "STATUS=selling: 1 of 2 connectors in order",
    "STATUS=not selling: the disk is full",
    "STATUS=selling: 1 of 1 connector in order",
  ]);
});

test.run();

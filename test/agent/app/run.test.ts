// `chargetill run` as systemd and a technician meet it: status, the remote word, the lock, signals, kills, faults at
// start, exit codes.
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chargetill } from "../../support/cli/command-here.js";
import { startAgent, untilAnswers } from "../../support/cli/started-agent.js";
import { chargetillProcess, freshFolder, RunningCommand } from "../../support/command.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..");
const demo = readFileSync(join(root, "config", "demo.yaml"), "utf8");
const tariff = readFileSync(join(root, "config", "tariffs", "standard.json"), "utf8");

/** A station of its own on the bench, `speed` times as fast as life, without a backend. */
function station(
  change: (text: string) => string = (text) => text,
  speed = 240,
): { folder: string; config: string; tariff: string } {
  const folder = freshFolder();
  const config = join(folder, "station.yaml");
  const text = demo
    .replace("state: /var/lib/chargetill-demo", `state: ${join(folder, "state")}`)
    .replace("speed: 1", `speed: ${speed}`)
    .replace("tariffs/standard.json", join(folder, "standard.json"))
    .replace(/^uplinks:[\s\S]*$/m, "");
  writeFileSync(config, change(text));
  writeFileSync(join(folder, "standard.json"), tariff);
  return { folder, config, tariff: join(folder, "standard.json") };
}
const began = /"type":"session-began","at":\d+,"connector":1/;
const receiptOf = (
  folder: string,
  number: number,
): {
  kind: string;
  sale: {
    stop: { reason: string; detail: string };
    interruptions: unknown[];
    energyKwh: string;
    price: { due: { gross: string } };
  };
} => {
  const { jws } = JSON.parse(
    readFileSync(join(folder, "state", "receipts", `receipt-00000${number}.json`), "utf8"),
  ) as { jws: string };
  return JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString("utf8"));
};

const test = suite("chargetill run");

test("status and the remote word reach the running agent; what is not charging is not stopped", async () => {
  const { folder, config } = station((text) => text, 120);
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(began);
  const status = await chargetill("status", "--config", config);
  assert.is(status.code, 0, status.err);
  assert.match(status.out, /connector 1 \(DE\*CTL\*E0001\*1\): charging/);
  assert.match(status.out, /connector 2 .*: free/);
  assert.not.match(status.out, /04A23B1C5D6E80/);
  const wrong = await chargetill("stop", "2", "--config", config);
  assert.is(wrong.code, 1);
  assert.match(wrong.err, /connector 2 is not charging \(available\)/);
  const stop = await chargetill("stop", "1", "--config", config);
  assert.is(stop.code, 0, stop.err);
  await agent.until(/"type":"receipt","at":\d+,"connector":1/);
  assert.equal([receiptOf(folder, 2).sale.stop.reason], ["Remote"]);
  for (const reason of [" ", "two\nlines", "x".repeat(201)]) {
    const refused = await chargetill("receipts", "credit", "2", "--reason", reason, "--config", config);
    assert.is(refused.code, 1);
    assert.match(refused.err, /the reason is one line of 1 to 200 characters/);
  }
  const { gross } = receiptOf(folder, 2).sale.price.due;
  const settle = (...words: string[]) => chargetill("receipts", "settle", "2", "--config", config, ...words);
  const paid = await settle("--reference", "PSP-1", "--status", "settled");
  assert.is(paid.out, `receipt 2: payment PSP-1 settled, ${gross} EUR\n`, paid.err);
  const again = await settle("--reference", "PSP-1", "--status", "settled", "--amount", gross, "--json");
  const answer = JSON.parse(again.out) as { payment: { amount: string }; known: boolean };
  assert.equal([answer.payment.amount, answer.known], [gross, true]);
  const other = await settle("--reference", "PSP-1", "--status", "settled", "--amount", "0.015");
  assert.equal([other.code, /at most 2 decimals/.test(other.err)], [1, true], other.err);
  assert.is((await settle("--reference", "PSP-2", "--status", "paid")).code, 2);
  const tooMuch = ["--reference", "PSP-3", "--status", "settled", "--amount", "899.00"];
  const asked = await settle(...tooMuch);
  assert.is(asked.code, 1);
  assert.match(asked.err, `899.00 EUR is not the receipt's total, which is ${gross}`);
  assert.not.match((await settle(...tooMuch, "--yes")).err, "not the receipt's total");
  const shown = await chargetill("receipts", "show", "2", "--config", config);
  assert.match(
    shown.out,
    new RegExp(
      `Payment \\(not part of the signed receipt\\):\n  settled ${gross.replace(".", "\\.")} EUR, reference PSP-1, `,
    ),
  );
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
});

test("a second agent on the same state folder is turned away with the first one's pid", async () => {
  const { folder, config } = station((text) => text, 60);
  const agent = await startAgent(config);
  const second = await chargetillProcess("run", "--config", config);
  assert.is(second.code, 1);
  assert.match(second.err, /another agent runs on this state folder \(process \d+, since/);
  assert.not.match(second.err, /\n\s+at /);
  const played = await chargetillProcess("demo", "--once", "--data", join(folder, "state"));
  assert.is(played.code, 1, "a demo that is turned away ends");
  assert.match(played.err, /another agent runs on this state folder/);
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
});

test("SIGTERM while charging opens the contactor and leaves the session to the next start, which settles it", async () => {
  const { folder, config } = station();
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(began);
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
  assert.not.ok(existsSync(join(folder, "state", "receipts", "receipt-000002.json")));
  const next = new RunningCommand(["run", "--config", config]);
  await next.until(/"type":"receipt"/);
  const { sale } = receiptOf(folder, 2);
  assert.is(sale.stop.reason, "Reboot");
  assert.is(sale.interruptions.length, 1);
  next.kill("SIGTERM");
  assert.is((await next.ended).code, 0);
});

test("after SIGKILL while charging there is one receipt, its energy is the meter's, and it verifies", async () => {
  const { folder, config } = station();
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/"type":"price-changed"/);
  agent.kill("SIGKILL");
  assert.is((await agent.ended).signal, "SIGKILL");
  const next = new RunningCommand(["run", "--config", config]);
  await next.until(/"type":"receipt"/);
  next.kill("SIGTERM");
  assert.is((await next.ended).code, 0);
  const { sale } = receiptOf(folder, 2);
  assert.is(sale.stop.reason, "Reboot");
  assert.ok(Number(sale.energyKwh) > 1);
  const verdict = await chargetill(
    "verify",
    "--key",
    join(folder, "state", "station.pub.pem"),
    join(folder, "state", "receipts", "receipt-000002.json"),
  );
  assert.is(verdict.code, 0, verdict.out);
});

test("a tariff that cannot be read sells nothing, says why, and is tried again until it can", async () => {
  const { config, tariff: file } = station((text) => text, 300);
  writeFileSync(file, tariff.replace('"start_time"', '"start_tme"'));
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/tariff\/unreadable/);
  await untilAnswers(agent, config);
  const status = await chargetill("status", "--config", config);
  assert.is(status.code, 1);
  assert.match(status.out, /NOT SELLING: .*standard\.json:\d+:\d+: .*start_tme/);
  writeFileSync(file, tariff);
  await agent.until(/"type":"started"/);
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
});

test("a damaged journal sells nothing and is named with its file; nothing is thrown away", async () => {
  const { folder, config } = station();
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/"type":"price-changed"/);
  agent.kill("SIGKILL");
  await agent.ended;
  const journal = join(folder, "state", "journal", "segment-00000001.jsonl");
  const bytes = readFileSync(journal);
  const middle = Math.floor(bytes.length / 3);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(journal, bytes);
  const next = new RunningCommand(["run", "--config", config]);
  await next.until(/journal\/damaged/);
  await untilAnswers(next, config);
  const status = await chargetill("status", "--config", config);
  assert.match(status.out, /NOT SELLING: .*segment-00000001\.jsonl/);
  next.kill("SIGTERM");
  assert.is((await next.ended).code, 0);
  assert.equal(readFileSync(journal), bytes);
});

test("a signing key that others may read is refused until it is mended", async () => {
  const { folder, config } = station((text) => text, 300);
  const first = await startAgent(config);
  first.kill("SIGTERM");
  await first.ended;
  const key = join(folder, "state", "station.key");
  assert.is(statSync(key).mode & 0o777, 0o600);
  chmodSync(key, 0o644);
  const next = new RunningCommand(["run", "--config", config]);
  await next.until(/key\/unusable.*chmod 600/);
  chmodSync(key, 0o600);
  await next.until(/"type":"started"/);
  next.kill("SIGTERM");
  assert.is((await next.ended).code, 0);
});

test.run();

const exits = suite("exit codes and words");

exits("a config fault ends with 78 and file, line and column", async () => {
  const { config } = station((text) => text.replace("poll: 400ms", "pol: 400ms"));
  const ended = await chargetillProcess("run", "--config", config);
  assert.is(ended.code, 78);
  assert.match(ended.err, /station\.yaml:\d+:\d+: readers\.front\.pol: unknown key, did you mean "poll"\?/);
});

exits("config check ends with 0 for the example and 1 for a fault", async () => {
  assert.is((await chargetill("config", "check", join(root, "config", "station.example.yaml"))).code, 0);
  const { config } = station((text) => text.replace("tariff: standard", "tariff: standrad"));
  const bad = await chargetill("config", "check", config);
  assert.is(bad.code, 1);
  assert.match(bad.err, /connectors\[0\]\.tariff: no tariff file holds "standrad"; they hold: standard/);
});

exits("a command that does not exist, or a wrong option, ends with 2", async () => {
  assert.is((await chargetill("sell")).code, 2);
  assert.is((await chargetill("demo", "--seed", "seven")).code, 2);
  assert.is((await chargetill("--help")).code, 0);
});

exits("a state folder that is not there, or a public key that is none, gets a word and no stack", async () => {
  const folder = freshFolder();
  const missing = await chargetill("receipts", "list", "--data", join(folder, "none"));
  assert.is(missing.code, 2);
  assert.match(missing.err, /no such state folder/);
  writeFileSync(join(folder, "station.pub.pem"), "-----BEGIN PUBLIC KEY-----\nZ");
  const key = await chargetill("key", "show", "--data", folder);
  assert.is(key.code, 1);
  assert.match(key.err, /station\.pub\.pem: this is not a public key/);
  assert.not.match(key.err, /\n\s+at /);
});

exits("without an agent, status says so and ends with 1", async () => {
  const ended = await chargetill("status", "--data", freshFolder());
  assert.is(ended.code, 1);
  assert.match(ended.err, /no agent runs there/);
});

exits("on a machine without the station's devices, run names each of them and stays", async () => {
  const { config } = station((text) => text.replace(/^bench:.*$/m, ""));
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/gpio\/missing/);
  await agent.until(/reader\/missing/);
  await untilAnswers(agent, config);
  const status = await chargetill("status", "--config", config);
  assert.is(status.code, 1);
  assert.match(status.out, /out of order/);
  agent.kill("SIGTERM");
  const ended = await agent.ended;
  assert.is(ended.code, 0);
  assert.not.match(ended.out + ended.err, /\n\s+at /);
});

exits.run();

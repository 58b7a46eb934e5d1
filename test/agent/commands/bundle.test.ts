// The archive for whoever helps from afar: what it holds, and above all what it does not.
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { unzipped } from "../../../agent/receipts/dispute/zip.js";
import { WebPaymentSettings, webPaymentTable } from "../../../agent/sync/ocpp/requests/web-payment-settings.js";
import { redaction, secretsOnDisk } from "../../../agent/technician/support-bundle.js";
import { benchStation } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";
import { freshFolder, RunningCommand } from "../../support/command.js";

const test = suite("bundle");

test("card numbers in any spelling, tokens, passwords and private keys are taken out", () => {
  const file = join(freshFolder(), "token");
  writeFileSync(file, "s3cret-of-the-backend\n");
  const redact = redaction(["04A23B1C5D6E80"], [file, "/does/not/exist"]);
  const text = redact(
    "04A23B1C5D6E80 04a23b1c5d6e80 04:A2:3B:1C:5D:6E:80 s3cret-of-the-backend Authorization: Token abcdefghij== http://me:pass@x/\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----",
  );
  assert.is(
    text,
    "…6E80 …6E80 …6E80 [removed] Authorization: Token [removed] http://[removed]@x/\n[private key removed]",
  );
});

test("a card is known in every spelling and in any company, and a proxy's password alone", () => {
  const file = join(freshFolder(), "proxy");
  writeFileSync(file, "me:pa55-word\n");
  const redact = redaction(["9F3C77E1", "04A23B1C5D6E80"], [file]);
  assert.is(
    redact("x9F3C77E1y 9f 3c 77 e1 aa bb, 9F-3C-77-E1; 00112233 04 A2 3B 1C 5D 6E 80 11 001122334455 pa55-word"),
    "x…77E1y …77E1 aa bb, …77E1; 00112233 …6E80 11 001122334455 [removed]",
  );
});

test("the secret of payment codes, which a backend has set, is taken out", () => {
  const folder = freshFolder();
  const settings = WebPaymentSettings.open(new Disk(), folder, "csms");
  settings.set(1, { secret: "0123456789-secret-of-the-csms-xy", enabled: true });
  assert.is(statSync(join(folder, webPaymentTable("csms"))).mode & 0o777, 0o600, "for the agent's user alone");
  const redact = redaction([], [], secretsOnDisk(folder, "csms"));
  assert.is(redact("it was 0123456789-secret-of-the-csms-xy once"), "it was [removed] once");
});

test("beside a running agent it holds its status and meters, and no card, key or receipt", async () => {
  const { config, folder, state } = benchStation({ quiet: false, speed: 120 });
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/"type":"session-began"/);
  const out = join(folder, "bundle.zip");
  const preview = await chargetill("bundle", "--preview", "--config", config, "--out", out);
  assert.is(preview.code, 0, preview.err);
  assert.not.ok(existsSync(out));
  const made = await chargetill("bundle", "--out", out, "--config", config);
  assert.is(made.code, 0, made.err);
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
  const bytes = readFileSync(out);
  const parts = new Map(
    (unzipped(bytes) ?? []).map(({ name, bytes: part }) => [name, Buffer.from(part).toString("utf8")]),
  );
  assert.equal(
    [...parts.keys()],
    ["about.txt", "config.yaml", "doctor.txt", "devices.json", "ports.json", "files.txt", "log.txt", "kernel.txt"],
  );
  assert.match(parts.get("devices.json") ?? "", /"selling": true/);
  assert.match(parts.get("doctor.txt") ?? "", /meter 1/);
  const all = [...parts.values()].join("\n");
  assert.not.match(all, /04A23B1C5D6E80|9F3C77E1/i);
  const key = readFileSync(join(state, "station.key"), "utf8").split("\n")[1] ?? "?";
  assert.not.ok(all.includes(key));
});

test.run();

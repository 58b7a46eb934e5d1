// The password of basic auth, changed by the CSMS (A01): whatever happens on the way, the station comes back on the
// line, and nobody reads the password.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Disk } from "../../../../../agent/ledger/store/disk.js";
import { requestHandlers } from "../../../../../agent/sync/ocpp/request-handlers.js";
import type { Dialect } from "../../../../../agent/sync/ocpp/rpc/frame.js";
import { KeptCredentials, passwordBytes } from "../../../../../agent/sync/transport/kept-credentials.js";
import { Csms } from "../../../../support/sync/csms.js";
import {
  letGo,
  type OpenUplink,
  ocppConfig,
  openUplink,
  type World,
  world,
} from "../../../../support/sync/ocpp-bench.js";
import { TestRequests } from "../../../../support/sync/test-requests.js";
import { PowerCut, VolatileFiles } from "../../../../support/volatile-files.js";

const test = suite("a password that the CSMS sets");
test.after.each(letGo);
const folder = mkdtempSync(join(tmpdir(), "chargetill-password-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const [ofFile, second, third] = ["password-of-file-1", "second-password-2", "third-password-33"];
const passwordFile = join(folder, "password");
writeFileSync(passwordFile, `${ofFile}\n`);

const keptOn = (files: VolatileFiles): KeptCredentials => KeptCredentials.open(new Disk(files), "/state", "csms");
const shown = (kept: KeptCredentials): string[] => kept.passwords.map((one) => passwordBytes(one).toString());

/** A station at this CSMS with what lasts of it; its disk is given, so that it can be let go and opened again. */
async function at(csms: Csms, dialect: Dialect, files: VolatileFiles, lasting: World = world()): Promise<OpenUplink> {
  const requests = new TestRequests(dialect);
  const credentials = keptOn(files);
  const opened = openUplink(lasting, ocppConfig(csms.url, { passwordFile, identity: "CT-1" }), {
    credentials,
    handlers: (link) => requestHandlers({ ...requests.context, link, credentials }, dialect),
  });
  lasting.book.sell();
  await opened.outbox.now();
  await requests.testStation.close();
  return opened;
}

const ordered = async (csms: Csms, dialect: Dialect, password: string): Promise<unknown> => {
  if (dialect === "ocpp1.6") {
    const answer = await csms.client?.call("ChangeConfiguration", { key: "AuthorizationKey", value: password });
    return (answer as { status: string }).status;
  }
  const answer = (await csms.client?.call("SetVariables", {
    setVariableData: [
      {
        component: { name: "SecurityCtrlr" },
        variable: { name: "BasicAuthPassword" },
        attributeValue: password,
      },
    ],
  })) as { setVariableResult: [{ attributeStatus: string }] };
  return answer.setVariableResult[0].attributeStatus;
};

for (const dialect of ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"] as const)
  test(`${dialect}: it is used at once, on a line that is opened anew, and after a restart`, async () => {
    const csms = await Csms.open([dialect]);
    csms.isWelcome = (password) => password === ofFile;
    const files = new VolatileFiles();
    const { notes } = await at(csms, dialect, files);
    assert.equal(csms.passwords, [ofFile]);
    csms.isWelcome = (password) => password === second;
    const told = csms.until(() =>
      csms.of("SecurityEventNotification").some(({ payload }) => payload["type"] !== "StartupOfTheDevice"),
    );
    assert.is(await ordered(csms, dialect, second), "Accepted");
    await told;
    assert.equal(csms.passwords, [ofFile, second]);
    assert.is(csms.of("SecurityEventNotification").at(-1)?.payload["type"], "ReconfigurationOfSecurityParameters");
    assert.is(csms.of("BootNotification").length, 1, "it is no start of the station");
    await at(csms, dialect, files.afterHardCut());
    assert.equal(csms.passwords, [ofFile, second, second]);
    for (const text of [...notes, ...csms.got.map((one) => one.text)]) assert.not.match(text, second);
    assert.equal(csms.violations, []);
  });

test("a CSMS that took the new one and forgot it, or never knew it, lets the station in with the one before", async () => {
  const csms = await Csms.open(["ocpp2.0.1"]);
  csms.isWelcome = (password) => password === second;
  const files = new VolatileFiles();
  keptOn(files).setPassword(second, ["plain"]);
  const { outbox } = await at(csms, "ocpp2.0.1", files);
  assert.is(outbox.status().reachability, "online");
  keptOn(files).setPassword(third, ["plain"]);
  const { outbox: again } = await at(csms, "ocpp2.0.1", files);
  assert.is(again.status().reachability, "online");
  assert.equal(csms.passwords, [second, third, second]);
  // What worked last is tried first from now on; the other is not forgotten.
  assert.equal(shown(keptOn(files)), [second, third]);
  csms.isWelcome = (password) => password === third;
  assert.is((await at(csms, "ocpp2.0.1", files)).outbox.status().reachability, "online");
  csms.isWelcome = (password) => password === ofFile;
  assert.is((await at(csms, "ocpp2.0.1", files)).outbox.status().reachability, "online");
});

test("two that are set before either was used do not push out the one that works", () => {
  const kept = keptOn(new VolatileFiles());
  kept.setPassword(second, ["plain"]);
  const [first] = kept.passwords;
  kept.worked({ password: first });
  kept.setPassword("never-used-password", ["plain"]);
  kept.setPassword(third, ["plain"]);
  assert.equal(shown(kept), [third, second]);
});

test("1.6: forty hexadecimal digits are shown as they are, and where they are refused as their bytes", async () => {
  const csms = await Csms.open(["ocpp1.6"]);
  const key = "4142434445464748494a4b4c4d4e4f5051525354";
  const files = new VolatileFiles();
  await at(csms, "ocpp1.6", files);
  csms.isWelcome = (password) => password === "ABCDEFGHIJKLMNOPQRST";
  const back = csms.until(() => csms.of("SecurityEventNotification").length === 2);
  assert.is(await ordered(csms, "ocpp1.6", key), "Accepted");
  await back;
  assert.equal(csms.passwords, [ofFile, key, "ABCDEFGHIJKLMNOPQRST"]);
});

for (const [dialect, wrong] of [
  ["ocpp1.6", "x".repeat(41)],
  ["ocpp2.0.1", "x".repeat(41)],
  ["ocpp2.1", "x".repeat(65)],
  ["ocpp2.1", "x".repeat(15)],
  ["ocpp2.1", "with\u001bescape-in-it"],
  ["ocpp2.1", " blank-at-its-begin"],
  ["ocpp2.1", "übergroße-passwörter"],
] as const)
  test(`${dialect}: ${JSON.stringify(wrong.slice(0, 20))} (${wrong.length}) is refused and changes nothing`, async () => {
    const requests = new TestRequests(dialect);
    const answer =
      dialect === "ocpp1.6"
        ? requests.status("ChangeConfiguration", { key: "AuthorizationKey", value: wrong })
        : JSON.stringify(
            requests.ask("SetVariables", {
              setVariableData: [
                {
                  component: { name: "SecurityCtrlr" },
                  variable: { name: "BasicAuthPassword" },
                  attributeValue: wrong,
                },
              ],
            }),
          );
    assert.match(String(answer), /Rejected/);
    assert.equal([requests.credentials.passwords, requests.lineWords], [[], []]);
    await requests.testStation.close();
  });

test("killed at any write of the change, the station shows the password that the CSMS knows", () => {
  const before = new VolatileFiles();
  const kept = keptOn(before);
  kept.setPassword(second, ["plain"]);
  const [first] = kept.passwords;
  kept.worked({ password: first });
  let cuts = 0;
  for (let cutAt = 1, isOver = false; !isOver; cutAt += 1) {
    const files = before.copy({ cutAt });
    let isAnswered = false;
    try {
      keptOn(files).setPassword(third, ["plain"]);
      isAnswered = true;
      const fresh = keptOn(files).passwords[0];
      keptOn(files).worked({ password: fresh });
      isOver = !files.wasCut;
    } catch (error) {
      if (!(error instanceof PowerCut) && !files.wasCut) throw error;
    }
    for (const cut of files.possibleCuts()) {
      cuts += 1;
      const passwords = shown(keptOn(files.afterCut(cut)));
      // Without an answer the CSMS may have either; with one, the new one.
      assert.ok(passwords.includes(second), `cut at ${cutAt}`);
      if (isAnswered) assert.is(passwords[0], third, `cut at ${cutAt}`);
    }
  }
  assert.ok(cuts > 10);
});

test.run();

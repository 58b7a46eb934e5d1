// What a CSMS is told of the station's safety (A04): each event once it can be told, also after a restart or a cut, by
// the name that its version has for it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Disk } from "../../../../../agent/ledger/store/disk.js";
import type { Dialect } from "../../../../../agent/sync/ocpp/rpc/frame.js";
import { CallError } from "../../../../../agent/sync/ocpp/rpc/frame.js";
import { CallLost, Rpc } from "../../../../../agent/sync/ocpp/rpc/rpc.js";
import { SecurityEvents } from "../../../../../agent/sync/ocpp/security/security-events.js";
import { HandClock } from "../../../../support/time/hand-clock.js";
import { PowerCut, VolatileFiles } from "../../../../support/volatile-files.js";

const test = suite("security events");

const eventsOn = (files: VolatileFiles, failures: unknown[] = []): SecurityEvents =>
  SecurityEvents.open(new Disk(files), "/state", "csms", new HandClock(), (error) => failures.push(error));

type Told = { readonly type: string; readonly techInfo?: string };

/** A CSMS that takes events; `after` = the line is lost at the next one. */
function csms(dialect: Dialect = "ocpp2.1", after = Number.POSITIVE_INFINITY) {
  const told: Told[] = [];
  const call = (_action: string, payload: object): Promise<unknown> => {
    if (told.length >= after) return Promise.reject(new CallLost(true, "the line is lost"));
    told.push(payload as Told);
    return Promise.resolve({});
  };
  return { told, rpc: { dialect, call }, types: (): string[] => told.map(({ type }) => type) };
}

test("are told in their order, once, and over restarts and lost lines", async () => {
  const files = new VolatileFiles();
  eventsOn(files).started("1.0.0");
  const events = eventsOn(files.afterHardCut());
  events.keep("ResetOrReboot", "asked for by csms");
  const short = csms("ocpp2.1", 1);
  await events.tell(short.rpc);
  assert.equal(short.types(), ["StartupOfTheDevice"]);
  const there = csms();
  await events.tell(there.rpc);
  await events.tell(there.rpc);
  assert.equal(there.told, [
    { type: "ResetOrReboot", timestamp: "2026-03-02T10:00:00.000Z", techInfo: "asked for by csms" } as Told,
  ]);
});

test("another version of the program is an event, the first one ever is not", async () => {
  const files = new VolatileFiles();
  for (const version of ["1.0.0", "1.0.0", "1.1.0", "1.1.0"]) eventsOn(files).started(version);
  const there = csms();
  await eventsOn(files).tell(there.rpc);
  assert.equal(
    there.told.filter(({ type }) => type !== "StartupOfTheDevice").map(({ type, techInfo }) => [type, techInfo]),
    [["FirmwareUpdated", "1.0.0 -> 1.1.0"]],
  );
});

for (const [failed, type] of [
  [{ refuses: "password", words: "HTTP 401" }, "FailedToAuthenticateAtCsms"],
  [{ code: "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", words: "refused" }, "FailedToAuthenticateAtCsms"],
  [{ code: "CERT_HAS_EXPIRED", words: "expired" }, "InvalidCsmsCertificate"],
  [{ code: "ERR_TLS_CERT_ALTNAME_INVALID", words: "another name" }, "InvalidCsmsCertificate"],
  [{ code: "UNABLE_TO_GET_ISSUER_CERT", words: "strange" }, "InvalidCsmsCertificate"],
  [{ code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", words: "old" }, "InvalidTLSVersion"],
  [{ code: "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", words: "no cipher" }, "InvalidTLSCipherSuite"],
  [{ code: "ECONNREFUSED", words: "nobody there" }, undefined],
  [{ words: "HTTP 503" }, undefined],
] as const)
  test(`a line that does not open for ${failed.words} is ${type ?? "no event"}, once until it stood again`, async () => {
    const events = eventsOn(new VolatileFiles());
    const there = csms();
    for (let times = 0; times < 3; times += 1) events.notOpened(failed);
    await events.tell(there.rpc);
    events.notOpened(failed);
    await events.tell(there.rpc);
    assert.equal(there.types(), type === undefined ? [] : [type, type]);
  });

test("1.6 has names of its own, and whoever refuses them is not asked again", async () => {
  const events = eventsOn(new VolatileFiles());
  for (const type of ["InvalidCsmsCertificate", "FailedToAuthenticateAtCsms", "InvalidChargingStationCertificate"])
    events.keep(type);
  const there = csms("ocpp1.6");
  await events.tell(there.rpc);
  assert.equal(there.types(), [
    "InvalidCentralSystemCertificate",
    "FailedToAuthenticateAtCentralSystem",
    "InvalidChargePointCertificate",
  ]);
  let asked = 0;
  events.keep("ResetOrReboot");
  const refuses = (): Promise<never> => {
    asked += 1;
    return Promise.reject(new CallError("NotImplemented", "no"));
  };
  await events.tell({ dialect: "ocpp1.6", call: refuses });
  await events.tell({ dialect: "ocpp1.6", call: refuses });
  assert.is(asked, 1);
});

test("of frames that cannot be used the first of a connection is an event", () => {
  const heard: string[] = [];
  const rpc = new Rpc({
    dialect: "ocpp2.1",
    handlers: {},
    send: () => undefined,
    clock: new HandClock(),
    timeoutMs: 1_000,
    note: () => undefined,
    failed: () => undefined,
    malformed: (why) => heard.push(why),
  });
  rpc.received("not JSON");
  rpc.received("[7]");
  assert.is(heard.length, 1);
  rpc.close("over");
});

test("the oldest of more than a hundred are forgotten; the log has them all, told or not", async () => {
  const files = new VolatileFiles();
  const events = eventsOn(files);
  for (let number = 1; number <= 101; number += 1) events.keep("InvalidMessages", `${number}`);
  const there = csms("ocpp2.1", 99);
  await events.tell(there.rpc);
  const lines = eventsOn(files).log().trimEnd().split("\n");
  assert.is(lines.length, 100);
  assert.equal(
    [lines[0], lines.at(-1)],
    ["2026-03-02T10:00:00.000Z InvalidMessages 2", "2026-03-02T10:00:00.000Z InvalidMessages 101 (not told yet)"],
  );
});

test("cut at any write, what was kept is told, and nothing is told a third time", async () => {
  for (let cutAt = 1, isOver = false; !isOver; cutAt += 1) {
    const files = new VolatileFiles({ cutAt });
    const failures: unknown[] = [];
    const before = csms();
    let isKept = false;
    try {
      const events = eventsOn(files, failures);
      events.keep("ResetOrReboot");
      isKept = true;
      await events.tell(before.rpc);
    } catch (error) {
      if (!files.wasCut && !(error instanceof PowerCut)) throw error;
    }
    isOver = !files.wasCut;
    const after = csms();
    await eventsOn(files.afterHardCut()).tell(after.rpc);
    const times = before.told.length + after.told.length;
    assert.ok(times <= 2 && (!isKept || times >= 1), `cut at ${cutAt}: told ${times} times`);
    // A write that failed ends the process; that of an event that was not kept is told to whoever kept it.
    assert.ok(failures.length === 0 || (files.wasCut && isKept && failures.length === 1));
  }
});

test.run();

// How a station registers with a CSMS: once after a start, patiently while it is not accepted, and not again after a
// line was cut.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { uplinkStatusLines } from "../../../../../agent/commands/sync.js";
import type { CsmsLink } from "../../../../../agent/sync/ocpp/rpc/link.js";
import type { Handlers } from "../../../../../agent/sync/ocpp/rpc/rpc.js";
import { Csms } from "../../../../support/sync/csms.js";
import { drained, letGo, ocppConfig, openUplink, world } from "../../../../support/sync/ocpp-bench.js";

const test = suite("registering with a CSMS");
test.after.each(letGo);
const actions = (csms: Csms): string[] => csms.got.map(({ action }) => action);
const booted =
  (status: string, interval = 300, currentTime = "2026-03-02T10:00:00Z") =>
  () => ({ status, interval, currentTime });

for (const protocol of ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"])
  test(`${protocol}: BootNotification once after a start, then the start as a security event; none after a cut line`, async () => {
    const csms = await Csms.open([protocol]);
    const lasting = world();
    const spoken: string[] = [];
    const handlers = (link: CsmsLink): Handlers => {
      spoken.push(link.dialect);
      return {};
    };
    const { outbox, uplink } = openUplink(lasting, ocppConfig(csms.url), { handlers });
    lasting.book.sell();
    await outbox.now();
    assert.equal(spoken, [protocol]);
    assert.is(uplinkStatusLines(outbox.status())[1], `  connected, ${protocol}`);
    assert.is(uplink.line(), `connected, ${protocol}`);
    const [boot] = csms.of("BootNotification");
    const { reason } = boot?.payload ?? {};
    assert.is(reason, protocol === "ocpp1.6" ? undefined : "PowerUp");
    assert.is(csms.of("SecurityEventNotification")[0]?.payload["type"], "StartupOfTheDevice");
    csms.cut();
    lasting.book.sell();
    await drained(outbox);
    assert.is(csms.connections, 2);
    assert.is(csms.of("BootNotification").length, 1);
    await outbox.stop();
    // The process again, in the same boot of the machine.
    const again = openUplink(lasting, ocppConfig(csms.url));
    lasting.book.sell();
    await again.outbox.now();
    if (protocol !== "ocpp1.6") assert.is(csms.of("BootNotification")[1]?.payload["reason"], "ApplicationReset");
    assert.equal(csms.violations, []);
  });

test("Pending: nothing of our own goes out, what the CSMS asks is answered, and it is asked again after its interval", async () => {
  const csms = await Csms.open(["ocpp2.0.1"]);
  csms.answers["BootNotification"] = booted("Pending", 20);
  const lasting = world();
  const { outbox, uplink } = openUplink(lasting, ocppConfig(csms.url), {
    handlers: (link) => ({ GetLocalListVersion: () => ({ versionNumber: link.registration === "Pending" ? 7 : 0 }) }),
  });
  lasting.book.sell();
  const status = await outbox.now();
  assert.is(status.reachability, "offline");
  assert.match(status.words ?? "", /has not accepted this station yet \(Pending\), ocpp2\.0\.1/);
  assert.equal(await csms.client?.call("GetLocalListVersion", {}), { versionNumber: 7 });
  await outbox.now();
  assert.equal(actions(csms), ["BootNotification"]);
  csms.answers["BootNotification"] = booted("Accepted");
  const settled = csms.until(() => csms.of("TransactionEvent").length === 2);
  uplink.begin({ waiting: () => false, reached: () => void outbox.now(), ready: () => {} });
  lasting.clock.advance(20_000);
  await settled;
  assert.is(csms.of("BootNotification").length, 2);
});

test("Rejected: a fault with words, nothing is sent, and the CSMS's calls are refused", async () => {
  const csms = await Csms.open(["ocpp2.0.1"]);
  csms.answers["BootNotification"] = booted("Rejected", 3_600);
  const lasting = world();
  const { outbox } = openUplink(lasting, ocppConfig(csms.url), {
    handlers: () => ({ Reset: () => ({ status: "Accepted" }) }),
  });
  lasting.book.sell();
  const status = await outbox.now();
  assert.is(status.fault, "uplink/unauthorised");
  assert.match(status.words ?? "", /rejects this station \(Rejected\): check that it knows till 1/);
  assert.match(
    (await csms.client?.call("Reset", { type: "Immediate" }).then(
      () => "answered",
      (error: unknown) => String((error as { rpcErrorCode?: string }).rpcErrorCode),
    )) ?? "",
    /SecurityError/,
  );
  assert.equal(actions(csms), ["BootNotification"]);
});

test("a CSMS that fails at BootNotification, or answers nonsense, is tried again after the back-off", async () => {
  const csms = await Csms.open(["ocpp2.0.1"]);
  const lasting = world();
  const { outbox } = openUplink(lasting, ocppConfig(csms.url));
  lasting.book.sell();
  for (const how of ["InternalError", "lost-request", "lost-answer", "half-answer"] as const) {
    csms.mood = { at: "BootNotification", how };
    assert.is((await outbox.now()).waiting, 1, how);
  }
  csms.mood = undefined;
  assert.is((await outbox.now()).waiting, 0);
});

test("Heartbeat comes at the interval that the CSMS named, and a clock that differs is noted once", async () => {
  const csms = await Csms.open(["ocpp2.0.1"]);
  csms.answers["BootNotification"] = booted("Accepted", 10);
  csms.answers["Heartbeat"] = () => ({ currentTime: "2026-03-02T09:00:00Z" });
  const lasting = world();
  const { uplink, notes } = openUplink(lasting, ocppConfig(csms.url));
  await uplink.send({ id: "x", body: lasting.book.get(lasting.book.sell())?.body ?? "" }, new AbortController().signal);
  for (let beats = 1; beats <= 3; beats += 1) {
    const beat = csms.until(() => csms.of("Heartbeat").length === beats);
    lasting.clock.advance(10_000);
    await beat;
    // The answer is on its way; the next beat is planned when it was read.
    while (lasting.clock.inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.is(csms.of("Heartbeat").length, 3);
  assert.equal(
    notes.filter((note) => /clock/.test(note)),
    ["the backend's clock and this station's differ by 3610 s: check both"],
  );
});

test("the CSMS may ask for BootNotification again", async () => {
  const csms = await Csms.open(["ocpp2.0.1"]);
  const lasting = world();
  const { outbox, uplink } = openUplink(lasting, ocppConfig(csms.url));
  lasting.book.sell();
  await outbox.now();
  const again = csms.until(() => csms.of("BootNotification").length === 2);
  const asked = uplink.triggered("BootNotification", undefined);
  assert.type(asked, "function");
  if (typeof asked === "function") asked();
  await again;
  assert.is(csms.of("BootNotification")[1]?.payload["reason"], "Triggered");
  assert.is(uplink.triggered("SignChargingStationCertificate", undefined), undefined);
  assert.is(uplink.triggered("MeterValues", 1), "nothing");
});

test.run();

// Logs for a CSMS: to hosts that the config names and to no other, told as they go, without card numbers and secrets;
// and firmware, which it is told this station does not take.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Disk } from "../../../../../agent/ledger/store/disk.js";
import { KeptCredentials } from "../../../../../agent/sync/transport/kept-credentials.js";
import { stationLog } from "../../../../../agent/technician/support-bundle.js";
import { testStationConfig } from "../../../../support/station/test-station.js";
import { ocppConfig } from "../../../../support/sync/ocpp-bench.js";
import { TestRequests } from "../../../../support/sync/test-requests.js";

const test = suite("logs for a CSMS");
const servers: http.Server[] = [];
test.after.each(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

type Put = { readonly method: string | undefined; readonly path: string | undefined; readonly body: string };

/** A server that takes files, or answers with a status; tells what it was sent. */
async function fileServer(...statuses: readonly number[]): Promise<{ readonly host: string; readonly got: Put[] }> {
  const got: Put[] = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      got.push({ method: request.method, path: request.url, body });
      response.writeHead(statuses[got.length - 1] ?? 201).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}

const statusesOf = (requests: TestRequests): unknown[] =>
  requests.sent
    .filter(({ action }) => action.endsWith("StatusNotification"))
    .map(({ payload }) => (payload as { readonly status: unknown }).status);

/** Resolves when the CSMS has been told of the end. */
async function ended(requests: TestRequests, times = 1): Promise<void> {
  const over = (): boolean =>
    statusesOf(requests).filter((status) => /Upload(ed|Fail)/.test(String(status))).length >= times;
  while (!over()) await new Promise((resolve) => setImmediate(resolve));
}

const getLog = (host: string, more: object = {}): object => ({
  logType: "DiagnosticsLog",
  requestId: 7,
  log: { remoteLocation: `http://${host}/logs/` },
  ...more,
});

for (const dialect of ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"] as const)
  test(`${dialect}: a log goes to a host of the config, and the CSMS is told how it goes`, async () => {
    const { host, got } = await fileServer();
    const requests = new TestRequests(dialect, undefined, { logHosts: [host] });
    requests.diagnostics = "what the station has to say\n";
    const answer = requests.ask("GetLog", getLog(host)) as { readonly status: string; readonly filename: string };
    assert.is(answer.status, "Accepted");
    await ended(requests);
    assert.equal(got, [{ method: "PUT", path: `/logs/${answer.filename}`, body: "what the station has to say\n" }]);
    assert.match(answer.filename, /^CT-DEMO-DiagnosticsLog-/);
    assert.equal(statusesOf(requests), ["Uploading", "Uploaded"]);
    const security = requests.ask("GetLog", {
      ...getLog(host),
      logType: "SecurityLog",
      log: { remoteLocation: `http://${host}/one?signature=x` },
    });
    assert.equal(security, { status: "Accepted", filename: "one" });
    await ended(requests, 2);
    assert.equal(got[1], { method: "PUT", path: "/one?signature=x", body: "the security log\n" });
    await requests.testStation.close();
  });

test("1.6: GetDiagnostics names the file and tells in its own words; what is not to be had has no name", async () => {
  const { host, got } = await fileServer(500);
  const requests = new TestRequests("ocpp1.6", undefined, { logHosts: [host] });
  const answer = requests.ask("GetDiagnostics", { location: `http://${host}/` }) as { readonly fileName: string };
  assert.match(answer.fileName, /^CT-DEMO-DiagnosticsLog-/);
  await ended(requests);
  assert.equal([got.length, statusesOf(requests)], [1, ["Uploading", "UploadFailed"]]);
  assert.equal(requests.ask("GetDiagnostics", { location: "ftp://elsewhere.example/" }), {});
  await requests.testStation.close();
});

test("no other host, no plain http and no ftp gets a log, whatever it is called", async () => {
  const { host, got } = await fileServer();
  const requests = new TestRequests("ocpp2.1", undefined, { logHosts: ["files.example.org", host] });
  for (const remoteLocation of [
    "https://elsewhere.example/",
    "https://files.example.org.elsewhere.example/",
    "https://files.example.org@elsewhere.example/",
    "https://files.example.org:8443/",
    "http://files.example.org/",
    "ftp://files.example.org/",
    "file:///etc/passwd",
    "not an address",
    `http://${host.replace("127.0.0.1", "localhost")}/`,
  ])
    assert.is(requests.status("GetLog", getLog(host, { log: { remoteLocation } })), "Rejected", remoteLocation);
  assert.is(requests.status("GetLog", getLog(host, { logType: "DataCollectorLog" })), "Rejected");
  assert.equal([got, requests.sent], [[], []]);
  await requests.testStation.close();
});

test("an upload that fails is tried again as often as asked; a redirect is a failure", async () => {
  const { host, got } = await fileServer(503, 302, 200);
  const requests = new TestRequests("ocpp2.0.1", undefined, { logHosts: [host] });
  requests.ask("GetLog", getLog(host, { retries: 2, retryInterval: 30 }));
  const until = async (count: number): Promise<void> => {
    while (got.length < count) {
      await requests.testStation.clock.pass(30_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await until(3);
  await ended(requests);
  assert.equal([got.length, statusesOf(requests)], [3, ["Uploading", "Uploaded"]]);
  await requests.testStation.close();
});

test("another order takes the place of one that waits for its next try, and the CSMS is told so", async () => {
  const { host, got } = await fileServer(503, 200);
  const requests = new TestRequests("ocpp2.1", undefined, { logHosts: [host] });
  assert.is(requests.status("GetLog", getLog(host, { retries: 1 })), "Accepted");
  while (got.length < 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(requests.status("GetLog", getLog(host, { requestId: 8, logType: "SecurityLog" })), "AcceptedCanceled");
  await ended(requests);
  assert.equal(
    requests.sent.map(({ payload }) => payload),
    [
      { status: "Uploading", requestId: 7 },
      { status: "AcceptedCanceled", requestId: 7 },
      { status: "Uploading", requestId: 8 },
      { status: "Uploaded", requestId: 8 },
    ],
  );
  requests.context.logs.repeat("LogStatusNotification", requests.link);
  assert.equal(requests.sent.at(-1)?.payload, { status: "Idle" });
  await requests.testStation.close();
});

test("a log that cannot be made is an upload that failed, and no end of the station", async () => {
  const { host, got } = await fileServer();
  const requests = new TestRequests("ocpp2.1", undefined, { logHosts: [host] });
  Object.defineProperty(requests, "diagnostics", {
    get: () => {
      throw new Error("no memory for it");
    },
  });
  requests.ask("GetLog", getLog(host));
  await ended(requests);
  assert.equal([got, statusesOf(requests)], [[], ["Uploading", "UploadFailure"]]);
  await requests.testStation.close();
});

test("card numbers and secrets are taken out of what a CSMS gets", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chargetill-logs-"));
  try {
    const passwordFile = join(folder, "password");
    writeFileSync(passwordFile, "password-of-file-1\n");
    const kept = KeptCredentials.open(new Disk(), folder, "csms");
    kept.setPassword("password-of-csms-2", ["plain"]);
    const { config } = testStationConfig((read) => ({
      ...read,
      state: folder,
      uplinks: [ocppConfig("wss://csms.example/ocpp", { passwordFile })],
      station: { ...read.station, name: "password-of-file-1 password-of-csms-2" },
    }));
    const text = await stationLog(config, {});
    assert.match(text, /chargetill \S+\nNode v/);
    for (const { uid } of config.tokens) assert.not.match(text, uid);
    assert.not.match(text, /password-of-(?:file|csms)/);
    assert.match(text, /\[removed\] \[removed\]/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("firmware is refused in each version's words", async () => {
  for (const [dialect, action, answer] of [
    ["ocpp1.6", "UpdateFirmware", "NotSupported"],
    ["ocpp1.6", "SignedUpdateFirmware", "Rejected"],
    ["ocpp2.0.1", "UpdateFirmware", "Rejected"],
    ["ocpp2.1", "UpdateFirmware", "Rejected"],
  ] as const) {
    const requests = new TestRequests(dialect);
    assert.is(requests.status(action, {}), answer);
    await requests.testStation.close();
  }
});

test.run();

// Logs for a CSMS over TLS with a test CA: whom the station trusts with them, and an upload that is cut half-way.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Dialect } from "../../../../../agent/sync/ocpp/rpc/frame.js";
import { certificatesIn } from "../../../../support/certificates.js";
import { isInstalled } from "../../../../support/is-installed.js";
import { TestRequests } from "../../../../support/sync/test-requests.js";

const test = suite("logs over TLS");
const folder = mkdtempSync(join(tmpdir(), "chargetill-log-tls-"));
const at = (name: string): string => join(folder, name);
test.after(() => rmSync(folder, { recursive: true, force: true }));
const open: https.Server[] = [];
test.after.each(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Longer than what one socket buffers, so that it can be cut within. */
const log = "what the station has to say\n".repeat(100_000);

/** Takes what is PUT; the first `cuts` uploads are cut when something of them has come. */
async function fileServer(
  name: string,
  cuts = 0,
): Promise<{ readonly host: string; readonly got: string[]; tries: number }> {
  const state = { host: "", got: [] as string[], tries: 0 };
  const server = https.createServer(
    { key: readFileSync(at(`${name}.key`)), cert: readFileSync(at(`${name}.pem`)) },
    (request, response) => {
      state.tries += 1;
      const isCut = state.tries <= cuts;
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
        if (isCut) request.socket.destroy();
      });
      request.on("error", () => undefined);
      request.on("end", () => {
        state.got.push(body);
        response.writeHead(201).end();
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(server);
  state.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

/** Asks for a log, and resolves with how it ended and what was noted. */
async function fetched(
  dialect: Dialect,
  action: "GetLog" | "GetDiagnostics",
  host: string,
  tls: object,
  more: object = {},
): Promise<{ readonly last: unknown; readonly notes: string }> {
  const requests = new TestRequests(dialect, undefined, { logHosts: [host], tls });
  requests.diagnostics = log;
  const location = `https://${host}/logs/`;
  const asked =
    action === "GetLog"
      ? { logType: "DiagnosticsLog", requestId: 7, log: { remoteLocation: location }, ...more }
      : { location, ...more };
  requests.ask(action, asked);
  const statuses = (): unknown[] =>
    requests.sent.flatMap(({ action: sent, payload }) =>
      /^(?:Log|Diagnostics)StatusNotification$/.test(sent) ? [(payload as { readonly status: unknown }).status] : [],
    );
  while (!/Upload(?:ed|Fail)/.test(String(statuses().at(-1)))) {
    // Stands still while an upload is under way.
    await requests.testStation.clock.pass(1_000);
  }
  await requests.testStation.close();
  return { last: statuses().at(-1), notes: requests.notes.join("\n") };
}

if (isInstalled("openssl")) {
  test.before(() => {
    const { authority, certificate } = certificatesIn(folder);
    for (const name of ["ours", "strange"]) authority(name);
    certificate("files", "ours", "IP:127.0.0.1");
    certificate("elsewhere", "ours", "DNS:files.example.org");
    certificate("expired", "ours", "IP:127.0.0.1", "-1");
    certificate("of-strange", "strange", "IP:127.0.0.1");
  });
  const trusting = { caFile: at("ours.pem") };

  for (const [dialect, action] of [
    ["ocpp1.6", "GetLog"],
    ["ocpp1.6", "GetDiagnostics"],
    ["ocpp2.0.1", "GetLog"],
    ["ocpp2.1", "GetLog"],
  ] as const) {
    test(`${dialect}, ${action}: the whole log goes to a server that is proven to be the one that was named`, async () => {
      const files = await fileServer("files");
      const { last } = await fetched(dialect, action, files.host, trusting);
      assert.equal([last, files.got.length, files.got[0] === log], ["Uploaded", 1, true]);
    });

    test(`${dialect}, ${action}: an upload that is cut half-way goes again from its beginning, as often as asked, and else has failed`, async () => {
      const files = await fileServer("files", 1);
      const { last } = await fetched(dialect, action, files.host, trusting, { retries: 1, retryInterval: 1 });
      assert.equal([last, files.tries, files.got.length, files.got[0] === log], ["Uploaded", 2, 1, true]);
      const cut = await fileServer("files", 9);
      const failed = await fetched(dialect, action, cut.host, trusting, { retries: 1, retryInterval: 1 });
      assert.equal([failed.last, cut.tries, cut.got], [action === "GetLog" ? "UploadFailure" : "UploadFailed", 2, []]);
      assert.match(failed.notes, /DiagnosticsLog could not be sent to 127\.0\.0\.1:\d+: (?:ECONNRESET|EPIPE)/);
    });
  }

  for (const [name, tls, why] of [
    ["of-strange", trusting, /UNABLE_TO_|SELF_SIGNED/],
    ["files", {}, /UNABLE_TO_|SELF_SIGNED/],
    ["elsewhere", trusting, /ERR_TLS_CERT_ALTNAME_INVALID/],
    ["expired", trusting, /CERT_HAS_EXPIRED/],
  ] as const)
    test(`a server with the certificate "${name}" gets nothing, also where the environment says otherwise`, async () => {
      const files = await fileServer(name);
      process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
      try {
        const { last, notes } = await fetched("ocpp2.1", "GetLog", files.host, tls);
        assert.equal([last, files.got, files.tries], ["UploadFailure", [], 0]);
        assert.match(notes, why);
      } finally {
        delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      }
    });
} else {
  console.log("SKIPPED logs over TLS: there is no openssl command to make certificates with");
  test("without the openssl command there are no certificates to try", () => assert.ok(true));
}

test.run();

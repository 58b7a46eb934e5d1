// A line that TLS itself does not let come up, on the wire: what the station says of it, that it parks nothing for it, and
// which security event it tells the CSMS once there is a line again.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { certificatesIn } from "../../../../support/certificates.js";
import { isInstalled } from "../../../../support/is-installed.js";
import { Csms } from "../../../../support/sync/csms.js";
import { letGo, ocppConfig, openUplink, world } from "../../../../support/sync/ocpp-bench.js";

const test = suite("TLS that fails on the wire");
test.after.each(letGo);
const folder = mkdtempSync(join(tmpdir(), "chargetill-tls-alerts-"));
const at = (name: string): string => join(folder, name);
test.after(() => rmSync(folder, { recursive: true, force: true }));

type Case = {
  readonly name: string;
  /** How `openssl s_server` is started, beside the certificate `server`, which the station trusts. */
  readonly server: readonly string[];
  readonly shown?: "strange-station" | "expired-station";
  readonly words: RegExp;
  readonly event: string;
};

const asks = ["-Verify", "1", "-verify_return_error", "-CAfile", "ours.pem"];
const cases: readonly Case[] = [
  ...["-tls1_2", "-tls1_3"].flatMap((version): Case[] =>
    (["strange-station", "expired-station"] as const).map((shown) => ({
      name: `${version}: a client certificate that is not taken, ${shown}`,
      server: [version, ...asks],
      shown,
      words: /does not accept this station's certificate: check tls\.certFile and tls\.keyFile \(ERR_SSL_\w*ALERT/,
      event: "FailedToAuthenticateAtCsms",
    })),
  ),
  {
    name: "TLS 1.3: no client certificate where one is asked for",
    server: ["-tls1_3", ...asks],
    words: /does not accept this station's certificate/,
    event: "FailedToAuthenticateAtCsms",
  },
  {
    name: "a CSMS that speaks TLS 1.1 at most",
    server: ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
    words: /speaks no TLS of version 1\.2 or newer/,
    event: "InvalidTLSVersion",
  },
  {
    name: "a CSMS with no cipher suite in common",
    server: ["-tls1_2", "-cipher", "AES128-SHA"],
    words: /no cipher suite in common/,
    event: "InvalidTLSCipherSuite",
  },
];

/** OpenSSL's own server: that of Node hangs up where others say why. */
async function serving(options: readonly string[]): Promise<{ readonly url: string; close(): void }> {
  const server = spawn(
    "openssl",
    ["s_server", "-accept", "127.0.0.1:0", "-key", "server.key", "-cert", "server.pem", "-WWW", ...options],
    { cwd: folder, stdio: ["ignore", "pipe", "ignore"] },
  );
  let words = "";
  const port = await new Promise<string>((resolve, reject) => {
    server.on("exit", () => reject(new Error(`openssl s_server ended: ${words}`)));
    server.stdout.on("data", (chunk: Buffer) => {
      words += chunk.toString();
      const found = /ACCEPT \S+:(\d+)/.exec(words)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return { url: `wss://127.0.0.1:${port}/csms`, close: () => void server.kill() };
}

if (isInstalled("openssl")) {
  test.before(() => {
    const { authority, certificate } = certificatesIn(folder);
    for (const name of ["ours", "strange"]) authority(name);
    certificate("server", "ours", "IP:127.0.0.1");
    certificate("strange-station", "strange", "DNS:till-1");
    certificate("expired-station", "ours", "DNS:till-1", "-1");
  });

  for (const { name, server, shown, words, event } of cases)
    test(name, async () => {
      const wire = await serving(server);
      const config = ocppConfig(wire.url, {
        tls: {
          caFile: at("ours.pem"),
          ...(shown === undefined ? {} : { certFile: at(`${shown}.pem`), keyFile: at(`${shown}.key`) }),
        },
      });
      const lasting = world();
      const number = lasting.book.sell();
      const { outbox, failures } = openUplink(lasting, config);
      const status = await outbox.now();
      assert.match(status.words ?? "", words);
      assert.equal([status.fault, status.parked], ["uplink/unauthorised", []]);
      wire.close();
      // The way is well again.
      const csms = await Csms.open(["ocpp2.0.1"]);
      config.url = csms.url;
      const expected = ["StartupOfTheDevice", event];
      const told = csms.until(() => csms.of("SecurityEventNotification").length === expected.length);
      await outbox.now();
      await told;
      assert.equal(
        csms.of("SecurityEventNotification").map(({ payload }) => payload["type"]),
        expected,
      );
      assert.equal([outbox.stateOf(number), failures, csms.violations], ["acked", [], []]);
    });
} else {
  console.log("SKIPPED TLS that fails on the wire: there is no openssl command to make certificates with");
  test("without the openssl command there are no certificates to try", () => assert.ok(true));
}

test.run();

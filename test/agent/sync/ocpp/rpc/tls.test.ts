// Security profiles 2 and 3 towards a real wss server: whom the station trusts, whom it lets in, and what it says when
// it does not.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WebSocketServer } from "ws";
import { openSocket } from "../../../../../agent/sync/ocpp/rpc/connection.js";
import type { TimeTrust } from "../../../../../drivers/driver.js";
import { certificatesIn } from "../../../../support/certificates.js";
import { isInstalled } from "../../../../support/is-installed.js";
import { Csms } from "../../../../support/sync/csms.js";
import { letGo, ocppConfig, openUplink, world } from "../../../../support/sync/ocpp-bench.js";
import { HandClock } from "../../../../support/time/hand-clock.js";

const test = suite("TLS to a CSMS");
test.after.each(letGo);
const folder = mkdtempSync(join(tmpdir(), "chargetill-ocpp-tls-"));
const at = (name: string): string => join(folder, name);
test.after(() => rmSync(folder, { recursive: true, force: true }));

type Tls = Parameters<typeof ocppConfig>[1] extends infer More
  ? NonNullable<More> extends { tls?: infer T }
    ? NonNullable<T>
    : never
  : never;

/** A wss server with this certificate; tells whose certificates it saw. */
async function wss(
  name: string,
  clientCa?: string,
): Promise<{ readonly url: string; readonly seen: string[]; close(): Promise<void> }> {
  const seen: string[] = [];
  const server = https.createServer({
    key: readFileSync(at(`${name}.key`)),
    cert: readFileSync(at(`${name}.pem`)),
    ...(clientCa === undefined
      ? {}
      : { ca: readFileSync(at(`${clientCa}.pem`)), requestCert: true, rejectUnauthorized: true }),
  });
  const sockets = new WebSocketServer({ server, handleProtocols: (offered) => [...offered][0] ?? false });
  sockets.on("connection", (socket, request) => {
    seen.push(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "nobody"));
    socket.terminate();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `wss://127.0.0.1:${(server.address() as AddressInfo).port}/csms`,
    seen,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function come(
  name: string,
  tls: Tls,
  clientCa?: string,
): Promise<{ readonly words: string; readonly fault: unknown; readonly seen: readonly string[] }> {
  const { url, seen, close } = await wss(name, clientCa);
  const result = await openSocket(
    ocppConfig(url, { tls }),
    "CT-1",
    undefined,
    new HandClock(),
    new AbortController().signal,
  );
  if (result.kind === "open") result.socket.terminate();
  await close();
  return result.kind === "open"
    ? { words: "open", fault: undefined, seen }
    : { words: result.words, fault: result.fault, seen };
}

if (isInstalled("openssl")) {
  test.before(() => {
    const { authority, certificate } = certificatesIn(folder);
    authority("ours");
    certificate("good", "ours", "IP:127.0.0.1");
    certificate("elsewhere", "ours", "DNS:office.example");
    certificate("expired", "ours", "IP:127.0.0.1", "-1");
    certificate("station", "ours", "DNS:till-1");
  });

  test("a custom CA is trusted where the config names it, and a strange one never", async () => {
    assert.equal(await come("good", { caFile: at("ours.pem") }), { words: "open", fault: undefined, seen: ["nobody"] });
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      const { words, fault, seen } = await come("good", {});
      assert.match(words, /not signed by an authority this station knows: check tls\.caFile/);
      assert.equal([fault, seen], ["uplink/unauthorised", []]);
    } finally {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    }
  });

  test("a certificate for another name, or one that has expired, is refused with a word for it", async () => {
    assert.match((await come("elsewhere", { caFile: at("ours.pem") })).words, /made out to another name/);
    assert.match(
      (await come("expired", { caFile: at("ours.pem") })).words,
      /not valid today: check the station's clock/,
    );
  });

  test("mTLS: the station shows its certificate, and without one it is not let in", async () => {
    assert.equal(
      (await come("good", { caFile: at("ours.pem"), certFile: at("station.pem"), keyFile: at("station.key") }, "ours"))
        .seen,
      ["station"],
    );
    const without = await come("good", { caFile: at("ours.pem") }, "ours");
    assert.is.not(without.words, "open");
    assert.equal(without.seen, []);
    assert.match(
      (await come("good", { caFile: at("missing.pem") })).words,
      /tls\.caFile .*missing\.pem cannot be read \(ENOENT\)/,
    );
  });

  test("a clock that was never set is named as what keeps TLS from working; the distrust is told to the CSMS when it can be trusted again", async () => {
    const expired = await wss("expired");
    const lasting = {
      ...world(),
      clock: new (class extends HandClock {
        override now() {
          return { ...super.now(), trust: "unsynced" as TimeTrust };
        }
      })(),
    };
    lasting.book.sell();
    const config = ocppConfig(expired.url, { tls: { caFile: at("ours.pem") } });
    const { outbox } = openUplink(lasting, config);
    const status = await outbox.now();
    assert.match(
      status.words ?? "",
      /not valid today: check the station's clock, then the backend; the clock has not been set since the station was switched on/,
    );
    assert.is(status.fault, "uplink/unauthorised");
    await expired.close();
    const csms = await Csms.open(["ocpp2.0.1"]);
    config.url = csms.url;
    const told = csms.until(() => csms.of("SecurityEventNotification").length === 2);
    await outbox.now();
    await told;
    assert.equal(
      csms.of("SecurityEventNotification").map(({ payload }) => payload["type"]),
      ["StartupOfTheDevice", "InvalidCsmsCertificate"],
    );
  });
} else {
  console.log("SKIPPED TLS and mTLS to a CSMS: there is no openssl command to make certificates with");
  test("without the openssl command there are no certificates to try", () => assert.ok(true));
}

test.run();

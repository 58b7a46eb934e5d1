// TLS and mTLS towards a real HTTPS server, with certificates made here by the openssl command.

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Outcome } from "../../../../agent/sync/uplink.js";
import { certificatesIn } from "../../../support/certificates.js";
import { isInstalled } from "../../../support/is-installed.js";
import { item, TokenFile, unstopped, uplinkTo } from "../../../support/sync/uplink-bench.js";

const test = suite("TLS");
const files = new TokenFile();
const at = (name: string): string => join(files.folder, name);
test.after(() => files.remove());

const { authority, certificate } = certificatesIn(files.folder);

/** Sends one CDR to a server with this certificate; answers with the outcome and what the server saw. */
async function send(
  server: string,
  tls: NonNullable<Parameters<typeof uplinkTo>[2]>["tls"],
  clientCa?: string,
): Promise<{ outcome: Outcome; requests: string[] }> {
  const requests: string[] = [];
  const listening = https.createServer(
    {
      key: readFileSync(at(`${server}.key`)),
      cert: readFileSync(at(`${server}.pem`)),
      ...(clientCa === undefined
        ? {}
        : { ca: readFileSync(at(`${clientCa}.pem`)), requestCert: true, rejectUnauthorized: true }),
    },
    (request, response) => {
      const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
      requests.push(Array.isArray(name) ? name.join() : (name ?? "nobody"));
      request.resume();
      response.writeHead(201).end('{"status_code":1000}');
    },
  );
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const uplink = uplinkTo(`https://127.0.0.1:${(listening.address() as AddressInfo).port}/cdrs`, files.path, {
    ...(tls === undefined ? {} : { tls }),
  });
  try {
    return { outcome: await uplink.send(item, unstopped()), requests };
  } finally {
    uplink.close();
    listening.closeAllConnections();
    await new Promise((resolve) => listening.close(resolve));
  }
}

function held({ outcome, requests }: { outcome: Outcome; requests: string[] }, words: RegExp): void {
  assert.is(outcome.kind, "retry");
  assert.ok("fault" in outcome && outcome.fault === "uplink/unauthorised");
  assert.match("words" in outcome ? (outcome.words ?? "") : "", words);
  assert.equal(requests, []);
}

if (isInstalled("openssl")) {
  test.before(() => {
    authority("ours");
    authority("theirs");
    certificate("good", "ours", "IP:127.0.0.1");
    certificate("elsewhere", "ours", "DNS:office.example");
    certificate("expired", "ours", "IP:127.0.0.1", "-1");
    certificate("station", "ours", "DNS:till-1");
    certificate("stranger", "theirs", "DNS:till-1");
  });

  test("a custom CA is trusted where the config names it", async () => {
    const { outcome, requests } = await send("good", { caFile: at("ours.pem") });
    assert.is(outcome.kind, "accepted");
    assert.equal(requests, ["nobody"]);
  });

  test("a certificate of an unknown authority is refused before anything is sent", async () => {
    held(await send("good", {}), /not signed by an authority this station knows: check tls\.caFile/);
    held(await send("good", { caFile: at("theirs.pem") }), /not signed by an authority/);
  });

  test("an environment variable cannot switch the check off", async () => {
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      held(await send("good", {}), /not signed by an authority/);
    } finally {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    }
  });

  test("a certificate for another name is refused", async () =>
    held(await send("elsewhere", { caFile: at("ours.pem") }), /made out to another name/));

  test("an expired certificate is refused, and the clock is named as the first suspect", async () =>
    held(await send("expired", { caFile: at("ours.pem") }), /not valid today: check the station's clock/));

  test("mTLS: the station shows its certificate", async () => {
    const { outcome, requests } = await send(
      "good",
      { caFile: at("ours.pem"), certFile: at("station.pem"), keyFile: at("station.key") },
      "ours",
    );
    assert.is(outcome.kind, "accepted");
    assert.equal(requests, ["station"]);
  });

  test("mTLS: a server that hangs up on our certificate accepts nothing, and the certificate is named", async () => {
    for (const tls of [
      { caFile: at("ours.pem") },
      { caFile: at("ours.pem"), certFile: at("stranger.pem"), keyFile: at("stranger.key") },
    ]) {
      const { outcome, requests } = await send("good", tls, "ours");
      // Whether its alert or its hanging up comes first is the network's choice.
      assert.ok(outcome.kind === "unsure" || outcome.kind === "retry");
      assert.match("words" in outcome ? (outcome.words ?? "") : "", /check tls\.certFile/);
      assert.equal(requests, []);
    }
  });

  test("mTLS: a server that says why it refuses our certificate is quoted, and all is held", async () => {
    const server = spawn(
      "openssl",
      [
        "s_server",
        "-accept",
        "127.0.0.1:0",
        "-cert",
        "good.pem",
        "-key",
        "good.key",
        "-CAfile",
        "ours.pem",
        "-Verify",
        "1",
        "-verify_return_error",
      ],
      { cwd: files.folder },
    );
    try {
      const port = await new Promise<string>((resolve, reject) => {
        let said = "";
        server.stdout.on("data", (chunk: Buffer) => {
          said += chunk.toString();
          const found = /ACCEPT \S+:(\d+)/.exec(said)?.[1];
          if (found !== undefined) resolve(found);
        });
        server.on("close", () => reject(new Error("openssl s_server ended")));
      });
      const uplink = uplinkTo(`https://127.0.0.1:${port}/cdrs`, files.path, { tls: { caFile: at("ours.pem") } });
      const outcome = await uplink.send(item, unstopped());
      uplink.close();
      held({ outcome, requests: [] }, /does not accept this station's certificate: check tls\.certFile/);
    } finally {
      server.kill();
    }
  });

  test("a certificate file that is missing or damaged is named", async () => {
    held(await send("good", { caFile: at("missing.pem") }), /tls\.caFile .*missing\.pem cannot be read \(ENOENT\)/);
    writeFileSync(at("damaged.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    held(
      await send("good", { caFile: at("ours.pem"), certFile: at("damaged.pem"), keyFile: at("station.key") }),
      /files under tls cannot be used together/,
    );
    held(
      await send("good", { certFile: at("station.pem"), keyFile: at("stranger.key") }),
      /files under tls cannot be used together/,
    );
  });
} else {
  console.log("SKIPPED TLS and mTLS to a backend: there is no openssl command to make certificates with");
  test("without the openssl command there are no certificates to try", () => assert.ok(true));
}

test.run();

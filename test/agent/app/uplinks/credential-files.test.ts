// What `doctor` and `config check` say of the files of an uplink before any connection does.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { filesTrouble } from "../../../../agent/app/uplinks/credential-files.js";
import { uplink as uplinkSchema } from "../../../../config/uplink-schema.js";
import { certificatesIn } from "../../../support/certificates.js";

const test = suite("the files of an uplink");
const folder = mkdtempSync(join(tmpdir(), "chargetill-files-"));
test.after(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const said = (more: object, stationId = "CT-1"): string[] =>
  filesTrouble(
    uplinkSchema.parse({ name: "csms", kind: "ocpp", url: "wss://csms.example/ocpp", ...more }),
    stationId,
  ).map(({ what }) => what.replaceAll(`${folder}/`, ""));

test("a password of 16 to 40 characters is taken, a shorter or longer one is named by its length and never shown", () => {
  assert.equal(said({ passwordFile: file("good", `${"p".repeat(16)}\n`) }), []);
  assert.equal(said({ passwordFile: file("good", "p".repeat(40)) }), []);
  assert.equal(said({ passwordFile: file("short", "p".repeat(15)) }), [
    "short holds 15 characters, and a password of OCPP has 16 to 40",
  ]);
  assert.equal(said({ passwordFile: file("long", "p".repeat(41)) }), [
    "long holds 41 characters, and a password of OCPP has 16 to 40",
  ]);
  assert.equal(said({ passwordFile: file("two", `${"p".repeat(20)}\n${"q".repeat(20)}`) }), [
    "two holds more than one line of printable characters",
  ]);
});

test("an identity that basic auth would cut is named", () => {
  assert.match(
    said({ passwordFile: file("good", "p".repeat(20)) }, "CT:1")[0] ?? "",
    /identity "CT:1": basic auth ends a user name at its first colon/,
  );
  assert.equal(said({ identity: "CT-1", passwordFile: file("good", "p".repeat(20)) }, "CT:1"), []);
});

test("a file that is not there is named, each", () => {
  assert.equal(
    said({
      passwordFile: "/none/p",
      proxy: "http://proxy:3128",
      proxyAuthFile: "/none/proxy",
      tls: { caFile: "/none/ca" },
    }),
    ["/none/p", "/none/proxy", "/none/ca"].map((path) => `${path} cannot be read (ENOENT): receipts wait here`),
  );
});

test("security profile 3 needs a certificate and the key that belongs to it", () => {
  const certificates = certificatesIn(folder);
  certificates.authority("client");
  const [certFile, keyFile] = [join(folder, "client.pem"), join(folder, "client.key")];
  assert.equal(said({ tls: { caFile: certFile, certFile, keyFile } }), []);
  assert.match(said({ tls: { certFile } })[0] ?? "", /is set alone: a client certificate needs its key/);
  assert.match(said({ tls: { keyFile } })[0] ?? "", /is set alone: a key needs its client certificate/);
  certificates.authority("other");
  assert.match(
    said({ tls: { certFile, keyFile: join(folder, "other.key") } })[0] ?? "",
    /cannot be used together with .*other\.key/,
  );
  // OpenSSL takes an authority file without a certificate in it for an empty one.
  assert.match(
    said({ tls: { certFile: file("no.pem", "no certificate"), keyFile } })[0] ?? "",
    /no\.pem cannot be used/,
  );
});

test.run();

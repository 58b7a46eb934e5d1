// The station's certificate, made out by the CSMS for a key of the station's own, and the authorities by which the CSMS
// is known, against a test CA over real TLS: whatever is sent, and wherever it is cut, the station comes back on the
// line.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Dialect } from "../../../../../agent/sync/ocpp/rpc/frame.js";
import { newStationKey, signingRequest } from "../../../../../agent/sync/ocpp/security/signing-request.js";
import { certificatesIn } from "../../../../support/certificates.js";
import { isInstalled } from "../../../../support/is-installed.js";
import { letGo } from "../../../../support/sync/ocpp-bench.js";
import { TestRequests } from "../../../../support/sync/test-requests.js";
import {
  asked,
  frontWith,
  keptOn,
  type Place,
  place,
  type SecuredStation,
  sent,
  sentAndBack,
  stationAt,
  subject,
} from "../../../../support/tls/certificate-bench.js";
import { closeFronts } from "../../../../support/tls/tls-front.js";
import { VolatileFiles } from "../../../../support/volatile-files.js";

const test = suite("certificates that the CSMS makes out");
test.after.each(letGo);
test.after.each(closeFronts);
const folder = mkdtempSync(join(tmpdir(), "chargetill-certificates-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const text = (name: string): string => readFileSync(at(name), "utf8");
const authorities = certificatesIn(folder);
const dialects: readonly Dialect[] = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"];

/** Every third place to cut at, or every one where more is wanted. */
const stride = Number(process.env["CHARGETILL_TIMES"] ?? 1) > 1 ? 1 : 3;

const eventsAt = ({ csms }: Place): unknown[] =>
  csms.of("SecurityEventNotification").map(({ payload }) => payload["type"]);

/** Nothing secret went out or into the log. */
function quiet({ csms }: Place, { notes }: SecuredStation, files: VolatileFiles): void {
  const { certificates, askedKey } = keptOn(files);
  const keys = [...certificates.map(({ key }) => key), askedKey ?? ""].filter((key) => key !== "");
  for (const words of [...notes, ...csms.got.map((one) => one.text)]) {
    assert.not.match(words, /PRIVATE KEY/);
    for (const key of keys) assert.not.match(words, key.split("\n")[1] ?? "");
  }
}

if (isInstalled("openssl")) {
  test.before(() => {
    for (const name of ["ours", "next", "strange"]) authorities.authority(name);
    authorities.certificate("server", "ours", "IP:127.0.0.1");
    authorities.certificate("server-next", "next", "IP:127.0.0.1");
    authorities.certificate("of-config", "ours", "DNS:of-config");
  });

  test("a request is signed by its own key and says whose certificate it is to be", async () => {
    const key = newStationKey();
    const certificate = new X509Certificate(authorities.signed(await signingRequest(key, subject), "ours"));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
    assert.is(certificate.subject, "CN=CT-1\nO=Stadtwerke Musterstadt");
  });

  for (const dialect of dialects)
    test(`${dialect}: a key is made here, its certificate is taken, shown at once, and shown after a restart`, async () => {
      const there = await place(folder, dialect);
      const files = new VolatileFiles();
      const station = await stationAt(there, files);
      assert.equal(there.front.seen, [""]);
      const csr = await asked(there);
      assert.is(await sentAndBack(there, authorities.signed(csr, "ours")), "Accepted");
      assert.equal(there.front.seen, ["", "CT-1"]);
      assert.equal(eventsAt(there), ["StartupOfTheDevice", "ReconfigurationOfSecurityParameters"]);
      quiet(there, station, files);
      there.front.isWelcome = ({ authorized }) => authorized;
      const again = await stationAt(there, files.afterHardCut());
      assert.equal([again.outbox.status().reachability, there.front.seen.at(-1)], ["online", "CT-1"]);
    });

  for (const [what, chainOf] of [
    ["for another key", async () => authorities.signed(await signingRequest(newStationKey(), subject), "ours")],
    ["that has expired", async (csr: string) => authorities.signed(csr, "ours", "-1")],
    ["whose chain does not hold", async (csr: string) => `${authorities.signed(csr, "ours")}${text("strange.pem")}`],
    ["that is none", async () => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ["with a private key in it", async (csr: string) => `${authorities.signed(csr, "ours")}${text("ours.key")}`],
  ] as const)
    for (const dialect of ["ocpp1.6", "ocpp2.1"] as const)
      test(`${dialect}: a certificate ${what} is refused and told of; the next one is taken`, async () => {
        const there = await place(folder, dialect);
        const files = new VolatileFiles();
        const station = await stationAt(there, files);
        const csr = await asked(there);
        const heard = there.csms.until(() => eventsAt(there).length === 2);
        assert.is(await sent(there, await chainOf(csr)), "Rejected");
        await heard;
        assert.is(
          eventsAt(there)[1],
          dialect === "ocpp1.6" ? "InvalidChargePointCertificate" : "InvalidChargingStationCertificate",
        );
        assert.is(there.csms.connections, 1);
        assert.is(await sentAndBack(there, authorities.signed(csr, "ours")), "Accepted");
        assert.is(there.front.seen.at(-1), "CT-1");
        quiet(there, station, files);
      });

  test("a certificate that nobody asked for is refused", async () => {
    const there = await place(folder, "ocpp2.1");
    await stationAt(there, new VolatileFiles());
    assert.is(await sent(there, text("of-config.pem")), "Rejected");
  });

  test("one that the CSMS itself refuses later costs nothing: the station comes back with the one before", async () => {
    const there = await place(folder, "ocpp2.0.1");
    const files = new VolatileFiles();
    await stationAt(there, files);
    assert.is(await sentAndBack(there, authorities.signed(await asked(there), "ours")), "Accepted");
    there.front.isWelcome = ({ authorized }) => authorized;
    const told = there.csms.until(() => eventsAt(there).includes("InvalidChargingStationCertificate"));
    assert.is(await sentAndBack(there, authorities.signed(await asked(there), "strange")), "Accepted");
    await told;
    assert.is(there.front.seen.at(-1), "CT-1");
    assert.is(keptOn(files).certificates.length, 1, "the wrong one is forgotten");
    // The same with the config's own certificate as the one before.
    const fresh = new VolatileFiles();
    const tls = { caFile: at("ours.pem"), certFile: at("of-config.pem"), keyFile: at("of-config.key") };
    await stationAt(there, fresh, { tls });
    assert.is(await sentAndBack(there, authorities.signed(await asked(there), "strange")), "Accepted");
    assert.is(there.front.seen.at(-1), "of-config");
  });

  test("a certificate is asked for anew before it expires, again where no answer comes, and not without end", async () => {
    const there = await place(folder, "ocpp2.0.1");
    const files = new VolatileFiles();
    writeFileSync(at("short.key"), newStationKey());
    writeFileSync(at("short.pem"), authorities.signed(await signingRequest(text("short.key"), subject), "ours", "9"));
    const tls = { caFile: at("ours.pem"), certFile: at("short.pem"), keyFile: at("short.key") };
    const station = await stationAt(there, files, { tls });
    const requests = (): number => there.csms.of("SignCertificate").length;
    const pass = async (ms: number, awaited: number): Promise<void> => {
      const came = there.csms.until(() => requests() >= awaited);
      station.clock.advance(ms);
      await came;
    };
    const dayMs = 86_400_000;
    assert.is(requests(), 0);
    // Nine days: its last third begins after six.
    await pass(6 * dayMs + 1, 1);
    for (const [waitMs, awaited] of [
      [600_000, 2],
      [1_200_000, 3],
      [2_400_000, 4],
      [4_800_000, 5],
      [dayMs, 6],
    ] as const)
      await pass(waitMs, awaited);
    station.clock.advance(dayMs / 2);
    assert.is(requests(), 6);
    const keys = there.csms.of("SignCertificate").map(({ payload }) => payload["csr"] as string);
    // Whichever of the requests is answered, its certificate fits the one key.
    assert.is(await sentAndBack(there, authorities.signed(keys[1] ?? "", "ours", "900")), "Accepted");
    station.clock.advance(2 * dayMs);
    assert.is(requests(), 6);
  });

  test("cut at any write of a renewal, the station comes back on the line with a certificate", async () => {
    const there = await place(folder, "ocpp2.0.1");
    const before = new VolatileFiles();
    await stationAt(there, before);
    assert.is(await sentAndBack(there, authorities.signed(await asked(there), "ours")), "Accepted");
    const key = newStationKey();
    const chain = authorities.signed(await signingRequest(key, subject), "ours");
    there.front.isWelcome = ({ authorized }) => authorized;
    let tries = 0;
    for (let cutAt = 1, isOver = false; !isOver; cutAt += 1, tries += 1) {
      const files = before.copy({ cutAt });
      try {
        const kept = keptOn(files);
        // SignCertificate goes out after this, the answer to CertificateSigned after the next, and a line opens last.
        kept.askFor(key);
        kept.setCertificate(key, chain);
        kept.worked({ certificate: kept.certificates[0] });
        isOver = !files.wasCut;
      } catch (error) {
        if (!files.wasCut) throw error;
      }
      for (const cut of [files.afterHardCut(), files.copy()]) {
        const station = await stationAt(there, cut);
        assert.equal([station.outbox.status().reachability, there.front.seen.at(-1)], ["online", "CT-1"], `${cutAt}`);
        await station.outbox.stop();
      }
    }
    assert.ok(tries > 15, String(tries));
  });

  test("cut at any write of a renewal as it goes over the line, the station comes back with a certificate, and the next one is taken", async () => {
    const there = await place(folder, "ocpp2.0.1");
    const before = new VolatileFiles();
    await stationAt(there, before);
    assert.is(await sentAndBack(there, authorities.signed(await asked(there), "ours")), "Accepted");
    there.front.isWelcome = ({ authorized }) => authorized;
    let chains = 0;
    /** The whole exchange, or as far as it came before the power was cut. */
    const renewed = async (files: VolatileFiles): Promise<void> => {
      const opened = stationAt(there, files);
      let isOver = false;
      const cut = (async () => {
        while (!files.wasCut && !isOver) await new Promise((resolve) => setImmediate(resolve));
      })();
      const exchange = (async () => {
        await opened;
        const chain = authorities.signed(await asked(there), "ours");
        // What is heard after the cut is the next station's.
        if (files.wasCut) return;
        chains += 1;
        await sentAndBack(there, chain);
      })().catch((error: unknown) => {
        if (!files.wasCut) throw error;
      });
      await Promise.race([cut, exchange]);
      isOver = true;
      await opened.then(
        ({ outbox }) => outbox.stop(),
        () => undefined,
      );
    };
    let tries = 0;
    for (let cutAt = 1, isOver = false; !isOver; cutAt += stride, tries += 1) {
      const files = before.copy({ cutAt });
      await renewed(files);
      isOver = !files.wasCut;
      const station = await stationAt(there, files.afterHardCut());
      assert.equal(
        [station.outbox.status().reachability, there.front.seen.at(-1)],
        ["online", "CT-1"],
        `${cutAt} ${JSON.stringify(station.outbox.status())} ${station.notes.join()}`,
      );
      await station.outbox.stop();
    }
    // Cut before the key was kept, before the certificate was, before it had worked; and once not at all.
    assert.ok(tries * stride > 30 && chains * stride > 9, `${tries} cuts, ${chains} certificates`);
  });

  test("roots are named as OpenSSL names them, listed, and never deleted while the line hangs on them", async () => {
    const there = await place(folder, "ocpp2.0.1");
    const files = new VolatileFiles();
    await stationAt(there, files);
    const call = async (action: string, payload: object): Promise<Readonly<Record<string, unknown>>> =>
      (await there.csms.client?.call(action, payload)) as Readonly<Record<string, unknown>>;
    assert.is((await call("GetInstalledCertificateIds", {}))["status"], "NotFound");
    const certificateType = "CSMSRootCertificate";
    for (const [certificate, type, status] of [
      [text("next.pem"), certificateType, "Accepted"],
      [text("next.pem"), certificateType, "Accepted"],
      [text("strange.pem"), "V2GRootCertificate", "Rejected"],
      [text("server.pem"), certificateType, "Rejected"],
      ["nothing", certificateType, "Rejected"],
    ] as const)
      assert.is((await call("InstallCertificate", { certificateType: type, certificate }))["status"], status);
    const certificateHashData = { hashAlgorithm: "SHA256", ...authorities.hashData("next") };
    assert.equal(await call("GetInstalledCertificateIds", {}), {
      status: "Accepted",
      certificateHashDataChain: [{ certificateType, certificateHashData }],
    });
    // The CSMS changes over to the next authority, which the config does not know.
    there.front.show(frontWith(folder, "server-next"));
    const next = await stationAt(there, files.afterHardCut());
    assert.is(next.outbox.status().reachability, "online");
    assert.equal((await call("DeleteCertificate", { certificateHashData }))["status"], "Failed");
    assert.is(next.credentials.roots.length, 1);
    there.front.show(frontWith(folder, "server"));
    const back = await stationAt(there, files.afterHardCut());
    assert.equal((await call("DeleteCertificate", { certificateHashData }))["status"], "Accepted");
    assert.equal((await call("DeleteCertificate", { certificateHashData }))["status"], "NotFound");
    assert.is(back.credentials.roots.length, 0);
  });

  test("1.6 has its own words for a root", async () => {
    const requests = new TestRequests("ocpp1.6", undefined, { certificatesByCsms: true });
    const certificateType = "CentralSystemRootCertificate";
    // The bench's clock stands before the certificate's time.
    assert.is(requests.status("InstallCertificate", { certificateType, certificate: text("next.pem") }), "Rejected");
    requests.credentials = { ...requests.credentials, roots: [text("next.pem")] };
    const certificateHashData = [{ hashAlgorithm: "SHA256", ...authorities.hashData("next") }];
    assert.equal(await requests.askLater("GetInstalledCertificateIds", { certificateType }), {
      status: "Accepted",
      certificateHashData,
    });
    assert.equal(
      await requests.askLater("GetInstalledCertificateIds", { certificateType: "ManufacturerRootCertificate" }),
      { status: "NotFound" },
    );
    assert.equal(await requests.askLater("DeleteCertificate", { certificateHashData: certificateHashData[0] }), {
      status: "Accepted",
    });
    await requests.testStation.close();
  });
} else {
  console.log("SKIPPED certificates of a CSMS: there is no openssl command to make an authority with");
  test("without the openssl command there is no authority to try", () => assert.ok(true));
}

test("where the config does not say that the CSMS makes out certificates, it is told so", async () => {
  for (const dialect of dialects) {
    const requests = new TestRequests(dialect);
    for (const action of ["CertificateSigned", "InstallCertificate", "DeleteCertificate", "GetInstalledCertificateIds"])
      assert.is(requests.ask(action, {}), "NotSupported");
    await requests.testStation.close();
  }
});

test.run();

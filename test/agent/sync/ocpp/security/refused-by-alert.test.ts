// A certificate that the CSMS has made out and then refuses within the TLS handshake, by an alert: the station comes
// back on the line with the one before, at once and after a power cut.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { certificatesIn } from "../../../../support/certificates.js";
import { isInstalled } from "../../../../support/is-installed.js";
import { letGo } from "../../../../support/sync/ocpp-bench.js";
import { AlertingFront, closeAlertingFronts } from "../../../../support/tls/alerting-front.js";
import { asked, keptOn, place, sentAndBack, stationAt } from "../../../../support/tls/certificate-bench.js";
import { closeFronts } from "../../../../support/tls/tls-front.js";
import { VolatileFiles } from "../../../../support/volatile-files.js";

const test = suite("a certificate that is refused by a TLS alert");
test.after.each(letGo);
test.after.each(closeFronts);
test.after.each(closeAlertingFronts);
const folder = mkdtempSync(join(tmpdir(), "chargetill-refused-by-alert-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

if (isInstalled("openssl")) {
  const authorities = certificatesIn(folder);
  test.before(() => {
    for (const name of ["ours", "strange"]) authorities.authority(name);
    authorities.certificate("server", "ours", "IP:127.0.0.1");
    authorities.certificate("of-config", "ours", "DNS:of-config");
  });

  for (const [version, dialect, event] of [
    ["-tls1_2", "ocpp1.6", "InvalidChargePointCertificate"],
    ["-tls1_3", "ocpp2.1", "InvalidChargingStationCertificate"],
  ] as const)
    test(`${version}, ${dialect}: the station comes back with that of its config, and with the last that worked`, async () => {
      const there = await place(folder, dialect);
      const front = await AlertingFront.open(there.csms.url, folder, version);
      const files = new VolatileFiles();
      const more = {
        url: front.url,
        tls: { caFile: at("ours.pem"), certFile: at("of-config.pem"), keyFile: at("of-config.key") },
      };
      const told = (): readonly unknown[] =>
        there.csms
          .of("SecurityEventNotification")
          .filter(({ payload }) => payload["type"] === event)
          .map(({ payload }) => payload["techInfo"]);
      const refused = async (before: number): Promise<void> => {
        const events = told().length;
        const heard = there.csms.until(() => told().length > events);
        assert.is(await sentAndBack(there, authorities.signed(await asked(there), "strange")), "Accepted");
        await heard;
        assert.match(String(told().at(-1)), /does not accept this station's certificate.*\(ERR_SSL_\w*ALERT/);
        assert.is(keptOn(files).certificates.length, before, "the wrong one is forgotten");
      };
      const station = await stationAt(there, files, more);
      await refused(0);
      assert.is(await sentAndBack(there, authorities.signed(await asked(there), "ours")), "Accepted");
      const [worked] = keptOn(files).certificates;
      assert.is(worked?.worked, true);
      await refused(1);
      assert.equal(keptOn(files).certificates, [worked]);
      // With each wrong one a handshake more than connections.
      assert.equal([front.begun, front.through, there.csms.connections], [6, 4, 4]);
      assert.equal([station.outbox.status().reachability, station.failures], ["online", []]);
      const again = await stationAt(there, files.afterHardCut(), more);
      assert.equal([again.outbox.status().reachability, again.failures, there.csms.violations], ["online", [], []]);
    });
} else {
  console.log("SKIPPED certificates refused by a TLS alert: there is no openssl command to make them with");
  test("without the openssl command there are no certificates to try", () => assert.ok(true));
}

test.run();

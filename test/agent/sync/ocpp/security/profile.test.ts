// The security profile, raised by the CSMS from basic auth to the client certificate alone (A05): it counts once a line
// was opened so, and a CSMS that did not mean it, or forgot it, still gets its station back.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { certificatesIn } from "../../../../support/certificates.js";
import { isInstalled } from "../../../../support/is-installed.js";
import { letGo } from "../../../../support/sync/ocpp-bench.js";
import { TestRequests } from "../../../../support/sync/test-requests.js";
import {
  asked,
  keptOn,
  type Place,
  place,
  type SecuredStation,
  sentAndBack,
  stationAt,
} from "../../../../support/tls/certificate-bench.js";
import { closeFronts } from "../../../../support/tls/tls-front.js";
import { VolatileFiles } from "../../../../support/volatile-files.js";

const test = suite("the security profile");
test.after.each(letGo);
test.after.each(closeFronts);
const folder = mkdtempSync(join(tmpdir(), "chargetill-profile-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const authorities = certificatesIn(folder);
const passwordFile = join(folder, "password");
const password = "password-of-file-1";
writeFileSync(passwordFile, `${password}\n`);

type Fields = Readonly<Record<string, unknown>>;
const call = async ({ csms }: Place, action: string, payload: object): Promise<Fields> =>
  (await csms.client?.call(action, payload)) as Fields;

const at = async (there: Place, files: VolatileFiles): Promise<SecuredStation> =>
  await stationAt(there, files, { passwordFile });

/** A station that has a certificate of the CSMS, and shows its password all the same. */
async function certified(dialect: "ocpp1.6" | "ocpp2.0.1" | "ocpp2.1", files: VolatileFiles): Promise<Place> {
  const there = await place(folder, dialect);
  await at(there, files);
  assert.is(await sentAndBack(there, authorities.signed(await asked(there), "ours")), "Accepted");
  assert.equal(there.csms.passwords, [password, password]);
  return there;
}

const profileOf = async (there: Place): Promise<unknown> => {
  if (there.dialect === "ocpp1.6") {
    const { configurationKey } = await call(there, "GetConfiguration", { key: ["SecurityProfile"] });
    return (configurationKey as readonly [Fields])[0]["value"];
  }
  const { getVariableResult } = await call(there, "GetVariables", {
    getVariableData: [{ component: { name: "SecurityCtrlr" }, variable: { name: "SecurityProfile" } }],
  });
  return (getVariableResult as readonly [Fields])[0]["attributeValue"];
};

const setPriority = async (there: Place, attributeValue: string): Promise<unknown> => {
  const { setVariableResult } = await call(there, "SetVariables", {
    setVariableData: [
      { component: { name: "OCPPCommCtrlr" }, variable: { name: "NetworkConfigurationPriority" }, attributeValue },
    ],
  });
  return (setVariableResult as readonly [Fields])[0]["attributeStatus"];
};

const connectionData = ({ front, dialect }: Place, more: object = {}): object => ({
  ocppTransport: "JSON",
  ocppCsmsUrl: front.url,
  messageTimeout: 60,
  securityProfile: 3,
  ocppInterface: "Wired0",
  ...(dialect === "ocpp2.0.1" ? { ocppVersion: "OCPP20" } : {}),
  ...more,
});

if (isInstalled("openssl")) {
  test.before(() => {
    authorities.authority("ours");
    authorities.certificate("server", "ours", "IP:127.0.0.1");
  });

  test("1.6: three in place of two takes effect at once and for good, and there is no way down", async () => {
    const files = new VolatileFiles();
    const there = await certified("ocpp1.6", files);
    assert.is(await profileOf(there), "2");
    there.csms.isWelcome = (shown) => shown === undefined;
    const { connections } = there.csms;
    const back = there.csms.until(() => there.csms.connections > connections);
    const change = (value: string): Promise<Fields> =>
      call(there, "ChangeConfiguration", { key: "SecurityProfile", value });
    assert.equal(await change("1"), { status: "Rejected" });
    assert.equal(await change("3"), { status: "Accepted" });
    await there.csms.until(() => there.csms.passwords.length === 3);
    assert.is(there.csms.passwords[2], undefined);
    there.csms.cut();
    await at(there, files.afterHardCut());
    await back;
    assert.equal([there.csms.passwords.at(-1), await profileOf(there)], [undefined, "3"]);
    assert.equal(await change("2"), { status: "Rejected" });
  });

  for (const dialect of ["ocpp2.0.1", "ocpp2.1"] as const)
    test(`${dialect}: a network profile is offered, made the first, and used with the next start`, async () => {
      const files = new VolatileFiles();
      const there = await certified(dialect, files);
      assert.is(await setPriority(there, "2,1"), "Rejected");
      const offer = { configurationSlot: 2, connectionData: connectionData(there) };
      assert.equal(await call(there, "SetNetworkProfile", offer), { status: "Accepted" });
      assert.is(await profileOf(there), "2", "it is offered, and no more");
      await at(there, files);
      assert.is(there.csms.passwords.at(-1), password);
      assert.is(await setPriority(there, "2,1"), "Accepted");
      await at(there, files.afterHardCut());
      assert.equal([there.csms.passwords.at(-1), await profileOf(there)], [undefined, "3"]);
      assert.is(await setPriority(there, "1,2"), "Rejected");
    });

  test("a CSMS that wanted it and does not take it gets the station back with its password, and the profile is two", async () => {
    const files = new VolatileFiles();
    const there = await certified("ocpp1.6", files);
    there.csms.isWelcome = (shown) => shown === password;
    assert.equal(await call(there, "ChangeConfiguration", { key: "SecurityProfile", value: "3" }), {
      status: "Accepted",
    });
    await there.csms.until(() => there.csms.passwords.length === 4);
    await at(there, files);
    assert.equal(there.csms.passwords.slice(2), [undefined, password, password]);
    assert.is(await profileOf(there), "2");
  });

  test("a CSMS that took it and forgot it lets the station in by certificate and password, never without the first", async () => {
    const files = new VolatileFiles();
    const there = await certified("ocpp1.6", files);
    const kept = keptOn(files);
    kept.setUpgrade({ slot: 2, state: "worked" });
    there.csms.isWelcome = (shown) => shown === password;
    const station = await at(there, files);
    assert.equal(
      [station.outbox.status().reachability, there.front.seen.at(-1), await profileOf(there)],
      ["online", "CT-1", "3"],
    );
    there.front.isWelcome = ({ authorized }) => !authorized;
    assert.is.not((await at(there, files)).outbox.status().reachability, "online");
    assert.is(there.front.seen.includes(""), true, "before the certificate there was none");
  });

  test("a profile without a certificate, of another CSMS, identity or network, or a lower one, is refused by name", async () => {
    const files = new VolatileFiles();
    const there = await place(folder, "ocpp2.1");
    await at(there, files);
    const refused = async (data: object, configurationSlot = 2): Promise<unknown> => {
      const { status, statusInfo } = await call(there, "SetNetworkProfile", {
        configurationSlot,
        connectionData: data,
      });
      return `${String(status)} ${String((statusInfo as Fields | undefined)?.["reasonCode"] ?? "")}`;
    };
    assert.is(await refused(connectionData(there)), "Rejected InvalidNetworkConf");
    assert.is(await sentAndBack(there, authorities.signed(await asked(there), "ours")), "Accepted");
    const elsewhere = { ocppCsmsUrl: "wss://elsewhere.example/ocpp" };
    for (const [more, answer] of [
      [elsewhere, "Rejected InvalidNetworkConf"],
      [{ ocppTransport: "SOAP" }, "Rejected InvalidNetworkConf"],
      [{ identity: "CT-2" }, "Rejected InvalidNetworkConf"],
      [{ securityProfile: 1 }, "Rejected NoSecurityDowngrade"],
      [{ basicAuthPassword: "short" }, "Rejected InvalidValue"],
      [{ securityProfile: 2 }, "Accepted "],
    ] as const)
      assert.is(await refused(connectionData(there, more)), answer, JSON.stringify(more));
    assert.is(await refused(connectionData(there), 1), "Rejected InvalidConfSlot");
    assert.is(keptOn(files).upgrade, null);
  });
} else {
  console.log("SKIPPED security profiles: there is no openssl command to make certificates with");
  test("without the openssl command there is no certificate to show", () => assert.ok(true));
}

test("the address of the config decides between plain and TLS: that is no matter of the CSMS", async () => {
  const requests = new TestRequests("ocpp1.6", undefined, { url: "ws://127.0.0.1:1/csms" });
  for (const value of ["2", "3", "x", "-1", "04"])
    assert.is(requests.status("ChangeConfiguration", { key: "SecurityProfile", value }), "Rejected");
  await requests.testStation.close();
});

test.run();

// What the doctor says of the addresses that a backend names for itself.
import http from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareAddresses } from "../../../../agent/app/uplinks/named-addresses.js";
import type { OcpiUplinkConfig } from "../../../../config/uplink-schema.js";
import { testStationConfig } from "../../../support/station/test-station.js";
import { ocpiConfig, TokenFile, token } from "../../../support/sync/uplink-bench.js";
import { HandClock } from "../../../support/time/hand-clock.js";

const test = suite("the addresses that a backend names");
const tokenFile = new TokenFile();
test.after(() => tokenFile.remove());

type Reply = { readonly status?: number; readonly data?: unknown; readonly text?: string };

/** The findings, in short, of a backend that answers so; `more` = the uplink beside its addresses. */
async function found(
  answers: (url: string) => Readonly<Record<string, Reply>>,
  more: (url: string) => Partial<OcpiUplinkConfig> = () => ({}),
): Promise<{ readonly lines: string[]; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(`${request.headers.authorization ?? ""} ${request.url ?? ""}`);
    const { status = 200, data, text } = answers(origin)[request.url ?? ""] ?? { status: 404 };
    response.writeHead(status).end(text ?? JSON.stringify({ status_code: 1000, data }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const uplink = ocpiConfig(`${origin}/2.2.1/cdrs`, tokenFile.path, {
    tokensUrl: `${origin}/2.2.1/tokens/`,
    versionsUrl: `${origin}/versions`,
    ...more(origin),
  });
  try {
    const { config } = testStationConfig((demo) => ({ ...demo, uplinks: [uplink] }));
    const findings = await compareAddresses(config, () => Promise.resolve(new HandClock()));
    const plain = (text: string): string => text.replaceAll(origin, "");
    return {
      asked: asked.map(plain),
      lines: findings.map(({ value, trouble }) =>
        plain(trouble === undefined ? `ok | ${value}` : ["warn", value, trouble.why, trouble.fix].join(" | ")),
      ),
    };
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const endpoint = (identifier: string, role: string, url: string): object => ({ identifier, role, url });
const versions = (url: string): Reply => ({
  data: [
    { version: "2.1.1", url: `${url}/2.1.1` },
    { version: "2.2.1", url: `${url}/2.2.1` },
  ],
});
const details = (url: string, cdrs = "/2.2.1/cdrs"): Reply => ({
  data: {
    version: "2.2.1",
    endpoints: [
      endpoint("cdrs", "SENDER", `${url}/2.2.1/other`),
      endpoint("cdrs", "RECEIVER", `${url}${cdrs}`),
      endpoint("tokens", "SENDER", `${url}/2.2.1/tokens`),
    ],
  },
});

test("that are the config's are found well, with the token in both requests", async () => {
  const { lines, asked } = await found((url) => ({ "/versions": versions(url), "/2.2.1": details(url) }));
  assert.equal(lines, ["ok | OCPI 2.2.1 at /versions: its addresses are the config's"]);
  const header = `Token ${Buffer.from(token).toString("base64")}`;
  assert.equal(asked, [`${header} /versions`, `${header} /2.2.1`]);
});

test("that are others than the config's are named, with the setting to write", async () => {
  const { lines } = await found(
    (url) => ({ "/versions": versions(url), "/2.2.1": details(url, "/receiver/cdrs") }),
    (url) => ({ tariffsUrl: `${url}/2.2.1/tariffs` }),
  );
  assert.equal(lines, [
    "warn | url /2.2.1/cdrs | the backend names /receiver/cdrs for cdrs | set url: /receiver/cdrs",
    "warn | tariffsUrl /2.2.1/tariffs | the backend names no endpoint for tariffs | ask the backend for that address",
  ]);
});

test("are not asked for at another host, where the token would go", async () => {
  const { lines, asked } = await found((url) => ({
    "/versions": { data: [{ version: "2.2.1", url: "https://elsewhere.example.org/2.2.1" }] },
    "/2.2.1": details(url),
  }));
  assert.match(lines[0] ?? "", /its endpoints stand at https:\/\/elsewhere\.example\.org, where the token is not sent/);
  assert.is(asked.length, 1);
});

for (const [what, reply, words] of [
  [
    "does not offer the version",
    { data: [{ version: "2.1.1", url: "http://a.example" }] },
    /but: 2\.1\.1 \| set version/,
  ],
  ["does not know the token", { status: 401, text: "" }, /does not accept the token/],
  ["has no such address", { status: 404, text: "<html>" }, /is not an OCPI versions endpoint .*\| check versionsUrl/],
  ["answers with a login page", { text: "<html>log in</html>" }, /is not an OCPI versions endpoint/],
  ["lists nonsense", { data: [{ version: "2.2.1", url: "javascript:alert(1)" }] }, /is not an OCPI versions endpoint/],
] as const)
  test(`are a warning where the backend ${what}`, async () => {
    const { lines } = await found(() => ({ "/versions": reply }));
    assert.match(lines.join("\n"), words);
    assert.match(lines[0] ?? "", /^warn/);
  });

test("are not asked for where the config names no versions endpoint", async () => {
  const { config } = testStationConfig();
  assert.equal(await compareAddresses(config, () => Promise.resolve(new HandClock())), []);
});

test.run();

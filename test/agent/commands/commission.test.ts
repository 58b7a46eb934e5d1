// The record that a technician hands over: it says what was found, and an independent library proves who signed it.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compactVerify } from "jose";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { benchStation } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";
import { startAgent } from "../../support/cli/started-agent.js";

const test = suite("commission");

test("a station without a key yet cannot sign a record, and says when it can", async () => {
  const { config, folder } = benchStation();
  const early = await chargetill(
    "commission",
    "--by",
    "A. Technician",
    "--config",
    config,
    "--out",
    join(folder, "record"),
  );
  assert.is(early.code, 1);
  assert.match(early.err, /no signing key yet; the station creates it at its first start/);
});

test("the record of a running station is signed by its key and holds every finding and contactor", async () => {
  const { config, folder, state } = benchStation();
  const agent = await startAgent(config);
  const out = join(folder, "record");
  const ended = await chargetill(
    "commission",
    "--by",
    "A. Technician",
    "--contactors",
    "--config",
    config,
    "--out",
    out,
  );
  assert.is(ended.code, 0, ended.out + ended.err);
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
  const { jws } = JSON.parse(readFileSync(`${out}.json`, "utf8")) as { jws: string };
  const { payload, protectedHeader } = await compactVerify(
    jws,
    createPublicKey(readFileSync(join(state, "station.pub.pem"))),
  );
  assert.is(protectedHeader.typ, "chargetill-commissioning+json");
  const record = JSON.parse(Buffer.from(payload).toString("utf8")) as {
    by: string;
    passed: boolean;
    findings: { check: string }[];
    contactors: { connector: number; passed: boolean }[];
    meters: { words: string }[];
  };
  assert.equal(
    [record.by, record.passed, record.contactors.map(({ connector, passed }) => [connector, passed])],
    [
      "A. Technician",
      true,
      [
        [1, true],
        [2, true],
      ],
    ],
  );
  assert.ok(record.findings.some(({ check }) => check === "meter 2"));
  assert.equal(
    record.meters.map(({ words }) => words),
    ["skipped: no load given", "skipped: no load given"],
  );
  assert.match(
    readFileSync(`${out}.txt`, "utf8"),
    /PASSED[\s\S]*contactor 1: ok, its auxiliary contact followed both ways/,
  );
});

test.run();

// The technician's tools on a bench: found meters, live values, a check against a load, the doctor's table, the
// machine's ports.
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StateLock } from "../../../agent/control/state-lock.js";
import { checkLengthMs, checkMeterReadings, type MeterSample } from "../../../agent/core/session/meter-check.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { differences } from "../../../agent/station/config-reload.js";
import { AcceptedMeters } from "../../../agent/technician/accepted-meters.js";
import { doctorLines } from "../../../agent/technician/doctor-lines.js";
import { findPorts } from "../../../drivers/machine/find-ports.js";
import { benchStation } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";
import { startAgent } from "../../support/cli/started-agent.js";
import { freshFolder, RunningCommand } from "../../support/command.js";

const judge = suite("a meter against a known load");

/** A load of 2 kW for so long, as a meter that is so far off counts it. */
function samplesOf({
  seconds,
  factor = 1,
  stepMilliWh = 1_000,
}: {
  seconds: number;
  factor?: number;
  stepMilliWh?: number;
}): MeterSample[] {
  return Array.from({ length: seconds + 1 }, (_, second) => {
    const exact = (second * 2_000_000 * factor) / 3_600;
    return {
      monoMs: second * 1_000,
      energyMilliWh: 5_000_000 + Math.floor(exact / stepMilliWh) * stepMilliWh,
      powerW: 2_000 * factor,
    };
  });
}
const plan = { loadW: 2_000, tolerancePercent: 5, stepMilliWh: 1_000 };

judge(
  "two steps of the counter are at most half of the tolerance: 2 kW and 1 Wh steps take 144 s, 100 Wh steps four hours",
  () => {
    // 2 steps = 2 Wh = 2.5 % of 80 Wh; 80 Wh at 2000 W take 144 s.
    assert.is(checkLengthMs(plan), 144_000);
    assert.is(checkLengthMs({ ...plan, stepMilliWh: 100_000 }), 4 * 3_600_000);
  },
);

judge("a meter that is right passes, and one that is 8 % off does not, whatever its steps", () => {
  assert.ok(checkMeterReadings(samplesOf({ seconds: 144 }), plan).findings.every(({ ok }) => ok));
  const off = checkMeterReadings(samplesOf({ seconds: 144, factor: 1.08 }), plan);
  assert.equal(
    off.findings.map(({ ok }) => ok),
    [false, false, true],
  );
  const coarse = { ...plan, stepMilliWh: 100_000 };
  assert.ok(
    checkMeterReadings(samplesOf({ seconds: 4 * 3_600, stepMilliWh: 100_000 }), coarse).findings.every(({ ok }) => ok),
  );
  assert.not.ok(
    checkMeterReadings(samplesOf({ seconds: 4 * 3_600, stepMilliWh: 100_000, factor: 0.9 }), coarse).findings.every(
      ({ ok }) => ok,
    ),
  );
});

judge("a word-order mistake, a counter that runs backwards and too short a look never pass", () => {
  const still = samplesOf({ seconds: 144 }).map((sample) => ({ ...sample, energyMilliWh: 5_000_000 }));
  assert.not.ok(checkMeterReadings(still, plan).findings.every(({ ok }) => ok));
  const back = samplesOf({ seconds: 144 }).map((sample, index) =>
    index === 70 ? { ...sample, energyMilliWh: 0 } : sample,
  );
  assert.not.ok(checkMeterReadings(back, plan).findings.every(({ ok }) => ok));
  assert.not.ok(checkMeterReadings(samplesOf({ seconds: 143 }), plan).findings.every(({ ok }) => ok));
});

judge.run();

const tools = suite("tools on the bench");

tools("scan finds both meters at their line settings, names the model, and prints YAML to paste", async () => {
  const { config } = benchStation();
  const ended = await chargetill("meter", "scan", "--config", config, "--baud", "9600", "--units", "1-3", "--json");
  assert.is(ended.code, 0, ended.err);
  const { found } = JSON.parse(ended.out) as {
    found: { line: { parity: string }; unit: number; candidates: { model: string; serial: string }[] }[];
  };
  assert.equal(
    found.map(({ unit, line, candidates }) => [unit, line.parity, candidates[0]?.model]),
    [
      [1, "none", "eastron-sdm630-v2"],
      [2, "none", "eastron-sdm630-v2"],
    ],
  );
  assert.match(
    (await chargetill("meter", "scan", "--config", config, "--baud", "9600", "--units", "1")).out,
    /meter: \{ port: rs485, unit: 1, model: eastron-sdm630-v2, serial: "\d+" \}/,
  );
});

tools("scan refuses numbers that no line has; a running agent asks for it between its own looks", async () => {
  const { config } = benchStation();
  assert.is((await chargetill("meter", "scan", "--config", config, "--units", "0-300")).code, 2);
  const agent = await startAgent(config);
  const scanned = await chargetill("meter", "scan", "--config", config, "--baud", "9600", "--units", "2,9", "--json");
  assert.is(scanned.code, 0, scanned.err);
  const { found } = JSON.parse(scanned.out) as { found: { unit: number; candidates: { model: string }[] }[] };
  assert.equal(
    found.map(({ unit, candidates }) => [unit, candidates[0]?.model]),
    [[2, "eastron-sdm630-v2"]],
  );
  const watched = await chargetill("meter", "watch", "2", "--count", "1", "--config", config);
  assert.is(watched.code, 0, watched.err);
  assert.match(
    watched.out,
    /connector +meter +serial +kWh +W +A\n2 +SDM630-Modbus V2 +\d+ +\d+\.\d{3} +0 +0\.00\nline rs485: \d+ asked, \d+ failed \(\d+\.\d %\), \d+ late or stray bytes\n/,
  );
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
  assert.not.match(agent.out, /"type":"fault"/);
});

tools(
  "beside a session that charges, a meter is compared with its load and passes, the record of it is signed, and no scan takes its line",
  async () => {
    const { config, folder, state } = benchStation({ quiet: false, speed: 30 });
    const agent = new RunningCommand(["run", "--config", config]);
    await agent.until(/"type":"session-began","at":\d+,"connector":1/);
    const refused = await chargetill("meter", "scan", "--config", config, "--baud", "9600", "--units", "2");
    assert.is(refused.code, 1);
    assert.match(
      refused.err,
      /a session runs at connector 1, whose meter is on rs485: scan when it is over, or end it with: chargetill stop 1/,
    );
    // Seed 1 brings a car of 10 to 11 kW that draws 97 to 100 % of it.
    const out = join(folder, "record");
    const ended = await chargetill(
      "commission",
      "--by",
      "A. Technician",
      "--load",
      "1:10600",
      "--tolerance",
      "8",
      "--out",
      out,
      "--config",
      config,
      "--json",
    );
    const { meters } = JSON.parse(ended.out) as {
      meters: { connector: number; checked: boolean; passed: boolean; words: string }[];
    };
    assert.equal(
      meters.map(({ connector, checked, passed }) => [connector, checked, passed]),
      [
        [1, true, true],
        [2, false, false],
      ],
      ended.out,
    );
    assert.match(meters[0]?.words ?? "", /power \d+ W against a load of 10600 W/);
    assert.is(meters[1]?.words, "skipped: no load given");
    agent.kill("SIGTERM");
    assert.is((await agent.ended).code, 0);
    assert.not.match(agent.out, /"type":"fault"/);
    assert.ok(AcceptedMeters.open(new Disk(), state).has("eastron-sdm630-v2", "23001985"));
    const verified = await chargetill("verify", "--key", join(state, "station.pub.pem"), `${out}.json`);
    assert.is(verified.code, 0, verified.out);
    assert.match(verified.out, /ok +verdict +PASSED; \d+ findings, 2 contactors, 2 meters, of which 3 not checked/);
  },
);

tools("a check with no load on the line is not passed, and says by how much", async () => {
  const { config } = benchStation({ speed: 6_000 });
  const ended = await chargetill("meter", "check", "1", "--load", "2000", "--config", config);
  assert.is(ended.code, 1);
  assert.match(ended.out, /FAILED counted 0\.0 Wh where the load makes \d+\.\d Wh: -100\.0 % off/);
});

tools("a model in doubt sells once its own meter has passed the check, and not before", async () => {
  const { config, state } = benchStation({
    quiet: false,
    speed: 300,
    change: (text) => text.replace("unit: 1, model: eastron-sdm630-v2", "unit: 1, model: cg-em24"),
  });
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/"code":"meter\/unknown"/);
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
  assert.not.match(agent.out, /"type":"session-began","at":\d+,"connector":1/);
  const [seen] = JSON.parse(
    (await chargetill("meter", "watch", "1", "--count", "1", "--json", "--config", config)).out,
  ) as { identity: { serial: string } }[];
  rmSync(join(state, "bench.world"));
  const check = {
    model: "cg-em24",
    atMs: 0,
    loadW: 2_000,
    measuredW: 2_000,
    energyMilliWh: 8_000_000,
    tolerancePercent: 5,
  };
  const acceptedMeters = AcceptedMeters.open(new Disk(), state);
  acceptedMeters.add({ ...check, serial: "another meter" });
  acceptedMeters.add({ ...check, serial: seen?.identity.serial ?? "" });
  const next = new RunningCommand(["run", "--config", config]);
  await next.until(/"type":"session-began","at":\d+,"connector":1/);
  next.kill("SIGTERM");
  assert.is((await next.ended).code, 0);
  assert.not.match(next.out, /meter\/unknown/);
});

tools("doctor and bundle leave no trace where no agent has run", async () => {
  const { config, state } = benchStation();
  const well = await chargetill("doctor", "--config", config);
  assert.is(well.code, 0, well.out);
  assert.is((await chargetill("bundle", "--preview", "--config", config)).code, 0);
  assert.not.ok(existsSync(state));
});

tools("the doctor finds a bench well, names each fault with its remedy, and ends with 1 for a fault", async () => {
  const { config, tariff } = benchStation({
    change: (text) =>
      text.replace(
        "indicator: { green: { gpio: 23 }",
        "button: { gpio: 25, activeLow: true }\n    indicator: { green: { gpio: 23 }",
      ),
  });
  const well = await chargetill("doctor", "--config", config, "--json");
  assert.is(well.code, 0, well.out);
  const { findings } = JSON.parse(well.out) as {
    findings: { check: string; value: string; verdict: string; why?: string; fix?: string }[];
  };
  assert.equal(
    findings.flatMap(({ check, value }) => (check.startsWith("pins") ? [value] : [])),
    ["plug out, contactor feedback open, button up", "plug out, contactor feedback open"],
  );
  for (const check of [
    "config",
    "permissions",
    "tariff",
    "agent",
    "meter 1",
    "pins 2",
    "reader front",
    "clock",
    "disk health",
    "disk room",
    "key",
    "journal",
    "receipts",
    "unsent",
  ])
    assert.ok(
      findings.some((each) => each.check === check),
      check,
    );
  assert.ok(
    findings.every(({ verdict, why, fix }) => verdict === "ok" || (why !== undefined && fix !== undefined)),
    "what is not well says why and what to do",
  );
  writeFileSync(tariff, "{}");
  const ill = await chargetill("doctor", "--config", config);
  assert.is(ill.code, 1);
  assert.match(ill.out, /FAULT +tariff .*\n +why: .*standard\.json:\d+:\d+: .*\n +do: .*chargetill tariff check/);
});

tools("the doctor says what to do about the cause that the meter tells, beside an agent and without one", async () => {
  const { config } = benchStation({
    change: (text) =>
      text.replace("unit: 2, model: eastron-sdm630-v2 }", 'unit: 2, model: eastron-sdm630-v2, serial: "77" }'),
  });
  const remedy = async (): Promise<string | undefined> => {
    const { out } = await chargetill("doctor", "--config", config, "--json");
    const { findings } = JSON.parse(out) as { findings: { check: string; fix?: string }[] };
    return findings.find(({ check }) => check === "meter 2")?.fix;
  };
  const expected = "put the right meter back, or write the new serial number into the config";
  assert.is(await remedy(), expected);
  const agent = await startAgent(config);
  assert.is(await remedy(), expected);
  agent.kill("SIGTERM");
  await agent.ended;
});

tools("the doctor and a watcher say whose word a serial number is that the meter does not tell", async () => {
  const { config } = benchStation({
    change: (text) =>
      text.replace("unit: 2, model: eastron-sdm630-v2 }", 'unit: 2, model: eastron-sdm72d-m, serial: "SN-77" }'),
  });
  const { out } = await chargetill("doctor", "--config", config);
  const flat = out.replace(/\s+/g, " ");
  assert.match(flat, "serial SN-77 (entered by hand)");
  assert.match(flat, "another meter of this model in its place would not be noticed");
  assert.is(flat.split("entered by hand").length, 2, "the other meter tells its own");
  assert.match((await chargetill("meter", "watch", "--config", config, "--count", "1")).out, "SN-77 (entered by hand)");
});

tools("devices that are not within reach hide nothing else from the doctor", async () => {
  const { config, state } = benchStation();
  mkdirSync(state);
  const lock = StateLock.take(state, 0);
  try {
    const ended = await chargetill("doctor", "--config", config);
    assert.is(ended.code, 1);
    assert.match(ended.out, /FAULT +devices +not reachable\n +why: .*another agent runs/);
    for (const check of ["disk health", "disk room", "key", "journal", "receipts"])
      assert.match(ended.out, new RegExp(`(ok|WARN) +${check} `));
  } finally {
    lock.release();
  }
});

tools("the doctor's table goes on below itself where the terminal ends", () => {
  const findings = [
    { check: "config", value: "/etc/chargetill/station.yaml", verdict: "ok" },
    {
      check: "meter 1",
      value: "eastron-sdm630-v2, unit 1 at rs485",
      verdict: "fault",
      why: "it did not answer within 1000 ms",
      fix: "check supply, A and B",
    },
  ] as const;
  assert.equal(doctorLines(findings, 40), [
    "       check    value",
    "ok     config   /etc/chargetill/station.",
    "                yaml",
    "FAULT  meter 1  eastron-sdm630-v2, unit",
    "                1 at rs485",
    "       why:  it did not answer within",
    "             1000 ms",
    "       do:   check supply, A and B",
    "1 ok, 0 warnings, 1 fault",
  ]);
  assert.is(doctorLines(findings).length, 6);
});

tools("a doctor without a config says so in one line and ends with 1", async () => {
  const ended = await chargetill("doctor", "--config", join(freshFolder(), "none.yaml"));
  assert.is(ended.code, 1);
  assert.match(ended.out, /FAULT +config .*\n +why: .*no such file/);
});

tools.run();

const ports = suite("ports");

ports("an adapter is named by its id, without one by its place, and only a port without either by its number", () => {
  const root = freshFolder();
  for (const folder of ["dev/serial/by-id", "dev/serial/by-path", "sys/class/gpio/gpiochip512"])
    mkdirSync(join(root, folder), { recursive: true });
  for (const file of [
    "dev/ttyUSB0",
    "dev/ttyUSB1",
    "dev/ttyACM3",
    "dev/ttySC0",
    "dev/spidev0.0",
    "dev/tty1",
    "sys/class/gpio/export",
  ])
    writeFileSync(join(root, file), "");
  writeFileSync(join(root, "sys/class/gpio/gpiochip512/label"), "pinctrl-bcm2711\n");
  symlinkSync("../../ttyUSB0", join(root, "dev/serial/by-id/usb-FTDI-if00"));
  // Two adapters of one kind, none with a number: udev has one name by id for both.
  symlinkSync("../../ttyUSB0", join(root, "dev/serial/by-path/platform-usb-0:1.1"));
  symlinkSync("../../ttyUSB1", join(root, "dev/serial/by-path/platform-usb-0:1.2"));
  const found = findPorts(root).map(({ kind, name, usable }) => [kind, name, usable]);
  assert.equal(found, [
    ["serial", "/dev/serial/by-id/usb-FTDI-if00", true],
    ["serial", "/dev/serial/by-path/platform-usb-0:1.2", true],
    ["serial", "/dev/ttyACM3", true],
    ["serial", "/dev/ttySC0", true],
    ["spi", "/dev/spidev0.0", true],
    ["gpio", "pinctrl-bcm2711", true],
  ]);
  if (process.getuid?.() === 0) return;
  chmodSync(join(root, "dev/spidev0.0"), 0);
  assert.match(findPorts(root).find(({ kind }) => kind === "spi")?.why ?? "", /this user may not open it: its group/);
});

ports("the chips of a kernel whose GPIO has no sysfs are found by their devices", () => {
  const root = freshFolder();
  mkdirSync(join(root, "dev"));
  writeFileSync(join(root, "dev/gpiochip0"), "");
  assert.equal(
    findPorts(root).map(({ kind, name, device }) => [kind, name, device]),
    // A plain file tells no label.
    [["gpio", "?", "/dev/gpiochip0"]],
  );
});

ports("a machine without any of them is no trouble", () => {
  const root = freshFolder();
  rmSync(root, { recursive: true });
  assert.equal(findPorts(root), []);
});

ports("two configs differ at the paths at which they differ", () => {
  assert.equal(differences("", { a: 1, b: { c: [1, 2] }, d: 3 }, { a: 1, b: { c: [1, 3] }, e: 3 }), [
    "b.c[1]",
    "d",
    "e",
  ]);
  assert.equal(differences("", { a: [] }, { a: [] }), []);
});

ports.run();

// The card terminal for a technician: `chargetill terminal` and `doctor` against the bench's terminal, with the agent
// running and without it; and its frames in a trace.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type TerminalOptions, TerminalSimulator } from "../../../drivers/bench/terminal/terminal-simulator.js";
import { type BenchStation, benchStation } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";
import { startAgent } from "../../support/cli/started-agent.js";
import { terminalPasswordFile, testCards } from "../../support/terminal/terminal-bench.js";

type Site = BenchStation & { readonly simulator: TerminalSimulator; readonly args: readonly string[] };

/** A station whose config names the bench's terminal, and gives back what is not used where nothing else is said. */
async function site(options: TerminalOptions = {}, keys = ""): Promise<Site> {
  const simulator = await TerminalSimulator.open(options);
  const terminal =
    `terminal: { address: 127.0.0.1, port: ${simulator.port}, terminalId: "52523535", ` +
    `passwordFile: ${terminalPasswordFile()}, dialect: give-back, lateAnswer: 0s${keys} }\n`;
  const station = benchStation({ change: (text) => `${text}\n${terminal}` });
  return { ...station, simulator, args: ["--config", station.config] };
}

const commands = suite("chargetill terminal");

commands("status tells id, version, state, proof and holds, and says 1 until the terminal is proven", async () => {
  const { simulator, args } = await site();
  const before = await chargetill("terminal", "status", ...args);
  assert.is(before.code, 1);
  assert.match(before.out, /^terminal 52523535, version SIM-1\.0: ready\nbooks by give-back: NOT proven/);
  void simulator.show(testCards.bank);
  const test = await chargetill("terminal", "test", "--by", "A. Technician", ...args);
  assert.is(test.code, 0, test.err);
  assert.match(
    test.err,
    /hold your own bank card or phone to the terminal\n1\.00 EUR are being held\n0\.01 EUR is being/,
  );
  assert.is(test.out, "PASSED: of 1.00 EUR held, 0.01 EUR was booked and the rest let go: give-back is proven\n");
  const after = await chargetill("terminal", "status", "--json", ...args);
  assert.is(after.code, 0);
  const look = JSON.parse(after.out) as { proven: { by: string; bookedMinor: number }; holds: unknown[] };
  assert.equal([look.proven.by, look.proven.bookedMinor, look.holds], ["A. Technician", 1, []]);
  assert.equal(
    simulator.bank.holds.map(({ state, bookedMinor }) => [state, bookedMinor]),
    [["booked", 1]],
  );
  await simulator.close();
});

commands("a wrong dialect fails the test, and says what was booked in place of 0.01", async () => {
  const { simulator, args } = await site({ dialect: "final" });
  void simulator.show(testCards.bank);
  const test = await chargetill("terminal", "test", ...args);
  assert.is(test.code, 1);
  assert.match(test.out, /^FAILED: the terminal booked 0\.99 EUR in place of 0\.01 EUR: its dialect is not give-back/);
  assert.is((await chargetill("terminal", "status", ...args)).code, 1);
  await simulator.close();
});

commands(
  "a test that the bank refuses, a booking that the terminal refuses and a plain RFID card prove nothing",
  async () => {
    const { simulator, args } = await site();
    void simulator.show(testCards.rfid);
    assert.match((await chargetill("terminal", "test", ...args)).out, /^FAILED: this is not a bank card/);
    void simulator.show(testCards.bank);
    simulator.refusals.set("0622", 0xc8);
    assert.match((await chargetill("terminal", "test", ...args)).out, /^FAILED: the hold was not made: less than the/);
    void simulator.show(testCards.bank);
    simulator.refusals.set("0623", 0x05);
    const booked = await chargetill("terminal", "test", ...args);
    // The list of holds is the same command: the refusal met it.
    assert.match(booked.out, /^FAILED: the terminal does not say which holds stand: declined/);
    assert.equal(simulator.bank.open, []);
    await simulator.close();
  },
);

commands("a test whose answers are lost is asked about, and proves what the terminal says it booked", async () => {
  const { simulator, args } = await site();
  simulator.interrupt({ command: "0622", step: "done", how: "cut" });
  simulator.interrupt({ command: "0623", step: "done", how: "cut", after: 2 });
  void simulator.show(testCards.bank);
  const test = await chargetill("terminal", "test", ...args);
  assert.match(test.out, /^PASSED/, test.out);
  assert.equal(
    simulator.bank.holds.map(({ state, bookedMinor, endings }) => [state, bookedMinor, endings]),
    [["booked", 1, 1]],
  );
  await simulator.close();
});

commands("holds are listed; the end of day waits for them, cancels none, and comes when they are gone", async () => {
  const { simulator, args } = await site();
  simulator.holdOfAnother(1_000);
  const holds = await chargetill("terminal", "holds", ...args);
  assert.is(holds.out, "hold 0231: no agent is running: whose it is, is not known\n");
  const refused = await chargetill("terminal", "eod", ...args);
  assert.is(refused.code, 1);
  assert.match(refused.err, /holds stand \(0231\): the end of day waits for them/);
  assert.is(simulator.bank.open.length, 1);
  simulator.bank.end("0231", 0);
  assert.is((await chargetill("terminal", "eod", ...args)).out, "the terminal's day is closed\n");
  await simulator.close();
});

commands(
  "another terminal, nobody at the address and a config without a terminal are told as what they are",
  async () => {
    const other = await site({ terminalId: "11112222" });
    const status = await chargetill("terminal", "status", ...other.args);
    assert.match(status.out, /^terminal 11112222.*\nNOT the terminal of the config, which is 52523535/);
    assert.match((await chargetill("terminal", "test", ...other.args)).out, /^FAILED: .* is 11112222, and the config/);
    await other.simulator.close();
    const gone = await chargetill("terminal", "status", ...other.args);
    assert.is(gone.code, 1);
    assert.match(gone.err, /cannot be reached/);
    const without = await chargetill("terminal", "status", "--config", benchStation().config);
    assert.is(without.code, 2);
    assert.match(without.err, /the config names no terminal/);
  },
);

commands(
  "beside the running agent the same commands answer, the test too, and the terminal sells after it",
  async () => {
    const { simulator, args, config } = await site();
    const agent = await startAgent(config);
    await agent.until(/"fault":"terminal\/unproven"|terminal\/unproven/);
    assert.match((await chargetill("terminal", "status", ...args)).out, /NOT proven/);
    void simulator.show(testCards.bank);
    const test = await chargetill("terminal", "test", ...args);
    assert.is(test.code, 0, test.out + test.err);
    const doctor = JSON.parse((await chargetill("doctor", "--json", ...args)).out) as {
      findings: { check: string; verdict: string; value: string }[];
    };
    const found = doctor.findings.find(({ check }) => check === "terminal");
    assert.equal(
      [found?.verdict, found?.value],
      ["ok", "52523535, version SIM-1.0, ready, books by give-back (proven)"],
    );
    agent.kill("SIGTERM");
    assert.is((await agent.ended).code, 0);
    await simulator.close();
  },
);

commands("a trace of the agent has the terminal's frames in words, and nothing of a card in its file", async () => {
  const { simulator, args, folder } = await site();
  const file = join(folder, "terminal.trace");
  void simulator.show(testCards.bank);
  const tested = chargetill("terminal", "test", ...args);
  await tested;
  const agent = await startAgent(args[1] ?? "");
  const recorded = await chargetill("trace", "record", "--for", "1m", "--out", file, ...args);
  assert.is(recorded.code, 0, recorded.err);
  agent.kill("SIGTERM");
  await agent.ended;
  const text = readFileSync(file, "utf8");
  assert.match(text, /"terminal":"out"/);
  assert.not.match(text, /123456|5555555555554444/);
  const played = await chargetill("trace", "replay", file);
  assert.match(played.out, /terminal <- {2}read a card/);
  await simulator.close();
});
commands.run();

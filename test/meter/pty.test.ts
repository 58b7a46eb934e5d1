// The same driver on a real kernel terminal, with serialport's own binding, against a slave that shares no line of code with it.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openMeterBus } from "../../drivers/meter/bus.js";
import type { MeterBus } from "../../drivers/meter/bus.js";
import type { EnergyMeter, Reading } from "../../drivers/driver.js";
import { StillClock, codeOf, meterConfig, port, quickMap } from "./bench.js";

const script = fileURLToPath(new URL("../../../test/meter/pty-slave.py", import.meta.url));

type Slave = { readonly bus: MeterBus; readonly meter: EnergyMeter; say: (mode: string) => Promise<void>; end: () => Promise<void> };

/** Starts the slave and wires the driver to its terminal. */
async function onTerminal(timeout: number): Promise<Slave> {
  const child = spawn("python3", [script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const path = String((await lines.next()).value);
  // A reply may be late by 150 ms here: the line is kept quiet for longer than that.
  const bus = openMeterBus({ ...port, path, baud: 115_200 }, new StillClock(), { loadMap: (model) => ({ ...quickMap(model), worstReplyMs: 200 }) });
  const meter = bus.meter(meterConfig("eastron-sdm630-v2", { timeout }));
  return {
    bus,
    meter,
    say: async (mode) => {
      child.stdin.write(`${mode}\n`);
      await lines.next();
    },
    end: async () => {
      const gone = once(child, "exit");
      child.stdin.end();
      await gone;
    },
  };
}

const terminal = suite("a meter on a pseudo-terminal");

terminal("a port that is not there is port/missing, in words", async () => {
  const bus = openMeterBus({ ...port, path: "/dev/serial/by-id/usb-nothing" }, new StillClock());
  const work = bus.meter(meterConfig("eastron-sdm630-v2")).read();
  assert.is(await codeOf(work), "port/missing");
  await bus.close();
});

if (spawnSync("python3", ["-c", "import pty, select, struct, tty"]).status !== 0) console.log("SKIPPED meter on a pseudo-terminal: python3 is not there");
else {
  terminal("gives the values that the slave holds, fragmented and doubled as they may come", async () => {
    const slave = await onTerminal(1_000);
    const expected = { energyMilliWh: 12_345_678_000, powerW: 11_040, currentMilliA: 48_000, serial: "21031234" };
    for (const mode of ["plain", "slow", "double", "double", "plain"]) {
      await slave.say(mode);
      const { moment: _, ...values } = await slave.meter.read();
      assert.equal(values, expected, mode);
    }
    await slave.bus.close();
    await slave.end();
  });

  terminal("a reply that comes after the time-out meets nobody", async () => {
    const slave = await onTerminal(100);
    await slave.meter.identify();
    await slave.say("late");
    assert.is(await codeOf(slave.meter.read()), "meter/timeout");
    // A busy machine may bring another time-out; a wrong value it must never bring.
    let reading: Reading | undefined;
    for (let tries = 0; tries < 5 && reading === undefined; tries++) reading = await slave.meter.read().catch(() => undefined);
    assert.is(reading?.energyMilliWh, 12_345_678_000);
    assert.is(reading?.powerW, 11_040);
    assert.ok(slave.bus.counts.strayBytes > 0, "it was heard and thrown away");
    await slave.bus.close();
    await slave.end();
  });

  terminal("a terminal that is taken away ends in a fault, not in a hang", async () => {
    const slave = await onTerminal(100);
    await slave.meter.read();
    await slave.end();
    const codes = [await codeOf(slave.meter.read()), await codeOf(slave.meter.read())];
    for (const code of codes) assert.match(code, /^(port\/(lost|missing)|meter\/timeout)$/);
    await slave.bus.close();
  });
}
terminal.run();

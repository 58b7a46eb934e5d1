// The same driver on a real kernel terminal, with serialport's own binding, against slaves that share no line of code
// with it: libmodbus, which Debian packages, and a small one in Python's standard library, which is there wherever
// python3 is.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { EnergyMeter, Reading } from "../../../drivers/driver.js";
import type { MeterBus } from "../../../drivers/meter/meter-bus.js";
import { openMeterBus } from "../../../drivers/meter/meter-bus.js";
import { isInstalled } from "../../support/is-installed.js";
import { codeOf, meterConfig, port, quickMap, StillClock } from "../../support/meter/meter-bench.js";

const script = fileURLToPath(new URL("../../../../test/drivers/meter/pty-slave.py", import.meta.url));

type Kind = "libmodbus" | "own";
type Slave = { readonly path: string; say: (mode: string) => Promise<void>; end: () => Promise<void> };
type Wired = Slave & { readonly bus: MeterBus; readonly meter: EnergyMeter };

/** Starts a slave; it prints its terminal. */
async function startSlave(kind: Kind): Promise<Slave> {
  const child = spawn("python3", [script, kind], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const path = String((await lines.next()).value);
  return {
    path,
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

/**
 * The driver on the terminal at `path`. A reply may be late by 150 ms here: the line is kept quiet for longer than
 * that.
 */
const busAt = (path: string): MeterBus =>
  openMeterBus({ ...port, path, baud: 115_200 }, new StillClock(), {
    loadMap: (model) => ({ ...quickMap(model), worstReplyMs: 200 }),
  });

/** Starts the slave and wires the driver to its terminal. */
async function onTerminal(kind: Kind, timeout: number): Promise<Wired> {
  const slave = await startSlave(kind);
  const bus = busAt(slave.path);
  return { ...slave, bus, meter: bus.meter(meterConfig("eastron-sdm630-v2", { timeout })) };
}

const expected = { energyMilliWh: 12_345_678_000, powerW: 11_040, currentMilliA: 48_000, serial: "21031234" };
const valuesOf = ({ moment: _, ...values }: Reading): Omit<Reading, "moment"> => values;

/** A busy machine may bring another time-out; a wrong value it must never bring. */
async function soon(meter: EnergyMeter): Promise<Reading | undefined> {
  let reading: Reading | undefined;
  for (let tries = 0; tries < 8 && reading === undefined; tries++) reading = await meter.read().catch(() => undefined);
  return reading;
}

const terminal = suite("a meter on a pseudo-terminal");

terminal("a port that is not there is port/missing, in words", async () => {
  const bus = openMeterBus({ ...port, path: "/dev/serial/by-id/usb-nothing" }, new StillClock());
  const work = bus.meter(meterConfig("eastron-sdm630-v2")).read();
  assert.is(await codeOf(work), "port/missing");
  await bus.close();
});

const hasPython = isInstalled("python3");

/** The loader's own words for a library that is not there; a library that cannot be loaded is another matter. */
function hasLibmodbus(): boolean {
  const { status, stderr } = spawnSync("python3", ["-c", "import ctypes; ctypes.CDLL('libmodbus.so.5')"], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  if (status === 0) return true;
  if (/libmodbus\.so\.5: cannot open shared object file: No such file/.test(stderr)) return false;
  throw new Error(stderr);
}

const kinds: readonly [Kind, boolean, string][] = [
  ["libmodbus", hasPython && hasLibmodbus(), "python3 and libmodbus5 are not there"],
  ["own", hasPython, "python3 is not there"],
];

for (const [kind, isThere, why] of kinds) {
  if (!isThere) {
    console.log(
      `SKIPPED a meter on a pseudo-terminal against ${kind === "own" ? "the slave of our own" : kind}: ${why}`,
    );
    continue;
  }
  const against = (sentence: string, work: () => Promise<void>): void => terminal(`${kind}: ${sentence}`, work);

  against("gives the values that the slave holds, fragmented and doubled as they may come", async () => {
    const slave = await onTerminal(kind, 1_000);
    for (const mode of ["plain", "slow", "double", "double", "plain"]) {
      await slave.say(mode);
      assert.equal(valuesOf(await slave.meter.read()), expected, mode);
    }
    await slave.bus.close();
    await slave.end();
  });

  against(
    "a reply that comes after the time-out meets nobody, and a request that nobody heard is asked again",
    async () => {
      const slave = await onTerminal(kind, 100);
      await slave.meter.identify();
      for (const mode of ["late", "deaf"]) {
        await slave.say(mode);
        assert.is(await codeOf(slave.meter.read()), "meter/timeout", mode);
        const reading = await soon(slave.meter);
        assert.equal(reading === undefined ? undefined : valuesOf(reading), expected, mode);
        if (mode === "late") assert.ok(slave.bus.counts.strayBytes > 0, "it was heard and thrown away");
      }
      await slave.bus.close();
      await slave.end();
    },
  );

  against(
    "a terminal that is taken away ends in a fault, not in a hang; under the same name again, it is opened anew",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "chargetill-pty-"));
      const path = join(folder, "usb-adapter");
      const first = await startSlave(kind);
      symlinkSync(first.path, path);
      const bus = busAt(path);
      const meter = bus.meter(meterConfig("eastron-sdm630-v2", { timeout: 100 }));
      assert.ok((await soon(meter)) !== undefined);
      await first.end();
      rmSync(path);
      const codes = [await codeOf(meter.read()), await codeOf(meter.read())];
      for (const code of codes) assert.match(code, /^(port\/(lost|missing)|meter\/timeout)$/);
      const second = await startSlave(kind);
      symlinkSync(second.path, path);
      const reading = await soon(meter);
      assert.equal(reading === undefined ? undefined : valuesOf(reading), expected);
      await bus.close();
      await second.end();
      rmSync(folder, { recursive: true });
    },
  );

  if (kind === "libmodbus")
    against("a model whose registers are not there is refused by its exception", async () => {
      const slave = await startSlave(kind);
      const bus = busAt(slave.path);
      const meter = bus.meter(meterConfig("cg-em5x0", { acceptUnproven: true }));
      assert.match(await codeOf(meter.read()), /^meter\/(exception|unknown)$/);
      await bus.close();
      await slave.end();
    });
}
terminal.run();

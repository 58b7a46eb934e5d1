// The agent's side of the namespace: onoff itself keeps the contract of a port, or refuses a machine whose pins it
// cannot be sure of.
import { readdirSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeviceError } from "../../../drivers/driver.js";
import { OnoffPort } from "../../../drivers/gpio/port/onoff-port.js";
import type { Question, Reply } from "./onoff-world.js";
import { portContract } from "./port-contract.js";

let asked = 0;
const waiting = new Map<number, (levels: readonly boolean[]) => void>();
process.on("message", (message) => {
  const reply = message as Reply;
  waiting.get(reply.id)?.(reply.levels);
  waiting.delete(reply.id);
});
const orphaned = (): void => process.exit(1);
process.on("disconnect", orphaned);

function end(): void {
  process.off("disconnect", orphaned);
  process.disconnect();
}

type Asked = { ask: "levels"; gpio: number } | { ask: "drive"; gpio: number; high: boolean };

function ask(question: Asked): Promise<boolean[]> {
  const id = ++asked;
  return new Promise((resolve) => {
    waiting.set(id, (levels) => resolve([...levels]));
    process.send?.({ ...question, id } satisfies Question);
  });
}

function refusals(label: string): void {
  const test = suite(`onoff where the chip is ${label}`);
  test("no pin is guessed: the port is refused, and says which chips it found", () => {
    try {
      new OnoffPort();
    } catch (error) {
      assert.instance(error, DeviceError);
      assert.is((error as DeviceError).code, "gpio/missing");
      assert.is(
        (error as DeviceError).message,
        `no GPIO chip of a Raspberry Pi header (pinctrl-bcm2835, pinctrl-bcm2711, pinctrl-rp1) under /sys/class/gpio; found: ${label}`,
      );
      return;
    }
    assert.unreachable("it was opened");
  });
  test.after(end);
  test.run();
}

function troubles(): void {
  const test = suite("onoff in trouble");
  const openFiles = (): number => readdirSync("/proc/self/fd").length;
  for (const [gpio, words] of [
    [4, "GPIO 4: is held by another driver or overlay"],
    [5, "GPIO 5: it did not become an output; another program may hold it, or its files are not writable"],
  ] as const)
    test(`${words}: it is said so, tried again without leaving a file open, and works once it can`, async () => {
      const port = new OnoffPort();
      const pin = { gpio, activeLow: true };
      const before = openFiles();
      const said: string[] = [];
      for (let i = 0; i < 20; i++) {
        try {
          port.output(pin, false);
          assert.unreachable("it was opened");
        } catch (error) {
          assert.instance(error, DeviceError);
          assert.is((error as DeviceError).code, "gpio/missing");
          said.push((error as DeviceError).message);
        }
      }
      assert.ok(said[0]?.startsWith(words), said[0]);
      // The epoll package keeps one descriptor for all pins.
      assert.ok(openFiles() <= before + 1, `${before} files open before, ${openFiles()} after`);
      await ask({ ask: "drive", gpio, high: true });
      port.output(pin, true);
      assert.equal(await ask({ ask: "levels", gpio }), [false]);
    });
  test("an output becomes an input and an output again", async () => {
    const port = new OnoffPort();
    const pin = { gpio: 6, activeLow: false };
    port.output(pin, true).close();
    const input = port.input(pin);
    assert.is(input.read(), true);
    input.close();
    port.output(pin, false);
    assert.equal(await ask({ ask: "levels", gpio: 6 }), [true, false]);
  });
  test.after(end);
  test.run();
}

const [, , rows = "contract", label = ""] = process.argv;
if (rows === "refusals") refusals(label);
else if (rows === "trouble") troubles();
else
  portContract(`onoff as a port, chip ${label}`, {
    start: () => Promise.resolve(new OnoffPort()),
    levels: (gpio) => ask({ ask: "levels", gpio }),
    drive: async (gpio, high) => void (await ask({ ask: "drive", gpio, high })),
    end,
  });

// The agent's side of the namespace: onoff itself keeps the contract of a port, or refuses a machine whose pins it cannot be sure of.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeviceError } from "../../drivers/driver.js";
import { OnoffPort } from "../../drivers/gpio/onoff-port.js";
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
      assert.is((error as DeviceError).message, `no GPIO chip of a Raspberry Pi header (pinctrl-bcm2835, pinctrl-bcm2711, pinctrl-rp1) under /sys/class/gpio; found: ${label}`);
      return;
    }
    assert.unreachable("it was opened");
  });
  test.after(end);
  test.run();
}

const [, , rows = "contract", label = ""] = process.argv;
if (rows === "refusals") refusals(label);
else
  portContract(`onoff as a port, chip ${label}`, {
    start: () => Promise.resolve(new OnoffPort()),
    levels: (gpio) => ask({ ask: "levels", gpio }),
    drive: async (gpio, high) => void (await ask({ ask: "drive", gpio, high })),
    end,
  });

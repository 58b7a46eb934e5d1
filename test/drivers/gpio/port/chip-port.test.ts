// The pins by the kernel's character device: our program that holds the lines, on a chip that is emulated beneath it.
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeviceError } from "../../../../drivers/driver.js";
import { GpioContactor } from "../../../../drivers/gpio/gpio-contactor.js";
import { ChipPort, listChips } from "../../../../drivers/gpio/port/chip-port.js";
import { OnoffPort } from "../../../../drivers/gpio/port/onoff-port.js";
import { openGpioPort } from "../../../../drivers/gpio/port/open-gpio-port.js";
import { pinsProgram } from "../../../../drivers/gpio/port/pins-program.js";
import { freshFolder } from "../../../support/command.js";
import { portContract } from "../port-contract.js";
import { ChipBoard } from "./chip-board.js";

const limitMs = 60_000;
const board = new ChipBoard("pinctrl-bcm2711");
board.install();
let port: ChipPort | undefined;

portContract("the character device as a port", {
  start: async () => {
    // What a process leaves whose end closes the holder's stdin.
    await port?.close();
    port = new ChipPort();
    return port;
  },
  levels: (gpio) => Promise.resolve(board.takeLevels(gpio)),
  drive: (gpio, high) => board.drive(gpio, high),
  inactiveAtDeath: true,
  end: () => void port?.close(),
});

const test = suite("the character device");
const pin = { gpio: 17, activeLow: false };

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.instance(error, DeviceError);
    assert.is((error as DeviceError).code, "gpio/missing");
    return (error as DeviceError).message;
  }
  throw new Error("it was expected to fail");
}

/** The newest child of this process. */
const newestChild = (): number =>
  Number(readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").at(-1));

test("a second name of the header's chip is the same chip", () =>
  assert.equal(listChips(), [{ device: "/dev/gpiochip0", label: "pinctrl-bcm2711", lines: 58 }]));

test("an agent that is killed leaves its contactor open", async () => {
  const ofAgent = 41;
  const agent = fork(fileURLToPath(new URL("chip-agent-child.js", import.meta.url)));
  await once(agent, "message");
  const before = board.takeLevels(ofAgent);
  agent.kill("SIGKILL");
  await once(agent, "exit");
  assert.equal(before, [false, true]);
  const levels: boolean[] = [];
  const deadline = performance.now() + limitMs;
  while (levels.length === 0 && performance.now() < deadline) {
    levels.push(...board.takeLevels(ofAgent));
    await new Promise(setImmediate);
  }
  assert.equal(levels, [false]);
});

test("where the holder is killed too, its end is told, and the list of the opener opens what stayed closed", async () => {
  let died: string | undefined;
  const opened = new ChipPort((why) => (died = why));
  const holder = newestChild();
  const contactor = new GpioContactor(opened, pin);
  contactor.set(true);
  process.kill(holder, "SIGKILL");
  const deadline = performance.now() + limitMs;
  while (died === undefined && performance.now() < deadline) await new Promise(setImmediate);
  assert.is(died, "chargetill-pins, which holds the pins, ended (SIGKILL)");
  assert.match(
    refusalOf(() => contactor.set(false)),
    /^GPIO 17: chargetill-pins, which holds the pins, ended/,
  );
  assert.is(board.takeLevels(pin.gpio).at(-1), true);
  const list = join(freshFolder(), "contactors");
  const order = opened.openOrder(pin);
  assert.equal(order, { kind: "chip", label: "pinctrl-bcm2711", line: 17, high: false });
  writeFileSync(list, "chargetill-pins 1\nserial 1\nagent 1 1\nclosed 1\nchip pinctrl-bcm2711 17 low\nend\n");
  const { status, stderr } = spawnSync(pinsProgram(), ["open", list], { encoding: "utf8", timeout: limitMs });
  assert.is(status, 0, stderr);
  assert.equal(board.takeLevels(pin.gpio), [false]);
});

test("a holder that does not answer is waited for no longer than a bound", async () => {
  const stuck = new ChipPort();
  const holder = newestChild();
  process.kill(holder, "SIGSTOP");
  assert.match(
    refusalOf(() => stuck.input(pin)),
    /^GPIO 17: chargetill-pins, which holds the pins, does not answer$/,
  );
  process.kill(holder, "SIGCONT");
  await stuck.close();
});

test("a line that another driver holds is named, tried again, and works once it is free", async () => {
  const opened = new ChipPort();
  board.hold(40, true);
  assert.match(
    refusalOf(() => opened.output({ gpio: 40, activeLow: false }, false)),
    /^GPIO 40: is held by another program, driver or overlay; see config.txt, and gpioinfo \(EBUSY/,
  );
  board.hold(40, false);
  opened.output({ gpio: 40, activeLow: false }, true);
  assert.equal(board.takeLevels(40), [true]);
  await opened.close();
});

test("the character device is chosen where the kernel has it and no sysfs, else onoff", async () => {
  const root = freshFolder();
  mkdirSync(join(root, "dev"));
  // onoff opens this machine's own pins, or says that there are none.
  const isOnoff = (): boolean => {
    try {
      return openGpioPort(root) instanceof OnoffPort;
    } catch (error) {
      return error instanceof DeviceError && error.message.includes("/sys/class/gpio");
    }
  };
  assert.ok(isOnoff());
  writeFileSync(join(root, "dev/gpiochip0"), "");
  const chosen = openGpioPort(root);
  assert.instance(chosen, ChipPort);
  await chosen.close();
  mkdirSync(join(root, "sys/class/gpio"), { recursive: true });
  writeFileSync(join(root, "sys/class/gpio/export"), "");
  assert.ok(isOnoff());
});

test("no chip is guessed: the port is refused, and says which chips it found", () => {
  const other = new ChipBoard("raspberrypi-exp-gpio");
  other.install();
  assert.is(
    refusalOf(() => new ChipPort()),
    "no GPIO chip of a Raspberry Pi header (pinctrl-bcm2835, pinctrl-bcm2711, pinctrl-rp1) among /dev/gpiochip*; " +
      "found: raspberrypi-exp-gpio",
  );
  other.remove();
});

test.run();

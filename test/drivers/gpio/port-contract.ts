// What every GpioPort promises, as one suite: run on the bench's board, on onoff over a kernel-like sysfs, and on the
// character device of an emulated chip.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PinConfig } from "../../../config/schema.js";
import { DeviceError } from "../../../drivers/driver.js";
import { GpioButton } from "../../../drivers/gpio/gpio-button.js";
import { GpioContactor } from "../../../drivers/gpio/gpio-contactor.js";
import { GpioPlug } from "../../../drivers/gpio/gpio-plug.js";
import type { GpioInput, GpioPort } from "../../../drivers/gpio/port/gpio-port.js";
import { SteppedClock } from "../../support/time/stepped-clock.js";

/** The wires behind a port. */
export interface Wires {
  /** A new process opens the pins; the one before, if any, died without a word. */
  start(): Promise<GpioPort>;
  /** Every level that an output had since the last asking, the present one last; empty when it never moved. */
  levels(gpio: number): Promise<boolean[]>;
  /** Puts a voltage on an input. */
  drive(gpio: number, high: boolean): Promise<void>;
  /** A process that dies leaves its outputs inactive, and not as they were. */
  readonly inactiveAtDeath?: true;
  /** All rows are done. */
  end?(): void;
}

const boundMs = 2_000;

/** Resolves when `input` has changed; rejects when it does not within a bound. */
function change(input: GpioInput): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no change within ${boundMs} ms`)), boundMs);
    const unwatch = input.watch(() => {
      clearTimeout(timer);
      unwatch();
      resolve();
    });
  });
}

function refusal(work: () => unknown): DeviceError {
  try {
    work();
  } catch (error) {
    assert.instance(error, DeviceError);
    return error as DeviceError;
  }
  throw new Error("it was expected to fail");
}

export function portContract(name: string, wires: Wires): void {
  const test = suite(name);
  let next = 2;
  /** A pin that no row before has touched. */
  const fresh = (activeLow = false): PinConfig => ({ gpio: next++, activeLow });

  for (const activeLow of [false, true])
    for (const initial of [false, true])
      test(`an ${activeLow ? "active-low" : "active-high"} output opens ${initial ? "active" : "inactive"} and has no other level before`, async () => {
        const pin = fresh(activeLow);
        const port = await wires.start();
        port.output(pin, initial);
        assert.equal(await wires.levels(pin.gpio), [initial !== activeLow]);
      });

  test("an output follows, active-low ones the other way round", async () => {
    for (const activeLow of [false, true]) {
      const pin = fresh(activeLow);
      const output = (await wires.start()).output(pin, false);
      await wires.levels(pin.gpio);
      output.set(true);
      output.set(true);
      output.set(false);
      assert.equal(await wires.levels(pin.gpio), [!activeLow, activeLow]);
    }
  });

  const left = wires.inactiveAtDeath ? "let go of, inactive, is opened active again" : "left active is opened active";
  test(`an output that a dead process ${left} without a flicker`, async () => {
    for (const activeLow of [false, true]) {
      const pin = fresh(activeLow);
      (await wires.start()).output(pin, true);
      await wires.levels(pin.gpio);
      (await wires.start()).output(pin, true);
      assert.equal(await wires.levels(pin.gpio), wires.inactiveAtDeath ? [activeLow, !activeLow] : []);
    }
  });

  test("a contactor that a dead process left closed is open from the start of the next one", async () => {
    for (const activeLow of [false, true]) {
      const pin = fresh(activeLow);
      new GpioContactor(await wires.start(), pin).set(true);
      await wires.levels(pin.gpio);
      new GpioContactor(await wires.start(), pin);
      assert.equal(await wires.levels(pin.gpio), [activeLow], "one change, straight to open");
    }
  });

  test("closing a contactor's driver opens it; closing an output leaves its level, and it can be opened again", async () => {
    const coil = fresh();
    const lamp = fresh();
    const port = await wires.start();
    const contactor = new GpioContactor(port, coil);
    contactor.set(true);
    contactor.close();
    assert.equal((await wires.levels(coil.gpio)).at(-1), false);
    const output = port.output(lamp, true);
    output.close();
    assert.equal(await wires.levels(lamp.gpio), [true]);
    port.output(lamp, true);
    assert.equal(await wires.levels(lamp.gpio), []);
  });

  test("an input reads what is on the wire, active-low ones the other way round", async () => {
    for (const activeLow of [false, true]) {
      const pin = fresh(activeLow);
      const input = (await wires.start()).input(pin);
      for (const high of [true, false, true]) {
        await wires.drive(pin.gpio, high);
        assert.is(input.read(), high !== activeLow);
      }
      input.close();
    }
  });

  test("a watched input tells of a change, and no more once the watch has ended", async () => {
    const pin = fresh(true);
    const input = (await wires.start()).input(pin);
    await wires.drive(pin.gpio, true);
    for (const high of [false, true]) {
      const changed = change(input);
      await wires.drive(pin.gpio, high);
      await changed;
      assert.is(input.read(), !high);
    }
    let heard = 0;
    const unwatch = input.watch(() => (heard += 1));
    unwatch();
    await wires.drive(pin.gpio, false);
    await new Promise(setImmediate);
    assert.is(heard, 0);
    input.close();
  });

  test("a contactor's auxiliary contact is read where one is wired", async () => {
    const port = await wires.start();
    const feedback = fresh(true);
    const contactor = new GpioContactor(port, { ...fresh(), feedback });
    await wires.drive(feedback.gpio, false);
    assert.is(contactor.feedback(), true);
    await wires.drive(feedback.gpio, true);
    assert.is(contactor.feedback(), false);
    contactor.close();
    assert.is(new GpioContactor(port, fresh()).feedback(), undefined);
  });

  test("a plug is told once its contact has settled", async () => {
    const clock = new SteppedClock();
    const pin = fresh(true);
    const port = await wires.start();
    await wires.drive(pin.gpio, true);
    const plug = new GpioPlug(port, pin, clock);
    const ending = new AbortController();
    const changes = plug.plugs(ending.signal)[Symbol.asyncIterator]();
    assert.is((await changes.next()).value?.plugged, false);
    const deadline = performance.now() + boundMs;
    await wires.drive(pin.gpio, false);
    while (clock.waiting === 0 && performance.now() < deadline) await new Promise(setImmediate);
    assert.is(plug.plugged(), false);
    await clock.pass(60);
    assert.is((await changes.next()).value?.plugged, true);
    ending.abort();
    plug.close();
  });

  test("a button's press is told once, and its letting go is not", async () => {
    const clock = new SteppedClock();
    const pin = fresh(true);
    const port = await wires.start();
    await wires.drive(pin.gpio, true);
    const button = new GpioButton(port, pin, clock);
    const ending = new AbortController();
    const presses = button.presses(ending.signal)[Symbol.asyncIterator]();
    for (let press = 1; press <= 2; press++) {
      const next = presses.next();
      for (const high of [false, true]) {
        const deadline = performance.now() + boundMs;
        const before = clock.waiting;
        await wires.drive(pin.gpio, high);
        // The edge is heard when the wait for its settling begins; while the button is down, the wait for a stuck one
        // goes on beside it.
        while (clock.waiting === before && performance.now() < deadline) await new Promise(setImmediate);
        await clock.pass(40);
        assert.is(button.down(), !high);
      }
      assert.equal([(await next).value?.pressed, (await next).value?.stuck], [true, false]);
    }
    ending.abort();
    assert.is((await presses.next()).done, true);
    button.close();
    assert.is(clock.waiting, 0);
  });

  test("a pin in use is not opened twice, and one that the chip does not have not at all", async () => {
    const port = await wires.start();
    const pin = fresh();
    port.output(pin, false);
    assert.is(refusal(() => port.output(pin, false)).code, "gpio/missing");
    assert.is(refusal(() => port.input(pin)).code, "gpio/missing");
    const far = refusal(() => port.output({ gpio: 99, activeLow: false }, false));
    assert.is(far.code, "gpio/missing");
    assert.match(far.message, "GPIO 99");
  });

  test.after(() => wires.end?.());
  test.run();
}

// The bench's board keeps the contract of a port, and outlives the process that drives it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GpioBoard } from "../../../drivers/bench/gpio-board.js";
import { portContract } from "./port-contract.js";

const board = new GpioBoard();
const history = new Map<number, boolean[]>();
board.onOutput(({ gpio, high }) => history.set(gpio, [...(history.get(gpio) ?? []), high]));

portContract("the bench's board as a port", {
  start: () => {
    board.agentDied();
    return Promise.resolve(board);
  },
  levels: (gpio) => {
    const levels = history.get(gpio) ?? [];
    history.delete(gpio);
    return Promise.resolve(levels);
  },
  drive: (gpio, high) => Promise.resolve(board.drive(gpio, high)),
});

const test = suite("the bench's board");
const pin = { gpio: 17, activeLow: false };

test("what a dead process drove stays driven, also through a saved and restored state", () => {
  const first = new GpioBoard();
  const output = first.output(pin, true);
  first.drive(4, true);
  first.agentDied();
  assert.throws(() => output.set(false), /process that is gone/);
  assert.is(first.level(17), true);
  const second = new GpioBoard(JSON.parse(JSON.stringify(first.snapshot())));
  assert.is(second.level(17), true);
  assert.is(second.input({ gpio: 4, activeLow: false }).read(), true);
  assert.equal(second.snapshot(), first.snapshot());
});

test("the world speaks of active and not, whatever the wiring", () => {
  const own = new GpioBoard();
  const low = { gpio: 5, activeLow: true };
  assert.is(own.isActive(low), false, "a pin nobody has opened does nothing");
  const output = own.output(low, false);
  assert.is(own.isActive(low), false);
  output.set(true);
  assert.is(own.isActive(low), true);
  assert.is(own.level(5), false);
  own.driveActive({ gpio: 6, activeLow: true }, true);
  assert.is(own.input({ gpio: 6, activeLow: true }).read(), true);
});

test("an input that nothing drives is inactive", () => {
  for (const activeLow of [false, true]) assert.is(new GpioBoard().input({ gpio: 7, activeLow }).read(), false);
});

test("an output is not driven from outside", () => {
  const own = new GpioBoard();
  own.output(pin, false);
  assert.throws(() => own.drive(17, true), /short circuit/);
});

test("a broken pin throws in the words of the driver", () => {
  const own = new GpioBoard();
  const output = own.output(pin, false);
  own.break(17, true);
  assert.throws(
    () => output.set(true),
    (error: unknown) => error instanceof Error && "code" in error && error.code === "gpio/missing",
  );
  own.break(17, false);
  output.set(true);
  assert.is(own.level(17), true);
});

test.run();

// While the station is not open every contactor is opened and every lamp shows it, whatever fails beside it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { HeldPins } from "../../../agent/app/held-pins.js";
import type { ConnectorConfig } from "../../../config/schema.js";
import { GpioBoard } from "../../../drivers/bench/gpio-board.js";
import type { Indication } from "../../../drivers/driver.js";
import { GpioContactor } from "../../../drivers/gpio/gpio-contactor.js";
import { GpioPlug } from "../../../drivers/gpio/gpio-plug.js";
import { HandClock } from "../../support/time/hand-clock.js";

const test = suite("the pins of a station that is not open");

const coil = (connector: number): { gpio: number; activeLow: boolean } => ({ gpio: connector, activeLow: false });
const ids = [1, 2, 3];

/** Three connectors whose contactors a dead process left closed. */
function afterACrash() {
  const board = new GpioBoard();
  for (const id of ids) board.output(coil(id), true);
  board.agentDied();
  const lamps: Indication[] = [];
  const told: string[] = [];
  const pins = new HeldPins({
    connectors: () => ids.map((id) => ({ id }) as ConnectorConfig),
    pins: ({ id }) => ({
      contactor: new GpioContactor(board, coil(id)),
      plug: new GpioPlug(board, { gpio: 10 + id, activeLow: false }, new HandClock()),
      indicator: { show: (indication) => void lamps.push(indication), close: () => undefined },
    }),
    failed: ({ id }, { code }) => void told.push(`${id}: ${code}`),
  });
  const closed = (): number[] => ids.filter((id) => board.isActive(coil(id)));
  return { board, pins, lamps, told, closed };
}

test("at a start the contactors alone are opened, and the pins are free for whoever opens them next", () => {
  const { board, pins, lamps, closed } = afterACrash();
  pins.openContactors();
  assert.equal(closed(), []);
  assert.equal(lamps, []);
  board.output(coil(1), false);
});

test("a pin that fails keeps no other contactor closed, and is told once for the same error", () => {
  const { board, pins, lamps, told, closed } = afterACrash();
  board.break(2, true);
  pins.openContactors();
  assert.equal(closed(), [2], "the others are open");
  assert.equal(told, [], "it is told by whoever needs the pin");
  for (let tries = 0; tries < 3; tries += 1) {
    pins.hold();
    pins.release();
  }
  assert.equal(told, ["2: gpio/missing"]);
  assert.equal(lamps, Array(6).fill("fault"));
  board.break(2, false);
  pins.hold();
  assert.equal(closed(), []);
});

test.run();

// Plug contact, button and indicator on the bench's board, by a clock that moves when told.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GpioBoard } from "../../../drivers/bench/gpio-board.js";
import { DeviceError, type Indication } from "../../../drivers/driver.js";
import { GpioButton, stuckAfterMs } from "../../../drivers/gpio/gpio-button.js";
import { GpioIndicator, indicationPatterns, stepMs } from "../../../drivers/gpio/gpio-indicator.js";
import { GpioPlug } from "../../../drivers/gpio/gpio-plug.js";
import { SteppedClock } from "../../support/time/stepped-clock.js";

const plugs = suite("the plug contact");
const contact = { gpio: 22, activeLow: true };

function plugBench(plugged = false): {
  clock: SteppedClock;
  board: GpioBoard;
  plug: GpioPlug;
  heard: string[];
  stop(): Promise<unknown>;
} {
  const clock = new SteppedClock();
  const board = new GpioBoard();
  board.driveActive(contact, plugged);
  const plug = new GpioPlug(board, contact, clock);
  const heard: string[] = [];
  const ending = new AbortController();
  const done = (async (): Promise<unknown> => {
    try {
      for await (const change of plug.plugs(ending.signal))
        heard.push(`${change.plugged ? "in" : "out"}@${change.moment.monoMs}`);
      return undefined;
    } catch (error) {
      return error;
    }
  })();
  const stop = (): Promise<unknown> => {
    ending.abort();
    plug.close();
    return done;
  };
  return { clock, board, plug, heard, stop };
}

plugs("is told as it is now, then at each change, 50 ms after it has settled", async () => {
  const { clock, board, plug, heard, stop } = plugBench(true);
  await clock.pass(1_000);
  board.driveActive(contact, false);
  await clock.pass(49);
  assert.is(plug.plugged(), true);
  await clock.pass(1);
  assert.is(plug.plugged(), false);
  board.driveActive(contact, true);
  await clock.pass(100);
  assert.is(await stop(), undefined);
  assert.equal(heard, ["in@1000", "out@2050", "in@2100"]);
});

plugs("a bounce is one change, and a knock on the plug is none", async () => {
  const { clock, board, heard, stop } = plugBench();
  await clock.pass(0);
  for (const active of [true, false, true, false, true]) {
    board.driveActive(contact, active);
    await clock.pass(5);
  }
  await clock.pass(100);
  for (const active of [false, true]) {
    board.driveActive(contact, active);
    await clock.pass(10);
  }
  await clock.pass(100);
  assert.is(await stop(), undefined);
  assert.equal(heard, ["out@1000", "in@1070"]);
});

plugs("a contact that chatters without end counts as unplugged", async () => {
  const { clock, board, heard, stop } = plugBench(true);
  await clock.pass(0);
  for (let i = 0; i < 100; i++) {
    board.driveActive(contact, i % 2 === 1);
    await clock.pass(20);
  }
  assert.equal(heard, ["in@1000", "out@2000"]);
  await clock.pass(100);
  assert.is(await stop(), undefined);
  assert.equal(heard, ["in@1000", "out@2000", "in@3030"]);
});

plugs(
  "a loose contact is unsteady and unplugged until it has been quiet for a minute, two minutes the next time",
  async () => {
    const clock = new SteppedClock();
    const board = new GpioBoard();
    const plug = new GpioPlug(board, contact, clock);
    const heard: string[] = [];
    const ending = new AbortController();
    const done = (async () => {
      for await (const { plugged, unsteady, moment } of plug.plugs(ending.signal))
        heard.push(`${plugged ? "in" : "out"}${unsteady === true ? ", unsteady" : ""}@${moment.monoMs}`);
    })();
    /** Edges 80 ms apart, the last of them at the plug being in. */
    const wiggle = async (edges: number): Promise<void> => {
      for (let i = 1; i <= edges; i++) {
        board.driveActive(contact, (edges - i) % 2 === 0);
        await clock.pass(80);
      }
    };
    await clock.pass(0);
    await wiggle(101);
    // The first of eleven changes was told at 1050, ten of them in all; the last edge came at 9000.
    assert.is(heard.length, 12);
    assert.equal(heard.splice(0).slice(-2), ["out@1770", "out, unsteady@1850"]);
    assert.is(plug.plugged(), false);
    await clock.pass(59_919);
    assert.equal(heard, []);
    await clock.pass(100);
    assert.equal(heard.splice(0), ["out@69000", "in@69000"]);
    await wiggle(101);
    heard.splice(0);
    await clock.pass(100_000);
    assert.equal(heard, [], "a minute is no longer enough");
    await clock.pass(20_000);
    assert.equal(
      heard.map((one) => one.replace(/@.*/, "")),
      ["out", "in"],
    );
    ending.abort();
    plug.close();
    await done;
  },
);

plugs("changes that no one fetches are bounded, and an unplugging is never lost among them", async () => {
  const clock = new SteppedClock();
  const board = new GpioBoard();
  const plug = new GpioPlug(board, contact, clock);
  const changes = plug.plugs(new AbortController().signal)[Symbol.asyncIterator]();
  await changes.next();
  for (let i = 0; i < 1_001; i++) {
    board.driveActive(contact, i % 2 === 0);
    await clock.pass(31_000);
  }
  const fetched: boolean[] = [];
  for (let i = 0; i < 63; i++) fetched.push((await changes.next()).value?.plugged ?? false);
  assert.is(fetched[0], true, "what was dropped is pairs");
  assert.ok(fetched.includes(false));
  assert.is(fetched.at(-1), true, "the last one is the state now");
  assert.is(plug.plugged(), true);
  plug.close();
});

plugs("a pin that can no longer be read ends the changes with its name", async () => {
  const { clock, board, stop } = plugBench();
  await clock.pass(0);
  board.driveActive(contact, true);
  board.break(22, true);
  await clock.pass(100);
  const error = await stop();
  assert.instance(error, DeviceError);
  assert.match((error as DeviceError).message, "GPIO 22");
});

plugs("a plug at rest keeps no waking, and a closed one hears nothing", async () => {
  const { clock, board, stop } = plugBench();
  await clock.pass(1_000);
  assert.is(clock.waiting, 0);
  await stop();
  board.driveActive(contact, true);
  assert.is(clock.waiting, 0);
});

plugs.run();

const buttons = suite("the button");
const key = { gpio: 25, activeLow: true };

function buttonBench(down = false): {
  clock: SteppedClock;
  board: GpioBoard;
  button: GpioButton;
  heard: string[];
  stop(): Promise<unknown>;
} {
  const clock = new SteppedClock();
  const board = new GpioBoard();
  board.driveActive(key, down);
  const button = new GpioButton(board, key, clock);
  const heard: string[] = [];
  const ending = new AbortController();
  const done = (async (): Promise<unknown> => {
    try {
      for await (const { pressed, stuck, moment } of button.presses(ending.signal))
        heard.push(`${pressed ? "pressed" : stuck ? "stuck" : "free"}@${moment.monoMs}`);
      return undefined;
    } catch (error) {
      return error;
    }
  })();
  const stop = (): Promise<unknown> => {
    ending.abort();
    button.close();
    return done;
  };
  return { clock, board, button, heard, stop };
}

buttons("a press that bounces is one, and so is one that is held", async () => {
  const { clock, board, button, heard, stop } = buttonBench();
  await clock.pass(0);
  for (const active of [true, false, true, false, true]) {
    board.driveActive(key, active);
    await clock.pass(3);
  }
  await clock.pass(20_000);
  assert.is(button.down(), true);
  for (const active of [false, true, false]) {
    board.driveActive(key, active);
    await clock.pass(3);
  }
  await clock.pass(1_000);
  board.driveActive(key, true);
  await clock.pass(100);
  assert.is(await stop(), undefined);
  assert.equal(heard, ["pressed@1042", "pressed@22054"]);
});

buttons("a knock is no press, nor is a contact that chatters without end more than one", async () => {
  const { clock, board, heard, stop } = buttonBench();
  await clock.pass(0);
  board.driveActive(key, true);
  await clock.pass(20);
  board.driveActive(key, false);
  await clock.pass(100);
  for (let i = 0; i < 200; i++) {
    board.driveActive(key, i % 2 === 0);
    await clock.pass(10);
  }
  await clock.pass(100);
  assert.is(await stop(), undefined);
  assert.equal(heard, []);
});

buttons("a button that is down for a minute is stuck until it is let go, and presses again after that", async () => {
  const { clock, board, heard, stop } = buttonBench();
  await clock.pass(0);
  board.driveActive(key, true);
  await clock.pass(30 + stuckAfterMs - 1);
  assert.equal(heard, ["pressed@1030"]);
  await clock.pass(1);
  await clock.pass(3_600_000);
  board.driveActive(key, false);
  await clock.pass(100);
  board.driveActive(key, true);
  await clock.pass(100);
  assert.is(await stop(), undefined);
  assert.equal(heard, ["pressed@1030", "stuck@61030", "free@3661060", "pressed@3661160"]);
});

buttons("one that was down before it was opened was not pressed; it may be stuck", async () => {
  const { clock, board, heard, stop } = buttonBench(true);
  await clock.pass(0);
  await clock.pass(stuckAfterMs);
  board.driveActive(key, false);
  await clock.pass(100);
  assert.is(await stop(), undefined);
  assert.equal(heard, ["stuck@61000", "free@61030"]);
});

buttons("a pin that can no longer be read ends the presses with its name; one at rest keeps no waking", async () => {
  const { clock, board, stop } = buttonBench();
  await clock.pass(1_000);
  assert.is(clock.waiting, 0);
  board.driveActive(key, true);
  board.break(key.gpio, true);
  await clock.pass(100);
  const error = await stop();
  assert.instance(error, DeviceError);
  assert.match((error as DeviceError).message, "GPIO 25");
  assert.is(clock.waiting, 0);
});

buttons.run();

const lamps = suite("the indicator");
const all = {
  green: { gpio: 5, activeLow: false },
  red: { gpio: 6, activeLow: true },
  buzzer: { gpio: 13, activeLow: false },
};
const indications = Object.keys(indicationPatterns) as Indication[];

lamps("plays what the installation notes say it plays, and no two states alike even on one lamp", () => {
  const notes = readFileSync(
    join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..", "systemd", "INSTALL.md"),
    "utf8",
  );
  const table = [...notes.matchAll(/^\| ([a-z-]+) \| (green|red) \| `([#.]+)` \|(?: `([#.]+)`)? \|$/gm)].map(
    ([, state, lamp, strip, buzzer]) => [state, { lamp, strip, ...(buzzer === undefined ? {} : { buzzer }) }],
  );
  assert.equal(Object.fromEntries(table), indicationPatterns);
  const rounds = indications.map((indication) => indicationPatterns[indication].strip.repeat(24).slice(0, 24));
  assert.is(new Set(rounds).size, rounds.length);
});

/** What a pin does in `steps` steps of 250 ms, as a strip. */
async function strip(
  clock: SteppedClock,
  board: GpioBoard,
  pin: { gpio: number; activeLow: boolean },
  steps: number,
): Promise<string> {
  let seen = "";
  for (let i = 0; i < steps; i++) {
    await clock.pass(i === 0 ? 1 : stepMs);
    seen += board.isActive(pin) ? "#" : ".";
  }
  return seen;
}

lamps("no two indications have the same rhythm, even when the red lamp is not wired", () => {
  const steps = 240;
  const rhythms = indications.map((indication) => {
    const { strip: round } = indicationPatterns[indication];
    // Two rounds that differ only in where they begin look the same to a person.
    const played = Array.from({ length: steps }, (_, i) => round[i % round.length]).join("");
    return Array.from({ length: round.length }, (_, i) => played.slice(i, i + steps - 12)).sort()[0];
  });
  assert.is(new Set(rhythms).size, indications.length);
});

lamps("each indication plays its strip round and round, on the lamp that it names", async () => {
  for (const indication of indications) {
    const clock = new SteppedClock();
    const board = new GpioBoard();
    const indicator = new GpioIndicator(board, all, clock);
    indicator.show(indication);
    const { lamp, strip: round } = indicationPatterns[indication];
    const expected = Array.from({ length: 40 }, (_, i) => round[i % round.length]).join("");
    assert.is(await strip(clock, board, all[lamp], 40), expected, indication);
    assert.is(board.isActive(all[lamp === "red" ? "green" : "red"]), false, `${indication}: the other lamp is dark`);
    indicator.close();
  }
});

lamps("with a green lamp alone, that one plays the red strips too", async () => {
  const clock = new SteppedClock();
  const board = new GpioBoard();
  new GpioIndicator(board, { green: all.green }, clock).show("fault");
  assert.is(await strip(clock, board, all.green, 8), "##..##..");
});

lamps("the buzzer sounds once, and not again for the same word", async () => {
  const clock = new SteppedClock();
  const board = new GpioBoard();
  const indicator = new GpioIndicator(board, all, clock);
  indicator.show("refused");
  assert.is(await strip(clock, board, all.buzzer, 24), `#.#.#${".".repeat(19)}`);
  indicator.show("refused");
  assert.is(await strip(clock, board, all.buzzer, 24), ".".repeat(24));
});

lamps("a steady lamp and a dark one keep no waking; nor does anything on a still indicator", () => {
  const clock = new SteppedClock();
  const indicator = new GpioIndicator(new GpioBoard(), all, clock);
  for (const indication of ["available", "off"] as const) {
    indicator.show(indication);
    assert.is(clock.waiting, 0, indication);
  }
  const board = new GpioBoard();
  const still = new GpioIndicator(board, all, clock, { still: true });
  for (const indication of indications) {
    still.show(indication);
    assert.is(clock.waiting, 0, indication);
    assert.is(board.isActive(all[indicationPatterns[indication].lamp]), indication !== "off");
  }
});

lamps("closing leaves everything dark and silent, and no waking behind", async () => {
  const clock = new SteppedClock();
  const board = new GpioBoard();
  const indicator = new GpioIndicator(board, all, clock);
  indicator.show("fault");
  await clock.pass(100);
  indicator.close();
  for (const pin of Object.values(all)) assert.is(board.isActive(pin), false);
  assert.is(clock.waiting, 0);
});

lamps("a lamp that breaks while it blinks brings nothing down; the next word says so", async () => {
  const clock = new SteppedClock();
  const board = new GpioBoard();
  const indicator = new GpioIndicator(board, { green: all.green }, clock);
  indicator.show("checking");
  board.break(5, true);
  await clock.pass(2_000);
  assert.throws(() => indicator.show("charging"), /GPIO 5/);
  board.break(5, false);
  indicator.show("charging");
  assert.is(await strip(clock, board, all.green, 8), "#######.");
});

lamps.run();

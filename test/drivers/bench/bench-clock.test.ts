// The bench's time stands still while something is in flight, but not for ever.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BenchClock } from "../../../drivers/bench/bench-clock.js";

const test = suite("the bench's clock");
const start = { at: 0, monoMs: 0, boot: "bench", trust: "synced" } as const;

test("stands still while work is in flight, and goes on when it has settled", async () => {
  const clock = new BenchClock(start, 0);
  let answer: () => void = () => undefined;
  let woken = false;
  void clock.busy(new Promise<void>((resolve) => (answer = resolve)));
  clock.at(1_000, () => {
    woken = true;
    clock.stop();
  });
  const running = clock.run();
  for (let turns = 0; turns < 10; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal([woken, clock.now().monoMs], [false, 0]);
  answer();
  await running;
  assert.equal([woken, clock.now().monoMs], [true, 1_000]);
});

test("goes on past a peer that never answers, so that its time-out is met", async () => {
  const clock = new BenchClock(start, 0, 1);
  let givenUp: () => void = () => undefined;
  const asked = clock.busy(new Promise<void>((resolve) => (givenUp = resolve)));
  clock.at(20_000, () => givenUp());
  void asked.then(() => clock.stop());
  await clock.run();
  assert.is(clock.now().monoMs, 20_000);
});

test.run();

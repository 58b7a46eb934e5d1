// A start after a crash that left the contactor closed: it opens before anything that lasts is read, however long the
// proof of that takes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { finish } from "../../support/street/cuts.js";
import { oneSession } from "../../support/street/scenarios.js";
import { Street } from "../../support/street/street.js";

const test = suite("a contactor that a crash left closed");

test("opens before journal and book are read", async () => {
  const wishes: { cutAt?: number } = {};
  const street = await Street.open({ ...oneSession, wishes });
  try {
    // A kill at the next write, while a car charges.
    const ended = await street.live({
      during: (bench) =>
        void bench.clock.at(bench.clock.now().monoMs + 30_000, () => (wishes.cutAt = street.files.operations + 1)),
    });
    assert.is(ended.how, "cut");
    assert.equal(Object.values(street.world.coils).filter(Boolean), [true]);
    street.restarted();
    const { files } = street;
    const read = files.readFileSync.bind(files);
    const closedAtRead: boolean[] = [];
    files.readFileSync = (path) => {
      if (/^\/state\/(journal|book)\//.test(path)) closedAtRead.push(street.bench?.world.isClosed(1) === true);
      return read(path);
    };
    await finish(street);
    assert.ok(closedAtRead.length > 2);
    assert.not.ok(closedAtRead[0], "the first read of what lasts finds the contactor open");
  } finally {
    await street.close();
  }
});

test.run();

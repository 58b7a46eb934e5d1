// The bench's terminal as a process of its own: what its bank has done stays done, whoever dies or cuts the line.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BenchTerminal } from "../../../drivers/bench/terminal/bench-terminal.js";
import { openTerminal } from "../../../drivers/terminal/open-terminal.js";
import { doneValue, terminalConfig, testCards } from "../../support/terminal/terminal-bench.js";
import { HandClock } from "../../support/time/hand-clock.js";

const test = suite("the bench's terminal in a process of its own");

test("a hold whose answer was cut off is there when the station comes back", async () => {
  const bench = await BenchTerminal.start();
  const config = terminalConfig(bench.port);
  const parts = { clock: new HandClock(), onFrame: () => undefined };
  const first = await openTerminal(config, parts);
  await bench.tell({ do: "hold-of-another", minor: 700 });
  const next = first.taps(new AbortController().signal).next();
  await bench.tell({ do: "show", card: testCards.bank });
  assert.is((await next).value?.kind, "bank-card");
  await bench.tell({ do: "interrupt", interruption: { command: "0622", step: "done", how: "cut" } });
  const request = { reference: "S1", amount: { minor: 5_000, currency: "EUR" }, openBefore: ["0231"] };
  assert.is((await first.hold(request)).kind, "unsure");
  await first.close();
  const second = await openTerminal(config, parts);
  assert.is(doneValue(await second.findHold(request))?.handle, "0232");
  const { holds, commands } = await bench.look();
  assert.equal(
    holds.map(({ reference, state }) => [reference, state]),
    [
      ["", "open"],
      ["S1", "open"],
    ],
  );
  assert.is(commands.filter((command) => command === "0622").length, 1);
  await second.close();
  await bench.close();
});
test.run();

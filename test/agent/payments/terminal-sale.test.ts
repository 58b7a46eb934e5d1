// Sales by bank card through the real driver, with the line cut at steps of its commands, and the process killed with it:
// a part of what the soak (terminal) does at every step of every command.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { below } from "../../support/meter/line-damage.js";
import { everyTrouble, sellInTrouble } from "../../support/terminal/terminal-sale.js";

const test = suite("sales at a terminal in trouble");

test("each hold is ended once, booked is what the receipt says, and nothing of another client is touched", async () => {
  const seed = 20261130;
  const random = below(seed);
  const all = await everyTrouble("give-back");
  const money = all.filter(({ command }) => command === "0622" || command === "0623");
  const some = Array.from({ length: 8 }, () => money[random(money.length)]).filter((one) => one !== undefined);
  const { times, faults } = await sellInTrouble("give-back", some);
  console.log(`seed ${seed}: ${times} of ${all.length} troubles`);
  assert.equal(faults, []);
});
test.run();

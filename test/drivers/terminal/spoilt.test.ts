// A terminal that spoils its answers: nothing hangs, nothing throws, and no money is believed that did not move. The soak
// does the same a hundred thousand times.
import { suite } from "uvu";
import { spoiltAnswers } from "../../support/terminal/spoilt-terminal.js";

const test = suite("spoilt answers of a terminal");

test("600 of them: what is believed is what a sound terminal said", async () => {
  const seed = 20261130;
  console.log(`seed ${seed}: ${await spoiltAnswers(600, seed)}`);
});
test.run();

// uvu's suite, reduced to the tests whose name contains a text; uvu itself has no such filter. Preloaded into a test
// file's process (`--import`), where a resolve hook gives this module to whoever imports uvu.
import { register } from "node:module";
import * as uvu from "uvu";

/** Names the environment variable that carries the text. */
export const nameVariable = "CHARGETILL_TEST_NAME";

const wanted = process.env[nameVariable];

/** As uvu's, but a suite without a test of that name does not run, nor do its hooks. */
export const suite: typeof uvu.suite = (name, state) => {
  const whole = uvu.suite(name, state);
  let matched = false;
  const reduced: typeof whole.only = (title, handler) => {
    if (wanted !== undefined && !title.includes(wanted)) return;
    matched = true;
    whole(title, handler);
  };
  return Object.assign(reduced, whole, { run: () => (matched ? whole.run() : undefined) });
};

if (wanted !== undefined) register(new URL("./named-suite-worker.js", import.meta.url));

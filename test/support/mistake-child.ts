// Loaded into a real agent by --import: what nobody caught, at the word of a signal. SIGUSR2 throws out of nowhere,
// SIGURG breaks a promise of ours.
import assert from "node:assert/strict";

process.on("SIGUSR2", () => {
  throw new TypeError("a mistake of ours that nobody caught");
});
process.on("SIGURG", () => {
  void Promise.resolve().then(() => assert.fail("a promise of ours that was broken"));
});

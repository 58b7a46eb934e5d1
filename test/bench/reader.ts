// What an empty poll of the card reader costs, beside the floor: a bare question and answer between two threads.
import { Worker } from "node:worker_threads";
import { CardField, simulatedChip } from "../../drivers/bench/card-field.js";
import { openCardReader } from "../../drivers/rfid/card-reader.js";
import { SteppedClock } from "../support/time/stepped-clock.js";

const polls = 4_000;
const pollMs = 250;

const echo = new Worker(
  'const { parentPort } = require("node:worker_threads"); parentPort.on("message", (message) => parentPort.postMessage(message));',
  { eval: true },
);
const ask = (): Promise<void> =>
  new Promise((resolve) => {
    echo.once("message", () => resolve());
    echo.postMessage(0);
  });
const micros = async (work: () => Promise<void>): Promise<number> => {
  const from = performance.now();
  await work();
  return ((performance.now() - from) / polls) * 1_000;
};
const floorUs = await micros(async () => {
  for (let count = 0; count < polls; count += 1) await ask();
});
await echo.terminate();

const clock = new SteppedClock();
const reader = await openCardReader(
  { driver: "mfrc522", spi: { bus: 0, device: 0 }, poll: pollMs, debounce: 2_000 },
  clock,
  simulatedChip(new CardField().buffer),
);
const stop = new AbortController();
const taps = (async () => {
  for await (const tap of reader.taps(stop.signal)) console.log(tap);
})();
await clock.pass(pollMs * 500);
const pollUs = await micros(() => clock.pass(pollMs * polls));
console.log(
  `reader: empty poll ${pollUs.toFixed(0)} us, bare question between two threads ${floorUs.toFixed(0)} us, ratio ${(pollUs / floorUs).toFixed(2)}`,
);
stop.abort();
await reader.close();
await taps;

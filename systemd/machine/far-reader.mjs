// The far end of spidev0.0: the bench's MFRC522 answers what the kernel's SPI bus sends, in the machine's own time.
// The card that lies there stands in the file /run/card as hex; nothing in it = no card, "absent" = the reader is
// unplugged.
import { openSync, readFileSync, readSync, writeSync } from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";

const bench = "file:///usr/lib/chargetill/dist/drivers/bench/";

if (isMainThread) {
  const { CardField } = await import(`${bench}card-field.js`);
  const field = new CardField();
  new Worker(new URL(import.meta.url), { workerData: field.buffer });
  let last;
  setInterval(() => {
    const card = readFileSync("/run/card", "utf8").trim();
    if (card === last) return;
    last = card;
    field.chip(card === "absent" ? "absent" : "well");
    if (card !== "absent") field.present(card === "" ? [] : [Buffer.from(card, "hex")]);
  }, 50);
} else {
  const { openChip } = await import(`${bench}mfrc522-chip.js`);
  const chip = openChip(workerData);
  const bus = openSync("/dev/far-spi", "r+");
  const sent = Buffer.alloc(256);
  for (let last = performance.now(); ; ) {
    const length = readSync(bus, sent, 0, sent.length, null);
    const answer = Buffer.alloc(length);
    const now = performance.now();
    chip.wait(now - last);
    last = now;
    for (let at = 0; at + 1 < length; at += 2) answer.set(chip.transfer(sent.subarray(at, at + 2)), at);
    try {
      writeSync(bus, answer);
    } catch {
      // The bus has given up waiting, as a slow machine may make it; the next question comes.
    }
  }
}

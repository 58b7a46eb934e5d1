// The thread that holds the reader chip: mfrc522-rpi waits for the chip by asking it over and over, and must not do so
// in the agent's loop. It only does what it is asked: one message in, one search, one message out. It has no timer of
// its own.
import { parentPort, workerData } from "node:worker_threads";
import { isDefect } from "../driver.js";
import type { CardDetection } from "./card-detection.js";
import { CardSearch, type ChipStart } from "./card-search.js";
import type { Spi, SpiChoice } from "./spi.js";

/** The first message of the thread: how the chip was found. `failed` = the bus could not be opened. */
export type ReaderOpened = ChipStart | { readonly kind: "failed"; readonly message: string; readonly errno?: string };
/** The answer to each question. `failed` = the bus itself broke. */
export type ReaderAnswer = CardDetection | { readonly kind: "failed"; readonly message: string };

async function openSpi(choice: SpiChoice): Promise<Spi> {
  switch (choice.kind) {
    case "spidev": {
      const { Spidev } = await import("./spidev.js");
      return new Spidev(choice.bus, choice.device);
    }
    case "simulated": {
      const { openChip } = (await import(choice.module)) as { openChip(field: SharedArrayBuffer): Spi };
      return openChip(choice.field);
    }
    default:
      return choice satisfies never;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function serve(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("reader-worker.js runs as a worker thread only");
  let chip: CardSearch;
  try {
    chip = new CardSearch(await openSpi(workerData as SpiChoice));
    const start: ReaderOpened = chip.start();
    port.postMessage(start);
    if (start.kind !== "ready") return chip.close();
  } catch (error) {
    if (isDefect(error)) throw error;
    const errno =
      error instanceof Error && "code" in error && typeof error.code === "string" ? { errno: error.code } : {};
    port.postMessage({ kind: "failed", message: messageOf(error), ...errno } satisfies ReaderOpened);
    return;
  }
  port.on("message", (question: "search" | "close") => {
    if (question === "close") {
      try {
        chip.close();
      } finally {
        port.close();
      }
      return;
    }
    let answer: ReaderAnswer;
    try {
      answer = chip.search();
    } catch (error) {
      if (isDefect(error)) throw error;
      answer = { kind: "failed", message: messageOf(error) };
    }
    port.postMessage(answer);
  });
}

await serve();

// The card reader as the agent sees it: taps, one per visit of a card, and a clear end when the reader is lost.
// The chip lives in a worker thread; this side asks it to search, by the agent's clock, and waits for one answer at a time.
import { Worker } from "node:worker_threads";
import type { ReaderConfig } from "../../config/schema.js";
import { DeviceError, sleep, type CardReader, type CardTap, type Clock } from "../driver.js";
import { nobody, notice } from "./presence.js";
import type { Answer, Opened } from "./reader-worker.js";
import { readerName, type SpiChoice } from "./spi.js";

/** Real time in which the thread must start or answer; a search takes 30 ms at most, a loaded machine needs the rest. */
const answerMs = 5_000;
/** Real time in which the thread must end. */
const endMs = 500;

/**
 * Starts the reader's thread and proves that a chip we know answers.
 * Rejects with DeviceError reader/missing, in a sentence that says what to do. One search runs every `config.poll` ms while taps() is read.
 */
export async function openCardReader(config: ReaderConfig, clock: Clock, spi: SpiChoice): Promise<CardReader> {
  const name = readerName(spi);
  const line = new WorkerLine(new Worker(new URL("./reader-worker.js", import.meta.url), { workerData: spi, stdin: false }));
  try {
    const opened = await clock.busy(line.next<Opened>());
    if (opened.kind !== "open") throw new DeviceError("reader/missing", `${name}: ${whyMissing(opened, spi)}`);
    return new Mfrc522Reader(name, config, clock, line);
  } catch (error) {
    await line.end();
    if (error instanceof DeviceError) throw error;
    throw new DeviceError("reader/missing", `${name}: it could not be started; ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function whyMissing(opened: Exclude<Opened, { kind: "open" }>, spi: SpiChoice): string {
  if (opened.kind === "strange") {
    const version = `0x${opened.version.toString(16).padStart(2, "0")}`;
    return opened.version === 0x00 || opened.version === 0xff
      ? `no chip answers (its version register reads ${version}); check power, wiring and chip select, and that RST is tied to 3V3`
      : `the chip says version ${version}, which is no MFRC522 that we know (0x91, 0x92; clones 0x88, 0xb2, 0x12); check the wiring, or use another reader board`;
  }
  const device = spi.kind === "spidev" ? `/dev/spidev${spi.bus}.${spi.device}` : "the bench's chip";
  if (opened.errno === "ENOENT" || /ENOENT/.test(opened.message)) return `${device} does not exist; switch SPI on (dtparam=spi=on in config.txt) and check spi.bus and spi.device in the config`;
  if (opened.errno === "EACCES" || /EACCES/.test(opened.message)) return `${device} may not be opened by this user; add the user to the group spi`;
  return `${device} could not be opened; ${opened.message}`;
}

/** The line to the thread: one question, one answer, within a bounded real time; a dead thread answers every question with its death. */
class WorkerLine {
  #waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined;
  #early: unknown[] = [];
  #dead: Error | undefined;

  constructor(private readonly worker: Worker) {
    worker.on("message", (message: unknown) => {
      if (this.#waiting === undefined) this.#early.push(message);
      else this.#waiting.resolve(message);
    });
    worker.on("error", (error) => this.#die(error instanceof Error ? error : new Error(String(error))));
    worker.on("exit", () => this.#die(new Error("its thread has ended")));
  }

  /** The thread's next message. Only the thread knows its shape: both ends are in this folder. */
  next<T>(): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        finish();
      };
      const timer = setTimeout(() => settle(() => reject(new Error(`its thread gave no answer within ${answerMs} ms`))), answerMs);
      this.#waiting = {
        resolve: (value) => settle(() => resolve(value as T)),
        reject: (error) => settle(() => reject(error)),
      };
      if (this.#early.length > 0) this.#waiting.resolve(this.#early.shift());
      else if (this.#dead !== undefined) this.#waiting.reject(this.#dead);
    });
  }

  ask<T>(question: "search"): Promise<T> {
    const answer = this.next<T>();
    this.worker.postMessage(question);
    return answer;
  }

  /** Lets the thread switch the antenna off and end; ends it by force when it does not. A thread stuck in the kernel is left behind. */
  async end(): Promise<void> {
    this.worker.postMessage("close");
    if (await this.#endsWithin(endMs)) return;
    void this.worker.terminate();
    if (!(await this.#endsWithin(endMs))) this.worker.unref();
  }

  #endsWithin(ms: number): Promise<boolean> {
    if (this.#dead !== undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.worker.once("exit", () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  #die(error: Error): void {
    this.#dead ??= error;
    this.#waiting?.reject(this.#dead);
  }
}

class Mfrc522Reader implements CardReader {
  #presence = nobody;
  #read = false;
  readonly #closing = new AbortController();
  #lost: DeviceError | undefined;

  constructor(
    private readonly name: string,
    private readonly config: ReaderConfig,
    private readonly clock: Clock,
    private readonly line: WorkerLine,
  ) {}

  async *taps(signal: AbortSignal): AsyncGenerator<CardTap, void, void> {
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#read) throw new Error(`${this.name}: its taps are already being read`);
    this.#read = true;
    const ending = AbortSignal.any([signal, this.#closing.signal]);
    try {
      while (!ending.aborted) {
        const answer = await this.clock.busy(this.#ask());
        if (answer === undefined) return;
        const moment = this.clock.now();
        const { presence, seen } = notice(this.#presence, answer, moment.monoMs, this.config.debounce);
        this.#presence = presence;
        if (seen !== undefined) yield { ...seen, moment };
        if (!(await sleep(this.clock, this.config.poll, ending))) return;
      }
    } finally {
      this.#read = false;
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.line.end();
  }

  /** One search; undefined when the reader was closed meanwhile. A reader that is lost ends its thread: it can be opened anew at once. */
  async #ask(): Promise<Exclude<Answer, { kind: "lost" | "failed" }> | undefined> {
    let why: string;
    let cause: unknown;
    try {
      const answer = await this.line.ask<Answer>("search");
      if (answer.kind !== "lost" && answer.kind !== "failed") return answer;
      why = answer.kind === "failed" ? answer.message : `its chip no longer answers (version register reads 0x${answer.version.toString(16).padStart(2, "0")})`;
    } catch (error) {
      if (this.#closing.signal.aborted) return undefined;
      why = error instanceof Error ? error.message : String(error);
      cause = error;
    }
    this.#lost = new DeviceError("reader/lost", `${this.name}: ${why}; check its power and wiring`, { cause });
    await this.close();
    throw this.#lost;
  }
}

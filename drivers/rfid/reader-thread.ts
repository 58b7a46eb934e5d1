// The agent's end of the reader's thread: one question, one answer, each within a bounded real time.
// A thread that has died answers every question with its death, so that no one waits for it.
import { Worker } from "node:worker_threads";
import type { SpiChoice } from "./spi.js";

/** A search takes some 40 ms; a loaded machine needs the rest. */
const answerMs = 5_000;
const endMs = 500;

export class ReaderThread {
  readonly #worker: Worker;
  #waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined;
  readonly #early: unknown[] = [];
  #dead: Error | undefined;

  constructor(spi: SpiChoice) {
    this.#worker = new Worker(new URL("./reader-worker.js", import.meta.url), { workerData: spi });
    this.#worker.on("message", (message: unknown) => {
      if (this.#waiting === undefined) this.#early.push(message);
      else this.#waiting.resolve(message);
    });
    this.#worker.on("error", (error) => this.#die(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on("exit", () => this.#die(new Error("its thread has ended")));
  }

  /** The thread's next message. Only the thread knows its shape: both ends are in this folder. */
  next<T>(): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        finish();
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`its thread gave no answer within ${answerMs} ms`))),
        answerMs,
      );
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
    this.#worker.postMessage(question);
    return answer;
  }

  /**
   * Lets the thread switch the antenna off and end; ends it by force when it does not. A thread stuck in the kernel is
   * left behind.
   */
  async end(): Promise<void> {
    this.#worker.postMessage("close");
    if (await this.#endsWithin(endMs)) return;
    void this.#worker.terminate();
    if (!(await this.#endsWithin(endMs))) this.#worker.unref();
  }

  #endsWithin(ms: number): Promise<boolean> {
    if (this.#dead !== undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.#worker.once("exit", () => {
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

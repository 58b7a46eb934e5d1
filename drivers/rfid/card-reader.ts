// The card reader as the agent sees it: taps, one per visit of a card, and a clear end when the reader is lost.
// The chip lives in a worker thread; this side asks it to search, by the agent's clock, and waits for one answer at a
// time.
import type { ReaderConfig } from "../../config/schema.js";
import { type CardReader, type CardTap, type Clock, DeviceError, isDefect, sleep } from "../driver.js";
import { type CardDetection, hexByte } from "./card-detection.js";
import { type CardPresence, isCardThere, noCardPresent, trackPresence } from "./card-presence.js";
import { knownVersions } from "./chip-registers.js";
import { ReaderThread } from "./reader-thread.js";
import type { ReaderAnswer, ReaderOpened } from "./reader-worker.js";
import { readerName, type SpiChoice } from "./spi.js";

/**
 * Starts the reader's thread and proves that a chip we know answers.
 * Rejects with DeviceError reader/missing, in a sentence that says what to do. One search runs every `config.poll` ms
 * while taps() is read. `onDetection` hears what each search saw. A reader that was lost goes in as `before`: a card that
 * lay on it all the while is then no new tap, which could stop a session.
 */
export async function openCardReader(
  config: ReaderConfig,
  clock: Clock,
  spi: SpiChoice,
  before?: CardReader,
  onDetection: (detection: CardDetection) => void = () => undefined,
): Promise<CardReader> {
  const name = readerName(spi);
  const thread = new ReaderThread(spi);
  try {
    const opened = await clock.busy(thread.next<ReaderOpened>());
    if (opened.kind !== "ready") throw new DeviceError("reader/missing", `${name}: ${whyMissing(opened, spi)}`);
    return new Mfrc522Reader(
      name,
      config,
      clock,
      thread,
      before instanceof Mfrc522Reader ? before.presence : noCardPresent,
      onDetection,
      remarkOn(opened.version),
    );
  } catch (error) {
    await thread.end();
    if (error instanceof DeviceError || isDefect(error)) throw error;
    throw new DeviceError(
      "reader/missing",
      `${name}: it could not be started; ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/** A chip that keeps what is written to it is used, whatever it says of itself. */
const remarkOn = (version: number): string | undefined =>
  knownVersions.includes(version)
    ? undefined
    : `its chip says version ${hexByte(version)}, which nobody has seen at work yet (NXP 0x91, 0x92 and clones): if cards are not read well, use another reader board`;

function whyMissing(opened: Exclude<ReaderOpened, { kind: "ready" }>, spi: SpiChoice): string {
  if (opened.kind === "forgetful")
    return (
      "the chip answers, but keeps nothing that is written to it; check the " +
      "wire to MOSI (SDA and MOSI are easily swapped) and the supply"
    );
  if (opened.kind === "silent")
    return `no chip answers (its version register reads ${hexByte(opened.version)}); check power, wiring and chip select, and that RST is tied to 3V3`;
  const device = spi.kind === "spidev" ? `/dev/spidev${spi.bus}.${spi.device}` : "the bench's chip";
  if (opened.errno === "ENOENT" || /ENOENT/.test(opened.message))
    return `${device} does not exist; switch SPI on (dtparam=spi=on in config.txt) and check spi.bus and spi.device in the config`;
  if (opened.errno === "EACCES" || /EACCES/.test(opened.message))
    return `${device} may not be opened by this user; add the user to the group spi`;
  return `${device} could not be opened; ${opened.message}`;
}

class Mfrc522Reader implements CardReader {
  #read = false;
  readonly #closing = new AbortController();
  #lost: DeviceError | undefined;

  constructor(
    private readonly name: string,
    private readonly config: ReaderConfig,
    private readonly clock: Clock,
    private readonly thread: ReaderThread,
    private latest: CardPresence,
    private readonly onDetection: (detection: CardDetection) => void,
    readonly remark: string | undefined,
  ) {}

  /** Who lies there, as far as the last search could tell. */
  get presence(): CardPresence {
    return this.latest;
  }

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
        const { presence, seen } = trackPresence(this.latest, answer, moment.monoMs, this.config.debounce);
        this.latest = presence;
        if (seen !== undefined) yield { ...seen, moment };
        if (!(await sleep(this.clock, this.config.poll, ending))) return;
      }
    } finally {
      this.#read = false;
    }
  }

  holds(uid: string): boolean {
    return isCardThere(this.latest, uid, this.clock.now().monoMs, this.config.debounce);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.thread.end();
  }

  /**
   * One search; undefined when the reader was closed meanwhile. A reader that is lost ends its thread: it can be opened
   * anew at once.
   */
  async #ask(): Promise<Exclude<ReaderAnswer, { kind: "lost" | "failed" }> | undefined> {
    let why: string;
    let cause: unknown;
    try {
      const answer = await this.thread.ask<ReaderAnswer>("search");
      this.onDetection(answer.kind === "failed" ? { kind: "lost", why: answer.message } : answer);
      if (answer.kind !== "lost" && answer.kind !== "failed") return answer;
      why = answer.kind === "failed" ? answer.message : `its chip no longer answers: ${answer.why}`;
    } catch (error) {
      if (this.#closing.signal.aborted) return undefined;
      if (isDefect(error)) throw error;
      why = error instanceof Error ? error.message : String(error);
      cause = error;
    }
    this.#lost = new DeviceError("reader/lost", `${this.name}: ${why}; check its power and wiring`, { cause });
    await this.close();
    throw this.#lost;
  }
}
